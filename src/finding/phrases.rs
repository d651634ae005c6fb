//! The parts of facts in words, of which [`super::words`] makes the sentences.

use std::fmt::{self, Display, Formatter};

use super::parts::{
    ApartBy, CandidateBeside, CandidateHolds, CloneStop, CopyFault, CopyReason, CrashStep, FileFault,
    ForeignGap, Likeliest, NotRead, NotReadReason, Parting, Sighting, WonBy,
};
use crate::ident::{BLOCK_SIZE, Counter, DiskName, Label};

/// A number with its noun.
pub(super) fn count(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// The same for lengths of lists.
pub(super) fn many(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// Blocks with their size.
pub(super) fn blocks(number: u64) -> String {
    format!("{} of {BLOCK_SIZE} bytes", count(number, "block"))
}

/// In how many blocks, where that is known.
pub(super) fn in_blocks(number: Option<u64>) -> String {
    number.map_or_else(String::new, |number| format!(" in {}", count(number, "block")))
}

/// Things in a row: `a, b and c`.
pub(super) fn and(things: &[impl Display]) -> String {
    match things {
        [] => String::new(),
        [one] => one.to_string(),
        [most @ .., last] => format!("{} and {last}", list(most)),
    }
}

/// Things in a row, with commas alone.
pub(super) fn list(things: &[impl Display]) -> String {
    things.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// A counter, or that there is none.
pub(super) fn counter(counter: Option<Counter>) -> String {
    counter.map_or_else(|| "no counter".to_owned(), |counter| format!("counter {counter}"))
}

/// Where in a file, as the front of a sentence.
pub(super) fn place(field: Option<&str>, offset: Option<u64>) -> String {
    match (field, offset) {
        (Some(field), Some(offset)) => format!("{field} at byte {offset}: "),
        (Some(field), None) => format!("{field}: "),
        (None, Some(offset)) => format!("byte {offset}: "),
        (None, None) => String::new(),
    }
}

/// Where a replica's own history ends, as the end of a sentence.
pub(super) fn own_end(clean_tip: Option<&DiskName>) -> String {
    clean_tip.map_or_else(String::new, |tip| format!("; its own state ends with {tip}"))
}

/// How an election is won.
pub(super) fn won(order: &[Label], won_by: WonBy) -> String {
    match order {
        [one] => format!("if {one} registers first: {won_by}"),
        _ => format!("if {} register first, in this order: {won_by}", and(order)),
    }
}

/// A replica that was met.
pub(super) fn sighting(f: &mut Formatter<'_>, peer: &Sighting) -> fmt::Result {
    let at = peer.at.as_ref().map_or_else(String::new, |at| format!(" at {at}"));
    let counter = peer.counter.map_or_else(String::new, |counter| format!(", counter {counter}"));
    write!(
        f,
        "met an RW replica{at} whose head was {}{counter}; their join snapshot {} is in no other supplied directory",
        peer.head, peer.join_snapshot
    )
}

/// What can be built from a directory's files.
pub(super) fn rescue(
    f: &mut Formatter<'_>,
    candidates: usize,
    likeliest: &Likeliest,
    compared: &[CandidateBeside],
) -> fmt::Result {
    let Likeliest { name, from, disks, complete, records_elsewhere } = likeliest;
    let end = if *complete { "to a base" } else { "and then breaks off" };
    let (chains, disks) = (many(candidates, "chain"), many(*disks, "disk"));
    write!(f, "{chains} can be built from its files; the likeliest, {name}, has {disks} from {from} {end}")?;
    for one in records_elsewhere {
        write!(f, "; {} has the record of {} that is missing here", one.replica, one.disk)?;
    }
    for CandidateBeside { candidate, replica, holds } in compared {
        match holds {
            CandidateHolds::Nothing => {
                write!(f, "; {candidate} holds nothing that {replica} lacks, by its blocks")
            }
            CandidateHolds::NothingLikely => write!(
                f,
                "; {candidate} probably holds nothing that {replica} lacks, but its blocks alone do not prove it"
            ),
            CandidateHolds::Blocks { blocks } => {
                write!(f, "; {candidate} holds {} that {replica} lacks", count(*blocks, "block"))
            }
            CandidateHolds::NotWhole => {
                write!(f, "; {candidate} is not whole, so what it holds and {replica} lacks is unknown")
            }
            CandidateHolds::Unknown => {
                write!(f, "; whether {candidate} holds anything that {replica} lacks is unknown")
            }
        }?;
    }
    Ok(())
}

impl Display for FileFault {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid { error } => write!(f, "does not decode: {error}"),
            Self::NotAFile { file_type } => write!(f, "is a {file_type}, not a file"),
        }
    }
}

impl Display for NotRead {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { replica, file, reason } = self;
        match reason {
            NotReadReason::NoPermission => {
                write!(f, "you may not read {replica}/{file}; run as root or copy it readable")
            }
            NotReadReason::Failed { error } => {
                write!(f, "{replica}/{file} could not be read here: {error}; copy it again")
            }
            NotReadReason::TooLarge { size, limit } => write!(
                f,
                "{replica}/{file} was not read: it holds {size} bytes, more than the limit of {limit}"
            ),
            NotReadReason::Incomplete { error } => {
                write!(f, "the copy of {replica}/{file} cannot be used ({error}); copy it again")
            }
        }
    }
}

impl Display for CopyFault {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged { damage } => f.write_str(damage),
            Self::ExtentsUnknown { error } => write!(f, "which blocks it stores is unknown: {error}"),
        }
    }
}

impl Display for CrashStep {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::SnapshotLinked { head, snapshot } => write!(
                f,
                "stopped after {head} was hard-linked as {snapshot} and before volume.meta named the next head: both \
                 names are the live head"
            ),
            Self::OldHeadLinked { head, old_head } => write!(
                f,
                "stopped after volume.meta named {head} and before the old head {old_head} was removed"
            ),
            Self::NextHeadMade { next_head } => {
                write!(f, "stopped after {next_head} was created and before volume.meta named it")
            }
            Self::OldHeadLeft { old_head } => write!(
                f,
                "stopped before the old head {old_head} was removed: a snapshot or a revert was interrupted"
            ),
            Self::RecordLeft { disk } => {
                write!(f, "stopped between removing the image and the record of {disk}")
            }
        }
    }
}

impl Display for CloneStop {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InProgress => {
                "CloneStatus is inProgress: copying from the source of the clone was interrupted. The controller asks \
                 for the status again every 2 s, without end, and does not serve the volume"
            }
            Self::Failed => {
                "CloneStatus is error: copying from the source of the clone failed. The controller removes such a \
                 replica"
            }
            Self::Begun => {
                "CloneStatus is empty and files of a source lie beside the chain: a clone was begun. The controller asks \
                 for the status again every 2 s, without end, and does not serve the volume"
            }
        })
    }
}

impl Display for ForeignGap {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::VolumeMeta => f.write_str("the chain is unknown without volume.meta"),
            Self::Record => f.write_str("its records do not lead from the head to a base"),
            Self::Image { disk } => write!(f, "{disk} is in the chain and has no image"),
        }
    }
}

impl Display for CopyReason {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Defect { defect } => f.write_str(defect),
            Self::Reconstructed => f.write_str("blocks of zeros were taken for holes"),
            Self::NoImage => f.write_str("there is no image"),
            Self::HolesInsideBlocks { disk } => {
                write!(f, "{disk} has holes that begin or end inside a block, which Jiva never makes")
            }
            Self::ZerosOfAnother { blocks } => {
                write!(
                    f,
                    "{blocks} blocks of zeros of another replica are not here, and nothing else differs"
                )
            }
            Self::NoZerosAtAll { blocks } => write!(
                f,
                "not one of {blocks} stored blocks is zeros: a tool that looks for zeros leaves it so"
            ),
            Self::HoleWhereAnotherWrote { other, blocks: dropped } => write!(
                f,
                "has the higher counter and a hole where {other} wrote {}: zeros that were written there and dropped by \
                 the copy would explain it",
                blocks(*dropped)
            ),
            Self::NotWhole { disk } => write!(f, "{disk} is not whole"),
            Self::Filled { disk, grain } => {
                let how = match grain {
                    Some(grain) => format!("every hole edge is a multiple of {grain} bytes"),
                    None => "it has no hole".to_owned(),
                };
                write!(
                    f,
                    "the holes of {disk} were filled when it was copied: {how}, and most of its stored blocks are zeros"
                )
            }
            Self::Attested { disk } => {
                write!(
                    f,
                    "the blocks of {disk} were summed up where the replica lay, and it did not change meanwhile"
                )
            }
            Self::Base { disk } => write!(f, "{disk} is the base: a hole and a zero read alike in it"),
            Self::NothingCounted { disk } => {
                write!(f, "{disk} stores nothing, and no write was counted in it")
            }
            Self::NothingStored { disk } => {
                write!(f, "{disk} stores nothing, and nothing shows that nothing was written in it")
            }
            Self::Unread { disk } => write!(f, "the blocks of {disk} were not read"),
            Self::ZerosOverData { disk, blocks } => {
                write!(f, "{disk} has no hole, and {blocks} of its blocks are zeros over older data")
            }
            Self::Full { disk } => write!(f, "{disk} has no hole, and hides no older data under zeros"),
            Self::Coarse { disk, grain } => write!(
                f,
                "every hole edge of {disk} is a multiple of {grain} bytes; Jiva makes holes of {BLOCK_SIZE}"
            ),
            Self::HolesAndZeros { disk } => write!(f, "{disk} has holes and stored blocks of zeros"),
            Self::NoZeros { disk } => {
                write!(f, "{disk} has holes, and no stored block of zeros was met in it")
            }
        }
    }
}

impl Display for Parting {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Base => f.write_str("the oldest disks have different names"),
            Self::Counters { disk, a, b } => write!(f, "{disk} has counter {a} in one and {b} in the other"),
            Self::Created { disk } => write!(f, "{disk} was created at different times"),
            Self::Unmerged { disk } => {
                write!(f, "clean-up cannot have merged away what only one of them has below {disk}")
            }
            Self::Content { disk } => write!(f, "{disk} has different blocks"),
        }
    }
}

impl Display for ApartBy {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Engine => f.write_str("another engine wrote it"),
            Self::Names { a, nodes_a, b, nodes_b } => {
                write!(f, "{a} is on {nodes_a} nodes and {b} on {nodes_b}, so both are names of volumes")
            }
            Self::Clone { replica, clone_status } => {
                write!(f, "CloneStatus of {replica} is {clone_status:?}: it is a clone, the other is not one")
            }
            Self::Clones { replica, clone_status } => write!(
                f,
                "both are clones (CloneStatus of {replica} is {clone_status:?}) and share nothing above what was cloned"
            ),
        }
    }
}

impl Display for WonBy {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alone => f.write_str("it is the first to register, and one makes a quorum"),
            Self::First { counter } => {
                write!(f, "equal counters ({counter}): the first to register wins")
            }
            Self::Counter { counter, registered, some_rebuilding } => {
                write!(f, "the highest counter ({counter}) of the first {registered} to register")?;
                if *some_rebuilding {
                    f.write_str(", without those that register as being rebuilt")?;
                }
                Ok(())
            }
        }
    }
}
