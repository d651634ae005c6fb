//! ext2, ext3 and ext4 images made by mke2fs and changed by debugfs, and what debugfs says of them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::mutate::Random;

/// The ways in which file systems are made: name, block size, further arguments of mke2fs.
pub const KINDS: &[(&str, u32, &[&str])] = &[
    ("ext2", 1024, &[]),
    ("ext2", 4096, &[]),
    ("ext3", 1024, &[]),
    ("ext3", 4096, &[]),
    ("ext4", 1024, &[]),
    ("ext4", 4096, &[]),
    ("ext4", 4096, &["-O", "inline_data", "-I", "256"]),
    ("ext4", 1024, &["-O", "^extents,^64bit,^metadata_csum"]),
    ("ext4", 1024, &["-O", "meta_bg,^resize_inode", "-g", "1024"]),
    ("ext4", 4096, &["-O", "^has_journal,^flex_bg", "-I", "128"]),
];

/// Runs a tool of e2fsprogs, in whatever place it is.
pub fn tool(name: &str) -> Command {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new(name);
    command.env("PATH", format!("{path}:/usr/sbin:/sbin")).env("MKE2FS_SYNC", "0").stdin(Stdio::null());
    command
}

/// Runs a command to a good end and gives what it said.
pub fn ran(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {text}");
    text
}

/// Makes an image of the files below a directory.
pub fn made(image: &Path, kind: usize, size: &str, from: &Path) {
    let (name, block, more) = KINDS[kind];
    let mut command = tool("mke2fs");
    command.args(["-q", "-F", "-t", name, "-b", &block.to_string(), "-L", "made", "-d"]).arg(from).args(more);
    ran(command.arg(image).arg(size));
}

/// Runs commands of debugfs that change an image.
pub fn changed(image: &Path, commands: &[String]) {
    let script = image.with_extension("script");
    fs::write(&script, commands.join("\n") + "\n").unwrap();
    ran(tool("debugfs").args(["-w", "-f"]).arg(&script).arg(image));
}

/// What debugfs says to one request.
pub fn asked(image: &Path, request: &str) -> String {
    ran(tool("debugfs").args(["-R", request]).arg(image))
}

/// Lays a tree of every kind of file that mke2fs takes over.
pub fn lay(dir: &Path, random: &mut Random) {
    let content =
        |random: &mut Random, len: usize| -> Vec<u8> { (0..len).map(|_| random.next() as u8).collect() };
    fs::create_dir_all(dir.join("config/deep/er")).unwrap();
    fs::create_dir_all(dir.join("many")).unwrap();
    for (name, len) in
        [("empty", 0), ("tiny", 40), ("small", 3000), ("config/app.db", 90_000), ("config/big", 400_000)]
    {
        fs::write(dir.join(name), content(random, len)).unwrap();
    }
    fs::write(dir.join("config/deep/er/inline"), content(random, 100)).unwrap();
    for number in 0..120 {
        let len = random.next() as usize % 200;
        fs::write(dir.join(format!("many/a-rather-long-name-of-a-file-{number}")), content(random, len))
            .unwrap();
    }
    fs::hard_link(dir.join("small"), dir.join("config/second-name")).unwrap();
    symlink("app.db", dir.join("config/link")).unwrap();
    symlink("x".repeat(200), dir.join("long-link")).unwrap();
    let sparse = fs::File::create(dir.join("sparse")).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&sparse, &content(random, 5000), 700_000).unwrap();
    sparse.set_len(3_000_001).unwrap();
}

/// A burst of changes: files that are new, replaced, deleted, moved.
pub fn burst(dir: &Path, random: &mut Random, name: &str) -> Vec<String> {
    let file = |random: &mut Random, at: usize, len: usize| -> PathBuf {
        let path = dir.join(format!("{name}-{at}"));
        fs::write(&path, (0..len).map(|_| random.next() as u8).collect::<Vec<_>>()).unwrap();
        path
    };
    let mut out = vec![format!("mkdir new-{name}")];
    for at in 0..4 {
        let len = random.next() as usize % 60_000;
        out.push(format!("write {} new-{name}/file-{at}", file(random, at, len).display()));
    }
    out.extend([
        "rm config/app.db".to_owned(),
        format!("write {} config/app.db", file(random, 9, 90_000).display()),
    ]);
    for _ in 0..6 {
        out.push(format!("rm many/a-rather-long-name-of-a-file-{}", random.next() % 120));
    }
    out.push(format!("symlink new-{name}/link config/app.db"));
    out.push(format!(
        "set_inode_field tiny mtime 2026{:02}{:02}000000",
        1 + random.next() % 12,
        1 + random.next() % 28
    ));
    out
}

/// What lies below a directory that debugfs dumped an image into: kind and content of each path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dumped {
    Directory,
    Link(Vec<u8>),
    File(Vec<u8>),
}

/// What debugfs dumped of a file. Of one whose data lie in its inode it dumps all the room that they have there.
fn content(image: &Path, dumped: &Path, name: &str) -> Vec<u8> {
    let mut out = fs::read(dumped).unwrap();
    if out.len() == 60 {
        let stat = asked(image, &format!("stat \"/{name}\""));
        let size = stat.split("Size: ").nth(1).unwrap().split_whitespace().next().unwrap();
        out.truncate(size.parse().unwrap());
    }
    out
}

/// All files of an image, as debugfs reads them.
pub fn dumped(image: &Path, scratch: &Path) -> BTreeMap<String, Dumped> {
    let _ = fs::remove_dir_all(scratch);
    fs::create_dir_all(scratch).unwrap();
    asked(image, &format!("rdump / {}", scratch.display()));
    let mut out = BTreeMap::new();
    for entry in walkdir::WalkDir::new(scratch).min_depth(1) {
        let entry = entry.unwrap();
        let name = entry.path().strip_prefix(scratch).unwrap().to_str().unwrap().to_owned();
        let what = match entry.file_type() {
            kind if kind.is_dir() => Dumped::Directory,
            kind if kind.is_symlink() => {
                Dumped::Link(fs::read_link(entry.path()).unwrap().to_str().unwrap().as_bytes().to_vec())
            }
            _ => Dumped::File(content(image, entry.path(), &name)),
        };
        assert!(entry.metadata().unwrap().mtime() > 0);
        out.insert(name, what);
    }
    out
}
