//! Cloning ranges of images into a raw file, where the system can do that without their bytes passing through here.
//!
//! On a file system that shares blocks (XFS, btrfs) both files then have the same blocks, and nothing is copied; others copy
//! inside the kernel. The ranges are those that are stored, so zeros that an image stores are stored in the result too.

use std::fs::File;

use rustix::fs::copy_file_range;
use rustix::io::Errno;

use super::super::pass::Stopped;
use super::super::view::MergedView;
use crate::ident::Run;

/// Clones everything that the view stores to its own place in an empty file, and tells how many bytes; `None` where that
/// cannot be done here, and then the bytes are to be written in the usual way.
pub(super) fn ranges(view: &MergedView, to: &File) -> Result<Option<u64>, Stopped> {
    let Some(files) = view.files() else { return Ok(None) };
    let mut cloned = 0;
    for (run, level, file) in files {
        let Run { start: mut at, end } = run;
        while at < end {
            let (mut from, mut into) = (at, at);
            let step = usize::try_from(end - at).unwrap_or(1 << 30).min(1 << 30);
            match copy_file_range(&*file, Some(&mut from), to, Some(&mut into), step) {
                Ok(0) => return Err(view.cut_short(level, at).into()),
                Ok(count) => at += count as u64,
                Err(Errno::INTR) => {}
                Err(error) if is_left_to_the_usual_way(error) => return Ok(None),
                Err(error) => return Err(Stopped::Write(error.into())),
            }
        }
        cloned += run.len();
    }
    Ok(Some(cloned))
}

/// Another file system, or a system that cannot. And errors that do not say which of the two files has them, such as a bad
/// sector: read and written in the usual way, the bytes fail at a place with a name.
fn is_left_to_the_usual_way(error: Errno) -> bool {
    let cannot = [Errno::XDEV, Errno::OPNOTSUPP, Errno::NOSYS, Errno::INVAL, Errno::PERM];
    let unclear = [Errno::IO, Errno::STALE, Errno::NODEV, Errno::TXTBSY, Errno::BADF];
    cannot.contains(&error) || unclear.contains(&error)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bad sector of the evidence is not said of the image; a full disk is.
    #[test]
    fn only_what_is_the_images_own_is_said_of_it() {
        for (error, left) in [
            (Errno::XDEV, true),
            (Errno::IO, true),
            (Errno::STALE, true),
            (Errno::NOSPC, false),
            (Errno::DQUOT, false),
            (Errno::FBIG, false),
        ] {
            assert_eq!(is_left_to_the_usual_way(error), left, "{error}");
        }
    }
}
