//! Reading at a place until there is no more.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

/// Reads until the buffer is full or the file ends.
pub(super) fn read_full_at(fd: impl AsFd, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    let fd: BorrowedFd<'_> = fd.as_fd();
    let mut done = 0;
    while done < buf.len() {
        match rustix::io::pread(fd, &mut buf[done..], offset.saturating_add(done as u64)) {
            Ok(0) => break,
            Ok(n) => done += n,
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(done)
}
