//! What was written, over what, and whether the volume acknowledged it.

use std::collections::BTreeSet;

/// A version of a block: 0 was never written.
pub type Version = usize;

#[derive(Debug, Clone)]
struct Write {
    over: Version,
    acknowledged: bool,
    zeros: bool,
    /// A part of a block, completed by a replica from its own older version: it holds what that version held, and what
    /// was written lies in the volume's own version.
    part: bool,
}

/// Every write to a block, numbered.
#[derive(Debug, Clone)]
pub struct Truth(Vec<Write>);

impl Truth {
    pub fn new() -> Self {
        Self(vec![Write { over: 0, acknowledged: true, zeros: true, part: false }])
    }

    pub fn write(&mut self, over: Version, zeros: bool) -> Version {
        self.0.push(Write { over, acknowledged: false, zeros, part: false });
        self.0.len() - 1
    }

    /// What a write of a part of a block becomes over another version than the volume's.
    pub fn complete(&mut self, over: Version) -> Version {
        self.0.push(Write { over, acknowledged: false, zeros: false, part: true });
        self.0.len() - 1
    }

    pub fn acknowledge(&mut self, version: Version) {
        self.0[version].acknowledged = true;
    }

    /// The bytes of a version.
    pub fn bytes(&self, version: Version) -> Vec<u8> {
        let word = if self.0[version].zeros { 0 } else { version as u32 };
        word.to_le_bytes().repeat(1024)
    }

    pub fn same_bytes(&self, one: Version, other: Version) -> bool {
        one == other || (self.0[one].zeros && self.0[other].zeros)
    }

    /// Whether `old` is `new`, or `new` was made from it in some steps.
    fn made_from(&self, new: Version, old: Version) -> bool {
        let mut at = new;
        while at > old {
            at = self.0[at].over;
        }
        at == old
    }

    fn acknowledged(&self, version: Version) -> Version {
        let mut at = version;
        while !self.0[at].acknowledged {
            at = self.0[at].over;
        }
        at
    }

    /// The version that a block stands for: of one completed from an older version, that version.
    pub fn whole(&self, version: Version) -> Version {
        let mut at = version;
        while self.0[at].part {
            at = self.0[at].over;
        }
        at
    }

    /// Whether a version is zeros.
    pub fn is_zeros(&self, version: Version) -> bool {
        self.0[version].zeros
    }

    /// Blocks in which `one` holds a version that `other`'s was not made from; `settled` leaves writes aside that were
    /// never acknowledged.
    pub fn newer(&self, one: &[Version], other: &[Version], settled: bool) -> usize {
        let lacks = |(one, other): (&Version, &Version)| {
            let held = if settled { self.acknowledged(*one) } else { self.whole(*one) };
            !self.same_bytes(*one, *other) && !self.same_bytes(held, *other) && !self.made_from(*other, held)
        };
        one.iter().zip(other).filter(|pair| lacks(*pair)).count()
    }

    /// Those of the views that lack nothing of any other.
    pub fn holders(&self, views: &[(String, Vec<Version>)], settled: bool) -> BTreeSet<String> {
        let lacks_nothing =
            |view: &Vec<Version>| views.iter().all(|(_, other)| self.newer(other, view, settled) == 0);
        views.iter().filter(|(_, view)| lacks_nothing(view)).map(|(label, _)| label.clone()).collect()
    }
}
