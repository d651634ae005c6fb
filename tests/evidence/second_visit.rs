//! The second visit: a capsule that holds the data of the blocks in which replicas differ, and of no others; what it
//! settles, and what is made of one that lies.
#![cfg(feature = "capsule")]

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::support::{labelled, tiny};
use jivascope::analysis::{Analysis, NoSecondVisit, Options, SecondVisit, analyze};
use jivascope::evidence::capsule::{Choice, Key, TakeError, TakeOptions, Taken, sealed, take, weigh};
use jivascope::evidence::{self, Evidence, Images, ReadError};
use jivascope::replica::Replica;
use jivascope::verdict::{Confidence, VerdictKind};
use serde_json::{Value, json};

const HEAD: &str = "volume-head-001.img";
const SECRET: &[u8] = b"sixteen bytes and more";

fn key(secret: Option<&[u8]>) -> Option<Key> {
    secret.map(|secret| Key::new(secret).unwrap())
}

fn gathered(inputs: &[PathBuf], secret: Option<&[u8]>) -> Evidence {
    let inputs: Vec<_> =
        inputs.iter().enumerate().map(|(at, path)| labelled(&format!("r{at}"), path)).collect();
    let mut options = evidence::Options::new(Images::Spool { dir: None, limit: 1 << 30 });
    options.key = key(secret);
    evidence::gather(&inputs, &options).unwrap()
}

fn judge(inputs: &[PathBuf], secret: Option<&[u8]>) -> Analysis {
    analyze(gathered(inputs, secret), Options::default(), &())
}

/// A capsule of a directory, with data of the blocks that `choice` names.
fn taken(
    dir: &Path,
    to: &Path,
    secret: Option<&[u8]>,
    choice: Option<Arc<dyn Choice>>,
) -> Result<Taken, TakeError> {
    let mut options = TakeOptions::default();
    // The records of these directories say other times than those at which they are made.
    options.origin = true;
    options.key = key(secret);
    options.blocks = choice;
    take(&[dir.to_owned()], &options, &mut File::create(to).unwrap(), &())
}

/// A second visit to a directory of which nobody says that it is the replica's own.
fn retaken(dir: &Path, capsules: &[PathBuf], secret: Option<&[u8]>) -> PathBuf {
    let mut options = TakeOptions::default();
    options.key = key(secret);
    options.blocks = Some(visit(capsules, secret).unwrap());
    let to = dir.with_extension("again");
    take(&[dir.to_owned()], &options, &mut File::create(&to).unwrap(), &()).unwrap();
    to
}

/// Two replicas that differ in the last write alone, and by their own layers in nothing else.
fn last_write(temp: &Path) -> Vec<PathBuf> {
    let dirs: Vec<PathBuf> = ["rep-1", "rep-2"].iter().map(|name| temp.join(name)).collect();
    for (dir, byte) in dirs.iter().zip([5, 6]) {
        tiny::replica(dir, 11, &[(0, 1), (1, 2), (5, 9)], &[(5, byte)]);
    }
    dirs
}

fn firsts(dirs: &[PathBuf], secret: Option<&[u8]>) -> Vec<PathBuf> {
    let one = |dir: &PathBuf| {
        let to = dir.with_extension("capsule");
        assert!(taken(dir, &to, secret, None).unwrap().directories[0].changed.is_empty());
        to
    };
    dirs.iter().map(one).collect()
}

fn visit(capsules: &[PathBuf], secret: Option<&[u8]>) -> Result<Arc<SecondVisit>, NoSecondVisit> {
    SecondVisit::of(gathered(capsules, secret), &Options::default(), key(secret).as_ref(), &()).map(Arc::new)
}

fn seconds(dirs: &[PathBuf], secret: Option<&[u8]>) -> Vec<PathBuf> {
    let choice = visit(&firsts(dirs, secret), secret).unwrap();
    let one = |dir: &PathBuf| {
        let to = dir.with_extension("second");
        let taken = taken(dir, &to, secret, Some(choice.clone())).unwrap();
        assert!(taken.directories[0].changed.is_empty() && taken.directories[0].missed.is_empty());
        assert_eq!(weigh(std::slice::from_ref(dir), &*choice).unwrap(), taken.directories[0].data);
        to
    };
    dirs.iter().map(one).collect()
}

#[test]
fn it_settles_whether_replicas_differ_by_one_write() {
    let temp = tempfile::tempdir().unwrap();
    let dirs = last_write(temp.path());
    let kind = |inputs: &[PathBuf], secret| judge(inputs, secret).volumes[0].verdict.kind;
    let truth = kind(&dirs, None);
    assert_ne!(truth, VerdictKind::Irreconcilable);
    for secret in [None, Some(SECRET)] {
        let first = firsts(&dirs, secret);
        // It cannot be settled by sums, so the answer is weak and says what would.
        let by_sums = &judge(&first, secret).volumes[0];
        assert_eq!(by_sums.verdict.kind, VerdictKind::Irreconcilable);
        assert_eq!(by_sums.verdict.confidence, Confidence::Weak);
        assert!(by_sums.verdict.collect.iter().any(|line| line.contains("--with-blocks differing")));
        let second = seconds(&dirs, secret);
        assert_eq!(kind(&second, secret), truth);
        assert_eq!(kind(&[second[0].clone(), first[1].clone()], secret), VerdictKind::Irreconcilable);
        // Beside the second one the first says nothing more.
        let both = judge(&[&first[..], &second[..]].concat(), secret);
        assert_eq!((both.volumes[0].verdict.kind, both.volumes[0].replicas.len()), (truth, 2));
        let notes = both.inputs.iter().flat_map(|input| &input.remarks);
        assert_eq!(notes.filter(|line| line.contains("shows the same as the later capsule")).count(), 2);
        assert!(both.volumes[0].replicas.iter().all(Replica::is_attested));
        // A second visit to a restored copy shows what the first capsule showed of the replica, so that attests it.
        if fs::metadata(temp.path()).unwrap().created().is_ok() {
            let copy = retaken(&dirs[0], &first, secret);
            let alone = judge(&[copy.clone(), second[1].clone()], secret);
            assert!(!alone.volumes[0].replicas[0].is_attested());
            let beside = judge(&[first[0].clone(), copy, second[1].clone()], secret);
            assert!(beside.volumes[0].replicas.iter().all(Replica::is_attested));
            assert_eq!(beside.volumes[0].verdict.kind, truth);
        }
        assert_eq!(kind(&[second[0].clone(), dirs[1].clone()], secret), truth);
        if secret.is_some() {
            // Without the key nothing shows that the data are what was summed up.
            assert_eq!(kind(&second, None), VerdictKind::Irreconcilable);
            let inputs = judge(&second, None).inputs;
            let said = inputs.iter().flat_map(|input| &input.remarks);
            assert_eq!(said.filter(|line| line.contains("without the key")).count(), 2);
        }
        // Of each the block that differs, and of the first what both had there before.
        let holds = |path: &PathBuf| {
            let evidence = gathered(std::slice::from_ref(path), secret);
            evidence.inputs[0]
                .remarks
                .iter()
                .find(|line| line.contains("bytes of the volume's data"))
                .cloned()
        };
        assert!(holds(&second[0]).unwrap().contains("holds 8192 bytes"), "{:?}", holds(&second[0]));
        assert!(holds(&second[1]).unwrap().contains("holds 4096 bytes"), "{:?}", holds(&second[1]));
        assert!(holds(&first[0]).is_none());
    }
}

#[test]
fn its_bytes_are_those_of_the_directory() {
    let temp = tempfile::tempdir().unwrap();
    let dirs = last_write(temp.path());
    let second = seconds(&dirs, None);
    let (directory, capsule) = (gathered(&dirs[..1], None), gathered(&second[..1], None));
    let (directory, capsule) = (&*directory.replicas[0].source, &*capsule.replicas[0].source);
    let mut held = 0;
    for entry in directory.entries().iter().filter(|entry| entry.name.ends_with(".img")) {
        for at in (0..tiny::SIZE).step_by(512) {
            let (mut one, mut other) = ([0; 1024], [0; 1024]);
            let count = directory.read_at(entry, at, &mut one).unwrap();
            match capsule.read_at(entry, at, &mut other) {
                Ok(got) => {
                    assert_eq!((got, &one[..got]), (count, &other[..got]), "{} at {at}", entry.name);
                    held += u64::from(one.iter().any(|byte| *byte != 0));
                }
                Err(error) => assert!(matches!(error, ReadError::NoData), "{error}"),
            }
        }
    }
    // Two blocks in steps of 512; a stretch that touches one of them and zeros besides counts too.
    assert_eq!(held, 2 * 9);
}

/// Bytes in which every run of sixteen is one of a kind.
fn noise(seed: u64) -> Vec<u8> {
    let mut random = crate::support::mutate::Random(seed);
    (0..4096).map(|_| random.next() as u8).collect()
}

/// Every run of sixteen bytes of every block against every place of the capsule, and against all that is packed in it.
#[test]
fn only_chosen_blocks_go_into_it() {
    let temp = tempfile::tempdir().unwrap();
    let dirs: Vec<PathBuf> = ["rep-1", "rep-2"].iter().map(|name| temp.path().join(name)).collect();
    let base = [(0, 1), (1, 2), (2, 0), (20, 3), (21, 4)];
    tiny::replica(&dirs[0], 14, &base, &[(5, 5), (6, 6), (9, 9)]);
    tiny::replica(&dirs[1], 14, &base, &[(7, 7), (8, 8), (9, 9)]);
    // The same noise in both, but for the blocks in which they differ.
    for (dir, own) in dirs.iter().zip([&[5, 6][..], &[7, 8]]) {
        for (name, blocks) in [(HEAD, [own, &[9]].concat()), (BASE, vec![0, 1, 20, 21])] {
            let file = File::options().write(true).open(dir.join(name)).unwrap();
            blocks.iter().for_each(|at| file.write_all_at(&noise(*at), at * 4096).unwrap());
        }
    }
    for secret in [None, Some(SECRET)] {
        for (path, chosen) in seconds(&dirs, secret).iter().zip([[5, 6], [7, 8]]) {
            let mut all = vec![fs::read(path).unwrap()];
            let packed: Vec<Vec<u8>> = all[0]
                .windows(2)
                .enumerate()
                .filter(|(_, start)| start[0] == 0x78)
                .filter_map(|(at, _)| {
                    let mut out = Vec::new();
                    flate2::read::ZlibDecoder::new(&all[0][at..]).read_to_end(&mut out).ok()?;
                    Some(out)
                })
                .collect();
            assert!(packed.len() >= 2, "the data and the list");
            all.extend(packed);
            let runs: HashSet<&[u8]> = all.iter().flat_map(|bytes| bytes.windows(16)).collect();
            for at in [0, 1, 5, 6, 7, 8, 9, 20, 21] {
                let block = noise(at);
                let found = block.windows(16).filter(|run| runs.contains(run)).count();
                let whole = if chosen.contains(&at) { 4081 } else { 0 };
                assert_eq!(found, whole, "block {at} of {}", path.display());
            }
        }
    }
}

const BASE: &str = "volume-snap-5d5f2c9e-0f0b-4c43-9a3a-000000000001.img";

#[test]
fn a_directory_that_changed_since_is_not_taken_for_what_it_was() {
    let temp = tempfile::tempdir().unwrap();
    let dirs = last_write(temp.path());
    let choice = visit(&firsts(&dirs, None), None).unwrap();
    let to = temp.path().join("x.capsule");
    let refused = |dir: &Path| match taken(dir, &to, None, Some(choice.clone())) {
        Err(error) => error.to_string(),
        Ok(_) => panic!("{} was taken", dir.display()),
    };
    // What one of the chosen blocks holds, and nothing else.
    let head = File::options().write(true).open(dirs[1].join(HEAD)).unwrap();
    head.write_all_at(b"x", 5 * 4096 + 7).unwrap();
    let changed = taken(&dirs[1], &to, None, Some(choice.clone())).unwrap();
    assert_eq!((changed.directories[0].data, changed.directories[0].missed.len()), (0, 1));
    let remarks = gathered(std::slice::from_ref(&to), None).inputs[0].remarks.join("\n");
    assert!(remarks.contains("1 chosen block is not what the first capsule shows"), "{remarks}");
    // Another block of it is stored.
    head.write_all_at(&[1; 4096], 40 * 4096).unwrap();
    assert!(refused(&dirs[1]).contains(&format!("{HEAD} stores other ranges")), "{}", refused(&dirs[1]));
    assert!(weigh(&dirs[1..], &*choice).is_err());
    tiny::replica(&dirs[0], 12, &[(0, 1), (1, 2), (5, 9)], &[(5, 5)]);
    assert!(refused(&dirs[0]).contains("counts other writes"), "{}", refused(&dirs[0]));
    let other = temp.path().join("other");
    tiny::replica(&other, 11, &[(0, 1), (1, 2), (5, 9)], &[(5, 5)]);
    assert!(refused(&other).contains("none of the capsules given is of this directory"));
}

#[test]
fn the_key_is_that_of_the_first_visit() {
    let temp = tempfile::tempdir().unwrap();
    let dirs = last_write(temp.path());
    let (plain, keyed) = (firsts(&dirs, None), |secret| {
        let made = SecondVisit::of(
            gathered(&firsts(&dirs, Some(SECRET)), secret),
            &Options::default(),
            key(secret).as_ref(),
            &(),
        );
        made.map(|_| ()).unwrap_err()
    });
    let refused =
        SecondVisit::of(gathered(&plain, None), &Options::default(), key(Some(SECRET)).as_ref(), &());
    assert!(matches!(refused, Err(NoSecondVisit::NoKey { .. })));
    for secret in [None, Some(&b"another key, as long"[..])] {
        assert!(matches!(keyed(secret), NoSecondVisit::OtherKey { .. }));
    }
    assert!(matches!(visit(&dirs, None), Err(NoSecondVisit::NoCapsule)));
}

/// A capsule taken apart: everything before its list, and the list.
fn apart(path: &Path) -> (Vec<u8>, Value) {
    let bytes = fs::read(path).unwrap();
    let end = bytes.len() - 64;
    let number = |at: usize| u64::from_le_bytes(bytes[end + at * 8..][..8].try_into().unwrap()) as usize;
    let (at, len) = (number(0), number(1));
    let mut list = Vec::new();
    flate2::read::ZlibDecoder::new(&bytes[at..at + len]).read_to_end(&mut list).unwrap();
    (bytes[24..at].to_vec(), serde_json::from_slice(&list).unwrap())
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    flate2::read::ZlibEncoder::new(bytes, flate2::Compression::default()).read_to_end(&mut out).unwrap();
    out
}

/// Puts other data behind the sections, with a list that fits them: of the block of the head that is held.
fn with_part(sections: &mut Vec<u8>, list: &mut Value, part: &[u8], runs: &[u8]) {
    let at = 24 + sections.len();
    let mut named = runs.to_vec();
    let mut len = part.len();
    while len >= 0x80 {
        named.push(len as u8 | 0x80);
        len >>= 7;
    }
    named.push(len as u8);
    named.extend_from_slice(blake3::hash(part).as_bytes());
    sections.extend_from_slice(part);
    sections.extend_from_slice(&named);
    let sum = blake3::hash(&named).to_hex().to_string();
    let section = json!({ "at": at + part.len(), "len": named.len(), "sum": sum });
    *data(list) = json!({ "at": at, "blocks": 1, "list": section });
}

/// What the list says of the data of the head.
fn data(list: &mut Value) -> &mut Value {
    let files = list["directories"][0]["files"].as_array_mut().unwrap();
    let head = files.iter_mut().find(|file| file["name"] == HEAD).unwrap();
    &mut head["image"]["data"]
}

/// What a capsule made of these says of the byte in the block that it holds.
fn asked(place: &Path, sections: &[u8], list: &Value) -> String {
    fs::write(place, sealed(sections, &serde_json::to_vec(list).unwrap())).unwrap();
    let evidence = gathered(&[place.to_owned()], None);
    let source = &*evidence.replicas[0].source;
    let Some(entry) = source.entries().iter().find(|entry| entry.name == HEAD) else {
        return evidence.replicas[0].damage.join("\n");
    };
    let mut byte = [0];
    match source.read_at(entry, 5 * 4096 + 9, &mut byte) {
        Ok(_) => format!("{}", byte[0]),
        Err(error) => error.to_string(),
    }
}

#[test]
fn data_that_do_not_fit_are_an_error_that_says_where() {
    let temp = tempfile::tempdir().unwrap();
    let place = temp.path().join("hostile.capsule");
    let second = seconds(&last_write(temp.path()), None);
    let (sections, list) = apart(&second[1]);
    assert_eq!(asked(&place, &sections, &list), "6");
    // One run: the sixth block.
    let runs = [1, 0x80, 0xa0, 1, 0x80, 0x20];
    let made = |part: &[u8], runs: &[u8], change: &dyn Fn(&mut Value)| {
        let (mut sections, mut list) = (sections.clone(), list.clone());
        with_part(&mut sections, &mut list, part, runs);
        change(data(&mut list));
        asked(&place, &sections, &list)
    };
    let same = |_: &mut Value| {};
    assert_eq!(made(&packed(&[6; 4096]), &runs, &same), "6");
    let lie = made(&packed(&[7; 4096]), &runs, &same);
    assert!(lie.contains(HEAD) && lie.contains("byte 20480 do not fit their sum"), "{lie}");
    let bomb = made(&packed(&vec![6; 64 << 20]), &runs, &same);
    assert!(bomb.contains(HEAD) && bomb.contains("byte 20480"), "{bomb}");
    let short = made(&packed(&[6; 100]), &runs, &same);
    assert!(short.contains(HEAD) && short.contains("byte 20480"), "{short}");
    for (what, said) in [
        ("no packed data", made(b"no packed data", &runs, &same)),
        ("a block that is a hole", made(&packed(&[6; 4096]), &[1, 0x80, 0xc0, 1, 0x80, 0x20], &same)),
        ("half a block", made(&packed(&[6; 2048]), &[1, 0x80, 0xa0, 1, 0x80, 0x10], &same)),
        ("a run of nothing", made(&packed(&[6; 4096]), &[1, 0x80, 0xa0, 1, 0], &same)),
        ("more blocks", made(&packed(&[6; 4096]), &runs, &|data| data["blocks"] = json!(1_u64 << 60))),
        ("behind the end", made(&packed(&[6; 4096]), &runs, &|data| data["at"] = json!(u64::MAX))),
        ("elsewhere", made(&packed(&[6; 4096]), &runs, &|data| data["at"] = json!(30))),
        (
            "a list behind the end",
            made(&packed(&[6; 4096]), &runs, &|data| data["list"]["at"] = json!(u64::MAX)),
        ),
        ("an endless list", made(&packed(&[6; 4096]), &runs, &|data| data["list"]["len"] = json!(u64::MAX))),
        ("a list of nothing", made(&packed(&[6; 4096]), &runs, &|data| data["list"]["len"] = json!(0))),
    ] {
        assert!(said.contains("damaged"), "{what}: {said}");
    }
    // Whoever reads it for an answer says so too, and does not take what is not shown for settled.
    let (mut sections, mut list) = (sections.clone(), list.clone());
    with_part(&mut sections, &mut list, &packed(&[7; 4096]), &runs);
    fs::write(&place, sealed(&sections, &serde_json::to_vec(&list).unwrap())).unwrap();
    let judged = judge(&[second[0].clone(), place], None);
    assert_eq!(judged.volumes[0].verdict.kind, VerdictKind::Irreconcilable);
    let said: Vec<String> = judged.volumes[0].findings.iter().map(|one| one.text()).collect();
    assert!(said.iter().any(|text| text.contains("do not fit their sum")), "{said:#?}");
}

/// A flipped byte of a capsule with data is an error at once, or when what it belongs to is read.
#[test]
fn every_byte_of_it_counts() {
    let temp = tempfile::tempdir().unwrap();
    let second = seconds(&last_write(temp.path()), None);
    let whole = fs::read(&second[0]).unwrap();
    let broken = temp.path().join("broken.capsule");
    let reads = |path: &Path| {
        let evidence = gathered(&[path.to_owned()], None);
        let source = &*evidence.replicas[0].source;
        let Some(sums) = source.sums() else { return false };
        let mut region = vec![0; 256 * evidence::SUM];
        let mut block = [0; 4096];
        source.entries().iter().all(|entry| {
            if !entry.name.ends_with(".img") {
                return source.read(entry).is_ok();
            }
            sums.region(entry, 0, &mut region).is_ok() && source.read_at(entry, 5 * 4096, &mut block).is_ok()
        })
    };
    assert!(reads(&second[0]));
    for at in (0..whole.len()).step_by(5) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        fs::write(&broken, bytes).unwrap();
        assert!(!reads(&broken), "byte {at} of {}", whole.len());
    }
    for cut in [whole.len() / 3, whole.len() - 65, whole.len() - 1] {
        fs::write(&broken, &whole[..cut]).unwrap();
        assert!(!reads(&broken), "{cut}");
    }
}
