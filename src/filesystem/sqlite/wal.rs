//! The write-ahead log of a database: which of its frames are whole, and which are committed.

use std::collections::HashMap;

use serde::Serialize;

use super::super::bytes::{Fields, FsError};
use super::header::Header;
use super::{Content, MOST};

/// A write-ahead log beside a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Wal {
    /// The salt of this generation of the log: a log with another salt is another generation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub salt: Option<String>,
    /// Frames whose salt and checksum are right, from the first on: SQLite reads no further.
    pub frames: u32,
    /// Of these, the frames of transactions that were committed: what SQLite applies.
    pub committed: u32,
    /// Frames behind them that are of an older generation, cut, or damaged.
    pub rest: u32,
    /// Why it is not applied, where it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_applied: Option<String>,
}

/// Where the committed pages lie in the log.
pub(super) struct Frames {
    /// The place of the newest version of each page.
    pub(super) places: HashMap<u32, u64>,
    /// Pages of the database after the last commit.
    pub(super) pages: Option<u32>,
}

const HEADER: usize = 32;
const FRAME: usize = 24;

/// Reads a log to the first frame that is not right.
pub(super) fn read(wal: &dyn Content, database: &Header) -> Result<(Wal, Frames), FsError> {
    let nothing = |why: Option<&str>| Wal {
        salt: None,
        frames: 0,
        committed: 0,
        rest: 0,
        not_applied: why.map(str::to_owned),
    };
    let none = Frames { places: HashMap::new(), pages: None };
    if wal.size() == 0 {
        return Ok((nothing(None), none));
    }
    let mut head = [0; HEADER];
    wal.read_at(0, &mut head)?;
    let fields = Fields(&head);
    let big = match fields.be32(0) {
        0x377f_0682 => false,
        0x377f_0683 => true,
        _ => return Ok((nothing(Some("it does not begin as such a log does")), none)),
    };
    let mut sum = Sum { big, at: (0, 0) };
    sum.add(&head[..24]);
    if fields.be32(4) != 3_007_000 || !sum.is(fields.be32(24), fields.be32(28)) {
        return Ok((nothing(Some("its header is damaged or of another version")), none));
    }
    let page_size = fields.be32(8);
    let salt = (fields.be32(16), fields.be32(20));
    let mut out = Wal { salt: Some(format!("{:08x}{:08x}", salt.0, salt.1)), ..nothing(None) };
    if page_size != database.page_size || page_size == 0 {
        out.not_applied = Some("its pages are of another size than those of the database".to_owned());
        return Ok((out, none));
    }
    let each = u64::from(page_size) + FRAME as u64;
    let there = (wal.size().saturating_sub(HEADER as u64)) / each;
    let most = (MOST / each).min(u64::from(u32::MAX));
    let mut frame = vec![0; FRAME + page_size as usize];
    let (mut frames, mut open) = (none, Vec::new());
    for number in 0..there.min(most) {
        let at = HEADER as u64 + number * each;
        wal.read_at(at, &mut frame)?;
        let fields = Fields(&frame);
        let page = fields.be32(0);
        sum.add(&frame[..8]);
        sum.add(&frame[FRAME..]);
        if (fields.be32(8), fields.be32(12)) != salt || !sum.is(fields.be32(16), fields.be32(20)) || page == 0
        {
            break;
        }
        out.frames += 1;
        open.push((page, at + FRAME as u64));
        if fields.be32(4) != 0 {
            frames.places.extend(open.drain(..));
            frames.pages = Some(fields.be32(4));
            out.committed = out.frames;
        }
    }
    out.rest = u32::try_from(there - u64::from(out.frames)).unwrap_or(u32::MAX);
    if there > most && u64::from(out.frames) == most {
        // Half a log would be another state than any that SQLite shows.
        out.not_applied = Some("it is too long to be read here".to_owned());
        frames = Frames { places: HashMap::new(), pages: None };
    }
    Ok((out, frames))
}

/// The running checksum of a log.
struct Sum {
    big: bool,
    at: (u32, u32),
}

impl Sum {
    fn add(&mut self, bytes: &[u8]) {
        for pair in bytes.chunks_exact(8) {
            let word = |at: usize| {
                let bytes = [pair[at], pair[at + 1], pair[at + 2], pair[at + 3]];
                if self.big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
            };
            self.at.0 = self.at.0.wrapping_add(word(0)).wrapping_add(self.at.1);
            self.at.1 = self.at.1.wrapping_add(word(4)).wrapping_add(self.at.0);
        }
    }

    fn is(&self, first: u32, second: u32) -> bool {
        self.at == (first, second)
    }
}
