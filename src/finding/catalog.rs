//! The table of finding codes: the only home of their wording.
//!
//! Codes are published: never renamed, never used again for something else.

use std::fmt;

use serde::{Serialize, Serializer};

use super::facts::Facts;

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Can mislead, or will matter in a later step.
    Warning,
    /// Data are lost, or will be by the usual next step.
    Danger,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Danger => "danger",
        })
    }
}

/// One row of the catalog.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Row {
    /// The code.
    pub code: Code,
    /// Its number, as in `JV0nn`.
    pub number: u16,
    /// Its name in kebab-case, as stable as the code.
    pub name: &'static str,
    /// How grave it is.
    pub severity: Severity,
    /// One line.
    pub title: &'static str,
    /// What follows from it.
    pub consequence: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

macro_rules! catalog {
    ($($number:literal $name:ident $kebab:literal $severity:ident $title:literal $consequence:literal $remedy:literal)*) => {
        /// A published finding code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = $title] $name,)*
        }

        /// Every code, ascending by number.
        pub const CATALOG: &[Row] = &[
            $(Row {
                code: Code::$name,
                number: $number,
                name: $kebab,
                severity: Severity::$severity,
                title: $title,
                consequence: $consequence,
                remedy: $remedy,
            },)*
        ];

        impl Facts {
            /// The code of a finding with these facts.
            pub fn code(&self) -> Code {
                match self {
                    $(Self::$name { .. } => Code::$name,)*
                }
            }
        }
    };
}

impl Code {
    /// Its row in the catalog.
    pub fn row(self) -> &'static Row {
        // The macro writes enum and table in one order, so the discriminant is the index.
        &CATALOG[self as usize]
    }

    /// How grave it is.
    pub fn severity(self) -> Severity {
        self.row().severity
    }

    /// Its name in kebab-case.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// Finds a code by its number, as in `JV013`, in any case.
    pub fn parse(text: &str) -> Option<Self> {
        CATALOG.iter().find(|row| row.code.to_string().eq_ignore_ascii_case(text)).map(|row| row.code)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JV{:03}", self.row().number)
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

catalog! {
    1 VolumeMetaMissing "volume-meta-missing" Danger
        "volume.meta is missing"
        "Jiva treats the directory as new. At the next start it creates an empty volume beside the old files and keeps the old counter, so the empty replica can win the election."
        "Do not start it. Copy the directory. Look for the head among its files: a head whose record leads down to a base."
    2 VolumeMetaUnreadable "volume-meta-unreadable" Danger
        "volume.meta does not decode"
        "Jiva waits forever or dies at every start. The image files are not changed."
        "Keep the directory. The head can be named by hand from the records; try that on a copy only."
    3 CannotOpen "cannot-open" Danger
        "Jiva cannot open this replica"
        "The replica's process exits with this error at every start. Its data are not judged."
        "Keep the directory until its files have been compared with the replica that you keep."
    4 ChainLoop "chain-loop" Danger
        "the chain has a loop"
        "Opening never ends. Jiva's process stays alive and logs nothing."
        "Keep the directory. The finding names the disk that the chain leads back to."
    5 ImageMissing "image-missing" Danger
        "an image of the chain is missing"
        "Jiva silently creates it again, empty. Data that only this layer had read as older data or as zeros."
        "Look for the image in other copies of this directory before you start anything."
    6 BaseShort "base-short" Danger
        "the base image is shorter than the volume"
        "Reads beyond its end fail. At the first one the controller removes the replica from the volume."
        "Do not keep this replica without a comparison. Look for a complete copy of the image."
    7 ImageShort "image-short" Warning
        "an image is shorter than the volume"
        "Jiva silently reads older layers beyond its end."
        "Compare this replica by blocks before you keep it. Check whether the copy is complete."
    8 ImageLong "image-long" Info
        "an image is longer than the volume"
        "Jiva ignores the part beyond the volume's size."
        "Check whether an enlargement was interrupted."
    9 TwoNamesOneInode "chain-hard-linked" Danger
        "two images of the chain are hard links to one file"
        "A write through one name shows under the other. A rebuild through both names has overwritten, or will overwrite, blocks of the older layer."
        "Do not trust this replica's data without a comparison by blocks. Rebuild it from another replica."
    10 LinkLeft "hard-link-left" Warning
        "an image has a hard link outside the chain"
        "A crash during a snapshot left it. A later rebuild can write through the other name."
        "Leave the directory as it is. Delete neither name by hand."
    11 SnapshotCrash "snapshot-crash" Warning
        "a crash during a snapshot"
        "The finding says at which step it stopped. Jiva will use the chain that is shown."
        "Opening needs no repair. Leave the hard link or the second head where it is; do not delete it by hand."
    12 TempFile "temporary-file" Info
        "a temporary file of an unfinished write"
        "A crash or power loss interrupted the write. Jiva never reads the file. It may be newer than the file that it was to replace."
        "Keep it with the evidence."
    13 LogInfoUnreadable "log-info-unreadable" Danger
        "log.info does not decode, so the process exits at every start"
        "The replica looks dead, but its data are not affected. One power loss can stop all replicas of a volume like this."
        "Copy everything first. Then remove log.info: Jiva writes a new one and the process starts."
    14 ExtentProbeLeft "extent-probe-left" Warning
        "tmpFile.tmp was left behind"
        "Jiva before 1.4.0 does not start while it exists (\"invalid argument\"). Later versions do."
        "To start an old version, copy everything first and then remove the file."
    15 RebuildingSet "rebuilding-set" Warning
        "the Rebuilding flag is set"
        "The replica died or was refused during a rebuild and has not been started since. The next start clears the flag and repairs nothing."
        "Do not clear it by hand. A replica without the flag is not necessarily healthy."
    16 DirtySet "dirty-set" Info
        "dirty (not cleanly closed)"
        "Normal after a crash and while the replica runs. Jiva refuses nothing because of it."
        "Nothing to do."
    17 RefusedJoin "refused-join" Warning
        "the last attempt to rejoin was refused"
        "The snapshot of that attempt exists on both sides under one name, with different content. The replica's own data end at its clean tip; what lies above came from the other side."
        "Do not take the common snapshot name for a common ancestor."
    18 UnfinishedJoin "unfinished-join" Danger
        "the last rebuild was interrupted"
        "Files of the source may be mixed with the replica's own, so its data may match no point in time."
        "Do not keep it unless its blocks are proven equal to those of a replica that may be kept."
    19 PeerHeadRecord "peer-head-record" Info
        "the head record came from another replica"
        "At the last rebuild the RW side's head record was copied here. Its Name is the head of that side at that time."
        "Nothing to do. The record shows which replica this one met; it is not part of this replica's own history."
    20 ChainNearLimit "chain-near-limit" Danger
        "the chain is near the limit of layers"
        "At the limit no snapshot can be taken, so no replica can be rebuilt, on either side. A chain above the limit does not open."
        "Let clean-up run while all replicas are RW, before any restart. Every attempt to rejoin adds a layer on both sides."
    21 OffChainDisks "off-chain-disks" Warning
        "off-chain disks"
        "They can hold data that no chain shows: what a replica lost in a rebuild or a revert is still there."
        "Keep the directory until they have been compared."
    22 CounterMissing "counter-missing" Warning
        "revision.counter is missing"
        "Jiva starts counting at 1 again, so this replica loses every election, whatever it holds."
        "Do not judge the replica by its counter."
    23 CounterUnreadable "counter-unreadable" Danger
        "revision.counter cannot be read"
        "Jiva cannot open the replica. The image files are not changed."
        "Keep the directory. Writing a counter by hand is possible on a copy; the records give a lower bound."
    24 Reinitialised "reinitialised" Danger
        "an empty head above older files"
        "The directory lost its volume.meta, was started, and is now an empty volume. The old files and the old counter are still there."
        "Do not start it: it can win the election and serve an empty volume. The old chain can be read from the files beside the head."
    25 Leniency "lenient-decoding" Warning
        "a file is not as Jiva writes it"
        "Jiva accepts it as described. Another program may read it differently."
        "Find out what wrote the file."
    26 HolesFilled "holes-filled" Danger
        "holes were filled when it was copied"
        "Every layer hides all layers below it, so the merged view is not what Jiva would serve from the original."
        "Copy again with a tool that keeps holes (tar --sparse). Decide by the original."
    27 ZeroBlocksLost "zeros-lost" Warning
        "zero blocks may have become holes when it was copied"
        "Where zeros had been written over older data, the older data show again."
        "Copy again with tar --sparse and its default way of finding holes. Do not use cp, which drops stored zeros."
    28 FidelityUnknown "copy-fidelity-unknown" Info
        "unknown whether the copy kept holes and zero blocks"
        "A view read from it may differ from what Jiva would serve."
        "Copy again with tar --sparse if the verdict must be proven."
    29 ParentDisagrees "parents-disagree" Info
        "volume.meta and the head record name different parents"
        "The head record counts. Jiva corrects volume.meta at the next open."
        "Nothing to do. In a clone it can mean that cloning was interrupted."
    30 CountersFilledIn "counters-filled-in" Info
        "counters of records were filled in later"
        "At the next open, a record with counter 0 or 1 gets the current counter. Such counters say nothing about order."
        "Nothing to do. They are not compared."
    31 MarkedRemoved "marked-removed" Info
        "a snapshot of the chain is marked as removed"
        "It remains part of the data until clean-up has merged it."
        "Nothing to do."
    32 StrayRecordUnreadable "stray-record-unreadable" Info
        "an off-chain record does not decode"
        "Versions before 1.12.1 read every record and cannot open the directory. Later versions ignore it."
        "Nothing to do for 2.0.0 and later."
    33 CopyIncomplete "copy-incomplete" Danger
        "the copy of a file is incomplete"
        "The original may hold data that this copy lacks."
        "Copy this directory again before you decide anything."
    35 SizesMixed "image-sizes-differ" Warning
        "images of the chain differ in size"
        "An enlargement was interrupted, or a replica of another size was rebuilt from this one."
        "Compare the sizes of all replicas before you keep one."
    36 HeadNotAHead "head-not-a-head" Warning
        "the active head is not named like a head"
        "Jiva writes to that file all the same."
        "Find out how volume.meta came to name it."
    37 NotAFile "not-a-file" Danger
        "a name that Jiva uses is not a regular file"
        "Jiva fails on it or reads through it. It was not opened here."
        "Look at the original directory."
    38 CheckpointNotInChain "checkpoint-not-in-chain" Info
        "the Checkpoint is not in the replica's own chain"
        "It was merged away since, or another chain had it."
        "Do not take the Checkpoint for the current state."
    39 SameUuid "same-uuid" Warning
        "two replicas have the same directory UUID"
        "One directory is a copy of the other. They are not two independent witnesses."
        "Find out which one was running."
    40 RescueCandidates "rescue-candidates" Warning
        "a chain can be built from the files in the directory"
        "The files may hold data that no other replica has, even though Jiva would not read them."
        "Compare it or export it as LABEL@candidate-N before you wipe the directory. inspect shows each candidate with its evidence."
    41 ForeignDialect "foreign-dialect" Warning
        "another engine than Jiva wrote this directory"
        "No rule of Jiva's is applied to it. Elections, rebuilds and starts are not predicted, and counters and head numbers mean something else. Its chain can be read, compared and exported as far as the formats agree. In Longhorn a hole can be a discard, and only Longhorn's manager knows the newest state."
        "Ask Longhorn's manager which replica is healthy before you keep or wipe anything."
    42 HalfClone "half-clone" Danger
        "half a clone"
        "Its data are incomplete. A start without the arguments of a clone writes NA into CloneStatus, and the half clone is then served as healthy."
        "Do not start it. Create the clone again from its source, in an empty directory."
    43 BackingFileMissing "backing-file-missing" Danger
        "the backing file is missing"
        "Blocks that no disk of the chain stores are read from that file, so the data are incomplete without it."
        "Copy that file from the node too. Until then treat every export of this replica as incomplete."
    44 DataBeyondSize "data-beyond-size" Warning
        "an image stores data beyond the Size"
        "An enlargement first changes the length of the images and writes volume.meta last. A crash between the two leaves this state, and the data written beyond the Size are not served."
        "Keep the directory. Compare its Size with that of the other replicas before you keep one. Do not cut the image."
    45 CannotSnapshot "cannot-snapshot" Danger
        "a file with data blocks the next head"
        "Jiva removes such a file only if it is empty. Until it is gone this replica cannot take a snapshot, be the source of a rebuild, or rejoin."
        "Stop and copy all replicas. Then move that file out of the directory and keep it: its blocks belong to no chain. Or start another replica first."
    46 NotReadHere "not-readable-here" Warning
        "a file could not be read here"
        "The cause is the reader's permissions or the copy. It says nothing about the replica on its node, where Jiva runs as root."
        "Run as root, or make the copy readable, and run the command again."
    47 ToldApart "snapshots-of-another-volume" Info
        "another volume shares snapshots with this one"
        "A clone has the snapshots of its source under their names, so equal names do not make one volume."
        "If they are one volume, pass them as LABEL=PATH."
    48 ForeignChainBroken "foreign-chain-broken" Danger
        "the chain of another engine's directory is incomplete"
        "What it holds is unknown or incomplete."
        "Look at the original directory and copy it again."
    49 DataGone "data-gone" Danger
        "writes were counted, and nothing is stored"
        "None of the data are in the supplied files. If the node has no more than this, the data are lost there, and Jiva would serve zeros, or errors where the oldest image is too short."
        "Do not start it. Look at the directory on the node first. Then look for another copy of its images, for the deleted file on the node's disk, and for a backup."
    50 NoCommonAncestor "no-common-ancestor" Danger
        "no common ancestor"
        "The two histories share no state, so data are lost whichever replica rejoins the other."
        "Wipe neither. Compare them block by block, export the data of both, and let someone who knows the data decide."
    51 EqualNamesOnly "equal-names-only" Warning
        "equal snapshot names that prove nothing"
        "They lie above the point where the histories diverged. A refused rejoin leaves the same name on both sides."
        "Do not treat them as common ancestors. Jiva does: it can accept a later rejoin because of them."
    52 CleanUpSkew "clean-up-skew" Info
        "chains differ by clean-up only"
        "Each replica merges old snapshots by itself, so equal replicas can have different chains."
        "Nothing to do."
    53 VolumeSizesDiffer "volume-sizes-differ" Warning
        "the replicas differ in size"
        "The volume was enlarged while a replica was away. That replica serves only the smaller size."
        "Compare with the missing tail as zeros. Enlarge that replica before you use it."
    54 MissingWitness "missing-replica" Danger
        "another replica was running and was not supplied"
        "It was RW when it met a supplied replica, and its history is in none of the directories. It may hold data that no other replica has."
        "Look for its directory on every node, also where no pod runs any more, before you wipe or restart anything."
    55 WitnessInDoubt "missing-replica-in-doubt" Info
        "another replica may have been running that was not supplied"
        "The replica that met it has moved its Checkpoint since, so clean-up may have merged the join snapshot away in a supplied replica."
        "If another directory of this volume exists, collect it."
    56 SilentDamage "silent-damage" Danger
        "blocks lost below the common ancestor"
        "One side still has them. The other has a hole or older data there, although its records say that both are equal."
        "Do not keep the side that lost them as the only copy."
    57 BlankReplica "blank-replica" Danger
        "a replica holds no data"
        "No block of its chain is stored. It can still be elected, by its counter or by registering early."
        "Do not start it before a replica with data is RW."
    58 CounterOverstates "counter-overstates" Warning
        "the counter counts writes that no image holds"
        "Power was lost after they were counted, or the replica was re-created under an old counter. It looks newer than it is."
        "Do not choose it for its counter."
    59 CheckpointByFewer "checkpoint-by-fewer" Warning
        "the Checkpoint moved without all replicas"
        "A replica of this set has an older Checkpoint. The newer ones were set with a smaller replication factor, or with another third replica."
        "Blocks written since then may exist twice with different content. Compare by blocks."
    60 PowerLossSuspected "power-loss-suspected" Warning
        "power loss suspected"
        "Acknowledged blocks may be lost, even on all replicas at once."
        "Check the file system inside before you trust the volume."
    61 GroupedByHistory "grouped-by-history" Info
        "directories of different names are one volume"
        "Their histories share a disk."
        "If this is wrong, analyze them in separate runs."
    62 LastWriteDiffers "last-write-differs" Warning
        "one write is on one side only"
        "Both hold the same blocks at one counter and differ in one run. It is probably a write that was never acknowledged."
        "As far as that write is concerned, either may be kept. If in doubt, check the file system inside."
    63 ForeignTail "foreign-tail" Warning
        "blocks above the clean tip came from the other side"
        "They were received during a rebuild that was interrupted. The view that Jiva would serve includes them."
        "Read this replica at its clean tip."
    64 UnreadableRange "unreadable-range" Danger
        "a range could not be read"
        "Its blocks were not compared. They count as unknown."
        "Copy the file again, or read the original disk."
    65 SameDataUnknown "newer-side-unknown" Danger
        "shared snapshot has different content; newer side unknown"
        "The records of both sides call this state equal, and the same layer has different content."
        "Keep both. Check the file system or the application's data in each, and decide by that."
    66 FactorUnmet "factor-unmet" Warning
        "fewer replicas than the replication factor"
        "Another replica may exist and hold more."
        "Collect the others, or pass --replication-factor."
    70 StaleCanWin "stale-can-win" Danger
        "an older replica can be elected"
        "The first replicas to register decide the election. If this one is among them, the better ones are overwritten or refused."
        "If one may be kept, start it first, alone with the controller, and the others only when it is RW. If none may be kept, start nothing."
    71 BlankCanWin "blank-can-win" Danger
        "an empty replica can be elected"
        "The volume is then served empty, and the other replicas are overwritten or refused forever."
        "Keep it down until a replica with data is RW."
    72 RollBack "roll-back" Danger
        "rejoining would destroy data"
        "Jiva would accept the replica and silently overwrite data that only it has."
        "Do not start that replica before its data are safe."
    73 SilentSplit "silent-split" Danger
        "rejoining would leave both sides RW and different"
        "Jiva copies nothing below the rejoining replica's Checkpoint, and nothing at all at equal counters. It reports both as healthy."
        "Do not let it rejoin as it is. If the other may be kept, move this replica's directory aside without wiping it and let the replica be rebuilt from an empty one."
    74 PoisonedCheckpoint "poisoned-checkpoint" Danger
        "a Checkpoint names a snapshot that has other content on the other side"
        "Jiva accepts the next rejoin although the data below differ."
        "If the other side may be kept, move this directory aside without wiping it and let the replica be rebuilt from an empty one."
    75 HolesBelowCheckpoint "holes-below-checkpoint" Warning
        "blocks below the Checkpoint are missing"
        "The replica's own writes punched them out. A rebuild does not bring them back."
        "If the other side may be kept, move this directory aside without wiping it and let the replica be rebuilt from an empty one."
    76 NothingStarts "nothing-starts" Danger
        "no replica process can start"
        "Every process exits at once because log.info does not decode."
        "Copy everything. Then remove log.info in each directory."
    77 NoRebuildPossible "no-rebuild-possible" Danger
        "no replica can be rebuilt"
        "A rebuild takes a snapshot first, and the chain is at its limit."
        "First shorten the chain on the replica that you keep."
    78 StuckByRefusal "stuck-by-refusal" Danger
        "the volume will not come up on its own"
        "Whichever replica starts first, the others are refused, and the volume stays read-only."
        "First decide which directory to keep. Start that one and move the others aside without wiping them. Let those replicas be rebuilt from empty directories, one at a time."
    79 GhostEntry "ghost-entry" Danger
        "an address in the controller's list has no known pod"
        "An entry that answers pings is a living replica, not a leftover. A dead entry is removed within 42 seconds without any help."
        "If it is alive: do not delete it; find its directory. If it is gone: do nothing, and do not restart the controller."
    80 UnlistedOpenReplica "unlisted-open-replica" Warning
        "a replica stays open that the controller no longer lists"
        "The controller no longer sends it writes. After 80 seconds without a ping it ends by itself, is started again and is rebuilt."
        "Wait until it has ended by itself. Do not take its answers for those of a member: only the controller's list tells who is one."
    81 ControllerFrozen "controller-frozen" Danger
        "the controller answers nothing"
        "All reads, writes and requests hang until the system gives the connection up, after some 15 minutes. The data of the replicas are not ill."
        "Check that all good replicas run. Then restart the controller. Touch no directory. Never ask for /v1/stats while a replica's host is gone."
    82 JoinRefused "join-refused" Danger
        "the controller refused a replica"
        "Where the reason is its Checkpoint, the histories have parted: the replica that refuses it never shared its last state of full health. Other reasons pass by themselves."
        "Do not wipe the refused replica. Find the replica that refused it, and compare both."
    83 RebuildInterrupted "rebuild-interrupted" Info
        "a rebuild ended early"
        "The joining replica's directory holds a mixture until a rebuild ends."
        "Keep the directory until another rebuild has ended."
    84 RebuildTakenOver "rebuild-taken-over" Info
        "another replica took the place of one that was being rebuilt"
        "The one that was thrown out is rebuilt later, from the start."
        "Wait: one replica is rebuilt at a time."
    85 SourceRemovedDuringRebuild "source-removed-during-rebuild" Danger
        "the only source of a rebuild was removed"
        "The removed replica may be the only one that holds the data. The rebuild can no longer end."
        "Find the directory of the removed replica and copy it. Wipe nothing. Do not let an empty replica be elected."
    86 BlankLeader "blank-leader" Danger
        "a replica that holds nothing was elected"
        "The volume is empty from then on. All replicas are rebuilt from the empty one."
        "Stop the volume. Copy every directory, and find the replica that had more."
    87 ReadsWithoutSource "reads-without-source" Danger
        "a host read zeros where data were"
        "With no RW replica, reads are answered with zeros and no error. What this host wrote afterwards may rest on what it misread, on every replica."
        "Unmount the volume on that host without writing. Check the file system. Newer blocks are not better data here."
    88 StaleSession "stale-session" Warning
        "an iSCSI session kept other hosts out"
        "The target serves one host at a time. Others get a reset connection and report a login I/O error."
        "Log out on the host that holds it. If that host is gone, wait: its session ends after 150 seconds, or after 16 minutes with answers under way."
    89 TwoInitiators "two-initiators" Danger
        "two hosts were logged in at once"
        "Both may have written, each without knowing of the other. Such a file system is damaged on every replica alike."
        "Unmount on both hosts. Check the file system on an export, not on the volume."
    90 NoMajority "no-majority" Info
        "too few replicas registered for an election"
        "The volume does not start until enough replicas register."
        "Start the other replicas. First read what the verdict says about the order."
    91 ReadOnlyPeriod "read-only-period" Info
        "the volume refused writes"
        "Reads were served; writes failed."
        "Bring back a second replica."
    92 DiskFull "disk-full" Danger
        "the disk of a replica was full"
        "The replica is thrown out at the first write that fails, and again after every restart while there is no room."
        "Make room on that node, then let the replica be rebuilt."
    93 RestartLoop "restart-loop" Info
        "a replica's process ended again and again"
        "Each start that reaches the comparison leaves a snapshot and a new head."
        "See why it is refused. Scale it down until that is settled."
    94 DirectoryMadeAnew "directory-made-anew" Info
        "a directory was made anew"
        "The replica had been wiped, or its volume was not mounted."
        "If nobody wiped it, look for the older directory on that node."
    95 ClockSkew "clock-skew" Info
        "two clocks disagree"
        "The order of events between the two is certain only beyond the difference."
        "Compare times of the two hosts with the difference in mind."
    96 EvidenceIncomplete "evidence-incomplete" Info
        "a file of the witnesses is not whole"
        "What is not in it may have happened all the same."
        "Collect the whole log: kubectl logs without --tail and --since, and with --previous."
    97 FileSystemDamaged "file-system-damaged" Danger
        "a file system says that it is damaged"
        "The verdict is about the replicas, not about the file system. Equal replicas hold the same damage; mounting it for writing can make it worse."
        "Export a view and check the image: e2fsck -fn for ext2 to ext4, xfs_repair -n for XFS. Repair a copy first, never the only good replica."
    110 CopyAttested "copy-attested" Info
        "a copy holds what its replica held"
        "Nothing of its images changed when it was copied, so an answer that rests on it can be proven."
        "Nothing to do. Keep the capsule beside the copy."
    111 CopyFilledHoles "copy-holes-filled" Warning
        "copying filled holes of an image"
        "Zeros of a newer layer hide the data of older ones in the copy. The answer rests on the capsule, not on the copy."
        "Copy the directory again with a tool that keeps holes, such as tar --sparse, before you export from the copy."
    112 CopyDroppedZeros "copy-zeros-dropped" Warning
        "copying dropped stored zeros of an image"
        "Older data show in the copy where zeros had been written. The answer rests on the capsule, not on the copy."
        "Copy the directory again with a tool that keeps stored zeros, such as tar --sparse, before you export from the copy."
    113 CopyBlocksDiffer "copy-blocks-differ" Warning
        "blocks of a copy are not those of its replica"
        "The copy was taken at another time than the capsule, or was damaged since. Nobody knows which is the later one, so both are judged."
        "Stop what writes to the replica. Then take the capsule and the copy again."
    114 CopyLengthDiffers "copy-length-differs" Warning
        "an image of a copy is missing, or has another length than in its replica"
        "The copy is not whole, or is of another time than the capsule. If the copy holds nothing else, the answer rests on the capsule; if not, both are judged."
        "Look at the directory where it lies: if the image is short there too, keep the capsule and stop what writes to it. If it is whole, copy it again."
    115 CopyBlocksLost "copy-blocks-lost" Warning
        "blocks of a replica are not in its copy"
        "The copy is cut, cannot be read in part, or lacks the image. If the copy holds nothing else, the answer rests on the capsule."
        "Copy the directory again before you export from the copy."
    116 CopyFilesLost "copy-files-lost" Warning
        "records of a replica are not in its copy"
        "The copy is cut or was made in part. If the copy holds nothing else, the answer rests on the capsule."
        "Copy the directory again."
    117 KeyMissing "key-missing" Warning
        "a replica cannot be compared for want of a key"
        "Sums of two keys cannot be compared, nor data with sums whose key is not given. What it holds is not known."
        "Give the key with --capsule-key, or take the capsules of all replicas again with one key."
    120 ChainLimitSoon "chain-limit-soon" Warning
        "the chain reaches its limit of layers soon"
        "At the limit no snapshot can be taken, so no replica can be rebuilt, on either side."
        "Find what takes the snapshots: a replica that is refused again and again adds one at each attempt. Let clean-up run while all replicas are RW, before any restart."
    121 FewLayersLeft "few-layers-left" Danger
        "few layers are left before the limit that a log or a reply shows"
        "At the limit no snapshot can be taken, so no replica can be rebuilt, on either side. A chain above the limit does not open."
        "Do not restart a replica of this volume. Where MAX_CHAIN_LENGTH was lowered, raise it to its default first. Let clean-up run while all replicas are RW."
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_finds_its_own_row_and_numbers_rise() {
        for row in CATALOG {
            assert_eq!(row.code.row().number, row.number);
            assert_eq!(Code::parse(&row.code.to_string()), Some(row.code));
        }
        assert!(CATALOG.windows(2).all(|pair| pair[0].number < pair[1].number));
    }

    #[test]
    fn every_name_is_in_kebab_case_and_stands_once() {
        let names: BTreeSet<&str> = CATALOG.iter().map(|row| row.name).collect();
        assert_eq!(names.len(), CATALOG.len());
        for name in names {
            let parts = name.split('-').collect::<Vec<_>>();
            let word = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
            assert!(parts.iter().all(|part| word(part)), "{name}");
        }
    }

    #[test]
    fn the_words_are_those_of_the_field() {
        let texts = [include_str!("words.rs"), include_str!("phrases.rs")];
        let rows = CATALOG.iter().flat_map(|row| [row.title, row.consequence, row.remedy]);
        for text in rows.chain(texts) {
            for word in ["told", "foretold", "spelt", "whoever", "without a word", "of no worth"] {
                assert!(!format!(" {text} ").contains(&format!(" {word} ")), "{word:?} in {text}");
            }
        }
    }
}
