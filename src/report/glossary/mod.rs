//! Every word that an answer speaks with, in plain words: kinds, confidences, states, starts, flags, joins, relations,
//! and the words of the field. `explain` and `docs/glossary.md` speak from here. Findings and rules have tables of
//! their own.

mod field;
mod page;

pub use page::glossary_page;

/// What a word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Category {
    /// A word of the field.
    Word,
    /// What a copy is worth.
    Quality,
    /// A kind of verdict.
    Verdict,
    /// How sure a verdict is.
    Confidence,
    /// What Jiva would make of it.
    Start,
    /// Whether Jiva would open a replica.
    State,
    /// Something about a replica, in a word.
    Flag,
    /// How a replica's last join went.
    LastJoin,
    /// What two replicas are to each other.
    Relation,
    /// A rule that gives a verdict.
    Rule,
    /// Something noticed.
    Finding,
}

impl Category {
    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Word => "word",
            Self::Quality => "quality of a copy",
            Self::Verdict => "kind of verdict",
            Self::Confidence => "confidence",
            Self::Start => "start",
            Self::State => "state of a replica",
            Self::Flag => "flag of a replica",
            Self::LastJoin => "last join of a replica",
            Self::Relation => "relation of two replicas",
            Self::Rule => "rule",
            Self::Finding => "finding",
        }
    }
}

/// One word.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Term {
    /// The word, as in the JSON.
    pub name: &'static str,
    /// What kind of word.
    pub category: Category,
    /// What it means, and what to do about it.
    pub says: &'static str,
}

const fn term(category: Category, name: &'static str, says: &'static str) -> Term {
    Term { name, category, says }
}

use Category::{Confidence, Flag, LastJoin, Quality, Relation, Start, State, Verdict};

/// Every word that has no table of its own: those of the field first.
pub fn terms() -> impl Iterator<Item = &'static Term> {
    field::TERMS.iter().chain(TERMS)
}

const TERMS: &[Term] = &[
    term(
        Quality,
        "attested",
        "The blocks were summed up where the replica lay (a capsule), or the copy was compared with such sums and nothing differs. A verdict that rests on it can be proven.",
    ),
    term(
        Quality,
        "faithful",
        "The copy shows that it kept holes and stored zeros, or neither could change what is read. A verdict that rests on faithful copies can be proven.",
    ),
    term(
        Quality,
        "unknown",
        "Nothing shows whether the copy kept stored zeros. A dropped zero looks like a hole, and older data show in its place. The verdict is at most strong.",
    ),
    term(
        Quality,
        "defective",
        "Something of the copy is missing, cut, unreadable or filled, so the original is unknown. Copy it again with tar --sparse, or accept it with --as-found LABEL if the original is gone.",
    ),
    term(
        Verdict,
        "consistent",
        "All replicas hold the same data; any of them may be kept. Whether Jiva can start them is another question: see start. Exit code 0.",
    ),
    term(
        Verdict,
        "authoritative",
        "At least one replica holds everything that any replica here holds, and at least one does not. The one to keep is named. The others can be rebuilt from it, except those that must not be wiped. Exit code 10.",
    ),
    term(
        Verdict,
        "irreconcilable",
        "Two or more histories each hold data that no other holds. Whichever you keep, data of the others are lost unless you export them first. Compare and export them, and let somebody who knows the data decide. Wipe nothing. Exit code 20.",
    ),
    term(
        Verdict,
        "insufficient-evidence",
        "The evidence does not settle it: a replica was not supplied, a copy is incomplete, or the records contradict each other. The answer says what to collect. Wipe nothing until then. Exit code 30.",
    ),
    term(
        Confidence,
        "proven",
        "Every block was compared on attested or faithful copies, and every difference was attributed without doubt.",
    ),
    term(
        Confidence,
        "strong",
        "Nothing contradicts the answer, but one part of it rests on a counter, on a hole, or on a copy of unknown quality. The screen says which.",
    ),
    term(
        Confidence,
        "weak",
        "The evidence has gaps or contradictions. Do not wipe anything because of it. Supply the images, or what the answer asks for.",
    ),
    term(
        Start,
        "safe",
        "In every order of starting all replicas come up, no data are lost, and no two replicas silently differ.",
    ),
    term(
        Start,
        "unsafe",
        "In some order of starting data are lost, a replica is left behind, or two replicas are reported healthy but differ. Do not start it as is.",
    ),
    term(
        Start,
        "stuck",
        "The volume does not come up writable in any order: processes end at once, or each replica refuses the others.",
    ),
    term(Start, "unknown", "The evidence does not show whether it is safe to start."),
    term(State, "usable", "Jiva can open it. That says nothing about whether its data are the newest."),
    term(
        State,
        "broken",
        "Jiva cannot open it, and the error is given. Its data are not judged, but they are not lost either: keep the directory.",
    ),
    term(
        State,
        "blank",
        "No volume.meta, or not one stored block in the whole chain: Jiva would serve an empty volume from it.",
    ),
    term(
        Flag,
        "power-loss-suspected",
        "Writes were counted that no image holds, or log.info is empty, as after a power cut. Blocks that were acknowledged may be gone.",
    ),
    term(
        Flag,
        "dirty",
        "It was not cleanly closed. That is normal after a crash and while it runs. Jiva refuses nothing because of it.",
    ),
    term(
        Flag,
        "rebuilding",
        "volume.meta says Rebuilding: its last rebuild died or was refused, and it was not started since. Clearing the flag by hand repairs nothing.",
    ),
    term(
        Flag,
        "refused-join",
        "The RW side refused it, because its Checkpoint was not in that side's chain, or the rebuild stopped before anything was copied. Its own data end at its clean tip.",
    ),
    term(
        Flag,
        "unfinished-join",
        "Nothing shows that its last rebuild ended. Its view may be a mixture of its own files and those of the other side. Do not keep it unless its blocks are proven equal to those of a replica that may be kept.",
    ),
    term(
        Flag,
        "chain-near-limit",
        "Every snapshot and every attempt to rejoin adds a layer, and few are left before the limit. At the limit no replica can rejoin.",
    ),
    term(Flag, "chain-over-limit", "The chain has more layers than Jiva opens."),
    term(
        Flag,
        "hard-linked",
        "Two names in the directory are one file (hard link), as a crash during a snapshot leaves them.",
    ),
    term(
        Flag,
        "chain-hard-linked",
        "Two layers of the chain are one file (hard link). A write to one shows in the other, so older data are damaged, or will be.",
    ),
    term(
        Flag,
        "off-chain-disks",
        "The directory has disks that the chain does not reach. They may hold data that nothing else holds.",
    ),
    term(
        Flag,
        "peer-head-record",
        "The record of its head was copied from the RW side at its last rebuild. It names that side's head.",
    ),
    term(
        Flag,
        "unfaithful-copy",
        "The copy lost something: a file is cut or could not be read. Copy the directory again.",
    ),
    term(
        Flag,
        "other-key",
        "A capsule was taken with a key, and the others were taken with another one or with none. Sums of two keys cannot be compared.",
    ),
    term(Flag, "records-only", "Only the records were supplied, not the images."),
    term(
        Flag,
        "image-missing",
        "An image of the chain is missing. Jiva silently creates an empty one in its place, and older data or zeros show.",
    ),
    term(
        Flag,
        "reinitialised",
        "The directory lost its volume.meta, was started, and now has an empty head over its older files, with the old counter. It can win the election and serve an empty volume.",
    ),
    term(
        Flag,
        "foreign-dialect",
        "Another engine than Jiva wrote it, by the keys of its files: Longhorn, or a mixture. No rule of Jiva's is applied to it.",
    ),
    term(
        Flag,
        "half-clone",
        "CloneStatus says that copying from the source did not end. The clone is incomplete: make it again from its source.",
    ),
    term(
        Flag,
        "backing-file-missing",
        "volume.meta names an image below the oldest disk, and that image is not in the directory. The data are incomplete without it.",
    ),
    term(
        Flag,
        "data-beyond-size",
        "An image stores blocks beyond the Size that volume.meta gives, as an enlargement that crashed leaves them.",
    ),
    term(
        Flag,
        "cannot-snapshot",
        "The file that the next snapshot would make its head is there and stores data. Until it is moved away no snapshot can be taken, and no replica can join.",
    ),
    term(
        Flag,
        "data-gone",
        "The counter says that writes were made, and not one block is stored in the directory. Look for another copy before anything is started.",
    ),
    term(LastJoin, "none", "No trace of a rebuild since its head was created."),
    term(LastJoin, "finished", "It was rebuilt and became RW."),
    term(
        LastJoin,
        "unfinished",
        "The rebuild stopped while files were copied, or nothing shows that it ended.",
    ),
    term(LastJoin, "refused", "The rebuild was refused, or stopped before anything was copied."),
    term(Relation, "identical", "The same data and the same chain."),
    term(Relation, "equal", "The same data in different chains, as clean-up leaves them."),
    term(Relation, "behind", "The second has everything that the first has, and more."),
    term(Relation, "ahead", "The first has everything that the second has, and more."),
    term(Relation, "diverged", "Each holds data that the other lacks, written after their common ancestor."),
    term(Relation, "unrelated", "Each holds data that the other lacks, and they have no common ancestor."),
    term(Relation, "unknown", "What they are to each other is unknown."),
];
