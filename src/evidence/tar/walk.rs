//! From headers to members: long names, extended headers, sparse maps, and where each payload lies.

use super::header::{Header, HeaderError};
use super::pax::{HEADER_LIMIT, Pax};
use super::{BLOCK, Feed};
use crate::evidence::remarks::Remarks;
use crate::evidence::spell;
use crate::ident::Run;

/// Longest name; a PAX record is no longer either.
const NAME_LIMIT: u64 = 1 << 20;

/// How far a file is read behind the end of the archive in search of more.
const BEYOND: u64 = 1 << 20;

/// The same for a stream: its checksum stands at its end, so only a bomb is not read to there.
const BEYOND_STREAM: u64 = 1 << 30;

/// What kind of member it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::evidence) enum What {
    File,
    Directory,
    Symlink,
    Fifo,
    Device,
    /// Another name of the member named here.
    HardLink(Vec<u8>),
}

/// One member, as far as its headers tell.
#[derive(Debug)]
pub(in crate::evidence) struct Head {
    /// Name as stored.
    pub(in crate::evidence) path: Vec<u8>,
    /// Place of its (last) header.
    pub(in crate::evidence) at: u64,
    pub(in crate::evidence) what: What,
    /// Size of the file when unpacked.
    pub(in crate::evidence) size: u64,
    pub(in crate::evidence) modified: Option<i128>,
    /// The stored ranges where there is a map; their bytes follow each other in the payload.
    pub(in crate::evidence) map: Option<Vec<Run>>,
    /// Place of the payload.
    pub(in crate::evidence) place: u64,
    /// Length of the payload without map and padding.
    pub(in crate::evidence) stored: u64,
    /// Why the content cannot be trusted although the headers could be read.
    pub(in crate::evidence) damage: Option<String>,
}

/// The archive ends inside a payload, at this byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::evidence) struct Cut(pub(in crate::evidence) u64);

/// What extended headers have gathered for the member that follows them.
#[derive(Debug, Default)]
struct Ahead {
    name: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    pax: Option<Pax>,
    spoilt: Option<String>,
}

/// Walks over the members of an archive.
#[derive(Debug)]
pub(in crate::evidence) struct Walk<'w> {
    pub(super) feed: Feed<'w>,
    global: Pax,
    /// Payload of the current member that has not been used up, and the padding behind it.
    left: u64,
    padding: u64,
    members: u64,
    pub(in crate::evidence) remarks: Remarks,
    /// Whether something is missing or wrong, so that an absent member proves nothing.
    pub(in crate::evidence) incomplete: bool,
    /// What is wrong with the archive as a whole: it belongs to everything in it. These are remarks too.
    pub(in crate::evidence) damage: Remarks,
}

impl<'w> Walk<'w> {
    pub(in crate::evidence) fn new(feed: Feed<'w>) -> Self {
        Self {
            feed,
            global: Pax::default(),
            left: 0,
            padding: 0,
            members: 0,
            remarks: Remarks::default(),
            incomplete: false,
            damage: Remarks::default(),
        }
    }

    /// Whether the bytes begin as an archive does: with a header, or with the mark of an empty one.
    pub(in crate::evidence) fn is_archive(&mut self) -> bool {
        let start = self.feed.peek(2 * BLOCK);
        let empty = start.len() == 2 * BLOCK && start.iter().all(|&b| b == 0);
        empty || start.get(..BLOCK).is_some_and(Header::is_one)
    }

    /// The first bytes, without using them up.
    pub(in crate::evidence) fn start(&mut self, len: usize) -> &[u8] {
        self.feed.peek(len)
    }

    /// The first bytes of the payload that comes next, without using them up.
    pub(in crate::evidence) fn ahead(&mut self, len: usize) -> &[u8] {
        let len = usize::try_from(self.left).unwrap_or(usize::MAX).min(len);
        self.feed.peek(len)
    }

    /// The next member, or nothing at the end or at the first header that is none.
    pub(in crate::evidence) fn next(&mut self) -> Option<Head> {
        self.finish();
        let mut ahead = Ahead::default();
        loop {
            let at = self.feed.offset();
            let block = self.feed.peek(BLOCK);
            if block.len() < BLOCK {
                let len = block.len() as u64;
                self.ended_early(at, len);
                return None;
            }
            if block.iter().all(|&b| b == 0) {
                self.ended(at);
                return None;
            }
            let mut copy = [0; BLOCK];
            copy.copy_from_slice(block);
            self.feed.consume(BLOCK);
            match self.member(&copy, at, &mut ahead) {
                Ok(Some(head)) => {
                    self.members += 1;
                    return Some(head);
                }
                Ok(None) => {}
                Err(error) => {
                    self.stop(format!("{error}; nothing behind it was read"));
                    return None;
                }
            }
        }
    }

    /// Reads the next bytes of the current payload; fewer only at its end or the archive's.
    pub(in crate::evidence) fn payload(&mut self, buf: &mut [u8]) -> usize {
        let want = usize::try_from(self.left).unwrap_or(usize::MAX).min(buf.len());
        let got = self.feed.read(&mut buf[..want]);
        self.left -= got as u64;
        got
    }

    /// Leaves out the rest of the current payload and tells if it is not all there.
    pub(in crate::evidence) fn finish(&mut self) -> Option<Cut> {
        let skipped = self.feed.skip(self.left);
        let cut = (skipped < self.left).then(|| Cut(self.feed.offset()));
        self.feed.skip(self.padding);
        (self.left, self.padding) = (0, 0);
        self.incomplete |= cut.is_some();
        cut
    }

    /// Why the bytes ended before the archive did, where reading failed.
    pub(in crate::evidence) fn trouble(&self) -> Option<&str> {
        self.feed.trouble()
    }

    /// A fault of the archive as a whole, or a limit at which it was left.
    pub(in crate::evidence) fn stop(&mut self, why: String) {
        self.damage.push(why.clone());
        self.lacks(why);
    }

    /// Something that one member lacks.
    pub(in crate::evidence) fn lacks(&mut self, why: String) {
        self.incomplete = true;
        self.remarks.push(why);
    }

    fn ended_early(&mut self, at: u64, rest: u64) {
        let line = match self.feed.trouble() {
            Some(trouble) => format!("reading ends at byte {}: {trouble}", at + rest),
            None if rest > 0 => {
                format!("the archive ends at byte {}, inside the header at byte {at}", at + rest)
            }
            None => format!("the archive ends at byte {at} without its end mark; it may be cut"),
        };
        self.stop(line);
    }

    /// At a block of zeros: looks whether another follows, and what comes after.
    fn ended(&mut self, at: u64) {
        self.feed.consume(BLOCK);
        let second = self.feed.peek(BLOCK);
        if second.len() == BLOCK && second.iter().any(|&b| b != 0) {
            self.stop(format!(
                "a single block of zeros at byte {at}; what follows was not read, as GNU tar does"
            ));
            return;
        }
        let beyond = if self.feed.is_stream() { BEYOND_STREAM } else { BEYOND };
        let end = self.feed.offset().saturating_add(beyond);
        loop {
            let block = self.feed.peek(BLOCK);
            let (len, zeros) = (block.len(), block.iter().all(|&b| b == 0));
            let place = self.feed.offset();
            if len == 0 {
                break;
            }
            if !zeros {
                self.stop(format!(
                    "more follows at byte {place} behind the end mark at byte {at}; it was not read, as GNU tar does"
                ));
                break;
            }
            if place >= end {
                if self.feed.is_stream() {
                    self.stop(format!(
                        "more than {beyond} zeros follow the end mark at byte {at}; not read to the end"
                    ));
                }
                break;
            }
            self.feed.consume(len);
        }
        if let Some(trouble) = self.feed.trouble() {
            let line = format!("behind the end mark at byte {at}: {trouble}");
            self.stop(line);
        }
    }

    /// Takes in one header: a member, or something that tells about the next one.
    fn member(&mut self, block: &[u8], at: u64, ahead: &mut Ahead) -> Result<Option<Head>, HeaderError> {
        let header = Header::new(block, at)?;
        let size = header.size()?;
        match header.kind() {
            b'L' => ahead.name = self.long(size, at, "long name", ahead),
            b'K' => ahead.link = self.long(size, at, "long link name", ahead),
            b'x' | b'X' => {
                let mut pax = ahead.pax.take().unwrap_or_else(|| self.global.clone());
                if let Some(bytes) = self.bytes(size, HEADER_LIMIT, at, "extended header", ahead)
                    && let Err(error) = pax.add(&bytes)
                {
                    self.spoil(ahead, format!("{error} (header at byte {at})"));
                }
                ahead.pax = Some(pax);
            }
            b'g' => {
                let mut pax = self.global.clone();
                if let Some(bytes) = self.bytes(size, HEADER_LIMIT, at, "global extended header", ahead) {
                    match pax.add(&bytes) {
                        Ok(()) => self.global = pax,
                        Err(error) => self.stop(format!("{error} (global header at byte {at})")),
                    }
                }
                // A map cannot hold for every member that follows.
                self.global.sparse = Default::default();
            }
            b'V' | b'N' | b'M' => {
                let kind = char::from(header.kind());
                if kind != 'V' {
                    self.stop(format!(
                        "member type '{kind}' at byte {at} is not understood and was left out"
                    ));
                }
                self.expect(size);
                self.finish();
            }
            _ => return self.real_member(&header, size, at, std::mem::take(ahead)).map(Some),
        }
        Ok(None)
    }

    fn real_member(
        &mut self,
        header: &Header<'_>,
        size: u64,
        at: u64,
        ahead: Ahead,
    ) -> Result<Head, HeaderError> {
        let mut pax = ahead.pax.unwrap_or_else(|| self.global.clone());
        let path = pax.sparse.name.take().or(pax.path.take()).or(ahead.name).unwrap_or_else(|| header.name());
        let link = || pax.link_path.take().or(ahead.link).unwrap_or_else(|| header.link_name());
        let mut head = Head {
            what: self.what(header, &path, link, at),
            path,
            at,
            size: 0,
            modified: pax.modified.or_else(|| Some(header.modified()?.saturating_mul(1_000_000_000))),
            map: None,
            place: 0,
            stored: 0,
            damage: ahead.spoilt,
        };
        let stored = pax.size.unwrap_or(size);
        // A header cannot hold 8 GiB and more; only then, and when it is empty, may they differ.
        if stored != size && size != 0 && stored < 1 << 33 {
            self.remarks.push(format!(
                "{}: its extended header says {stored} bytes, the header at byte {at} says {size}; the first counts",
                spell(&head.path)
            ));
        }
        if head.what == What::File || header.kind() == b'D' {
            self.content(header, &mut head, &mut pax, stored)?;
        } else if stored > 0 {
            // Whether payload follows a link or a device depends on who wrote it: look.
            let next = self.feed.peek(BLOCK);
            let header_follows = Header::is_one(next) || next.iter().all(|&b| b == 0);
            if !header_follows {
                self.expect(stored);
            }
        }
        Ok(head)
    }

    fn what(&mut self, header: &Header<'_>, path: &[u8], link: impl FnOnce() -> Vec<u8>, at: u64) -> What {
        match header.kind() {
            b'1' => What::HardLink(link()),
            b'2' => What::Symlink,
            b'3' | b'4' => What::Device,
            b'5' | b'D' => What::Directory,
            b'6' => What::Fifo,
            // Before there was a type for directories, their names ended in a slash.
            b'0' | 0 if path.ends_with(b"/") => What::Directory,
            b'0' | 0 | b'7' | b'S' => What::File,
            other => {
                self.remarks.push(format!(
                    "{}: member type {:?} at byte {at} is unknown; taken for a file, as POSIX says",
                    spell(path),
                    char::from(other)
                ));
                What::File
            }
        }
    }

    fn long(&mut self, size: u64, at: u64, what: &str, ahead: &mut Ahead) -> Option<Vec<u8>> {
        let mut bytes = self.bytes(size, NAME_LIMIT, at, what, ahead)?;
        if let Some(end) = bytes.iter().position(|&b| b == 0) {
            bytes.truncate(end);
        }
        Some(bytes)
    }

    /// The payload of a header that tells about the next member.
    fn bytes(&mut self, size: u64, limit: u64, at: u64, what: &str, ahead: &mut Ahead) -> Option<Vec<u8>> {
        self.expect(size);
        if size > limit {
            self.spoil(
                ahead,
                format!("{what} at byte {at}: {size} bytes are more than the limit of {limit}"),
            );
            self.finish();
            return None;
        }
        // The memory grows with what is there, not with what is claimed.
        let mut bytes = Vec::new();
        let mut chunk = [0; 4096];
        loop {
            match self.payload(&mut chunk) {
                0 => break,
                n => bytes.extend_from_slice(&chunk[..n]),
            }
        }
        if let Some(Cut(end)) = self.finish() {
            self.spoil(ahead, format!("{what} at byte {at}: the archive ends inside it at byte {end}"));
            return None;
        }
        Some(bytes)
    }

    /// What was said about the next member could not be read: its name or size may be wrong.
    fn spoil(&mut self, ahead: &mut Ahead, why: String) {
        self.stop(why.clone());
        ahead.spoilt.get_or_insert(why);
    }

    pub(super) fn expect(&mut self, payload: u64) {
        self.left = payload;
        self.padding = padding(payload);
    }
}

/// Payload is padded to whole blocks.
fn padding(payload: u64) -> u64 {
    (BLOCK as u64 - payload % BLOCK as u64) % BLOCK as u64
}
