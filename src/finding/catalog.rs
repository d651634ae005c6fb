//! The table of finding codes: the only home of their wording.
//!
//! Codes are published: never renamed, never used again for something else.

use std::fmt;

use serde::{Serialize, Serializer};

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
    ($($number:literal $name:ident $severity:ident $title:literal $consequence:literal $remedy:literal)*) => {
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
                severity: Severity::$severity,
                title: $title,
                consequence: $consequence,
                remedy: $remedy,
            },)*
        ];
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

    /// Finds a code by its spelling, in any case.
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
    1 VolumeMetaMissing Danger
        "volume.meta is missing"
        "Jiva takes the directory for a new one: at the next start it creates an empty volume beside the old files and keeps the old counter, so the empty replica can win the election."
        "Do not start it. Copy the directory; look for the head among the files that are there (a head whose record leads down to a base)."
    2 VolumeMetaUnreadable Danger
        "volume.meta does not decode"
        "Jiva stays up and waits, or dies at every start; the data files are not touched."
        "Keep the directory. The head can be named by hand from the records; try that on a copy only."
    3 CannotOpen Danger
        "Jiva cannot open this replica"
        "The replica's process ends with this error at every start. Its data are not judged."
        "Keep the directory until its files have been compared with the replica that is kept."
    4 ChainLoop Danger
        "the chain runs in a circle"
        "Opening never ends; Jiva's process stays alive and silent."
        "Keep the directory; the record that closes the circle is named."
    5 ImageMissing Danger
        "an image of the chain is missing"
        "Jiva creates it again, empty, without a word: whatever only this layer held reads as older data or zeros."
        "Look for the image in other copies of this directory before anything is started."
    6 BaseShort Danger
        "the base image is shorter than the volume"
        "Reads beyond its end fail, and the replica is thrown out of the volume at the first one."
        "Do not keep this replica without comparing it; look for a complete copy of the image."
    7 ImageShort Warning
        "an image is shorter than the volume"
        "Jiva reads what lies beyond its end from older layers without a word."
        "Compare this replica by blocks before it is kept; check whether the copy is complete."
    8 ImageLong Info
        "an image is longer than the volume"
        "The part beyond the volume's size is ignored by Jiva."
        "Look for an interrupted enlargement."
    9 TwoNamesOneInode Danger
        "two images of the chain are one file"
        "What is written through one name shows under the other: a rebuild through both names has lost, or will lose, blocks of the older one."
        "Do not trust this replica's data without a comparison by blocks; rebuild it from another one."
    10 LinkLeft Warning
        "an image has a second name outside the chain"
        "A crash inside a snapshot left it. A later rebuild can write through the other name."
        "Keep the directory as it is; do not delete either name by hand."
    11 SnapshotCrash Warning
        "a crash inside a snapshot"
        "The step at which it stopped is named; the chain that Jiva will use is the one shown."
        "Nothing is needed to open it. Leave the second name or head where it is; do not delete it by hand."
    12 TempFile Info
        "a temporary file of an unfinished write"
        "A crash or power cut came inside that write. Jiva never reads the file; it may be newer than what it was to replace."
        "Keep it with the evidence."
    13 LogInfoUnreadable Danger
        "log.info does not decode, so the process ends at every start"
        "The replica looks dead though nothing is wrong with its data; all replicas of a volume can be stopped like this after one power cut."
        "Once everything is copied: remove log.info. Jiva writes a new one and the process starts."
    14 ExtentProbeLeft Warning
        "tmpFile.tmp was left behind"
        "Jiva before 1.4.0 cannot start with it (\"invalid argument\"); later versions can."
        "Remove it once everything is copied, if an old version is to be started."
    15 RebuildingSet Warning
        "the Rebuilding flag is set"
        "The replica died, or was refused, while it was joining, and was not started since. The next start clears the flag by itself and repairs nothing."
        "Do not clear it by hand, and do not take a replica without it for healthy."
    16 DirtySet Info
        "the Dirty flag is set"
        "It was not closed: normal after a crash, and while it runs. Jiva refuses nothing because of it."
        "Nothing to do."
    17 RefusedJoin Warning
        "its last join was refused"
        "The snapshot of that join exists on both sides under one name with different content. Its own state is its clean tip; what lies above came from the other side."
        "Do not take the snapshot name that both sides carry for a state that they share."
    18 UnfinishedJoin Danger
        "its last join did not end"
        "Files of the other side may already stand among its own: the view is a mixture that belongs to no moment."
        "Do not keep it unless its blocks are proven equal to a replica that may be kept."
    19 PeerHeadRecord Info
        "its head record came from another replica"
        "At its last join the RW side's head record was copied here; the name in it is that side's head of that moment."
        "Nothing to do: it tells whom this replica met, and is not part of its own history."
    20 ChainNearLimit Danger
        "the chain is near the limit of layers"
        "At the limit no snapshot can be taken, so no replica can be rebuilt or join, on either side; an over-long chain does not open."
        "Let clean-up run while all replicas are RW, before any restart; every join attempt adds a layer everywhere."
    21 OffChainDisks Warning
        "there are disks outside the chain"
        "They can hold data that no chain shows: what a replica lost in a rebuild or revert survives there."
        "Keep the directory until they have been compared."
    22 CounterMissing Warning
        "revision.counter is missing"
        "Jiva starts counting at 1 again, so this replica loses every election, whatever it holds."
        "Do not judge it by its counter."
    23 CounterUnreadable Danger
        "revision.counter cannot be read"
        "Jiva cannot open the replica; its data files are not touched."
        "Keep the directory. Writing a counter by hand is possible on a copy; the records tell a lower bound."
    24 Reinitialised Danger
        "an empty head stands over older files"
        "The directory lost its volume.meta, was started, and is now an empty volume; the old files are still there, and the counter is still the old one."
        "Do not start it: it can win the election and serve an empty volume. The old chain can be read from the files beside it."
    25 Leniency Warning
        "a file reads otherwise than it looks"
        "Jiva's decoder accepts it in the way told here; another program may read it differently."
        "Check how the file came to be like this."
    26 HolesFilled Danger
        "holes were filled when it was copied"
        "Every layer hides all layers below it, so the merged view is not what Jiva would serve from the original."
        "Copy again with a tool that keeps holes (tar --sparse); the original decides."
    27 ZeroBlocksLost Warning
        "stored zeros may have become holes when it was copied"
        "Where zeros had been written over older data, the older data show again."
        "Copy again with tar --sparse (its default way of finding holes); never with cp, which drops stored zeros."
    28 FidelityUnknown Info
        "whether the copy kept holes and stored zeros cannot be told"
        "A view read from it may differ from what Jiva would serve."
        "Copy again with tar --sparse if the answer must be proven."
    29 ParentDisagrees Info
        "volume.meta and the head record name different parents"
        "The head record counts; Jiva corrects volume.meta at the next opening."
        "Nothing to do; in a clone it can mean that cloning did not end."
    30 CountersFilledIn Info
        "counters of records were filled in later"
        "A record with 0 or 1 gets the counter of the moment at the next opening, so these say nothing about order."
        "Nothing to do: they are not compared."
    31 MarkedRemoved Info
        "a snapshot of the chain is marked as removed"
        "It is still part of the data until clean-up has merged it."
        "Nothing to do."
    32 StrayRecordUnreadable Info
        "a record outside the chain does not decode"
        "Versions before 1.12.1 read every record and cannot open the directory; later ones do not care."
        "Nothing to do for 2.0.0 and later."
    33 CopyIncomplete Danger
        "the copy of a file is incomplete"
        "What was judged from it is missing data that the original may hold."
        "Copy this directory again before anything is decided."
    35 SizesMixed Warning
        "images of the chain differ in size"
        "An enlargement was interrupted, or a replica of another size was joined."
        "Compare the sizes of all replicas before one is kept."
    36 HeadNotAHead Warning
        "the active head is not named like a head"
        "Jiva writes into that file all the same."
        "Check how volume.meta came to be like this."
    37 NotAFile Danger
        "a name of Jiva's is not a regular file"
        "Jiva fails on it or reads through it; it was not opened here."
        "Look at the original directory."
    38 CheckpointNotInChain Info
        "its Checkpoint is not in its own chain"
        "It was merged away since, or the chain is not the one that had it."
        "Never take the Checkpoint for the state of now."
    39 SameUuid Warning
        "two replicas carry one directory UUID"
        "One directory is a copy of the other; they are not two independent witnesses."
        "Find out which one was running."
    40 RescueCandidates Warning
        "a chain can be built from what lies in the directory"
        "Its files may hold what no other replica has, though Jiva would not read them."
        "Compare or export it as LABEL@candidate-N before the directory is wiped; inspect tells each with its evidence."
    41 ForeignDialect Warning
        "another engine than Jiva wrote this directory"
        "No rule of Jiva's is applied to it: nothing is said of an election, a join or a start, and counters and head numbers mean something else there. Its chain can be read, compared and exported as far as the formats agree. In Longhorn a hole can be a discard, and the newest state is known to its manager alone."
        "Ask Longhorn's manager which replica it holds for healthy before anything is kept or wiped."
    42 HalfClone Danger
        "half a clone"
        "What it shows is incomplete. A start without the arguments of a clone writes NA into CloneStatus, and the half clone is then served as healthy."
        "Do not start it. Make the clone again from its source, in an empty directory."
    43 BackingFileMissing Danger
        "the backing file is not here"
        "What no disk of the chain stores is read from that file, so the data are incomplete without it."
        "Copy that file from the node too. Until then take nothing out of this replica as whole."
    44 DataBeyondSize Warning
        "an image stores data beyond the Size"
        "An enlargement cuts the images to their new length first and writes volume.meta last. A crash between the two leaves this, and what was written there is not served."
        "Keep the directory. Compare its Size with that of the other replicas before one is kept; do not cut the image."
    45 CannotSnapshot Danger
        "a file with data stands in the way of the next head"
        "Jiva removes such a file only where it is empty. Until it is gone this replica cannot take a snapshot, let another one join, or join itself."
        "With all replicas stopped and copied, move that file out of the directory and keep it: its blocks belong to no chain. Or start another replica first."
    46 NotReadHere Warning
        "a file could not be read here"
        "That is a matter of the reader's rights, or of the copy. It says nothing about the replica on its node, where Jiva runs as root."
        "Run as root, or copy the directory readable, and ask again."
    47 ToldApart Info
        "another volume shares snapshots with this one"
        "A clone carries the snapshots of its source under their names. So equal names do not make one volume."
        "Name them with LABEL=PATH if they are one volume all the same."
    48 ForeignChainBroken Danger
        "the chain of another engine's directory is not whole"
        "What it holds cannot be told, or is incomplete."
        "Look at the original directory, and copy it again."
    49 DataGone Danger
        "writes were counted, and nothing is stored"
        "None of the data are in the files that were given. If it is so on the node too, they are gone from there, and Jiva would serve zeros, or errors where the oldest image is too short."
        "Do not start it. Look at the directory on the node first. Then look for another copy of its images, for the deleted file on the node's disk, and for a backup."
    50 NoCommonAncestor Danger
        "no common ancestor"
        "There is no state that both histories went through, so whichever joins the other, data are lost."
        "Wipe neither. Compare them block by block, take the data out of both, and let somebody who knows the data decide."
    51 EqualNamesOnly Warning
        "equal snapshot names that prove nothing"
        "They stand above the point where the histories part: refused joins leave one name on both sides."
        "Do not read them as common ancestors. Jiva does: a later join can be accepted because of them."
    52 CleanUpSkew Info
        "chains differ by clean-up only"
        "Each replica merges old snapshots by itself, so equal replicas have different chains."
        "Nothing to do."
    53 VolumeSizesDiffer Warning
        "the replicas differ in size"
        "An enlargement was made while one was away; it serves only its smaller size."
        "Compare with the missing tail as zeros; enlarge it before it is used."
    54 MissingWitness Danger
        "another replica was alive and is not among the evidence"
        "It was RW when it met a replica that is here, and its history is in none of the directories: it may hold what no other does."
        "Look for its directory on every node, also where no pod runs any more, before anything is wiped or restarted."
    55 WitnessInDoubt Info
        "a former peer is named, but clean-up may have merged its mark away"
        "The replica it met has moved its Checkpoint since, so the join snapshot may be gone from a replica that is here."
        "If another directory of this volume exists anywhere, collect it."
    56 SilentDamage Danger
        "blocks were lost in what both share by their records"
        "One side still has them, the other has a hole or older data there, though its records call both equal."
        "Do not keep the side that lost them as the only copy; the other still has them."
    57 BlankReplica Danger
        "a replica holds nothing"
        "Not one block of its chain is stored. It can still be elected, by its counter or by registering early."
        "Do not start it before a replica with data is RW."
    58 CounterOverstates Warning
        "the counter counts writes that no image holds"
        "Power was lost after they were counted, or it was re-created under an old counter: it looks newer than it is."
        "Do not choose it for its counter."
    59 CheckpointByFewer Warning
        "the Checkpoint moved without all replicas"
        "A replica of this set has an older Checkpoint, so the newer ones were set with a smaller replication factor or another third replica."
        "What was written since may exist twice with different content; compare by blocks."
    60 PowerLossSuspected Warning
        "power loss suspected"
        "Blocks that were acknowledged may be gone, even on every replica at once."
        "Check the file system inside before the volume is trusted."
    61 GroupedByHistory Info
        "directories of different names are one volume"
        "Their histories share a disk."
        "Name them with LABEL=PATH if this is wrong."
    62 LastWriteDiffers Warning
        "one write is on one side only"
        "Both hold the same blocks at one counter and differ in one run: most likely a write that was never acknowledged."
        "Either may be kept as far as that write goes; check the file system inside if in doubt."
    63 ForeignTail Warning
        "blocks above the clean tip came from the other side"
        "They were received during a join that did not end; the view that Jiva would serve mixes them in."
        "Read this replica at its clean tip."
    64 UnreadableRange Danger
        "a range could not be read"
        "The blocks in it were not compared; they are counted as unknown."
        "Copy the file again, or read the original disk."
    65 SameDataUnknown Danger
        "equal records, different blocks, and nothing that tells which is newer"
        "The two sides call this state equal and hold different content in the same layer."
        "Keep both. Check the file system or the application's data in each, and decide by that."
    66 FactorUnmet Warning
        "fewer replicas than the replication factor"
        "Another replica may exist and hold more."
        "Collect the others, or say --replication-factor."
    70 StaleCanWin Danger
        "an older replica can be elected"
        "Two replicas decide the election; if it registers among the first, the better ones are overwritten or refused."
        "Where one may be kept, start that one first, alone with the controller, and the others only when it is RW. Where none may be, start nothing."
    71 BlankCanWin Danger
        "an empty replica can be elected"
        "The volume is then served empty, and the others are overwritten or refused for ever."
        "Keep it down until a replica with data is RW."
    72 RollBack Danger
        "an accepted join would destroy data"
        "Jiva would accept the joiner and overwrite what only it had, without a word."
        "Do not start the joiner before its data are safe."
    73 SilentSplit Danger
        "an accepted join would leave both sides RW and different"
        "Jiva copies nothing below the joiner's Checkpoint, or nothing at all at equal counters, and calls both healthy."
        "Do not let it join as it is. Where the other may be kept, move the joiner's directory aside without wiping it and let it be rebuilt from an empty one."
    74 PoisonedCheckpoint Danger
        "a Checkpoint names a snapshot that has other content on the other side"
        "The next join is accepted though the data below are not the same."
        "Where the other side may be kept: move this directory aside without wiping it, and let the replica be rebuilt from an empty one."
    75 HolesBelowCheckpoint Warning
        "blocks below the Checkpoint are missing"
        "The joiner's own writes punched them; a rebuild does not bring them back."
        "Where the other side may be kept: move this directory aside without wiping it, and let the replica be rebuilt from an empty one."
    76 NothingStarts Danger
        "no replica process can start"
        "Every start ends at once because log.info does not decode."
        "Once everything is copied, remove log.info in each directory."
    77 NoRebuildPossible Danger
        "no replica can be rebuilt"
        "A join takes a snapshot first, and the chain is at its limit."
        "Shorten the chain first, on the replica that is kept."
    78 StuckByRefusal Danger
        "Jiva will not bring them up by itself"
        "Whichever starts first, the others are refused, and the volume stays read-only."
        "Only once it is settled which directory is kept: start that one, move the others aside without wiping them, and let those replicas be rebuilt from empty directories, one at a time."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_finds_its_own_row_and_numbers_rise() {
        for row in CATALOG {
            assert_eq!(row.code.row().number, row.number);
            assert_eq!(Code::parse(&row.code.to_string()), Some(row.code));
        }
        assert!(CATALOG.windows(2).all(|pair| pair[0].number < pair[1].number));
    }
}
