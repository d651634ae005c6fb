//! A replica directory that exists in memory only, for tests and for embedding; it can be made to fail.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;

use super::{Entry, Extents, Kind, Origin, ReadError, SMALL_FILE_LIMIT, Source, clip};
use crate::ident::{Run, Runs};

/// A [`Source`] built by hand.
///
/// ```
/// use jivascope::evidence::{MemorySource, Source};
///
/// let source = MemorySource::new()
///     .file("volume.meta", b"{}")
///     .image("volume-head-000.img", 1 << 20, [(4096, vec![7; 4096])])
///     .fail_read("volume-head-000.img", 5000);
/// assert_eq!(*source.read(&source.entries()[1])?, b"{}"[..]);
/// assert!(source.read_at(&source.entries()[0], 4096, &mut [0; 4096]).is_err());
/// # Ok::<(), jivascope::evidence::ReadError>(())
/// ```
#[derive(Debug, Clone)]
pub struct MemorySource {
    entries: Vec<Entry>,
    files: BTreeMap<String, File>,
    times: BTreeMap<String, i128>,
    origin: Origin,
    links: u64,
}

#[derive(Debug, Clone, Default)]
struct File {
    data: Vec<(u64, Vec<u8>)>,
    runs: Runs,
    fails: Vec<u64>,
}

impl Default for MemorySource {
    fn default() -> Self {
        Self::new()
    }
}

impl MemorySource {
    /// An empty directory.
    pub fn new() -> Self {
        Self {
            entries: Vec::new(),
            files: BTreeMap::new(),
            times: BTreeMap::new(),
            origin: Origin::Fiemap,
            links: 0,
        }
    }

    /// Adds a file whose bytes are all stored.
    #[must_use]
    pub fn file(self, name: &str, bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        let size = bytes.len() as u64;
        self.image(name, size, [(0, bytes)])
    }

    /// Adds a file of `size` bytes that stores these ranges only, given as offset and bytes in
    /// ascending order; what reaches beyond `size` is cut off.
    #[must_use]
    pub fn image(mut self, name: &str, size: u64, stored: impl IntoIterator<Item = (u64, Vec<u8>)>) -> Self {
        let data: Vec<(u64, Vec<u8>)> = stored.into_iter().collect();
        let ranges = data.iter().map(|(at, bytes)| Run { start: *at, end: at + bytes.len() as u64 });
        let runs = clip(Runs::from_unsorted(ranges.collect()).iter().copied(), size);
        self.files.insert(name.to_owned(), File { data, runs, fails: Vec::new() });
        self.add(name, Kind::File, size)
    }

    /// Adds something that is not a file.
    #[must_use]
    pub fn other(self, name: &str, kind: Kind) -> Self {
        self.add(name, kind, 0)
    }

    /// Gives a file that is there another name.
    #[must_use]
    pub fn link(mut self, name: &str, target: &str) -> Self {
        let Some(entry) = self.entries.iter_mut().find(|entry| entry.name == target) else { return self };
        if entry.link.is_none() {
            entry.link = Some(self.links);
            self.links += 1;
        }
        let linked = Entry { name: name.to_owned(), ..entry.clone() };
        if let Some(file) = self.files.get(target).cloned() {
            self.files.insert(name.to_owned(), file);
        }
        if let Some(time) = self.times.get(target).copied() {
            self.times.insert(name.to_owned(), time);
        }
        self.entries.retain(|entry| entry.name != name);
        self.entries.push(linked);
        self.sorted()
    }

    /// Sets the time of the last change, in nanoseconds since 1970.
    #[must_use]
    pub fn modified(mut self, name: &str, time: i128) -> Self {
        self.times.insert(name.to_owned(), time);
        self
    }

    /// Marks the copy of a file as damaged; its bytes stay readable.
    #[must_use]
    pub fn damage(mut self, name: &str, why: &str) -> Self {
        for entry in self.entries.iter_mut().filter(|entry| entry.name == name) {
            entry.damage = Some(why.to_owned());
        }
        self
    }

    /// Makes every read fail that touches this byte of a file; extents stay known.
    #[must_use]
    pub fn fail_read(mut self, name: &str, offset: u64) -> Self {
        if let Some(file) = self.files.get_mut(name) {
            file.fails.push(offset);
        }
        self
    }

    /// Says how extents are known; [`Origin::Fiemap`] otherwise. With [`Origin::Dense`] every byte of
    /// every file counts as stored.
    #[must_use]
    pub fn origin(mut self, origin: Origin) -> Self {
        self.origin = origin;
        self
    }

    fn add(mut self, name: &str, kind: Kind, size: u64) -> Self {
        self.entries.retain(|entry| entry.name != name);
        let name = name.to_owned();
        self.entries.push(Entry { name, kind, size, link: None, damage: None });
        self.sorted()
    }

    fn sorted(mut self) -> Self {
        self.entries.sort_by(|a, b| a.name.cmp(&b.name));
        self
    }

    fn get(&self, entry: &Entry) -> Result<(&Entry, &File), ReadError> {
        let own = self.entries.iter().find(|own| own.name == entry.name);
        let own = own.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        match self.files.get(&own.name) {
            Some(file) if own.kind == Kind::File => Ok((own, file)),
            _ => Err(ReadError::NotAFile(own.kind)),
        }
    }
}

impl Source for MemorySource {
    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn read(&self, entry: &Entry) -> Result<Cow<'_, [u8]>, ReadError> {
        let (own, _) = self.get(entry)?;
        if own.size > SMALL_FILE_LIMIT {
            return Err(ReadError::TooLarge { size: own.size, limit: SMALL_FILE_LIMIT });
        }
        let mut bytes = vec![0; own.size as usize];
        self.read_at(entry, 0, &mut bytes)?;
        Ok(bytes.into())
    }

    fn modified(&self, entry: &Entry) -> Option<i128> {
        self.times.get(&entry.name).copied()
    }

    fn extents(&self, entry: &Entry) -> Result<Extents, ReadError> {
        let (own, file) = self.get(entry)?;
        let whole = [Run { start: 0, end: own.size }];
        let runs = if self.origin == Origin::Dense { clip(whole, own.size) } else { file.runs.clone() };
        Ok(Extents { runs, origin: self.origin })
    }

    fn read_at(&self, entry: &Entry, offset: u64, buf: &mut [u8]) -> Result<usize, ReadError> {
        let (own, file) = self.get(entry)?;
        let len = usize::try_from(own.size.saturating_sub(offset)).unwrap_or(usize::MAX).min(buf.len());
        let end = offset.saturating_add(len as u64);
        if let Some(at) = file.fails.iter().find(|&&at| (offset..end).contains(&at)) {
            return Err(io::Error::other(format!("made to fail at byte {at}")).into());
        }
        buf[..len].fill(0);
        for (at, bytes) in &file.data {
            let (from, to) = ((*at).max(offset), (at + bytes.len() as u64).min(end));
            if from < to {
                let part = &bytes[(from - at) as usize..(to - at) as usize];
                buf[(from - offset) as usize..(to - offset) as usize].copy_from_slice(part);
            }
        }
        Ok(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_what_was_put_in() {
        let source = MemorySource::new()
            .image("b.img", 20_000, [(4096, vec![1; 4096]), (16384, vec![2; 4096])])
            .file("a", b"text")
            .other("c", Kind::Fifo)
            .link("d.img", "b.img")
            .fail_read("d.img", 0);
        let names: Vec<&str> = source.entries().iter().map(|e| e.name.as_str()).collect();
        assert_eq!(names, ["a", "b.img", "c", "d.img"]);
        let [a, b, c, d] = source.entries() else { panic!() };
        assert_eq!((b.link, d.link), (Some(0), Some(0)));
        assert_eq!(*source.read(a).unwrap(), b"text"[..]);
        assert!(matches!(source.read(c), Err(ReadError::NotAFile(Kind::Fifo))));
        let mut buf = [9; 6000];
        assert_eq!(source.read_at(b, 16000, &mut buf).unwrap(), 4000);
        assert_eq!((buf[383], buf[384], buf[3999]), (0, 2, 2));
        assert!(source.read_at(d, 0, &mut buf).is_err());
        assert!(source.read_at(d, 1, &mut buf).is_ok());
        let runs = source.extents(b).unwrap().runs;
        assert_eq!(runs.as_slice(), [Run { start: 4096, end: 8192 }, Run { start: 16384, end: 20480 }]);
    }
}
