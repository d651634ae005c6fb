//! Kinds of sums.

use clap::ValueEnum;
use jivascope::blocks::SumKind;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Default)]
pub(crate) enum Kind {
    /// SHA-256 of all bytes, as sha256sum gives it of a raw image; takes as long as the volume is large
    #[default]
    Sha256,
    /// Merkle sum of fs-verity, as `fsverity digest` gives it of a raw image; takes as long as the stored data are large
    Verity,
}

impl Kind {
    /// For the library.
    pub(crate) fn of(self) -> SumKind {
        match self {
            Self::Sha256 => SumKind::Sha256,
            Self::Verity => SumKind::Verity,
        }
    }

    /// A sum of a view as a line, in the way of the tool that makes the same sum of a file.
    pub(crate) fn line(self, sum: &str, name: &str) -> String {
        match self {
            Self::Sha256 => format!("{sum}  {name}"),
            Self::Verity => format!("sha256:{sum} {name}"),
        }
    }
}
