//! Taking a capsule: replica directories read where they lie, without locks, and what changed meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::fs::{CWD, Mode, OFlags, openat};

use super::super::directory::Directory;
use super::super::find;
use super::super::handles::Handles;
use super::super::remarks::Remarks;
use super::super::sys::Mapper;
use super::super::{Entry, Kind, Origin, Source, spell, spelled, vacant};
use super::busy;
use super::format::{Dir, Listed, MAGIC, Manifest, Summed, Time, Tool, write_tail};
use super::hash::Key;
use super::image;
use super::pack::{Counted, Packer, section};
use super::places::{TakeError, found};
use super::stamp::{self, Stamps};
use super::visit::{self, Choice, Chosen};
use crate::ident::{BLOCK_SIZE, Runs};
use crate::progress::Progress;

/// A log that is longer is not taken.
const LONGEST_LOG: u64 = 256 << 20;

/// A record that is longer is none.
const LONGEST_RECORD: u64 = super::super::SMALL_FILE_LIMIT;

/// How a capsule is taken.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct TakeOptions {
    /// Whether logs go into it.
    pub logs: bool,
    /// The key of the sums.
    pub key: Option<Key>,
    /// Whether the directories lie where the engine uses them, also where they look like a restored copy.
    pub origin: bool,
    /// The blocks whose data are taken too. The sums of the first visit have to be of the same key.
    pub blocks: Option<Arc<dyn Choice>>,
}

/// What was taken.
#[derive(Debug)]
#[non_exhaustive]
pub struct Taken {
    /// Each replica directory.
    pub directories: Vec<TakenDirectory>,
    /// What could not be looked at beside them.
    pub remarks: Vec<String>,
    /// Bytes of the capsule.
    pub bytes: u64,
}

/// A replica directory that was taken.
#[derive(Debug)]
#[non_exhaustive]
pub struct TakenDirectory {
    /// Its path.
    pub path: String,
    /// Images in it.
    pub images: usize,
    /// Bytes that they store.
    pub stored: u64,
    /// What changed while it was read, or could not be read: the capsule attests nothing of it.
    pub changed: Vec<String>,
    /// Processes in which an image was open.
    pub open_in: Vec<String>,
    /// Whether it looks like a restored copy, and the user did not say that it is none.
    pub restored: bool,
    /// Logs that were too long.
    pub left_out: Vec<String>,
    /// Bytes of the volume's data that are in the capsule.
    pub data: u64,
    /// What of the chosen blocks was no longer as the first visit saw it, and was not taken.
    pub missed: Vec<String>,
    /// When the last look at it began: what was written since is not in the capsule, and not noticed.
    pub looked: SystemTime,
}

/// Takes a capsule of every replica directory in or below these directories.
///
/// # Errors
/// Where a directory cannot be read or holds no replica, and where the capsule cannot be written.
pub fn take(
    directories: &[PathBuf],
    options: &TakeOptions,
    to: &mut dyn Write,
    progress: &dyn Progress,
) -> Result<Taken, TakeError> {
    let mut remarks = Remarks::default();
    let places: Vec<(PathBuf, Vec<String>)> =
        found(directories, &Arc::new(Handles::default()), &mut remarks)?
            .into_iter()
            .map(|seen| (seen.path, seen.inner))
            .collect();
    let began = now();
    let mut to = Counted::new(to);
    to.write_all(MAGIC)?;
    let (mut dirs, mut taken) = (Vec::new(), Vec::new());
    for (path, inner) in places {
        // Handles of its own: those of the directory before are closed.
        let mut taker = Taker {
            handles: Arc::new(Handles::default()),
            options,
            to: &mut to,
            progress,
            pack: Packer::default(),
            summed: BTreeMap::new(),
        };
        let (dir, shown) = taker.directory(&path, inner, &mut remarks).map_err(|error| match error {
            Failed::Read(source) => TakeError::Unreadable { path: path.clone(), source },
            Failed::Write(source) => TakeError::Write(source),
            Failed::NotAsBefore(why) => TakeError::NotAsBefore { path: path.clone(), why },
        })?;
        dirs.push(dir);
        taken.push(shown);
    }
    let manifest = Manifest {
        schema: super::SCHEMA.to_owned(),
        kind: if options.logs { "capsule" } else { "manifest" }.to_owned(),
        tool: Tool { name: "jivascope".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() },
        node: std::fs::read("/proc/sys/kernel/hostname").ok().map(|name| spell(name.trim_ascii())),
        began,
        ended: now(),
        key: options.key.as_ref().map(|key| key.id().to_owned()),
        directories: dirs,
    };
    let at = to.at;
    write_tail(&mut to, at, &manifest)?;
    to.flush()?;
    Ok(Taken { directories: taken, remarks: remarks.into_lines(), bytes: to.at })
}

fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    (since.as_secs() as i64, since.subsec_nanos())
}

enum Failed {
    Read(io::Error),
    Write(io::Error),
    NotAsBefore(String),
}

/// Takes one directory.
struct Taker<'a, 'w> {
    handles: Arc<Handles>,
    options: &'a TakeOptions,
    to: &'a mut Counted<'w>,
    progress: &'a dyn Progress,
    pack: Packer,
    /// The blocks of each image that have a sum, where data are taken too.
    summed: BTreeMap<String, Runs>,
}

impl Taker<'_, '_> {
    fn directory(
        &mut self,
        path: &Path,
        inner: Vec<String>,
        remarks: &mut Remarks,
    ) -> Result<(Dir, TakenDirectory), Failed> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let held = openat(CWD, path, flags, Mode::empty()).map_err(|error| Failed::Read(error.into()))?;
        // The first look comes before anything is read.
        let before =
            stamp::settled(|| names(path).map(|listed| stamp::look(&held, &listed)).unwrap_or_default());
        let mut listed = Vec::new();
        find::list_names(path, true, |item| listed.push(item)).map_err(Failed::Read)?;
        let source =
            Arc::new(Directory::describe(path, listed, &self.handles, remarks).map_err(Failed::Read)?);
        let chosen = self.options.blocks.as_ref().map(|choice| {
            let source: Arc<dyn Source> = Arc::clone(&source) as _;
            choice.of(&spelled(path), &source).map_err(Failed::NotAsBefore)
        });
        let chosen = chosen.transpose()?;
        let counter = |source: &Directory| {
            let entry = source.entries().iter().find(|entry| entry.name == "revision.counter")?;
            let bytes = source.read(entry).ok()?;
            let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
            Some(spell(&bytes[..end.min(64)]))
        };
        let counter_before = counter(&source);
        let open_in = self.open_in(path, &source);
        let (mut files, mut shown) = self.files(&source).map_err(Failed::Write)?;
        if let Some(chosen) = &chosen {
            self.data(&source, chosen, &mut files, &mut shown).map_err(Failed::Write)?;
        }
        let pack = std::mem::take(&mut self.pack).finish(self.to).map_err(Failed::Write)?;
        // And the second after everything.
        shown.looked = SystemTime::now();
        let listed = names(path).map_err(Failed::Read)?;
        let after = stamp::look(&held, &listed);
        let counter_after = Directory::describe(path, listed, &self.handles, &mut Remarks::default())
            .ok()
            .and_then(|source| counter(&source));
        let changed = note_changes(&before, &after, &mut files, &mut shown.changed);
        let images = files.iter().filter(|file| file.image.is_some());
        let restored = images.filter_map(|file| before.get(&file.name)).any(stamp::is_restored);
        for file in &mut files {
            if let Some(stamp) = before.get(&file.name) {
                file.modified = Some(stamp.modified);
                file.altered = Some(stamp.altered);
                file.born = stamp.born;
            }
        }
        shown.path = spelled(path);
        shown.restored = restored && !self.options.origin;
        shown.open_in = open_in.iter().map(|process| process.command.clone()).collect();
        let dir = Dir {
            inner,
            path: std::path::absolute(path).map_or_else(|_| spelled(path), spelled),
            changed,
            open_in,
            counter: counter_before.zip(counter_after),
            restored,
            origin: self.options.origin,
            missed: shown.missed.clone(),
            files,
            pack,
        };
        Ok((dir, shown))
    }

    fn open_in(&self, path: &Path, source: &Directory) -> Vec<super::format::Process> {
        use std::os::unix::fs::MetadataExt;
        let images =
            source.entries().iter().filter(|entry| entry.kind == Kind::File && !is_small(&entry.name));
        let names: BTreeSet<&str> = images.map(|entry| entry.name.as_str()).collect();
        let found = names.iter().filter_map(|name| std::fs::symlink_metadata(path.join(name)).ok());
        let identities = found.map(|meta| (meta.dev(), meta.ino())).collect();
        busy::open_in(&names, &identities)
    }

    /// Writes every file, and lists it.
    fn files(&mut self, source: &Directory) -> io::Result<(Vec<Listed>, TakenDirectory)> {
        let mut shown = TakenDirectory {
            path: String::new(),
            images: 0,
            stored: 0,
            changed: Vec::new(),
            open_in: Vec::new(),
            restored: false,
            left_out: Vec::new(),
            data: 0,
            missed: Vec::new(),
            looked: UNIX_EPOCH,
        };
        let (mut files, mut linked) = (Vec::new(), BTreeMap::new());
        let mut mapper = Mapper::default();
        for entry in source.entries() {
            let mut listed = Listed {
                name: entry.name.clone(),
                kind: entry.kind,
                size: entry.size,
                link: entry.link,
                modified: None,
                altered: None,
                born: None,
                damage: entry.damage.clone(),
                packed: None,
                image: None,
            };
            if entry.kind == Kind::File && entry.damage.is_none() {
                if is_small(&entry.name) {
                    self.small(source, entry, &mut listed, &mut shown)?;
                } else {
                    self.image(source, entry, &mut listed, &mut mapper, &mut linked, &mut shown)?;
                }
            }
            files.push(listed);
        }
        Ok((files, shown))
    }

    /// The data of chosen blocks.
    fn data(
        &mut self,
        source: &Directory,
        chosen: &Chosen,
        files: &mut [Listed],
        shown: &mut TakenDirectory,
    ) -> io::Result<()> {
        let (key, at) = (self.options.key.as_ref(), self.to.at);
        for fetched in visit::fetch(source, chosen, &self.summed, (key, at), self.to)? {
            let entry = fetched.entry;
            if fetched.missed > 0 {
                let what = match fetched.missed {
                    1 => "1 chosen block is".to_owned(),
                    count => format!("{count} chosen blocks are"),
                };
                shown.missed.push(format!(
                    "{}: {what} not what the first capsule shows, or cannot be read, and not taken",
                    entry.name
                ));
            }
            let Some(place) = fetched.place else { continue };
            let same =
                |file: &Listed| file.name == entry.name || entry.link.is_some() && file.link == entry.link;
            for image in files.iter_mut().filter(|file| same(file)).filter_map(|file| file.image.as_mut()) {
                image.data = Some(place);
            }
            shown.data += place.blocks * BLOCK_SIZE;
        }
        Ok(())
    }

    /// A record or a log, as it is.
    fn small(
        &mut self,
        source: &Directory,
        entry: &Entry,
        listed: &mut Listed,
        shown: &mut TakenDirectory,
    ) -> io::Result<()> {
        let log = grows(&entry.name);
        if log && entry.size > LONGEST_LOG {
            shown.left_out.push(entry.name.clone());
            return Ok(());
        }
        if log && !self.options.logs || !log && entry.size > LONGEST_RECORD {
            return Ok(());
        }
        let at = self.pack.size();
        let mut done = 0;
        if !log {
            match source.read(entry) {
                Ok(bytes) => {
                    listed.size = bytes.len() as u64;
                    self.pack.add(&bytes, self.to)?;
                    listed.packed = Some(at);
                }
                Err(error) => listed.damage = Some(error.to_string()),
            }
            return Ok(());
        }
        let mut buf = vec![0; 64 << 10];
        while done < entry.size {
            match source.read_at(entry, done, &mut buf) {
                Ok(0) => break,
                Ok(count) => {
                    self.pack.add(&buf[..count], self.to)?;
                    done += count as u64;
                }
                Err(error) => {
                    listed.damage = Some(error.to_string());
                    break;
                }
            }
        }
        // What could be read of a log says something too.
        listed.size = done;
        listed.packed = Some(at);
        Ok(())
    }

    /// An image, by its sums.
    fn image(
        &mut self,
        source: &Directory,
        entry: &Entry,
        listed: &mut Listed,
        mapper: &mut Mapper,
        linked: &mut BTreeMap<u64, Summed>,
        shown: &mut TakenDirectory,
    ) -> io::Result<()> {
        if let Some(known) = entry.link.and_then(|link| linked.get(&link)) {
            listed.image = Some(known.clone());
            let same = source.entries().iter().find(|one| one.link == entry.link);
            if let Some(data) = same.and_then(|one| self.summed.get(&one.name)) {
                self.summed.insert(entry.name.clone(), data.clone());
            }
            return Ok(());
        }
        let mapped = match image::map(source, entry, mapper) {
            Ok(mapped) => mapped,
            Err(error) => {
                listed.damage = Some(error.to_string());
                return Ok(());
            }
        };
        let stored = mapped.0.stored.bytes();
        let sums = self.to.at;
        self.progress.begin(&format!("summing up {}", entry.name), Some(stored));
        let taken = image::take(source, entry, mapped, self.options.key.as_ref(), self.to, self.progress);
        self.progress.end();
        let taken = taken?;
        debug_assert_eq!(self.to.at - sums, image::length(taken.blocks));
        // What could not be read is not zeros: of such an image nothing is said.
        if let Some(unread) = taken.unread {
            listed.damage = Some(unread);
            return Ok(());
        }
        if self.options.blocks.is_some() {
            let limit = entry.size.div_ceil(BLOCK_SIZE).saturating_mul(BLOCK_SIZE);
            let data = taken.table.stored.to_blocks(limit).difference(&taken.table.zeros);
            self.summed.insert(entry.name.clone(), data);
        }
        let table = section(self.to, &taken.table.encode())?;
        let fiemap = taken.origin == Origin::Fiemap;
        let summed = Summed { fiemap, sums, blocks: taken.blocks, table, data: None };
        if let Some(link) = entry.link {
            linked.insert(link, summed.clone());
        }
        listed.image = Some(summed);
        shown.images += 1;
        shown.stored += stored;
        Ok(())
    }
}

/// Notes what changed: with its file where an image or a record did, else for the directory as a whole.
fn note_changes(
    before: &Stamps,
    after: &Stamps,
    files: &mut [Listed],
    shown: &mut Vec<String>,
) -> Vec<String> {
    let mut whole = Vec::new();
    for file in files.iter().filter(|file| file.damage.is_some()) {
        shown.extend(file.damage.iter().map(|damage| format!("{}: {damage}", file.name)));
    }
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for name in names {
        let Some(change) = stamp::change(before.get(name), after.get(name)) else { continue };
        // A log grows without harm to anything else.
        if grows(name) && before.contains_key(name) && after.contains_key(name) {
            continue;
        }
        shown.push(format!("{name}: {change}"));
        match files.iter_mut().find(|file| file.name == *name) {
            Some(file) if file.kind == Kind::File => {
                file.damage.get_or_insert(change);
            }
            _ => whole.push(format!("{name} {change}")),
        }
    }
    whole
}

fn names(path: &Path) -> io::Result<Vec<super::super::examine::Listed>> {
    let mut listed = Vec::new();
    find::list_names(path, true, |item| listed.push(item))?;
    Ok(listed)
}

/// Whether a file is a log that is written to. `log.info` says how logs are kept, and is a record.
fn grows(name: &str) -> bool {
    vacant::is_log(name) && name != "log.info"
}

/// Whether a file is taken as it is. Everything else may hold data of the volume, whatever its name.
fn is_small(name: &str) -> bool {
    let plain = name.strip_suffix(".tmp").unwrap_or(name);
    plain.ends_with(".meta")
        || matches!(plain, "revision.counter" | "peer.details" | "rebuild.info" | "scrubbed.txt")
        || vacant::is_log(name)
}
