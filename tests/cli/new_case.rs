//! `new-case`: the answer stays, the content goes.
#![cfg(feature = "cli")]

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::{captures, collect, content, labelled};
use jivascope::analysis::{Options, analyze};
use jivascope::check::{self, Expected};
use jivascope::evidence::{Found, Source};
use rayon::prelude::*;

const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

fn jivascope(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_jivascope")).args(arguments).output().unwrap()
}

fn good(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Makes a case of labelled inputs.
fn make(inputs: &[(String, PathBuf)], to: &Path, more: &[&str]) -> Output {
    let inputs: Vec<String> =
        inputs.iter().map(|(label, path)| format!("{label}={}", path.display())).collect();
    let mut arguments = vec!["new-case", "--to", to.to_str().unwrap()];
    arguments.extend(inputs.iter().map(String::as_str));
    arguments.extend(more);
    jivascope(&arguments)
}

fn found(inputs: &[(String, PathBuf)]) -> Vec<Found> {
    let inputs: Vec<_> = inputs.iter().map(|(label, path)| labelled(label, path)).collect();
    collect(&inputs).unwrap().replicas
}

fn beside(dir: &Path) -> Vec<(String, PathBuf)> {
    let mut out: Vec<(String, PathBuf)> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter_map(|path| {
            let name = path.file_name()?.to_str()?;
            let label = name.strip_suffix(".tar.gz").or_else(|| name.strip_suffix(".tar.zst"))?;
            Some((label.to_owned(), path.clone()))
        })
        .collect();
    out.sort();
    out
}

/// Every run of sixteen bytes of every image, at every offset; those of zeros apart.
fn runs(source: &dyn Source, out: &mut HashSet<u128>) {
    for entry in source.entries().iter().filter(|entry| entry.name.ends_with(".img")) {
        let stored = source.extents(entry).unwrap().runs;
        let bytes = content(source, entry);
        for run in &stored {
            let end = run.end.min(bytes.len() as u64) as usize;
            for window in bytes[run.start as usize..end].windows(16) {
                out.insert(u128::from_ne_bytes(window.try_into().unwrap()));
            }
        }
    }
    out.remove(&0);
}

/// Every small file of Jiva's, as one text.
fn records(source: &dyn Source) -> String {
    let small = source.entries().iter().filter(|entry| entry.name.ends_with(".meta"));
    small.map(|entry| entry.name.clone() + &String::from_utf8_lossy(&source.read(entry).unwrap())).collect()
}

fn uuids(text: &str) -> HashSet<&str> {
    text.split("volume-snap-")
        .skip(1)
        .filter_map(|rest| rest.split_once(".img"))
        .map(|(name, _)| name)
        .collect()
}

/// Every recording as a set of labelled archives: its name, and they; each damaged directory is one by itself.
fn recordings(captures: &Path) -> Vec<(String, Vec<(String, PathBuf)>)> {
    let mut out = Vec::new();
    for entry in walkdir::WalkDir::new(captures).sort_by_file_name() {
        let dir = entry.unwrap().into_path();
        if !dir.join("oracle.json").is_file() {
            continue;
        }
        let name = dir.strip_prefix(captures).unwrap().display().to_string().replace('/', "-");
        let inputs = beside(&dir);
        if dir.join("rep-1.tar.zst").is_file() {
            out.push((name, inputs));
        } else {
            out.extend(inputs.into_iter().map(|one| (format!("{name}-{}", one.0), vec![one])));
        }
    }
    out
}

/// All that can be said of a set, findings of every severity included.
fn picture(inputs: &[(String, PathBuf)]) -> Expected {
    let inputs: Vec<_> = inputs.iter().map(|(label, path)| labelled(label, path)).collect();
    // No log is in the cases.
    let mut options = Options::default();
    options.without_witnesses = true;
    check::picture(&analyze(collect(&inputs).unwrap(), options, &())).unwrap()
}

/// The same without what Jiva's errors quote of a file that they refuse: that is content.
fn without_quotes(mut picture: Expected) -> Expected {
    for replica in picture.replicas.iter_mut().flat_map(|replicas| replicas.values_mut()) {
        for text in [&mut replica.error, &mut replica.start_error].into_iter().flatten().flatten() {
            let quotes = ["\"", "'", "unmarshal number ", "not a file name: "];
            let end = quotes.iter().filter_map(|quote| text.find(quote)).min();
            text.truncate(end.unwrap_or(text.len()));
        }
    }
    picture
}

#[test]
fn every_capture_keeps_its_answer() {
    let Some(captures) = captures("cases made of captures") else { return };
    let dir = tempfile::tempdir().unwrap();
    let made: Vec<usize> = recordings(&captures)
        .par_iter()
        .map(|(name, inputs)| {
            let to = dir.path().join(name);
            let said = good(&make(inputs, &to, &["--key", KEY]));
            assert!(said.contains("are those of the originals"), "{name}: {said}");
            // The program says so itself; here it is not asked.
            let (original, copy) = (picture(inputs), picture(&beside(&to)));
            assert_eq!(without_quotes(original), without_quotes(copy), "{name}");
            inputs.len()
        })
        .collect();
    let sets = made.iter().filter(|replicas| **replicas > 1).count();
    assert!(sets >= 120 && made.len() - sets >= 70, "{sets} of {}", made.len());
    let output = good(&jivascope(&["check", dir.path().to_str().unwrap()]));
    assert_eq!(output, format!("{0} cases: {0} as expected\n", made.len()));
}

#[test]
fn every_capture_keeps_its_answer_under_other_names_and_loses_its_content() {
    let Some(captures) = captures("cases made of captures") else { return };
    let dir = tempfile::tempdir().unwrap();
    let recordings = recordings(&captures);
    recordings.par_iter().enumerate().for_each(|(number, (name, inputs))| {
        let to = dir.path().join(name);
        good(&make(inputs, &to, &["--pseudonyms", "--key", KEY]));
        if number >= 10 {
            return;
        }
        let (mut before, mut after) = (HashSet::new(), HashSet::new());
        let (originals, copies) = (found(inputs), found(&beside(&to)));
        assert_eq!(originals.len(), copies.len());
        for (original, copy) in originals.iter().zip(&copies) {
            runs(&*original.source, &mut before);
            runs(&*copy.source, &mut after);
            let (old, new) = (records(&*original.source), records(&*copy.source));
            assert!(!uuids(&old).is_empty() && uuids(&old).len() == uuids(&new).len());
            assert!(uuids(&old).is_disjoint(&uuids(&new)), "{name}");
        }
        assert!(!before.is_empty() && !after.is_empty());
        assert!(before.is_disjoint(&after), "{name}: content survived");
    });
    assert!(recordings.len() >= 190, "{}", recordings.len());
    let output = good(&jivascope(&["check", dir.path().to_str().unwrap()]));
    assert_eq!(output, format!("{0} cases: {0} as expected\n", recordings.len()));
}

fn tiny_case(dir: &Path) -> Vec<(String, PathBuf)> {
    crate::support::tiny::stale(dir);
    for replica in ["rep-1", "rep-2", "rep-3"] {
        fs::write(dir.join(replica).join("replica.log"), "secret at 192.168.3.4\n").unwrap();
        fs::write(dir.join(replica).join("notes.txt"), "secret").unwrap();
    }
    ["rep-1", "rep-2", "rep-3"].map(|name| (format!("node-{name}"), dir.join(name))).to_vec()
}

#[test]
fn one_key_makes_one_case_and_another_key_another() {
    let dir = tempfile::tempdir().unwrap();
    let inputs = tiny_case(&dir.path().join("in"));
    let archive = |to: &str, more: &[&str]| {
        let to = dir.path().join(to);
        let said = good(&make(&inputs, &to, more));
        (fs::read(to.join("node-rep-1.tar.gz")).unwrap(), said)
    };
    let (first, said) = archive("a", &["--key", KEY]);
    assert!(said.contains("verdict (authoritative, strong)") && !said.contains("key:"), "{said}");
    assert_eq!(first, archive("b", &["--key", KEY]).0);
    let (other, said) = archive("c", &[]);
    assert_ne!(first, other);
    let key = said.split("key: ").nth(1).unwrap().get(..64).unwrap().to_owned();
    assert_eq!(other, archive("d", &["--key", &key]).0);
    let logs = found(&beside(&dir.path().join("a")));
    assert!(
        logs[0]
            .source
            .entries()
            .iter()
            .all(|entry| !entry.name.ends_with(".log") && entry.name != "notes.txt")
    );
}

#[test]
fn logs_come_only_when_asked_for_and_names_are_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let inputs = tiny_case(&dir.path().join("in"));
    let to = dir.path().join("case");
    good(&make(&inputs, &to, &["--with-logs", "--pseudonyms"]));
    let copies = found(&beside(&to));
    let labels: Vec<&str> = copies.iter().map(|found| found.label.as_str()).collect();
    assert_eq!(labels, ["rep-1", "rep-2", "rep-3"]);
    let source = &copies[0].source;
    let log = source.entries().iter().find(|entry| entry.name == "replica.log").unwrap();
    let text = String::from_utf8(source.read(log).unwrap().into_owned()).unwrap();
    assert!(text.starts_with("secret at 10.") && !text.contains("192.168.3.4"), "{text}");
    let expected = fs::read_to_string(to.join("expected.json")).unwrap();
    assert!(expected.contains("\"authoritative\"") && !expected.contains("node-"), "{expected}");
}

/// After a power cut small files may hold blocks of whatever lay on the disk before.
#[test]
fn nothing_but_what_jiva_reads_is_in_a_case() {
    let dir = tempfile::tempdir().unwrap();
    let inputs = tiny_case(&dir.path().join("in"));
    let replica = dir.path().join("in/rep-3");
    let change = |name: &str, from: &str, to: &str| {
        let text = fs::read_to_string(replica.join(name)).unwrap();
        assert!(text.contains(from));
        fs::write(replica.join(name), text.replace(from, to) + "SECRETTRAIL").unwrap();
    };
    change("volume.meta", "\"NA\"", "\"SECRETSTATUS\",\"SECRETKEY\":{\"a\":\"SECRETVAL\"}");
    change("volume-head-001.img.meta", "}", ",\"X\":{\"x\":\"SECRETLABEL\"}}");
    for (name, text) in [
        ("volume.meta.tmp", "SECRETTMP"),
        ("log.info", "{\"enable\":false,\"SECRETKEY\":1}"),
        ("revision.counter", "SECRETCOUNTER"),
        ("volume-snap-SECRETNAME.img.meta", "{\"Parent\":\"volume-snap-SECRETPARENT.img\"}"),
    ] {
        fs::write(replica.join(name), text).unwrap();
    }
    let to = dir.path().join("case");
    let output = make(&inputs, &to, &["--pseudonyms"]);
    let said = good(&output);
    assert!(said.contains("are those of the originals"), "{said}");
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        told.contains("replaced: node-rep-3/volume.meta: CloneStatus, an unknown key, bytes behind"),
        "{told}"
    );
    let expected = fs::read_to_string(to.join("expected.json")).unwrap();
    assert!(expected.contains("fail to parse revision counter file"), "{expected}");
    let mut seen = 0;
    for entry in fs::read_dir(&to).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        let mut text = Vec::new();
        if std::io::copy(&mut flate2::read::GzDecoder::new(&bytes[..]), &mut text).is_err() {
            text = bytes; // the expectation is not packed
        }
        assert!(!text.windows(6).any(|window| window == b"SECRET"), "{}", String::from_utf8_lossy(&text));
        seen += 1;
    }
    assert_eq!(seen, 4);
}

#[test]
fn what_cannot_be_made_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let inputs = tiny_case(&dir.path().join("in"));
    let here = |more: &[&str], to: &str| {
        let output = make(&inputs, &dir.path().join(to), more);
        let wrong_usage = more.contains(&"--key");
        assert_eq!(output.status.code(), Some(if wrong_usage { 2 } else { 1 }));
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(here(&["--key", "12"], "x").contains("64 hexadecimal digits"));
    assert!(here(&["--volume", "pvc-x"], "x").contains("no volume named pvc-x (available: "));
    assert!(here(&[], "in").contains("is not empty"));
    // A file of Jiva's too large to be one.
    fs::write(dir.path().join("in/rep-2/log.info"), vec![b' '; 2 << 20]).unwrap();
    assert!(here(&[], "x").contains("log.info: holds 2097152 bytes"));
    let left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["in"]);
}

/// GNU tar makes of an archive what went into it.
#[test]
fn gnu_tar_reads_what_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let inputs = tiny_case(&dir.path().join("in"));
    let (to, out) = (dir.path().join("case"), dir.path().join("out"));
    good(&make(&inputs, &to, &["--key", KEY]));
    fs::create_dir(&out).unwrap();
    let archive = to.join("node-rep-1.tar.gz");
    if !crate::support::run(Command::new("tar").arg("-xzf").arg(&archive).arg("-C").arg(&out)) {
        return;
    }
    let packed = found(&[("x".to_owned(), archive)]);
    let unpacked = found(&[("x".to_owned(), out)]);
    crate::support::assert_same(&*unpacked[0].source, &*packed[0].source, true, "node-rep-1");
}
