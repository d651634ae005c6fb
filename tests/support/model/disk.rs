//! A directory: files by name, images as sets of blocks.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use jivascope::evidence::MemorySource;

use super::log::{self, Log};
use super::truth::{self, Truth};

/// Blocks of a volume.
pub const BLOCKS: usize = 48;

const BLOCK: u64 = 4096;

/// An image: the version that each stored block holds.
#[derive(Debug, Clone, Default)]
pub struct Image {
    pub blocks: BTreeMap<usize, truth::Version>,
    /// Blocks whose allocation the file system has not committed.
    pub uncommitted: BTreeSet<usize>,
    /// Blocks of the file; 0 for one that an opening had to make.
    pub size: usize,
}

#[derive(Debug, Clone)]
pub struct Record {
    pub name: String,
    pub parent: String,
    pub user: bool,
    pub created: u32,
    pub counter: i64,
    /// Keys in alphabetical order: received from a peer.
    pub received: bool,
}

#[derive(Debug, Clone)]
pub struct Meta {
    pub head: String,
    pub dirty: bool,
    pub rebuilding: bool,
    pub parent: String,
    pub checkpoint: String,
    pub counter: i64,
    /// `CloneStatus`; `NA` in all that were not made as clones.
    pub clone_status: &'static str,
}

/// Which version runs, as far as its directories differ.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Version {
    /// v3.6.0.
    #[default]
    V3,
    /// v1.12.0: no Checkpoint, no UUID.
    V1_12,
    /// 1.5.0: no counters in records either; snapshots keep the name of the head that they were.
    V1_5,
}

/// What lies in a replica's directory.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    pub version: Version,
    pub names: BTreeMap<String, usize>,
    pub inodes: Vec<Image>,
    pub records: BTreeMap<String, Record>,
    pub meta: Option<Meta>,
    pub counter: Option<i64>,
    pub uuid: usize,
    /// What its processes logged.
    pub log: Log,
    /// Whether the log lies in the directory: most people's do.
    pub logged: bool,
    /// When the counter or the head was written last.
    pub written: u32,
}

impl Directory {
    pub fn image(&self, name: &str) -> &Image {
        &self.inodes[self.names[name]]
    }

    pub fn image_mut(&mut self, name: &str) -> &mut Image {
        let at = self.names[name];
        &mut self.inodes[at]
    }

    pub fn make(&mut self, name: &str, size: usize) {
        self.inodes.push(Image { size, ..Image::default() });
        self.names.insert(name.to_owned(), self.inodes.len() - 1);
    }

    /// The chain by its records, head first; `None` where Jiva would fail on it.
    pub fn chain(&self) -> Option<Vec<String>> {
        let mut chain = vec![self.meta.as_ref()?.head.clone()];
        loop {
            let record = self.records.get(chain.last()?)?;
            if record.parent.is_empty() {
                return Some(chain);
            }
            if chain.contains(&record.parent) {
                return None;
            }
            chain.push(record.parent.clone());
        }
    }

    /// The version that each block of the volume shows; nothing at all without `volume.meta`.
    pub fn view(&self) -> Option<Vec<truth::Version>> {
        if self.meta.is_none() {
            return Some(vec![0; BLOCKS]);
        }
        let chain = self.chain()?;
        let shows = |block: usize| {
            let images = chain.iter().filter_map(|name| self.names.get(name)).map(|at| &self.inodes[*at]);
            images.filter_map(|image| image.blocks.get(&block)).next().copied().unwrap_or(0)
        };
        Some((0..BLOCKS).map(shows).collect())
    }

    /// Everything that was not committed is gone.
    pub fn cut_power(&mut self) {
        for image in &mut self.inodes {
            for block in std::mem::take(&mut image.uncommitted) {
                image.blocks.remove(&block);
            }
        }
    }

    pub fn commit(&mut self) {
        self.inodes.iter_mut().for_each(|image| image.uncommitted.clear());
    }

    /// Writes it to a directory that is made.
    pub fn write_to(&self, dir: &Path, truth: &Truth) {
        std::fs::create_dir_all(dir).unwrap();
        let mut first: BTreeMap<usize, &str> = BTreeMap::new();
        for (name, inode) in &self.names {
            if let Some(other) = first.get(inode) {
                std::fs::hard_link(dir.join(other), dir.join(name)).unwrap();
                continue;
            }
            first.insert(*inode, name);
            let (image, file) = (&self.inodes[*inode], File::create(dir.join(name)).unwrap());
            file.set_len(image.size as u64 * BLOCK).unwrap();
            for (block, version) in &image.blocks {
                file.write_all_at(&truth.bytes(*version), *block as u64 * BLOCK).unwrap();
            }
        }
        for (name, bytes) in self.small_files() {
            std::fs::write(dir.join(name), bytes).unwrap();
        }
    }

    /// Everything but the images.
    fn small_files(&self) -> Vec<(String, Vec<u8>)> {
        let records = self.records.iter();
        let mut out: Vec<(String, Vec<u8>)> = records
            .map(|(name, record)| (format!("{name}.meta"), record.json(self.version).into_bytes()))
            .collect();
        if let Some(meta) = &self.meta {
            out.push(("volume.meta".to_owned(), meta.json(self.uuid, self.version).into_bytes()));
        }
        if self.logged && !self.log.bytes().is_empty() {
            out.push(("replica.log".to_owned(), self.log.bytes().to_vec()));
        }
        if let Some(counter) = self.counter {
            let mut bytes = counter.to_string().into_bytes();
            bytes.resize(4096, 0);
            out.push(("revision.counter".to_owned(), bytes));
        }
        out
    }

    /// The directory as evidence.
    pub fn source(&self, truth: &Truth) -> MemorySource {
        let mut source = MemorySource::new();
        let mut first: BTreeMap<usize, &str> = BTreeMap::new();
        for (name, inode) in &self.names {
            if let Some(other) = first.get(inode) {
                source = source.link(name, other);
                continue;
            }
            first.insert(*inode, name);
            let image = &self.inodes[*inode];
            let stored =
                image.blocks.iter().map(|(block, version)| (*block as u64 * BLOCK, truth.bytes(*version)));
            source = source.image(name, image.size as u64 * BLOCK, stored);
        }
        let source =
            self.small_files().into_iter().fold(source, |source, (name, bytes)| source.file(&name, bytes));
        let head = self.meta.as_ref().map(|meta| meta.head.clone());
        let written = head.iter().map(String::as_str).chain(["revision.counter"]);
        written.fold(source, |source, name| source.modified(name, log::nanoseconds(self.written)))
    }
}

impl Record {
    fn json(&self, version: Version) -> String {
        let Self { name, parent, user, counter, .. } = self;
        let created = log::time(self.created);
        if version == Version::V1_5 {
            return format!(
                "{{\"Name\":\"{name}\",\"Parent\":\"{parent}\",\"Removed\":false,\"UserCreated\":{user},\
                 \"Created\":\"{created}\"}}\n"
            );
        }
        if self.received {
            return format!(
                "{{\"Created\":\"{created}\",\"Name\":\"{name}\",\"Parent\":\"{parent}\",\"Removed\":false,\
                 \"RevisionCounter\":{counter},\"UserCreated\":{user}}}\n"
            );
        }
        format!(
            "{{\"Name\":\"{name}\",\"Parent\":\"{parent}\",\"Removed\":false,\"UserCreated\":{user},\
             \"Created\":\"{created}\",\"RevisionCounter\":{counter}}}\n"
        )
    }
}

impl Meta {
    fn json(&self, uuid: usize, version: Version) -> String {
        let Self { head, dirty, rebuilding, parent, checkpoint, counter, clone_status } = self;
        let size = BLOCKS as u64 * BLOCK;
        let later = match version {
            Version::V1_5 => String::new(),
            Version::V1_12 => format!(",\"RevisionCounter\":{counter}"),
            Version::V3 => format!(
                ",\"Checkpoint\":\"{checkpoint}\",\"RevisionCounter\":{counter},\"UUID\":\"{uuid:040x}\""
            ),
        };
        format!(
            "{{\"Size\":{size},\"Head\":\"{head}\",\"Dirty\":{dirty},\"Rebuilding\":{rebuilding},\
             \"Parent\":\"{parent}\",\"SectorSize\":512,\"BackingFileName\":\"\",\"CloneStatus\":\"{clone_status}\"{later}}}\n"
        )
    }
}
