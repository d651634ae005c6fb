//! Where a file system's bytes come from: a view, a part of one, or memory.

use crate::blocks::MergedView;
use crate::ident::Run;

/// Why something inside a view cannot be served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FsError {
    /// The view itself cannot be read there.
    #[error("{0}")]
    Read(String),
    /// The file system contradicts itself or its format.
    #[error("the file system is damaged: {0}")]
    Damaged(String),
    /// The file system uses something that is not read here.
    #[error("not supported: {0}")]
    Unsupported(String),
    /// There is no such path.
    #[error("no such file or directory")]
    NotFound,
    /// More work than a sound file system of this size can ask for.
    #[error("the file system is damaged: reading it does not come to an end")]
    Endless,
}

impl FsError {
    pub(super) fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged(what.into())
    }
}

/// Bytes at a place.
pub trait Bytes: Sync {
    /// How many there are.
    fn size(&self) -> u64;

    /// How many of them are stored; the others are zeros. It bounds the work that is done for a file system.
    fn stored(&self) -> u64 {
        self.size()
    }

    /// Fills `buf` from `offset` on.
    ///
    /// # Errors
    /// Where the bytes end before, or cannot be read.
    fn read(&self, offset: u64, buf: &mut [u8]) -> Result<(), FsError>;
}

impl Bytes for MergedView {
    fn size(&self) -> u64 {
        Self::size(self)
    }

    fn stored(&self) -> u64 {
        self.supply().segments().iter().map(|segment| segment.run.len()).sum()
    }

    fn read(&self, offset: u64, buf: &mut [u8]) -> Result<(), FsError> {
        match self.read_at(offset, buf) {
            Ok(count) if count == buf.len() => Ok(()),
            Ok(_) => Err(beyond(offset, buf.len(), Self::size(self))),
            Err(error) => Err(FsError::Read(error.to_string())),
        }
    }
}

impl Bytes for [u8] {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn read(&self, offset: u64, buf: &mut [u8]) -> Result<(), FsError> {
        let start = usize::try_from(offset).ok();
        let range = start.and_then(|start| Some(start..start.checked_add(buf.len())?));
        let bytes = range.and_then(|range| self.get(range));
        buf.copy_from_slice(bytes.ok_or_else(|| beyond(offset, buf.len(), self.len() as u64))?);
        Ok(())
    }
}

impl<T: Bytes + ?Sized> Bytes for &T {
    fn size(&self) -> u64 {
        (**self).size()
    }

    fn stored(&self) -> u64 {
        (**self).stored()
    }

    fn read(&self, offset: u64, buf: &mut [u8]) -> Result<(), FsError> {
        (**self).read(offset, buf)
    }
}

impl Bytes for Vec<u8> {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn read(&self, offset: u64, buf: &mut [u8]) -> Result<(), FsError> {
        Bytes::read(self.as_slice(), offset, buf)
    }
}

fn beyond(offset: u64, len: usize, size: u64) -> FsError {
    FsError::damaged(format!("{len} bytes at {offset} are wanted, and the view ends at {size}"))
}

/// A part of a view as a view of its own.
#[derive(Clone, Copy)]
pub(super) struct Within<'a> {
    pub bytes: &'a dyn Bytes,
    pub place: Run,
}

impl Bytes for Within<'_> {
    fn size(&self) -> u64 {
        self.place.len()
    }

    fn stored(&self) -> u64 {
        self.bytes.stored().min(self.place.len())
    }

    fn read(&self, offset: u64, buf: &mut [u8]) -> Result<(), FsError> {
        let end = offset.saturating_add(buf.len() as u64);
        if end > self.place.len() {
            return Err(FsError::damaged(format!(
                "bytes up to {end} are wanted, and it ends at {}",
                self.place.len()
            )));
        }
        self.bytes.read(self.place.start + offset, buf)
    }
}

/// Little-endian and big-endian numbers of a structure. Where the bytes end before, the number is zero: every structure is
/// read with its full length first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'a>(pub &'a [u8]);

impl Fields<'_> {
    fn array<const N: usize>(self, at: usize) -> [u8; N] {
        let bytes = at.checked_add(N).and_then(|end| self.0.get(at..end));
        bytes.and_then(|bytes| bytes.try_into().ok()).unwrap_or([0; N])
    }

    pub fn u8(self, at: usize) -> u8 {
        self.array::<1>(at)[0]
    }

    pub fn u16(self, at: usize) -> u16 {
        u16::from_le_bytes(self.array(at))
    }

    pub fn u32(self, at: usize) -> u32 {
        u32::from_le_bytes(self.array(at))
    }

    pub fn u64(self, at: usize) -> u64 {
        u64::from_le_bytes(self.array(at))
    }

    pub fn be16(self, at: usize) -> u16 {
        u16::from_be_bytes(self.array(at))
    }

    pub fn be32(self, at: usize) -> u32 {
        u32::from_be_bytes(self.array(at))
    }

    pub fn be64(self, at: usize) -> u64 {
        u64::from_be_bytes(self.array(at))
    }

    /// Two halves of one number.
    pub fn halves(self, low: usize, high: usize) -> u64 {
        u64::from(self.u32(high)) << 32 | u64::from(self.u32(low))
    }

    pub fn bytes(&self, at: usize, len: usize) -> &[u8] {
        at.checked_add(len).and_then(|end| self.0.get(at..end)).unwrap_or(&[])
    }

    /// Text that ends at its first zero byte, as lossy UTF-8; `None` where it is empty.
    pub fn text(&self, at: usize, len: usize) -> Option<String> {
        let bytes = self.bytes(at, len);
        let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
        (end > 0).then(|| String::from_utf8_lossy(&bytes[..end]).into_owned())
    }

    /// A UUID as it is written; `None` where it is all zeros.
    pub fn uuid(&self, at: usize) -> Option<String> {
        let bytes = self.bytes(at, 16);
        if bytes.len() < 16 || bytes.iter().all(|byte| *byte == 0) {
            return None;
        }
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Some([&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-"))
    }
}
