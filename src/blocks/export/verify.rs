//! The written image read again: its sum must be that of the view.
//!
//! The data are written to the disk and taken out of the cache first, where the system does that, so that what is read is what
//! the disk holds.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use rustix::fs::{Advice, SeekFrom, fadvise, seek};
use rustix::io::Errno;

use super::super::pass::{Sum, SumKind};
use super::Format;
use super::qcow2::{CLUSTER, COPIED, ENTRIES};
use crate::ident::Run;

/// Bytes read at a time.
const STEP: u64 = 1 << 20;

/// The sum of the volume that an image holds, in hexadecimal.
pub(super) fn sum(file: &File, format: Format, size: u64, kind: SumKind) -> io::Result<String> {
    file.sync_data()?;
    // Only advice.
    let _ = fadvise(file, 0, None, Advice::DontNeed);
    match format {
        Format::Raw if file.metadata()?.len() != size => Err(damaged("is not as large as the volume")),
        Format::Raw => whole(&Raw(file), size, kind),
        Format::Qcow2 => whole(&Tables::open(file)?, size, kind),
    }
}

fn damaged(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// An image that can be read.
trait Image {
    /// The first stored stretch that ends behind `at`; what lies between reads as zeros.
    fn stored(&self, at: u64, size: u64) -> io::Result<Option<Run>>;

    /// Fills a buffer from within one stored stretch.
    fn read(&self, at: u64, buf: &mut [u8]) -> io::Result<()>;
}

fn whole(image: &impl Image, size: u64, kind: SumKind) -> io::Result<String> {
    let (mut sum, mut buf, mut at) = (Sum::new(kind, size), Vec::new(), 0);
    while let Some(run) = image.stored(at, size)? {
        sum.zeros(run.start - at);
        at = run.start;
        while at < run.end {
            buf.resize(STEP.min(run.end - at) as usize, 0);
            image.read(at, &mut buf)?;
            sum.bytes(&buf);
            at += buf.len() as u64;
        }
    }
    sum.zeros(size - at);
    Ok(sum.finish())
}

struct Raw<'a>(&'a File);

impl Image for Raw<'_> {
    fn stored(&self, at: u64, size: u64) -> io::Result<Option<Run>> {
        if at >= size {
            return Ok(None);
        }
        let start = match seek(self.0, SeekFrom::Data(at)) {
            Ok(start) => start,
            Err(Errno::NXIO) => return Ok(None),
            // A file system that knows no holes.
            Err(Errno::INVAL | Errno::OPNOTSUPP) => return Ok(Some(Run { start: at, end: size })),
            Err(error) => return Err(error.into()),
        };
        let end = seek(self.0, SeekFrom::Hole(start))?.min(size);
        Ok((start < end).then_some(Run { start, end }))
    }

    fn read(&self, at: u64, buf: &mut [u8]) -> io::Result<()> {
        self.0.read_exact_at(buf, at)
    }
}

/// A qcow2 image by its own tables, as far as export writes them.
struct Tables<'a> {
    file: &'a File,
    /// Places of the clusters, by the tables that are there.
    l2: Vec<Option<Vec<u64>>>,
}

impl<'a> Tables<'a> {
    fn open(file: &'a File) -> io::Result<Self> {
        let mut header = [0; 48];
        file.read_exact_at(&mut header, 0)?;
        let number = |at: usize| header[at..at + 8].iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        if header[..4] != *b"QFI\xfb" || number(0) & 0xffff_ffff != 3 {
            return Err(damaged("is not a qcow2 image"));
        }
        let (count, place) = (number(32) & 0xffff_ffff, number(40));
        if count * 8 > file.metadata()?.len() {
            return Err(damaged("has a table that does not fit"));
        }
        let tables = numbers(file, place, count)?.into_iter();
        let l2 = tables.map(|place| match place & !COPIED {
            0 => Ok(None),
            place => numbers(file, place, ENTRIES).map(Some),
        });
        Ok(Self { file, l2: l2.collect::<Result<_, _>>()? })
    }

    fn place(&self, cluster: u64) -> u64 {
        let table = self.l2.get((cluster / ENTRIES) as usize).and_then(Option::as_ref);
        table.map_or(0, |table| table[(cluster % ENTRIES) as usize] & !COPIED)
    }
}

fn numbers(file: &File, place: u64, count: u64) -> io::Result<Vec<u64>> {
    let mut bytes = vec![0; (count * 8) as usize];
    file.read_exact_at(&mut bytes, place)?;
    let number = |bytes: &[u8]| bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    Ok(bytes.chunks(8).map(number).collect())
}

impl Image for Tables<'_> {
    /// One cluster: the next need not lie behind it.
    fn stored(&self, at: u64, size: u64) -> io::Result<Option<Run>> {
        let mut cluster = at / CLUSTER;
        // The last cluster may reach beyond the end.
        while at < size && cluster * CLUSTER < size {
            if self.l2.get((cluster / ENTRIES) as usize).is_none_or(Option::is_none) {
                cluster = (cluster / ENTRIES + 1) * ENTRIES;
                continue;
            }
            if self.place(cluster) != 0 {
                let start = (cluster * CLUSTER).max(at);
                return Ok(Some(Run { start, end: ((cluster + 1) * CLUSTER).min(size) }));
            }
            cluster += 1;
        }
        Ok(None)
    }

    fn read(&self, at: u64, buf: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(buf, self.place(at / CLUSTER) + at % CLUSTER)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::pass::Sink;
    use super::super::{qcow2, raw};
    use super::*;

    /// What was written gives the sum of its bytes, and one bit that changed gives another.
    #[test]
    fn a_bit_that_changed_is_noticed() {
        let size = (9 << 20) + 512;
        let mut bytes = vec![0; size as usize];
        for (at, fill) in [(0, 1), (70_000, 2), (5 << 20, 3), (size as usize - 512, 4)] {
            bytes[at..at + 512].fill(fill);
        }
        let mut wanted = Sum::new(SumKind::Sha256, size);
        wanted.bytes(&bytes);
        let wanted = wanted.finish();
        for format in [Format::Raw, Format::Qcow2] {
            let file = tempfile::tempfile().expect("a temporary file");
            let write = |sink: &mut dyn Sink| {
                for at in [0, 65_536, 5 << 20, size as usize - 512] {
                    let end = (at + 8192).min(size as usize);
                    sink.data(at as u64, &bytes[at..end]).expect("written");
                }
            };
            match format {
                Format::Raw => {
                    let mut image = raw::Raw::new(&file, size).expect("an image");
                    write(&mut image);
                    image.finish().expect("finished");
                }
                Format::Qcow2 => {
                    let mut image = qcow2::Qcow2::new(&file, size);
                    write(&mut image);
                    image.finish().expect("finished");
                }
            }
            let again = || sum(&file, format, size, SumKind::Sha256);
            assert_eq!(again().expect("read"), wanted, "{format:?}");
            let place = if format == Format::Raw { 70_000 } else { 2 * CLUSTER + 70_000 - CLUSTER };
            let mut byte = [0];
            file.read_exact_at(&mut byte, place).expect("read");
            assert_eq!(byte, [2], "{format:?}");
            file.write_all_at(&[3], place).expect("written");
            assert_ne!(again().expect("read"), wanted, "{format:?}");
            file.set_len(100).expect("cut");
            assert!(again().is_err(), "{format:?}");
        }
    }
}
