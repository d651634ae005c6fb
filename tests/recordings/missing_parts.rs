//! A copy that lacks a part says nothing about the node: a replica that alone holds data is never given up for it, and the
//! answer is never called complete.
//!
//! A share is drawn by a seed; `JIVASCOPE_MISSING=all` takes every replica, every cut and every flipped bit.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::support::model::Dice;
use crate::support::recorded::{Capture, sets};
use crate::support::score::Told;
use crate::support::{collect, labelled};
use jivascope::analysis::{Analysis, Options, analyze};
use jivascope::dialect::describe;
use jivascope::evidence::{Evidence, Found, MemorySource};
use jivascope::verdict::Confidence;
use rayon::prelude::*;

use crate::support::mutate::{Body, Listing};

fn all() -> bool {
    std::env::var("JIVASCOPE_MISSING").is_ok_and(|value| value == "all")
}

/// A replica that alone holds data.
#[derive(Clone, Copy)]
struct Alone {
    capture: &'static Capture,
    at: usize,
}

impl Alone {
    fn found(self) -> &'static Found {
        &self.capture.replicas()[self.at]
    }

    fn label(self) -> &'static str {
        self.found().label.as_str()
    }

    fn name(self) -> String {
        format!("{}/{}", self.capture.name, self.label())
    }

    fn archive(self) -> PathBuf {
        self.capture.dir.join(format!("{}.tar.zst", self.label()))
    }

    /// Judges the recording with other evidence of this replica.
    fn judge(self, instead: Vec<Found>) -> Analysis {
        let others = self.capture.replicas().iter().filter(|found| found.label.as_str() != self.label());
        let replicas = others.cloned().chain(instead).collect();
        analyze(Evidence { inputs: Vec::new(), replicas }, Options::default(), &())
    }

    /// Judges the recording with a file as the copy of this replica, given as people give it.
    fn judge_file(self, file: &Path) -> Result<Analysis, String> {
        let inputs: Vec<_> = self
            .capture
            .replicas()
            .iter()
            .map(|found| {
                let label = found.label.as_str();
                let own = self.capture.dir.join(format!("{label}.tar.zst"));
                labelled(label, if label == self.label() { file.to_owned() } else { own })
            })
            .collect();
        let evidence = collect(&inputs).map_err(|error| error.to_string())?;
        Ok(analyze(evidence, Options::default(), &()))
    }
}

/// Every replica of three that holds what neither of the others does.
fn alone() -> Vec<Alone> {
    let mut out = Vec::new();
    for capture in sets().into_iter().flat_map(|(_, set)| &set.list) {
        let labels = capture.labels();
        let Some(truth) = capture.truth.as_ref().filter(|_| !capture.separate() && labels.len() == 3) else {
            continue;
        };
        let told = Told::of(truth, &labels);
        for (at, found) in capture.replicas().iter().enumerate() {
            let label = found.label.as_str();
            let over = |other: &&str| *other == label || told.newer(label, other, true);
            if labels.iter().all(over) {
                out.push(Alone { capture, at });
            }
        }
    }
    out
}

/// As many as the gate has time for, always the same.
fn share<T: Clone>(list: Vec<T>, count: usize) -> Vec<T> {
    let mut out = Dice::new(7).shuffled(&list);
    if !all() {
        out.truncate(count);
    }
    out
}

/// What a faulty copy of a replica that alone holds data must not lead to.
fn breach(case: Alone, what: &str, analysis: &Analysis) -> Option<String> {
    let place = format!("{} {what}", case.name());
    let [volume] = &analysis.volumes[..] else {
        return Some(format!("{place}: {} volumes", analysis.volumes.len()));
    };
    let verdict = &volume.verdict;
    let is = format!(
        "{} {} ({}), keep {:?}",
        verdict.kind.as_str(),
        verdict.confidence.as_str(),
        verdict.rule,
        verdict.keep
    );
    if verdict.complete {
        return Some(format!("{place}: called complete: {is}"));
    }
    let protected = verdict.must_not_wipe.iter().any(|label| label.as_str() == case.label());
    (!protected).then(|| format!("{place}: unprotected: {is}"))
}

fn judge(what: &str, looked_at: usize, breaches: &[String]) {
    // Past the test harness, which hides what passing tests print.
    let _ = writeln!(std::io::stderr(), "{what}: {} of {looked_at} hold", looked_at - breaches.len());
    assert!(looked_at > 0, "{what}: nothing was looked at");
    let shown: Vec<&str> = breaches.iter().take(20).map(String::as_str).collect();
    assert!(
        breaches.is_empty(),
        "{what}: {} of {looked_at} do not hold:\n{}",
        breaches.len(),
        shown.join("\n")
    );
}

/// Copies of a replica's directory that lack one image of its chain or half of it.
fn without_images(found: &Found) -> Vec<(String, MemorySource)> {
    let replica = describe(found);
    let chain: Vec<String> = replica.chain.iter().map(ToString::to_string).collect();
    let whole = Listing::of(found.source.as_ref());
    let Some((head, base)) = chain.first().zip(chain.last()) else { return Vec::new() };
    let middle = &chain[chain.len() / 2];
    let mut out = Vec::new();
    for name in BTreeSet::from([head, base, middle]) {
        let mut listing = whole.clone();
        listing.0.retain(|(other, _)| other != name);
        out.push((format!("without {name}"), listing.source()));
    }
    for name in BTreeSet::from([head, middle]) {
        let mut listing = whole.clone();
        for (other, body) in &mut listing.0 {
            if let Body::Image(size, stored) = body
                && other == name
            {
                *size /= 2;
                let end = *size;
                stored.retain(|(at, _)| *at < end);
                stored.iter_mut().for_each(|(at, bytes)| bytes.truncate((end - *at) as usize));
            }
        }
        out.push((format!("with half of {name}"), listing.source()));
    }
    out
}

#[test]
fn a_copy_without_an_image_is_never_complete_and_its_replica_never_given_up() {
    let cases = share(alone(), 16);
    let looked: Vec<Option<String>> = cases
        .par_iter()
        .flat_map(|case| without_images(case.found()).into_par_iter().map(move |one| (*case, one)))
        .map(|(case, (what, source))| {
            let found = Found { source: Arc::new(source), ..case.found().clone() };
            breach(case, &what, &case.judge(vec![found]))
        })
        .collect();
    let breaches: Vec<String> = looked.iter().flatten().cloned().collect();
    judge("copies without an image", looked.len(), &breaches);
}

/// Copies that broke off: any files of the directory may be missing, those of the chain among them.
fn without_files(found: &Found, copies: usize) -> Vec<(String, MemorySource)> {
    let replica = describe(found);
    let whole = Listing::of(found.source.as_ref());
    let chain: Vec<String> = replica.chain.iter().map(ToString::to_string).collect();
    let Some(head) = chain.first() else { return Vec::new() };
    let names: Vec<String> = whole.0.iter().map(|(name, _)| name.clone()).collect();
    let of_chain = |name: &str| {
        name == "volume.meta"
            || chain.iter().any(|disk| name == disk || name.strip_suffix(".meta") == Some(disk))
    };
    let mut dice = Dice::new(5);
    let mut lost: Vec<Vec<String>> = vec![
        vec![head.clone(), format!("{head}.meta")],
        vec![head.clone(), format!("{head}.meta"), "volume.meta".to_owned()],
        vec!["volume.meta".to_owned()],
        vec!["volume.meta".to_owned(), "revision.counter".to_owned()],
        // All but the small files that come first or last in an archive.
        names.iter().filter(|name| name.starts_with("volume")).cloned().collect(),
    ];
    lost.push(names.iter().filter(|name| !name.contains(".log") && *name != "log.info").cloned().collect());
    while lost.len() < copies {
        let count = 1 + dice.below(names.len());
        let mut some = dice.shuffled(&names);
        some.truncate(count);
        if count < names.len() && some.iter().any(|name| of_chain(name)) {
            lost.push(some);
        }
    }
    let one = |lost: Vec<String>| {
        let mut listing = whole.clone();
        listing.0.retain(|(name, _)| !lost.contains(name));
        (format!("without {}", lost.join(", ")), listing.source())
    };
    // A directory of which nothing is left is an empty one.
    lost.into_iter().filter(|lost| lost.len() < names.len()).map(one).collect()
}

#[test]
fn a_copy_without_some_files_is_never_complete_and_its_replica_never_given_up() {
    let cases = share(alone(), 16);
    let copies = if all() { 40 } else { 16 };
    let looked: Vec<Option<String>> = cases
        .par_iter()
        .flat_map(|case| without_files(case.found(), copies).into_par_iter().map(move |one| (*case, one)))
        .map(|(case, (what, source))| {
            let found = Found { source: Arc::new(source), ..case.found().clone() };
            breach(case, &what, &case.judge(vec![found]))
        })
        .collect();
    let breaches: Vec<String> = looked.iter().flatten().cloned().collect();
    judge("copies without some files", looked.len(), &breaches);
}

/// What a command makes of a file.
fn made(program: &str, arguments: &[&str], file: &Path) -> Vec<u8> {
    let output = std::process::Command::new(program).args(arguments).arg(file).output().unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Where the members of a plain archive end: what follows is its end mark.
fn end_of_members(tar: &[u8]) -> usize {
    tar.chunks(512).rposition(|block| block.iter().any(|byte| *byte != 0)).map_or(0, |last| (last + 1) * 512)
}

#[test]
fn a_cut_archive_is_never_complete_and_its_replica_never_given_up() {
    if !crate::support::stepping::have("cut archives", &["zstd"]) {
        return;
    }
    let (cases, cuts) = (share(alone(), 6), if all() { 64 } else { 12 });
    let place = tempfile::tempdir().unwrap();
    let mut asked = Vec::new();
    for case in cases {
        let packed = std::fs::read(case.archive()).unwrap();
        let plain = made("zstd", &["-dcq"], &case.archive());
        let members = end_of_members(&plain);
        for (form, bytes, end) in
            [("tar.zst", Arc::new(packed), None), ("tar", Arc::new(plain), Some(members))]
        {
            let end = end.unwrap_or(bytes.len());
            let mut dice = Dice::new(11);
            // Evenly, with one place drawn in each stretch, and every other one between two blocks of the archive; never
            // behind the end mark.
            asked.extend((0..cuts).map(|at| {
                let (from, to) = (end * at / cuts, end * (at + 1) / cuts);
                let cut = from + dice.below(to - from);
                let cut = if form == "tar" && at % 2 == 1 { cut - cut % 512 } else { cut };
                (case, form, bytes.clone(), cut)
            }));
        }
    }
    let looked: Vec<Option<String>> = asked
        .par_iter()
        .enumerate()
        .map(|(number, (case, form, bytes, cut))| {
            let file = place.path().join(format!("{number}.{form}"));
            std::fs::write(&file, &bytes[..*cut]).unwrap();
            let what = format!("{form} cut at {cut} of {}", bytes.len());
            let said = match case.judge_file(&file) {
                Ok(analysis) => breach(*case, &what, &analysis),
                Err(error) => Some(format!("{} {what}: the rest is not read: {error}", case.name())),
            };
            std::fs::remove_file(file).unwrap();
            said
        })
        .collect();
    let breaches: Vec<String> = looked.iter().flatten().cloned().collect();
    judge("cut archives", looked.len(), &breaches);
}

/// Compressions that have a checksum, and what makes them of a file.
const COMPRESSIONS: &[(&str, &[&str])] =
    &[("gzip", &["-c"]), ("zstd", &["-cq", "--check"]), ("xz", &["-c"]), ("bzip2", &["-c"])];

/// What an answer says.
fn answer(analysis: &Analysis) -> String {
    let verdicts = analysis.volumes.iter().map(|volume| &volume.verdict);
    let one = verdicts.map(|v| format!("{:?} {:?} {:?} {:?}", v.kind, v.holders, v.keep, v.ways));
    one.collect::<Vec<_>>().join("; ")
}

#[test]
fn one_flipped_bit_proves_nothing_else() {
    if !crate::support::stepping::have("flipped bits", &["zstd", "gzip", "xz", "bzip2"]) {
        return;
    }
    let flips = if all() { 500 } else { 40 };
    // One whose whole archives prove an answer: there a flipped bit has something to spoil.
    let proven = |case: &Alone| case.capture.volume().verdict.confidence == Confidence::Proven;
    let Some(case) = share(alone(), usize::MAX).into_iter().find(proven) else {
        panic!("no recording in which a replica alone holds data has a proven answer");
    };
    let whole = answer(case.capture.full());
    let place = tempfile::tempdir().unwrap();
    let tar = place.path().join("plain.tar");
    std::fs::write(&tar, made("zstd", &["-dcq"], &case.archive())).unwrap();
    let mut asked = Vec::new();
    for (program, arguments) in COMPRESSIONS {
        let packed = Arc::new(made(program, arguments, &tar));
        let mut dice = Dice::new(13);
        asked.extend((0..flips).map(|_| (*program, packed.clone(), dice.below(packed.len() * 8))));
    }
    let looked: Vec<Option<String>> = asked
        .par_iter()
        .enumerate()
        .map(|(number, (program, packed, bit))| {
            let mut bytes = packed.to_vec();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let file = place.path().join(format!("{number}.packed"));
            std::fs::write(&file, bytes).unwrap();
            let what = format!("{} {program} bit {bit} of {}", case.name(), packed.len() * 8);
            let said = case.judge_file(&file);
            std::fs::remove_file(file).unwrap();
            match said {
                Ok(analysis) => {
                    let proven = analysis.volumes.iter().any(|v| v.verdict.confidence == Confidence::Proven);
                    let other = answer(&analysis);
                    (proven && other != whole).then(|| format!("{what}: proven {other}, whole {whole}"))
                }
                Err(error) => Some(format!("{what}: the rest is not read: {error}")),
            }
        })
        .collect();
    let breaches: Vec<String> = looked.iter().flatten().cloned().collect();
    judge(&format!("flipped bits ({})", case.name()), looked.len(), &breaches);
}
