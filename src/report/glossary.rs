//! Words of an answer in plain words: what `explain` says of kinds, confidences, states, starts, flags, joins and
//! relations. Findings and rules have tables of their own.

/// What a word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Category {
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

use Category::{Confidence, Flag, LastJoin, Relation, Start, State, Verdict};

/// Every word that has no table of its own.
pub const TERMS: &[Term] = &[
    term(
        Verdict,
        "consistent",
        "All replicas hold the same data; any of them may be kept. Whether Jiva can start them is another question: see start. Exit code 0.",
    ),
    term(
        Verdict,
        "authoritative",
        "At least one replica holds everything that any replica here holds, and at least one does not. The one to keep is named; the others can be rebuilt from it once nothing that must not be wiped is touched. Exit code 10.",
    ),
    term(
        Verdict,
        "irreconcilable",
        "Two or more histories each hold data that no other holds. Whichever is kept, data of the others are lost, unless they are taken out first: compare and export them, and let somebody who knows the data decide. Wipe nothing. Exit code 20.",
    ),
    term(
        Verdict,
        "insufficient-evidence",
        "What would settle it is missing: a replica that was not supplied, a copy that is incomplete, a comparison that nobody can decide. The answer says what to collect. Wipe nothing until then. Exit code 30.",
    ),
    term(
        Confidence,
        "proven",
        "Every block was compared on copies known to be faithful, and every difference was attributed without doubt.",
    ),
    term(
        Confidence,
        "strong",
        "Records and stored ranges agree and nothing contradicts them, or blocks were compared and one thing is left that blocks cannot settle. What that is stands beside it.",
    ),
    term(
        Confidence,
        "weak",
        "It rests on records alone, or there are gaps. Do not wipe anything on the strength of it; supply the images.",
    ),
    term(
        Start,
        "safe",
        "If all processes are simply started, in whatever order, all come up, nothing is lost, and no two differ silently.",
    ),
    term(
        Start,
        "unsafe",
        "In some order of starting, data are overwritten, a replica is left behind, or two come up as healthy and differ. Do not simply start it.",
    ),
    term(
        Start,
        "stuck",
        "In no order does the volume come up writable by itself: processes end at once, or each refuses the others.",
    ),
    term(Start, "unknown", "Too little is here to tell what Jiva would do."),
    term(State, "usable", "Jiva would open it. That says nothing about whether its data are the newest."),
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
        "It was not closed: normal after a crash and while running. Jiva refuses nothing because of it.",
    ),
    term(
        Flag,
        "rebuilding",
        "volume.meta says Rebuilding: it died or was refused in a join and was not started since. Clearing the flag by hand repairs nothing.",
    ),
    term(
        Flag,
        "refused-join",
        "The RW side refused it, because its Checkpoint was not in that side's chain, or the join stopped before anything was copied. Its own data end at its clean tip.",
    ),
    term(
        Flag,
        "unfinished-join",
        "Nothing shows that its last join ended. Files of the other side may stand among its own, so its data may belong to no moment. Do not keep it unless its blocks are proven equal to a replica that may be kept.",
    ),
    term(
        Flag,
        "chain-near-limit",
        "Few layers are left. Every snapshot and every attempt to join adds one, and at the limit nothing can join any more.",
    ),
    term(Flag, "chain-over-limit", "The chain has more layers than Jiva opens."),
    term(
        Flag,
        "hard-linked",
        "Two names in the directory are one file: a crash inside a snapshot left it so.",
    ),
    term(
        Flag,
        "chain-hard-linked",
        "Two layers of the chain are one file. What is written to one shows in the other, so older data are, or will be, damaged.",
    ),
    term(
        Flag,
        "off-chain-disks",
        "There are disks that the chain does not reach. They may hold data that nothing else holds.",
    ),
    term(
        Flag,
        "peer-head-record",
        "The record of its head was copied here from the RW side at its last join. It tells whom it met.",
    ),
    term(
        Flag,
        "unfaithful-copy",
        "The copy lost something: a file is cut or could not be read. Copy the directory again.",
    ),
    term(
        Flag,
        "records-only",
        "Only the records were supplied, not the images, so the answer rests on records alone.",
    ),
    term(
        Flag,
        "image-missing",
        "An image of the chain is missing. Jiva makes an empty one in its place without a word, and older data or zeros show.",
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
        "It was to become a clone and its copying did not end, by CloneStatus. What it shows is incomplete: make the clone again from its source.",
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
    term(LastJoin, "none", "No trace of a join since its head was made."),
    term(LastJoin, "finished", "It joined, became RW, and went on from there."),
    term(
        LastJoin,
        "unfinished",
        "The join stopped while files were copied, or right after, or nothing shows that it ended.",
    ),
    term(LastJoin, "refused", "The join was refused, or stopped before anything was copied."),
    term(Relation, "identical", "The same data and the same chain."),
    term(Relation, "equal", "The same data in different chains, as clean-up leaves them."),
    term(Relation, "behind", "The second has everything that the first has, and more."),
    term(Relation, "ahead", "The first has everything that the second has, and more."),
    term(
        Relation,
        "diverged",
        "Each has something that the other lacks, since a state that both went through.",
    ),
    term(Relation, "unrelated", "Each has something that the other lacks, and no state is common to both."),
    term(Relation, "unknown", "What they are to each other cannot be told."),
];
