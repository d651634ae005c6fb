//! Versions of an engine, as numbers. What a version does stands with its [dialect](crate::dialect).

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// A version of an engine: `1.12.1` or `v3.6.0`.
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
#[error("not a version such as 3.6.0: {0:?}")]
pub struct NoVersion(String);

impl Version {
    /// A version by its numbers.
    pub const fn new(major: u16, minor: u16, patch: u16) -> Self {
        Self { major, minor, patch }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
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
    fn versions_are_read() {
        assert_eq!("v3.6.0".parse(), Ok(Version::new(3, 6, 0)));
        assert_eq!("1.12".parse(), Ok(Version::new(1, 12, 0)));
        for text in ["", "3", "v", "1.2.3.4", "1.x.0", "-1.0.0"] {
            assert!(text.parse::<Version>().is_err(), "{text}");
        }
    }
}
