//! One replica directory as an archive that is safe to share.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::disguise::Key;
use super::names::Pseudonyms;
use super::small;
use super::tar::{Member, TarWriter};
use super::words::Words;
use crate::dialect::jiva::FileKind;
use crate::evidence::{Entry, Kind, Origin, ReadError, Source};
use crate::ident::BLOCK_SIZE;

/// How a directory is to be written.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Plan<'a> {
    /// The secret behind the patterns.
    pub key: &'a Key,
    /// Replaces names and addresses, where that is wanted.
    pub names: Option<&'a Pseudonyms>,
    /// Whether the replica's logs go with it.
    pub with_logs: bool,
}

impl<'a> Plan<'a> {
    /// Names stay, and logs are left out.
    pub fn new(key: &'a Key) -> Self {
        Self { key, names: None, with_logs: false }
    }
}

/// A file that was left out, with the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Left {
    /// Its name.
    pub name: String,
    /// Why.
    pub why: &'static str,
}

/// A small file in which more was replaced than names.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Replaced {
    /// Its name.
    pub name: String,
    /// What was replaced, in words: fields, or what is none.
    pub what: Vec<&'static str>,
}

/// What was done to a directory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Written {
    /// The files that were left out.
    pub left: Vec<Left>,
    /// The files in which something else than a name was replaced.
    pub replaced: Vec<Replaced>,
    /// Every text that was replaced, with what stands for it.
    pub words: Words,
}

/// Why a directory cannot be written as a case.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ShareError {
    /// A file cannot be read as a whole, so its like cannot be made.
    #[error("{name}: {source}")]
    Read {
        /// The file.
        name: String,
        /// Why.
        source: ReadError,
    },
    /// The output cannot be written.
    #[error("cannot be written: {0}")]
    Write(#[from] io::Error),
}

/// Writes a directory as a tar archive, file by file in the order of their names; tells what was left out and replaced.
///
/// Jiva's own files go with it, images disguised and small files with nothing but what Jiva reads in them. Every other file stays behind, since nothing tells what is in it.
///
/// # Errors
/// [`ShareError::Read`] for a file that is damaged or cannot be read, [`ShareError::Write`] for the output.
pub fn write_replica(source: &dyn Source, out: impl Write, plan: Plan<'_>) -> Result<Written, ShareError> {
    let mut tar = TarWriter::new(out);
    let mut written = Written::default();
    let mut linked: BTreeMap<u64, String> = BTreeMap::new();
    for entry in source.entries() {
        let kind = FileKind::of(&entry.name);
        match &kind {
            FileKind::Foreign => {
                written.left.push(Left { name: entry.name.clone(), why: "is not a file of Jiva's" });
                continue;
            }
            FileKind::Log if !plan.with_logs => {
                written.left.push(Left { name: entry.name.clone(), why: "is a log" });
                continue;
            }
            _ => {}
        }
        let name = plan.names.map_or_else(|| entry.name.clone(), |names| names.file(&entry.name));
        written.words.add(&entry.name, &name);
        let modified = source.modified(entry).map_or(0, |time| time.div_euclid(1_000_000_000));
        let modified = i64::try_from(modified).unwrap_or(0);
        let read = |source: ReadError| ShareError::Read { name: entry.name.clone(), source };
        if let Some(damage) = &entry.damage {
            return Err(read(ReadError::Damaged(damage.clone())));
        }
        if let Some(target) = entry.link.and_then(|link| linked.get(&link)) {
            tar.member(&name, modified, Member::HardLink { target })?;
            continue;
        }
        if let Some(link) = entry.link {
            linked.insert(link, name.clone());
        }
        match (entry.kind, &kind) {
            (Kind::Directory, _) => tar.member(&name, modified, Member::Directory)?,
            (Kind::Symlink, _) => tar.member(&name, modified, Member::Symlink)?,
            (Kind::Fifo, _) => tar.member(&name, modified, Member::Fifo)?,
            // An archive cannot hold a socket; neither of the two is ever opened.
            (Kind::Socket | Kind::Device, _) => tar.member(&name, modified, Member::Device)?,
            (Kind::File, FileKind::Image(_)) => image(source, entry, &name, modified, &mut tar, plan.key)?,
            (Kind::File, FileKind::Log) => log(source, entry, &name, modified, &mut tar, plan.names)?,
            (Kind::File, _) => {
                let bytes = source.read(entry).map_err(read)?;
                let (bytes, what) = small::copy(&kind, &bytes, plan.key, plan.names, &mut written.words);
                if !what.is_empty() {
                    written.replaced.push(Replaced { name: entry.name.clone(), what });
                }
                tar.member(&name, modified, Member::File { size: bytes.len() as u64 })?;
                tar.bytes(&bytes)?;
            }
        }
    }
    tar.finish()?;
    Ok(written)
}

/// An image: its stored ranges as they are, each block's content disguised.
fn image(
    source: &dyn Source,
    entry: &Entry,
    name: &str,
    modified: i64,
    tar: &mut TarWriter<impl Write>,
    key: &Key,
) -> Result<(), ShareError> {
    let read = |source: ReadError| ShareError::Read { name: entry.name.clone(), source };
    let extents = source.extents(entry).map_err(read)?;
    let stored = extents.runs.clip(0, entry.size);
    let member = match extents.origin {
        Origin::Dense => Member::File { size: entry.size },
        _ => Member::Sparse { size: entry.size, stored: &stored },
    };
    tar.member(name, modified, member)?;
    for run in &stored {
        for at in (run.start / BLOCK_SIZE..run.end.div_ceil(BLOCK_SIZE)).map(|block| block * BLOCK_SIZE) {
            // The whole block decides its pattern, whatever part of it is stored in this range.
            let mut block = [0; BLOCK_SIZE as usize];
            let end = entry.size.min(at + BLOCK_SIZE);
            let mut filled = 0;
            while filled < (end - at) as usize {
                let part = &mut block[filled..(end - at) as usize];
                match source.read_at(entry, at + filled as u64, part).map_err(read)? {
                    0 => return Err(read(ReadError::Damaged(format!("ends before byte {end}")))),
                    count => filled += count,
                }
            }
            key.disguise(&mut block);
            let (start, end) = (run.start.max(at), run.end.min(end));
            tar.bytes(&block[(start - at) as usize..(end - at) as usize])?;
        }
    }
    Ok(())
}

/// The most bytes of a log; Jiva starts a new one at 100 MiB.
const LOG_LIMIT: u64 = 256 << 20;

/// A log, read whole: names are replaced across every border of a read.
fn log(
    source: &dyn Source,
    entry: &Entry,
    name: &str,
    modified: i64,
    tar: &mut TarWriter<impl Write>,
    names: Option<&Pseudonyms>,
) -> Result<(), ShareError> {
    let read = |source: ReadError| ShareError::Read { name: entry.name.clone(), source };
    if entry.size > LOG_LIMIT {
        return Err(read(ReadError::TooLarge { size: entry.size, limit: LOG_LIMIT }));
    }
    let mut bytes = vec![0; entry.size as usize];
    let mut filled = 0;
    while filled < bytes.len() {
        match source.read_at(entry, filled as u64, &mut bytes[filled..]).map_err(read)? {
            0 => return Err(read(ReadError::Damaged(format!("ends before byte {}", entry.size)))),
            count => filled += count,
        }
    }
    let bytes = names.map_or(bytes.clone(), |names| names.apply(&bytes));
    tar.member(name, modified, Member::File { size: bytes.len() as u64 })?;
    tar.bytes(&bytes)?;
    Ok(())
}
