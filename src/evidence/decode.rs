//! Compressed streams: known by their first bytes, never by a name, and read to where they can be read.

use std::fmt;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};

use lzma_rust2::{Action, Status, XzStream};
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// Memory that a decoder of xz may take, in KiB: the largest preset needs 65 MiB.
const XZ_MEMORY: u32 = 256 << 10;

/// Bytes that tell the kind of a stream.
pub(super) const SNIFFED: usize = 10;

/// How a stream is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    Gzip,
    Zstd,
    Xz,
    Bzip2,
}

impl Compression {
    /// Tells the kind of a stream from its first bytes.
    pub(super) fn of(start: &[u8]) -> Self {
        // A block of bzip2 begins with the digits of pi, an empty stream ends with those of its root.
        let bzip2 = start.starts_with(b"BZh")
            && matches!(start.get(3), Some(b'1'..=b'9'))
            && matches!(start.get(4..10), Some(b"\x31\x41\x59\x26\x53\x59" | b"\x17\x72\x45\x38\x50\x90"));
        // A stream of zstd may begin with a skippable frame.
        let skippable = start.len() >= 4 && start[0] & 0xf0 == 0x50 && start[1..4] == *b"\x2a\x4d\x18";
        match start {
            [0x1f, 0x8b, 8, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            _ if skippable => Self::Zstd,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Xz,
            _ if bzip2 => Self::Bzip2,
            _ => Self::None,
        }
    }

    /// Whether a stream of this kind may begin with this byte.
    fn begins_with(self, first: u8) -> bool {
        match self {
            Self::None => false,
            Self::Gzip => first == 0x1f,
            Self::Zstd => first == 0x28 || first & 0xf0 == 0x50,
            Self::Xz => first == 0xfd,
            Self::Bzip2 => first == b'B',
        }
    }
}

/// The content of a stream, whatever it is compressed with.
pub(super) fn open<'w>(
    mut stream: impl Read + Send + 'w,
) -> io::Result<(Compression, Box<dyn Read + Send + 'w>)> {
    let mut start = Vec::with_capacity(SNIFFED);
    (&mut stream).take(SNIFFED as u64).read_to_end(&mut start)?;
    let compression = Compression::of(&start);
    let whole = BufReader::with_capacity(256 << 10, Cursor::new(start).chain(stream));
    let content: Box<dyn Read + Send + 'w> = match compression {
        Compression::None => Box::new(whole),
        packed => Box::new(Streams { packed, one: Some(One::begin(packed, whole)), last: None }),
    };
    Ok((compression, Box::new(Guarded { content: Some(content) })))
}

/// One compressed stream; it gives back what follows it.
enum One<R> {
    Gzip(Box<flate2::bufread::GzDecoder<R>>),
    Zstd(Box<Zstd<R>>),
    Xz(Box<Xz<R>>),
    Bzip2(bzip2::bufread::BzDecoder<R>),
}

impl<R: BufRead> One<R> {
    fn begin(packed: Compression, stream: R) -> Self {
        match packed {
            Compression::Zstd => Self::Zstd(Box::new(Zstd::new(stream))),
            Compression::Xz => {
                Self::Xz(Box::new(Xz { stream, decoder: XzStream::new_mem_limit(false, XZ_MEMORY) }))
            }
            Compression::Bzip2 => Self::Bzip2(bzip2::bufread::BzDecoder::new(stream)),
            Compression::Gzip | Compression::None => {
                Self::Gzip(Box::new(flate2::bufread::GzDecoder::new(stream)))
            }
        }
    }

    fn into_rest(self) -> R {
        match self {
            Self::Gzip(one) => one.into_inner(),
            Self::Zstd(one) => one.stream,
            Self::Xz(one) => one.stream,
            Self::Bzip2(one) => one.into_inner(),
        }
    }
}

impl<R: BufRead> Read for One<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Gzip(one) => one.read(buf),
            Self::Zstd(one) => one.read(buf),
            Self::Xz(one) => one.read(buf),
            Self::Bzip2(one) => one.read(buf),
        }
    }
}

/// Compressed streams one behind the other, as `cat` joins them, with zeros behind them that pad a medium. Anything
/// else that follows is an error, reported once all content has been given out.
struct Streams<R> {
    packed: Compression,
    one: Option<One<R>>,
    last: Option<R>,
}

impl<R: BufRead> Read for Streams<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while let Some(one) = &mut self.one {
            let got = one.read(buf)?;
            if got > 0 || buf.is_empty() {
                return Ok(got);
            }
            self.last = self.one.take().map(One::into_rest);
            let Some(rest) = &mut self.last else { break };
            match next_byte(rest)? {
                None => break,
                Some(first) if self.packed.begins_with(first) => {
                    self.one = self.last.take().map(|rest| One::begin(self.packed, rest));
                }
                Some(_) => return Err(io::Error::other(BEHIND)),
            }
        }
        Ok(0)
    }
}

/// What is said of bytes that belong to no stream.
const BEHIND: &str = "other bytes follow behind the end of the compressed stream";

/// The first byte that is not zero.
fn next_byte(stream: &mut impl BufRead) -> io::Result<Option<u8>> {
    loop {
        let buf = stream.fill_buf()?;
        if buf.is_empty() {
            return Ok(None);
        }
        let zeros = buf.iter().position(|byte| *byte != 0);
        let first = zeros.map(|at| buf[at]);
        let used = zeros.unwrap_or(buf.len());
        stream.consume(used);
        if first.is_some() {
            return Ok(first);
        }
    }
}

/// A decoder that must not take the process with it: on bytes made to harm, some of them panic.
struct Guarded<'w> {
    content: Option<Box<dyn Read + Send + 'w>>,
}

impl Read for Guarded<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let Some(content) = &mut self.content else { return Ok(0) };
        // What the panic leaves behind is dropped unseen.
        match catch_unwind(AssertUnwindSafe(|| content.read(buf))) {
            Ok(result) => result,
            Err(_) => {
                self.content = None;
                Err(io::Error::other("the decoder gave up on these bytes"))
            }
        }
    }
}

/// A stream of xz. The reader of the library would keep back what it has decoded before a fault.
struct Xz<R> {
    stream: R,
    decoder: XzStream,
}

impl<R: BufRead> Read for Xz<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            let input = self.stream.fill_buf()?;
            let at_end = input.is_empty();
            let action = if at_end { Action::Finish } else { Action::Run };
            let done = self.decoder.process(input, buf, action)?;
            self.stream.consume(done.bytes_consumed);
            if done.bytes_produced > 0 || done.status == Status::StreamEnd || buf.is_empty() {
                return Ok(done.bytes_produced);
            }
            if done.bytes_consumed == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

/// The frames of a zstd stream, one behind the other.
struct Zstd<R> {
    stream: R,
    decoder: FrameDecoder,
    inside: bool,
    /// What ended the stream too early; reported once everything before it has been given out.
    failed: Option<io::Error>,
}

impl<R> fmt::Debug for Zstd<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Zstd").field("inside", &self.inside).finish_non_exhaustive()
    }
}

impl<R: BufRead> Zstd<R> {
    fn new(stream: R) -> Self {
        Self { stream, decoder: FrameDecoder::new(), inside: false, failed: None }
    }

    /// Begins the next frame, leaving out skippable ones; false at the end of the stream.
    fn next_frame(&mut self) -> io::Result<bool> {
        loop {
            // What else may follow is known by who reads the streams one behind the other.
            match self.stream.fill_buf()?.first() {
                Some(first) if Compression::Zstd.begins_with(*first) => {}
                _ => return Ok(false),
            }
            match self.decoder.reset(&mut self.stream) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    let skipped = io::copy(&mut (&mut self.stream).take(u64::from(length)), &mut io::sink())?;
                    if skipped < u64::from(length) {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(error) => return Err(io::Error::other(error)),
            }
        }
    }

    /// Decodes one block more.
    ///
    /// The decoder holds back as much as its window is long, megabytes, until the frame ends. Where the
    /// stream ends inside a frame, an empty last block makes it give them out.
    fn decode(&mut self) -> io::Result<()> {
        let one = BlockDecodingStrategy::UptoBlocks(1);
        let Err(error) = self.decoder.decode_blocks(&mut self.stream, one) else { return Ok(()) };
        let error = io::Error::other(error);
        if !self.stream.fill_buf()?.is_empty() {
            return Err(error);
        }
        let last_block_and_checksum = [1, 0, 0, 0, 0, 0, 0];
        let one = BlockDecodingStrategy::UptoBlocks(1);
        self.decoder.decode_blocks(&last_block_and_checksum[..], one).map_err(io::Error::other)?;
        self.failed = Some(error);
        Ok(())
    }

    fn check(&self) -> io::Result<()> {
        match (self.decoder.get_checksum_from_data(), self.decoder.get_calculated_checksum()) {
            (Some(said), Some(is)) if said != is => Err(io::Error::other("a frame's checksum is wrong")),
            _ => Ok(()),
        }
    }
}

impl<R: BufRead> Read for Zstd<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.inside {
                if self.decoder.can_collect() > 0 {
                    return self.decoder.read(buf);
                }
                if !self.decoder.is_finished() {
                    self.decode()?;
                    continue;
                }
                self.inside = false;
                match self.failed.take() {
                    Some(error) => return Err(error),
                    None => self.check()?,
                }
            }
            if buf.is_empty() || !self.next_frame()? {
                return Ok(0);
            }
            self.inside = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        out.write_all(bytes).unwrap();
        out.finish().unwrap()
    }

    fn bzip(bytes: &[u8]) -> Vec<u8> {
        let mut out = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        out.write_all(bytes).unwrap();
        out.finish().unwrap()
    }

    fn zstd(bytes: &[u8]) -> Vec<u8> {
        ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
    }

    /// Streams of several parts, with what may stand between them, and cut anywhere.
    #[test]
    fn all_parts_are_read_and_a_cut_keeps_what_came_before() {
        let (one, two) = (vec![7u8; 100_000], (0..90_000u32).map(|i| (i % 253) as u8).collect::<Vec<_>>());
        let whole = [&one[..], &two].concat();
        let skippable = b"\x51\x2a\x4d\x18\x03\0\0\0abc";
        for (kind, bytes) in [
            (Compression::Gzip, [gzip(&one), gzip(&two)].concat()),
            (Compression::Bzip2, [bzip(&one), bzip(&two)].concat()),
            (Compression::Zstd, [zstd(&one), skippable.to_vec(), zstd(&two)].concat()),
            (Compression::Zstd, [skippable.to_vec(), zstd(&one), zstd(&two), skippable.to_vec()].concat()),
            (Compression::None, whole.clone()),
        ] {
            let (found, mut content) = open(Cursor::new(bytes.clone())).unwrap();
            let mut back = Vec::new();
            content.read_to_end(&mut back).unwrap();
            assert_eq!((found, back == whole), (kind, true));
            for cut in [13, bytes.len() / 2, bytes.len() - 1] {
                let (_, mut content) = open(Cursor::new(bytes[..cut].to_vec())).unwrap();
                let mut back = Vec::new();
                let end = content.read_to_end(&mut back);
                assert!(whole.starts_with(&back), "{kind:?} cut at {cut}");
                assert!(kind == Compression::None || end.is_err(), "{kind:?} cut at {cut} goes unnoticed");
            }
        }
    }

    #[test]
    fn other_bytes_are_not_taken_for_compressed() {
        for start in [&b""[..], b"\x1f", b"\x1f\x8b", b"BZh9abcdef", b"BZ", b"volume.met", b"\x28\xb5\x2f"] {
            assert_eq!(Compression::of(start), Compression::None, "{start:?}");
        }
    }
}
