//! What is written to be shared: no byte of what no record has a field for, and the same answer.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::support::{collect, content, labelled};
use jivascope::analysis::{Options, analyze};
use jivascope::check::{self, Expected};
use jivascope::evidence::{Found, Kind};
use jivascope::redact::{Key, Plan, Pseudonyms, Words, write_replica};
use rayon::prelude::*;

/// Four times a byte that nothing else in these directories holds, names of files included.
const SECRET: &str = "QQQQ";

const SMALL: [&str; 10] = [
    "volume.meta",
    "volume-head-001.img.meta",
    "volume-snap-5d5f2c9e-0f0b-4c43-9a3a-000000000001.img.meta",
    "revision.counter",
    "log.info",
    "peer.details",
    "volume.meta.tmp",
    "volume-head-001.img.meta.tmp",
    "log.info.tmp",
    "tmpFile.tmp",
];

/// Three replicas with every small file that Jiva may leave; the base's record of the first came from a peer.
fn originals(dir: &Path) {
    crate::support::tiny::stale(dir);
    for replica in ["rep-1", "rep-2", "rep-3"].map(|name| dir.join(name)) {
        let settings = "{\"enable\":true,\"maxlogfilesize\":100,\"retentionperiod\":180,\"maxbackups\":5}\n";
        for name in ["log.info", "log.info.tmp"] {
            fs::write(replica.join(name), settings).unwrap();
        }
        fs::write(replica.join("peer.details"), "{\"ReplicaCount\":3,\"QuorumReplicaCount\":0}\n").unwrap();
        fs::write(replica.join("tmpFile.tmp"), [1; 4096]).unwrap();
        for name in ["volume.meta", "volume-head-001.img.meta"] {
            fs::copy(replica.join(name), replica.join(format!("{name}.tmp"))).unwrap();
        }
    }
    let received = r#"{"Created":"2026-01-01T00:00:00Z","Name":"volume-head-007.img","Parent":"","Removed":false,"RevisionCounter":10,"UserCreated":false}"#;
    fs::write(dir.join("rep-1").join(SMALL[2]), format!("{received}\n")).unwrap();
}

/// The file with the secret in every place: between any two bytes, as every value, in values of other kinds, as a member.
fn with_secrets(bytes: &[u8]) -> Vec<Vec<u8>> {
    let text_end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1).min(400);
    let put = |from: usize, to: usize, new: &str| [&bytes[..from], new.as_bytes(), &bytes[to..]].concat();
    let mut out: Vec<Vec<u8>> = (0..=text_end).chain([bytes.len()]).map(|at| put(at, at, SECRET)).collect();
    let kinds = [
        format!("\"{SECRET}\""),
        format!("\"\\u00e9<{SECRET}/\\n\""),
        format!("\"\\ud800{SECRET}\""),
        format!("{{\"{SECRET}\":[\"{SECRET}\"]}}"),
        format!("[1,\"{SECRET}\"]"),
    ];
    for (colon, _) in bytes.iter().enumerate().filter(|(at, byte)| **byte == b':' && bytes[at - 1] == b'"') {
        let value = colon + 1;
        let end = match bytes[value] {
            b'"' => value + 2 + bytes[value + 1..].iter().position(|byte| *byte == b'"').unwrap(),
            _ => value + bytes[value..].iter().position(|byte| b",}".contains(byte)).unwrap(),
        };
        out.extend(kinds.iter().map(|kind| put(value, end, kind)));
        let member = format!(",\"{SECRET}\":\"{SECRET}\"");
        out.push(put(end, end, &member));
        out.push(put(end, end, &member.repeat(2)));
        out.push(put(
            end,
            end,
            &format!(",\"Labels\":{{\"x\":\"{SECRET}\"}},\"BackingFilePath\":\"/{SECRET}\""),
        ));
    }
    out
}

struct Case {
    dir: tempfile::TempDir,
    key: Key,
}

impl Case {
    fn found(&self, inputs: &[(&str, PathBuf)]) -> Vec<Found> {
        let inputs: Vec<_> = inputs.iter().map(|(label, path)| labelled(label, path)).collect();
        collect(&inputs).unwrap().replicas
    }

    /// The archive of a replica, and what was done to it.
    fn share(&self, found: &Found, names: Option<&Pseudonyms>, to: &Path) -> (Words, Vec<String>) {
        let mut plan = Plan::new(&self.key);
        plan.names = names;
        let written = write_replica(&*found.source, File::create(to).unwrap(), plan).unwrap();
        let told = written.replaced.iter().map(|one| format!("{}: {}", one.name, one.what.join(", ")));
        (written.words, told.collect())
    }
}

/// All that can be said of a set.
fn picture(inputs: &[(&str, PathBuf)]) -> Expected {
    let inputs: Vec<_> = inputs.iter().map(|(label, path)| labelled(label, path)).collect();
    check::picture(&analyze(collect(&inputs).unwrap(), Options::default(), &())).unwrap()
}

fn reword(mut picture: Expected, words: &Words) -> Expected {
    let replica = picture.replicas.as_mut().unwrap().get_mut("rep-1").unwrap();
    for text in [&mut replica.error, &mut replica.start_error].into_iter().flatten().flatten() {
        *text = words.apply(text);
    }
    picture
}

/// Whether the secret stands in a name or in a small file.
fn shows_the_secret(found: &Found) -> Option<String> {
    let secret = SECRET.as_bytes()[0];
    found.source.entries().iter().find_map(|entry| {
        let small = entry.kind == Kind::File && !entry.name.ends_with(".img");
        let bytes = if small { content(&*found.source, entry) } else { Vec::new() };
        let shown = entry.name.as_bytes().contains(&secret) || bytes.contains(&secret);
        shown.then(|| format!("{}: {}", entry.name, String::from_utf8_lossy(&bytes)))
    })
}

/// A copy of a directory with another content of one file.
fn with_file(original: &Path, to: &Path, name: &str, bytes: &[u8]) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(original).unwrap() {
        let entry = entry.unwrap();
        let own = to.join(entry.file_name());
        if entry.path().extension().is_some_and(|ending| ending == "img") {
            // A copy might fill the holes.
            fs::hard_link(entry.path(), own).unwrap();
        } else if entry.file_name() != name {
            fs::copy(entry.path(), own).unwrap();
        }
    }
    fs::write(to.join(name), bytes).unwrap();
}

#[test]
fn a_secret_in_any_place_of_a_small_file_is_gone_and_the_answer_stays() {
    let case = Case { dir: tempfile::tempdir().unwrap(), key: Key::new([9; 32]) };
    let dir = case.dir.path();
    originals(&dir.join("in"));
    let others: Vec<(&str, PathBuf)> =
        ["rep-2", "rep-3"].map(|name| (name, dir.join("in").join(name))).to_vec();
    let labels: Vec<_> = ["rep-1", "rep-2", "rep-3"].map(jivascope::ident::Label::from).to_vec();
    let names = Pseudonyms::new(&case.key, &labels, []);
    let shared: Vec<(&str, PathBuf)> = case
        .found(&others)
        .iter()
        .zip(["rep-2", "rep-3"])
        .map(|(found, name)| {
            let to = dir.join(format!("{name}.tar"));
            case.share(found, Some(&names), &to);
            (name, to)
        })
        .collect();
    let undisturbed = picture(&[vec![("rep-1", dir.join("in/rep-1"))], others.clone()].concat());
    let (mut places, mut same_answer) = (0, 0);
    for name in SMALL {
        let bytes = fs::read(dir.join("in/rep-1").join(name)).unwrap();
        let made: Vec<bool> = with_secrets(&bytes)
            .into_par_iter()
            .enumerate()
            .map(|(number, changed)| {
                let what = || format!("{name}, {number}: {}", String::from_utf8_lossy(&changed));
                let place = dir.join(format!("{name}-{number}"));
                let (original, copy) = (place.join("rep-1"), place.join("rep-1.tar"));
                with_file(&dir.join("in/rep-1"), &original, name, &changed);
                let inputs = [vec![("rep-1", original)], others.clone()].concat();
                let (words, _) = case.share(&case.found(&inputs[..1])[0], Some(&names), &copy);
                let copies = [vec![("rep-1", copy)], shared.clone()].concat();
                assert_eq!(shows_the_secret(&case.found(&copies[..1])[0]), None, "{}", what());
                let was = picture(&inputs);
                let same = was.verdict == undisturbed.verdict;
                assert_eq!(picture(&copies), reword(was, &words), "{}", what());
                fs::remove_dir_all(place).unwrap();
                same
            })
            .collect();
        same_answer += made.iter().filter(|same| **same).count();
        places += made.len();
    }
    assert!(places > 2000 && same_answer > 1500, "{places} places, {same_answer} of them do not matter");
}

#[test]
fn names_of_files_are_replaced_and_what_is_not_jivas_stays_behind() {
    let case = Case { dir: tempfile::tempdir().unwrap(), key: Key::new([9; 32]) };
    let dir = case.dir.path();
    originals(&dir.join("in"));
    let replica = dir.join("in/rep-1");
    for name in ["volume-snap-QQQQ.img", "volume-head-QQQQ.img"] {
        fs::copy(replica.join("volume-head-001.img"), replica.join(name)).unwrap();
        for record in [format!("{name}.meta"), format!("{name}.meta.tmp")] {
            fs::copy(replica.join("volume-head-001.img.meta"), replica.join(record)).unwrap();
        }
    }
    for name in ["QQQQ", "QQQQ.tmp", "QQQQ.meta", "volume-snap-QQQQ.img.tmp", "replica.log"] {
        fs::write(replica.join(name), SECRET).unwrap();
    }
    std::os::unix::fs::symlink(SECRET, replica.join("volume-snap-link-to-QQQQ.img")).unwrap();
    let inputs = [("rep-1", replica)];
    let found = &case.found(&inputs)[0];
    let names =
        Pseudonyms::new(&case.key, [&found.label], found.source.entries().iter().map(|entry| &*entry.name));
    let copy = dir.join("rep-1.tar");
    let (words, _) = case.share(found, Some(&names), &copy);
    assert!(!fs::read(&copy).unwrap().windows(SECRET.len()).any(|bytes| bytes == SECRET.as_bytes()));
    assert_eq!(shows_the_secret(&case.found(&[("rep-1", copy.clone())])[0]), None);
    assert_eq!(picture(&[("rep-1", copy)]), reword(picture(&inputs), &words));
}

/// Without other names those of snapshots and heads stay; content does not.
#[test]
fn what_was_replaced_is_told() {
    let case = Case { dir: tempfile::tempdir().unwrap(), key: Key::new([9; 32]) };
    let dir = case.dir.path();
    crate::support::tiny::stale(&dir.join("in"));
    let replica = dir.join("in/rep-1");
    let meta = fs::read_to_string(replica.join("volume.meta")).unwrap();
    let changed = meta
        .replace("\"BackingFileName\":\"\"", "\"BackingFileName\":\"QQQQ\"")
        .replace("\"NA\"", "\"QQQQ\",\"QQQQ\":{\"a\":\"QQQQ\"}");
    fs::write(replica.join("volume.meta"), changed + "QQQQ").unwrap();
    fs::write(replica.join("volume.meta.tmp"), SECRET).unwrap();
    fs::write(replica.join("revision.counter"), "QQQQ").unwrap();
    let found = &case.found(&[("rep-1", replica)])[0];
    let copy = dir.join("rep-1.tar");
    let (_, told) = case.share(found, None, &copy);
    assert_eq!(
        told,
        [
            "revision.counter: bytes that are no number",
            "volume.meta: BackingFileName, CloneStatus, an unknown key, bytes behind the value",
            "volume.meta.tmp: what is no JSON",
        ]
    );
    let made = &case.found(&[("rep-1", copy)])[0];
    assert_eq!(shows_the_secret(made), None);
    let untouched = made.source.entries().iter().find(|entry| entry.name == SMALL[1]).unwrap();
    let bytes = fs::read(dir.join("in/rep-1").join(SMALL[1])).unwrap();
    assert_eq!(content(&*made.source, untouched), bytes, "a record of Jiva's own stays, byte for byte");
}
