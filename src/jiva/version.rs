//! Versions of Jiva, as far as they differ in what happens to a directory.

use std::fmt;
use std::str::FromStr;

use crate::format::Generation;
use crate::replica::Replica;

/// A version of Jiva: `1.12.1` or `v3.6.0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// First number.
    pub major: u16,
    /// Second number.
    pub minor: u16,
    /// Third number.
    pub patch: u16,
}

/// A text that is no version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a version of Jiva such as 3.6.0: {0:?}")]
pub struct NoVersion(String);

impl Version {
    /// The newest that is known; all from 2.6.0 on treat a directory alike.
    pub const NEWEST: Self = Self::new(3, 6, 0);

    /// A version by its numbers.
    pub const fn new(major: u16, minor: u16, patch: u16) -> Self {
        Self { major, minor, patch }
    }

    /// The newest version that any of these directories shows, by the keys of its `volume.meta`; the newest known
    /// where none shows any.
    ///
    /// The keys tell a span of versions. Of that the last stands for it, so the fault of 1.6.0 to 1.7.0 is
    /// foretold only when the version is given.
    pub fn shown_by<'a>(replicas: impl IntoIterator<Item = &'a Replica>) -> Self {
        let newest = replicas.into_iter().filter_map(|r| r.meta.as_ref()?.generation()).max();
        newest.map_or(Self::NEWEST, Self::of)
    }

    /// The last version of a span.
    pub fn of(generation: Generation) -> Self {
        match generation {
            Generation::Before0_6 => Self::new(0, 5, 0),
            Generation::From0_6 => Self::new(1, 5, 0),
            Generation::From1_6 => Self::new(1, 12, 0),
            Generation::From1_12_1 => Self::new(2, 5, 0),
            Generation::From2_6 => Self::NEWEST,
        }
    }

    /// The span of versions that write the same keys into `volume.meta`.
    pub fn generation(self) -> Generation {
        match self {
            v if v >= Self::new(2, 6, 0) => Generation::From2_6,
            v if v >= Self::new(1, 12, 1) => Generation::From1_12_1,
            v if v >= Self::new(1, 6, 0) => Generation::From1_6,
            v if v >= Self::new(0, 6, 0) => Generation::From0_6,
            _ => Generation::Before0_6,
        }
    }

    /// Whether it knows Checkpoints: it then refuses joiners by them, and copies only what lies above.
    pub fn has_checkpoints(self) -> bool {
        self >= Self::new(1, 12, 1)
    }

    /// Whether a join at equal counters and equal chains copies nothing.
    pub fn skips_equal_chains(self) -> bool {
        self >= Self::new(0, 9, 0)
    }

    /// Whether a join leaves the data of a snapshot uncopied when its record has the same counter on both sides.
    pub fn skips_equal_snapshots(self) -> bool {
        (Self::new(1, 6, 0)..=Self::new(1, 7, 0)).contains(&self)
    }

    /// Whether opening fills in the counters of records that have none.
    pub fn fills_counters(self) -> bool {
        self >= Self::new(1, 6, 0)
    }

    /// Whether opening reads every record of the directory, on the chain or off it.
    pub fn reads_all_records(self) -> bool {
        !self.has_checkpoints()
    }

    /// The most disks a chain may have, head included, unless `MAX_CHAIN_LENGTH` says otherwise.
    pub fn chain_limit(self) -> usize {
        match self {
            v if v >= Self::new(1, 11, 0) => 1024,
            v if v >= Self::new(1, 0, 0) => 512,
            _ => 250,
        }
    }

    /// Whether a left-over `tmpFile.tmp` ends the process at its start.
    pub fn dies_of_left_over(self) -> bool {
        (Self::new(0, 7, 1)..Self::new(1, 4, 0)).contains(&self)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl FromStr for Version {
    type Err = NoVersion;

    fn from_str(text: &str) -> Result<Self, NoVersion> {
        let fault = || NoVersion(text.to_owned());
        let numbers: Vec<u16> = text
            .strip_prefix('v')
            .unwrap_or(text)
            .split('.')
            .map(|part| part.parse().map_err(|_| fault()))
            .collect::<Result<_, _>>()?;
        match numbers[..] {
            [major, minor] => Ok(Self::new(major, minor, 0)),
            [major, minor, patch] => Ok(Self::new(major, minor, patch)),
            _ => Err(fault()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_and_their_differences_known() {
        let version = |text: &str| text.parse::<Version>().unwrap();
        assert_eq!(version("v3.6.0"), Version::NEWEST);
        assert_eq!(version("1.12"), Version::new(1, 12, 0));
        for text in ["", "3", "v", "1.2.3.4", "1.x.0", "-1.0.0"] {
            assert!(text.parse::<Version>().is_err(), "{text}");
        }
        let limits = [("0.9.0", 250), ("1.0.0", 512), ("1.10.0", 512), ("1.11.0", 1024), ("3.6.0", 1024)];
        for (text, limit) in limits {
            assert_eq!(version(text).chain_limit(), limit, "{text}");
        }
        assert!(!version("1.12.0").has_checkpoints() && version("1.12.1").has_checkpoints());
        let skips = ["1.5.0", "1.6.0", "1.7.0", "1.7.1"].map(|text| version(text).skips_equal_snapshots());
        assert_eq!(skips, [false, true, true, false]);
        for generation in Generation::ALL {
            assert_eq!(Version::of(generation).generation(), generation);
        }
    }
}
