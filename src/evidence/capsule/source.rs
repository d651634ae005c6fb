//! A replica directory in a capsule: records and logs as bytes, images as sums.

use std::borrow::Cow;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use super::super::archive::ArchiveFile;
use super::super::sums::{REGION, REGION_BLOCKS, SUM, Sum, Sums, ZERO};
use super::super::{Entry, Extents, Kind, Origin, ReadError, SMALL_FILE_LIMIT, Source, clip};
use super::data::{Data, Held};
use super::format::{CHUNK, Section, inflate};
use super::hash::{self, Key};
use super::table::Table;
use crate::ident::{BLOCK_SIZE, Run, Runs};

/// What stands at one name.
#[derive(Debug)]
pub(super) enum Content {
    /// Its bytes begin here in the pack.
    Packed(u64),
    /// An image.
    Image(Image),
    /// Nothing of it was taken.
    Absent,
}

/// An image by its sums.
#[derive(Debug)]
pub(super) struct Image {
    pub table: Arc<Table>,
    pub origin: Origin,
    /// Place of the sums in the capsule.
    pub sums: u64,
    /// The data of chosen blocks.
    pub data: Option<Arc<Data>>,
}

/// A part of the data, unpacked, with its place and length in the capsule.
pub(super) type Unpacked = ((u64, u64), Arc<Vec<u8>>);

/// A replica directory in a capsule.
#[derive(Debug)]
pub(super) struct Capsuled {
    pub file: Arc<ArchiveFile>,
    pub entries: Vec<Entry>,
    /// One for each entry.
    pub contents: Vec<Content>,
    /// When each was changed last.
    pub times: Vec<Option<i128>>,
    /// When each was made, where that is a sign of a copy.
    pub births: Vec<Option<i128>>,
    pub pack: Vec<Section>,
    pub pack_size: u64,
    /// Names the key of the sums.
    pub key_id: Option<String>,
    /// The key, where it is at hand.
    pub key: Option<Key>,
    pub attested: bool,
    /// Bytes of data of blocks.
    pub held: u64,
    /// The part of the pack that was unpacked last.
    pub unpacked: Mutex<Option<(usize, Arc<Vec<u8>>)>>,
    /// The part of the data that was unpacked last.
    pub part: Mutex<Option<Unpacked>>,
}

impl Capsuled {
    fn find(&self, entry: &Entry) -> Result<(&Entry, &Content), ReadError> {
        let at = self.entries.binary_search_by(|own| own.name.cmp(&entry.name));
        let at = at.map_err(|_| io::Error::from(io::ErrorKind::NotFound))?;
        match self.entries[at].kind {
            Kind::File => Ok((&self.entries[at], &self.contents[at])),
            kind => Err(ReadError::NotAFile(kind)),
        }
    }

    fn image(&self, entry: &Entry) -> Option<&Image> {
        match self.find(entry) {
            Ok((_, Content::Image(image))) => Some(image),
            _ => None,
        }
    }

    /// A part of the pack.
    fn chunk(&self, number: usize) -> Result<Arc<Vec<u8>>, ReadError> {
        let mut last = self.unpacked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, bytes)) = &*last
            && *at == number
        {
            return Ok(Arc::clone(bytes));
        }
        let damaged = |why: &str| ReadError::Damaged(format!("the capsule is damaged: {why}"));
        let section = self.pack.get(number).ok_or_else(|| damaged("a file lies behind its end"))?;
        let mut packed = vec![0; section.len as usize];
        self.file.read(section.at, &mut packed)?;
        if hash::part(&packed) != section.sum {
            return Err(damaged("its small files do not fit their sum"));
        }
        let size = CHUNK.min(self.pack_size.saturating_sub(number as u64 * CHUNK));
        let bytes = inflate(&packed, size).map_err(|error| ReadError::Damaged(error.to_string()))?;
        let bytes = Arc::new(bytes);
        *last = Some((number, Arc::clone(&bytes)));
        Ok(bytes)
    }

    /// Bytes of the pack.
    fn packed(&self, mut at: u64, buf: &mut [u8]) -> Result<(), ReadError> {
        let mut done = 0;
        while done < buf.len() {
            let bytes = self.chunk((at / CHUNK) as usize)?;
            let from = &bytes[((at % CHUNK) as usize).min(bytes.len())..];
            let count = from.len().min(buf.len() - done);
            if count == 0 {
                return Err(ReadError::Damaged(
                    "the capsule is damaged: a file lies behind its end".to_owned(),
                ));
            }
            buf[done..done + count].copy_from_slice(&from[..count]);
            done += count;
            at += count as u64;
        }
        Ok(())
    }
}

impl Capsuled {
    /// Bytes of an image: zeros where it holds no data, and data of blocks that were taken. Each block is held against its
    /// sum; where a part of what is asked for was not taken, there is nothing.
    fn image_bytes(
        &self,
        entry: &Entry,
        image: &Image,
        offset: u64,
        buf: &mut [u8],
    ) -> Result<(), ReadError> {
        let asked = image.table.data.clip(offset, offset + buf.len() as u64);
        buf.fill(0);
        // What holds no data is known to the byte.
        if asked.is_empty() {
            return Ok(());
        }
        let data = image.data.as_ref().ok_or(ReadError::NoData)?;
        if !asked.is_subset(&data.runs) {
            return Err(ReadError::NoData);
        }
        let mut region: Option<(u64, Vec<u8>)> = None;
        for run in &asked {
            let mut at = run.start / BLOCK_SIZE * BLOCK_SIZE;
            while at < run.end {
                let number = at / REGION;
                if region.as_ref().is_none_or(|(of, _)| *of != number) {
                    let mut sums = vec![0; REGION_BLOCKS * SUM];
                    self.region(entry, number, &mut sums)?;
                    region = Some((number, sums));
                }
                let wrong = || {
                    let name = &entry.name;
                    let why =
                        format!("the capsule is damaged: {name}: the data of byte {at} do not fit their sum");
                    ReadError::Damaged(why)
                };
                let held = data.find(at).ok_or(ReadError::NoData)?;
                let part = self.part(&held).map_err(|why| {
                    ReadError::Damaged(format!(
                        "the capsule is damaged: {}: the data of byte {at}: {why}",
                        entry.name
                    ))
                })?;
                let block = part.get(held.from..held.from + BLOCK_SIZE as usize).ok_or_else(wrong)?;
                let place = (at % REGION / BLOCK_SIZE) as usize * SUM;
                let known = region.as_ref().and_then(|(_, sums)| sums.get(place..place + SUM));
                let sum = self.sum(block).ok_or(ReadError::NoKey)?;
                if known != Some(&sum[..]) {
                    return Err(wrong());
                }
                let (start, end) = (at.max(run.start), (at + BLOCK_SIZE).min(run.end));
                buf[(start - offset) as usize..(end - offset) as usize]
                    .copy_from_slice(&block[(start - at) as usize..(end - at) as usize]);
                at += BLOCK_SIZE;
            }
        }
        Ok(())
    }

    /// A part of the data, unpacked.
    fn part(&self, held: &Held) -> Result<Arc<Vec<u8>>, String> {
        let place = (held.part.at, held.part.len);
        let mut last = self.part.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, bytes)) = &*last
            && *at == place
        {
            return Ok(Arc::clone(bytes));
        }
        let mut packed = vec![0; held.part.len as usize];
        self.file.read(held.part.at, &mut packed).map_err(|error| error.to_string())?;
        if hash::part(&packed) != held.part.sum {
            return Err("the part that holds them does not fit its sum".to_owned());
        }
        let bytes = inflate(&packed, held.size).map_err(|error| error.to_string())?;
        let bytes = Arc::new(bytes);
        *last = Some((place, Arc::clone(&bytes)));
        Ok(bytes)
    }
}

impl Source for Capsuled {
    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn read(&self, entry: &Entry) -> Result<Cow<'_, [u8]>, ReadError> {
        let (own, content) = self.find(entry)?;
        if own.size > SMALL_FILE_LIMIT {
            return Err(ReadError::TooLarge { size: own.size, limit: SMALL_FILE_LIMIT });
        }
        match content {
            Content::Packed(at) => {
                let mut bytes = vec![0; own.size as usize];
                self.packed(*at, &mut bytes)?;
                Ok(Cow::Owned(bytes))
            }
            Content::Image(_) => Err(ReadError::NoData),
            Content::Absent => Err(absent(own)),
        }
    }

    fn modified(&self, entry: &Entry) -> Option<i128> {
        let at = self.entries.binary_search_by(|own| own.name.cmp(&entry.name)).ok()?;
        self.times[at]
    }

    fn changed(&self) -> Vec<String> {
        self.file.changed().map(|line| line.replace("archive", "capsule")).into_iter().collect()
    }

    fn extents(&self, entry: &Entry) -> Result<Extents, ReadError> {
        match self.find(entry)? {
            (_, Content::Image(image)) => {
                Ok(Extents { runs: image.table.stored.clone(), origin: image.origin })
            }
            (own, Content::Packed(_)) => {
                let whole = [Run { start: 0, end: own.size }];
                Ok(Extents { runs: clip(whole, own.size), origin: Origin::Dense })
            }
            (own, Content::Absent) => Err(absent(own)),
        }
    }

    fn read_at(&self, entry: &Entry, offset: u64, buf: &mut [u8]) -> Result<usize, ReadError> {
        let (own, content) = self.find(entry)?;
        let left = usize::try_from(own.size.saturating_sub(offset)).unwrap_or(usize::MAX);
        let wanted = left.min(buf.len());
        match content {
            _ if wanted == 0 => Ok(0),
            Content::Packed(at) => {
                self.packed(at.saturating_add(offset), &mut buf[..wanted])?;
                Ok(wanted)
            }
            Content::Image(image) => {
                self.image_bytes(own, image, offset, &mut buf[..wanted])?;
                Ok(wanted)
            }
            Content::Absent => Err(absent(own)),
        }
    }

    fn sums(&self) -> Option<&dyn Sums> {
        Some(self)
    }
}

/// Why there is nothing of a file.
fn absent(entry: &Entry) -> ReadError {
    match &entry.damage {
        Some(damage) => ReadError::Damaged(damage.clone()),
        None => ReadError::NotKept,
    }
}

impl Sums for Capsuled {
    fn born(&self, entry: &Entry) -> Option<i128> {
        let at = self.entries.binary_search_by(|own| own.name.cmp(&entry.name)).ok()?;
        self.births[at]
    }

    fn key(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    fn is_attested(&self) -> bool {
        self.attested
    }

    fn held(&self) -> u64 {
        self.held
    }

    fn sum(&self, block: &[u8]) -> Option<Sum> {
        (self.key_id.is_none() || self.key.is_some()).then(|| hash::block(self.key.as_ref(), block))
    }

    fn zeros(&self, entry: &Entry) -> Runs {
        self.image(entry).map(|image| image.table.zeros.clone()).unwrap_or_default()
    }

    fn zeros_in(&self, entry: &Entry, run: Run) -> Runs {
        self.image(entry).map(|image| image.table.zeros.clip(run.start, run.end)).unwrap_or_default()
    }

    fn region(&self, entry: &Entry, number: u64, out: &mut [u8]) -> Result<(), ReadError> {
        out.fill(0);
        let Some(image) = self.image(entry) else { return Err(ReadError::NotKept) };
        let Some(region) = image.table.region(number) else { return Ok(()) };
        let blocks: Vec<u64> = image.table.blocks_in(number).collect();
        let mut sums = vec![0; blocks.len() * SUM];
        self.file.read(image.sums + region.first * SUM as u64, &mut sums)?;
        let (sums, _) = sums.as_chunks::<SUM>();
        if hash::region(blocks.iter().copied().zip(sums.iter().copied())) != region.whole {
            return Err(ReadError::Damaged(
                "the capsule is damaged: the sums of a region do not fit".to_owned(),
            ));
        }
        for (at, sum) in blocks.iter().zip(sums) {
            let place = (at % REGION / BLOCK_SIZE) as usize * SUM;
            if let Some(out) = out.get_mut(place..place + SUM) {
                out.copy_from_slice(sum);
            }
        }
        Ok(())
    }

    fn whole(&self, entry: &Entry, number: u64) -> Option<Sum> {
        let image = self.image(entry)?;
        Some(image.table.region(number).map_or(ZERO, |region| region.whole))
    }
}
