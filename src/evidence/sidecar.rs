//! A small file that lies beside the replicas of an archive.

use std::fs::File;
use std::io;
use std::path::Path;

use super::tar::{Feed, Walk, What};
use super::tree::parts;
use super::{SMALL_FILE_LIMIT, decode};

/// A file of an archive, read whole.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Beside {
    /// The directory it is in, as parts joined by `/`; empty at the top.
    pub directory: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Reads the file of that name which lies nearest to the top of an archive; of several members of one path the last.
/// `None` if there is none, or none of [`SMALL_FILE_LIMIT`] bytes or less.
///
/// # Errors
/// Those of opening the file, and of a stream that begins like a compressed one and is none.
pub fn read_beside(archive: &Path, name: &str) -> io::Result<Option<Beside>> {
    let (_, content) = decode::open(File::open(archive)?)?;
    let mut walk = Walk::new(Feed::of_stream(content));
    let mut best: Option<(usize, Beside)> = None;
    if !walk.is_archive() {
        return Ok(None);
    }
    while let Some(head) = walk.next() {
        let (path, _) = parts(&head.path);
        let Some((last, directory)) = path.split_last() else { continue };
        let small = head.what == What::File
            && head.map.is_none()
            && head.damage.is_none()
            && head.size <= SMALL_FILE_LIMIT;
        let nearer = best.as_ref().is_none_or(|(depth, _)| directory.len() <= *depth);
        if last != name || !small || !nearer {
            continue;
        }
        let mut bytes = vec![0; head.size as usize];
        if walk.payload(&mut bytes) == bytes.len() {
            best = Some((directory.len(), Beside { directory: directory.join("/"), bytes }));
        }
    }
    Ok(best.map(|(_, found)| found))
}
