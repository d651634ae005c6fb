//! Reading a whole view through `serve`, against `qemu-nbd` on the same volume as a raw file.
//!
//! `cargo bench --bench serve`, with more data as `-- --gib=4`.
#![allow(clippy::print_stdout, reason = "a bench prints")]

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use support::stack::Stack;
use support::{Race, installed, option, output, time};

const GIB: u64 = 1 << 30;
const PROGRAM: &str = env!("CARGO_BIN_EXE_jivascope");

fn main() {
    support::machine();
    let data = option("gib", 1) * GIB;
    let rounds = option("rounds", 5) as usize;
    let stack = Stack::new(16, data, data);
    let dir = tempfile::tempdir().expect("a temporary directory");
    let at = |name: &str| dir.path().join(name);
    stack.replicas(&at("replicas"));
    stack.flattened(&at("flat"));
    if !installed("qemu-nbd") {
        return;
    }
    let ours = ours(&at("replicas"), at("ours"));
    let theirs = theirs(&at("flat"), at("theirs"));

    let mut race = Race::new(format!("{} GiB in 16 layers, read through NBD in order", data / GIB));
    for (server, name) in [(&ours, "jivascope serve"), (&theirs, "qemu-nbd")] {
        for (requests, label) in [(1, ONE), (8, EIGHT)] {
            race.lane(format!("{name}, {label}"), move || {
                let mut sum = 0;
                let took = time(|| sum = read(&server.socket, &server.name, data, requests));
                assert_eq!(sum, data, "{name}");
                took
            });
        }
        if installed("nbdcopy") {
            race.lane(format!("{name}, {COPY}"), move || {
                let uri = format!("nbd+unix:///{}?socket={}", server.name, server.socket.display());
                time(|| output(Command::new("nbdcopy").args([&uri, "null:"])))
            });
        }
    }
    let times = race.run(rounds);
    for label in [ONE, EIGHT, COPY] {
        times.faster(format!("jivascope serve, {label}").as_str(), &format!("qemu-nbd, {label}"), 0.8);
    }
}

const ONE: &str = "one request of 256 KiB after the other";
const EIGHT: &str = "eight requests at once";
const COPY: &str = "nbdcopy";

/// A server, ended with this.
struct Server {
    child: Child,
    socket: PathBuf,
    name: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn ours(replicas: &Path, socket: PathBuf) -> Server {
    let mut command = Command::new(PROGRAM);
    command.arg("serve").arg(replicas).arg("--socket").arg(&socket).stdout(Stdio::piped());
    let mut child = command.stdin(Stdio::null()).spawn().expect("the program runs");
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().expect("a pipe")).read_line(&mut line).expect("an address");
    let name = line.strip_prefix("nbd+unix:///").and_then(|line| line.split('?').next()).expect("an address");
    Server { name: name.to_owned(), child, socket }
}

fn theirs(flat: &Path, socket: PathBuf) -> Server {
    let mut command = Command::new("qemu-nbd");
    command.args([
        "--read-only",
        "--persistent",
        "--shared=8",
        "--format=raw",
        "--export-name=x",
        "--socket",
    ]);
    let child = command.arg(&socket).arg(flat).stdin(Stdio::null()).spawn().expect("qemu-nbd runs");
    let began = Instant::now();
    while UnixStream::connect(&socket).is_err() {
        assert!(began.elapsed() < Duration::from_secs(10), "qemu-nbd does not listen");
        std::thread::sleep(Duration::from_millis(10));
    }
    Server { child, socket, name: "x".to_owned() }
}

/// Reads everything in order with simple replies, so many requests at a time, and tells how many bytes came.
fn read(socket: &Path, name: &str, size: u64, requests: u64) -> u64 {
    const STEP: u64 = 256 << 10;
    let mut stream = UnixStream::connect(socket).expect("a connection");
    let mut buf = vec![0; STEP as usize + 16];
    stream.read_exact(&mut buf[..18]).expect("a greeting");
    let head =
        [&3u32.to_be_bytes()[..], b"IHAVEOPT", &1u32.to_be_bytes(), &(name.len() as u32).to_be_bytes()];
    stream.write_all(&[&head.concat(), name.as_bytes()].concat()).expect("the name is sent");
    stream.read_exact(&mut buf[..10]).expect("a size and flags");
    let (mut asked, mut got) = (0, 0);
    while got < size {
        while asked < size && asked < got + requests * STEP {
            let length = STEP.min(size - asked) as u32;
            let head =
                [&0x2560_9513_u32.to_be_bytes()[..], &[0; 4], &asked.to_be_bytes(), &asked.to_be_bytes()];
            stream
                .write_all(&[&head.concat()[..], &length.to_be_bytes()].concat())
                .expect("a request is sent");
            asked += u64::from(length);
        }
        // qemu-nbd answers several requests in any order.
        stream.read_exact(&mut buf[..16]).expect("a reply");
        assert_eq!(buf[4..8], [0; 4], "an error");
        let at = u64::from_be_bytes(buf[8..16].try_into().expect("eight bytes"));
        let length = STEP.min(size - at);
        stream.read_exact(&mut buf[..length as usize]).expect("the data");
        got += length;
    }
    got
}
