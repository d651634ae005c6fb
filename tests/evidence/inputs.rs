//! Nothing given vanishes: damage of a container is on every replica in it, one bad file stops no other, and what is no
//! replica is named.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::support::tar_writer::Tar;
use crate::support::{collect, content, labelled, output, plain};
use jivascope::evidence::{Evidence, Found, Images, InputKind, InputReport, Options, VacantKind, gather};
use jivascope::witness::Collection;

const UUID: &str = "pvc-5c2b0a12-0000-4000-8000-000000000002";

/// Bytes that do not compress to nothing, and are not alike.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_u32;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    };
    (0..len).map(|at| if at % 97 < 60 { next() as u8 } else { 7 }).collect()
}

/// An archive of two replicas.
fn whole() -> Tar {
    Tar::new()
        .file("a/volume.meta", b"{\"Size\":65536}\n")
        .file("a/revision.counter", b"17")
        .file("a/volume-head-000.img", &noise(65_536))
        .file("b/volume.meta", b"{\"Size\":65536}\n")
        .file("b/volume-head-000.img", &noise(20_000))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

/// The archive compressed in each way that has a checksum; by tools where the library has no encoder.
fn compressed(tar: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("tar");
    fs::write(&path, tar).unwrap();
    let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
    bzip2.write_all(tar).unwrap();
    let mut all = vec![
        ("gzip", gzip(tar)),
        ("two members of gzip", [gzip(&tar[..30_000]), gzip(&tar[30_000..])].concat()),
        ("bzip2", bzip2.finish().unwrap()),
        ("zstd", output("zstd", &path)),
        ("xz", output("xz", &path)),
    ];
    all.retain(|(_, bytes)| !bytes.is_empty());
    all
}

/// Everything that is read of an archive, and whether any replica is called damaged.
fn told(bytes: &[u8]) -> (Vec<String>, bool) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x");
    fs::write(&path, bytes).unwrap();
    let evidence = collect(&[labelled("x", &path)]).unwrap();
    let mut out = Vec::new();
    for found in &evidence.replicas {
        for entry in found.source.entries() {
            let mut buf = vec![0; entry.size.min(1 << 20) as usize];
            let read = found.source.read_at(entry, 0, &mut buf).map_err(|error| error.to_string());
            out.push(format!("{} {entry:?} {read:?} {:?}", found.label, flate2_sum(&buf)));
        }
    }
    let damaged = evidence.replicas.iter().all(|found| !found.damage.is_empty());
    assert_eq!(
        damaged,
        evidence.replicas.iter().any(|found| !found.damage.is_empty()),
        "damage is of all or none"
    );
    if damaged {
        let remarks = &evidence.inputs[0].remarks;
        for line in &evidence.replicas[0].damage {
            assert!(remarks.contains(line), "{line} is no remark of {remarks:?}");
        }
        assert!(evidence.incomplete().next().is_some() || evidence.replicas[0].source.entries().is_empty());
    }
    (out, damaged)
}

fn flate2_sum(bytes: &[u8]) -> u32 {
    let mut sum = flate2::Crc::new();
    sum.update(bytes);
    sum.sum()
}

/// One flipped bit: damage, or the very same content.
#[test]
fn a_flipped_bit_is_damage_or_changes_nothing() {
    let tar = whole().end();
    for (name, bytes) in compressed(&tar) {
        let (expected, damaged) = told(&bytes);
        assert!(!damaged && expected.len() == 5, "{name}");
        let mut harmless = 0;
        let (count, len) = (500, bytes.len());
        for n in 0..count {
            // The head and the foot, byte by byte, and places between them.
            let at = match n {
                0..24 => n,
                24..48 => len - 1 - (n - 24),
                _ => n * 7919 % len,
            };
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << (n % 8);
            let (got, damaged) = told(&flipped);
            assert!(damaged || got == expected, "{name}: bit {} of byte {at} of {len}", n % 8);
            harmless += usize::from(!damaged);
        }
        assert!(harmless < count / 10, "{name}: {harmless} of {count} are called harmless");
    }
}

/// A cut is damage wherever it is, but behind the end mark of a plain archive.
#[test]
fn a_cut_is_damage() {
    let tar = whole();
    let (members, plain) = (tar.bytes.len(), tar.end());
    let mut forms = compressed(&plain);
    forms.push(("plain", plain));
    for (name, bytes) in forms {
        let (expected, _) = told(&bytes);
        for n in 0..64 {
            let cut = if n < 56 { n * bytes.len() / 56 } else { bytes.len() - (n - 55) };
            let (got, damaged) = told(&bytes[..cut]);
            // One block of zeros cannot be anything but the end.
            let whole = name == "plain" && cut >= members + 512;
            assert_eq!(damaged, !whole, "{name} cut at {cut} of {}", bytes.len());
            assert!(!whole || got == expected, "{name} cut at {cut}");
        }
    }
}

#[test]
fn padding_and_further_streams_are_no_damage_and_other_bytes_are() {
    let plain = whole().end();
    let mut forms = compressed(&plain);
    forms.push(("plain", plain));
    for (name, bytes) in forms {
        for zeros in [1, 4, 512, 70_000] {
            let padded = [&bytes[..], &vec![0; zeros]].concat();
            assert!(!told(&padded).1, "{name} and {zeros} zeros");
            let garbage = [&padded[..], b"garbage"].concat();
            assert!(told(&garbage).1, "{name}, {zeros} zeros and garbage");
        }
        assert!(told(&[&bytes[..], b"garbage"].concat()).1, "{name} and garbage");
        assert!(told(&[&bytes[..], &bytes[..]].concat()).1, "{name} twice: half of it was not read");
    }
}

/// The checksum stands behind the end mark, and behind the zeros after it.
#[test]
fn the_end_of_the_stream_is_reached_behind_megabytes_of_zeros() {
    let mut tar = whole().end();
    tar.resize(tar.len() + (3 << 20), 0);
    let mut bytes = gzip(&tar);
    assert!(!told(&bytes).1);
    let at = bytes.len() - 6;
    bytes[at] ^= 1;
    assert!(told(&bytes).1);
}

fn replica(path: impl AsRef<Path>) {
    fs::create_dir_all(&path).unwrap();
    fs::write(path.as_ref().join("volume.meta"), b"{}\n").unwrap();
    fs::write(path.as_ref().join("volume-head-000.img"), noise(8192)).unwrap();
}

fn labels(evidence: &Evidence) -> Vec<&str> {
    evidence.replicas.iter().map(|found| found.label.as_str()).collect()
}

fn remarks(evidence: &Evidence) -> String {
    evidence.inputs.iter().flat_map(|input| &input.remarks).map(|line| format!("{line}\n")).collect()
}

fn reasons(evidence: &Evidence) -> Vec<String> {
    evidence.incomplete().map(|(InputReport { .. }, why)| why.to_owned()).collect()
}

#[test]
fn one_bad_file_stops_no_other() {
    let temp = tempfile::tempdir().unwrap();
    let at = |path: &str| temp.path().join(path);
    replica(at("set/r1"));
    fs::write(at("set/r2.tar"), Tar::new().file("volume.meta", b"{}").end()).unwrap();
    let bad = Tar::new().file("etc/hostname", &[b'x'; 700]).bytes;
    fs::write(at("set/logs.tar"), &bad[..1000]).unwrap();
    let evidence = collect(&[plain(at("set"))]).unwrap();
    assert_eq!(labels(&evidence), ["r1", "r2"]);
    assert!(
        remarks(&evidence)
            .contains("logs.tar: no replica in it: etc/hostname: the archive ends at byte 1000")
    );
    assert_eq!(reasons(&evidence).len(), 2, "{:?}", reasons(&evidence));
    assert!(evidence.replicas.iter().all(|found| found.damage.is_empty()));

    // The same as arguments.
    let inputs = [plain(at("set/r1")), plain(at("set/r2.tar")), plain(at("set/logs.tar"))];
    let evidence = collect(&inputs).unwrap();
    assert_eq!(evidence.replicas.len(), 2);
    assert!(reasons(&evidence)[0].contains("the archive ends at byte 1000"), "{:?}", reasons(&evidence));
    // Given with a label, it is a replica of which nothing could be read.
    let inputs = [plain(at("set/r1")), labelled("r9", at("set/logs.tar"))];
    let evidence = collect(&inputs).unwrap();
    let found: &Found = &evidence.replicas[1];
    assert_eq!((found.label.as_str(), found.labelled), ("r9", true));
    assert!(found.damage[0].contains("the archive ends at byte 1000") && found.source.entries().is_empty());
    // Nothing else: an error.
    assert!(collect(&[plain(at("set/logs.tar"))]).unwrap_err().to_string().contains("ends at byte 1000"));
}

#[test]
fn what_is_no_replica_is_named() {
    let temp = tempfile::tempdir().unwrap();
    let at = |path: &str| temp.path().join(path);
    replica(at("set/r1"));
    let mut disk = vec![0; 200_000];
    disk[1024..1032].copy_from_slice(&[1, 0, 0, 0, 1, 0, 0, 0]);
    disk[1080..1082].copy_from_slice(b"\x53\xef");
    let archive = gzip(&whole().end());
    for (name, bytes) in [
        ("reps.zip", b"PK\x03\x04\0\0".to_vec()),
        ("reps.7z", b"7z\xbc\xaf\x27\x1c\0".to_vec()),
        ("node.qcow2", b"QFI\xfb\0\0\0\x03".to_vec()),
        ("node.raw", disk.clone()),
        ("node.raw.gz", gzip(&disk)),
        ("volume-snap-a.img.gz", gzip(&noise(9000))),
        ("twice.tar.gz", gzip(&archive)),
        ("rep.tar.gz.ab", archive[700..].to_vec()),
        ("rep.tar.gz.part", archive[..700].to_vec()),
        ("pods.yaml", b"apiVersion: v1\nkind: Pod\n".to_vec()),
        ("replica.log.txt", b"time=\"2026-11-25T09:28:06Z\" level=info msg=\"Starting replica\"\n".to_vec()),
        ("notes.txt", b"just a text".to_vec()),
        ("named-otherwise", Tar::new().file("r2/volume.meta", b"{}").end()),
    ] {
        fs::write(at("set").join(name), bytes).unwrap();
    }
    replica(at("elsewhere"));
    symlink(at("elsewhere"), at("set/link")).unwrap();
    symlink(at("nowhere"), at("set/broken")).unwrap();
    let evidence = collect(&[plain(at("set"))]).unwrap();
    let text = remarks(&evidence);
    for line in [
        "reps.zip: is a zip archive, not read: unpacking fills holes",
        "reps.7z: is a 7z archive",
        "node.qcow2: is a disk image (qcow2), not read: mount it read-only",
        "node.raw: is a disk image with an ext file system",
        "node.raw.gz: is a disk image with an ext file system",
        "volume-snap-a.img.gz: is an image of a replica, packed by itself",
        "twice.tar.gz: is compressed twice, with gzip outside",
        "rep.tar.gz.ab: is a part of a split archive",
        "by its name it is a download that was not finished",
        "1 file of no known kind is not read: notes.txt",
        "2 symbolic links are not followed: broken, link",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    // What testifies is handed on; what it says is for the room of witnesses.
    let witnesses = evidence.inputs.iter().flat_map(|input| &input.testimonies);
    let witnesses: Vec<&str> = witnesses.map(|one| one.path.as_str()).collect();
    for name in ["replica.log.txt", "pods.yaml"] {
        assert!(witnesses.iter().any(|path| path.ends_with(name)), "{name}: {witnesses:?}");
    }
    // An archive is read whatever its name; the part of a download as far as it goes.
    assert!(labels(&evidence).iter().any(|label| label.contains("r2")), "{:?}", labels(&evidence));
    let why = reasons(&evidence).join("\n");
    for name in ["reps.zip", "node.raw", "rep.tar.gz.ab", "twice.tar.gz", "link: is a symbolic link"] {
        assert!(why.contains(name), "{name} is no reason in\n{why}");
    }
    assert!(!why.contains("notes") && !why.contains("pods") && !why.contains("broken"), "{why}");

    // As the only argument, each says what it is.
    for (name, what) in [
        ("reps.zip", "reps.zip is a zip archive: unpacking fills holes"),
        ("node.raw", "node.raw is a disk image with an ext file system: mount it"),
        ("node.raw.gz", "node.raw.gz is a disk image with an ext file system: mount it"),
        ("pods.yaml", "pods.yaml is a dump of Kubernetes objects"),
        ("notes.txt", "is neither a directory nor a tar archive"),
    ] {
        let error = collect(&[plain(at("set").join(name))]).unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
    }
    // Beside a replica, as arguments: named, and its kind is told.
    let evidence =
        collect(&[plain(at("set/r1")), plain(at("set/reps.zip")), plain(at("set/pods.yaml"))]).unwrap();
    let kinds: Vec<InputKind> = evidence.inputs.iter().map(|input| input.kind).collect();
    assert_eq!(kinds, [InputKind::Kubernetes, InputKind::Directory, InputKind::Zip]);
    assert_eq!(reasons(&evidence).len(), 1);
}

#[test]
fn archives_in_archives_are_named() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("all.tar");
    let inner = whole().end();
    let tar = Tar::new()
        .file("r1/volume.meta", b"{}")
        .file("r1/volume-snap-a.img.gz", &gzip(b"x"))
        .file("r1/backup.tar", &inner)
        .file("more/rep.tar", &inner)
        .file("more/rep.zip", b"PK\x03\x04")
        .file("more/notes", b"text")
        .member("more/link", b'2', b"")
        .end();
    for bytes in [tar.clone(), gzip(&tar)] {
        fs::write(&path, bytes).unwrap();
        let evidence = collect(&[plain(&path)]).unwrap();
        let text = remarks(&evidence);
        for line in [
            "more/rep.tar: is an archive in an archive",
            "more/rep.zip: is a zip archive",
            "1 file of no known kind is not read: more/notes",
            "1 symbolic link is not followed: more/link",
            "volume-snap-a.img.gz is an image of a replica, packed by itself",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        assert!(!text.contains("r1/backup.tar"), "{text}");
        assert_eq!((labels(&evidence).len(), reasons(&evidence).len()), (1, 2));
        assert!(evidence.replicas[0].damage.is_empty());
    }
}

fn vacant(evidence: &Evidence) -> Vec<(String, VacantKind, Option<String>)> {
    evidence.vacant().map(|one| (one.label.to_string(), one.kind, one.note.clone())).collect()
}

/// Directories of a volume without data, from a directory and from its archive.
#[test]
fn directories_without_data_are_evidence() {
    let temp = tempfile::tempdir().unwrap();
    let at = |path: &str| temp.path().join(path);
    replica(at(&format!("in/node1/{UUID}")));
    for node in ["node2", "node3", "node4"] {
        fs::create_dir_all(at(&format!("in/{node}/{UUID}"))).unwrap();
    }
    fs::write(at(&format!("in/node3/{UUID}/scrubbed.txt")), "Mon Oct 14 06:44:09 UTC 2019\n").unwrap();
    fs::write(at(&format!("in/node4/{UUID}/log.info")), "{}\n").unwrap();
    let log = "time=\"x\" level=fatal msg=\"failed to find extents, error: invalid argument\"\n";
    fs::write(at(&format!("in/node4/{UUID}/replica.log")), log).unwrap();
    fs::create_dir_all(at("in/unrelated/sub/deeper/yet")).unwrap();
    let tar = at("in.tar");
    let packed = crate::support::run(
        std::process::Command::new("tar").arg("-cf").arg(&tar).arg("-C").arg(at("in")).arg("."),
    );
    let inputs = [Some(at("in")), packed.then_some(tar)];
    for input in inputs.into_iter().flatten() {
        let evidence = collect(&[plain(&input)]).unwrap();
        assert_eq!(labels(&evidence), ["node1"], "the node tells them apart");
        assert_eq!(
            vacant(&evidence),
            [
                ("node2".to_owned(), VacantKind::Empty, None),
                ("node3".to_owned(), VacantKind::Scrubbed, Some("Mon Oct 14 06:44:09 UTC 2019".to_owned())),
                (
                    "node4".to_owned(),
                    VacantKind::LogsOnly,
                    Some("failed to find extents, error: invalid argument".to_owned())
                ),
            ]
        );
        let lines: Vec<String> = evidence.vacant().map(ToString::to_string).collect();
        assert!(lines[0].ends_with(&format!("node2/{UUID} is empty: no data here")), "{lines:?}");
        assert!(
            lines[1].contains("scrubbed on Mon Oct 14 06:44:09 UTC 2019: emptied on purpose"),
            "{lines:?}"
        );
        assert!(lines[2].contains("log.info and replica.log, nothing else; no data here"), "{lines:?}");
        assert!(evidence.vacant().all(|one| one.volume.as_deref() == Some(UUID)));
    }
    // Where there is nothing else, they are the evidence.
    let evidence = collect(&[plain(at("in/node3")), plain(at("in/node4"))]).unwrap();
    assert_eq!((evidence.replicas.len(), vacant(&evidence).len()), (0, 2));
    // An empty directory that nothing speaks for is none.
    fs::create_dir(at("bare")).unwrap();
    assert!(collect(&[plain(at("bare"))]).is_err());
    // With a label it is a blank replica, and no damage.
    let evidence = collect(&[labelled("x", at("bare")), labelled("y", at("in/node2"))]).unwrap();
    assert_eq!(labels(&evidence), ["x", "y"]);
    assert!(evidence.replicas.iter().all(|found| found.damage.is_empty()));
    // What holds other things is none that could be read.
    fs::write(at("bare/reps.zip"), b"PK\x03\x04").unwrap();
    let evidence = collect(&[labelled("x", at("bare"))]).unwrap();
    assert!(evidence.replicas[0].damage[0].contains("no replica can be read in"), "{:?}", evidence.replicas);
}

/// GNU tar stores a file that is named twice as a link to itself.
#[test]
fn a_link_to_itself_changes_nothing() {
    let whole = Tar::new().file("r3/volume.meta", b"{}").file("r3/volume-head-000.img", &noise(5000));
    let expected = told(&whole.clone().end());
    for (name, target) in [
        ("r3/volume.meta", "r3/volume.meta"),
        ("./r3/volume.meta", "r3/volume.meta"),
        ("r3/volume-head-000.img", "./r3/volume-head-000.img"),
    ] {
        assert_eq!(told(&whole.clone().link(name, target).end()), expected, "{name} -> {target}");
    }
    // By way of another name as well.
    let two = whole.clone().link("r3/volume-snap-a.img", "r3/volume-head-000.img");
    let expected = told(&two.clone().end());
    assert_eq!(told(&two.link("r3/volume-head-000.img", "r3/volume-snap-a.img").end()), expected);
}

/// What is written while it is read shows at the end.
#[test]
fn a_directory_that_changes_is_seen() {
    let temp = tempfile::tempdir().unwrap();
    let file = |name: &str| temp.path().join("r").join(name);
    let start = || {
        let _ = fs::remove_dir_all(temp.path().join("r"));
        replica(temp.path().join("r"));
        fs::write(file("revision.counter"), [b"17".to_vec(), vec![0; 4094]].concat()).unwrap();
        fs::write(file("volume-snap-a.img"), noise(8192)).unwrap();
        fs::write(file("volume-snap-a.img.meta"), b"{}\n").unwrap();
        collect(&[plain(temp.path())]).unwrap().replicas.remove(0).source
    };
    let source = start();
    let image = source.entries().iter().find(|entry| entry.name == "volume-snap-a.img").unwrap();
    assert_eq!(content(&*source, image).len(), 8192);
    assert_eq!(source.changed(), Vec::<String>::new());

    // Same size, another time.
    let later = |name: &str| {
        let time = std::time::SystemTime::now() + std::time::Duration::from_secs(5);
        fs::File::options().write(true).open(file(name)).unwrap().set_modified(time).unwrap();
    };
    let source = start();
    later("volume-head-000.img");
    assert_eq!(source.changed(), ["volume-head-000.img was written while the evidence was read"]);
    // A record that was read at once is known by its bytes: its time alone says nothing.
    let source = start();
    later("volume.meta");
    assert_eq!(source.changed(), Vec::<String>::new());
    fs::write(file("volume.meta"), b"[]\n").unwrap();
    assert_eq!(source.changed(), ["volume.meta was written while the evidence was read"]);
    fs::write(file("volume.meta"), b"{} \n").unwrap();
    assert_eq!(
        source.changed(),
        ["volume.meta changed its size from 3 to 4 bytes while the evidence was read"]
    );
    fs::remove_file(file("volume.meta")).unwrap();
    assert!(source.changed()[0].starts_with("volume.meta cannot be opened any more"));
    let source = start();
    fs::remove_file(file("revision.counter")).unwrap();
    fs::write(file("other"), b"").unwrap();
    fs::write(file("revision.counter"), b"18").unwrap();
    assert!(source.changed()[0].starts_with("revision.counter "), "{:?}", source.changed());
    // A snapshot counts once blocks of it were read.
    let source = start();
    let image = source.entries().iter().find(|entry| entry.name == "volume-snap-a.img").unwrap();
    later("volume-snap-a.img");
    assert_eq!(source.changed(), Vec::<String>::new());
    assert!(source.read_at(image, 0, &mut [0; 8]).is_ok());
    assert_eq!(source.changed(), ["volume-snap-a.img was written while the evidence was read"]);
    // Of an archive the archive counts.
    let path = temp.path().join("x.tar");
    fs::write(&path, whole().end()).unwrap();
    let source = collect(&[plain(&path)]).unwrap().replicas.remove(0).source;
    assert_eq!(source.changed(), Vec::<String>::new());
    fs::File::options().append(true).open(&path).unwrap().write_all(b"more").unwrap();
    assert_eq!(source.changed(), ["the archive changed while it was read"]);
}

/// Found by the fuzz target `tar_index`: as an archive of nothing it was a replica, packed once more it was none.
#[test]
fn a_stream_that_holds_nothing_is_no_archive() {
    let end =
        b"\0\0\0\0\0\x0fZtmp/.tmp5gk80yb2K7dDPZhd\0\0\0\0\0\0\0\x009jLKPZ\0\0\0\0\0\0\0\0\0\xab\0\0\0\0DPZhh";
    let wrong = [&b"\x1f\x8b\x08\0\0"[..], &[0xc3; 100], end].concat();
    for bytes in [wrong.clone(), gzip(&wrong), gzip(&gzip(b"")), gzip(b""), b"\x1f\x8b\x08\x00".to_vec()] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        fs::write(&path, &bytes).unwrap();
        assert!(collect(&[plain(&path)]).is_err());
        let evidence = collect(&[labelled("x", &path)]).unwrap();
        assert!(evidence.replicas[0].damage[0].contains("no replica can be read"), "{:?}", evidence.replicas);
    }
}

/// A log that lies in an archive beside replicas is read whole, however long: from a plain archive, from one that passes by once,
/// and where nothing may be put aside it is named.
#[test]
fn a_long_log_in_an_archive_is_read() {
    let line = "time=\"2026-11-28T09:44:34Z\" level=info msg=\"Register Replica, Address: 10.1.2.3 UUID: u Uptime: 1s RevisionCount: 7\"\n";
    let log = line.repeat(20_000);
    let list = serde_json::json!({"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pvc-1-rep-1-a-b", "annotations": {"x": "y".repeat(100_000)}}},
    ]});
    let tar = whole()
        .file("logs/controller.txt", log.as_bytes())
        .file("cluster/pods.json", list.to_string().as_bytes())
        .file("notes/readme.txt", b"hello")
        .end();
    let dir = tempfile::tempdir().unwrap();
    let (all, packed) = (dir.path().join("all.tar"), dir.path().join("all.tar.gz"));
    fs::write(&all, &tar).unwrap();
    fs::write(&packed, gzip(&tar)).unwrap();
    let gathered = |path: &Path, images: Images| gather(&[plain(path)], &Options::new(images)).unwrap();
    let spool = || Images::Spool { dir: None, limit: 1 << 30 };
    for (path, images) in [(&all, spool()), (&all, Images::Skip), (&packed, spool())] {
        let evidence = gathered(path, images);
        let files: Vec<_> = evidence.inputs.iter().flat_map(|input| &input.testimonies).collect();
        let collection = Collection::read(&files, &[]);
        let lines: Vec<u64> = collection.logs().map(|(_, _, log)| log.lines).collect();
        assert_eq!(lines, [20_000], "{}: {:?}", path.display(), collection.others);
        assert_eq!(collection.given.len(), 2, "{:?}", evidence.inputs);
    }
    // Nothing is put aside without images, and most of the room stays for them.
    for images in [Images::Skip, Images::Spool { dir: None, limit: 4 << 20 }] {
        let evidence = gathered(&packed, images);
        let remarks = evidence.inputs[0].remarks.join("\n");
        assert!(remarks.contains("logs/controller.txt: is a log of a controller, not read"), "{remarks}");
    }
}
