//! What each finding says, in typed values: one variant for each code.
//!
//! The code follows from the variant, and the sentence is made from the values in [`super::words`]. So nobody has to take
//! a sentence apart.

use serde::Serialize;

use super::copied::{AttestedCopy, CopyChange, CopyFiles, CopyLength, KeyFault};
use super::depth::{FewLayers, LimitSoon};
use super::inside::BrokenFileSystem;
use super::parts::{
    ApartBy, CandidateBeside, CloneStop, CopyFault, CopyReason, CrashStep, FileFault, ForeignGap, ImageSize,
    Likeliest, NotRead, Oddity, Parting, Refuser, ReplicaSize, Sighting, UnreadPart, WonBy,
};
use super::witnessed::{
    BlankLeads, Frozen, FullDisk, Ghost, HeldSession, Incomplete, Interrupted, Loop, MadeAnew, Missing,
    RefusedJoins, Skew, SourceRemoved, Stretch, TakenOver, TwoHosts, Unlisted, WithoutSource,
};
use crate::evidence::Kind;
use crate::ident::Version;
use crate::ident::{Counter, DiskName, Label};

/// The facts of a finding. Sizes are in bytes, blocks are of 4096 bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
#[non_exhaustive]
pub enum Facts {
    /// `volume.meta` is missing.
    VolumeMetaMissing {
        /// Disks that are there.
        disks: usize,
    },
    /// `volume.meta` cannot be read as what it should be.
    VolumeMetaUnreadable {
        /// What is wrong with it.
        fault: FileFault,
    },
    /// Jiva fails to open the replica.
    CannotOpen {
        /// Jiva's message.
        error: String,
    },
    /// The records lead in a circle.
    ChainLoop {
        /// The disk that they lead back to.
        back_to: DiskName,
    },
    /// An image of the chain is missing.
    ImageMissing {
        /// The image.
        image: DiskName,
    },
    /// The base does not reach the end of the volume.
    BaseShort {
        /// The image of the base.
        image: DiskName,
        /// Its size in bytes; absent where there is no image.
        #[serde(skip_serializing_if = "Option::is_none")]
        size: Option<u64>,
        /// The volume's size in bytes.
        volume_size: u64,
    },
    /// An image above the base is shorter than the volume.
    ImageShort {
        /// The image.
        image: DiskName,
        /// Its size in bytes.
        size: u64,
        /// The volume's size in bytes.
        volume_size: u64,
    },
    /// An image is longer than the volume.
    ImageLong {
        /// The image.
        image: DiskName,
        /// Its size in bytes.
        size: u64,
        /// The volume's size in bytes.
        volume_size: u64,
    },
    /// Several images of the chain are one file.
    TwoNamesOneInode {
        /// All names of the file.
        names: Vec<DiskName>,
        /// How many of them are in the chain.
        in_chain: usize,
    },
    /// An image has further names, which are not in the chain.
    LinkLeft {
        /// All names of the file.
        names: Vec<DiskName>,
    },
    /// A snapshot or a revert stopped half-way.
    SnapshotCrash {
        /// Where it stopped.
        step: CrashStep,
    },
    /// A file that an unfinished write left.
    TempFile {
        /// Its name.
        file: String,
        /// Its size in bytes.
        size: u64,
    },
    /// `log.info` cannot be read as what it should be.
    LogInfoUnreadable {
        /// What is wrong with it.
        fault: FileFault,
    },
    /// The file with which Jiva tests the file system is still there.
    ExtentProbeLeft {},
    /// `volume.meta` says `Rebuilding`.
    RebuildingSet {},
    /// `volume.meta` says `Dirty`.
    DirtySet {},
    /// The last join was refused.
    RefusedJoin {
        /// Where the replica's own history ends.
        #[serde(skip_serializing_if = "Option::is_none")]
        clean_tip: Option<DiskName>,
        /// Whether the counter, which would tell more, could not be read here.
        counter_unread: bool,
    },
    /// Nothing shows that the last join ended.
    UnfinishedJoin {
        /// Where the replica's own history ends.
        #[serde(skip_serializing_if = "Option::is_none")]
        clean_tip: Option<DiskName>,
        /// Whether the counter, which would tell more, could not be read here.
        counter_unread: bool,
    },
    /// The head record came from another replica.
    PeerHeadRecord {
        /// The other replica as the record shows it.
        peer: Sighting,
    },
    /// The chain is near the limit of layers.
    ChainNearLimit {
        /// Layers of the chain.
        layers: usize,
        /// The most that Jiva opens.
        limit: usize,
    },
    /// There are disks outside the chain.
    OffChainDisks {
        /// How many.
        disks: usize,
        /// Bytes that they store.
        bytes: u64,
    },
    /// `revision.counter` is missing.
    CounterMissing {},
    /// `revision.counter` cannot be read as what it should be.
    CounterUnreadable {
        /// What is wrong with it.
        fault: FileFault,
    },
    /// An empty head is alone in the chain, beside older files.
    Reinitialised {
        /// The head.
        head: DiskName,
        /// Disks beside it.
        older_disks: usize,
    },
    /// A file could be read, and something about it is odd.
    Leniency {
        /// The file.
        file: String,
        /// The field as Jiva declares it.
        #[serde(skip_serializing_if = "Option::is_none")]
        field: Option<String>,
        /// Where in the file, in bytes.
        #[serde(skip_serializing_if = "Option::is_none")]
        offset: Option<u64>,
        /// What is odd.
        oddity: Oddity,
    },
    /// Holes were filled when the replica was copied.
    HolesFilled {
        /// What shows it.
        reason: CopyReason,
    },
    /// Stored zeros may have become holes when the replica was copied.
    ZeroBlocksLost {
        /// What speaks for it.
        reason: CopyReason,
    },
    /// Nothing shows whether the copy kept holes and stored zeros.
    FidelityUnknown {
        /// What decides.
        reason: CopyReason,
    },
    /// `volume.meta` and the head record name different parents.
    ParentDisagrees {
        /// The parent that `volume.meta` names.
        #[serde(skip_serializing_if = "Option::is_none")]
        volume_meta: Option<DiskName>,
        /// The parent that the head record names, which counts.
        #[serde(skip_serializing_if = "Option::is_none")]
        head_record: Option<DiskName>,
    },
    /// A record's counter is higher than that of the record above it.
    CountersFilledIn {
        /// The lower disk.
        below: DiskName,
        /// Its counter.
        counter_below: Counter,
        /// The disk above it.
        above: DiskName,
        /// The counter of that.
        counter_above: Counter,
    },
    /// A snapshot of the chain is marked as removed.
    MarkedRemoved {
        /// The snapshot.
        snapshot: DiskName,
    },
    /// A record outside the chain does not decode.
    StrayRecordUnreadable {
        /// The file.
        record: String,
        /// The decoder's message.
        error: String,
    },
    /// The copy of a file is not complete.
    CopyIncomplete {
        /// The file.
        file: String,
        /// What it lacks.
        fault: CopyFault,
    },
    /// The images of the chain differ in size.
    SizesMixed {
        /// One image of each size.
        sizes: Vec<ImageSize>,
    },
    /// The active head is not named like one.
    HeadNotAHead {
        /// Its name.
        head: DiskName,
    },
    /// A name of Jiva's is no regular file.
    NotAFile {
        /// The name.
        file: String,
        /// What it is.
        file_type: Kind,
    },
    /// The Checkpoint is not in the replica's own chain.
    CheckpointNotInChain {
        /// The snapshot that it names.
        checkpoint: DiskName,
    },
    /// Several replicas have one directory UUID.
    SameUuid {
        /// The UUID.
        uuid: String,
        /// The replicas.
        replicas: Vec<Label>,
    },
    /// Chains can be built from what lies in the directory.
    RescueCandidates {
        /// How many.
        candidates: usize,
        /// The first of them.
        likeliest: Likeliest,
        /// Each beside each replica that is judged, where blocks were read.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        compared: Vec<CandidateBeside>,
    },
    /// Another engine wrote the directory.
    ForeignDialect {
        /// Whether it has keys of Jiva too.
        mixed: bool,
    },
    /// The copying into a clone did not end.
    HalfClone {
        /// How far it came.
        clone_status: CloneStop,
    },
    /// The backing file is not in the directory.
    BackingFileMissing {
        /// The file that `volume.meta` names.
        file: String,
    },
    /// An image stores data beyond the Size.
    DataBeyondSize {
        /// The image.
        image: DiskName,
        /// Bytes stored there.
        bytes: u64,
        /// The Size in bytes.
        volume_size: u64,
    },
    /// The file of the next head is there and stores data.
    CannotSnapshot {
        /// The file.
        next_head: DiskName,
        /// Bytes that it stores; absent where that is not known.
        #[serde(skip_serializing_if = "Option::is_none")]
        bytes: Option<u64>,
    },
    /// A file could not be read here.
    NotReadHere(NotRead),
    /// Another volume shares snapshots with this one.
    ToldApart {
        /// Its name.
        volume: String,
        /// What tells them apart.
        by: ApartBy,
    },
    /// The chain of another engine's directory is not whole.
    ForeignChainBroken {
        /// What is missing.
        missing: ForeignGap,
    },
    /// Writes were counted, and nothing is stored.
    DataGone {
        /// The number of writes.
        counter: Counter,
    },
    /// Two replicas have no state in common.
    NoCommonAncestor {
        /// One replica.
        a: Label,
        /// The other.
        b: Label,
    },
    /// Two replicas have snapshot names in common that are no shared states.
    EqualNamesOnly {
        /// One replica.
        a: Label,
        /// The other.
        b: Label,
        /// How many names.
        snapshots: usize,
        /// The newest of them.
        newest: DiskName,
        /// What shows where the histories part.
        #[serde(skip_serializing_if = "Option::is_none")]
        parting: Option<Parting>,
    },
    /// Two chains differ by clean-up only.
    CleanUpSkew {
        /// One replica.
        a: Label,
        /// Layers of its chain.
        layers_a: usize,
        /// The other.
        b: Label,
        /// Layers of its chain.
        layers_b: usize,
    },
    /// The replicas differ in size.
    VolumeSizesDiffer {
        /// The size of each.
        sizes: Vec<ReplicaSize>,
    },
    /// A replica that was not supplied was alive.
    MissingWitness {
        /// The other replica as a head record shows it, where one does.
        #[serde(skip_serializing_if = "Option::is_none")]
        peer: Option<Sighting>,
        /// What other witnesses tell of it.
        #[serde(flatten)]
        seen: Option<Missing>,
    },
    /// A replica was met that may be one of those supplied.
    WitnessInDoubt {
        /// What is known of it.
        peer: Sighting,
        /// The replica that it may be: its Checkpoint is newer.
        may_be: Label,
    },
    /// Blocks were lost below the common ancestor.
    SilentDamage {
        /// The replica that still has them.
        other: Label,
        /// How many.
        blocks: u64,
    },
    /// The replica holds nothing.
    BlankReplica {
        /// Its counter.
        #[serde(skip_serializing_if = "Option::is_none")]
        counter: Option<Counter>,
    },
    /// Writes were counted that no image holds.
    CounterOverstates {
        /// The head, which stores nothing.
        head: DiskName,
        /// Writes counted since it was made.
        writes: i64,
        /// The counter.
        counter: Counter,
        /// The counter when the head was made.
        head_counter: Counter,
    },
    /// The Checkpoint moved without all replicas.
    CheckpointByFewer {
        /// Those with the newer Checkpoint.
        newer: Vec<Label>,
        /// The one with the older Checkpoint.
        older: Label,
    },
    /// `log.info` is empty, as a power cut leaves it.
    PowerLossSuspected {},
    /// Directories of different names are one volume.
    GroupedByHistory {
        /// The names.
        names: Vec<String>,
    },
    /// Two replicas differ by one write.
    LastWriteDiffers {
        /// One replica.
        a: Label,
        /// The other.
        b: Label,
        /// Blocks of that write.
        blocks: u64,
    },
    /// Blocks above the clean tip came from the other side of a join.
    ForeignTail {
        /// A replica that lacks them.
        other: Label,
        /// How many.
        blocks: u64,
    },
    /// Data could not be read.
    UnreadableRange {
        /// What part.
        part: UnreadPart,
        /// The error.
        error: String,
    },
    /// Two replicas differ in a state that their records call equal.
    SameDataUnknown {
        /// One replica.
        a: Label,
        /// The other.
        b: Label,
        /// Blocks in which they differ.
        blocks: u64,
    },
    /// Fewer replicas were supplied than the replication factor.
    FactorUnmet {
        /// Replicas, copies of one directory counted once.
        replicas: usize,
        /// Directories of replicas.
        directories: usize,
        /// The replication factor.
        factor: usize,
    },
    /// A replica that lacks data can be elected.
    StaleCanWin {
        /// If these register first, in this order.
        order: Vec<Label>,
        /// Why it wins.
        won_by: WonBy,
        /// The replicas that have what it lacks.
        newer: Vec<Label>,
    },
    /// An empty replica can be elected.
    BlankCanWin {
        /// If these register first, in this order.
        order: Vec<Label>,
        /// Why it wins.
        won_by: WonBy,
    },
    /// A join that would be accepted destroys data of the joiner.
    RollBack {
        /// The RW side.
        source: Label,
        /// Blocks that it lacks; absent where only writes are known.
        #[serde(skip_serializing_if = "Option::is_none")]
        blocks: Option<u64>,
        /// Those of them that no file of the joiner holds afterwards; absent where blocks were not read.
        #[serde(skip_serializing_if = "Option::is_none")]
        lost_blocks: Option<u64>,
        /// Images that are copied over.
        images_copied: usize,
    },
    /// A join that would be accepted leaves both sides RW and different.
    SilentSplit {
        /// The RW side.
        source: Label,
        /// Images that are copied over.
        images_copied: usize,
        /// Blocks in which they differ; absent where blocks were not read.
        #[serde(skip_serializing_if = "Option::is_none")]
        blocks: Option<u64>,
    },
    /// A Checkpoint names a snapshot that has other content on the other side.
    PoisonedCheckpoint {
        /// The RW side.
        source: Label,
        /// The snapshot.
        checkpoint: DiskName,
    },
    /// Blocks at or below the Checkpoint are missing, and a join does not copy them.
    HolesBelowCheckpoint {
        /// The RW side, which has them.
        source: Label,
        /// Blocks in which both differ afterwards; absent where blocks were not read.
        #[serde(skip_serializing_if = "Option::is_none")]
        blocks: Option<u64>,
    },
    /// Every process ends at its start.
    NothingStarts {
        /// The message of the first.
        error: String,
    },
    /// Every join needs more disks than Jiva allows.
    NoRebuildPossible {
        /// The most disks of a chain.
        limit: usize,
        /// The version of Jiva.
        jiva_version: Version,
    },
    /// The replicas are refused.
    StuckByRefusal {
        /// By whom.
        by: Refuser,
    },
    /// An entry of the controller's list that no running pod is known for.
    GhostEntry(Ghost),
    /// An open replica that the controller no longer lists.
    UnlistedOpenReplica(Unlisted),
    /// The controller answered nothing for a while.
    ControllerFrozen(Frozen),
    /// The controller refused joins.
    JoinRefused(RefusedJoins),
    /// A rebuild ended early.
    RebuildInterrupted(Interrupted),
    /// Another replica took the place of one that was being rebuilt.
    RebuildTakenOver(TakenOver),
    /// The only source of a rebuild was removed.
    SourceRemovedDuringRebuild(SourceRemoved),
    /// A replica that holds nothing was elected.
    BlankLeader(BlankLeads),
    /// A session was open while no replica could serve reads.
    ReadsWithoutSource(WithoutSource),
    /// A session kept other hosts out.
    StaleSession(HeldSession),
    /// Two hosts were logged in at once.
    TwoInitiators(TwoHosts),
    /// Too few replicas registered for an election.
    NoMajority(Stretch),
    /// The volume refused writes.
    ReadOnlyPeriod(Stretch),
    /// The disk of a replica was full.
    DiskFull(FullDisk),
    /// A process ended again and again.
    RestartLoop(Loop),
    /// A directory was made anew.
    DirectoryMadeAnew(MadeAnew),
    /// Two clocks disagree.
    ClockSkew(Skew),
    /// A file of the witnesses is not whole.
    EvidenceIncomplete(Incomplete),
    /// A file system inside the volume says of itself that it is damaged.
    FileSystemDamaged(BrokenFileSystem),
    /// The chain grows fast enough to reach its limit soon.
    ChainLimitSoon(LimitSoon),
    /// Few layers are left before a limit that a witness shows.
    FewLayersLeft(FewLayers),
    /// A copy is as its replica was, by a capsule.
    CopyAttested(AttestedCopy),
    /// Copying filled holes.
    CopyFilledHoles(CopyChange),
    /// Copying dropped stored zeros.
    CopyDroppedZeros(CopyChange),
    /// Blocks of a copy are not those of its replica.
    CopyBlocksDiffer(CopyChange),
    /// An image of a copy has another length than in its replica.
    CopyLengthDiffers(CopyLength),
    /// Blocks of the replica are not in its copy.
    CopyBlocksLost(CopyChange),
    /// Records of the replica are not in its copy.
    CopyFilesLost(CopyFiles),
    /// A replica cannot be compared with the others for want of a key.
    KeyMissing {
        /// Why.
        fault: KeyFault,
    },
}
