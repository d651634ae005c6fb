//! What the standard library lacks: the extent map of a file, asked from the file system.
//!
//! This is the only module with `unsafe`, and the ioctl is the only such call. Files are never mapped
//! into memory: a mapping of evidence that shrinks while it is read would end the process by a signal,
//! and a read at a place gives an error instead. (The spool maps anonymous memory, which is safe.)
#![allow(unsafe_code, reason = "FIEMAP has no safe wrapper")]

use std::io;
use std::os::fd::BorrowedFd;

use rustix::fs::{SeekFrom, seek};
use rustix::io::Errno;
use rustix::ioctl::{Opcode, Updater, ioctl, opcode};

use super::Origin;
use crate::ident::Run;

/// Extents per call: 28 KiB of answer, so that a fragmented image needs few calls.
const BATCH: usize = 512;

/// FIEMAP_FLAG_SYNC: what is written but not yet allocated gets its place first. Without it a fresh
/// copy would look like a hole.
const SYNC: u32 = 1;
const LAST: u32 = 1;
/// FIEMAP_EXTENT_UNWRITTEN: allocated, and reads as zeros.
const UNWRITTEN: u32 = 0x800;
/// FIEMAP_EXTENT_SHARED: another file has the same place on the disk.
const SHARED: u32 = 0x2000;

/// `struct fiemap` without its extents, as linux/fiemap.h lays it out.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Header {
    start: u64,
    length: u64,
    flags: u32,
    mapped: u32,
    count: u32,
    reserved: u32,
}

/// `struct fiemap_extent`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Extent {
    logical: u64,
    physical: u64,
    length: u64,
    reserved64: [u64; 2],
    flags: u32,
    reserved: [u32; 3],
}

/// `struct fiemap` with room for its extents.
#[repr(C)]
struct Request {
    header: Header,
    extents: [Extent; BATCH],
}

/// FS_IOC_FIEMAP; its number holds the size of the header alone.
const FIEMAP: Opcode = opcode::read_write::<Header>(b'f', 11);

/// What the file system says of stored ranges beside where they are.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// Allocated and never written.
    pub(super) unwritten: Vec<Run>,
    /// At a place on the disk that another file has too.
    pub(super) shared: Vec<Run>,
}

/// Asks for the stored ranges of files, one after the other.
#[derive(Default)]
pub(super) struct Mapper {
    /// The answer's room, made for the first file and used again for the others.
    request: Option<Box<Request>>,
}

impl Mapper {
    /// The ranges of a file that have storage, ascending, up to `limit` or a little beyond it.
    ///
    /// Asks FIEMAP first, as Jiva does; unwritten extents count as stored there. Where the file system
    /// does not know it (tmpfs, NFS), asks for data and holes.
    pub(super) fn stored_ranges(&mut self, fd: BorrowedFd<'_>, limit: u64) -> io::Result<(Vec<Run>, Origin)> {
        self.marked_ranges(fd, limit, &mut Marks::default())
    }

    /// The same, with what else the file system says of them where it does.
    pub(super) fn marked_ranges(
        &mut self,
        fd: BorrowedFd<'_>,
        limit: u64,
        marks: &mut Marks,
    ) -> io::Result<(Vec<Run>, Origin)> {
        let room = || Box::new(Request { header: Header::default(), extents: [Extent::default(); BATCH] });
        match fiemap(fd, limit, self.request.get_or_insert_with(room), marks) {
            Ok(runs) => Ok((runs, Origin::Fiemap)),
            Err(Errno::IO) => Err(Errno::IO.into()),
            Err(_) => Ok((seek_data(fd, limit)?, Origin::SeekData)),
        }
    }
}

fn fiemap(
    fd: BorrowedFd<'_>,
    limit: u64,
    request: &mut Request,
    marks: &mut Marks,
) -> Result<Vec<Run>, Errno> {
    let mut runs = Vec::new();
    let mut start = 0;
    while start < limit {
        request.header =
            Header { start, length: limit - start, flags: SYNC, count: BATCH as u32, ..Header::default() };
        loop {
            // SAFETY: the opcode is FS_IOC_FIEMAP and the value is a `struct fiemap` followed by room
            // for as many extents as `count` says; the kernel writes no further.
            let asked = unsafe { ioctl(fd, Updater::<FIEMAP, Request>::new(request)) };
            match asked {
                Err(Errno::INTR) => {}
                Err(error) => return Err(error),
                Ok(()) => break,
            }
        }
        let mapped = (request.header.mapped as usize).min(BATCH);
        let mut last = mapped == 0;
        for extent in &request.extents[..mapped] {
            let end = extent.logical.saturating_add(extent.length);
            // The first extent may begin before the place asked for; an answer that does not move on
            // would be asked for ever.
            let from = extent.logical.max(start);
            if from < end {
                runs.push(Run { start: from, end });
                for (flag, list) in [(UNWRITTEN, &mut marks.unwritten), (SHARED, &mut marks.shared)] {
                    if extent.flags & flag != 0 {
                        list.push(Run { start: from, end });
                    }
                }
                start = end;
            }
            last |= extent.flags & LAST != 0 || extent.length == 0;
        }
        if last {
            break;
        }
    }
    Ok(runs)
}

fn seek_data(fd: BorrowedFd<'_>, limit: u64) -> io::Result<Vec<Run>> {
    let mut runs = Vec::new();
    let mut at = 0;
    while at < limit {
        let start = match seek(fd, SeekFrom::Data(at)) {
            Ok(start) => start,
            Err(Errno::NXIO) => break,
            Err(error) => return Err(error.into()),
        };
        let end = match seek(fd, SeekFrom::Hole(start)) {
            Ok(end) if end > start => end,
            // The file changes under us, or the file system contradicts itself.
            Ok(_) | Err(Errno::NXIO) => break,
            Err(error) => return Err(error.into()),
        };
        runs.push(Run { start, end });
        at = end;
    }
    Ok(runs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;
    use std::os::unix::fs::FileExt;

    fn mapped(file: &std::fs::File, limit: u64) -> Result<Vec<Run>, Errno> {
        let mut request = Request { header: Header::default(), extents: [Extent::default(); BATCH] };
        fiemap(file.as_fd(), limit, &mut request, &mut Marks::default())
    }

    /// What one file left in the room of the answer does not come up for the next.
    #[test]
    fn the_room_is_used_again() {
        let (full, empty) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
        full.write_all_at(&[1; 8192], 0).unwrap();
        empty.set_len(1 << 20).unwrap();
        let mut mapper = Mapper::default();
        let of = |mapper: &mut Mapper, file: &std::fs::File| {
            mapper.stored_ranges(file.as_fd(), 1 << 20).unwrap().0
        };
        let first = of(&mut mapper, &full);
        assert_eq!(of(&mut mapper, &empty), []);
        assert_eq!(of(&mut mapper, &full), first);
    }

    /// More extents than one call answers, with holes between them.
    #[test]
    fn both_ways_tell_every_extent() {
        let file = tempfile::tempfile().unwrap();
        let blocks = BATCH as u64 * 2 + 7;
        for block in 0..blocks {
            file.write_all_at(&[1; 4096], block * 3 * 4096).unwrap();
        }
        let size = blocks * 3 * 4096;
        file.set_len(size).unwrap();
        let expected: Vec<Run> =
            (0..blocks).map(|b| Run { start: b * 3 * 4096, end: (b * 3 + 1) * 4096 }).collect();
        assert_eq!(seek_data(file.as_fd(), size).unwrap(), expected);
        match mapped(&file, size) {
            Ok(runs) => assert_eq!(runs, expected),
            Err(error) => {
                let line = format!("STEPPED ASIDE: no FIEMAP where temporary files are: {error}\n");
                io::Write::write_all(&mut io::stderr(), line.as_bytes()).unwrap();
            }
        }
    }

    /// What is allocated but was never written reads as zeros and is stored all the same, as Jiva sees it.
    #[test]
    fn unwritten_extents_are_stored() {
        let file = tempfile::tempfile().unwrap();
        let reserved = rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 8192, 8192);
        file.set_len(1 << 20).unwrap();
        match (reserved, mapped(&file, 1 << 20)) {
            (Ok(()), Ok(runs)) => assert_eq!(runs, [Run { start: 8192, end: 16384 }]),
            other => {
                let line = format!("STEPPED ASIDE: no FIEMAP or no fallocate here: {other:?}\n");
                io::Write::write_all(&mut io::stderr(), line.as_bytes()).unwrap();
            }
        }
    }

    #[test]
    fn a_file_without_storage_has_no_range() {
        let file = tempfile::tempfile().unwrap();
        file.set_len(1 << 40).unwrap();
        assert_eq!(Mapper::default().stored_ranges(file.as_fd(), 1 << 40).unwrap().0, []);
        assert_eq!(seek_data(file.as_fd(), 1 << 40).unwrap(), []);
    }
}
