//! One replica, described: its disks, its chain, its state, and what a copy of it is worth.
//!
//! Neutral of the engine: [`dialect`](crate::dialect) reads a directory and fills this in. Knows nothing of other
//! replicas.

pub(crate) mod chain;
mod defect;
mod depth;
mod disks;
mod error;
mod membership;
mod quality;
mod record;

use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;

use crate::evidence::{Extents, ReadError, Source, Sums};
use crate::finding::{Finding, NotRead, Sighting};
use crate::go::MetaError;
use crate::ident::{Counter, DiskName, Label};

/// Seconds by which the clocks of two machines may be apart.
const CLOCKS_APART: i64 = 3600;

pub use defect::Defect;
pub use depth::{Depth, Growth, GrowthOf, Limit, Rate};
pub use disks::Disks;
pub use error::{CounterError, CounterErrorKind, OpenError, StartError};
pub use membership::{Membership, Memberships};
pub use quality::{Copied, CopiedImage, Copies, CopyRemark, Ground, Quality};
pub use record::{KeyOrder, Record, VolumeMeta};

/// The engine whose form a directory has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Dialect {
    /// Jiva.
    Jiva,
    /// Longhorn's first engine.
    Longhorn,
    /// Nothing tells, or the signs contradict each other.
    Unknown,
}

/// A replica directory, described.
#[derive(Debug)]
#[non_exhaustive]
pub struct Replica {
    /// What it is called in every answer.
    pub label: Label,
    /// Where it was found.
    pub path: String,
    /// The directory name that looks like a volume's, if any does.
    pub volume: Option<String>,
    /// Whether the user named it with `LABEL=PATH`.
    pub labelled: bool,
    /// Which engine wrote it.
    pub dialect: Dialect,
    /// Whether Jiva would open it.
    pub state: State,
    /// The error with which Jiva would fail to open it.
    pub error: Option<OpenError>,
    /// The error that ends its process before it opens anything.
    pub start_error: Option<StartError>,
    /// Files that could not be read here: a matter of the reader's rights or of the copy, never of Jiva.
    pub unread: Vec<NotRead>,
    /// Whether the counter is not known: `revision.counter` is one of them, or is not here though the volume was served. Every
    /// version makes that file before anything else.
    pub counter_unread: bool,
    /// The image below the oldest disk that `volume.meta` names, if it names one.
    pub backing_file: Option<String>,
    /// What else is to be known, in a word each.
    pub flags: BTreeSet<Flag>,
    /// `volume.meta`, where it decodes.
    pub meta: Option<VolumeMeta>,
    /// Size of the volume as this replica has it, in bytes.
    pub size: Option<u64>,
    /// The active head.
    pub head: Option<DiskName>,
    /// The head's parent: what the head record says, since Jiva goes by it.
    pub parent: Option<DiskName>,
    /// The snapshot at which the controller last saw all replicas RW; `None` for "" and for versions without.
    pub checkpoint: Option<DiskName>,
    /// `revision.counter`, where it can be read.
    pub counter: Option<Counter>,
    /// The chain, head first, as far as it can be followed.
    pub chain: Vec<DiskName>,
    /// The places of the chain's disks in [`Replica::disks`], head first.
    pub(crate) places: Vec<usize>,
    /// Every disk that an image or a record stands for.
    pub disks: Disks,
    /// Chains of disks that the active chain does not reach, each from its tip down.
    pub alternates: Vec<Vec<DiskName>>,
    /// Files left over from writes that did not reach their rename, and from the probe at a start, by name.
    pub temporaries: Vec<String>,
    /// How its last join went.
    pub last_join: LastJoin,
    /// Where its own history ends, if that is not the head.
    pub clean_tip: Option<DiskName>,
    /// The head record that a peer left, if one did.
    pub peer: Option<PeerRecord>,
    /// What is wrong with the copy, as far as it shows without reading an image.
    pub defects: Vec<Defect>,
    /// Whether the archive that it came in is cut or damaged.
    pub cut: bool,
    /// What was noticed.
    pub findings: Vec<Finding>,
    /// Whether a capsule of the same replica shows that nothing of its images changed when it was copied.
    pub attested: bool,
    /// Whether the extents are a guess from blocks of zeros, because its holes were filled when it was copied.
    pub reconstructed: bool,
    /// When it was a member of the set, as far as a log was read that tells it.
    pub memberships: Memberships,
    /// Where its bytes are.
    pub source: Arc<dyn Source>,
}

/// Whether Jiva would open a replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum State {
    /// Jiva would open it.
    Usable,
    /// Jiva would fail on it.
    Broken,
    /// No volume.meta, or not one stored block in the whole chain.
    Blank,
}

/// How the last join of a replica went, as far as its directory tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum LastJoin {
    /// No trace of a join since its head was made.
    None,
    /// It became RW, or wrote on its own since.
    Finished,
    /// It stopped while files were being copied, or after, or nothing shows that it ended.
    Unfinished,
    /// It was refused, or stopped before anything was copied.
    Refused,
}

/// One word about a replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Flag {
    /// Writes were counted that no image holds, or `log.info` is empty.
    PowerLossSuspected,
    /// It was not closed.
    Dirty,
    /// Its Rebuilding flag is set.
    Rebuilding,
    /// Its last join was refused.
    RefusedJoin,
    /// Its last join did not end.
    UnfinishedJoin,
    /// Few layers are left before the limit.
    ChainNearLimit,
    /// The chain is longer than Jiva opens.
    ChainOverLimit,
    /// Two names are one file.
    HardLinked,
    /// Two members of the chain are one file.
    ChainHardLinked,
    /// There are disks that the chain does not reach.
    OffChainDisks,
    /// Its head record came from another replica.
    PeerHeadRecord,
    /// The copy did not keep holes, or is incomplete.
    UnfaithfulCopy,
    /// A capsule whose sums cannot be compared with the others', or the other way round, for want of a key.
    OtherKey,
    /// Records are there, images are not.
    RecordsOnly,
    /// An image of the chain is missing.
    ImageMissing,
    /// An empty head stands over older files.
    Reinitialised,
    /// Another engine than Jiva wrote it, so no rule of Jiva's applies.
    ForeignDialect,
    /// It is a clone whose copying did not end.
    HalfClone,
    /// The image below its oldest disk is not here.
    BackingFileMissing,
    /// An image stores blocks beyond the Size.
    DataBeyondSize,
    /// The file of the next head stores data, so no snapshot can be taken.
    CannotSnapshot,
    /// Writes were counted, and not one block is stored.
    DataGone,
}

/// One layer: an image file and its record.
#[derive(Debug)]
#[non_exhaustive]
pub struct Disk {
    /// Its image's file name.
    pub name: DiskName,
    /// Its record.
    pub record: RecordState,
    /// Its image, where there is one.
    pub image: Option<Image>,
    /// Whether the active chain reaches it.
    pub on_chain: bool,
}

/// What stands in the place of a record.
#[derive(Debug)]
pub enum RecordState {
    /// No such file.
    Absent,
    /// A file that does not decode.
    Invalid(MetaError),
    /// Something that could not be read.
    Unreadable(ReadError),
    /// A record.
    Read(Record),
}

/// An image file.
#[derive(Debug)]
pub struct Image {
    /// Apparent size in bytes.
    pub size: u64,
    /// What of it is stored, or why that is unknown.
    pub extents: Result<Extents, ReadError>,
    /// Equal for names of one file.
    pub link: Option<u64>,
    /// Place in the source's list of entries.
    pub entry: usize,
}

/// The head record that the RW side of a join left here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct PeerRecord {
    /// That side's head of that moment.
    pub head: DiskName,
    /// The snapshot of the join: it is in that side's chain for certain.
    pub join_snapshot: DiskName,
    /// That side's counter when the join began.
    pub counter: Option<Counter>,
    /// When, as the record spells it.
    pub created: Option<String>,
}

impl PeerRecord {
    /// What it shows of that side.
    pub fn sighting(&self) -> Sighting {
        Sighting {
            head: self.head.clone(),
            join_snapshot: self.join_snapshot.clone(),
            counter: self.counter,
            at: self.created.clone(),
        }
    }
}

impl Disk {
    /// The record, where it was read.
    pub fn read_record(&self) -> Option<&Record> {
        match &self.record {
            RecordState::Read(record) => Some(record),
            _ => None,
        }
    }

    /// The parent that the record names; `None` for a base and without a record.
    pub fn parent(&self) -> Option<&str> {
        self.read_record()?.parent.as_deref().filter(|parent| !parent.is_empty())
    }

    /// The counter in the record.
    pub fn counter(&self) -> Option<Counter> {
        self.read_record()?.counter
    }

    /// Whether a user asked for this snapshot.
    pub fn user_created(&self) -> bool {
        self.read_record().and_then(|r| r.user_created).unwrap_or(false)
    }

    /// Whether it is marked for removal.
    pub fn removed(&self) -> bool {
        self.read_record().and_then(|r| r.removed).unwrap_or(false)
    }

    /// The stored bytes of its image, where they are known; a missing image stores nothing.
    pub fn allocated(&self) -> Option<u64> {
        match &self.image {
            None => Some(0),
            Some(image) => image.extents.as_ref().ok().map(|e| e.runs.bytes()),
        }
    }
}

impl Replica {
    /// When a file in the directory was changed last, in whole seconds since 1970: archives tell no more. `None` where it is
    /// not here, or nothing tells.
    pub fn changed_at(&self, name: &str) -> Option<i128> {
        let entries = self.source.entries();
        let at = entries.binary_search_by(|entry| entry.name.as_str().cmp(name)).ok()?;
        Some(self.source.modified(&entries[at])?.div_euclid(1_000_000_000))
    }

    /// The one of a label among replicas that are sorted by label, as those of a volume are.
    pub fn among<'a>(replicas: &'a [Self], label: &Label) -> Option<&'a Self> {
        let at = replicas.binary_search_by(|replica| replica.label.cmp(label)).ok()?;
        Some(&replicas[at])
    }

    /// Notes what became of its files while their blocks were read: a copy that changes is no copy.
    pub fn note_changes(&mut self) {
        let changed = self.source.changed();
        self.defects.extend(changed.into_iter().map(|text| Defect::of(None, text)));
        self.defects.sort();
    }

    /// The disk of a name.
    pub fn disk(&self, name: &(impl Borrow<str> + ?Sized)) -> Option<&Disk> {
        self.disks.get(name)
    }

    /// The disks of the chain, head first.
    pub fn chain_disks(&self) -> impl DoubleEndedIterator<Item = &Disk> + ExactSizeIterator {
        self.places.iter().map(|at| &self.disks[*at])
    }

    /// The UUID of its directory, which a copy of the directory keeps; `None` in versions without.
    pub fn uuid(&self) -> Option<&str> {
        self.meta.as_ref()?.uuid.as_deref().filter(|uuid| !uuid.is_empty())
    }

    /// Whether its content was checked where the replica lay.
    pub fn is_attested(&self) -> bool {
        self.attested || self.source.sums().is_some_and(|sums| sums.is_attested() && !self.is_put_back(sums))
    }

    /// Whether the image of the head was made long after the time in its record: the engine makes both at once, so a tool put
    /// the image there. The time may be another machine's.
    fn is_put_back(&self, sums: &dyn Sums) -> bool {
        let made = self.chain_disks().next().and_then(|head| {
            let entry = self.source.entries().get(head.image.as_ref()?.entry)?;
            let said = head.read_record()?.created_unix()?;
            Some((sums.born(entry)?.div_euclid(1_000_000_000), i128::from(said)))
        });
        made.is_some_and(|(born, said)| born > said + i128::from(CLOCKS_APART))
    }

    /// Whether there are sums of its blocks in the place of its data.
    pub fn is_without_data(&self) -> bool {
        self.source.sums().is_some()
    }

    /// Whether its chain needs an image that is not here: of a disk that `volume.meta` or a record names, or, where
    /// `volume.meta` does not decode, of any head. It may be missing where the replica lies, or in this copy alone.
    pub fn lacks_an_image(&self) -> bool {
        let here = |disk: &&Disk| disk.image.is_some();
        let Some(meta) = &self.meta else {
            return self.state == State::Broken
                && !self.disks.iter().filter(here).any(|disk| disk.name.is_head());
        };
        let mut seen = BTreeSet::new();
        let mut next = meta.head.as_deref().filter(|name| !name.is_empty());
        while let Some(name) = next.filter(|name| seen.insert(*name)) {
            let Some(disk) = self.disk(name).filter(here) else { return true };
            next = disk.parent().filter(|name| !name.is_empty());
        }
        false
    }

    /// Whether images are at hand, so that extents mean something.
    pub fn has_images(&self) -> bool {
        !self.flags.contains(&Flag::RecordsOnly)
    }

    /// The disk from which its own state is read: the clean tip, or the head.
    pub fn tip(&self) -> Option<&DiskName> {
        self.clean_tip.as_ref().or(self.chain.first())
    }

    /// The chain from `top` down, or nothing if the chain does not hold it.
    pub fn below(&self, top: &DiskName) -> &[DiskName] {
        match self.chain.iter().position(|name| name == top) {
            Some(at) => &self.chain[at..],
            None => &[],
        }
    }

    /// The chain from any disk of the directory, on the chain or off it, down to its base; `None` if the disk is
    /// not there or its records do not lead to a base.
    pub fn chain_from(&self, disk: &DiskName) -> Option<Vec<&Disk>> {
        let walk = chain::walk(&self.disks, disk);
        (walk.end == chain::End::Base).then(|| walk.places.iter().map(|at| &self.disks[*at]).collect())
    }

    /// Why its chain cannot be read, where it is broken: Jiva's message, or what could not be read here.
    pub fn why_broken(&self) -> Option<String> {
        if self.state != State::Broken {
            return None;
        }
        let said = self
            .error
            .as_ref()
            .map(ToString::to_string)
            .or_else(|| self.unread.first().map(ToString::to_string));
        Some(said.unwrap_or_else(|| "its records do not lead to a base".to_owned()))
    }

    /// Whether it is as Jiva makes a new one: one head, no snapshot, and not more than one write counted.
    pub fn is_just_made(&self) -> bool {
        let young = self.counter.is_none_or(|counter| counter.0 <= 1) && !self.counter_unread;
        self.state != State::Broken && self.chain.len() == 1 && self.disks.len() == 1 && young
    }
}
