//! Parts of files, and where their bytes are in an archive or a spool.

use super::archive::Piece;
use super::spool::{Spool, SpoolError};
use super::tar::Walk;
use crate::ident::{BLOCK_SIZE, Run};

/// Payload is put aside in parts of this size.
const CHUNK: usize = 256 << 10;

/// Moves payload to the spool.
#[derive(Debug, Default)]
pub(super) struct Packer {
    buf: Vec<u8>,
    packed: Vec<u8>,
}

impl Packer {
    /// Puts the blocks aside that are not all zeros; the others stay known by the map.
    pub(super) fn put_aside(
        &mut self,
        walk: &mut Walk<'_>,
        ranges: &[Run],
        spool: &Spool,
    ) -> Result<Vec<Piece>, SpoolError> {
        static ZEROS: [u8; BLOCK_SIZE as usize] = [0; BLOCK_SIZE as usize];
        self.buf.resize(CHUNK, 0);
        let mut pieces: Vec<Piece> = Vec::new();
        for range in ranges {
            let mut at = range.start;
            while at < range.end {
                // Every chunk but the last ends with a block of the file, so that blocks stay whole.
                let want = (CHUNK as u64 - at % BLOCK_SIZE).min(range.end - at) as usize;
                let got = walk.payload(&mut self.buf[..want]);
                self.packed.clear();
                let known = pieces.len();
                let mut start = 0;
                while start < got {
                    let place = at + start as u64;
                    let len = ((BLOCK_SIZE - place % BLOCK_SIZE) as usize).min(got - start);
                    let block = &self.buf[start..start + len];
                    if *block != ZEROS[..len] {
                        add(&mut pieces, known, place, self.packed.len() as u64, len as u64);
                        self.packed.extend_from_slice(block);
                    }
                    start += len;
                }
                if !self.packed.is_empty() {
                    let place = spool.write(&self.packed)?;
                    settle(&mut pieces, known, place);
                }
                if got < want {
                    return Ok(pieces);
                }
                at += got as u64;
            }
        }
        Ok(pieces)
    }
}

/// The pieces of a payload that lies in one stretch of the archive.
pub(super) fn places(ranges: &[Run], mut place: u64) -> Vec<Piece> {
    let piece = |range: &Run| {
        let piece = Piece { at: range.start, len: range.len(), place };
        place = place.saturating_add(piece.len);
        piece
    };
    ranges.iter().filter(|range| !range.is_empty()).map(piece).collect()
}

/// The place in the file of the `n`th byte of its payload.
pub(super) fn logical(ranges: &[Run], mut n: u64) -> u64 {
    for range in ranges {
        if n < range.len() {
            return range.start + n;
        }
        n -= range.len();
    }
    ranges.last().map_or(0, |range| range.end)
}

/// Takes away what lies at or behind a place of the file.
pub(super) fn cut(pieces: &mut Vec<Piece>, from: u64) {
    pieces.retain(|piece| piece.at < from);
    if let Some(last) = pieces.last_mut() {
        last.len = last.len.min(from - last.at);
    }
}

/// Adds a block whose place is still counted from the start of its chunk.
fn add(pieces: &mut Vec<Piece>, known: usize, at: u64, place: u64, len: u64) {
    if let Some(last) = pieces[known..].last_mut()
        && last.at + last.len == at
    {
        last.len += len;
        return;
    }
    pieces.push(Piece { at, len, place });
}

/// Moves the new pieces to where their chunk went, and joins the first of them to its neighbour.
fn settle(pieces: &mut Vec<Piece>, known: usize, place: u64) {
    for piece in &mut pieces[known..] {
        piece.place += place;
    }
    if known > 0 && known < pieces.len() {
        let (before, first) = (pieces[known - 1], pieces[known]);
        if before.at + before.len == first.at && before.place + before.len == first.place {
            pieces[known - 1].len += first.len;
            pieces.remove(known);
        }
    }
}
