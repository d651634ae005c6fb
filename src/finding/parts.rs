//! Parts of facts: values that are one of a few, and what several findings have in common.
//!
//! How they read stands in [`super::words`].

use serde::Serialize;

use crate::evidence::Kind;
use crate::ident::{Counter, DiskName, Label, Run};

/// What is wrong with a metadata file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FileFault {
    /// It does not decode.
    Invalid {
        /// The decoder's message.
        error: String,
    },
    /// It is something else than a file.
    NotAFile {
        /// What it is.
        file_type: Kind,
    },
}

/// A file that could not be read here: a matter of the reader's rights or of the copy, never of Jiva.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NotRead {
    /// In whose directory.
    pub replica: Label,
    /// The file.
    pub file: String,
    /// Why.
    pub reason: NotReadReason,
}

/// Why a file could not be read here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum NotReadReason {
    /// The reader has no permission.
    NoPermission,
    /// The system failed to read it.
    Failed {
        /// The system's message.
        error: String,
    },
    /// It is larger than such a file can be.
    TooLarge {
        /// Its size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The copy of it is not complete.
    Incomplete {
        /// What is wrong with the copy.
        error: String,
    },
}

/// What is odd about a file that could nevertheless be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Oddity {
    /// A key that no version of Jiva up to 3.6.0 declares; Jiva ignores it.
    UnknownKey {
        /// The key as decoded.
        key: String,
    },
    /// A key that was given before, perhaps in other letters; the last value counts.
    DuplicateKey {
        /// Byte offset of the first of them.
        first: u64,
    },
    /// A key in other letters than Jiva writes; Jiva takes it all the same.
    KeyCase {
        /// The key as decoded.
        key: String,
    },
    /// The value is `null`, which Jiva takes as if the key were absent.
    NullValue,
    /// Bytes other than white space after the first JSON value; Jiva does not read them.
    TrailingBytes {
        /// Number of bytes from the place of the remark to the end of the file.
        count: u64,
    },
    /// A string or key holds bytes that are not UTF-8, read as U+FFFD.
    InvalidUtf8,
    /// A string or key holds half of a surrogate pair, read as U+FFFD.
    LoneSurrogate,
    /// The values could be read but are not formatted as any Jiva writes them: spacing, order of keys, escapes,
    /// or the line end. Another program or an editor wrote the file, or it was put together from pieces.
    ForeignSpelling,
    /// `Created` is no time of the form that Jiva writes.
    NotATime {
        /// The text as decoded.
        text: String,
    },
    /// A counter file shorter than the 4096 bytes that Jiva writes.
    ShortFile {
        /// Its length in bytes.
        length: u64,
    },
    /// A counter file goes on after the 4096 bytes that Jiva reads.
    LongFile {
        /// Its length in bytes.
        length: u64,
        /// How many of the bytes that Jiva does not read are not NUL.
        not_nul: u64,
    },
    /// NUL bytes before the digits of a counter; Jiva drops them.
    LeadingNul {
        /// How many.
        count: u64,
    },
    /// A counter with a plus sign or superfluous zeroes, which Jiva never writes.
    CounterSpelling,
    /// More was odd than is listed.
    LeftOut {
        /// How many remarks are missing.
        count: u64,
    },
}

/// What the copy of a file lacks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum CopyFault {
    /// Something of its content.
    Damaged {
        /// What is wrong with it.
        damage: String,
    },
    /// Which ranges it stores.
    ExtentsUnknown {
        /// Why they could not be asked.
        error: String,
    },
}

/// The step of a snapshot or a revert at which a crash came.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum CrashStep {
    /// The head has the snapshot's name too, and `volume.meta` still names that head.
    SnapshotLinked {
        /// The head.
        head: DiskName,
        /// The snapshot: the same file.
        snapshot: DiskName,
    },
    /// `volume.meta` names the next head, and the old one, a link of the snapshot, was not removed.
    OldHeadLinked {
        /// The head.
        head: DiskName,
        /// The old one.
        old_head: DiskName,
    },
    /// The next head was made and `volume.meta` does not name it.
    NextHeadMade {
        /// The next head.
        next_head: DiskName,
    },
    /// The old head was not removed.
    OldHeadLeft {
        /// The old head.
        old_head: DiskName,
    },
    /// The image was removed and its record was not.
    RecordLeft {
        /// Whose record.
        disk: DiskName,
    },
}

/// How far the copying into a clone came, by `CloneStatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum CloneStop {
    /// It says `inProgress`.
    InProgress,
    /// It says `error`.
    Failed,
    /// It is empty, and files of a source are there.
    Begun,
}

/// What of another engine's chain is missing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ForeignGap {
    /// `volume.meta`.
    VolumeMeta,
    /// A record between the head and a base.
    Record,
    /// The image of a disk of the chain.
    Image {
        /// The disk.
        disk: DiskName,
    },
}

/// What decides how good the copy of a replica is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum CopyReason {
    /// A fault of the copy.
    Defect {
        /// The fault.
        defect: String,
    },
    /// Blocks of zeros were taken for holes, as asked for.
    Reconstructed,
    /// There is no image.
    NoImage,
    /// Holes begin or end inside a block.
    HolesInsideBlocks {
        /// In this image.
        disk: DiskName,
    },
    /// Blocks that another replica stores as zeros are not here, and the two differ in nothing else.
    ZerosOfAnother {
        /// How many.
        blocks: u64,
    },
    /// Many blocks are stored, and none of them is zeros.
    NoZerosAtAll {
        /// How many were read.
        blocks: u64,
    },
    /// A hole at the higher counter, where another replica wrote.
    HoleWhereAnotherWrote {
        /// The other replica.
        other: Label,
        /// Blocks.
        blocks: u64,
    },
    /// An image is not whole.
    NotWhole {
        /// The image.
        disk: DiskName,
    },
    /// An image has no hole left, or coarse ones alone, and stores zeros for the most part.
    Filled {
        /// The image.
        disk: DiskName,
        /// Every hole edge is a multiple of so many bytes; absent where there is no hole.
        #[serde(skip_serializing_if = "Option::is_none")]
        grain: Option<u64>,
    },
    /// The blocks of an image were summed up where the replica lay.
    Attested {
        /// The image.
        disk: DiskName,
    },
    /// The image is the base.
    Base {
        /// The image.
        disk: DiskName,
    },
    /// An image stores nothing, and no write was counted in it.
    NothingCounted {
        /// The image.
        disk: DiskName,
    },
    /// An image stores nothing, and nothing shows that nothing was written in it.
    NothingStored {
        /// The image.
        disk: DiskName,
    },
    /// The blocks of an image were not read.
    Unread {
        /// The image.
        disk: DiskName,
    },
    /// An image has no hole, and zeros over older data.
    ZerosOverData {
        /// The image.
        disk: DiskName,
        /// Such blocks.
        blocks: u64,
    },
    /// An image has no hole, and hides no older data under zeros.
    Full {
        /// The image.
        disk: DiskName,
    },
    /// The hole edges of an image are coarser than Jiva makes them.
    Coarse {
        /// The image.
        disk: DiskName,
        /// Every hole edge is a multiple of so many bytes.
        grain: u64,
    },
    /// An image has holes and stored blocks of zeros.
    HolesAndZeros {
        /// The image.
        disk: DiskName,
    },
    /// An image has holes, and no stored block of zeros was met.
    NoZeros {
        /// The image.
        disk: DiskName,
    },
}

/// The likeliest chain that can be built from what lies in a directory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Likeliest {
    /// What it is called: `LABEL@NAME`.
    pub name: String,
    /// Its newest disk.
    pub from: DiskName,
    /// Number of its disks.
    pub disks: usize,
    /// Whether it reaches a base.
    pub complete: bool,
    /// Records that it lacks here and that other replicas have.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub records_elsewhere: Vec<RecordElsewhere>,
}

/// A record that is missing here and that another replica has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RecordElsewhere {
    /// Whose record.
    pub disk: DiskName,
    /// The replica that has it.
    pub replica: Label,
}

/// A chain that can be built, beside one replica.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CandidateBeside {
    /// The chain.
    pub candidate: String,
    /// The replica.
    pub replica: Label,
    /// What the chain holds that the replica lacks.
    pub holds: CandidateHolds,
}

/// What a chain that can be built holds and a replica lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum CandidateHolds {
    /// Nothing, by its blocks.
    Nothing,
    /// Nothing as it seems, without proof.
    NothingLikely,
    /// Blocks.
    Blocks {
        /// How many.
        blocks: u64,
    },
    /// Unknown: the chain is not whole.
    NotWhole,
    /// Unknown: its blocks do not say.
    Unknown,
}

/// Why equal snapshot names are no shared state.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Parting {
    /// The oldest disks have different names.
    Base,
    /// A disk of both has counters that cannot be of one state.
    Counters {
        /// The disk.
        disk: DiskName,
        /// Its counter in the first.
        a: Counter,
        /// Its counter in the second.
        b: Counter,
    },
    /// A disk of both was made at different times.
    Created {
        /// The disk.
        disk: DiskName,
    },
    /// Below a disk of both one has snapshots that the other cannot have merged away.
    Unmerged {
        /// The disk.
        disk: DiskName,
    },
    /// A disk of both holds different blocks.
    Content {
        /// The disk.
        disk: DiskName,
    },
}

/// What tells two volumes apart that share a disk.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ApartBy {
    /// Different engines wrote them.
    Engine,
    /// Two names that each stand on several nodes, as names of volumes do.
    Names {
        /// One name.
        a: String,
        /// On so many nodes.
        nodes_a: usize,
        /// The other name.
        b: String,
        /// On so many nodes.
        nodes_b: usize,
    },
    /// One is a clone.
    Clone {
        /// A directory that shows it.
        replica: Label,
        /// Its `CloneStatus`.
        clone_status: String,
    },
    /// Both are clones and share nothing above what was cloned.
    Clones {
        /// A directory that shows it.
        replica: Label,
        /// Its `CloneStatus`.
        clone_status: String,
    },
}

/// What could not be read of a replica's data.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum UnreadPart {
    /// A range of the volume.
    Range {
        /// The image that supplies it.
        disk: DiskName,
        /// Where, in bytes of the volume.
        bytes: Run,
    },
    /// The whole view.
    View,
    /// Its stored zeros, to take them for holes.
    Zeros,
}

/// A replica that was RW when it met another one, as a head record shows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Sighting {
    /// Its head then.
    pub head: DiskName,
    /// The snapshot of the join.
    pub join_snapshot: DiskName,
    /// Its counter then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counter: Option<Counter>,
    /// When, as the record writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
}

/// Why a replica wins an election.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum WonBy {
    /// It is alone, and one is enough.
    Alone,
    /// It registers first among equal counters.
    First {
        /// The counter.
        counter: Counter,
    },
    /// It has the highest counter of those that register first.
    Counter {
        /// The counter.
        counter: Counter,
        /// How many register.
        registered: usize,
        /// Whether some of them register as being rebuilt, and cannot be elected.
        some_rebuilding: bool,
    },
}

/// By whom replicas are refused so that the volume does not come up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Refuser {
    /// By a replica that was not supplied.
    MissingReplica,
    /// By whichever of them starts first.
    FirstStarted,
}

/// The size of a replica's volume.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReplicaSize {
    /// Whose.
    pub replica: Label,
    /// In bytes.
    pub size: u64,
}

/// The size of an image.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ImageSize {
    /// The first image of this size, from the head down.
    pub disk: DiskName,
    /// In bytes.
    pub size: u64,
}
