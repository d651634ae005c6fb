//! The rules by name: which one gave an answer, and what it says.
//!
//! Rule ids are published: never renamed, never used again for something else.

use std::fmt;

use serde::{Serialize, Serializer};

macro_rules! rules {
    ($($variant:ident $id:literal $says:literal)*) => {
        /// A published rule.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Rule {
            $(#[doc = $says] $variant,)*
        }

        /// Every rule with its words.
        pub const RULES: &[RuleRow] = &[$(RuleRow { rule: Rule::$variant, id: $id, says: $says },)*];
    };
}

/// One rule in words.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct RuleRow {
    /// The rule.
    pub rule: Rule,
    /// Its published name.
    pub id: &'static str,
    /// What it says.
    pub says: &'static str,
}

rules! {
    AllHold "R-ALL-HOLD" "Every replica holds everything that any supplied replica holds. Any of them may be kept."
    SomeHold "R-SOME-HOLD" "At least one replica holds everything that any supplied replica holds, and at least one does not. A holder lacks not one block that another has: not above the state they share, and not below it."
    Ways "R-N-WAYS" "No replica holds everything: each of several lineages holds blocks that no other does. Whichever is kept, the data of the others are lost unless they are taken out first."
    OneAlone "R-ONE-ALONE" "One replica alone cannot be judged: nothing tells what the others hold. With a replication factor of 1 it is the volume."
    FactorOne "R-FACTOR-ONE" "The replication factor is 1 and one replica was supplied, so it is the volume."
    NothingReadable "R-NOTHING-READABLE" "No supplied replica can be judged: Jiva would open none of them, or the copies do not show what the originals hold."
    DroppedZeros "R-DROPPED-ZEROS" "All that stands against one replica are blocks where its copy has a hole. Nothing shows that the copy kept stored zeros, and zeros written there would explain them. A faithful copy settles it."
    NoCompany "R-NO-COMPANY" "Two replicas wrote the same blocks. By their counters one is the later point of the other, but a write needs more replicas than it can have had: the replication factor was lowered, or a replica is missing. Then both may have run alone, and counters decide nothing. Sessions in the replicas' logs, the controller's log, or the missing replica settle it."
    CounterUnread "R-COUNTER-UNREAD" "Replicas wrote the same blocks, and a counter that might tell whose are newer is missing or could not be read here. Run as somebody who may read it, or copy the file too."
    Defective "R-DEFECTIVE-COPY" "The copy of a supplied replica is defective: something is missing, cut, unreadable or filled. What its original holds is not known, and it may be more than the others hold. Who holds everything among the rest is said."
    AnotherEngine "R-ANOTHER-ENGINE" "A supplied directory was written by another engine than Jiva. Its data can be compared and exported; which replica that engine would keep, and what it would do at a start, is not answered here."
    NoVolumeMeta "R-NO-VOLUME-META" "No supplied directory has a volume.meta, so nothing tells which of its files are the volume."
    InDanger "R-IN-DANGER" "The replication factor is 1 and one replica was supplied, but its data are gone or not all here. The findings say what is wrong."
    Witness "R-WITNESS" "Another replica was RW and met a supplied one, and its history is in none of the supplied directories. It may hold what no supplied replica does, so nobody is named until it is found. What holds among those supplied is said."
    SameState "R-SAME-STATE" "Two replicas differ in blocks of a state that their records call the same, in the same layer. Nothing tells which side is newer."
    NoneWhole "R-NONE-WHOLE" "The replicas that would hold everything have flaws of their own (an image missing, two layers in one file, a join cut off while files were copied), and no comparison of blocks clears them."
    Circle "R-CIRCLE" "Each replica lacks something that another has by the records, yet no two lineages can be distinguished: the evidence contradicts itself."
}

impl Rule {
    /// Its row.
    pub fn row(self) -> &'static RuleRow {
        &RULES[self as usize]
    }

    /// Finds a rule by its published name, in any case.
    pub fn parse(text: &str) -> Option<Self> {
        RULES.iter().find(|row| row.id.eq_ignore_ascii_case(text)).map(|row| row.rule)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.row().id)
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.row().id)
    }
}
