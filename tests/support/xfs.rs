//! XFS images: a tiny one made by hand, so that tests need no tool, and those of mkfs.xfs with files from a list.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Read as _;
use std::path::Path;

use super::e2fs::{ran, tool};
use super::mutate::Random;

/// An image of 64 KiB: one file of the given name and content, at most 1 KiB of it, in the root. Version 4, blocks of 1 KiB,
/// one group, a log in which nothing was ever written.
pub fn image(name: &[u8], content: &[u8]) -> Vec<u8> {
    const BLOCK: usize = 1024;
    const INODES: usize = 8;
    const LOG: u32 = 24;
    const DATA: usize = 40;
    const ROOT: u64 = 4 * INODES as u64;
    assert!(name.len() < 100 && content.len() <= BLOCK);
    let mut out = vec![0; 64 * BLOCK];
    let mut put = |at: usize, bytes: &[u8]| out[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, b"XFSB");
    for (at, value) in [(4, 1024_u32), (12, 64), (52, LOG), (84, 64), (88, 1), (96, 16), (132, 64), (140, 61)]
    {
        put(at, &value.to_be_bytes());
    }
    put(32, &[7; 16]);
    put(56, &ROOT.to_be_bytes());
    // Version 4 with directories of the second version; sectors, inodes, inodes in a block.
    for (at, value) in [(100, 0xA084_u16), (102, 512), (104, 256), (106, 4)] {
        put(at, &value.to_be_bytes());
    }
    put(108, b"by-hand");
    put(120, &[10, 9, 8, 2, 6]);
    // Free space: roots of both trees, their levels, what is free; then the inodes.
    put(512, b"XAGF");
    for (at, value) in [(4, 1_u32), (12, 64), (16, 2), (20, 3), (28, 1), (32, 1), (44, 0), (52, 26), (56, 23)]
    {
        put(512 + at, &value.to_be_bytes());
    }
    put(1024, b"XAGI");
    for (at, value) in [(4, 1_u32), (12, 64), (16, 64), (20, 4), (24, 1), (28, 61)] {
        put(1024 + at, &value.to_be_bytes());
    }
    for (block, magic, records) in
        [(2, b"ABTB", &[(5_u32, 3_u32), (41, 23)][..]), (3, b"ABTC", &[(5, 3), (41, 23)])]
    {
        put(block * BLOCK, magic);
        put(block * BLOCK + 6, &(records.len() as u16).to_be_bytes());
        put(block * BLOCK + 8, &[0xFF; 8]);
        for (number, (first, blocks)) in records.iter().enumerate() {
            put(block * BLOCK + 16 + number * 8, &first.to_be_bytes());
            put(block * BLOCK + 20 + number * 8, &blocks.to_be_bytes());
        }
    }
    put(4 * BLOCK, b"IABT\0\0\0\x01");
    put(4 * BLOCK + 16, &(ROOT as u32).to_be_bytes());
    put(4 * BLOCK + 20, &61_u32.to_be_bytes());
    let mut inode = |number: usize, mode: u16, links: u32, size: usize, fork: &[u8], format: u8| {
        let at = INODES * BLOCK + number * 256;
        put(at, b"IN");
        put(at + 2, &mode.to_be_bytes());
        put(at + 4, &[2, format]);
        put(at + 16, &links.to_be_bytes());
        for time in [32, 40, 48] {
            put(at + time, &1_774_000_050_u32.to_be_bytes());
        }
        put(at + 56, &(size as u64).to_be_bytes());
        put(at + 76, &u32::from(format == 2).to_be_bytes());
        put(at + 100, fork);
    };
    let mut names = vec![1, 0];
    names.extend((ROOT as u32).to_be_bytes());
    names.extend([name.len() as u8, 0, 0x60]);
    names.extend(name);
    names.extend((ROOT as u32 + 1).to_be_bytes());
    inode(0, 0o40755, 2, names.len(), &names, 1);
    let extent = [0_u64, (DATA as u64) << 21 | 1].map(u64::to_be_bytes).concat();
    inode(1, 0o100_644, 1, content.len(), &extent, 2);
    put(DATA * BLOCK, content);
    out
}

/// An image of `fixtures/xfs`, which the kernel wrote.
pub fn kept(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/xfs").join(format!("{name}.img.zst"));
    let packed = fs::read(path).unwrap();
    let mut out = Vec::new();
    ruzstd::decoding::StreamingDecoder::new(&packed[..]).unwrap().read_to_end(&mut out).unwrap();
    out
}

/// What is put into an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    Directory,
    File(Vec<u8>),
    Link(String),
    Pipe,
}

/// Files by their paths; directories have an entry too.
pub type Given = BTreeMap<String, Put>;

/// Files of every kind and size: directories from those that fit into their inode to those with an index of many blocks, links
/// that fit into an inode and links that do not.
pub fn given(random: &mut Random, names: usize, large: usize, target: usize) -> Given {
    let content =
        |random: &mut Random, len: usize| Put::File((0..len).map(|_| random.next() as u8).collect());
    let mut out = Given::new();
    for directory in ["short", "block", "many", "deep", "deep/er", "deep/er/still", "empty-directory"] {
        out.insert(directory.to_owned(), Put::Directory);
    }
    for (name, len) in
        [("empty", 0), ("tiny", 1), ("small", 3000), ("deep/er/app.db", 90_000), ("large", large)]
    {
        let put = content(random, len);
        out.insert(name.to_owned(), put);
    }
    for number in 0..3 {
        let put = content(random, 10 * number);
        out.insert(format!("short/{number}"), put);
    }
    for number in 0..25 {
        let put = content(random, number);
        out.insert(format!("block/a-name-of-middle-length-{number}"), put);
    }
    // Most of many are one host file, so that making them costs little.
    for number in 0..names {
        out.insert(format!("many/a-rather-long-name-of-a-file-{number}"), Put::File(vec![number as u8; 7]));
    }
    out.insert("link".to_owned(), Put::Link("deep/er/app.db".to_owned()));
    out.insert("deep/long-link".to_owned(), Put::Link("x".repeat(target)));
    out.insert("deep/pipe".to_owned(), Put::Pipe);
    out
}

/// Makes an image of that size with mkfs.xfs, by the list of files that it takes.
pub fn made(image: &Path, size: u64, options: &[&str], given: &Given) {
    let scratch = tempfile::tempdir().unwrap();
    let mut hosts: BTreeMap<&[u8], String> = BTreeMap::new();
    let mut list = "/none\n0 0\nd--755 10 20\n".to_owned();
    let mut open: Vec<String> = Vec::new();
    for (path, put) in sorted(given) {
        let parts: Vec<&str> = path.split('/').collect();
        while open.len() >= parts.len()
            || (!open.is_empty() && !path.starts_with(&format!("{}/", open.join("/"))))
        {
            open.pop();
            list.push_str("$\n");
        }
        let name = parts[parts.len() - 1];
        match put {
            Put::Directory => {
                writeln!(list, "{name} d--750 0 1000").unwrap();
                open.push(name.to_owned());
            }
            Put::File(content) => {
                let next = hosts.len();
                let host = hosts.entry(content).or_insert_with(|| {
                    let host = scratch.path().join(next.to_string());
                    fs::write(&host, content).unwrap();
                    host.to_str().unwrap().to_owned()
                });
                writeln!(list, "{name} ---640 1000 1001 {host}").unwrap();
            }
            Put::Link(target) => writeln!(list, "{name} l--777 0 0 {target}").unwrap(),
            Put::Pipe => writeln!(list, "{name} p--600 0 0").unwrap(),
        }
    }
    open.iter().for_each(|_| list.push_str("$\n"));
    list.push_str("$\n");
    let proto = scratch.path().join("list");
    fs::write(&proto, list).unwrap();
    fs::File::create(image).unwrap().set_len(size).unwrap();
    let mut command = tool("mkfs.xfs");
    // With these it makes file systems of less than 300 MiB.
    command.envs(["TEST_DIR", "TEST_DEV", "QA_CHECK_FS"].map(|name| (name, "1")));
    ran(command.args(["-q", "-f", "-p"]).arg(&proto).args(options).arg(image));
}

/// A directory before what it holds, and that before its neighbours.
fn sorted(given: &Given) -> Vec<(&String, &Put)> {
    let mut out: Vec<_> = given.iter().collect();
    out.sort_by(|a, b| a.0.split('/').cmp(b.0.split('/')));
    out
}

/// What xfs_db says to some requests.
pub fn asked(image: &Path, requests: &[&str]) -> String {
    let mut command = tool("xfs_db");
    command.arg("-r");
    requests.iter().for_each(|request| _ = command.args(["-c", request]));
    ran(command.arg(image))
}

/// Numbers that xfs_db prints as `name = number`, of one request each.
pub fn numbers(image: &Path, requests: &[&str]) -> Vec<u64> {
    let text = asked(image, requests);
    let value = |line: &str| line.split(" = ").nth(1).and_then(|value| value.trim().parse().ok());
    text.lines().filter_map(value).collect()
}
