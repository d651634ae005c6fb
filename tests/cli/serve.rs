//! `serve`: what clients read equals an export, whichever client reads; what hostile clients send harms nobody else.
#![cfg(feature = "cli")]

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::cli::{program, run};
use crate::support::nbd::{self, Client, Part};
use crate::support::{captures, stepping, tiny};

/// The program while it serves.
struct Server {
    child: Child,
    socket: PathBuf,
    uris: Vec<String>,
}

impl Server {
    fn start(dir: &Path, arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        let socket = dir.join("s");
        let mut arguments: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
        arguments.extend(["--socket".into(), socket.clone().into_os_string()]);
        Self::spawn(program().arg("serve").args(arguments), socket)
    }

    fn spawn(command: &mut Command, socket: PathBuf) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.as_mut().unwrap());
        let mut first = String::new();
        lines.read_line(&mut first).unwrap();
        assert!(first.starts_with("nbd"), "no view is served: {first}");
        let mut uris = vec![first.trim_end().to_owned()];
        // They are written before the first client is taken.
        while !lines.buffer().is_empty() {
            let mut line = String::new();
            lines.read_line(&mut line).unwrap();
            uris.push(line.trim_end().to_owned());
        }
        Self { child, socket, uris }
    }

    fn uri(&self, name: &str) -> String {
        format!("nbd+unix:///{name}?socket={}", self.socket.display())
    }

    /// Ends it by a signal, and gives its exit code and what it said.
    fn end(mut self, signal: &str) -> (i32, String) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &pid]).status().unwrap().success());
        let began = Instant::now();
        let status = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None => std::thread::sleep(Duration::from_millis(5)),
            }
            assert!(began.elapsed() < Duration::from_secs(60), "a signal does not end it");
        };
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert!(!self.socket.exists(), "the socket is left behind");
        (status.code().expect("it ends by itself"), said)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn exported(inputs: &[&Path], view: &str, to: &Path) -> Vec<u8> {
    let mut arguments: Vec<OsString> = vec!["export".into()];
    arguments.extend(inputs.iter().map(|input| input.as_os_str().to_owned()));
    arguments.extend(["--replica", view, "--format", "raw", "--force", "--to"].map(OsString::from));
    arguments.push(to.into());
    let ran = run(arguments);
    assert!(matches!(ran.code, 0 | 4), "{}", ran.err);
    fs::read(to).unwrap()
}

fn tool(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{program} {arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

/// Views of heads, of disks and of candidates, from directories and archives, as other people's clients read them.
#[test]
fn other_clients_read_what_an_export_holds() {
    let test = "other_clients_read_what_an_export_holds";
    if !stepping::have(test, &["qemu-img", "nbdinfo", "nbdcopy"]) {
        return;
    }
    let Some(captures) = captures("views that are served") else { return };
    let (mut seen, mut disks, mut candidates) = (0, 0, 0);
    for capture in ["05-split-brain", "20-resized", "38-files-split-brain", "34-power-cut-in-rebuild"] {
        let dir = tempfile::tempdir().unwrap();
        let folder = captures.join(capture);
        let server = Server::start(dir.path(), [&folder]);
        let list = run([OsString::from("serve"), folder.clone().into(), "--list".into()]);
        let names: Vec<&str> = list.out.lines().map(|line| line.split("  ").next().unwrap()).collect();
        for name in names {
            let raw = dir.path().join("raw");
            let bytes = exported(&[&folder], name, &raw);
            let (uri, copy) = (server.uri(name), dir.path().join("copy"));
            let (raw, to) = (raw.to_str().unwrap(), copy.to_str().unwrap());
            let compared = tool("qemu-img", &["compare", "-f", "raw", "-F", "raw", raw, &uri]);
            assert!(compared.contains("identical"), "{compared}");
            let size = tool("nbdinfo", &["--size", &uri]);
            assert_eq!(size.trim().parse::<u64>().unwrap(), bytes.len() as u64, "{capture} {name}");
            if disks < 6 || !name.contains('@') {
                tool("qemu-img", &["convert", "-f", "raw", "-O", "raw", &uri, to]);
                assert!(fs::read(&copy).unwrap() == bytes, "{capture} {name}: qemu-img convert");
                fs::remove_file(&copy).unwrap();
                tool("nbdcopy", &[&uri, to]);
                assert!(fs::read(&copy).unwrap() == bytes, "{capture} {name}: nbdcopy");
                fs::remove_file(&copy).unwrap();
            }
            // What is called a hole is zeros, and the parts cover the volume.
            let map = tool("nbdinfo", &["--map", &uri]);
            let mut end = 0;
            for line in map.lines() {
                let fields: Vec<&str> = line.split_whitespace().collect();
                let [at, length]: [usize; 2] = [0, 1].map(|field: usize| fields[field].parse().unwrap());
                assert_eq!(at, end, "{map}");
                end = at + length;
                let zeros = bytes[at..end].iter().all(|byte| *byte == 0);
                assert!(fields[2] == "0" || (fields[2] == "3" && zeros), "{capture} {name}: {line}");
            }
            assert_eq!(end, bytes.len(), "{map}");
            seen += 1;
            disks += usize::from(name.contains('@'));
            candidates += usize::from(name.contains("@candidate"));
        }
        let listed = tool("nbdinfo", &["--list", &server.uri("")]);
        assert_eq!(listed.matches("export=").count(), list.out.lines().count(), "{listed}");
        let (code, said) = server.end("TERM");
        assert_eq!(code, list.code, "{said}");
    }
    assert!(seen > 20 && disks > 10, "only {seen} views, {disks} of disks, {candidates} of candidates");
}

/// A broken replica has candidates; they are offered, and the sentence about them says what they are.
#[test]
fn candidates_are_served_and_named_as_guesses() {
    let dir = tempfile::tempdir().unwrap();
    let copies = dir.path().join("copies");
    tiny::stale(&copies);
    fs::write(copies.join("rep-3/volume.meta"), "{").unwrap();
    let list = run([OsString::from("serve"), copies.clone().into(), "--list".into()]);
    assert!(list.out.contains("rep-3@candidate-1  a guess"), "{}", list.out);
    assert!(!list.out.contains("rep-3  "), "a broken head is no view: {}", list.out);
    let server = Server::start(dir.path(), [&copies]);
    let bytes = exported(&[&copies], "rep-3@candidate-1", &dir.path().join("raw"));
    let mut client = Client::open(&server.socket, "rep-3@candidate-1", true).unwrap();
    assert_eq!(client.read(0, client.size as u32).unwrap().unwrap(), bytes);
    let (code, said) = server.end("INT");
    assert_eq!(code, list.code, "{said}");
    assert!(said.contains("rep-3@candidate-1: a guess"), "{said}");
}

/// Every form in which a client may ask gives the same bytes; nothing can be written.
#[test]
fn every_form_of_read_gives_the_same_and_nothing_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let copies = dir.path().join("copies");
    tiny::stale(&copies);
    let bytes = exported(&[&copies], "rep-1", &dir.path().join("raw"));
    let server = Server::start(dir.path(), [&copies]);
    let mut simple = Client::open(&server.socket, "rep-1", false).unwrap();
    let mut parts = Client::open(&server.socket, "rep-1", true).unwrap();
    assert_eq!((simple.size, parts.size), (tiny::SIZE, tiny::SIZE));
    assert_eq!((simple.flags & 2, parts.flags & 2), (2, 2), "read-only");
    for (at, length) in [(0, 1 << 20), (4095, 4098), (8191, 1), ((1 << 20) - 1, 1), (20_000, 700_000)] {
        let wanted = &bytes[at..at + length];
        let (at, length) = (at as u64, length as u32);
        simple.request(0, nbd::READ, at, length).unwrap();
        assert!(simple.simple(length).unwrap().unwrap() == wanted, "{at} {length}");
        assert!(parts.read(at, length).unwrap().unwrap() == wanted, "{at} {length}, in parts");
        parts.request(4, nbd::READ, at, length).unwrap();
        match &parts.parts().unwrap()[..] {
            [whole] if whole.kind == 1 => assert!(whole.data[8..] == *wanted, "{at} {length}, whole"),
            [too_long] => assert!(length > 512 << 10 && too_long.error() == Some(75)),
            more => panic!("{} parts", more.len()),
        }
    }
    parts.request(8, nbd::BLOCK_STATUS, 0, 1 << 20).unwrap();
    let one = parts.parts().unwrap();
    assert_eq!(
        (one.len(), one[0].kind, one[0].data.len()),
        (1, 5, 4 + 8),
        "one stretch where one was asked for"
    );
    let write = |client: &mut Client, command: u16, payload: &[u8]| {
        let request = nbd::request(0, command, 7, 4096, 4096);
        client.stream.write_all(&[&request[..], payload].concat()).unwrap();
    };
    for (command, payload) in [(nbd::WRITE, 4096), (nbd::TRIM, 0), (nbd::WRITE_ZEROES, 0), (8, 0)] {
        write(&mut simple, command, &vec![0x25; payload]);
        assert_eq!(simple.simple(0).unwrap(), Err(1), "command {command}");
        write(&mut parts, command, &vec![0x25; payload]);
        assert_eq!(parts.parts().unwrap()[0].error(), Some(1), "command {command}");
    }
    assert!(parts.read(0, 1 << 20).unwrap().unwrap() == bytes, "and it goes on");
    assert_eq!(server.end("TERM").0, 0);
}

/// Requests that make no sense get an error and the next is answered; those that break the protocol end their client.
#[test]
fn a_client_that_lies_harms_only_itself() {
    let dir = tempfile::tempdir().unwrap();
    let copies = dir.path().join("copies");
    tiny::stale(&copies);
    let server = Server::start(dir.path(), [&copies]);
    let socket = &server.socket;
    let mut parts = Client::open(socket, "rep-1", true).unwrap();
    let mut simple = Client::open(socket, "rep-1", false).unwrap();
    let end = parts.size;
    for (flags, command, at, length) in [
        (0, nbd::READ, end, 1),
        (0, nbd::READ, end - 1, 2),
        (0, nbd::READ, u64::MAX, 2),
        (0, nbd::READ, u64::MAX - 1, u32::MAX),
        (0, nbd::READ, 0, u32::MAX),
        (0, nbd::READ, 0, (32 << 20) + 1),
        (0, nbd::READ, 0, 0),
        (64, nbd::READ, 0, 1),
        (0, nbd::BLOCK_STATUS, end - 1, 2),
        (0, nbd::BLOCK_STATUS, 0, 0),
        (0, 9, 0, 1),
        (0, 0x7777, u64::MAX, u32::MAX),
    ] {
        parts.request(flags, command, at, length).unwrap();
        assert_eq!(parts.parts().unwrap()[0].error(), Some(22), "{command} at {at}, {length}");
        simple.request(flags, command, at, length).unwrap();
        assert_eq!(simple.simple(length).unwrap(), Err(22), "{command} at {at}, {length}");
    }
    assert!(parts.read(0, 4096).unwrap().is_ok());
    // A name that is not there, lengths that do not fit, an option that nobody knows: the negotiation goes on.
    let mut client = Client::greet(socket).unwrap();
    let no = |number: u32| (1 << 31) + number;
    for (option, data, error) in [
        (nbd::GO, [nbd::text("nobody"), vec![0, 0]].concat(), no(6)),
        (nbd::GO, nbd::text("rep-1"), no(3)),
        (nbd::GO, [nbd::text("rep-1"), vec![0, 9]].concat(), no(3)),
        (nbd::GO, vec![255, 255, 255, 255, 0, 0], no(3)),
        (nbd::GO, [&[0, 0, 0, 2, 0xff, 0xfe][..], &[0, 0]].concat(), no(3)),
        (nbd::GO, [nbd::text(&"x".repeat(5000)), vec![0, 0]].concat(), no(3)),
        (nbd::LIST, vec![0], no(3)),
        (nbd::SET_CONTEXT, nbd::text("rep-1"), no(3)),
        (5, vec![], no(1)),
        (4711, vec![1, 2, 3], no(1)),
        (4711, vec![0; 70_000], no(9)),
    ] {
        let (end, _) = client.option(option, &data).unwrap();
        assert_eq!(end, error, "option {option}, {} bytes", data.len());
    }
    assert_eq!(
        client.option(nbd::LIST, &[]).unwrap().1.len(),
        3 + 3 + 1,
        "three heads, three snapshots, an end"
    );
    // These end.
    let mut broken: Vec<Client> = (0..5).map(|_| Client::greet(socket).unwrap()).collect();
    broken[0].send_option(nbd::GO, u32::MAX, b"x").unwrap();
    broken[1].stream.write_all(&[0x55; 64]).unwrap();
    broken[2].send_option(1, 6, b"nobody").unwrap();
    broken[3].send_option(2, 0, b"").unwrap();
    broken[4].stream.shutdown(std::net::Shutdown::Write).unwrap();
    broken.push(Client::open(socket, "rep-1", true).unwrap());
    broken[5].stream.write_all(&[0x77; 28]).unwrap();
    broken.push(Client::open(socket, "rep-1", true).unwrap());
    broken[6].request(0, nbd::WRITE, 0, u32::MAX).unwrap();
    for (at, client) in broken.iter_mut().enumerate() {
        assert!(client.is_ended(), "client {at} is still there");
    }
    // Leaving in the middle of anything.
    for front in 0..28 {
        let mut client = Client::open(socket, "rep-2", true).unwrap();
        client.stream.write_all(&nbd::request(0, nbd::READ, 7, 0, 1 << 20)[..front]).unwrap();
    }
    for _ in 0..8 {
        let mut client = Client::open(socket, "rep-2", false).unwrap();
        for _ in 0..16 {
            client.request(0, nbd::READ, 0, 1 << 20).unwrap();
        }
    }
    assert!(parts.read(0, 4096).unwrap().is_ok(), "nobody else notices");
    let (code, said) = server.end("TERM");
    assert_eq!((code, said.as_str()), (0, ""));
}

/// A client that says nothing is let go; meanwhile the others are served, also beyond the limit of connections.
#[test]
fn a_half_open_connection_ends() {
    let dir = tempfile::tempdir().unwrap();
    let copies = dir.path().join("copies");
    tiny::stale(&copies);
    let server = Server::start(dir.path(), [&copies]);
    let mut silent: Vec<_> =
        (0..128).map(|_| std::os::unix::net::UnixStream::connect(&server.socket).unwrap()).collect();
    let began = Instant::now();
    // The limit is reached: this one has to wait for one of those to be let go.
    let mut client = Client::open(&server.socket, "rep-1", true).unwrap();
    assert!(client.read(0, 4096).unwrap().is_ok());
    assert!(began.elapsed() > Duration::from_secs(5), "the limit did not hold");
    for stream in &mut silent {
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let mut greeting = Vec::new();
        stream.read_to_end(&mut greeting).unwrap();
        assert_eq!(greeting.len(), 18);
    }
    assert!(began.elapsed() < Duration::from_secs(60));
    assert_eq!(server.end("TERM").0, 0);
}

/// A part that cannot be read is an error at its place, and the rest is served.
#[test]
fn what_cannot_be_read_is_an_error_and_not_zeros() {
    let dir = tempfile::tempdir().unwrap();
    let copy = dir.path().join("short");
    crate::export::small(&copy);
    let base = fs::File::options().write(true).open(copy.join("volume-snap-s0.img")).unwrap();
    base.set_len(12 << 12).unwrap();
    let server = Server::start(dir.path(), [&copy]);
    let mut parts = Client::open(&server.socket, "short", true).unwrap();
    let mut simple = Client::open(&server.socket, "short", false).unwrap();
    assert!(parts.read(0, 12 << 12).unwrap().is_ok());
    assert_eq!(parts.read(0, 1 << 20).unwrap(), Err(5));
    parts.request(0, nbd::READ, 8 << 12, 64 << 12).unwrap();
    let failed: Vec<Part> =
        parts.parts().unwrap().into_iter().filter(|part| part.error().is_some()).collect();
    let at = u64::from_be_bytes(failed[0].data[failed[0].data.len() - 8..].try_into().unwrap());
    assert_eq!((failed.len(), failed[0].kind, at), (1, 0x8002, 12 << 12));
    parts.request(0, nbd::BLOCK_STATUS, 0, 1 << 20).unwrap();
    let status = &parts.parts().unwrap()[0].data;
    let last = &status[status.len() - 8..];
    assert_eq!(last[4..], [0; 4], "what cannot be read is no hole");
    simple.request(0, nbd::READ, 13 << 12, 4096).unwrap();
    assert_eq!(simple.simple(4096).unwrap(), Err(5));
    simple.request(0, nbd::READ, 0, 4096).unwrap();
    assert!(simple.simple(4096).unwrap().is_ok(), "the rest is served");
    let (code, said) = server.end("TERM");
    assert_eq!(code, 4, "{said}");
    assert!(said.contains("the copy is defective"), "{said}");
}

#[test]
fn sixty_four_clients_read_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let copies = dir.path().join("copies");
    tiny::stale(&copies);
    let wanted: Vec<Vec<u8>> = ["rep-1", "rep-2", "rep-3"]
        .iter()
        .map(|view| exported(&[&copies], view, &dir.path().join("raw")))
        .collect();
    let server = Server::start(dir.path(), [&copies]);
    let clients: Vec<Client> = (0..64)
        .map(|at| Client::open(&server.socket, &format!("rep-{}", at % 3 + 1), at % 2 == 0).unwrap())
        .collect();
    std::thread::scope(|scope| {
        for (at, mut client) in clients.into_iter().enumerate() {
            let wanted = &wanted[at % 3];
            scope.spawn(move || {
                for round in 0..50u64 {
                    let from = (at as u64 * 7919 + round * 104_729) % (tiny::SIZE - 200_000);
                    let got = if at % 2 == 0 {
                        client.read(from, 200_000).unwrap().unwrap()
                    } else {
                        client.request(0, nbd::READ, from, 200_000).unwrap();
                        client.simple(200_000).unwrap().unwrap()
                    };
                    assert!(got == wanted[from as usize..from as usize + 200_000], "client {at}");
                }
            });
        }
    });
    assert_eq!(server.end("TERM").0, 0);
}

/// Signals end it in the middle of anything, TCP stays on this machine, and no socket is put where something is.
#[test]
fn it_listens_where_it_may_and_ends_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let copies = dir.path().join("copies");
    tiny::stale(&copies);
    for signal in ["INT", "TERM", "HUP"] {
        let server = Server::start(dir.path(), [copies.as_os_str(), "--replica".as_ref(), "rep-2".as_ref()]);
        assert_eq!(server.uris, [server.uri("rep-2")]);
        let mut busy = Client::open(&server.socket, "", true).unwrap();
        (0..64).for_each(|_| busy.request(0, nbd::READ, 0, 1 << 20).unwrap());
        let (end, _) = Client::greet(&server.socket)
            .unwrap()
            .option(nbd::GO, &[nbd::text("rep-1"), vec![0, 0]].concat())
            .unwrap();
        assert_eq!(end, (1 << 31) + 6, "only what was asked for is served");
        let _half = Client::greet(&server.socket).unwrap();
        assert_eq!(server.end(signal).0, 0, "{signal}");
    }
    let refuse = |code: i32, word: &str, arguments: &[&str]| {
        let ran = run([&["serve", copies.to_str().unwrap()], arguments].concat());
        assert_eq!(ran.code, code, "{arguments:?}: {}", ran.err);
        assert!(ran.err.contains(word) && ran.out.is_empty(), "{arguments:?}: {}", ran.err);
    };
    refuse(2, "--allow-remote", &["--tcp", "0.0.0.0:0"]);
    refuse(2, "--allow-remote", &["--tcp", "[::]:0"]);
    refuse(2, "ADDRESS:PORT", &["--tcp", "localhost"]);
    refuse(2, "", &["--allow-remote"]);
    let inside = copies.join("rep-1/s");
    refuse(1, "never written to", &["--socket", inside.to_str().unwrap()]);
    let taken = dir.path().join("taken");
    fs::write(&taken, "x").unwrap();
    refuse(1, "exists already", &["--socket", taken.to_str().unwrap()]);
    assert_eq!(fs::read(&taken).unwrap(), b"x");
    let tcp =
        Server::spawn(program().arg("serve").arg(&copies).args(["--tcp", "0"]), dir.path().join("none"));
    let at = tcp.uris[0].strip_prefix("nbd://").and_then(|uri| uri.strip_suffix("/rep-1")).unwrap();
    assert!(at.starts_with("127.0.0.1:"), "{at}");
    let mut greeting = [0; 18];
    std::net::TcpStream::connect(at).unwrap().read_exact(&mut greeting).unwrap();
    assert_eq!(&greeting[..16], b"NBDMAGICIHAVEOPT");
    assert_eq!(tcp.end("TERM").0, 0);
}

/// No call of the program while it serves touches a file of the evidence but to read it.
#[test]
fn the_evidence_is_only_read() {
    let test = "the_evidence_is_only_read";
    if !stepping::have(test, &["strace"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let copies = dir.path().join("copies");
    tiny::stale(&copies);
    let (trace, socket) = (dir.path().join("trace"), dir.path().join("s"));
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-y", "-s", "0", "-e", "trace=file,desc", "-o"]).arg(&trace).arg("--");
    command.arg(env!("CARGO_BIN_EXE_jivascope")).arg("serve").arg(&copies).arg("--socket").arg(&socket);
    if !Command::new("strace").args(["-o", "/dev/null", "true"]).status().unwrap().success() {
        stepping::step_aside(test, "tracing is not allowed here");
        return;
    }
    let mut server = Server::spawn(command.stdin(Stdio::null()), socket);
    for view in ["rep-1", "rep-2", "rep-3"] {
        let mut client = Client::open(&server.socket, view, true).unwrap();
        client.read(0, client.size as u32).unwrap().unwrap();
        client.stream.write_all(&[nbd::request(0, nbd::WRITE, 7, 0, 4096), vec![1; 4096]].concat()).unwrap();
        assert_eq!(client.parts().unwrap()[0].error(), Some(1));
    }
    // strace passes the signal on to nobody; the program is its child.
    let children = format!("/proc/{0}/task/{0}/children", server.child.id());
    let inner = fs::read_to_string(children).unwrap().trim().to_owned();
    assert!(Command::new("kill").args(["-s", "TERM", &inner]).status().unwrap().success());
    assert!(server.child.wait().unwrap().success());
    let trace = fs::read_to_string(&trace).unwrap();
    let place = copies.to_str().unwrap();
    let about: Vec<&str> = trace.lines().filter(|line| line.contains(place)).collect();
    assert!(about.iter().any(|line| line.contains("pread") || line.contains("read")), "no reading was seen");
    let touched: Vec<&&str> = about.iter().filter(|line| crate::untouched::touches(line)).collect();
    assert!(touched.is_empty(), "{touched:#?}");
}
