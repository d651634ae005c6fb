//! The form of a capsule: what stands in its tail, and how that is written and read. docs/capsule.md has it in words.
//!
//! Whoever made a capsule may have made it to harm. What is read here is bounded by the length of the file.

use std::io::{self, Read, Write};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use serde::{Deserialize, Serialize};

use super::super::Kind;
use super::super::sums::{SUM, Sum};
use super::hash;

/// What a capsule begins with; the number is that of the form.
pub(super) const MAGIC: &[u8; 24] = b"\x89jivascope.capsule/1\r\n\x1a\n";

/// What a capsule ends with.
const END: &[u8; 8] = b"jivaend\n";

/// Bytes behind the tail: three numbers, a sum, the end.
pub(super) const TRAILER: u64 = 24 + SUM as u64 + 8;

/// A tail may be unpacked to so many bytes, and to 64 more for each of its own.
const TAIL: u64 = 8 << 20;

/// Bytes of small files that are packed together.
pub(super) const CHUNK: u64 = 1 << 20;

/// Why something is no capsule that can be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CapsuleError {
    /// It does not end as a capsule does.
    #[error("the capsule is cut: it does not end as a capsule does; copy it again")]
    Cut,
    /// A sum does not fit.
    #[error("the capsule is damaged: {0}")]
    Damaged(String),
    /// Written in another form.
    #[error("is a capsule of another version of jivascope; take a newer jivascope")]
    OtherForm,
    /// The system said no.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
}

/// A capsule's tail.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub schema: String,
    /// `capsule`, or `manifest` where logs were left out.
    pub kind: String,
    pub tool: Tool,
    /// The name of the machine, as it calls itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    pub began: Time,
    pub ended: Time,
    /// Names the key of the sums.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    pub directories: Vec<Dir>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Tool {
    pub name: String,
    pub version: String,
}

/// Seconds since 1970 and nanoseconds.
pub(super) type Time = (i64, u32);

/// A replica directory.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Dir {
    /// Its path below what was given, beginning with the name of that.
    pub inner: Vec<String>,
    /// Its path on the machine.
    pub path: String,
    /// What of the directory as a whole changed while it was read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<String>,
    /// Processes that held an image open.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub open_in: Vec<Process>,
    /// `revision.counter` before and after, as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counter: Option<(String, String)>,
    /// Whether its files were put there by a tool that gave them older times: a copy, unless the user knows better.
    #[serde(default)]
    pub restored: bool,
    /// Whether the user said that it lies where the engine uses it.
    #[serde(default)]
    pub origin: bool,
    /// What of the chosen blocks was no longer as the first visit saw it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missed: Vec<String>,
    pub files: Vec<Listed>,
    /// The content of small files and logs, one behind the other.
    pub pack: Pack,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Process {
    pub pid: u32,
    pub command: String,
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Pack {
    pub size: u64,
    pub chunks: Vec<Section>,
}

/// A part of the capsule and its sum.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Section {
    pub at: u64,
    pub len: u64,
    #[serde(with = "hex")]
    pub sum: Sum,
}

/// A name of a directory.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Listed {
    pub name: String,
    #[serde(with = "kind")]
    pub kind: Kind,
    pub size: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<Time>,
    /// Of the last change of the inode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub altered: Option<Time>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub born: Option<Time>,
    /// What is wrong with it: it changed, or could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub damage: Option<String>,
    /// Where its content begins in the pack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packed: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<Summed>,
}

/// An image by its sums.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Summed {
    /// Whether the extents are those of FIEMAP, which the engine asks; else those of SEEK_DATA.
    pub fiemap: bool,
    /// Place of the sums of its blocks.
    pub sums: u64,
    /// Number of these.
    pub blocks: u64,
    /// Its extents and the sums of its regions.
    pub table: Section,
    /// The data of chosen blocks, where a second visit took some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<DataPlace>,
}

/// Where the data of chosen blocks of an image are.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct DataPlace {
    /// Place of the first packed part; the others follow it.
    pub at: u64,
    /// Number of the blocks.
    pub blocks: u64,
    /// Which blocks these are, and the length and sum of each part.
    pub list: Section,
}

/// What is written behind everything else.
pub(super) fn write_tail(to: &mut dyn Write, at: u64, manifest: &Manifest) -> io::Result<()> {
    let text = serde_json::to_vec(manifest).map_err(io::Error::other)?;
    seal(to, at, &deflate(&text)?, text.len())
}

fn seal(to: &mut dyn Write, at: u64, packed: &[u8], unpacked: usize) -> io::Result<()> {
    let mut trailer = Vec::with_capacity(TRAILER as usize);
    for number in [at, packed.len() as u64, unpacked as u64] {
        trailer.extend_from_slice(&number.to_le_bytes());
    }
    let sum = hash::part(&[&MAGIC[..], packed, &trailer].concat());
    trailer.extend_from_slice(&sum);
    trailer.extend_from_slice(END);
    to.write_all(packed)?;
    to.write_all(&trailer)
}

/// A capsule of these sections with this list, fit or not: for tests of hostile ones.
#[doc(hidden)]
pub fn sealed(sections: &[u8], list: &[u8]) -> Vec<u8> {
    let mut out = [&MAGIC[..], sections].concat();
    let at = out.len() as u64;
    if let Ok(packed) = deflate(list) {
        seal(&mut out, at, &packed, list.len()).unwrap_or_default();
    }
    out
}

/// Reads the tail through `read`, which gives so many bytes at a place.
pub(super) fn read_tail(
    size: u64,
    read: impl Fn(u64, usize) -> io::Result<Vec<u8>>,
) -> Result<Manifest, CapsuleError> {
    let begins = MAGIC.len() as u64;
    if size < begins + TRAILER {
        return Err(CapsuleError::Cut);
    }
    if read(0, MAGIC.len())? != *MAGIC {
        return Err(CapsuleError::OtherForm);
    }
    let trailer = read(size - TRAILER, TRAILER as usize)?;
    let (numbers, rest) = trailer.split_at_checked(24).ok_or(CapsuleError::Cut)?;
    let (sum, end) = rest.split_at_checked(SUM).ok_or(CapsuleError::Cut)?;
    if end != END {
        return Err(CapsuleError::Cut);
    }
    let number = |at: usize| u64::from_le_bytes(numbers[at * 8..][..8].try_into().unwrap_or_default());
    let (at, len, unpacked) = (number(0), number(1), number(2));
    if at < begins || at.checked_add(len) != Some(size - TRAILER) {
        return Err(CapsuleError::Damaged("its end names no place in it".to_owned()));
    }
    if unpacked > TAIL.saturating_add(len.saturating_mul(64)) {
        return Err(CapsuleError::Damaged("its list is larger than a capsule's can be".to_owned()));
    }
    let packed = read(at, len as usize)?;
    if packed.len() as u64 != len {
        return Err(CapsuleError::Cut);
    }
    if hash::part(&[&MAGIC[..], &packed, numbers].concat()) != *sum {
        return Err(CapsuleError::Damaged("its list does not fit its sum".to_owned()));
    }
    let text = inflate(&packed, unpacked)?;
    let manifest: Manifest =
        serde_json::from_slice(&text).map_err(|error| CapsuleError::Damaged(format!("its list: {error}")))?;
    if manifest.schema != super::SCHEMA {
        return Err(CapsuleError::OtherForm);
    }
    Ok(manifest)
}

/// Packs bytes.
pub(super) fn deflate(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut packer = ZlibEncoder::new(Vec::new(), Compression::default());
    packer.write_all(bytes)?;
    packer.finish()
}

/// Unpacks what must give so many bytes, and no more.
pub(super) fn inflate(packed: &[u8], size: u64) -> Result<Vec<u8>, CapsuleError> {
    let mut out = Vec::new();
    let wrong = || CapsuleError::Damaged("a packed part of it cannot be unpacked".to_owned());
    ZlibDecoder::new(packed).take(size.saturating_add(1)).read_to_end(&mut out).map_err(|_| wrong())?;
    if out.len() as u64 == size { Ok(out) } else { Err(wrong()) }
}

mod hex {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    use super::{SUM, Sum};

    pub(super) fn serialize<S: Serializer>(sum: &Sum, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&sum.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Sum, D::Error> {
        let text = String::deserialize(from)?;
        let digits = text.as_bytes();
        if digits.len() != 2 * SUM || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(D::Error::custom("a sum has 64 digits"));
        }
        let mut sum = [0; SUM];
        for (byte, pair) in sum.iter_mut().zip(text.as_bytes().chunks(2)) {
            let pair = std::str::from_utf8(pair).map_err(D::Error::custom)?;
            *byte = u8::from_str_radix(pair, 16).map_err(D::Error::custom)?;
        }
        Ok(sum)
    }
}

mod kind {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    use super::Kind;

    const NAMES: &[(Kind, &str)] = &[
        (Kind::File, "file"),
        (Kind::Directory, "directory"),
        (Kind::Symlink, "symlink"),
        (Kind::Fifo, "fifo"),
        (Kind::Socket, "socket"),
        (Kind::Device, "device"),
    ];

    pub(super) fn serialize<S: Serializer>(kind: &Kind, to: S) -> Result<S::Ok, S::Error> {
        let name = NAMES.iter().find(|(one, _)| one == kind).map_or("file", |(_, name)| name);
        to.serialize_str(name)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Kind, D::Error> {
        let text = String::deserialize(from)?;
        let found = NAMES.iter().find(|(_, name)| *name == text);
        found.map(|(kind, _)| *kind).ok_or_else(|| D::Error::custom("is no kind of a file"))
    }
}
