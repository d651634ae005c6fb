//! Real copy tools: what each makes of a replica's directory, as an archive or a directory.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A way to copy a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tool {
    TarSparse,
    Tar,
    Cp,
    CpAlways,
    Dd64,
    Dd128,
    Rsync,
    RsyncSparse,
    Bsdtar,
    Busybox,
}

pub const TOOLS: &[Tool] = &[
    Tool::TarSparse,
    Tool::Tar,
    Tool::Cp,
    Tool::CpAlways,
    Tool::Dd64,
    Tool::Dd128,
    Tool::Rsync,
    Tool::RsyncSparse,
    Tool::Bsdtar,
    Tool::Busybox,
];

impl Tool {
    pub fn name(self) -> &'static str {
        match self {
            Self::TarSparse => "tar --sparse",
            Self::Tar => "tar",
            Self::Cp => "cp -a",
            Self::CpAlways => "cp --sparse=always",
            Self::Dd64 => "dd conv=sparse bs=64K",
            Self::Dd128 => "dd conv=sparse bs=128K",
            Self::Rsync => "rsync -a",
            Self::RsyncSparse => "rsync -S",
            Self::Bsdtar => "bsdtar",
            Self::Busybox => "busybox tar",
        }
    }

    /// Whether a copy keeps the times of its files.
    pub fn keeps_times(self) -> bool {
        !matches!(self, Self::Dd64 | Self::Dd128)
    }

    /// The program that must be installed for it.
    pub fn program(self) -> &'static str {
        match self {
            Self::TarSparse | Self::Tar => "tar",
            Self::Cp | Self::CpAlways => "cp",
            Self::Dd64 | Self::Dd128 => "dd",
            Self::Rsync | Self::RsyncSparse => "rsync",
            Self::Bsdtar => "bsdtar",
            Self::Busybox => "busybox",
        }
    }

    /// Copies what lies in a directory into an archive or a directory below `to`, and tells which.
    pub fn copy(self, from: &Path, to: &Path) -> PathBuf {
        let (archive, dir) = (to.with_extension("tar"), to.to_owned());
        let packs = |program: &str, arguments: &[&str]| {
            run(Command::new(program).args(arguments).arg(&archive).arg("-C").arg(from).arg("."));
            archive.clone()
        };
        let contents = format!("{}/.", from.display());
        let copies = |program: &str, arguments: &[&str]| {
            std::fs::create_dir(&dir).unwrap();
            run(Command::new(program).args(arguments).arg(&contents).arg(&dir));
            dir.clone()
        };
        match self {
            Self::TarSparse => packs("tar", &["--sparse", "-cf"]),
            Self::Tar => packs("tar", &["-cf"]),
            Self::Bsdtar => packs("bsdtar", &["-cf"]),
            Self::Busybox => packs("busybox", &["tar", "-cf"]),
            Self::Cp => copies("cp", &["-a"]),
            Self::CpAlways => copies("cp", &["-a", "--sparse=always"]),
            Self::Rsync => copies("rsync", &["-a"]),
            Self::RsyncSparse => copies("rsync", &["-aS"]),
            Self::Dd64 => each_file(from, &dir, "64K"),
            Self::Dd128 => each_file(from, &dir, "128K"),
        }
    }

    /// The same, as a directory whatever the tool makes.
    pub fn directory(self, from: &Path, to: &Path) -> PathBuf {
        let made = self.copy(from, to);
        if made.is_dir() {
            return made;
        }
        std::fs::create_dir(to).unwrap();
        run(Command::new("tar").arg("-xf").arg(&made).arg("-C").arg(to));
        std::fs::remove_file(made).unwrap();
        to.to_owned()
    }
}

fn each_file(from: &Path, to: &Path, bytes: &str) -> PathBuf {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            let (input, output) = (entry.path(), to.join(entry.file_name()));
            run(Command::new("dd")
                .arg(format!("if={}", input.display()))
                .arg(format!("of={}", output.display()))
                .args([&format!("bs={bytes}"), "conv=sparse", "status=none"]));
        }
    }
    to.to_owned()
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
}

/// The blocks of 4096 bytes that a file stores, as the system tells it: not by the program's own reading of extents.
pub fn stored_blocks(path: &Path) -> BTreeSet<u64> {
    use rustix::fs::{SeekFrom, seek};
    let file = std::fs::File::open(path).unwrap();
    let size = file.metadata().unwrap().len();
    let (mut at, mut out) = (0, BTreeSet::new());
    while at < size {
        let Ok(start) = seek(&file, SeekFrom::Data(at)) else { break };
        at = seek(&file, SeekFrom::Hole(start)).unwrap();
        out.extend(start / 4096..at.div_ceil(4096));
    }
    out
}

/// Unpacks a recorded replica as it was: holes, stored zeros and hard links kept.
pub fn unpack(archive: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    run(Command::new("tar").args(["--zstd", "--sparse", "-xf"]).arg(archive).arg("-C").arg(to));
}
