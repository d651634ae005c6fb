//! How fast a controller's log is read, beside counting the same lines with grep, and in how much memory.
//!
//! `cargo bench --bench logs -- --mib=1024` for a gigabyte.
#![allow(clippy::print_stdout, reason = "a bench prints")]

mod support;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::Command;

use jivascope::witness::Log;
use support::{Race, installed, option, output, peak_memory, time};

/// As fast as a fifth of grep.
const BUDGET: f64 = 5.0;
/// Of the whole process, in bytes.
const MEMORY: u64 = 64 << 20;

/// The messages that mean something, as grep would look for them.
const MEANT: &str = "Register Replica|signalled to start|Adding backend|Set replica|Remove backend|Previously Volume|\
                     prevCheckpoint|Get backend|Snapshot: |Ping timeout|Login request|iscsi connection|GET /v1/checkpoint";

/// An hour of a volume with one restart of a replica: mostly requests for the Checkpoint and lines that say nothing.
fn hour(out: &mut impl Write, hour: u64) {
    let (day, clock) = (hour / 24, hour % 24);
    let date = format!("20{:02}-{:02}-{:02}", 20 + day / 336, 1 + day / 28 % 12, 1 + day % 28);
    let mut line = |minute: u64, message: &str| {
        writeln!(out, "time=\"{date}T{clock:02}:{minute:02}:07Z\" level=info msg=\"{message}\"")
            .expect("room");
    };
    line(0, "Ping timeout on replica 10.1.2.3:9503 10.1.2.3:9503 seq= 4711");
    line(0, "Backend tcp://10.1.2.3:9502 monitoring failed, mark as ERR: Ping timeout");
    line(0, "Remove backend: tcp://10.1.2.3:9502 mode: ERR");
    line(
        0,
        "Previously Volume RO: false, Currently: false, Total Replicas: 2, RW replicas: 2, Total backends: 2",
    );
    line(1, "Adding backend: tcp://10.1.2.3:9502");
    line(1, "Get backend tcp://10.1.2.4:9502 revision counter 120134");
    line(2, "Set replica tcp://10.1.2.3:9502 to mode RW");
    line(2, "prevCheckpoint: , currCheckpoint: volume-snap-0f0e9f5c-46b2-44c1-9a8f-0d8a5a4b8f00.img");
    for minute in 0..60 {
        for host in 2..5 {
            line(minute, &format!("Get Volume info from 10.1.2.{host}"));
            line(minute, "Mode: RW");
        }
    }
    let month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    for minute in 0..60 {
        for host in 2..5 {
            let (day, month, year) = (1 + day % 28, month[(day / 28 % 12) as usize], 20 + day / 336);
            writeln!(
                out,
                "10.1.2.{host} - - [{day:02}/{month}/20{year:02}:{clock:02}:{minute:02}:07 +0000] \
                 \"GET /v1/checkpoint HTTP/1.1\" 200 106"
            )
            .expect("room");
        }
    }
}

fn main() {
    support::machine();
    let rounds = option("rounds", 5) as usize;
    let size = option("mib", 256) << 20;
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("controller.log");
    let mut out = BufWriter::new(File::create(&path).expect("a file"));
    let mut written = Vec::new();
    hour(&mut written, 0);
    for number in 0..size / written.len() as u64 {
        hour(&mut out, number);
    }
    drop(out);
    let mut race = Race::new(format!("a log of {} MiB", size >> 20));
    race.lane("read", || read(&path));
    let grep = installed("grep");
    if grep {
        race.lane("grep -cE of the same lines", || {
            time(|| output(Command::new("grep").args(["-cE", MEANT]).arg(&path)))
        });
    }
    let times = race.run(rounds);
    if grep {
        times.at_most("read", "grep -cE of the same lines", BUDGET);
    }
    if let Some(peak) = peak_memory() {
        let verdict = if peak <= MEMORY { "met" } else { "MISSED" };
        println!("memory of the process: {} MiB, budget {} MiB: {verdict}", peak >> 20, MEMORY >> 20);
    }
}

fn read(path: &Path) -> std::time::Duration {
    time(|| {
        let log = Log::read(File::open(path).expect("the log")).expect("it can be read");
        assert!(log.is_jiva() && log.unknown == 0, "{} unknown lines", log.unknown);
    })
}
