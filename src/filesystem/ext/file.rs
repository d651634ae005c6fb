//! The bytes of a file, at a place, never whole.

use super::Ext;
use super::inode::{FileKind, Inode};
use super::map::{Part, Piece};
use crate::filesystem::bytes::FsError;

/// Pieces that are kept of one file; more are of a file system made to do harm.
const PIECES: usize = 1 << 22;
/// The longest target of a symbolic link.
const TARGET: u64 = 65_536;

/// A file whose map has been read.
pub(in crate::filesystem) struct File<'a> {
    ext: &'a Ext<'a>,
    pub size: u64,
    /// By their place in the file, without what is set aside and not yet written.
    pub pieces: Vec<Piece>,
    inline: Option<Vec<u8>>,
}

impl Ext<'_> {
    /// Reads the map of a file.
    pub fn file(&self, inode: &Inode) -> Result<File<'_>, FsError> {
        let mut pieces: Vec<Piece> = Vec::new();
        self.parts(inode, &mut |part| {
            if let Part::Data(piece) = part
                && !piece.unwritten
            {
                if pieces.len() >= PIECES {
                    return Err(FsError::Endless);
                }
                pieces.push(piece);
            }
            Ok(())
        })?;
        let inline = inode.is_inline().then(|| inode.inline());
        Ok(File { ext: self, size: inode.size, pieces, inline })
    }

    /// Where a symbolic link leads.
    pub fn target(&self, inode: &Inode) -> Result<Vec<u8>, FsError> {
        let size = usize::try_from(inode.size.min(TARGET)).unwrap_or(0);
        if inode.kind() != Some(FileKind::Link) {
            return Err(FsError::damaged(format!("inode {} is no symbolic link", inode.number)));
        }
        if !inode.is_mapped() && !inode.is_inline() {
            return Ok(inode.map[..size.min(inode.map.len())].to_vec());
        }
        let mut out = vec![0; size];
        self.file(inode)?.read_at(0, &mut out)?;
        Ok(out)
    }
}

impl File<'_> {
    /// Counts work.
    pub(super) fn spend(&self, work: u64) -> Result<(), FsError> {
        self.ext.spend(work)
    }

    /// The first byte at or behind `at` that is stored; `None` where only zeros follow.
    pub fn next_data(&self, at: u64) -> Option<u64> {
        if let Some(inline) = &self.inline {
            return (at < inline.len() as u64).then_some(at);
        }
        let size = self.ext.block_size();
        let first = self.pieces.partition_point(|piece| (piece.logical + piece.blocks) * size <= at);
        self.pieces.get(first).map(|piece| at.max(piece.logical * size))
    }

    /// Fills `buf` from `offset` on; behind the end, and where nothing is stored, with zeros.
    pub fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), FsError> {
        buf.fill(0);
        if let Some(inline) = &self.inline {
            let start = usize::try_from(offset).unwrap_or(usize::MAX).min(inline.len());
            let len = (inline.len() - start).min(buf.len());
            buf[..len].copy_from_slice(&inline[start..start + len]);
            return Ok(());
        }
        let size = self.ext.block_size();
        let end = self.size.min(offset.saturating_add(buf.len() as u64));
        let first = self.pieces.partition_point(|piece| (piece.logical + piece.blocks) * size <= offset);
        for piece in &self.pieces[first..] {
            let start = (piece.logical * size).max(offset);
            let stop = ((piece.logical + piece.blocks) * size).min(end);
            if start >= end {
                break;
            }
            let from = piece.physical * size + (start - piece.logical * size);
            self.ext.data(from, &mut buf[(start - offset) as usize..(stop - offset) as usize])?;
        }
        Ok(())
    }
}
