//! What a file is that is neither a replica's nor a tar archive: known by its content, named with what to do instead.
//!
//! One table, [`KINDS`]; the first row whose test holds counts.

use super::decode::Compression;
use super::gather::InputKind;

/// Bytes of a file that are looked at: the superblock that lies farthest in begins at 64 KiB.
pub(super) const LOOK: usize = 68 << 10;

/// What a file was found to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Recognised {
    pub(super) kind: InputKind,
    /// What it is, as in "is a zip archive".
    pub(super) what: &'static str,
    /// What to do instead.
    pub(super) advice: &'static str,
    /// Whether a replica may be in it, so that the evidence may lack one.
    pub(super) may_hold: bool,
    /// Whether it is read as a witness.
    pub(super) witness: bool,
}

impl Recognised {
    /// The whole sentence, without the name of the file.
    pub(super) fn sentence(&self) -> String {
        format!("is {}, not read: {}", self.what, self.advice)
    }
}

/// A test of the first bytes.
type Test = fn(&Start<'_>) -> bool;

/// The first bytes of a file, and its name.
struct Start<'a> {
    bytes: &'a [u8],
    name: &'a str,
}

impl Start<'_> {
    fn has(&self, at: usize, magic: &[u8]) -> bool {
        self.bytes.get(at..).is_some_and(|rest| rest.starts_with(magic))
    }

    /// As text, if it reads as text.
    fn text(&self) -> Option<&str> {
        let text = match std::str::from_utf8(self.bytes) {
            Ok(text) => text,
            // A character cut by the end of the look.
            Err(error) if error.error_len().is_none() => {
                std::str::from_utf8(&self.bytes[..error.valid_up_to()]).ok()?
            }
            Err(_) => return None,
        };
        (!text.is_empty() && !text.contains('\0')).then_some(text)
    }

    fn count(&self, needle: &str) -> usize {
        self.text().map_or(0, |text| text.matches(needle).count())
    }

    fn says(&self, needle: &str) -> bool {
        self.text().is_some_and(|text| text.contains(needle))
    }

    /// How many lines fit.
    fn lines(&self, fits: impl Fn(&str) -> bool) -> usize {
        self.text().map_or(0, |text| text.lines().filter(|line| fits(line)).count())
    }

    fn is_json(&self) -> bool {
        self.text().is_some_and(|text| text.trim_start().starts_with(['{', '[']))
    }
}

const MOUNT: &str =
    "mount it read-only (loop or qemu-nbd; norecovery for xfs, noload for ext4) and give the directory";
const UNPACK: &str = "unpacking fills holes; copy the directory again with tar --sparse";
const WITNESS: &str = "it testifies about replicas and is none; give it by itself beside the directories, or to jivascope cluster";
const JOIN: &str = "join the parts in their order (cat NAME.* > NAME) and give the result";

const fn row(
    kind: InputKind,
    what: &'static str,
    advice: &'static str,
    may_hold: bool,
    test: Test,
) -> (Recognised, Test) {
    (Recognised { kind, what, advice, may_hold, witness: false }, test)
}

/// A row of a kind that testifies about replicas.
const fn witness(kind: InputKind, what: &'static str, test: Test) -> (Recognised, Test) {
    (Recognised { kind, what, advice: WITNESS, may_hold: false, witness: true }, test)
}

/// What a capsule begins with, whatever its form.
const CAPSULE: &[u8] = b"\x89jivascope.capsule/";

/// Whether a file begins as a capsule does.
pub(super) fn is_capsule(bytes: &[u8]) -> bool {
    bytes.starts_with(CAPSULE)
}

/// Every kind that is known, in the order in which it is asked for.
const KINDS: &[(Recognised, Test)] = &[
    row(InputKind::Zip, "a zip archive", UNPACK, true, |s| {
        [b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"].iter().any(|magic| s.has(0, *magic))
    }),
    row(InputKind::SevenZip, "a 7z archive", UNPACK, true, |s| s.has(0, b"7z\xbc\xaf\x27\x1c")),
    row(
        InputKind::Capsule,
        "a capsule in a stream",
        "give it as a plain file, not packed and not in a pipe",
        true,
        |s| is_capsule(s.bytes),
    ),
    row(InputKind::OtherArchive, "a rar archive", UNPACK, true, |s| s.has(0, b"Rar!\x1a\x07")),
    row(InputKind::OtherArchive, "a cpio archive", UNPACK, true, |s| {
        [&b"070701"[..], b"070702", b"070707"].iter().any(|magic| s.has(0, magic))
    }),
    row(InputKind::OtherArchive, "an ar archive", UNPACK, true, |s| s.has(0, b"!<arch>\n")),
    row(InputKind::Packed, "compressed with lz4", UNLZ4, true, |s| s.has(0, b"\x04\x22\x4d\x18")),
    row(InputKind::Packed, "compressed with lzip", UNLZ4, true, |s| s.has(0, b"LZIP")),
    row(InputKind::Packed, "compressed with compress", UNLZ4, true, |s| s.has(0, b"\x1f\x9d")),
    row(InputKind::Packed, "compressed with lzop", UNLZ4, true, |s| s.has(0, b"\x89LZO\0\r\n\x1a\n")),
    row(InputKind::Qcow2, "a disk image (qcow2)", MOUNT, true, |s| s.has(0, b"QFI\xfb")),
    row(InputKind::Disk, "a disk image (vmdk)", MOUNT, true, |s| {
        s.has(0, b"KDMV") || s.has(0, b"COWD") || s.has(0, b"# Disk DescriptorFile")
    }),
    row(InputKind::Disk, "a disk image (vdi)", MOUNT, true, |s| s.has(64, b"\x7f\x10\xda\xbe")),
    row(InputKind::Disk, "a disk image (vhd)", MOUNT, true, |s| {
        s.has(0, b"vhdxfile") || s.has(0, b"conectix")
    }),
    row(InputKind::Disk, "a disk image with a partition table (GPT)", MOUNT, true, |s| {
        s.has(512, b"EFI PART") || s.has(4096, b"EFI PART")
    }),
    row(InputKind::Disk, "a disk image with an ext file system", MOUNT, true, is_ext),
    row(InputKind::Disk, "a disk image with an xfs file system", MOUNT, true, |s| s.has(0, b"XFSB\0\0")),
    row(InputKind::Disk, "a disk image with a btrfs file system", MOUNT, true, |s| s.has(65600, b"_BHRfS_M")),
    row(InputKind::Disk, "a disk image with an LVM volume", MOUNT, true, |s| {
        (0..4).any(|sector| s.has(sector * 512, b"LABELONE"))
    }),
    row(InputKind::Disk, "a disk image that is encrypted (LUKS)", MOUNT, true, |s| s.has(0, b"LUKS\xba\xbe")),
    row(InputKind::Disk, "a disk image with a squashfs file system", MOUNT, true, |s| {
        s.has(0, b"hsqs") && s.has(28, b"\x04\0")
    }),
    row(InputKind::Disk, "a disk image (ISO 9660 file system)", MOUNT, true, |s| s.has(32769, b"CD001")),
    row(InputKind::Disk, "a disk image with a partition table (MBR)", MOUNT, true, is_mbr),
    row(
        InputKind::Listing,
        "a pasted listing of replica directories",
        "give the directories themselves, or a tar --sparse of them; text holds no blocks",
        false,
        is_listing,
    ),
    witness(InputKind::Kubernetes, "a dump of Kubernetes objects", |s| {
        s.is_json() && s.says("\"apiVersion\"") && s.says("\"kind\"") || is_table(s) || is_yaml(s)
    }),
    row(
        InputKind::Kubernetes,
        "a dump of Kubernetes objects",
        "give it as kubectl writes it (kubectl get -o json or -o yaml)",
        false,
        |s| s.lines(|line| key(line, "apiVersion:")) > 0 && s.lines(|line| key(line, "kind:")) > 0,
    ),
    witness(InputKind::Api, "a reply of the controller's or a replica's REST API", is_api),
    witness(InputKind::Api, "a request to the REST API without an answer", |s| {
        s.bytes.len() < 1000 && s.says(":9501/v1/")
    }),
    witness(InputKind::Api, "the time at which the files beside it were taken", |s| {
        s.text().is_some_and(|text| {
            let part = |byte: u8| byte.is_ascii_digit() || b"-:TZ.+ ".contains(&byte);
            let text = text.trim();
            text.len() < 40 && text.bytes().all(part) && is_date(&text.replacen('T', " ", 1))
        })
    }),
    witness(InputKind::Log, "a log of a controller", |s| {
        is_log(s) && CONTROLLER.iter().any(|word| s.says(word))
    }),
    witness(InputKind::Log, "a log of a replica", |s| is_log(s) && REPLICA.iter().any(|word| s.says(word))),
    witness(InputKind::Log, "a log", |s| is_log(s) || holds_lines(s)),
    row(
        InputKind::Partial,
        "a download that was not finished, by its name",
        "fetch it again to its end",
        true,
        |s| s.text().is_none() && fragment(s.name) == Some(Fragment::Download),
    ),
    row(InputKind::Split, "a part of a split archive, by its name", JOIN, true, |s| {
        s.text().is_none() && fragment(s.name) == Some(Fragment::Part)
    }),
];

const UNLZ4: &str =
    "this compression is not known here; unpack it once and pack it with gzip, zstd, xz or bzip2";

/// Words that only a controller writes into its log, and only a replica.
const CONTROLLER: &[&str] = &[
    "Starting controller",
    "Register Replica",
    "RW replicas:",
    "replicationFactor",
    "Adding backend:",
    "New iSCSI",
];
const REPLICA: &[&str] =
    &["Starting replica", "Creating volume ", "Start reading extents", "Listening on data", "replicaType"];

/// What the start of a file tells of it; nothing where it is of no known kind, or to be read as an archive.
pub(super) fn recognise(name: &str, bytes: &[u8]) -> Option<Recognised> {
    let start = Start { bytes, name };
    KINDS.iter().find(|(_, test)| test(&start)).map(|(kind, _)| *kind)
}

/// Whether a file is one that this program wrote, or that `check` reads: there is nothing to say of it.
pub(super) fn is_own(bytes: &[u8]) -> bool {
    let start = Start { bytes, name: "" };
    let expected = start.says("\"verdict\"") && (start.says("\"confidence\"") || start.says("\"findings\""));
    start.is_json()
        && (expected || start.says("\"schema\": \"jivascope.") || start.says("\"schema\":\"jivascope."))
}

/// What is inside a compressed stream that is no tar archive.
pub(super) fn inside(name: &str, outer: Compression, bytes: &[u8]) -> Option<Recognised> {
    if let Some(unpacked) = name.rsplit_once('.').map(|(before, _)| before)
        && is_image(unpacked)
    {
        return Some(PACKED_IMAGE);
    }
    if Compression::of(bytes) != Compression::None {
        return Some(Recognised {
            kind: InputKind::Packed,
            what: match outer {
                Compression::Gzip => "compressed twice, with gzip outside",
                Compression::Zstd => "compressed twice, with zstd outside",
                Compression::Xz => "compressed twice, with xz outside",
                Compression::Bzip2 | Compression::None => "compressed twice, with bzip2 outside",
            },
            advice: "unpack the outer layer and give the result",
            may_hold: true,
            witness: false,
        });
    }
    recognise(name.rsplit_once('.').map_or(name, |(before, _)| before), bytes)
}

const PACKED_IMAGE: Recognised = Recognised {
    kind: InputKind::Packed,
    what: "an image of a replica, packed by itself",
    advice: UNPACK,
    may_hold: true,
    witness: false,
};

/// An image or a record of a replica that was compressed by itself, as `gzip *` does.
pub(super) fn packed_image(name: &str) -> Option<Recognised> {
    let (before, ending) = name.rsplit_once('.')?;
    let packed = matches!(ending, "gz" | "zst" | "xz" | "bz2" | "lz4" | "zip" | "7z");
    (packed && is_image(before)).then_some(PACKED_IMAGE)
}

fn is_image(name: &str) -> bool {
    (name.starts_with("volume-head-") || name.starts_with("volume-snap-"))
        && (name.ends_with(".img") || name.ends_with(".img.meta"))
}

/// A part of something larger, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fragment {
    /// One of several parts.
    Part,
    /// A download that has not ended.
    Download,
}

impl Fragment {
    /// What to do with it where it turns out to be cut.
    pub(super) fn hint(self) -> &'static str {
        match self {
            Self::Part => {
                "by its name it is a part of a split archive: join the parts in their order (cat NAME.* > NAME) and give the result"
            }
            Self::Download => "by its name it is a download that was not finished: fetch it again to its end",
        }
    }
}

/// Whether the name is that of a part.
pub(super) fn fragment(name: &str) -> Option<Fragment> {
    let (before, ending) = name.rsplit_once('.')?;
    if before.is_empty() {
        return None;
    }
    let digits = |text: &str| text.len() >= 2 && text.bytes().all(|b| b.is_ascii_digit());
    match ending {
        "part" | "partial" | "crdownload" | "filepart" | "download" => Some(Fragment::Download),
        _ if digits(ending) && ending.len() == 3 => Some(Fragment::Part),
        _ if ending
            .strip_prefix("part")
            .is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit())) =>
        {
            Some(Fragment::Part)
        }
        _ if ending.strip_prefix('z').is_some_and(digits) => Some(Fragment::Part),
        // As split names its pieces: .aa, .ab, …
        _ if ending.len() == 2
            && ending.bytes().all(|b| b.is_ascii_lowercase())
            && ending.starts_with(['a', 'b'])
            && before.contains('.') =>
        {
            Some(Fragment::Part)
        }
        _ => None,
    }
}

/// The magic alone is two bytes; a superblock has a block size and a count of inodes too.
fn is_ext(start: &Start<'_>) -> bool {
    let number = |at: usize| {
        let bytes = start.bytes.get(1024 + at..1024 + at + 4)?;
        Some(u32::from_le_bytes(bytes.try_into().ok()?))
    };
    start.has(1080, b"\x53\xef")
        && number(24).is_some_and(|log| log <= 6)
        && number(0).is_some_and(|inodes| inodes > 0)
        && number(4).is_some_and(|blocks| blocks > 0)
}

/// The mark of a boot sector, and four entries of which each is empty or a partition that has a length.
fn is_mbr(start: &Start<'_>) -> bool {
    let entries = start.bytes.get(446..510);
    start.has(510, b"\x55\xaa")
        && entries.is_some_and(|entries| {
            let used = entries.chunks(16).filter(|entry| entry[4] != 0);
            entries.chunks(16).all(|entry| entry[0] & 0x7f == 0)
                && used.clone().count() > 0
                && used.clone().all(|entry| entry[12..16] != [0; 4])
        })
}

/// Lines of `ls -l` about a replica's files, or several records in one text.
fn is_listing(start: &Start<'_>) -> bool {
    let long = start.lines(|line| {
        let mode = line.as_bytes();
        mode.len() > 20
            && b"-dl".contains(&mode[0])
            && mode[1..10].iter().all(|b| b"rwxsStT-".contains(b))
            && (line.contains("volume-") || line.contains("volume.meta") || line.contains("revision.counter"))
    });
    let records = start.count("\"Parent\":") >= 2 && start.count("\"Name\":\"volume-") >= 1;
    long >= 2 || records && !start.says("time=\"")
}

/// Whether it is what `kubectl get pods -o wide` or `kubectl describe pod` print.
fn is_table(start: &Start<'_>) -> bool {
    let columns = |line: &str| ["NAME", "RESTARTS", "IP", "NODE"].iter().all(|name| line.contains(name));
    let keys = ["Name:", "Node:", "IP:", "Status:"];
    start.text().is_some_and(|text| {
        text.lines().next().is_some_and(columns)
            || text.starts_with("Name:")
                && keys.iter().all(|key| text.lines().any(|line| line.starts_with(key)))
    })
}

/// Whether it is what `kubectl get -o yaml` prints. The kind of a list stands at its end.
fn is_yaml(start: &Start<'_>) -> bool {
    let kind = |line: &str| key(line, "kind:");
    start.text().is_some_and(|text| {
        text.lines().take(4).any(|line| line.starts_with("apiVersion: ")) && text.lines().any(kind)
    })
}

/// Lines of Jiva's stand in it, whatever is around them; it may hold bytes that are no text.
fn holds_lines(start: &Start<'_>) -> bool {
    const MARKS: &[&[u8]] = &[
        b"level=info msg=",
        b"level=fatal msg=",
        b"level=error msg=",
        b"level=warning msg=",
        b"level=info msg=\\",
        b"INFO[0",
        b"INFO[2",
        b"\x1b[36mINFO",
        b"__CURSOR=",
        b"\"MESSAGE\"",
    ];
    MARKS.iter().any(|mark| memchr::memmem::find(start.bytes, mark).is_some())
}

fn is_api(start: &Start<'_>) -> bool {
    let typed = ["replica", "volume", "collection", "stats", "checkpoint"].iter().any(|kind| {
        start.says(&format!("\"type\":\"{kind}\"")) || start.says(&format!("\"type\": \"{kind}\""))
    });
    start.is_json()
        && (typed && (start.says("\"links\"") || start.says("\"actions\"")) || start.says("\"resourceType\""))
}

fn key(line: &str, key: &str) -> bool {
    line.trim_start_matches(['-', ' ']).starts_with(key)
}

/// Whether most lines begin with a time, plain or as logrus, klog or a container's file writes it.
fn is_log(start: &Start<'_>) -> bool {
    let lines = start.lines(|line| !line.trim().is_empty());
    let stamped = start.lines(|line| {
        line.contains("time=\"") && line.contains("level=")
            || is_date(line)
            || is_klog(line)
            || is_json_log(line)
    });
    stamped > 0 && stamped * 2 >= lines
}

fn is_json_log(line: &str) -> bool {
    line.starts_with('{')
        && (line.contains("\"log\":") && line.contains("\"stream\":")
            || line.contains("\"level\":") && line.contains("\"msg\":"))
}

fn is_date(line: &str) -> bool {
    let shape = |want: &str| {
        line.len() >= want.len()
            && line.bytes().zip(want.bytes()).all(|(is, want)| match want {
                b'0' => is.is_ascii_digit(),
                b'-' => is == b'-' || is == b'/',
                b' ' => is == b' ' || is == b'T',
                other => is == other,
            })
    };
    shape("0000-00-00 00:00:00")
}

fn is_klog(line: &str) -> bool {
    let bytes = line.as_bytes();
    bytes.len() > 14
        && b"IWEF".contains(&bytes[0])
        && bytes[1..5].iter().all(u8::is_ascii_digit)
        && bytes[5] == b' '
        && bytes[8] == b':'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn what(name: &str, bytes: &[u8]) -> Option<&'static str> {
        recognise(name, bytes).map(|found| found.what)
    }

    #[test]
    fn files_are_known_by_their_content() {
        let at = |place: usize, magic: &[u8]| {
            let mut bytes = vec![0; LOOK];
            bytes[place..place + magic.len()].copy_from_slice(magic);
            bytes
        };
        let mut ext = at(1080, b"\x53\xef\x01\0");
        ext[1024..1032].copy_from_slice(&[1, 0, 0, 0, 1, 0, 0, 0]);
        let mut mbr = at(510, b"\x55\xaa");
        mbr[446 + 4] = 0x83;
        mbr[446 + 12] = 8;
        let listing = "total 9\n-rw-r--r-- 1 root root 339 Nov 25 09:28 volume.meta\n\
                       -rw------- 1 root root 4096 Nov 25 09:28 revision.counter\n";
        let log =
            "time=\"2026-11-25T09:28:06Z\" level=info msg=\"Creating volume openebs, size 16777216/512\"\n";
        for (bytes, expected) in [
            (b"PK\x03\x04rest".to_vec(), "a zip archive"),
            (b"7z\xbc\xaf\x27\x1c".to_vec(), "a 7z archive"),
            (b"QFI\xfb\0\0\0\x03".to_vec(), "a disk image (qcow2)"),
            (at(64, b"\x7f\x10\xda\xbe"), "a disk image (vdi)"),
            (at(512, b"EFI PART"), "a disk image with a partition table (GPT)"),
            (at(0, b"XFSB\0\0\x10\0"), "a disk image with an xfs file system"),
            (at(65600, b"_BHRfS_M"), "a disk image with a btrfs file system"),
            (ext, "a disk image with an ext file system"),
            (mbr, "a disk image with a partition table (MBR)"),
            (listing.as_bytes().to_vec(), "a pasted listing of replica directories"),
            (
                b"{\"Name\":\"volume-a.img\",\"Parent\":\"\"}\n{\"Name\":\"volume-b.img\",\"Parent\":\"x\"}"
                    .to_vec(),
                "a pasted listing of replica directories",
            ),
            (b"apiVersion: v1\nkind: Pod\n".to_vec(), "a dump of Kubernetes objects"),
            (
                b"{\"apiVersion\":\"v1\",\"items\":[],\"kind\":\"List\"}".to_vec(),
                "a dump of Kubernetes objects",
            ),
            (
                b"{\"data\":[],\"links\":{},\"resourceType\":\"replica\",\"type\":\"collection\"}".to_vec(),
                "a reply of the controller's or a replica's REST API",
            ),
            (log.as_bytes().to_vec(), "a log of a replica"),
            (b"2026-11-25 09:28:06 hello\n".to_vec(), "a log"),
        ] {
            assert_eq!(what("x", &bytes), Some(expected));
            assert_eq!(what("volume.tar.gz", &bytes), Some(expected), "the name does not count");
        }
    }

    #[test]
    fn what_only_resembles_is_not_taken_for_it() {
        let mut zeros = vec![0; LOOK];
        assert_eq!(what("x", &zeros), None);
        zeros[1080..1082].copy_from_slice(b"\x53\xef");
        assert_eq!(what("x", &zeros), None, "two bytes are no superblock");
        zeros[510..512].copy_from_slice(b"\x55\xaa");
        assert_eq!(what("x", &zeros), None, "a boot sector without a partition");
        for text in ["", "hello", "{}", "{\"a\":1}", "kind: of\n", "PK is a text"] {
            assert_eq!(what("notes.txt", text.as_bytes()), None, "{text:?}");
        }
        assert!(is_own(b"{\n  \"verdict\": {\"kind\": \"consistent\", \"confidence\": \"strong\"}\n}"));
        assert!(is_own(b"{\n  \"schema\": \"jivascope.analysis/1\"\n}") && !is_own(b"{}"));
        assert_eq!(what("notes.part", b"text, whatever its name"), None);
        assert_eq!(what("x.tar.gz.ab", b"\xff\xfe\0"), Some("a part of a split archive, by its name"));
    }

    #[test]
    fn parts_by_name() {
        for (name, expected) in [
            ("rep.tar.gz.aa", Some(Fragment::Part)),
            ("rep.tar.gz.ab", Some(Fragment::Part)),
            ("rep.tar.001", Some(Fragment::Part)),
            ("rep.tar.part01", Some(Fragment::Part)),
            ("rep.z01", Some(Fragment::Part)),
            ("rep.tar.gz.part", Some(Fragment::Download)),
            ("rep.tar.crdownload", Some(Fragment::Download)),
            ("rep.tar.gz", None),
            ("rep.tar.xz", None),
            ("rep.md", None),
            ("rep.01", None),
            (".part", None),
            ("rep", None),
        ] {
            assert_eq!(fragment(name), expected, "{name}");
        }
        assert!(packed_image("volume-snap-a.img.gz").is_some());
        assert!(packed_image("volume-snap-a.img.meta.gz").is_some());
        assert!(packed_image("volume-snap-a.img").is_none());
        assert!(packed_image("data.img.gz").is_none());
    }
}
