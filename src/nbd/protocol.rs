//! The numbers of the protocol, and the messages that have one form: what is sent is built here, what comes is taken apart here.
//!
//! All numbers are big-endian. The names are those of the protocol's own description (`doc/proto.md` of NetworkBlockDevice/nbd).

/// First bytes of a server.
pub(super) const HELLO: &[u8; 16] = b"NBDMAGICIHAVEOPT";

/// First bytes of an option.
pub(super) const OPTION: u64 = u64::from_be_bytes(*b"IHAVEOPT");

/// First bytes of a reply to an option.
const OPTION_REPLY: u64 = 0x0003_e889_0455_65a9;

/// First bytes of a request.
const REQUEST: u32 = 0x2560_9513;

/// First bytes of a simple reply.
const SIMPLE_REPLY: u32 = 0x6744_6698;

/// First bytes of a part of a structured reply.
const CHUNK: u32 = 0x668e_33ef;

/// The longest read, and the longest payload that is passed over: what the protocol recommends.
pub const MAX_REQUEST: u32 = 32 << 20;

/// Bytes of a request without payload.
pub(super) const REQUEST_BYTES: usize = 28;

/// Flags of the handshake, of both sides.
pub(super) mod handshake {
    pub const FIXED_NEWSTYLE: u32 = 1;
    pub const NO_ZEROES: u32 = 2;
}

/// Options.
pub(super) mod option {
    pub const EXPORT_NAME: u32 = 1;
    pub const ABORT: u32 = 2;
    pub const LIST: u32 = 3;
    pub const INFO: u32 = 6;
    pub const GO: u32 = 7;
    pub const STRUCTURED_REPLY: u32 = 8;
    pub const LIST_META_CONTEXT: u32 = 9;
    pub const SET_META_CONTEXT: u32 = 10;
}

/// Replies to options.
pub(super) mod reply {
    pub const ACK: u32 = 1;
    pub const SERVER: u32 = 2;
    pub const INFO: u32 = 3;
    pub const META_CONTEXT: u32 = 4;
    pub const ERR_UNSUP: u32 = (1 << 31) + 1;
    pub const ERR_INVALID: u32 = (1 << 31) + 3;
    pub const ERR_UNKNOWN: u32 = (1 << 31) + 6;
    pub const ERR_TOO_BIG: u32 = (1 << 31) + 9;
}

/// What is asked about an export.
pub(super) mod info {
    pub const EXPORT: u16 = 0;
    pub const NAME: u16 = 1;
    pub const DESCRIPTION: u16 = 2;
    pub const BLOCK_SIZE: u16 = 3;
}

/// Flags of an export.
pub(super) mod export {
    pub const HAS_FLAGS: u16 = 1;
    pub const READ_ONLY: u16 = 1 << 1;
    pub const SEND_DF: u16 = 1 << 7;
    pub const CAN_MULTI_CONN: u16 = 1 << 8;
}

/// Commands.
pub(super) mod command {
    pub const READ: u16 = 0;
    pub const WRITE: u16 = 1;
    pub const DISC: u16 = 2;
    pub const FLUSH: u16 = 3;
    pub const TRIM: u16 = 4;
    pub const WRITE_ZEROES: u16 = 6;
    pub const BLOCK_STATUS: u16 = 7;
    pub const RESIZE: u16 = 8;
}

/// Flags of commands.
pub(super) mod flag {
    pub const FUA: u16 = 1;
    pub const DF: u16 = 1 << 2;
    pub const REQ_ONE: u16 = 1 << 3;
}

/// Parts of structured replies.
pub(super) mod chunk {
    pub const DONE: u16 = 1;
    pub const OFFSET_DATA: u16 = 1;
    pub const OFFSET_HOLE: u16 = 2;
    pub const BLOCK_STATUS: u16 = 5;
    pub const ERROR: u16 = (1 << 15) + 1;
    pub const ERROR_OFFSET: u16 = (1 << 15) + 2;
}

/// Flags of a stretch in `base:allocation`.
pub(super) mod state {
    pub const HOLE: u32 = 1;
    pub const ZERO: u32 = 2;
}

/// Why a command was not done, as the protocol numbers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum Errno {
    /// Nothing may be written.
    Perm = 1,
    /// It cannot be read.
    Io = 5,
    /// The request makes no sense.
    Inval = 22,
    /// It does not fit one reply.
    Overflow = 75,
}

/// A request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Request {
    pub flags: u16,
    pub command: u16,
    pub cookie: u64,
    pub offset: u64,
    pub length: u32,
}

impl Request {
    /// Takes one apart; `None` where it does not begin like one.
    pub fn parse(bytes: &[u8; REQUEST_BYTES]) -> Option<Self> {
        let mut fields = Fields(bytes);
        (fields.u32()? == REQUEST).then_some(())?;
        let (flags, command) = (fields.u16()?, fields.u16()?);
        Some(Self { flags, command, cookie: fields.u64()?, offset: fields.u64()?, length: fields.u32()? })
    }
}

/// Numbers and texts from the front of a message; `None` where it ends too early.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'a>(pub &'a [u8]);

impl<'a> Fields<'a> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*first)
    }

    pub fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    pub fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    /// A text behind its length.
    pub fn text(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.u32()?).ok()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(text)
    }
}

/// Adds a reply to an option.
pub(super) fn option_reply(out: &mut Vec<u8>, option: u32, kind: u32, data: &[&[u8]]) {
    let length: usize = data.iter().map(|part| part.len()).sum();
    out.extend(OPTION_REPLY.to_be_bytes());
    out.extend(option.to_be_bytes());
    out.extend(kind.to_be_bytes());
    out.extend((length as u32).to_be_bytes());
    data.iter().for_each(|part| out.extend(*part));
}

/// Adds a simple reply without its data.
pub(super) fn simple_reply(out: &mut Vec<u8>, cookie: u64, error: Option<Errno>) {
    out.extend(SIMPLE_REPLY.to_be_bytes());
    out.extend(error.map_or(0, |error| error as u32).to_be_bytes());
    out.extend(cookie.to_be_bytes());
}

/// Adds the head of a part of a structured reply, with so many bytes behind it.
pub(super) fn chunk_head(out: &mut Vec<u8>, cookie: u64, flags: u16, kind: u16, length: u32) {
    out.extend(CHUNK.to_be_bytes());
    out.extend(flags.to_be_bytes());
    out.extend(kind.to_be_bytes());
    out.extend(cookie.to_be_bytes());
    out.extend(length.to_be_bytes());
}

/// Adds the last part of a structured reply: why it failed, and where.
pub(super) fn error_chunk(out: &mut Vec<u8>, cookie: u64, error: Errno, why: &str, at: Option<u64>) {
    let why = cut(why, 1024).as_bytes();
    let kind = if at.is_some() { chunk::ERROR_OFFSET } else { chunk::ERROR };
    let length = 6 + why.len() as u32 + at.map_or(0, |_| 8);
    chunk_head(out, cookie, chunk::DONE, kind, length);
    out.extend((error as u32).to_be_bytes());
    out.extend((why.len() as u16).to_be_bytes());
    out.extend(why);
    if let Some(at) = at {
        out.extend(at.to_be_bytes());
    }
}

/// The front of a text, of at most so many bytes.
pub(super) fn cut(text: &str, most: usize) -> &str {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_taken_apart_and_nothing_else_is() {
        let mut bytes = [0; REQUEST_BYTES];
        assert_eq!(Request::parse(&bytes), None);
        bytes[..4].copy_from_slice(&REQUEST.to_be_bytes());
        bytes[5] = 4;
        bytes[7] = 7;
        bytes[15] = 9;
        bytes[23] = 8;
        bytes[27] = 5;
        let request = Request { flags: 4, command: 7, cookie: 9, offset: 8, length: 5 };
        assert_eq!(Request::parse(&bytes), Some(request));
    }

    #[test]
    fn a_text_ends_where_its_length_says_or_is_none() {
        for (bytes, text) in [
            (&[0, 0, 0, 2, b'a', b'b', b'c'][..], Some(&b"ab"[..])),
            (&[0, 0, 0, 0], Some(b"")),
            (&[0, 0, 0, 4, b'a'], None),
            (&[255, 255, 255, 255, b'a'], None),
            (&[0, 0], None),
        ] {
            assert_eq!(Fields(bytes).text(), text);
        }
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        for (most, text) in [(9, "aé"), (3, "aé"), (2, "a"), (1, "a"), (0, "")] {
            assert_eq!(cut("aé", most), text);
        }
    }
}
