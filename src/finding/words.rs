//! The table of words: the sentence of each finding, made from its facts.
//!
//! A sentence about one replica does not name it where its label stands beside the sentence anyway.

use std::fmt::{self, Display, Formatter};

use super::facts::Facts;
use super::parts::{FileFault, Refuser, UnreadPart};
use super::phrases::{
    and, blocks, count, counter, in_blocks, list, many, own_end, place, rescue, sighting, won,
};
use crate::ident::DiskName;

impl Display for Facts {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::VolumeMetaMissing { disks } => {
                write!(f, "there is no volume.meta beside {}", many(*disks, "disk"))
            }
            Self::VolumeMetaUnreadable { fault } => write!(f, "volume.meta {fault}"),
            Self::CannotOpen { error } => write!(f, "Jiva's message: {error}"),
            Self::ChainLoop { back_to } => write!(f, "the chain leads back to {back_to}, so opening never ends"),
            Self::ImageMissing { image } => {
                write!(f, "{image} is in the chain and has no image; Jiva would create an empty one")
            }
            Self::BaseShort { image, size: None, .. } => {
                write!(f, "the base {image} has no image: reads that reach the base fail")
            }
            Self::BaseShort { image, size: Some(size), volume_size }
            | Self::ImageShort { image, size, volume_size } => {
                write!(f, "{image} has {size} bytes, fewer than the volume's {volume_size}")
            }
            Self::ImageLong { image, size, volume_size } => {
                write!(f, "{image} has {size} bytes, more than the volume's {volume_size}")
            }
            Self::TwoNamesOneInode { names, in_chain } => {
                write!(f, "{} are hard links to one file; {in_chain} of them are in the chain", list(names))
            }
            Self::LinkLeft { names } => write!(f, "{} are hard links to one file", list(names)),
            Self::SnapshotCrash { step } => step.fmt(f),
            Self::TempFile { file, size } => write!(f, "{file} ({size} bytes) was left by an unfinished write"),
            Self::LogInfoUnreadable { fault } => write!(f, "log.info {fault}"),
            Self::ExtentProbeLeft {} => {
                f.write_str("the file with which Jiva tests the file system was not removed")
            }
            Self::RebuildingSet {} => f.write_str("volume.meta says Rebuilding"),
            Self::DirtySet {} => f.write_str("volume.meta says Dirty"),
            Self::RefusedJoin { clean_tip, counter_unread: true } => {
                let end = own_end(clean_tip.as_ref());
                write!(f, "how its last rebuild ended is unknown without the counter{end}")
            }
            Self::RefusedJoin { clean_tip, .. } => {
                write!(f, "its last rebuild ended before anything was copied{}", own_end(clean_tip.as_ref()))
            }
            Self::UnfinishedJoin { clean_tip, counter_unread: true } => {
                let end = own_end(clean_tip.as_ref());
                write!(f, "whether its last rebuild was completed is unknown without the counter{end}")
            }
            Self::UnfinishedJoin { clean_tip, .. } => {
                write!(f, "nothing shows that its last rebuild was completed{}", own_end(clean_tip.as_ref()))
            }
            Self::PeerHeadRecord { peer } => {
                write!(f, "written by a replica whose head was {} ({})", peer.head, counter(peer.counter))
            }
            Self::ChainNearLimit { layers, limit } => write!(f, "the chain has {layers} of {limit} layers"),
            Self::OffChainDisks { disks: 1, bytes } => write!(f, "1 disk is off-chain and stores {bytes} bytes"),
            Self::OffChainDisks { disks, bytes } => {
                write!(f, "{disks} disks are off-chain and store {bytes} bytes")
            }
            Self::CounterMissing {} => {
                f.write_str("there is no revision.counter; Jiva would create one that says 1")
            }
            Self::CounterUnreadable { fault: FileFault::Invalid { error } } => f.write_str(error),
            Self::CounterUnreadable { fault } => write!(f, "revision.counter {fault}"),
            Self::Reinitialised { head, older_disks } => write!(
                f,
                "{head} is empty and alone in the chain, with {} beside it",
                many(*older_disks, "older disk")
            ),
            Self::Leniency { file, field, offset, oddity } => {
                write!(f, "{file}: {}{oddity}", place(field.as_deref(), *offset))
            }
            Self::HolesFilled { reason }
            | Self::ZeroBlocksLost { reason }
            | Self::FidelityUnknown { reason } => reason.fmt(f),
            Self::ParentDisagrees { volume_meta, head_record } => {
                let named = |name: &Option<DiskName>| match name {
                    Some(name) => format!("the parent {name}"),
                    None => "no parent".to_owned(),
                };
                let (meta, record) = (named(volume_meta), named(head_record));
                write!(f, "volume.meta names {meta}, the head record {record}")
            }
            Self::CountersFilledIn { below, counter_below, above, counter_above } => write!(
                f,
                "{below} has counter {counter_below}, more than {counter_above} of {above} above it"
            ),
            Self::MarkedRemoved { snapshot } => {
                write!(f, "{snapshot} is marked as removed and still in the chain")
            }
            Self::StrayRecordUnreadable { record, error } => write!(f, "{record}: {error}"),
            Self::CopyIncomplete { file, fault } => write!(f, "{file}: {fault}"),
            Self::SizesMixed { sizes } => {
                let each: Vec<String> =
                    sizes.iter().map(|one| format!("{} has {} bytes", one.disk, one.size)).collect();
                write!(f, "the images of the chain differ in size: {}", each.join(", "))
            }
            Self::HeadNotAHead { head } => write!(f, "the active head is {head}"),
            Self::NotAFile { file, file_type } => write!(f, "{file} is a {file_type}"),
            Self::CheckpointNotInChain { checkpoint } => {
                write!(f, "the Checkpoint {checkpoint} is not in the replica's own chain")
            }
            Self::SameUuid { replicas, .. } => write!(f, "{} have the same UUID", and(replicas)),
            Self::RescueCandidates { candidates, likeliest, compared } => {
                rescue(f, *candidates, likeliest, compared)
            }
            Self::ForeignDialect { mixed: false } => {
                f.write_str("this is a Longhorn directory; Jiva's rules do not apply to it")
            }
            Self::ForeignDialect { mixed: true } => f.write_str(
                "the directory has keys of Longhorn and keys of Jiva, so neither engine's rules are applied",
            ),
            Self::HalfClone { clone_status } => clone_status.fmt(f),
            Self::BackingFileMissing { file } => {
                write!(f, "volume.meta names the backing file {file}, which is not in the directory")
            }
            Self::DataBeyondSize { image, bytes, volume_size } => {
                write!(f, "{image} stores {bytes} bytes beyond the Size of {volume_size}")
            }
            Self::CannotSnapshot { next_head, bytes } => {
                let stores = match bytes {
                    Some(bytes) => format!("stores {bytes} bytes"),
                    None => "may store data".to_owned(),
                };
                write!(
                    f,
                    "{next_head} has the name of the next head and {stores}. Every snapshot of this replica fails with \
                     \"Can't remove head file {next_head} as it contains some data\". So does every join to it and by it"
                )
            }
            Self::NotReadHere(not_read) => not_read.fmt(f),
            Self::ToldApart { volume, by } => {
                write!(f, "{volume} shares snapshots with this volume and is another volume: {by}")
            }
            Self::ForeignChainBroken { missing } => missing.fmt(f),
            Self::DataGone { counter } => write!(
                f,
                "the counter says that {counter} writes were made, and no block is stored in the supplied files"
            ),
            Self::NoCommonAncestor { a, b } => write!(f, "{a} and {b} have no common ancestor"),
            Self::EqualNamesOnly { a, b, snapshots, parting, .. } => {
                let names = many(*snapshots, "snapshot name");
                write!(f, "{a} and {b} share {names} above the point where they diverged")?;
                parting.as_ref().map_or(Ok(()), |parting| write!(f, ": {parting}"))
            }
            Self::CleanUpSkew { a, layers_a, b, layers_b } => {
                write!(f, "{a} has {layers_a} layers and {b} has {layers_b}, of the same history")
            }
            Self::VolumeSizesDiffer { sizes } => {
                let each: Vec<String> =
                    sizes.iter().map(|one| format!("{} has {} bytes", one.replica, one.size)).collect();
                f.write_str(&each.join(", "))
            }
            Self::MissingWitness { seen: Some(facts), .. } => facts.fmt(f),
            Self::MissingWitness { peer: Some(peer), .. } => sighting(f, peer),
            Self::MissingWitness { .. } => f.write_str("another replica was running"),
            Self::WitnessInDoubt { peer, may_be } => {
                sighting(f, peer)?;
                write!(f, "; {may_be} has a newer Checkpoint, so it may be that replica")
            }
            Self::SilentDamage { other, blocks: lost } => {
                write!(f, "lost {} below the common ancestor; {other} still has them", blocks(*lost))
            }
            Self::BlankReplica { counter: own } => write!(f, "stores no data ({})", counter(*own)),
            Self::CounterOverstates { head, writes, .. } => write!(
                f,
                "{writes} writes were counted since {head} was created, and it stores no block"
            ),
            Self::CheckpointByFewer { newer, older } => {
                write!(f, "the Checkpoint of {} is newer than that of {older}", and(newer))
            }
            Self::PowerLossSuspected {} => {
                f.write_str("log.info is empty, which only a power cut soon after a start leaves")
            }
            Self::GroupedByHistory { names } => {
                let what = if names.len() > 1 { and(names) } else { "directories of different names".to_owned() };
                write!(f, "{what} share automatic snapshots, and nothing shows that they are different volumes")
            }
            Self::LastWriteDiffers { a, b, blocks: differ } => {
                write!(f, "{a} and {b} differ in one run of {}", blocks(*differ))
            }
            Self::ForeignTail { other, blocks: received } => write!(
                f,
                "received {} in a rebuild that was interrupted; {other} does not have them",
                blocks(*received)
            ),
            Self::UnreadableRange { part, error } => match part {
                UnreadPart::Range { disk, .. } => write!(f, "{disk}: {error}"),
                UnreadPart::View => f.write_str(error),
                UnreadPart::Zeros => write!(f, "all-zero blocks could not be treated as holes: {error}"),
            },
            Self::SameDataUnknown { a, b, blocks: differ } => {
                write!(f, "{a} and {b} differ in {} below their common ancestor", blocks(*differ))
            }
            Self::FactorUnmet { replicas, directories, factor } => {
                let copies = if replicas < directories { ", copies counted once" } else { "" };
                let were = if *replicas == 1 { "was" } else { "were" };
                let supplied = many(*replicas, "replica");
                write!(f, "{supplied} {were} supplied{copies}; the replication factor is {factor}")
            }
            Self::StaleCanWin { order, won_by, newer } => {
                let has = if newer.len() == 1 { "has" } else { "have" };
                write!(f, "lacks data that {} {has}, and is elected {}", and(newer), won(order, *won_by))
            }
            Self::BlankCanWin { order, won_by } => {
                write!(f, "is empty, and is elected {}", won(order, *won_by))
            }
            Self::RollBack { source, blocks, lost_blocks, images_copied } => {
                let images = match images_copied {
                    1 => "1 image is".to_owned(),
                    many => format!("{many} images are"),
                };
                write!(f, "if it rejoins {source}, it is accepted, {images} copied over it, and ")?;
                let Some(blocks) = blocks else { return write!(f, "writes that {source} lacks are lost") };
                let is = if *blocks == 1 { "is" } else { "are" };
                write!(f, "{} that {source} lacks {is} lost", count(*blocks, "block"))?;
                match lost_blocks {
                    None => Ok(()),
                    Some(lost) if lost == blocks => f.write_str(" permanently"),
                    Some(lost) => write!(f, ", {lost} of them permanently"),
                }
            }
            Self::SilentSplit { source, images_copied, blocks } => {
                let how = match images_copied {
                    0 => "nothing is copied",
                    _ => "what lies below its Checkpoint is not copied",
                };
                write!(f, "if it rejoins {source}, {how}, both are RW, and they differ{}", in_blocks(*blocks))
            }
            Self::PoisonedCheckpoint { source, checkpoint } => write!(
                f,
                "its Checkpoint {checkpoint} is in the chain of {source} by name only, above their common ancestor, so \
                 {source} accepts it"
            ),
            Self::HolesBelowCheckpoint { source, blocks } => write!(
                f,
                "blocks at or below its Checkpoint are missing: {source} has them, and a rebuild from {source} does not \
                 copy them; both then differ{}",
                in_blocks(*blocks)
            ),
            Self::NothingStarts { error } => write!(f, "every process ends at its start: {error}"),
            Self::NoRebuildPossible { limit, jiva_version } => {
                write!(f, "every join needs one more disk than the {limit} that Jiva {jiva_version} allows")
            }
            Self::StuckByRefusal { by: Refuser::MissingReplica } => f.write_str(
                "an RW replica that was not supplied refused all of them; as long as it runs, it refuses them again",
            ),
            Self::StuckByRefusal { by: Refuser::FirstStarted } => f.write_str(
                "whichever starts first, its chain lacks the Checkpoint of the others, and it refuses them",
            ),
            Self::GhostEntry(facts) => facts.fmt(f),
            Self::UnlistedOpenReplica(facts) => facts.fmt(f),
            Self::ControllerFrozen(facts) => facts.fmt(f),
            Self::JoinRefused(facts) => facts.fmt(f),
            Self::RebuildInterrupted(facts) => facts.fmt(f),
            Self::RebuildTakenOver(facts) => facts.fmt(f),
            Self::SourceRemovedDuringRebuild(facts) => facts.fmt(f),
            Self::BlankLeader(facts) => facts.fmt(f),
            Self::ReadsWithoutSource(facts) => facts.fmt(f),
            Self::StaleSession(facts) => facts.fmt(f),
            Self::TwoInitiators(facts) => facts.fmt(f),
            Self::DiskFull(facts) => facts.fmt(f),
            Self::RestartLoop(facts) => facts.fmt(f),
            Self::DirectoryMadeAnew(facts) => facts.fmt(f),
            Self::ClockSkew(facts) => facts.fmt(f),
            Self::EvidenceIncomplete(facts) => facts.fmt(f),
            Self::FileSystemDamaged(facts) => facts.fmt(f),
            Self::ChainLimitSoon(facts) => facts.fmt(f),
            Self::FewLayersLeft(facts) => facts.fmt(f),
            Self::CopyAttested(facts) => facts.fmt(f),
            Self::CopyFilledHoles(facts) => facts.filled(f),
            Self::CopyDroppedZeros(facts) => facts.dropped(f),
            Self::CopyBlocksDiffer(facts) => facts.differ(f),
            Self::CopyLengthDiffers(facts) => facts.fmt(f),
            Self::CopyBlocksLost(facts) => facts.lost(f),
            Self::CopyFilesLost(facts) => facts.fmt(f),
            Self::KeyMissing { fault } => fault.fmt(f),
            Self::NoMajority(facts) => facts.no_majority(f),
            Self::ReadOnlyPeriod(facts) => facts.read_only(f),
        }
    }
}
