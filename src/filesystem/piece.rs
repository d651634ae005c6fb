//! Where the blocks of a file lie, and its bytes at a place, never whole: of any file system.

use super::bytes::FsError;

/// Pieces that are kept of one file; more are of a file system made to do harm.
const PIECES: usize = 1 << 22;

/// A stretch of a file that lies in one piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    /// First block of the file.
    pub logical: u64,
    /// First block of the file system.
    pub physical: u64,
    /// How many.
    pub blocks: u64,
    /// Whether they read as zeros: set aside, not yet written.
    pub unwritten: bool,
}

/// A part of what a file takes up.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    /// Its data.
    Data(Piece),
    /// A block of its map.
    Map(u64),
}

/// What visits the parts of a file.
pub(super) type Visit<'v> = dyn FnMut(Part) -> Result<(), FsError> + 'v;

/// The blocks of a file system.
pub(super) trait Blocks: Sync {
    /// Bytes of one.
    fn block_size(&self) -> u64;

    /// Bytes at a place of the file system.
    fn data(&self, offset: u64, buf: &mut [u8]) -> Result<(), FsError>;

    /// Counts work, and ends it where no sound file system asks for so much.
    fn spend(&self, work: u64) -> Result<(), FsError>;
}

/// A file whose map has been read.
pub(super) struct File<'a> {
    blocks: &'a dyn Blocks,
    pub size: u64,
    /// By their place in the file, without what is set aside and not yet written.
    pub pieces: Vec<Piece>,
    inline: Option<Vec<u8>>,
}

/// Reads the map of a file, whose parts `parts` visits.
pub(super) fn read_map<'a>(
    blocks: &'a dyn Blocks,
    size: u64,
    inline: Option<Vec<u8>>,
    parts: impl FnOnce(&mut Visit<'_>) -> Result<(), FsError>,
) -> Result<File<'a>, FsError> {
    let mut pieces: Vec<Piece> = Vec::new();
    parts(&mut |part| {
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
    Ok(File { blocks, size, pieces, inline })
}

impl File<'_> {
    /// Counts work.
    pub fn spend(&self, work: u64) -> Result<(), FsError> {
        self.blocks.spend(work)
    }

    /// Bytes of the file that nothing stores.
    pub fn holes(&self) -> u64 {
        let stored = match &self.inline {
            Some(inline) => (inline.len() as u64).min(self.size),
            None => {
                let size = self.blocks.block_size();
                let within = |blocks: u64| blocks.saturating_mul(size).min(self.size);
                let each = self
                    .pieces
                    .iter()
                    .map(|piece| within(piece.logical.saturating_add(piece.blocks)) - within(piece.logical));
                each.fold(0, u64::saturating_add)
            }
        };
        self.size.saturating_sub(stored)
    }

    /// The first byte at or behind `at` that is stored; `None` where only zeros follow.
    pub fn next_data(&self, at: u64) -> Option<u64> {
        if let Some(inline) = &self.inline {
            return (at < inline.len() as u64).then_some(at);
        }
        let size = self.blocks.block_size();
        let end = |piece: &Piece| (piece.logical + piece.blocks).saturating_mul(size);
        let first = self.pieces.partition_point(|piece| end(piece) <= at);
        self.pieces.get(first).map(|piece| at.max(piece.logical.saturating_mul(size)))
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
        let size = self.blocks.block_size();
        let end = self.size.min(offset.saturating_add(buf.len() as u64));
        let stop_of = |piece: &Piece| (piece.logical + piece.blocks).saturating_mul(size);
        let first = self.pieces.partition_point(|piece| stop_of(piece) <= offset);
        for piece in &self.pieces[first..] {
            let start = piece.logical.saturating_mul(size).max(offset);
            let stop = stop_of(piece).min(end);
            if start >= end {
                break;
            }
            let from = piece.physical * size + (start - piece.logical * size);
            self.blocks.data(from, &mut buf[(start - offset) as usize..(stop - offset) as usize])?;
        }
        Ok(())
    }
}
