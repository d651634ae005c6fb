//! Capsules: what is taken is what lies there, no content goes into one, whatever changes meanwhile is noticed, and a
//! capsule that is cut, damaged or made to harm is an error.
#![cfg(feature = "capsule")]

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use crate::support::{collect, labelled, only};
use jivascope::analysis::{Analysis, Options, analyze};
use jivascope::evidence::capsule::{Key, TakeOptions, Taken, take};
use jivascope::evidence::{self, Evidence, Images, Kind, ReadError, SUM, Source};
use jivascope::finding::Code;
use jivascope::ident::Runs;
use jivascope::lineage::RelationKind;
use jivascope::replica::{Flag, Quality};
use jivascope::verdict::{Confidence, VerdictKind};

/// Takes a capsule of a directory.
fn taken(dir: &Path, to: &Path, key: Option<&[u8]>) -> Taken {
    let mut options = TakeOptions::default();
    // The records of these directories say other times than those at which they are made.
    (options.logs, options.origin) = (true, true);
    options.key = key.map(|secret| Key::new(secret).unwrap());
    take(&[dir.to_owned()], &options, &mut File::create(to).unwrap(), &()).unwrap()
}

/// Bytes in which every run of sixteen is one of a kind.
fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut random = crate::support::mutate::Random(seed);
    (0..len).map(|_| random.next() as u8).collect()
}

/// An image of `size` bytes that stores these ranges.
fn image(path: &Path, size: u64, ranges: &[(u64, &[u8])]) {
    let file = File::create(path).unwrap();
    for (at, bytes) in ranges {
        file.write_all_at(bytes, *at).unwrap();
    }
    file.set_len(size).unwrap();
}

/// A directory with everything that a capsule has to keep.
fn replica(dir: &Path) {
    crate::support::tiny::replica(dir, 5, &[(0, 1), (3, 2)], &[(1, 3)]);
    fs::write(dir.join("replica.log"), noise(1, 3 << 20)).unwrap();
    fs::write(dir.join("peer.details"), b"{}\n").unwrap();
    let zeros = vec![0; 12288];
    image(
        &dir.join("volume-snap-odd.img"),
        5_000_001,
        &[(0, &noise(2, 9000)), (1 << 20, &zeros), (4_997_120, &noise(3, 2881))],
    );
    image(&dir.join("volume-snap-hole.img"), 1 << 40, &[((1 << 39) + 4096, &noise(4, 3 << 20))]);
    fs::hard_link(dir.join("volume-snap-odd.img"), dir.join("volume-snap-twin.img")).unwrap();
    fs::write(dir.join("other.img"), noise(5, 5000)).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", dir.join("link.img")).unwrap();
}

#[test]
fn a_capsule_is_its_directory_but_for_the_data() {
    let temp = tempfile::tempdir().unwrap();
    let (dir, file) = (temp.path().join("rep"), temp.path().join("rep.capsule"));
    replica(&dir);
    assert!(taken(&dir, &file, None).directories[0].changed.is_empty());
    let (directory, capsule) = (only(&dir), only(&file));
    let (one, other) = (&*directory.source, &*capsule.source);
    assert_eq!(one.entries(), other.entries());
    assert!(capsule.damage.is_empty());
    let sums = other.sums().expect("a capsule has sums");
    assert!(sums.is_attested() && sums.key().is_none());
    let mut looked = 0;
    for entry in one.entries().iter().filter(|entry| entry.kind == Kind::File) {
        assert_eq!(one.modified(entry), other.modified(entry), "{}", entry.name);
        if !entry.name.ends_with(".img") {
            if entry.size <= 1 << 20 {
                assert_eq!(one.read(entry).unwrap(), other.read(entry).unwrap(), "{}", entry.name);
            }
            assert!(
                crate::support::content(one, entry) == crate::support::content(other, entry),
                "{}",
                entry.name
            );
            continue;
        }
        let extents = one.extents(entry).unwrap();
        assert_eq!(extents, other.extents(entry).unwrap(), "{}", entry.name);
        for run in &extents.runs {
            for at in (run.start..run.end).step_by(4096) {
                let mut block = vec![0; 4096];
                let got = one.read_at(entry, at, &mut block).unwrap();
                let mut region = vec![0; 256 * SUM];
                sums.region(entry, at >> 20, &mut region).unwrap();
                let place = (at as usize >> 12) % 256 * SUM;
                assert_eq!(region[place..place + SUM], sums.sum(&block).unwrap(), "{} at {at}", entry.name);
                let zero = block[..got].iter().all(|byte| *byte == 0);
                let marked = !sums.zeros(entry).clip(at, at + 4096).is_empty();
                assert_eq!(zero, marked, "{} at {at}", entry.name);
                match other.read_at(entry, at, &mut block[..got]) {
                    Ok(_) => assert!(zero),
                    Err(error) => assert!(matches!(error, ReadError::NoData) && !zero, "{error}"),
                }
                looked += 1;
            }
        }
    }
    assert!(looked > 700, "{looked}");
}

/// Every run of sixteen bytes of every image against every place of the capsule.
#[test]
fn no_content_goes_into_a_capsule() {
    let temp = tempfile::tempdir().unwrap();
    let (dir, file) = (temp.path().join("rep"), temp.path().join("rep.capsule"));
    replica(&dir);
    for key in [None, Some(&b"a key of sixteen bytes"[..])] {
        taken(&dir, &file, key);
        let capsule = fs::read(&file).unwrap();
        let runs: std::collections::HashSet<&[u8]> = capsule.windows(16).collect();
        let (mut seen, secret) = (0, key.unwrap_or(b"0123456789abcdef"));
        for name in ["volume-snap-odd.img", "other.img"] {
            let content = fs::read(dir.join(name)).unwrap();
            for run in content.windows(16).filter(|run| run.iter().any(|byte| *byte != 0)) {
                assert!(!runs.contains(run), "{name}");
                seen += 1;
            }
        }
        assert!(seen > 9000);
        assert!(!runs.contains(&secret[..16]), "the key");
    }
}

#[test]
fn a_cut_or_damaged_capsule_says_so() {
    let temp = tempfile::tempdir().unwrap();
    let (dir, file) = (temp.path().join("rep"), temp.path().join("rep.capsule"));
    crate::support::tiny::replica(&dir, 5, &[(0, 1), (3, 2)], &[(1, 3)]);
    taken(&dir, &file, None);
    let whole = fs::read(&file).unwrap();
    let broken = temp.path().join("broken.capsule");
    for cut in [24, 60, whole.len() / 2, whole.len() - 1] {
        fs::write(&broken, &whole[..cut]).unwrap();
        let error = collect(&[crate::support::plain(&broken)]).unwrap_err().to_string();
        assert!(error.contains("the capsule is cut"), "{cut}: {error}");
    }
    // Every byte counts: a flipped one is an error at once, or when what it belongs to is read.
    let same = |path: &Path| {
        let Ok(evidence) = collect(&[labelled("x", path)]) else { return false };
        let source = &*evidence.replicas[0].source;
        let Some(sums) = source.sums() else { return false };
        let mut region = vec![0; 256 * SUM];
        source.entries().iter().all(|entry| {
            if entry.name.ends_with(".img") {
                sums.region(entry, 0, &mut region).is_ok()
            } else {
                source.read(entry).is_ok()
            }
        })
    };
    assert!(same(&file));
    for at in (0..whole.len()).step_by(7) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        fs::write(&broken, bytes).unwrap();
        assert!(!same(&broken), "byte {at} of {}", whole.len());
    }
}

/// Three replicas, two of which hold the same.
fn three(temp: &Path) -> Vec<PathBuf> {
    crate::support::tiny::stale(temp);
    let mut dirs: Vec<PathBuf> = fs::read_dir(temp).unwrap().map(|entry| entry.unwrap().path()).collect();
    dirs.sort();
    dirs
}

fn gathered(inputs: &[(String, PathBuf)], key: Option<&[u8]>) -> Evidence {
    let inputs: Vec<_> = inputs.iter().map(|(label, path)| labelled(label, path)).collect();
    let mut options = evidence::Options::new(Images::Spool { dir: None, limit: 1 << 30 });
    options.key = key.map(|key| Key::new(key).unwrap());
    evidence::gather(&inputs, &options).unwrap()
}

fn judge(inputs: &[(String, PathBuf)], key: Option<&[u8]>) -> Analysis {
    analyze(gathered(inputs, key), Options::default(), &())
}

#[test]
fn capsules_can_prove_an_answer_and_mix_with_directories() {
    let temp = tempfile::tempdir().unwrap();
    let dirs = three(&temp.path().join("in"));
    let inputs = |which: &dyn Fn(usize) -> bool, key: Option<&[u8]>| -> Vec<(String, PathBuf)> {
        let one = |(at, dir): (usize, &PathBuf)| {
            let label = format!("r{at}");
            if !which(at) {
                return (label, dir.clone());
            }
            let file = temp.path().join(format!("{at}.capsule"));
            taken(dir, &file, key);
            (label, file)
        };
        dirs.iter().enumerate().map(one).collect()
    };
    let plain = judge(&inputs(&|_| false, None), None);
    let kind = plain.volumes[0].verdict.kind;
    let secret = Some(&b"sixteen bytes and more"[..]);
    for (which, key) in
        [(&(|_| true) as &dyn Fn(usize) -> bool, None), (&|at| at == 0, None), (&|at| at != 1, secret)]
    {
        let judged = judge(&inputs(which, key), key);
        let volume = &judged.volumes[0];
        assert_eq!((volume.verdict.kind, &volume.verdict.holders), (kind, &plain.volumes[0].verdict.holders));
        for replica in volume.replicas.iter().filter(|replica| replica.is_without_data()) {
            assert_eq!(volume.copies.quality(&replica.label), Quality::Attested);
        }
        if which(1) {
            assert_eq!(volume.verdict.confidence, Confidence::Proven);
        }
        for (mine, theirs) in volume.lineage.relations.iter().zip(&plain.volumes[0].lineage.relations) {
            assert_eq!(
                (&mine.differ, &mine.unique_a, &mine.basis),
                (&theirs.differ, &theirs.unique_a, &theirs.basis)
            );
        }
    }
    // Keyed ones alone need no key; beside a directory they do.
    let all = inputs(&|_| true, secret);
    assert_eq!(judge(&all, None).volumes[0].verdict.confidence, Confidence::Proven);
    let mixed = inputs(&|at| at != 0, secret);
    for key in [None, Some(&b"another key, as long"[..])] {
        let judged = judge(&mixed, key);
        assert_eq!(judged.volumes[0].verdict.kind, VerdictKind::InsufficientEvidence);
        assert!(said(&judged).contains("a key that is not given"), "{}", said(&judged));
    }
}

/// What the findings say.
fn said(analysis: &Analysis) -> String {
    let findings = analysis.volumes.iter().flat_map(|volume| &volume.findings);
    findings.map(|finding| format!("{} {}\n", finding.code(), finding.text())).collect()
}

#[test]
fn capsules_of_two_keys_compare_nothing() {
    let temp = tempfile::tempdir().unwrap();
    let dirs = three(&temp.path().join("in"));
    let keyed = |at: usize, key: Option<u8>| {
        let file = temp.path().join(format!("{at}-{key:?}.capsule"));
        let key = key.map(|key| format!("a key that is number {key}"));
        taken(&dirs[at], &file, key.as_ref().map(|key| key.as_bytes()));
        (format!("r{at}"), file)
    };
    let data = |at: usize| (format!("r{at}"), dirs[at].clone());
    let given = Some(b"a key that is number 0".as_slice());
    // Inputs, the key that is given, and who is set apart.
    type Case<'a> = (Vec<(String, PathBuf)>, Option<&'a [u8]>, &'a [&'a str]);
    let cases: [Case<'_>; 8] = [
        (vec![keyed(0, Some(0)), keyed(1, Some(1))], given, &["r1"]),
        (vec![keyed(0, Some(0)), keyed(1, Some(1)), keyed(2, Some(0))], given, &["r1"]),
        (vec![keyed(0, Some(1)), data(1), data(2)], given, &["r0"]),
        (vec![keyed(0, Some(0)), data(1), data(2)], None, &["r0"]),
        (vec![keyed(0, Some(0)), keyed(1, None), data(2)], None, &["r0"]),
        (vec![keyed(0, Some(0)), keyed(1, Some(0)), data(2)], None, &["r2"]),
        (vec![keyed(0, Some(0)), keyed(1, Some(0)), data(2)], given, &[]),
        (vec![keyed(0, Some(0)), keyed(1, Some(0)), keyed(2, Some(0))], None, &[]),
    ];
    for (number, (inputs, key, apart)) in cases.iter().enumerate() {
        let judged = judge(inputs, *key);
        let volume = &judged.volumes[0];
        let other = volume.replicas.iter().filter(|one| one.flags.contains(&Flag::OtherKey));
        assert_eq!(other.map(|one| one.label.as_str()).collect::<Vec<_>>(), *apart, "case {number}");
        for relation in &volume.lineage.relations {
            let cannot = [&relation.a, &relation.b].iter().any(|label| apart.contains(&label.as_str()));
            let knows = |runs: &Runs| !runs.is_empty();
            let claims = [&relation.unique_a, &relation.unique_b, &relation.contested, &relation.below];
            assert_eq!(cannot, relation.kind == RelationKind::Unknown, "case {number}: {relation:?}");
            assert!(!cannot || !claims.iter().any(|runs| knows(runs)), "case {number}: {relation:?}");
        }
        if apart.is_empty() {
            assert_ne!(volume.verdict.kind, VerdictKind::InsufficientEvidence, "case {number}");
        } else {
            assert_eq!(volume.verdict.kind, VerdictKind::InsufficientEvidence, "case {number}");
            assert!(volume.verdict.keep.is_none(), "case {number}");
            assert!(said(&judged).contains("key"), "case {number}: {}", said(&judged));
        }
    }
}

/// Copies a file of a replica's directory into another, its holes too.
fn copy_file(file: &Path, to: &Path) -> File {
    let (source, name) = (only(file.parent().unwrap()).source, file.file_name().unwrap());
    let listed = source.entries().iter().find(|one| *one.name == *name).unwrap();
    let out = File::create(to.join(name)).unwrap();
    out.set_len(listed.size).unwrap();
    for run in &source.extents(listed).unwrap().runs {
        let mut bytes = vec![0; (run.end.min(listed.size) - run.start) as usize];
        source.read_at(listed, run.start, &mut bytes).unwrap();
        out.write_all_at(&bytes, run.start).unwrap();
    }
    out
}

#[test]
fn a_copy_is_held_against_the_capsule_of_its_replica() {
    let temp = tempfile::tempdir().unwrap();
    let dirs = three(&temp.path().join("in"));
    let zeros = vec![0; 8192];
    let file = File::options().write(true).open(dirs[0].join("volume-head-001.img")).unwrap();
    file.write_all_at(&zeros, 0).unwrap();
    let capsule = temp.path().join("0.capsule");
    taken(&dirs[0], &capsule, None);
    // A copy, image by image: `change` makes the copy of the head.
    let copy = |name: &str, change: &dyn Fn(&Path)| {
        let to = temp.path().join(name);
        fs::create_dir(&to).unwrap();
        for entry in fs::read_dir(&dirs[0]).unwrap() {
            copy_file(&entry.unwrap().path(), &to);
        }
        change(&to.join("volume-head-001.img"));
        to
    };
    let head = |path: &Path| File::options().read(true).write(true).open(path).unwrap();
    let found = |copied: PathBuf| {
        let inputs = [("copy".to_owned(), copied), ("own".to_owned(), capsule.clone())];
        let rest = dirs[1..].iter().enumerate().map(|(at, dir)| (format!("r{at}"), dir.clone()));
        let judged = judge(&inputs.into_iter().chain(rest).collect::<Vec<_>>(), None);
        let volume = &judged.volumes[0];
        let labels: Vec<String> = volume.replicas.iter().map(|one| one.label.to_string()).collect();
        let of = |label: &str| volume.copies.quality(&label.into());
        let quality = if labels.contains(&"own".to_owned()) { of("own") } else { of("copy") };
        assert_eq!(quality, Quality::Attested, "{labels:?}");
        let own = |code: &Code| (110..=119).contains(&code.row().number);
        let mut codes: Vec<Code> = volume.findings.iter().map(|one| one.code()).filter(own).collect();
        codes.sort();
        (labels, codes)
    };
    let codes = |copied: PathBuf| {
        let (labels, codes) = found(copied);
        assert_eq!(labels.len(), dirs.len(), "{labels:?}");
        (labels.contains(&"own".to_owned()), codes)
    };
    let both = |copied: PathBuf| {
        let (labels, codes) = found(copied);
        assert_eq!(labels.len(), dirs.len() + 1, "{labels:?}");
        codes
    };
    assert_eq!(codes(copy("same", &|_| {})), (false, vec![Code::CopyAttested]));
    let size = fs::metadata(dirs[0].join("volume-head-001.img")).unwrap().len();
    let filled = copy("filled", &|path| {
        let bytes = fs::read(path).unwrap();
        head(path).write_all_at(&bytes, 0).unwrap();
    });
    assert_eq!(codes(filled), (true, vec![Code::CopyFilledHoles]));
    let dropped = copy("dropped", &|path| {
        let bytes = fs::read(path).unwrap();
        let out = File::create(path).unwrap();
        out.set_len(size).unwrap();
        for (at, block) in bytes.chunks(4096).enumerate().filter(|(_, block)| block.iter().any(|b| *b != 0)) {
            out.write_all_at(block, at as u64 * 4096).unwrap();
        }
    });
    assert_eq!(codes(dropped), (true, vec![Code::CopyDroppedZeros]));
    let other = copy("other", &|path| head(path).write_all_at(&[9; 10], 100).unwrap());
    // No tool writes other data: of two states nobody knows which is the later one, so both stand.
    assert_eq!(both(other), [Code::CopyBlocksDiffer]);
    // What is missing in a directory may be missing where the replica lies, too.
    let short = copy("short", &|path| head(path).set_len(4096).unwrap());
    assert_eq!(both(short), [Code::CopyLengthDiffers, Code::CopyBlocksLost]);
    let torn = copy("torn", &|path| head(path).set_len(100).unwrap());
    assert_eq!(both(torn), [Code::CopyLengthDiffers, Code::CopyBlocksLost]);
    let none = copy("none", &|path| fs::remove_file(path).unwrap());
    assert_eq!(both(none), [Code::CopyLengthDiffers, Code::CopyBlocksLost]);
    let longer = copy("longer", &|path| head(path).set_len(size + 4096).unwrap());
    assert_eq!(both(longer), [Code::CopyLengthDiffers]);
    let short_and_other = copy("short and other", &|path| {
        head(path).write_all_at(&[9; 10], 100).unwrap();
        head(path).set_len(4096).unwrap();
    });
    assert!(both(short_and_other).contains(&Code::CopyBlocksDiffer));
}

/// Of a cut archive the rest is missing by the cut. It may be of a later state, whose newer data stood in what was cut off:
/// only the times of its images show that it is not.
#[test]
fn a_cut_archive_gives_way_to_the_capsule_of_its_state() {
    let temp = tempfile::tempdir().unwrap();
    let dirs = three(&temp.path().join("in"));
    let file = temp.path().join("0.capsule");
    taken(&dirs[0], &file, None);
    let names: Vec<String> = fs::read_dir(&dirs[0])
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let snapshot = names.iter().find(|name| name.starts_with("volume-snap-") && name.ends_with(".img"));
    let (counter, head, image) = ("revision.counter", "volume-head-001.img", snapshot.unwrap().as_str());
    let record = &format!("{image}.meta");
    // Without these names; the image of the head keeps its time, or has a later one.
    let seen = |name: &str, without: &[&str], cut: bool, later: bool| {
        let to = temp.path().join(name);
        fs::create_dir(&to).unwrap();
        for entry in fs::read_dir(&dirs[0]).unwrap().map(Result::unwrap) {
            if without.contains(&entry.file_name().to_str().unwrap()) {
                continue;
            }
            let copy = copy_file(&entry.path(), &to);
            let at = entry.metadata().unwrap().modified().unwrap();
            let since = if later && entry.file_name() == head { 60 } else { 0 };
            copy.set_modified(at + Duration::from_secs(since)).unwrap();
        }
        let rest = dirs[1..].iter().enumerate().map(|(at, dir)| (format!("r{at}"), dir.clone()));
        let inputs = [("copy".to_owned(), to), ("own".to_owned(), file.clone())];
        let mut evidence = gathered(&inputs.into_iter().chain(rest).collect::<Vec<_>>(), None);
        if cut {
            let copy = evidence.replicas.iter_mut().find(|found| found.label.as_str() == "copy").unwrap();
            copy.damage.push("the archive is cut".to_owned());
        }
        let judged = analyze(evidence, Options::default(), &());
        let volume = &judged.volumes[0];
        let has = |code: Code| volume.findings.iter().any(|one| one.code() == code);
        (volume.replicas.len(), has(Code::CopyBlocksLost), has(Code::CopyFilesLost))
    };
    assert_eq!(seen("all", &[], false, true), (3, false, false));
    assert_eq!(seen("all but the end mark", &[], true, false), (3, false, false));
    assert_eq!(seen("no image", &[image], true, false), (3, true, false));
    assert_eq!(seen("no image nor record", &[image, record], true, false), (3, true, true));
    assert_eq!(seen("no image nor counter", &[image, counter], true, false), (3, true, true));
    assert_eq!(seen("no image, written since", &[image], true, true).0, 4);
    assert_eq!(seen("no head", &[head], true, false).0, 4);
    // A directory is not cut: what it lacks may have gone where the replica lies.
    assert_eq!(seen("a directory without an image", &[image], false, false).0, 4);
    assert_eq!(seen("a directory without a record", &[record], false, false).0, 4);
}

/// Zeros that a client wrote since look like a hole that a tool filled, and the counter may be older than the images.
#[test]
fn a_later_state_is_set_aside_by_no_capsule() {
    let temp = tempfile::tempdir().unwrap();
    let dirs = three(&temp.path().join("in"));
    let first = temp.path().join("0.capsule");
    taken(&dirs[0], &first, None);
    let head = File::options().write(true).open(dirs[0].join("volume-head-001.img")).unwrap();
    let stored = only(&dirs[0]).source;
    let entry = stored.entries().iter().find(|entry| entry.name == "volume-head-001.img").unwrap();
    let holes = stored.extents(entry).unwrap().runs;
    let hole = (0..).map(|block| block * 4096).find(|at| holes.clip(*at, at + 4096).is_empty()).unwrap();
    head.write_all_at(&[0; 4096], hole).unwrap();
    head.set_modified(SystemTime::now() + Duration::from_secs(60)).unwrap();
    let mut answers = Vec::new();
    for name in [None, Some("a-late"), Some("z-late")] {
        let mut inputs = vec![("m-first".to_owned(), first.clone())];
        inputs.extend(dirs.iter().enumerate().map(|(at, dir)| (format!("n{at}"), dir.clone())));
        if let Some(name) = name {
            let late = temp.path().join(format!("{name}.capsule"));
            taken(&dirs[0], &late, None);
            inputs.push((name.to_owned(), late));
        }
        let judged = judge(&inputs, None);
        let volume = &judged.volumes[0];
        let labels: Vec<String> = volume.replicas.iter().map(|one| one.label.to_string()).collect();
        assert_eq!(labels, ["m-first", "n0", "n1", "n2"], "{name:?}");
        answers.push((volume.verdict.kind, volume.verdict.keep.clone()));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
}

/// What the user takes as it is found is judged, whatever a capsule shows.
#[test]
fn a_copy_taken_as_found_gives_way_to_no_capsule() {
    let temp = tempfile::tempdir().unwrap();
    let dirs = three(&temp.path().join("in"));
    let file = temp.path().join("0.capsule");
    taken(&dirs[0], &file, None);
    let inputs = [("own".to_owned(), file), ("copy".to_owned(), dirs[0].clone())];
    for as_found in [false, true] {
        let mut options = Options::default();
        options.as_found = as_found.then(|| "copy".to_owned()).into_iter().collect();
        let judged = analyze(gathered(&inputs, None), options, &());
        assert_eq!(judged.volumes[0].replicas.len(), 1 + usize::from(as_found));
    }
}

/// What cannot be told apart for want of a UUID is told by everything else, and only where it is certain.
#[test]
fn one_replica_without_a_uuid_is_one() {
    let temp = tempfile::tempdir().unwrap();
    let dirs = three(&temp.path().join("in"));
    for dir in &dirs[..2] {
        let meta = fs::read_to_string(dir.join("volume.meta")).unwrap();
        let (front, back) = meta.split_once("\"UUID\":\"").unwrap();
        let meta = format!("{front}\"UUID\":\"\"{}", back.split_once('"').unwrap().1);
        fs::write(dir.join("volume.meta"), meta).unwrap();
    }
    let files = [temp.path().join("first.capsule"), temp.path().join("again.capsule")];
    files.iter().for_each(|file| drop(taken(&dirs[0], file, None)));
    let seen = |inputs: &[&Path]| {
        let inputs: Vec<_> =
            inputs.iter().enumerate().map(|(at, path)| (format!("r{at}"), (*path).to_owned())).collect();
        judge(&inputs, None).volumes.iter().map(|volume| volume.replicas.len()).sum::<usize>()
    };
    // Two capsules may be of two members that agree.
    assert_eq!(seen(&[&files[0], &files[1]]), 2);
    assert_eq!(seen(&[&files[0], &dirs[0]]), 1);
    // Written at another time, it may be another member that agrees.
    let image = File::options().write(true).open(dirs[0].join("volume-head-001.img")).unwrap();
    image.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)).unwrap();
    assert_eq!(seen(&[&files[0], &dirs[0]]), 2);
}

#[test]
fn directories_of_one_name_are_two() {
    let temp = tempfile::tempdir().unwrap();
    let (one, other) = (temp.path().join("node-1/pvc"), temp.path().join("node-2/pvc"));
    crate::support::tiny::replica(&one, 5, &[(0, 1)], &[(1, 3)]);
    crate::support::tiny::replica(&other, 6, &[(0, 1)], &[(1, 4)]);
    let file = temp.path().join("two.capsule");
    let made = take(&[one, other], &TakeOptions::default(), &mut File::create(&file).unwrap(), &()).unwrap();
    assert_eq!(made.directories.len(), 2);
    assert_eq!(collect(&[crate::support::plain(&file)]).unwrap().replicas.len(), 2);
}

/// A tool that keeps no times leaves nothing but the head's own record to tell the copy by.
#[test]
fn a_head_that_is_younger_than_its_record_is_a_copy() {
    let temp = tempfile::tempdir().unwrap();
    let (dir, file) = (temp.path().join("rep"), temp.path().join("rep.capsule"));
    crate::support::tiny::replica(&dir, 5, &[(0, 1)], &[(1, 3)]);
    if !keeps_births(&dir) {
        crate::support::stepping::left_out("copies known by their births", "this file system keeps none");
        return;
    }
    for (origin, attests) in [(false, false), (true, true)] {
        let mut options = TakeOptions::default();
        options.origin = origin;
        take(std::slice::from_ref(&dir), &options, &mut File::create(&file).unwrap(), &()).unwrap();
        let judged = judge(&[("r".to_owned(), file.clone())], None);
        assert_eq!(judged.volumes[0].replicas[0].is_attested(), attests);
        let said = judged.inputs[0].remarks.iter().any(|line| line.contains("younger than its record"));
        assert_eq!(said, !attests);
    }
}

fn keeps_births(dir: &Path) -> bool {
    fs::metadata(dir).unwrap().created().is_ok()
}

/// A capsule of which nothing can be read is of a replica all the same.
#[test]
fn a_cut_capsule_beside_others_is_a_replica_that_is_not_known() {
    let temp = tempfile::tempdir().unwrap();
    let dirs = three(&temp.path().join("in"));
    let cut = temp.path().join("cut.capsule");
    taken(&dirs[0], &cut, None);
    let whole = fs::read(&cut).unwrap();
    fs::write(&cut, &whole[..whole.len() - 3]).unwrap();
    let inputs = [crate::support::plain(&cut), labelled("r1", &dirs[1]), labelled("r2", &dirs[2])];
    let judged = analyze(collect(&inputs).unwrap(), Options::default(), &());
    assert_eq!(judged.volumes[0].verdict.kind, VerdictKind::InsufficientEvidence);
    assert_eq!(judged.volumes[0].replicas.len(), 3);
    // Where its name says of which volume it is, it is of no other.
    let named = temp.path().join("pvc-5c2b0a12-0000-4000-8000-000000000002");
    fs::create_dir(&named).unwrap();
    fs::rename(&cut, named.join("cut.capsule")).unwrap();
    let inputs = [
        crate::support::plain(named.join("cut.capsule")),
        labelled("r1", &dirs[1]),
        labelled("r2", &dirs[2]),
    ];
    assert_eq!(analyze(collect(&inputs).unwrap(), Options::default(), &()).volumes.len(), 2);
}

/// A writer beside the reader, at times that sweep over what a capsule takes: whatever it changed before the last look is
/// noticed, or came before the first.
#[test]
fn a_directory_that_is_written_to_is_noticed() {
    let temp = tempfile::tempdir().unwrap();
    let (dir, file) = (temp.path().join("rep"), temp.path().join("rep.capsule"));
    crate::support::tiny::replica(&dir, 5, &[(0, 1), (3, 2)], &[(1, 3)]);
    let blocks = noise(7, 512 << 10);
    image(&dir.join("volume-snap-big.img"), 1 << 20, &[(0, &blocks)]);
    let head = File::options().write(true).open(dir.join("volume-snap-big.img")).unwrap();
    let begun = Instant::now();
    let until: u64 = 100;
    let (mut changed, mut round) = (0, 0_u64);
    while changed < until {
        assert!(begun.elapsed() < Duration::from_secs(240), "{changed} in {round} rounds");
        round += 1;
        let (stop, last, done) =
            (AtomicBool::new(false), AtomicU64::new(0), Mutex::new(SystemTime::UNIX_EPOCH));
        let taken = std::thread::scope(|scope| {
            scope.spawn(|| {
                // One write, somewhere, at some time; every other one goes on.
                std::thread::sleep(Duration::from_micros(round % 60 * 1000));
                loop {
                    let write = last.fetch_add(1, Ordering::SeqCst);
                    let bytes = (round << 16 | write).to_le_bytes();
                    head.write_all_at(&bytes, (round * 37 + write) % 128 * 4096).unwrap();
                    *done.lock().unwrap() = SystemTime::now();
                    if round % 2 == 0 || stop.load(Ordering::SeqCst) {
                        break;
                    }
                    std::thread::sleep(Duration::from_micros(500));
                }
            });
            let taken = taken(&dir, &file, None);
            stop.store(true, Ordering::SeqCst);
            taken
        });
        // What was taken is what lies there now, or it is said that something changed.
        let noticed = !taken.directories[0].changed.is_empty();
        let (directory, capsule) = (only(&dir), only(&file));
        let same = differs(&*directory.source, &*capsule.source).is_empty();
        if !same && !noticed {
            // It was written after the last look began, or while it did.
            let wrote = *done.lock().unwrap();
            assert!(wrote >= taken.directories[0].looked, "round {round}: a change was not noticed");
            continue;
        }
        changed += u64::from(noticed);
        if noticed {
            let damaged = capsule.source.entries().iter().find(|entry| entry.damage.is_some());
            assert_eq!(damaged.unwrap().name, "volume-snap-big.img");
        }
    }
}

/// Blocks in which a directory and a capsule differ.
fn differs(directory: &dyn Source, capsule: &dyn Source) -> Vec<u64> {
    let sums = capsule.sums().unwrap();
    let entry = directory.entries().iter().find(|entry| entry.name == "volume-snap-big.img").unwrap();
    let mut out = Vec::new();
    let (mut region, mut block) = (vec![0; 256 * SUM], vec![0; 4096]);
    for at in (0..512 << 10).step_by(4096) {
        if at % (1 << 20) == 0 {
            sums.region(entry, at >> 20, &mut region).unwrap();
        }
        directory.read_at(entry, at, &mut block).unwrap();
        let place = (at as usize >> 12) % 256 * SUM;
        if region[place..place + SUM] != sums.sum(&block).unwrap() {
            out.push(at);
        }
    }
    out
}
