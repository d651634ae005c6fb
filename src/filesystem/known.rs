//! File systems and other contents that are known by their magic numbers. They are named, not read.

use super::bytes::{Bytes, Fields, FsError};

/// Enough of a view to know all of them: the magic of btrfs lies furthest in, at 64 KiB.
const HEAD: usize = 65_536 + 4096;

/// What was recognised.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    pub kind: &'static str,
    pub label: Option<String>,
    pub uuid: Option<String>,
    pub size: Option<u64>,
}

/// The magic numbers, each with its place.
const MAGICS: &[(&str, usize, &[u8])] = &[
    ("btrfs", 65_536 + 64, b"_BHRfS_M"),
    ("LUKS", 0, b"LUKS\xba\xbe"),
    ("LVM physical volume", 512, b"LABELONE"),
    ("Linux software RAID", 4096, b"\xfc\x4e\x2b\xa9"),
    ("swap", 4086, b"SWAPSPACE2"),
    ("F2FS", 1024, b"\x10\x20\xf5\xf2"),
    ("NTFS", 3, b"NTFS    "),
    ("exFAT", 3, b"EXFAT   "),
    ("FAT", 82, b"FAT32   "),
    ("FAT", 54, b"FAT1"),
    ("SquashFS", 0, b"hsqs"),
    ("EROFS", 1024, b"\xe2\xe1\xf5\xe0"),
    ("JFS", 32_768, b"JFS1"),
    ("ReiserFS", 65_536 + 52, b"ReIsEr"),
    ("ISO 9660", 32_769, b"CD001"),
    ("qcow2 image", 0, b"QFI\xfb"),
];

/// What the first bytes are of; `None` for what is not known.
pub(super) fn known(bytes: &dyn Bytes) -> Result<Option<Known>, FsError> {
    let mut head = vec![0; usize::try_from(bytes.size()).unwrap_or(HEAD).min(HEAD)];
    bytes.read(0, &mut head)?;
    let fields = Fields(&head);
    let found = MAGICS.iter().find(|(_, at, magic)| fields.bytes(*at, magic.len()) == *magic);
    Ok(found.map(|(kind, ..)| match *kind {
        "btrfs" => Known {
            kind,
            label: fields.text(65_536 + 299, 256),
            uuid: fields.uuid(65_536 + 32),
            size: Some(fields.u64(65_536 + 112)),
        },
        "swap" => Known { kind, label: fields.text(1052, 16), uuid: fields.uuid(1036), ..Known::default() },
        _ => Known { kind, ..Known::default() },
    }))
}
