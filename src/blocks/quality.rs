//! What a copy is worth: for each image of the chain, and for the replica the worst of them (design 6.0).
//!
//! A tool that fills holes makes every layer hide all layers below it. One that turns stored zeros into holes lets
//! older data come back. Both change what the merged view is. The first shows in what is stored and in zeros over older
//! data. The second shows in nothing but what is absent: so a copy counts as faithful only where each image has both, a
//! hole and a stored block of zeros of its own.

use std::collections::BTreeMap;

use super::own_zeros::{Share, is_all_zeros, share_of_zeros, stores_zeros};
use crate::evidence::Origin;
use crate::finding::{Code, Exhibit, Finding};
use crate::ident::{BLOCK_SIZE, DiskName};
use crate::replica::{Copied, CopiedImage, CopyRemark, Disk, Image, Quality, Replica, State};

/// Hole edges on multiples of this or more are coarser than Jiva makes them as a rule.
const COARSE: u64 = 2 * BLOCK_SIZE;

/// Hole edges on multiples of this or more are those of a tool that looks for zeros in large pieces.
const PIECE: u64 = 32 << 10;

/// Stored blocks needed before it means something that none of them is zeros: 64 MiB.
const MANY: u64 = 16 << 10;

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

/// What may be looked at, or was, to tell what a copy is worth.
#[derive(Debug, Clone, Copy)]
pub enum Seen<'a> {
    /// Sizes and extents alone.
    Extents,
    /// Beside these the images that may have been filled.
    Probes,
    /// Its views were read.
    Views(&'a Zeros),
}

/// Tells what the copy of a replica is worth.
pub fn quality(replica: &Replica, seen: Seen<'_>) -> Copied {
    let images: Vec<CopiedImage> =
        replica.chain_disks().filter_map(|disk| image(replica, disk, is_base(replica, disk), seen)).collect();
    let mut defects: Vec<String> = replica.defects.iter().map(|defect| defect.text.clone()).collect();
    let filled = images.iter().filter(|image| image.quality == Quality::Defective);
    defects.extend(
        filled.map(|image| image.why.clone()).filter(|why| !replica.defects.iter().any(|d| d.text == *why)),
    );
    let mut remarks = Vec::new();
    if replica.reconstructed {
        remarks.push(CopyRemark::Reconstructed);
    }
    let lost = zeros_lost(&images, seen);
    if lost.is_some() {
        remarks.push(CopyRemark::ZerosLost);
    }
    let worst = images.iter().min_by_key(|image| image.quality);
    let (quality, why) = if let [first, ..] = &defects[..] {
        (Quality::Defective, first.clone())
    } else if replica.reconstructed {
        (Quality::Unknown, "blocks of zeros were taken for holes".to_owned())
    } else if let Some(why) = lost {
        (Quality::Unknown, why)
    } else {
        match worst {
            Some(image) => (image.quality, image.why.clone()),
            None => (Quality::Unknown, "there is no image".to_owned()),
        }
    };
    Copied { quality, defects, why, remarks, images }
}

/// What speaks for stored zeros that became holes.
fn zeros_lost(images: &[CopiedImage], seen: Seen<'_>) -> Option<String> {
    if let Some(image) = images.iter().find(|image| image.grain.is_some_and(|grain| grain < BLOCK_SIZE)) {
        return Some(format!(
            "{} has holes that begin or end inside a block, which Jiva never makes",
            image.disk
        ));
    }
    let Seen::Views(zeros) = seen else { return None };
    if zeros.lost > 0 {
        return Some(format!(
            "{} blocks of zeros of another replica are not here, and nothing else differs",
            zeros.lost
        ));
    }
    let holes = images.iter().any(|image| image.edges > 0);
    (holes && zeros.read >= MANY && zeros.blocks.is_empty()).then(|| {
        format!("not one of {} stored blocks is zeros: a tool that looks for zeros leaves it so", zeros.read)
    })
}

/// What a chain of the directory is worth that may not be its own, head first. Its views are not read for that, so an
/// image without a hole above the base stays unknown.
pub(super) fn chain_quality(replica: &Replica, chain: &[DiskName]) -> Quality {
    let none = Zeros::default();
    let of = |(at, name): (usize, &DiskName)| {
        let is_base = at + 1 == chain.len();
        let found = image(replica, replica.disk(name)?, is_base, Seen::Views(&none))?;
        let full = found.stored >= found.size && !is_base;
        Some(if full { found.quality.min(Quality::Unknown) } else { found.quality })
    };
    let images = chain.iter().enumerate().map(|at| of(at).unwrap_or(Quality::Defective));
    images.min().unwrap_or(Quality::Unknown)
}

fn is_base(replica: &Replica, disk: &Disk) -> bool {
    replica.chain.last() == Some(&disk.name)
}

/// What one image is worth.
fn image(replica: &Replica, disk: &Disk, is_base: bool, seen: Seen<'_>) -> Option<CopiedImage> {
    let image = disk.image.as_ref()?;
    let extents = image.extents.as_ref().ok()?;
    let inside = extents.runs.iter().flat_map(|run| [run.start, run.end]);
    let inside = inside.filter(|edge| (1..image.size).contains(edge));
    let (edges, bits) = inside.fold((0, 0), |(count, bits), edge| (count + 1, bits | edge));
    let mut out = CopiedImage {
        disk: disk.name.clone(),
        quality: Quality::Unknown,
        why: String::new(),
        size: image.size,
        stored: extents.runs.bytes().min(image.size),
        origin: extents.origin,
        grain: (edges > 0).then(|| 1 << u64::trailing_zeros(bits)),
        edges,
        zeros: match seen {
            Seen::Views(zeros) => zeros.blocks.get(&disk.name).copied().unwrap_or(0),
            _ => 0,
        },
    };
    (out.quality, out.why) = judge(replica, disk, image, &out, is_base, seen);
    Some(out)
}

fn judge(
    replica: &Replica,
    disk: &Disk,
    image: &Image,
    found: &CopiedImage,
    is_base: bool,
    seen: Seen<'_>,
) -> (Quality, String) {
    let name = &disk.name;
    if let Some(defect) = replica.defects.iter().find(|defect| defect.disk.as_ref() == Some(name)) {
        return (Quality::Defective, defect.text.clone());
    }
    if is_base {
        return (Quality::Faithful, format!("{name} is the base: a hole and a zero read alike in it"));
    }
    if found.stored == 0 {
        return stores_nothing(replica, disk);
    }
    let Some(extents) = image.extents.as_ref().ok() else {
        return (Quality::Unknown, format!("{name}: which blocks it stores is not known"));
    };
    let full = found.stored >= found.size;
    let pieces = full || found.grain.is_some_and(|grain| grain >= PIECE);
    if pieces && !matches!(seen, Seen::Extents) && !replica.reconstructed {
        match share_of_zeros(replica, image, &extents.runs) {
            Share::MostlyZeros => return (Quality::Defective, filled(name, found, full)),
            Share::Unreadable => {
                return (Quality::Unknown, format!("{name} could not be searched for zeros"));
            }
            Share::MostlyData => {}
        }
    }
    let Seen::Views(zeros) = seen else {
        return (Quality::Unknown, format!("the blocks of {name} were not read"));
    };
    if full {
        return match zeros.hiding.get(name) {
            Some(hidden) => (
                Quality::Unknown,
                format!("{name} has no hole, and {hidden} of its blocks are zeros over older data"),
            ),
            None => (Quality::Faithful, format!("{name} has no hole, and hides no older data under zeros")),
        };
    }
    match found.grain {
        Some(grain) if grain >= COARSE => {
            let why = format!(
                "every hole edge of {name} is a multiple of {grain} bytes; Jiva makes holes of {BLOCK_SIZE}"
            );
            (Quality::Unknown, why)
        }
        _ if found.zeros > 0 || stores_zeros(replica, image, &extents.runs) => {
            (Quality::Faithful, format!("{name} has holes and stored blocks of zeros"))
        }
        _ => (Quality::Unknown, format!("{name} has holes, and no stored block of zeros was met in it")),
    }
}

/// An image without one block: nothing was written while it was the head, or what was written is gone.
fn stores_nothing(replica: &Replica, disk: &Disk) -> (Quality, String) {
    let name = &disk.name;
    let below = disk.parent().and_then(|parent| replica.disk(parent)).and_then(Disk::counter);
    let own = if replica.head.as_ref() == Some(name) { replica.counter } else { disk.counter() };
    match (own, below) {
        (Some(own), Some(below)) if own == below => {
            (Quality::Faithful, format!("{name} stores nothing, and no write was counted in it"))
        }
        _ => (
            Quality::Unknown,
            format!("{name} stores nothing, and nothing shows that nothing was written in it"),
        ),
    }
}

fn filled(name: &DiskName, found: &CopiedImage, full: bool) -> String {
    let how = match found.grain {
        Some(grain) if !full => format!("every hole edge is a multiple of {grain} bytes"),
        _ => "it has no hole".to_owned(),
    };
    format!(
        "the holes of {name} were filled when it was copied: {how}, and most of its stored blocks are zeros"
    )
}

/// The images of a copy whose holes were filled.
fn filled_images<'a>(replica: &'a Replica, copied: &'a Copied) -> impl Iterator<Item = &'a CopiedImage> {
    let faulty = |image: &CopiedImage| replica.defects.iter().any(|d| d.disk.as_ref() == Some(&image.disk));
    copied.images.iter().filter(move |image| image.quality == Quality::Defective && !faulty(image))
}

/// Whether holes were filled when this was copied.
pub fn is_filled(replica: &Replica, copied: &Copied) -> bool {
    filled_images(replica, copied).next().is_some()
}

/// Takes a replica for blank whose directory was just made and stores nothing but zeros: one head, no snapshot, no
/// write counted. Its copy was filled; it holds nothing all the same.
pub fn settle(replica: &mut Replica) {
    let fresh = replica.state == State::Usable
        && replica.chain.len() == 1
        && replica.counter.is_some_and(|counter| counter.0 <= 1)
        && replica.defects.is_empty();
    if !fresh {
        return;
    }
    let head = replica.chain_disks().next().and_then(|disk| disk.image.as_ref());
    let stored = head.and_then(|image| Some((image, &image.extents.as_ref().ok()?.runs)));
    if stored.is_some_and(|(image, runs)| is_all_zeros(replica, image, runs)) {
        replica.state = State::Blank;
    }
}

/// What is to be noticed about the copy of a replica.
pub fn notice(replica: &Replica, copied: &Copied) -> Option<Finding> {
    let filled = filled_images(replica, copied).next();
    let code = if filled.is_some() || copied.has(CopyRemark::Reconstructed) {
        Code::HolesFilled
    } else if copied.has(CopyRemark::ZerosLost) {
        Code::ZeroBlocksLost
    } else if copied.quality == Quality::Unknown && !copied.images.is_empty() {
        Code::FidelityUnknown
    } else {
        return None;
    };
    let why = filled.map_or(&copied.why, |image| &image.why);
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
    Some(evidence.take(15).fold(Finding::of(code, &replica.label, why.clone(), first), Finding::and))
}
