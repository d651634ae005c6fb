//! Whether a copy shows what the original held: for each image and for the replica.
//!
//! A copier that fills holes makes every layer hide all layers below; one that turns stored zeros into holes lets older
//! data come back. Both change what the merged view is. The first shows in the allocation and in blocks of zeros over
//! older data; the second in hole edges that Jiva does not make, in what another replica still has, and otherwise only
//! in what is absent.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::evidence::Origin;
use crate::finding::{Code, Exhibit, Finding};
use crate::ident::{BLOCK_SIZE, DiskName};
use crate::replica::{Flag, Image, Replica};

/// Hole edges needed before their granularity means something.
const EDGES: usize = 16;

/// Stored blocks needed before it means something that none of them is zeros: 64 MiB.
const MANY: u64 = 16 << 10;

/// Blocks of each image that are looked at where all images are stored in full.
const PROBES: u64 = 256;

/// Whether the copy of a replica shows what the original holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Fidelity {
    /// Holes and stored zeros are both there.
    Faithful,
    /// Stored zeros seem to have become holes: older data show where zeros had been written.
    ZerosLost,
    /// Nothing tells.
    Unknown,
    /// Holes were filled, and blocks of zeros are taken for holes again.
    Reconstructed,
    /// Holes were filled: every layer hides all layers below it.
    HolesFilled,
    /// Bytes of images are missing.
    Incomplete,
}

impl Fidelity {
    /// Whether a view of this copy may be judged.
    pub fn is_usable(self) -> bool {
        !matches!(self, Self::HolesFilled | Self::Incomplete)
    }
}

/// Blocks of zeros that were met while a replica's views were read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Zeros {
    /// Stored blocks of zeros, by the disk that supplies them.
    pub blocks: BTreeMap<DiskName, u64>,
    /// Those of them that hide something stored in an older layer.
    pub hiding: BTreeMap<DiskName, u64>,
    /// Stored blocks that were read.
    pub read: u64,
    /// Blocks that another replica stores as zeros and that show something else here, where the two differ in nothing
    /// else.
    pub lost: u64,
}

/// What may be looked at, or was, to tell how a replica was copied.
#[derive(Debug, Clone, Copy)]
pub enum Seen<'a> {
    /// Sizes and extents alone.
    Extents,
    /// Beside these a few blocks of each image, where nothing else would tell.
    Probes,
    /// Its views were read.
    Views(&'a Zeros),
}

/// How a replica was copied, and what shows it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Copied {
    /// The answer.
    pub fidelity: Fidelity,
    /// In one sentence.
    pub why: String,
    /// Each image of the chain, head first.
    pub images: Vec<CopiedImage>,
}

/// What shows how one image was copied.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CopiedImage {
    /// The image.
    pub disk: DiskName,
    /// Apparent size in bytes.
    pub size: u64,
    /// Stored bytes, up to the apparent size.
    pub stored: u64,
    /// How the extents are known.
    pub origin: Origin,
    /// The largest power of two that divides every hole edge inside the image; `None` without one.
    pub grain: Option<u64>,
    /// Number of such edges.
    pub edges: usize,
    /// Stored blocks of zeros that were met.
    pub zeros: u64,
}

impl CopiedImage {
    fn of(name: &DiskName, image: &Image, zeros: Option<&Zeros>) -> Option<Self> {
        let extents = image.extents.as_ref().ok()?;
        let inside = extents.runs.iter().flat_map(|run| [run.start, run.end]);
        let inside = inside.filter(|edge| (1..image.size).contains(edge));
        let (edges, bits) = inside.fold((0, 0), |(count, bits), edge| (count + 1, bits | edge));
        Some(Self {
            disk: name.clone(),
            size: image.size,
            stored: extents.runs.bytes().min(image.size),
            origin: extents.origin,
            grain: (edges > 0).then(|| 1 << bits.trailing_zeros()),
            edges,
            zeros: zeros.and_then(|zeros| zeros.blocks.get(name).copied()).unwrap_or(0),
        })
    }

    /// Whether no hole is left in it.
    pub fn is_full(&self) -> bool {
        self.stored >= self.size
    }
}

/// Tells how a replica was copied.
pub fn fidelity(replica: &Replica, seen: Seen<'_>) -> Fidelity {
    copied(replica, seen).fidelity
}

/// Tells how a replica was copied, with what shows it.
pub fn copied(replica: &Replica, seen: Seen<'_>) -> Copied {
    let zeros = if let Seen::Views(zeros) = seen { Some(zeros) } else { None };
    let images: Vec<CopiedImage> = replica
        .chain_disks()
        .filter_map(|disk| CopiedImage::of(&disk.name, disk.image.as_ref()?, zeros))
        .filter(|image| image.size > 0)
        .collect();
    let (fidelity, why) = judge(replica, &images, seen);
    Copied { fidelity, why, images }
}

fn judge(replica: &Replica, images: &[CopiedImage], seen: Seen<'_>) -> (Fidelity, String) {
    if replica.flags.contains(&Flag::UnfaithfulCopy) {
        return (Fidelity::Incomplete, "the copy is incomplete".to_owned());
    }
    if replica.reconstructed {
        return (Fidelity::Reconstructed, "blocks of zeros were taken for holes".to_owned());
    }
    let count = images.len();
    // One full layer can be what was written; all of them at once, with zeros in those above the base, are the
    // copier's work.
    if count > 1 && images.iter().all(CopiedImage::is_full) {
        if let Seen::Extents = seen {
            return (Fidelity::HolesFilled, format!("all {count} images are stored to their last byte"));
        }
        return match zeros_above_base(replica, images) {
            Some(disk) => (
                Fidelity::HolesFilled,
                format!(
                    "all {count} images are stored to their last byte, and {disk} has zeros where it had holes"
                ),
            ),
            None => (Fidelity::Unknown, format!("all {count} images are full, of data other than zeros")),
        };
    }
    if let Some(image) = images.iter().find(|image| image.grain.is_some_and(|grain| grain < BLOCK_SIZE)) {
        let why =
            format!("{} has holes that begin or end inside a block, which Jiva never makes", image.disk);
        return (Fidelity::ZerosLost, why);
    }
    let Seen::Views(zeros) = seen else { return (Fidelity::Unknown, "blocks were not read".to_owned()) };
    if zeros.lost > 0 {
        let why = format!(
            "{} blocks of zeros of another replica are not here, and nothing else differs",
            zeros.lost
        );
        return (Fidelity::ZerosLost, why);
    }
    let all: u64 = zeros.blocks.values().sum();
    let edges: usize = images.iter().map(|image| image.edges).sum();
    let grain = images.iter().filter_map(|image| image.grain).min().unwrap_or(BLOCK_SIZE);
    let coarse = grain > BLOCK_SIZE && edges >= EDGES;
    let hiding: u64 = zeros.hiding.values().sum();
    let full_over = images.iter().find(|image| image.is_full() && zeros.hiding.contains_key(&image.disk));
    if coarse && hiding > 0 {
        let why = format!(
            "every hole edge is a multiple of {grain} bytes, and {hiding} blocks of zeros hide older data"
        );
        (Fidelity::HolesFilled, why)
    } else if coarse {
        (
            Fidelity::Unknown,
            format!("every hole edge is a multiple of {grain} bytes; Jiva makes holes of {BLOCK_SIZE}"),
        )
    } else if let Some(image) = full_over {
        let hidden = zeros.hiding[&image.disk];
        (
            Fidelity::Unknown,
            format!("{} is full, and {hidden} of its blocks are zeros over older data", image.disk),
        )
    } else if images.iter().any(|image| image.origin == Origin::Dense) && count > 1 {
        (Fidelity::Unknown, "some images came without a map of their holes".to_owned())
    } else if all > 0 {
        (Fidelity::Faithful, format!("there are holes, and {all} stored blocks of zeros"))
    } else if zeros.read >= MANY {
        let why = format!(
            "not one of {} stored blocks is zeros: a copier that looks for zeros leaves it so",
            zeros.read
        );
        (Fidelity::ZerosLost, why)
    } else {
        (Fidelity::Unknown, "there are holes, and no stored block of zeros was met".to_owned())
    }
}

/// A disk above the base that stores a block of zeros, looking at evenly spread blocks.
fn zeros_above_base(replica: &Replica, images: &[CopiedImage]) -> Option<DiskName> {
    let base = replica.chain.last();
    let mut block = vec![0; BLOCK_SIZE as usize];
    images.iter().filter(|image| Some(&image.disk) != base).find_map(|image| {
        let entry = replica.source.entries().get(replica.disk(&image.disk)?.image.as_ref()?.entry)?;
        let blocks = image.size.div_ceil(BLOCK_SIZE);
        let step = blocks.div_ceil(PROBES).max(1);
        let zero = (0..blocks).step_by(step as usize).any(|index| {
            // What cannot be read is not known to be data; nor is it at hand where no block is to be read.
            match replica.source.read_at(entry, index * BLOCK_SIZE, &mut block) {
                Ok(count) => block[..count].iter().all(|byte| *byte == 0),
                Err(_) => true,
            }
        });
        zero.then(|| image.disk.clone())
    })
}

/// What is to be noticed about the copy of a replica whose blocks were read.
pub fn notice(replica: &Replica, copied: &Copied) -> Option<Finding> {
    let code = match copied.fidelity {
        Fidelity::HolesFilled | Fidelity::Reconstructed => Code::HolesFilled,
        Fidelity::ZerosLost => Code::ZeroBlocksLost,
        Fidelity::Unknown if !copied.images.is_empty() => Code::FidelityUnknown,
        Fidelity::Faithful | Fidelity::Unknown | Fidelity::Incomplete => return None,
    };
    let mut evidence = copied.images.iter().map(|image| {
        let origin = match image.origin {
            Origin::Fiemap => "by extents",
            Origin::SeekData => "by SEEK_DATA",
            Origin::SparseMap => "by the archive's map",
            Origin::Dense => "no map in the archive",
        };
        let mut value = format!("{} of {} bytes stored ({origin})", image.stored, image.size);
        if let Some(grain) = image.grain {
            value.push_str(&format!("; {} hole edges at multiples of {grain}", image.edges));
        }
        if image.zeros > 0 {
            value.push_str(&format!("; {} blocks of zeros", image.zeros));
        }
        Exhibit { value: Some(value), ..Exhibit::file(&replica.label, image.disk.as_str()) }
    });
    let first = evidence.next()?;
    Some(evidence.take(15).fold(Finding::of(code, &replica.label, copied.why.clone(), first), Finding::and))
}
