//! A replica's chain as lineage sees it: layers from base to head, with their blocks and what their counters
//! are worth.

use crate::ident::{BLOCK_SIZE, Counter, DiskName, Label, Runs};
use crate::replica::KeyOrder;
use crate::replica::{Copied, Copies, Flag, Memberships, Quality, Replica, State};

/// One layer of a chain.
#[derive(Debug, Clone)]
pub struct Layer {
    /// The disk.
    pub name: DiskName,
    /// When it was made, as its record spells it: one snapshot has one such text on every replica.
    pub created: Option<String>,
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
#[non_exhaustive]
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
    /// The counter of now; `None` too where it was started anew, since it says nothing then.
    pub counter: Option<Counter>,
    /// When the file of the counter was changed last, in seconds since 1970: archives tell no more.
    pub counted_at: Option<i128>,
    /// When its counter or its head was changed last, in seconds since 1970; asked only where a log tells of sessions.
    pub written_at: Option<i64>,
    /// When it was a member of the set, as its log tells.
    pub memberships: Memberships,
    /// Whether its head record was received in a join.
    pub joined: bool,
    /// Whether every snapshot fails here, because the head of the next number stores data.
    pub cannot_snapshot: bool,
    /// Size of the volume in bytes.
    pub size: u64,
    /// Whether the blocks are known at all.
    pub images: bool,
    /// The UUID of the directory, which a copy keeps; `None` in versions without.
    pub uuid: Option<String>,
    /// Whether the copy may be judged; where not, nothing is said of what it holds.
    pub judged: bool,
}

impl Layers {
    /// Describes the chain of a replica that Jiva would open, or an empty one.
    pub fn of(replica: &Replica, copies: &Copies) -> Self {
        let qualities = copies.of(&replica.label).map(Copied::by_disk).unwrap_or_default();
        let size = replica.size.unwrap_or(0);
        let images = replica.has_images();
        let mut list: Vec<Layer> = replica
            .chain_disks()
            .rev()
            .map(|disk| {
                let stored = disk.image.as_ref().and_then(|image| image.extents.as_ref().ok());
                Layer {
                    name: disk.name.clone(),
                    created: disk.read_record().and_then(|record| record.created.clone()),
                    counter: disk.counter(),
                    counts: true,
                    mergeable: !disk.user_created() || disk.removed(),
                    // Zeros that a copier put into a directory just made are no data.
                    blocks: stored
                        .filter(|_| replica.state != State::Blank)
                        .map(|extents| extents.runs.to_blocks(size))
                        .unwrap_or_default(),
                    quality: qualities.get(&disk.name).copied().unwrap_or(Quality::Unknown),
                }
            })
            .collect();
        judge_counters(&mut list, images);
        let at = |name: Option<&DiskName>| {
            let name = name?;
            list.iter().position(|layer| layer.name == *name)
        };
        let tip = at(replica.tip());
        let restarted = is_restarted(&list, tip, replica.counter);
        let checkpoint = at(replica.checkpoint.as_ref());
        Self {
            label: replica.label.clone(),
            tip,
            checkpoint,
            checkpoint_name: replica.checkpoint.clone(),
            counter: replica.counter.filter(|_| !restarted),
            counted_at: replica.changed_at("revision.counter"),
            written_at: written_at(replica),
            memberships: replica.memberships.clone(),
            joined: received_head(replica),
            cannot_snapshot: replica.flags.contains(&Flag::CannotSnapshot),
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

    /// Whether its own clean-up can have merged a disk that stood right above `level` into the one there, which now
    /// carries `counter` or more.
    ///
    /// Clean-up takes automatic or removed snapshots strictly below the Checkpoint, never the base, and only while there
    /// are ten of them, so nine are left. It writes the counter of what it merges into what takes it in. Versions
    /// without a Checkpoint have no clean-up (source: Jiva, `replica/cleaner`; lab notes, "Clean-up leaves arithmetic").
    pub fn can_have_merged(&self, level: usize, merged: &Layer) -> bool {
        const LEFT: usize = 9;
        let Some(checkpoint) = self.checkpoint.filter(|checkpoint| *checkpoint > level) else { return false };
        let left = self.list[1..checkpoint].iter().filter(|layer| layer.mergeable).count();
        let into = &self.list[level];
        let counted = match (into.counter, merged.counter) {
            (Some(into_count), Some(count)) if into.counts && merged.counts => into_count >= count,
            _ => true,
        };
        merged.mergeable && counted && left >= LEFT
    }

    /// The end of the last block of the volume.
    pub fn end(&self) -> u64 {
        self.size.div_ceil(BLOCK_SIZE) * BLOCK_SIZE
    }
}

/// Whether the counter of now was started anew: it is below what the replica's own records counted.
///
/// Where `revision.counter` is lost Jiva makes a new one that says 1.
fn is_restarted(list: &[Layer], tip: Option<usize>, counter: Option<Counter>) -> bool {
    let (Some(tip), Some(counter)) = (tip, counter) else { return false };
    // A head's record may be another replica's; what lies above the clean tip is.
    let own = list.get(..=tip).unwrap_or_default().iter().take(list.len().saturating_sub(1));
    own.filter_map(|layer| layer.counter).any(|counted| counted > counter)
}

/// When its counter or its head was changed last, whichever was later.
fn written_at(replica: &Replica) -> Option<i64> {
    let head = replica.chain.first().filter(|_| !replica.memberships.list.is_empty())?;
    let counted = replica.changed_at("revision.counter")?;
    i64::try_from(counted.max(replica.changed_at(head.as_str())?)).ok()
}

/// Whether the record of the head was copied here in a join.
fn received_head(replica: &Replica) -> bool {
    let head = replica.chain_disks().next().and_then(|disk| disk.read_record());
    replica.peer.is_some() || head.is_some_and(|record| record.order == KeyOrder::Received)
}

/// Tells which counters may be compared.
///
/// A record with 0 or 1 gets the counter of the moment at the next opening of that replica. That shows as a
/// counter larger than one above it, or, at the base, as a run of equal counters over snapshots that hold no
/// block: they were taken before the first write.
pub(super) fn judge_counters(list: &mut [Layer], images: bool) {
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
