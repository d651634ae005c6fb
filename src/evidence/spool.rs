//! Where the image data of a compressed archive go: a little memory, then one file without a name.
//!
//! One spool serves all archives of a gathering, so its limit is the limit of the whole. The file is
//! unlinked as soon as it is made; even a killed process leaves nothing behind.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError, RwLock};

use memmap2::MmapMut;

use super::handles::read_full_at;

/// The first bytes stay in memory: small cases then need no writable directory. The map is
/// anonymous; the system gives its pages only as they are written.
const MEMORY: u64 = 16 << 20;

/// The free space is looked at anew after as much growth.
const STEP: u64 = 64 << 20;

/// Why image data could not be put aside.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpoolError {
    /// More data than allowed.
    #[error("its images hold more data than the limit of {limit} bytes for temporary files")]
    Limit {
        /// The limit in bytes.
        limit: u64,
    },
    /// The temporary directory would be filled up.
    #[error("only {free} bytes are free for temporary files in {dir}")]
    Full {
        /// Bytes that are still free.
        free: u64,
        /// The directory.
        dir: PathBuf,
    },
    /// The temporary file cannot be made or used.
    #[error("temporary file in {dir}")]
    Io {
        /// The directory.
        dir: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Data in the order in which they came.
#[derive(Debug)]
pub(super) struct Spool {
    dir: PathBuf,
    limit: u64,
    used: AtomicU64,
    memory: RwLock<Option<MmapMut>>,
    file: OnceLock<File>,
    making: Mutex<()>,
}

impl Spool {
    pub(super) fn new(dir: Option<PathBuf>, limit: u64) -> Self {
        Self {
            dir: dir.unwrap_or_else(std::env::temp_dir),
            limit,
            used: AtomicU64::new(0),
            memory: RwLock::new(None),
            file: OnceLock::new(),
            making: Mutex::new(()),
        }
    }

    /// Whether there is room for a file that is no image, and most of what is left stays for images.
    pub(super) fn can_spare(&self, len: u64) -> bool {
        len <= self.limit.saturating_sub(self.used.load(Ordering::Relaxed)) / 4
    }

    /// Puts data aside and tells where.
    pub(super) fn write(&self, data: &[u8]) -> Result<u64, SpoolError> {
        let len = data.len() as u64;
        let place = self.used.fetch_add(len, Ordering::Relaxed);
        if place.saturating_add(len) > self.limit {
            return Err(SpoolError::Limit { limit: self.limit });
        }
        let in_memory = MEMORY.saturating_sub(place).min(len) as usize;
        if in_memory > 0 {
            let mut memory = self.memory.write().unwrap_or_else(PoisonError::into_inner);
            if memory.is_none() {
                *memory = Some(MmapMut::map_anon(MEMORY as usize).map_err(|error| self.failed(error))?);
            }
            if let Some(map) = memory.as_mut() {
                map[place as usize..place as usize + in_memory].copy_from_slice(&data[..in_memory]);
            }
        }
        if in_memory < data.len() {
            let at = place + in_memory as u64;
            let file = self.file()?;
            if at / STEP != (place + len) / STEP {
                self.look_for_space(file)?;
            }
            file.write_all_at(&data[in_memory..], at - MEMORY).map_err(|error| self.failed(error))?;
        }
        Ok(place)
    }

    /// Reads what was put aside.
    pub(super) fn read(&self, place: u64, buf: &mut [u8]) -> io::Result<()> {
        let in_memory = MEMORY.saturating_sub(place).min(buf.len() as u64) as usize;
        if in_memory > 0 {
            let memory = self.memory.read().unwrap_or_else(PoisonError::into_inner);
            let map = memory.as_ref().ok_or(io::ErrorKind::UnexpectedEof)?;
            buf[..in_memory].copy_from_slice(&map[place as usize..place as usize + in_memory]);
        }
        if in_memory < buf.len() {
            let file = self.file.get().ok_or(io::ErrorKind::UnexpectedEof)?;
            let rest = &mut buf[in_memory..];
            if read_full_at(file, rest, place + in_memory as u64 - MEMORY)? < rest.len() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(())
    }

    fn file(&self) -> Result<&File, SpoolError> {
        let _one_at_a_time = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = self.file.get() {
            return Ok(file);
        }
        let file = tempfile::tempfile_in(&self.dir).map_err(|error| self.failed(error))?;
        self.look_for_space(&file)?;
        Ok(self.file.get_or_init(|| file))
    }

    /// Refuses to go on where the next step would fill the file system: other programs need it too.
    fn look_for_space(&self, file: &File) -> Result<(), SpoolError> {
        let stat = rustix::fs::fstatvfs(file).map_err(|error| self.failed(error.into()))?;
        let free = stat.f_bavail.saturating_mul(stat.f_frsize);
        if free < 2 * STEP {
            return Err(SpoolError::Full { free, dir: self.dir.clone() });
        }
        Ok(())
    }

    fn failed(&self, source: io::Error) -> SpoolError {
        SpoolError::Io { dir: self.dir.clone(), source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_come_back_from_memory_and_file() {
        let dir = tempfile::tempdir().unwrap();
        let spool = Spool::new(Some(dir.path().to_owned()), 1 << 30);
        let chunk = |n: u8| vec![n; 5_000_011];
        let places: Vec<u64> = (0..6).map(|n| spool.write(&chunk(n)).unwrap()).collect();
        for (n, place) in places.into_iter().enumerate() {
            let mut back = vec![0; 5_000_011];
            spool.read(place, &mut back).unwrap();
            assert_eq!(back, chunk(n as u8));
        }
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "the file has no name");
    }

    #[test]
    fn limits_are_told() {
        let spool = Spool::new(Some("/nonexistent".into()), MEMORY + 10);
        spool.write(&vec![1; MEMORY as usize]).unwrap();
        assert!(matches!(spool.write(&[1; 11]), Err(SpoolError::Limit { .. })));
        let spool = Spool::new(Some("/nonexistent".into()), 1 << 40);
        assert!(matches!(spool.write(&vec![1; MEMORY as usize + 1]), Err(SpoolError::Io { .. })));
    }
}
