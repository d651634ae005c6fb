//! Reads a replica directory once and describes it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::defect::defects;
use super::jiva::{self, CounterFile, FileKind, Joined, LogInfo, OpenFacts};
use super::longhorn::{self, LonghornMeta};
use super::notice::{self, Seen};
use super::reader::{FileState, unread};
use super::{Dialect, Signs};
use crate::evidence::{Entry, Found, Kind, ReadError, Source};
use crate::finding::NotRead;
use crate::go::MetaError;
use crate::ident::{DiskName, Label};
use crate::replica::chain::{End, alternates, walk};
use crate::replica::{
    CounterError, Disk, Disks, Flag, Image, LastJoin, Memberships, OpenError, Record, RecordState, Replica,
    StartError, State, VolumeMeta,
};

/// Describes one replica directory: every file that Jiva knows is read once, every image's extents are asked
/// for, no image is read.
pub fn describe(found: &Found) -> Replica {
    let source: Arc<dyn Source> = Arc::clone(&found.source);
    let entries = source.entries();
    let mut disks = Disks::with_capacity(entries.len());
    let mut meta = FileState::Absent;
    let mut counter: FileState<CounterFile, CounterError> = FileState::Absent;
    let mut log_info: FileState<LogInfo, MetaError> = FileState::Absent;
    let mut longhorn = LonghornMeta::default();
    let mut signs = Signs::default();

    for (at, entry) in entries.iter().enumerate() {
        match FileKind::of(&entry.name) {
            FileKind::VolumeMeta => {
                meta = read_file(&*source, entry, |bytes| {
                    let meta = VolumeMeta::parse(bytes)?;
                    signs.volume_meta(&meta);
                    if signs.longhorn().is_some() {
                        longhorn = LonghornMeta::salvage(bytes);
                    }
                    Ok(meta)
                });
            }
            FileKind::Counter => counter = read_counter(&*source, entry),
            FileKind::LogInfo => {
                signs.name(&entry.name);
                log_info = read_file(&*source, entry, LogInfo::parse);
            }
            FileKind::Image(name) => disks.entry(name).image = image(&*source, entry, at),
            FileKind::Record(name) => {
                let read = record(&*source, entry);
                if let RecordState::Read(record) = &read {
                    signs.record(&entry.name, record);
                }
                disks.entry(name).record = read;
            }
            _ => signs.name(&entry.name),
        }
    }
    let dialect = signs.dialect();
    // What contradicts itself is not Jiva's for certain; what tells nothing may be, and is taken for Jiva's.
    let foreign = dialect == Dialect::Longhorn || signs.contradicted().is_some();

    let head = named(meta.read().and_then(|m| m.head.as_deref()));
    adopt_head(&*source, &mut disks, head.as_ref());
    disks.link();
    let path = head.as_ref().map(|head| walk(&disks, head));
    for at in path.iter().flat_map(|walk| &walk.places) {
        disks.mark(*at);
    }
    let counter_error = counter_error(&counter);
    let (mut state, error) = if foreign {
        (longhorn::state(meta.read(), path.as_ref()), None)
    } else {
        jiva::open(&OpenFacts {
            meta: &meta,
            counter_error: counter_error.as_ref(),
            walk: path.as_ref(),
            disks: &disks,
            entries,
        })
    };
    let chain = path.as_ref().map(|walk| walk.names(&disks)).unwrap_or_default();
    let path_end = path.as_ref().and_then(|walk| match &walk.end {
        End::Invalid(name) => Some(name.clone()),
        _ => None,
    });
    let places = path.map(|walk| walk.places).unwrap_or_default();
    let records_only = !disks.is_empty() && disks.iter().all(|disk| disk.image.is_none());
    if state == State::Usable && !records_only && places.iter().all(|at| disks[*at].allocated() == Some(0)) {
        state = State::Blank;
    }

    let start_error = match &log_info {
        FileState::Invalid(error) if !foreign => Some(StartError::LogInfo(error.clone())),
        _ => None,
    };
    let live = counter.read().map(|c| c.counter);
    let Joined { last, clean_tip, peer } = match meta.read() {
        Some(meta) if state != State::Broken && !foreign => jiva::last_join(&chain, &disks, meta, live),
        _ => Joined { last: LastJoin::None, clean_tip: None, peer: None },
    };
    let alternates = alternates(&disks);

    let broken_record = path_end.filter(|_| state == State::Broken);
    let unread = Unread::of(&found.label, &meta, &counter, &log_info, &disks);
    // Every version makes the file before anything else, so a volume that was served has it.
    let served = meta.read().is_some() && state == State::Usable;
    let counter_lost = matches!(counter, FileState::Absent) && served && !foreign && !records_only;
    let unread_chain = unread_chain(&meta, &disks, broken_record.as_ref());

    let (meta, meta_state) = match meta {
        FileState::Read(meta) => (Some(meta), None),
        other => (None, Some(other)),
    };
    let mut replica = Replica {
        label: found.label.clone(),
        path: found.path.clone(),
        volume: volume_name(found, dialect),
        labelled: found.labelled,
        dialect,
        state,
        error,
        start_error,
        unread: unread.files,
        counter_unread: unread.counter || counter_lost,
        backing_file: longhorn
            .backing_file_path
            .or_else(|| meta.as_ref().and_then(|meta| meta.backing_file_name.clone()))
            .filter(|file| !file.is_empty()),
        flags: BTreeSet::new(),
        size: meta.as_ref().and_then(|m| m.size).and_then(|size| u64::try_from(size).ok()),
        parent: head.as_ref().and_then(|head| disks.get(head)).and_then(Disk::parent).map(DiskName::from),
        head,
        checkpoint: named(meta.as_ref().and_then(|m| m.checkpoint.as_deref())),
        counter: live,
        meta,
        chain,
        places,
        disks,
        alternates,
        temporaries: entries.iter().filter(|e| e.name.ends_with(".tmp")).map(|e| e.name.clone()).collect(),
        last_join: last,
        clean_tip,
        reconstructed: false,
        attested: false,
        peer,
        defects: Vec::new(),
        cut: !found.damage.is_empty(),
        findings: Vec::new(),
        memberships: Memberships::default(),
        source: Arc::clone(&source),
    };
    if records_only {
        replica.flags.insert(Flag::RecordsOnly);
    }
    if foreign {
        replica.flags.insert(Flag::ForeignDialect);
    }
    if unread_chain.is_some() {
        replica.flags.insert(Flag::UnfaithfulCopy);
    }
    notice::notice(&mut replica, &Seen { meta: meta_state, counter, log_info, entries, signs });
    let outside: Vec<String> = found.damage.iter().cloned().chain(unread_chain).collect();
    replica.defects = defects(&replica, &outside);
    replica.findings.sort();
    replica
}

/// The name of the volume. Longhorn names a directory after it and puts eight characters of the replica's own behind.
fn volume_name(found: &Found, dialect: Dialect) -> Option<String> {
    if dialect != Dialect::Longhorn {
        return found.volume.clone();
    }
    let own = |end: &str| end.len() == 8 && end.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let stem =
        |name: &str| name.rsplit_once('-').filter(|(_, end)| own(end)).map(|(stem, _)| stem.to_owned());
    match &found.volume {
        Some(name) => Some(stem(name).unwrap_or_else(|| name.clone())),
        None => stem(found.path.rsplit(['/', ':']).next()?),
    }
}

/// What could not be read here.
struct Unread {
    files: Vec<NotRead>,
    counter: bool,
}

impl Unread {
    fn of(
        label: &Label,
        meta: &FileState<VolumeMeta, MetaError>,
        counter: &FileState<CounterFile, CounterError>,
        log_info: &FileState<LogInfo, MetaError>,
        disks: &Disks,
    ) -> Self {
        let file = |file: &str, error: Option<&ReadError>| unread(label, file, error?);
        let own = file("revision.counter", counter.unread());
        let mut out = Self { counter: own.is_some(), files: Vec::new() };
        out.files.extend(file("volume.meta", meta.unread()));
        for disk in disks {
            if let RecordState::Unreadable(error) = &disk.record {
                out.files.extend(unread(label, &disk.name.record(), error));
            }
            if let Some(Err(error)) = disk.image.as_ref().map(|image| &image.extents) {
                out.files.extend(unread(label, disk.name.as_str(), error));
            }
        }
        out.files.extend(own);
        out.files.extend(file("log.info", log_info.unread()));
        out
    }
}

/// Why the chain is not known, where `volume.meta` or the record at its end could not be read here.
fn unread_chain(
    meta: &FileState<VolumeMeta, MetaError>,
    disks: &Disks,
    end: Option<&DiskName>,
) -> Option<String> {
    let here = |error: &ReadError| !matches!(error, ReadError::NotAFile(_));
    if let Some(error) = meta.unread().filter(|error| here(error)) {
        return Some(format!("volume.meta {error}"));
    }
    match end.and_then(|name| disks.get(name)).map(|disk| (&disk.name, &disk.record)) {
        Some((name, RecordState::Unreadable(error))) if here(error) => {
            Some(format!("{} {error}", name.record()))
        }
        _ => None,
    }
}

fn named(name: Option<&str>) -> Option<DiskName> {
    name.filter(|name| !name.is_empty()).map(DiskName::from)
}

/// A head that is not named like an image of Jiva's is one all the same: Jiva takes any name it reads.
fn adopt_head(source: &dyn Source, disks: &mut Disks, head: Option<&DiskName>) {
    let Some(head) = head.filter(|head| !disks.contains(*head)) else { return };
    let entries = source.entries();
    let find = |name: &str| entries.binary_search_by(|e| e.name.as_str().cmp(name)).ok();
    let (image_at, record_at) = (find(head.as_str()), find(&head.record()));
    if image_at.is_none() && record_at.is_none() {
        return;
    }
    let adopted = disks.entry(head.as_str());
    if let Some(at) = image_at {
        adopted.image = image(source, &entries[at], at);
    }
    if let Some(at) = record_at {
        adopted.record = record(source, &entries[at]);
    }
}

fn image(source: &dyn Source, entry: &Entry, at: usize) -> Option<Image> {
    (entry.kind == Kind::File).then(|| Image {
        size: entry.size,
        extents: source.extents(entry),
        link: entry.link,
        entry: at,
    })
}

fn record(source: &dyn Source, entry: &Entry) -> RecordState {
    match read_file(source, entry, Record::parse) {
        FileState::Absent => RecordState::Absent,
        FileState::Unreadable(error) => RecordState::Unreadable(error),
        FileState::Invalid(error) => RecordState::Invalid(error),
        FileState::Read(record) => RecordState::Read(record),
    }
}

fn read_file<T, E>(
    source: &dyn Source,
    entry: &Entry,
    parse: impl FnOnce(&[u8]) -> Result<T, E>,
) -> FileState<T, E> {
    match read_regular(source, entry) {
        Err(error) => FileState::Unreadable(error),
        Ok(bytes) => match parse(&bytes) {
            Ok(value) => FileState::Read(value),
            Err(error) => FileState::Invalid(error),
        },
    }
}

fn read_counter(source: &dyn Source, entry: &Entry) -> FileState<CounterFile, CounterError> {
    read_file(source, entry, CounterFile::parse)
}

fn read_regular<'a>(source: &'a dyn Source, entry: &Entry) -> Result<Cow<'a, [u8]>, ReadError> {
    if entry.kind == Kind::File { source.read(entry) } else { Err(ReadError::NotAFile(entry.kind)) }
}

fn counter_error(counter: &FileState<CounterFile, CounterError>) -> Option<OpenError> {
    match counter {
        FileState::Invalid(error) => Some(OpenError::Counter(error.clone())),
        FileState::Unreadable(ReadError::NotAFile(Kind::Directory)) => Some(OpenError::CounterIsDirectory),
        FileState::Unreadable(ReadError::NotAFile(kind)) => {
            Some(OpenError::MetadataNotAFile { file: "revision.counter".to_owned(), kind: *kind })
        }
        // Any other reason is this reader's or this copy's.
        FileState::Unreadable(_) | FileState::Absent | FileState::Read(_) => None,
    }
}
