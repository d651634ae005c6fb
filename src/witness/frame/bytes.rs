//! Lines out of a stream of bytes, with bounded memory.

use std::io::{self, Read};

/// Bytes that are asked for at once.
const CHUNK: usize = 256 << 10;

/// The longest line that is kept; of a longer one the front is kept. A chain of 1024 disks takes 60 KiB.
pub(in super::super) const LONGEST: usize = 1 << 20;

/// A stream read by lines.
pub(in super::super) struct Bytes<R> {
    reader: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    eof: bool,
}

impl<R: Read> Bytes<R> {
    pub(in super::super) fn new(reader: R) -> Self {
        Self { reader, buffer: vec![0; CHUNK], start: 0, end: 0, eof: false }
    }

    /// The next line without its line feed, and whether one stood there.
    pub(in super::super) fn line(&mut self) -> io::Result<Option<(&[u8], bool)>> {
        let mut searched = 0;
        loop {
            if let Some(at) = memchr::memchr(b'\n', &self.buffer[self.start + searched..self.end]) {
                let (from, to) = (self.start, self.start + searched + at);
                self.start = to + 1;
                return Ok(Some((&self.buffer[from..to], true)));
            }
            searched = self.end - self.start;
            if self.eof {
                let (from, to) = (self.start, self.end);
                self.start = self.end;
                return Ok((from < to).then(|| (&self.buffer[from..to], false)));
            }
            if searched >= LONGEST {
                return self.front().map(Some);
            }
            self.fill()?;
        }
    }

    /// So many bytes as they are, at most [`LONGEST`]; those beyond are passed over.
    pub(in super::super) fn exact(&mut self, len: u64) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        let mut left = len;
        while left > 0 {
            if self.start == self.end {
                if self.eof {
                    break;
                }
                self.fill()?;
                continue;
            }
            let take = usize::try_from(left).unwrap_or(usize::MAX).min(self.end - self.start);
            let keep = take.min(LONGEST - out.len().min(LONGEST));
            out.extend_from_slice(&self.buffer[self.start..self.start + keep]);
            self.start += take;
            left -= take as u64;
        }
        Ok(out)
    }

    /// The front of a line that is longer than any; its rest is passed over.
    fn front(&mut self) -> io::Result<(&[u8], bool)> {
        let front = self.buffer[self.start..self.start + LONGEST].to_vec();
        self.start = self.end;
        let mut ended = false;
        while !(ended || self.eof && self.start == self.end) {
            match memchr::memchr(b'\n', &self.buffer[self.start..self.end]) {
                Some(at) => {
                    self.start += at + 1;
                    ended = true;
                }
                None => {
                    self.start = self.end;
                    self.fill()?;
                }
            }
        }
        // The front takes the place before what is still to be read.
        let rest = self.buffer[self.start..self.end].to_vec();
        self.buffer.resize((front.len() + rest.len()).max(CHUNK), 0);
        self.buffer[..front.len()].copy_from_slice(&front);
        self.buffer[front.len()..front.len() + rest.len()].copy_from_slice(&rest);
        (self.start, self.end) = (front.len(), front.len() + rest.len());
        Ok((&self.buffer[..front.len()], ended))
    }

    fn fill(&mut self) -> io::Result<()> {
        self.buffer.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        if self.end + CHUNK > self.buffer.len() {
            self.buffer.resize(self.end + CHUNK, 0);
        }
        let got = loop {
            match self.reader.read(&mut self.buffer[self.end..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        self.end += got;
        self.eof = got == 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_every_length() {
        let long = "x".repeat(LONGEST * 3);
        let text = format!("a\n\n{long}\nb\nlast");
        let mut bytes = Bytes::new(text.as_bytes());
        let mut lines = Vec::new();
        while let Some((line, whole)) = bytes.line().unwrap() {
            lines.push((line.len(), whole));
        }
        assert_eq!(lines, [(1, true), (0, true), (LONGEST, true), (1, true), (4, false)]);
    }

    #[test]
    fn bytes_between_lines() {
        let mut bytes = Bytes::new(&b"name\nab\ncrest\n"[..]);
        assert_eq!(bytes.line().unwrap().unwrap().0, b"name");
        assert_eq!(bytes.exact(4).unwrap(), b"ab\nc");
        assert_eq!(bytes.line().unwrap().unwrap().0, b"rest");
        assert_eq!(bytes.exact(9).unwrap(), b"");
    }
}
