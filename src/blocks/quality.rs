//! What a copy is worth: for each image of the chain, and for the replica the worst of them (design 6.0).
//!
//! A tool that fills holes makes every layer hide all layers below it. One that turns stored zeros into holes lets
//! older data come back. Both change what the merged view is. The first shows in what is stored and in zeros over older
//! data. The second shows in nothing but what is absent: so a copy counts as faithful only where each image has both, a
//! hole and a stored block of zeros of its own.

use std::collections::{BTreeMap, BTreeSet};

use super::own_zeros::{Share, is_all_zeros, share_of_zeros, stores_zeros};
use crate::evidence::Origin;
use crate::finding::{CopyReason, Exhibit, Facts, Finding};
use crate::ident::{BLOCK_SIZE, DiskName, Runs};
use crate::replica::{Copied, CopiedImage, CopyRemark, Disk, Ground, Image, Quality, Replica, State};

/// Hole edges on multiples of this or more are coarser than Jiva makes them as a rule.
const COARSE: u64 = 2 * BLOCK_SIZE;

/// Hole edges on multiples of this or more are those of a tool that looks for zeros in large pieces.
const PIECE: u64 = 32 << 10;

/// Stored blocks needed before it means something that none of them is zeros: 64 MiB.
const MANY: u64 = 16 << 10;

/// Blocks of zeros that were met while a replica's views were read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Zeros {
    /// Stored blocks of zeros, by the disk that supplies them.
    pub blocks: BTreeMap<DiskName, u64>,
    /// Those of them that hide something stored in an older layer.
    pub hiding: BTreeMap<DiskName, u64>,
    /// Stored blocks that were read.
    pub read: u64,
    /// Stored blocks that no newer layer hides, by disk: all of these were looked at.
    pub visible: BTreeMap<DiskName, u64>,
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
    let faulty = faulty(replica);
    let of = |disk: &Disk| image(replica, disk, is_base(replica, disk), &faulty, seen);
    let images: Vec<CopiedImage> = replica.chain_disks().filter_map(of).collect();
    let mut defects: Vec<String> = replica.defects.iter().map(|defect| defect.text.clone()).collect();
    defects.extend(images.iter().filter(|image| image.is_filled()).map(|image| image.why().to_string()));
    let mut remarks = Vec::new();
    if replica.reconstructed {
        remarks.push(CopyRemark::Reconstructed);
    }
    let attested = images.iter().any(|image| image.ground == Ground::Attested);
    let lost = if attested { None } else { zeros_lost(&images, seen) };
    if lost.is_some() {
        remarks.push(CopyRemark::ZerosLost);
    }
    let worst = images.iter().min_by_key(|image| image.quality);
    let (quality, why) = if let [first, ..] = &defects[..] {
        (Quality::Defective, CopyReason::Defect { defect: first.clone() })
    } else if replica.reconstructed {
        (Quality::Unknown, CopyReason::Reconstructed)
    } else if let Some(why) = lost {
        (Quality::Unknown, why)
    } else {
        match worst {
            Some(image) => (image.quality, image.why()),
            None => (Quality::Unknown, CopyReason::NoImage),
        }
    };
    Copied { quality, defects, why, remarks, images }
}

/// What speaks for stored zeros that became holes.
fn zeros_lost(images: &[CopiedImage], seen: Seen<'_>) -> Option<CopyReason> {
    if let Some(image) = images.iter().find(|image| image.grain.is_some_and(|grain| grain < BLOCK_SIZE)) {
        return Some(CopyReason::HolesInsideBlocks { disk: image.disk.clone() });
    }
    let Seen::Views(zeros) = seen else { return None };
    if zeros.lost > 0 {
        return Some(CopyReason::ZerosOfAnother { blocks: zeros.lost });
    }
    let holes = images.iter().any(|image| image.edges > 0);
    let none = holes && zeros.read >= MANY && zeros.blocks.is_empty();
    none.then_some(CopyReason::NoZerosAtAll { blocks: zeros.read })
}

/// What a chain of the directory is worth that may not be its own, head first. Its views are not read for that, so an
/// image without a hole above the base stays unknown.
pub(super) fn chain_quality(replica: &Replica, chain: &[DiskName]) -> Quality {
    let (none, faulty) = (Zeros::default(), faulty(replica));
    let of = |(at, name): (usize, &DiskName)| {
        let is_base = at + 1 == chain.len();
        let found = image(replica, replica.disk(name)?, is_base, &faulty, Seen::Views(&none))?;
        let full = found.stored >= found.size && !is_base && found.ground != Ground::Attested;
        Some(if full { found.quality.min(Quality::Unknown) } else { found.quality })
    };
    let images = chain.iter().enumerate().map(|at| of(at).unwrap_or(Quality::Defective));
    images.min().unwrap_or(Quality::Unknown)
}

fn is_base(replica: &Replica, disk: &Disk) -> bool {
    replica.chain.last() == Some(&disk.name)
}

/// The images that are not whole.
fn faulty(replica: &Replica) -> BTreeSet<&DiskName> {
    replica.defects.iter().filter_map(|defect| defect.disk.as_ref()).collect()
}

/// What one image is worth.
fn image(
    replica: &Replica,
    disk: &Disk,
    is_base: bool,
    faulty: &BTreeSet<&DiskName>,
    seen: Seen<'_>,
) -> Option<CopiedImage> {
    let image = disk.image.as_ref()?;
    let extents = image.extents.as_ref().ok()?;
    let inside = extents.runs.iter().flat_map(|run| [run.start, run.end]);
    let inside = inside.filter(|edge| (1..image.size).contains(edge));
    let (edges, bits) = inside.fold((0, 0), |(count, bits), edge| (count + 1, bits | edge));
    let mut out = CopiedImage {
        disk: disk.name.clone(),
        quality: Quality::Unknown,
        ground: Ground::Unread,
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
    out.ground = match () {
        () if faulty.contains(&disk.name) => Ground::Defect,
        () if replica.is_attested() => Ground::Attested,
        () if is_base => Ground::Base,
        () if out.stored == 0 => stores_nothing(replica, disk),
        () => ground(replica, image, &extents.runs, &out, seen),
    };
    out.quality = match out.ground {
        Ground::Defect | Ground::Filled(_) => Quality::Defective,
        Ground::Attested => Quality::Attested,
        Ground::Base | Ground::NothingCounted | Ground::Full | Ground::HolesAndZeros => Quality::Faithful,
        _ => Quality::Unknown,
    };
    Some(out)
}

/// What decides of an image above the base that stores something.
fn ground(replica: &Replica, image: &Image, stored: &Runs, found: &CopiedImage, seen: Seen<'_>) -> Ground {
    let full = found.stored >= found.size;
    let pieces = full || found.grain.is_some_and(|grain| grain >= PIECE);
    if pieces && !matches!(seen, Seen::Extents) && !replica.reconstructed {
        match share_of_zeros(replica, image, stored) {
            Share::MostlyZeros => return Ground::Filled(found.grain.filter(|_| !full)),
            Share::Unreadable => return Ground::Unread,
            Share::MostlyData => {}
        }
    }
    let Seen::Views(zeros) = seen else { return Ground::Unread };
    if full {
        return zeros.hiding.get(&found.disk).map_or(Ground::Full, |hidden| Ground::ZerosOverData(*hidden));
    }
    match found.grain {
        Some(grain) if grain >= COARSE => Ground::Coarse(grain),
        _ if found.zeros > 0 => Ground::HolesAndZeros,
        // What a newer layer hides was not read with the views.
        _ if zeros.visible.get(&found.disk).is_none_or(|seen| *seen < stored.blocks())
            && stores_zeros(replica, image, stored) =>
        {
            Ground::HolesAndZeros
        }
        _ => Ground::NoZeros,
    }
}

/// An image without one block: nothing was written while it was the head, or what was written is gone.
fn stores_nothing(replica: &Replica, disk: &Disk) -> Ground {
    let below = disk.parent().and_then(|parent| replica.disk(parent)).and_then(Disk::counter);
    let own = if replica.head.as_ref() == Some(&disk.name) { replica.counter } else { disk.counter() };
    match (own, below) {
        (Some(own), Some(below)) if own == below => Ground::NothingCounted,
        _ => Ground::NothingStored,
    }
}

/// Whether holes were filled when this was copied.
pub fn is_filled(copied: &Copied) -> bool {
    copied.images.iter().any(CopiedImage::is_filled)
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
    let filled = copied.images.iter().find(|image| image.is_filled());
    let reason = filled.map_or_else(|| copied.why.clone(), CopiedImage::why);
    let facts = if filled.is_some() || copied.has(CopyRemark::Reconstructed) {
        Facts::HolesFilled { reason }
    } else if copied.has(CopyRemark::ZerosLost) {
        Facts::ZeroBlocksLost { reason }
    } else if copied.quality == Quality::Unknown && !copied.images.is_empty() {
        Facts::FidelityUnknown { reason }
    } else {
        return None;
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
    Some(evidence.take(15).fold(Finding::of(&replica.label, facts, first), Finding::and))
}
