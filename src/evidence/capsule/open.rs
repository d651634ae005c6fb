//! From a file to the replica directories of a capsule.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex};

use super::super::archive::ArchiveFile;
use super::super::handles::read_full_at;
use super::super::sums::SUM;
use super::super::{Entry, Origin, Source};
use super::data::{Data, LONGEST_PART};
use super::format::{CHUNK, CapsuleError, Dir, Listed, MAGIC, Section, Summed, Time, read_tail};
use super::hash::{self, Key};
use super::source::{Capsuled, Content, Image};
use super::table::Table;

/// A replica directory of a capsule, and what is to be said of it.
#[derive(Debug)]
pub(in super::super) struct Opened {
    /// Its path below what was given when it was taken.
    pub inner: Vec<String>,
    pub source: Arc<dyn Source>,
    /// What of the directory as a whole changed while it was read.
    pub damage: Vec<String>,
    pub remarks: Vec<String>,
    /// Bytes of the volume's data in it.
    pub data: u64,
}

/// Reads a capsule.
pub(in super::super) fn open(
    archive: &Arc<ArchiveFile>,
    file: &OwnedFd,
    key: Option<&Key>,
) -> Result<Vec<Opened>, CapsuleError> {
    let read = |at: u64, len: usize| {
        // A hostile length takes no more memory than the file has bytes.
        let left = usize::try_from(archive.size.saturating_sub(at)).unwrap_or(usize::MAX);
        let mut bytes = vec![0; len.min(left)];
        let got = read_full_at(file, &mut bytes, at)?;
        bytes.truncate(got);
        Ok::<_, io::Error>(bytes)
    };
    let manifest = read_tail(archive.size, read)?;
    let key = key.filter(|key| manifest.key.as_deref() == Some(key.id()));
    let end = archive.size;
    let section = |section: &Section| {
        let bytes = read(section.at, usize::try_from(section.len).unwrap_or(usize::MAX))?;
        if bytes.len() as u64 != section.len || hash::part(&bytes) != section.sum {
            return Err(CapsuleError::Damaged(
                "the list of extents of an image does not fit its sum".to_owned(),
            ));
        }
        Ok(bytes)
    };
    let mut out = Vec::with_capacity(manifest.directories.len());
    // No byte of the file is read as the table of two images; names of one image share theirs.
    let mut left = end;
    let mut known: BTreeMap<(u64, u64, u64), Arc<Table>> = BTreeMap::new();
    let mut known_data: BTreeMap<(u64, u64, u64), Arc<Data>> = BTreeMap::new();
    for dir in manifest.directories {
        let mut images = |summed: &Summed, size: u64| {
            let origin = if summed.fiemap { Origin::Fiemap } else { Origin::SeekData };
            let place = (summed.table.at, size, summed.blocks);
            let mut longer = |len: u64| {
                left = left.checked_sub(len).ok_or_else(|| {
                    CapsuleError::Damaged("the lists of its images are longer than itself".to_owned())
                })?;
                Ok::<_, CapsuleError>(())
            };
            let sums = summed.blocks.checked_mul(SUM as u64).and_then(|len| summed.sums.checked_add(len));
            if summed.sums < MAGIC.len() as u64 || sums.is_none_or(|sums| sums > end) {
                return Err(CapsuleError::Damaged("the sums of an image lie behind its end".to_owned()));
            }
            let table = match known.get(&place) {
                Some(table) => Arc::clone(table),
                None => {
                    longer(summed.table.len)?;
                    let table = Arc::new(Table::decode(&section(&summed.table)?, size, summed.blocks)?);
                    known.insert(place, Arc::clone(&table));
                    table
                }
            };
            let data = match &summed.data {
                None => None,
                Some(held) => {
                    let place = (summed.table.at, held.list.at, held.at);
                    Some(match known_data.get(&place) {
                        Some(data) => Arc::clone(data),
                        None => {
                            longer(held.list.len)?;
                            let list = section(&held.list)?;
                            let data = Arc::new(Data::decode(&list, held, &table.data, end)?);
                            known_data.insert(place, Arc::clone(&data));
                            data
                        }
                    })
                }
            };
            Ok(Image { table, origin, sums: summed.sums, data })
        };
        out.push(directory(dir, archive, manifest.key.as_deref(), key, &mut images)?);
    }
    Ok(out)
}

fn directory(
    dir: Dir,
    archive: &Arc<ArchiveFile>,
    key_id: Option<&str>,
    key: Option<&Key>,
    images: &mut dyn FnMut(&Summed, u64) -> Result<Image, CapsuleError>,
) -> Result<Opened, CapsuleError> {
    if dir.pack.size.div_ceil(CHUNK) != dir.pack.chunks.len() as u64
        || dir.pack.chunks.iter().any(|chunk| {
            let end = chunk.at.checked_add(chunk.len);
            chunk.len > LONGEST_PART || end.is_none_or(|end| end > archive.size)
        })
    {
        return Err(CapsuleError::Damaged("its small files lie behind its end".to_owned()));
    }
    let mut files = dir.files;
    files.sort_by(|a, b| a.name.cmp(&b.name));
    let (mut entries, mut contents, mut times) = (Vec::new(), Vec::new(), Vec::new());
    let mut births = Vec::new();
    for Listed { name, kind, size, link, modified, born, damage, packed, image, .. } in files {
        contents.push(match (&image, packed) {
            (Some(summed), _) => Content::Image(images(summed, size)?),
            (None, Some(at)) => {
                if at.checked_add(size).is_none_or(|end| end > dir.pack.size) {
                    return Err(CapsuleError::Damaged("its small files lie behind its end".to_owned()));
                }
                Content::Packed(at)
            }
            (None, None) => Content::Absent,
        });
        times.push(modified.map(nanoseconds));
        births.push(born.filter(|_| !dir.origin).map(nanoseconds));
        entries.push(Entry { name, kind, size, link, damage });
    }
    let attested = !dir.restored || dir.origin;
    let mut remarks = Vec::new();
    if !attested {
        remarks.push(format!(
            "{}: the files are older than their own creation, so the capsule was taken from a restored copy; it \
             attests nothing of the replica (collect --origin, where that is where Jiva uses it)",
            dir.path
        ));
    }
    if !dir.open_in.is_empty() {
        let names: Vec<&str> = dir.open_in.iter().map(|process| process.command.as_str()).collect();
        remarks.push(format!(
            "{}: an image was open in a running process while the capsule was taken: {}",
            dir.path,
            names.join(", ")
        ));
    }
    remarks.extend(dir.missed.iter().map(|line| format!("{}: {line}", dir.path)));
    // Names of one image share its data.
    let mut held: BTreeMap<*const Data, u64> = BTreeMap::new();
    for content in &contents {
        if let Content::Image(Image { data: Some(data), .. }) = content {
            held.insert(Arc::as_ptr(data), data.runs.bytes());
        }
    }
    let data = held.values().sum();
    if data > 0 && key_id.is_some() && key.is_none() {
        remarks.push(format!(
            "{}: the data of blocks in the capsule are not used: its sums are keyed, and without the key nothing shows \
             that the data fit them (--capsule-key)",
            dir.path
        ));
    }
    let source = Capsuled {
        file: Arc::clone(archive),
        entries,
        contents,
        times,
        births,
        pack: dir.pack.chunks,
        pack_size: dir.pack.size,
        key_id: key_id.map(str::to_owned),
        key: key.cloned(),
        attested,
        held: data,
        unpacked: Mutex::new(None),
        part: Mutex::new(None),
    };
    Ok(Opened { inner: dir.inner, source: Arc::new(source), damage: dir.changed, remarks, data })
}

fn nanoseconds((seconds, nanos): Time) -> i128 {
    i128::from(seconds) * 1_000_000_000 + i128::from(nanos)
}
