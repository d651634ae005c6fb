//! Writes tar archives: POSIX headers, and the sparse form 1.0 of GNU tar for files with holes.

use std::io::{self, Write};

use crate::ident::Runs;

const BLOCK: usize = 512;

/// The largest number that eleven octal digits hold.
const OCTAL_LIMIT: u64 = (1 << 33) - 1;

/// What a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Member<'a> {
    /// A file whose bytes are all stored.
    File {
        /// Its size in bytes.
        size: u64,
    },
    /// A file of which only these ranges are stored.
    Sparse {
        /// Its size in bytes.
        size: u64,
        /// The stored ranges; none reaches beyond the size.
        stored: &'a Runs,
    },
    /// Another name of a member that came before.
    HardLink {
        /// Its name.
        target: &'a str,
    },
    /// A directory.
    Directory,
    /// A symbolic link that leads nowhere.
    Symlink,
    /// A named pipe.
    Fifo,
    /// A character device.
    Device,
}

/// An archive being written. Members follow each other; the bytes of a file follow its member.
#[derive(Debug)]
pub struct TarWriter<W> {
    out: W,
    /// Bytes of the current member that are still to come.
    left: u64,
    padding: usize,
}

impl<W: Write> TarWriter<W> {
    /// An empty archive.
    pub fn new(out: W) -> Self {
        Self { out, left: 0, padding: 0 }
    }

    /// Begins a member. `modified` is in seconds since 1970; times before that are written as 0.
    ///
    /// # Errors
    /// Those of the output, and [`io::ErrorKind::InvalidInput`] while bytes of the last member are missing.
    pub fn member(&mut self, name: &str, modified: i64, member: Member<'_>) -> io::Result<()> {
        if self.left > 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the last member is not complete"));
        }
        let (kind, size, link, map) = match member {
            Member::File { size } => (b'0', size, "", None),
            Member::Sparse { size, stored } => (b'0', size, "", Some(map(stored, size))),
            Member::HardLink { target } => (b'1', 0, target, None),
            Member::Symlink => (b'2', 0, "nowhere", None),
            Member::Device => (b'3', 0, "", None),
            Member::Directory => (b'5', 0, "", None),
            Member::Fifo => (b'6', 0, "", None),
        };
        let stored = match member {
            Member::Sparse { stored, .. } => stored.bytes(),
            _ => size,
        };
        let payload = stored + map.as_ref().map_or(0, |map| map.len() as u64);
        let mut records = Vec::new();
        if map.is_some() {
            record(&mut records, "GNU.sparse.major", "1");
            record(&mut records, "GNU.sparse.minor", "0");
            record(&mut records, "GNU.sparse.name", name);
            record(&mut records, "GNU.sparse.realsize", &size.to_string());
        } else if name.len() > 100 || !name.is_ascii() {
            record(&mut records, "path", name);
        }
        if link.len() > 100 || !link.is_ascii() {
            record(&mut records, "linkpath", link);
        }
        if payload > OCTAL_LIMIT {
            record(&mut records, "size", &payload.to_string());
        }
        if !records.is_empty() {
            self.header("PaxHeaders/x", b'x', records.len() as u64, "", modified)?;
            self.padded(&records)?;
        }
        let shown = if map.is_some() { format!("GNUSparseFile.0/{name}") } else { name.to_owned() };
        self.header(&shown, kind, payload, link, modified)?;
        if let Some(map) = map {
            self.out.write_all(&map)?;
        }
        self.left = stored;
        self.padding = padding(payload);
        if self.left == 0 {
            self.pad()?;
        }
        Ok(())
    }

    /// Writes the next bytes of the current member; of a sparse one only what is stored, range after range.
    ///
    /// # Errors
    /// Those of the output, and [`io::ErrorKind::InvalidInput`] for more bytes than the member has.
    pub fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.left = self
            .left
            .checked_sub(bytes.len() as u64)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "more bytes than the member has"))?;
        self.out.write_all(bytes)?;
        if self.left == 0 { self.pad() } else { Ok(()) }
    }

    /// Ends the archive and gives the output back.
    ///
    /// # Errors
    /// Those of the output, and [`io::ErrorKind::InvalidInput`] while bytes of the last member are missing.
    pub fn finish(mut self) -> io::Result<W> {
        if self.left > 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the last member is not complete"));
        }
        self.out.write_all(&[0; 2 * BLOCK])?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn pad(&mut self) -> io::Result<()> {
        let padding = std::mem::take(&mut self.padding);
        self.out.write_all(&[0; BLOCK][..padding])
    }

    fn padded(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.out.write_all(&[0; BLOCK][..padding(bytes.len() as u64)])
    }

    fn header(&mut self, name: &str, kind: u8, size: u64, link: &str, modified: i64) -> io::Result<()> {
        let mut header = [0u8; BLOCK];
        text(&mut header[..100], name);
        octal(&mut header[100..108], 0o644);
        octal(&mut header[108..116], 0);
        octal(&mut header[116..124], 0);
        octal(&mut header[124..136], size.min(OCTAL_LIMIT));
        octal(&mut header[136..148], u64::try_from(modified).unwrap_or(0).min(OCTAL_LIMIT));
        header[156] = kind;
        text(&mut header[157..257], link);
        header[257..265].copy_from_slice(b"ustar\x0000");
        header[148..156].fill(b' ');
        let sum: u64 = header.iter().map(|byte| u64::from(*byte)).sum();
        octal(&mut header[148..155], sum);
        self.out.write_all(&header)
    }
}

/// The map of a sparse member, padded: the count, then start and length of each range, a number a line. A file that
/// ends in a hole has an empty range at its end, as GNU tar writes it.
fn map(stored: &Runs, size: u64) -> Vec<u8> {
    let tail = stored.end() < size;
    let mut text = format!("{}\n", stored.len() + usize::from(tail));
    for run in stored {
        text.push_str(&format!("{}\n{}\n", run.start, run.len()));
    }
    if tail {
        text.push_str(&format!("{size}\n0\n"));
    }
    let mut bytes = text.into_bytes();
    bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
    bytes
}

/// A PAX record, which counts itself.
fn record(out: &mut Vec<u8>, key: &str, value: &str) {
    let rest = key.len() + value.len() + 3;
    let mut len = rest + 1;
    while rest + len.to_string().len() != len {
        len = rest + len.to_string().len();
    }
    out.extend_from_slice(format!("{len} {key}={value}\n").as_bytes());
}

fn padding(len: u64) -> usize {
    (len.next_multiple_of(BLOCK as u64) - len) as usize
}

/// Puts as much of a text into a field as it holds; a longer one stands in a PAX record.
fn text(field: &mut [u8], text: &str) {
    let len = text.len().min(field.len());
    field[..len].copy_from_slice(&text.as_bytes()[..len]);
}

/// Octal digits that fill a field but for the NUL at its end.
fn octal(field: &mut [u8], value: u64) {
    let digits = field.len() - 1;
    field[..digits].copy_from_slice(format!("{value:0digits$o}").as_bytes());
    field[digits] = 0;
}
