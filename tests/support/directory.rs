//! A replica directory held in memory: files with sparse images, written to disk or packed as a small archive.
//!
//! The same directory always gives the same bytes: order, times and modes are its own, not the machine's.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, Permissions};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use jivascope::evidence::MemorySource;

use super::tar_writer::{Tar, number};

/// Bytes of one block of Jiva's.
pub const BLOCK: u64 = 4096;

/// What a stored block holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fill {
    /// Zeros that were written: they hide what lies below.
    Zeros,
    /// Bytes that follow from this text and the block's place alone.
    Text(String),
}

impl Fill {
    /// The bytes of a block at this place.
    pub fn bytes(&self, block: u64) -> Vec<u8> {
        match self {
            Self::Zeros => vec![0; BLOCK as usize],
            Self::Text(text) => {
                let mut line = format!("block {block} written by {text}\n").into_bytes();
                line = line.repeat(BLOCK as usize / line.len() + 1);
                line.truncate(BLOCK as usize);
                line
            }
        }
    }
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    Bytes(Vec<u8>),
    /// A sparse file: its size, and the stored blocks by number.
    Sparse(u64, BTreeMap<u64, Fill>),
    /// A further name of another file of the directory.
    Link(String),
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub body: Body,
    pub mode: u32,
    /// Seconds since 1970.
    pub modified: u64,
}

/// A replica directory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Directory {
    pub files: BTreeMap<String, Item>,
}

impl Directory {
    /// Adds or replaces a file of bytes.
    pub fn put(&mut self, name: &str, bytes: impl Into<Vec<u8>>) -> &mut Self {
        let old = self.files.get(name).map_or((0o644, 1_600_000_000), |item| (item.mode, item.modified));
        let item = Item { body: Body::Bytes(bytes.into()), mode: old.0, modified: old.1 };
        self.files.insert(name.to_owned(), item);
        self
    }

    /// Takes a file away.
    ///
    /// # Panics
    /// Where it is not there: a test that removes nothing tests nothing.
    pub fn remove(&mut self, name: &str) -> &mut Self {
        assert!(self.files.remove(name).is_some(), "{name} is not in the directory");
        self
    }

    /// The text of a file of bytes.
    pub fn text(&self, name: &str) -> String {
        match &self.files[name].body {
            Body::Bytes(bytes) => String::from_utf8(bytes.clone()).unwrap(),
            body => panic!("{name} is no file of text: {body:?}"),
        }
    }

    /// Writes it to disk, holes as holes; the directory is made.
    pub fn write_to(&self, dir: &Path) {
        std::fs::create_dir_all(dir).unwrap();
        for (name, item) in &self.files {
            let path = dir.join(name);
            match &item.body {
                Body::Bytes(bytes) => std::fs::write(&path, bytes).unwrap(),
                Body::Sparse(size, blocks) => {
                    let file = File::create(&path).unwrap();
                    file.set_len(*size).unwrap();
                    for (block, fill) in blocks {
                        file.write_all_at(&fill.bytes(*block), block * BLOCK).unwrap();
                    }
                }
                Body::Link(_) => continue,
            }
            std::fs::set_permissions(&path, Permissions::from_mode(item.mode)).unwrap();
            let time = UNIX_EPOCH + Duration::from_secs(item.modified);
            OpenOptions::new().write(true).open(&path).unwrap().set_modified(time).unwrap();
        }
        for (name, item) in &self.files {
            if let Body::Link(target) = &item.body {
                std::fs::hard_link(dir.join(target), dir.join(name)).unwrap();
            }
        }
    }

    /// The same directory without a disk.
    pub fn source(&self) -> MemorySource {
        let mut source = MemorySource::new();
        for (name, item) in &self.files {
            source = match &item.body {
                Body::Bytes(bytes) => source.file(name, bytes.clone()),
                Body::Sparse(size, blocks) => {
                    let stored = blocks.iter().map(|(block, fill)| (block * BLOCK, fill.bytes(*block)));
                    source.image(name, *size, stored)
                }
                Body::Link(_) => continue,
            };
        }
        let links = self.files.iter().filter_map(|(name, item)| match &item.body {
            Body::Link(target) => Some((name, target)),
            _ => None,
        });
        links.fold(source, |source, (name, target)| source.link(name, target))
    }

    /// A tar archive of it below `prefix` (empty, or without a slash at its end), sparse files in the form PAX 1.0.
    pub fn tar(&self, prefix: &str) -> Vec<u8> {
        self.tar_in_order(prefix, |_| {})
    }

    /// The same with its members in another order, links behind what they name.
    pub fn tar_in_order(&self, prefix: &str, order: impl Fn(&mut Vec<(&String, &Item)>)) -> Vec<u8> {
        let place =
            |name: &str| if prefix.is_empty() { format!("./{name}") } else { format!("{prefix}/{name}") };
        let newest = self.files.values().map(|item| item.modified).max().unwrap_or(0);
        let mut tar = Tar::new().edited(&place(""), b'5', b"", |header| stamp(header, 0o700, newest));
        // Links last, so that what they name is there.
        let last = |item: &&(&String, &Item)| matches!(item.1.body, Body::Link(_));
        let mut all: Vec<_> = self.files.iter().collect();
        order(&mut all);
        for (name, item) in all.iter().filter(|item| !last(item)).chain(all.iter().filter(last)) {
            let edit = |header: &mut [u8; 512]| stamp(header, item.mode, item.modified);
            tar = match &item.body {
                Body::Bytes(bytes) => tar.edited(&place(name), b'0', bytes, edit),
                Body::Link(target) => {
                    let target = place(target);
                    tar.edited(&place(name), b'1', b"", |header| {
                        header[157..157 + target.len()].copy_from_slice(target.as_bytes());
                        edit(header);
                    })
                }
                Body::Sparse(size, blocks) => sparse(tar, &place(name), *size, blocks, edit),
            };
        }
        tar.end()
    }

    /// The same, compressed.
    pub fn tar_zst(&self, prefix: &str) -> Vec<u8> {
        ruzstd::encoding::compress_to_vec(&self.tar(prefix)[..], ruzstd::encoding::CompressionLevel::Fastest)
    }
}

fn stamp(header: &mut [u8; 512], mode: u32, modified: u64) {
    header[100..107].copy_from_slice(format!("{mode:07o}").as_bytes());
    header[108..115].copy_from_slice(b"0000000");
    header[116..123].copy_from_slice(b"0000000");
    number(&mut header[136..148], modified);
}

fn sparse(
    tar: Tar,
    name: &str,
    size: u64,
    blocks: &BTreeMap<u64, Fill>,
    edit: impl Fn(&mut [u8; 512]),
) -> Tar {
    let mut map: Vec<(u64, u64)> = Vec::new();
    let mut payload = Vec::new();
    for (block, fill) in blocks {
        let start = block * BLOCK;
        assert!(start < size, "{name}: block {block} lies beyond {size} bytes");
        let bytes = &fill.bytes(*block)[..BLOCK.min(size - start) as usize];
        match map.last_mut() {
            Some(last) if last.0 + last.1 == start => last.1 += bytes.len() as u64,
            _ => map.push((start, bytes.len() as u64)),
        }
        payload.extend_from_slice(bytes);
    }
    // As GNU tar ends the map of a file whose end is a hole.
    if map.last().is_none_or(|(offset, len)| offset + len < size) {
        map.push((size, 0));
    }
    let mut all = format!("{}\n", map.len());
    for (offset, len) in map {
        all.push_str(&format!("{offset}\n{len}\n"));
    }
    let mut all = all.into_bytes();
    all.resize(all.len().next_multiple_of(512), 0);
    all.extend_from_slice(&payload);
    let size = size.to_string();
    let records = [
        ("GNU.sparse.major", "1"),
        ("GNU.sparse.minor", "0"),
        ("GNU.sparse.name", name),
        ("GNU.sparse.realsize", &size),
    ];
    tar.pax(b'x', &records).edited("GNUSparseFile.1/x", b'0', &all, edit)
}
