//! Raw images.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use rustix::fs::{FallocateFlags, fallocate};

use super::super::pass::Sink;
use crate::ident::Run;

/// Room is made for so much at a time: fewer calls gain nothing, and more would be taken back where zeros follow.
const ROOM: u64 = 64 << 20;

/// For less than this no room is made beforehand.
const WORTH: u64 = 256 << 10;

/// A raw image in a file that is empty: what is not written stays a hole.
///
/// Room for a stretch is made before it is written, which saves the file system from finding some for each write. Where
/// blocks of zeros show up in it, their room is given back, and for a while none is made: a volume full of zeros is
/// not written slower than without.
pub(super) struct Raw<'a> {
    file: &'a File,
    /// The room that was made and is not yet written.
    room: Run,
    /// Up to here of the volume no room is made.
    none_before: u64,
    /// Cleared once the file system makes none.
    makes: bool,
}

impl<'a> Raw<'a> {
    /// An image of so many bytes. It has its size from the start: behind the end of a file no room can be given back.
    pub(super) fn new(file: &'a File, size: u64) -> io::Result<Self> {
        file.set_len(size)?;
        Ok(Self { file, room: Run { start: 0, end: 0 }, none_before: 0, makes: true })
    }

    /// Gives back what was not needed.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.give_back(u64::MAX)
    }

    /// Gives back the room up to a place.
    fn give_back(&mut self, to: u64) -> io::Result<()> {
        let end = to.min(self.room.end);
        if self.room.start < end {
            let how = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
            fallocate(self.file, how, self.room.start, end - self.room.start)?;
            self.room.start = end;
        }
        Ok(())
    }
}

impl Sink for Raw<'_> {
    fn expect(&mut self, run: Run) {
        let run = Run { start: run.start.max(self.room.end).max(self.none_before), end: run.end };
        if !self.makes || !self.room.is_empty() || run.is_empty() || run.len() < WORTH {
            return;
        }
        let len = run.len().min(ROOM);
        // Without room the write goes as it always did; a disk that is full says so then.
        match fallocate(self.file, FallocateFlags::KEEP_SIZE, run.start, len) {
            Ok(()) => self.room = Run { start: run.start, end: run.start + len },
            Err(_) => self.makes = false,
        }
    }

    fn data(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        if at > self.room.start && !self.room.is_empty() {
            // Zeros were passed over.
            self.none_before = at + ROOM;
            self.give_back(u64::MAX)?;
        }
        self.file.write_all_at(bytes, at)?;
        self.room.start = self.room.start.max(at + bytes.len() as u64).min(self.room.end);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;

    /// Room that was made for zeros is a hole in the end.
    #[test]
    fn only_what_is_written_takes_room() {
        let file = tempfile::tempfile().expect("a temporary file");
        let size = 8 << 20;
        let mut raw = Raw::new(&file, size).expect("as large as this");
        raw.expect(Run { start: 0, end: size });
        raw.data(0, &[1; 8192]).expect("written");
        raw.data(1 << 20, &[2; 4096]).expect("written");
        raw.expect(Run { start: 2 << 20, end: size });
        raw.data(3 << 20, &[3; 4096]).expect("written");
        raw.finish().expect("finished");
        let status = file.metadata().expect("its status");
        assert_eq!(status.len(), size);
        assert!(status.blocks() * 512 <= 64 << 10, "{} bytes", status.blocks() * 512);
        let mut bytes = vec![9; size as usize];
        file.read_exact_at(&mut bytes, 0).expect("read");
        let written = bytes.iter().filter(|byte| **byte != 0).count();
        assert_eq!((written, bytes[8191], bytes[1 << 20], bytes[3 << 20]), (16384, 1, 2, 3));
    }
}
