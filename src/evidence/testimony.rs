//! Files that testify about replicas without being one: where they are, and their bytes.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::recognise::{LOOK, recognise};
use super::{Entry, Source, decode, spelled, tar};

/// A log, a reply of the REST API or Kubernetes objects, known by its content; what it says is for others to read.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Testimony {
    /// For people: the path as given and what follows it.
    pub path: String,
    place: Place,
}

#[derive(Clone)]
enum Place {
    File(PathBuf),
    Bytes(Arc<[u8]>),
    /// The only entry of a source.
    Source(Arc<dyn Source>),
}

impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::File(one), Self::File(other)) => one == other,
            (Self::Bytes(one), Self::Bytes(other)) => one == other,
            (Self::Source(one), Self::Source(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }
}

impl Eq for Place {}

impl Testimony {
    /// A file of the file system.
    pub fn of_file(path: &Path) -> Self {
        Self { path: spelled(path), place: Place::File(path.to_owned()) }
    }

    /// A small file that was read already.
    pub fn of_bytes(path: impl Into<String>, bytes: impl Into<Arc<[u8]>>) -> Self {
        Self { path: path.into(), place: Place::Bytes(bytes.into()) }
    }

    /// The only file of a source, of any size.
    pub(super) fn of_source(path: impl Into<String>, source: Arc<dyn Source>) -> Self {
        Self { path: path.into(), place: Place::Source(source) }
    }

    /// The directory that it is in, for people.
    pub fn directory(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(directory, _)| directory)
    }

    /// Its bytes, unpacked where they are packed.
    ///
    /// # Errors
    /// As the system's; it is opened only where it is a regular file.
    pub fn open(&self) -> io::Result<Box<dyn Read + Send + '_>> {
        match &self.place {
            Place::Bytes(bytes) => unpacked(&bytes[..]),
            Place::Source(source) => match source.entries() {
                [entry] => open_entry(source.as_ref(), entry),
                _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "is no single file")),
            },
            Place::File(path) => {
                // What the name stands for may have changed since it was listed.
                let flags = rustix::fs::OFlags::NONBLOCK;
                let file = File::options().read(true).custom_flags(flags.bits() as i32).open(path)?;
                if !file.metadata()?.is_file() {
                    return Err(io::Error::new(io::ErrorKind::InvalidInput, "is no regular file"));
                }
                unpacked(file)
            }
        }
    }
}

/// The files that may testify about replicas: the one given, or everything of that kind below a directory, by path.
/// Links below it are not followed.
///
/// # Errors
/// If the path does not exist, or is neither a file nor a directory.
pub fn testimonies(path: &Path) -> io::Result<Vec<Testimony>> {
    let meta = std::fs::metadata(path)?;
    if meta.is_file() {
        return Ok(vec![Testimony::of_file(path)]);
    }
    if !meta.is_dir() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "is neither a file nor a directory"));
    }
    let walk = walkdir::WalkDir::new(path).sort_by_file_name();
    let files = walk.into_iter().filter_map(Result::ok).filter(|entry| entry.file_type().is_file());
    Ok(files.map(|entry| Testimony::of_file(entry.path())).filter(may_testify).collect())
}

/// Whether the first bytes of a file, unpacked, look like those of a witness.
fn may_testify(testimony: &Testimony) -> bool {
    let mut start = Vec::new();
    let name = testimony.path.rsplit('/').next().unwrap_or_default();
    let read = testimony.open().and_then(|bytes| bytes.take(LOOK as u64).read_to_end(&mut start));
    read.is_ok() && !tar::begins_one(&start) && recognise(name, &start).is_some_and(|known| known.witness)
}

impl fmt::Debug for Testimony {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Testimony").field("path", &self.path).finish_non_exhaustive()
    }
}

/// A stream of bytes, unpacked where it is packed.
fn unpacked<'a>(stream: impl Read + Send + 'a) -> io::Result<Box<dyn Read + Send + 'a>> {
    decode::open(stream).map(|(_, content)| content)
}

/// The bytes of a file of a replica, unpacked where they are packed.
///
/// # Errors
/// As for reading the file.
pub fn open_entry<'a>(source: &'a dyn Source, entry: &'a Entry) -> io::Result<Box<dyn Read + Send + 'a>> {
    unpacked(Bytes { source, entry, at: 0 })
}

struct Bytes<'a> {
    source: &'a dyn Source,
    entry: &'a Entry,
    at: u64,
}

impl Read for Bytes<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.at == 0
            && self.entry.size <= super::SMALL_FILE_LIMIT
            && let Ok(whole) = self.source.read(self.entry)
        {
            let got = whole.len().min(buf.len());
            buf[..got].copy_from_slice(&whole[..got]);
            self.at += got as u64;
            return Ok(got);
        }
        let left = usize::try_from(self.entry.size.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let wanted = buf.len().min(left);
        if wanted == 0 {
            return Ok(0);
        }
        let got = match self.source.read_at(self.entry, self.at, &mut buf[..wanted]) {
            Ok(got) => got,
            Err(_) if self.entry.size <= super::SMALL_FILE_LIMIT => {
                let whole = self.source.read(self.entry).map_err(io::Error::other)?;
                let from = usize::try_from(self.at).unwrap_or(usize::MAX).min(whole.len());
                let got = wanted.min(whole.len() - from);
                buf[..got].copy_from_slice(&whole[from..from + got]);
                got
            }
            Err(error) => return Err(io::Error::other(error)),
        };
        self.at += got as u64;
        Ok(got)
    }
}
