//! What a replica's process writes into `replica.log`, as far as anything is read from it.

use std::fmt::Write as _;

/// The log of one directory.
#[derive(Debug, Clone, Default)]
pub struct Log {
    text: String,
}

/// A time of a life, as Go prints it.
pub fn time(now: u32) -> String {
    let (hour, minute, second) = (now / 3600, now / 60 % 60, now % 60);
    format!("2026-01-01T{hour:02}:{minute:02}:{second:02}Z")
}

/// The same in nanoseconds since 1970, as file systems keep it.
pub fn nanoseconds(now: u32) -> i128 {
    const NEW_YEAR: i128 = 1_767_225_600;
    (NEW_YEAR + i128::from(now)) * 1_000_000_000
}

impl Log {
    pub fn say(&mut self, now: u32, message: &str) {
        writeln!(self.text, "time=\"{}\" level=info msg=\"{message}\"", time(now)).unwrap();
    }

    /// The last words of a process.
    pub fn fail(&mut self, now: u32, message: &str) {
        writeln!(self.text, "time=\"{}\" level=fatal msg=\"{message}\"", time(now)).unwrap();
    }

    pub fn start(&mut self, now: u32, label: &str) {
        self.say(now, "Configured logging with retentionPeriod: 180, maxLogFileSize: 100, maxBackups: 5");
        let host = format!("10.0.0.{}", label.trim_start_matches("rep-"));
        self.say(
            now,
            &format!("Setting replicaAddr: {host}:9502, controlAddr: {host}:9502, dataAddr: {host}:9503"),
        );
    }

    pub fn snapshot(&mut self, now: u32, file: &str) {
        let name = file.trim_start_matches("volume-snap-").trim_end_matches(".img");
        self.say(now, &format!("SnapshotReplica name: {name} created: {}", time(now)));
    }

    pub fn closed(&mut self, now: u32) {
        self.fail(now, "Failed to handle connection, err: EOF, shutdown replica...");
    }

    pub fn bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }
}
