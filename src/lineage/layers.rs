//! A replica's chain as lineage sees it: layers from base to head, with their blocks and what their counters
//! are worth.

use crate::ident::{BLOCK_SIZE, Counter, DiskName, Label, Runs};
use crate::replica::{Copies, Quality, Replica, State};

/// One layer of a chain.
#[derive(Debug, Clone)]
pub struct Layer {
    /// The disk.
    pub name: DiskName,
    /// The counter in its record.
    pub counter: Option<Counter>,
    /// Whether that counter may be compared with another replica's: it does not fall towards the head, and was
    /// not filled in at some opening.
    pub counts: bool,
    /// Whether Jiva's clean-up may merge it away: automatic, or marked for removal.
    pub mergeable: bool,
    /// Its stored blocks, in bytes, cut at the size of the volume.
    pub blocks: Runs,
    /// What the copy of its image is worth.
    pub quality: Quality,
}

/// A chain from base (0) to head.
#[derive(Debug, Clone)]
pub struct Layers {
    /// Whose.
    pub label: Label,
    /// Base first. Empty where there is no chain.
    pub list: Vec<Layer>,
    /// The layer where its own history ends: the head, or the clean tip of a join that did not end.
    pub tip: Option<usize>,
    /// The layer that its Checkpoint names.
    pub checkpoint: Option<usize>,
    /// The name of its Checkpoint, wherever that is.
    pub checkpoint_name: Option<DiskName>,
    /// The counter of now.
    pub counter: Option<Counter>,
    /// Size of the volume in bytes.
    pub size: u64,
    /// Whether the blocks are known at all.
    pub images: bool,
    /// The UUID of the directory, which a copy keeps; `None` in versions without.
    pub uuid: Option<String>,
    /// Whether the copy may be judged; where not, nothing is told of what it holds.
    pub judged: bool,
}

impl Layers {
    /// Describes the chain of a replica that Jiva would open, or an empty one.
    pub fn of(replica: &Replica, copies: &Copies) -> Self {
        let copied = copies.of(&replica.label);
        let size = replica.size.unwrap_or(0);
        let images = replica.has_images();
        let mut list: Vec<Layer> = replica
            .chain_disks()
            .rev()
            .map(|disk| {
                let stored = disk.image.as_ref().and_then(|image| image.extents.as_ref().ok());
                Layer {
                    name: disk.name.clone(),
                    counter: disk.counter(),
                    counts: true,
                    mergeable: !disk.user_created() || disk.removed(),
                    blocks: stored.map(|extents| extents.runs.to_blocks(size)).unwrap_or_default(),
                    quality: copied.map_or(Quality::Unknown, |copied| copied.of(&disk.name)),
                }
            })
            .collect();
        judge_counters(&mut list, images);
        let at = |name: Option<&DiskName>| {
            let name = name?;
            list.iter().position(|layer| layer.name == *name)
        };
        let tip = at(replica.tip());
        let checkpoint = at(replica.checkpoint.as_ref());
        Self {
            label: replica.label.clone(),
            tip,
            checkpoint,
            checkpoint_name: replica.checkpoint.clone(),
            counter: replica.counter,
            size,
            images,
            uuid: replica.uuid().map(str::to_owned),
            judged: copies.is_judged(replica),
            list: if replica.state == State::Broken { Vec::new() } else { list },
        }
    }

    /// The layer of the head.
    pub fn head(&self) -> Option<usize> {
        self.list.len().checked_sub(1)
    }

    /// Whether both are copies of one directory.
    pub fn is_copy_of(&self, other: &Self) -> bool {
        self.uuid.is_some() && self.uuid == other.uuid
    }

    /// Whether its own history ends below its head.
    pub fn is_cut(&self) -> bool {
        self.tip != self.head()
    }

    /// Whether not one block is stored up to its tip.
    pub fn is_empty(&self) -> bool {
        self.images && self.list.iter().all(|layer| layer.blocks.is_empty())
    }

    /// The layer of a name.
    pub fn level(&self, name: &DiskName) -> Option<usize> {
        self.list.iter().position(|layer| layer.name == *name)
    }

    /// The end of the last block of the volume.
    pub fn end(&self) -> u64 {
        self.size.div_ceil(BLOCK_SIZE) * BLOCK_SIZE
    }
}

/// Tells which counters may be compared.
///
/// A record with 0 or 1 gets the counter of the moment at the next opening of that replica. That shows as a
/// counter larger than one above it, or, at the base, as a run of equal counters over snapshots that hold no
/// block: they were taken before the first write.
fn judge_counters(list: &mut [Layer], images: bool) {
    let mut lowest = i64::MAX;
    for layer in list.iter_mut().rev() {
        match layer.counter {
            Some(Counter(count)) if count > 1 && count <= lowest => lowest = count,
            _ => layer.counts = false,
        }
    }
    let first = list.first().and_then(|layer| layer.counter);
    for layer in list.iter_mut() {
        if layer.counter != first || (images && !layer.blocks.is_empty()) {
            break;
        }
        layer.counts = false;
    }
}
