//! Reading tar archives by their headers, member by member.
//!
//! Understood: v7, ustar with prefix, GNU (long names, base-256 numbers, old sparse members), PAX
//! (path, linkpath, size, mtime, and the three sparse forms 0.0, 0.1 and 1.0), sparse members of star
//! (with `SCHILY.realsize` where they are 8 GiB or more). Nothing is unpacked,
//! no name reaches the file system, every number is checked before it is used.
//!
//! Sources: POSIX.1-2017 `pax`, "ustar Interchange Format" and "pax Extended Header"; the GNU tar
//! manual, "Basic Tar Format", "Storing Sparse Files" and "Other tars"; star(5) and what star's
//! sources do when they read such a member.

mod content;
mod feed;
mod header;
mod pax;
mod sparse;
mod walk;

pub(super) use feed::Feed;
pub(super) use walk::{Cut, Head, Walk, What};

/// Size of a header and the unit in which payload is padded.
const BLOCK: usize = 512;

/// No size, offset or sum may be larger: 8 EiB less one byte, as for files of any system.
const SIZE_LIMIT: u64 = i64::MAX as u64;

/// Whether bytes begin with the header of a member.
pub(super) fn begins_one(start: &[u8]) -> bool {
    start.get(..BLOCK).is_some_and(header::Header::is_one)
}
