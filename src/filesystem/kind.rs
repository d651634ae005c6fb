//! The kinds of files.

/// The kind of a file, by the upper bits of its mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FileKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A named pipe.
    Pipe,
    /// A socket.
    Socket,
    /// A character device.
    CharacterDevice,
    /// A block device.
    BlockDevice,
}

impl FileKind {
    /// The kind that a mode says; `None` for one that is of no kind.
    pub(super) fn of_mode(mode: u16) -> Option<Self> {
        Some(match mode >> 12 {
            0x8 => Self::File,
            0x4 => Self::Directory,
            0xA => Self::Link,
            0x1 => Self::Pipe,
            0xC => Self::Socket,
            0x2 => Self::CharacterDevice,
            0x6 => Self::BlockDevice,
            _ => return None,
        })
    }

    /// The letter of a long listing.
    pub fn letter(self) -> char {
        match self {
            Self::File => '-',
            Self::Directory => 'd',
            Self::Link => 'l',
            Self::Pipe => 'p',
            Self::Socket => 's',
            Self::CharacterDevice => 'c',
            Self::BlockDevice => 'b',
        }
    }

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Directory => "directory",
            Self::Link => "symbolic link",
            Self::Pipe => "named pipe",
            Self::Socket => "socket",
            Self::CharacterDevice => "character device",
            Self::BlockDevice => "block device",
        }
    }
}
