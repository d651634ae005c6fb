//! Recordings as capsules, of a first visit and of a second: the same answers as from the directories, but for the form and
//! what the copy is worth; and beside copies by real tools the capsule decides.
//!
//! A share of the recordings is drawn by a seed; `JIVASCOPE_CAPSULES=all` takes all, a number takes so many.
#![cfg(feature = "capsule")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use crate::support::model::Dice;
use crate::support::recorded::{Capture, sets};
use crate::support::tools::{TOOLS, Tool, stored_blocks, unpack};
use crate::support::{collect, labelled};
use jivascope::analysis::{Analysis, Options, SecondVisit, Volume, analyze};
use jivascope::evidence::capsule::{TakeOptions, take};
use jivascope::finding::Facts;
use jivascope::lineage::Doubt;
use jivascope::report::json::Document;
use serde_json::{Map, Value};

/// Recordings in the gate.
const DRAWN: usize = 12;

fn drawn() -> Vec<&'static Capture> {
    let all: Vec<&'static Capture> = sets().into_iter().flat_map(|(_, set)| &set.list).collect();
    let asked = std::env::var("JIVASCOPE_CAPSULES").unwrap_or_else(|_| DRAWN.to_string());
    let mut out = Dice::new(11).shuffled(&all);
    if asked != "all" {
        out.truncate(asked.parse().unwrap_or_else(|error| panic!("JIVASCOPE_CAPSULES: {error}")));
    }
    out
}

/// Works on recordings on two threads. Not as tasks of the library's own pool: a thread that waits there begins with the
/// next recording, until all of them and their copies lie in memory.
fn side_by_side<T: Sync, R: Send>(list: &[T], work: impl Fn(usize, &T) -> Vec<R> + Sync) -> Vec<R> {
    let (next, out) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Relaxed);
                    let Some(item) = list.get(at) else { break };
                    let found = work(at, item);
                    out.lock().unwrap().extend(found);
                }
            });
        }
    });
    out.into_inner().unwrap()
}

fn capsule(dir: &Path, to: PathBuf, origin: bool) -> PathBuf {
    let mut options = TakeOptions::default();
    (options.logs, options.origin) = (true, origin);
    let taken = take(&[dir.to_owned()], &options, &mut File::create(&to).unwrap(), &()).unwrap();
    let changed: Vec<&String> = taken.directories.iter().flat_map(|one| &one.changed).collect();
    assert!(changed.is_empty(), "{}: {changed:?}", dir.display());
    to
}

/// Capsules of a second visit: of every replica one, with the data of the blocks that the first capsules call for.
fn second_visit(
    originals: &[(String, PathBuf)],
    firsts: &[(String, PathBuf)],
    place: &Path,
) -> Vec<(String, PathBuf)> {
    let inputs: Vec<_> = firsts.iter().map(|(label, path)| labelled(label, path)).collect();
    let visit = SecondVisit::of(collect(&inputs).unwrap(), &Options::default(), None, &()).unwrap();
    let mut options = TakeOptions::default();
    (options.logs, options.origin) = (true, true);
    options.blocks = Some(Arc::new(visit));
    let one = |(label, dir): &(String, PathBuf)| {
        let to = place.join(format!("{label}.second"));
        let taken = take(std::slice::from_ref(dir), &options, &mut File::create(&to).unwrap(), &())
            .unwrap_or_else(|error| panic!("{error}"));
        let odd: Vec<&String> =
            taken.directories.iter().flat_map(|one| one.changed.iter().chain(&one.missed)).collect();
        assert!(odd.is_empty(), "{}: {odd:?}", dir.display());
        (label.clone(), to)
    };
    originals.iter().map(one).collect()
}

/// The unpacked directories of a recording, by label.
fn originals(capture: &Capture, place: &Path) -> Vec<(String, PathBuf)> {
    let one = |label: &&str| {
        let dir = place.join("originals").join(label);
        unpack(&capture.dir.join(format!("{label}.tar.zst")), &dir);
        ((*label).to_owned(), dir)
    };
    capture.labels().iter().map(one).collect()
}

fn judge(inputs: &[(String, PathBuf)]) -> Analysis {
    let inputs: Vec<_> = inputs.iter().map(|(label, path)| labelled(label, path)).collect();
    analyze(collect(&inputs).unwrap(), Options::default(), &())
}

/// Codes of findings that are about the copy, about its form, or about what is inside the volume.
const OF_THE_COPY: &[&str] =
    &["JV026", "JV027", "JV028", "JV097", "JV110", "JV111", "JV112", "JV113", "JV114", "JV115", "JV116"];

/// The JSON without what depends on the form of the evidence, on what the copy is worth, and on what that decides.
fn bare(analysis: &Analysis, worth: bool) -> Value {
    let text = Document::of(analysis).to_text();
    let mut document: Value = serde_json::from_str(&text).unwrap();
    let document = document.as_object_mut().unwrap();
    for key in ["evidence", "witnesses", "addresses"] {
        document.remove(key);
    }
    for volume in document["volumes"].as_array_mut().unwrap() {
        let volume = volume.as_object_mut().unwrap();
        for key in ["inside", "file_losses", "steps"] {
            volume.remove(key);
        }
        let of_the_copy = |finding: &Value| OF_THE_COPY.iter().any(|code| finding["code"] == **code);
        volume["findings"].as_array_mut().unwrap().retain(|finding| !of_the_copy(finding));
        for replica in volume["replicas"].as_array_mut().unwrap() {
            let replica = replica.as_object_mut().unwrap();
            replica.remove("path");
            if worth {
                without(replica, &["quality", "defects", "remarks"]);
                for disk in replica["disks"].as_array_mut().unwrap() {
                    without(disk.as_object_mut().unwrap(), &["quality"]);
                }
            }
        }
        if worth {
            let verdict = volume["verdict"].as_object_mut().unwrap();
            without(
                verdict,
                &["confidence", "start", "reasons", "must_not_wipe", "collect", "rule", "changes"],
            );
            for finding in volume["findings"].as_array_mut().unwrap() {
                without(finding.as_object_mut().unwrap(), &["severity"]);
                // What a candidate holds is only likely where its copy is in doubt.
                if finding["facts"].get("compared").is_some() {
                    without(finding.as_object_mut().unwrap(), &["text"]);
                }
            }
        }
    }
    let mut bare = Value::Object(std::mem::take(document));
    if worth {
        certain(&mut bare);
    }
    without_places(&mut bare);
    bare
}

/// Whether something is proven or likely follows from what the copies are worth.
fn certain(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                match (key.as_str(), value.as_str()) {
                    ("held", Some("likely")) => *value = Value::from("proven"),
                    ("kind", Some("nothing-likely")) => *value = Value::from("nothing"),
                    _ => certain(value),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(certain),
        _ => {}
    }
}

/// Where a file lies is a matter of the form.
fn without_places(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                if let ("file", Some(text)) = (key.as_str(), value.as_str()) {
                    *value = Value::from(text.rsplit('/').next().unwrap_or_default());
                }
                // Of a log it stands in the sentence too.
                let said =
                    value.as_str().filter(|_| key == "text").and_then(|text| text.strip_prefix("the file "));
                if let Some((path, rest)) = said.and_then(|text| text.split_once(' ')) {
                    *value = Value::from(format!(
                        "the file {} {rest}",
                        path.rsplit('/').next().unwrap_or_default()
                    ));
                }
                without_places(value);
            }
        }
        Value::Array(list) => list.iter_mut().for_each(without_places),
        _ => {}
    }
}

fn without(map: &mut Map<String, Value>, keys: &[&str]) {
    for key in keys {
        map.remove(*key);
    }
}

/// The first places in which two documents differ.
fn apart(one: &Value, other: &Value, path: &str, out: &mut Vec<String>) {
    match (one, other) {
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().chain(b.keys()).collect::<BTreeSet<_>>() {
                let null = Value::Null;
                apart(
                    a.get(key).unwrap_or(&null),
                    b.get(key).unwrap_or(&null),
                    &format!("{path}/{key}"),
                    out,
                );
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (at, (a, b)) in a.iter().zip(b).enumerate() {
                apart(a, b, &format!("{path}/{at}"), out);
            }
        }
        _ if one == other => {}
        _ => {
            let short = |value: &Value| value.to_string().chars().take(300).collect::<String>();
            out.push(format!("{path}: {} | {}", short(one), short(other)));
        }
    }
}

fn compare(what: &str, one: &Value, other: &Value) -> Vec<String> {
    let mut out = Vec::new();
    apart(one, other, "", &mut out);
    out.iter().take(4).map(|line| format!("{what}: {line}")).collect()
}

/// Whether the answer changed for a doubt about a copy: a replica is judged now that was not, or a kind is settled.
fn settled(plain: &Analysis, judged: &Analysis) -> bool {
    use jivascope::verdict::VerdictKind::InsufficientEvidence;
    plain.volumes.iter().zip(&judged.volumes).any(|(plain, judged)| {
        let judges = |volume: &Volume| -> Vec<bool> {
            volume.replicas.iter().map(|replica| volume.copies.is_judged(replica)).collect()
        };
        let doubt = plain.verdict.kind == InsufficientEvidence && judged.verdict.kind != InsufficientEvidence;
        doubt || judges(plain) != judges(judged)
    })
}

/// Whether the bytes that would show one last write are not here, so that the answer is weaker than by data.
fn turns_on_bytes(judged: &Analysis) -> bool {
    let mut relations = judged.volumes.iter().flat_map(|volume| &volume.lineage.relations);
    relations.any(|relation| relation.doubts.contains(&Doubt::OneWriteUnread))
}

#[test]
fn capsules_give_the_answer_of_their_directories() {
    if !crate::support::stepping::have("recordings as capsules", &["tar", "zstd"]) {
        return;
    }
    let drawn = drawn();
    // The gate visits a third of them twice.
    let all = std::env::var_os("JIVASCOPE_CAPSULES").is_some();
    let by_quality = Mutex::new(BTreeSet::new());
    let wrong: Vec<String> = side_by_side(&drawn, |number, capture| {
        let place = tempfile::tempdir().unwrap();
        let originals = originals(capture, place.path());
        let plain = judge(&originals);
        let mut wrong = Vec::new();
        for origin in [false, true] {
            let capsules: Vec<(String, PathBuf)> = originals
                .iter()
                .map(|(label, dir)| {
                    let to = place.path().join(format!("{label}-{origin}.capsule"));
                    (label.clone(), capsule(dir, to, origin))
                })
                .collect();
            // With the data of the blocks that differ nothing is left that turns on bytes.
            let seconds = (origin && (all || number % 3 == 0))
                .then(|| second_visit(&originals, &capsules, place.path()));
            let visits = [("capsules", Some(capsules)), ("second visit", seconds)];
            for (what, capsules) in visits.into_iter().filter_map(|(what, list)| Some((what, list?))) {
                let judged = judge(&capsules);
                // A restored copy is worth no more as a capsule.
                if origin && settled(&plain, &judged) {
                    by_quality.lock().unwrap().insert(capture.name.clone());
                    continue;
                }
                let what = format!("{} ({what}, origin: {origin})", capture.name);
                let worth = origin || turns_on_bytes(&judged);
                wrong.extend(compare(&what, &bare(&plain, worth), &bare(&judged, worth)));
            }
        }
        wrong
    });
    assert!(wrong.is_empty(), "{} recordings:\n{}", drawn.len(), wrong.join("\n"));
    let by_quality = by_quality.into_inner().unwrap();
    if !by_quality.is_empty() {
        let (count, all) = (by_quality.len(), drawn.len());
        crate::support::stepping::left_out(
            &format!("{count} of {all} attested answers"),
            &format!("they follow from what the copies are worth: {by_quality:?}"),
        );
    }
    assert!(by_quality.len() * 3 < drawn.len(), "nearly nothing was compared");
}

/// The replicas' own directories, each beside a copy by a tool: the answer is that of the capsules, whichever tool it was,
/// and what it changed is named.
#[test]
fn beside_a_copy_the_capsule_decides() {
    if !crate::support::stepping::have("recordings as capsules", &["tar", "zstd"]) {
        return;
    }
    let here = |tool: &Tool| crate::support::stepping::have("copies by real tools", &[tool.program()]);
    let tools: Vec<Tool> = TOOLS.iter().copied().filter(here).collect();
    let all = std::env::var_os("JIVASCOPE_CAPSULES").is_some();
    let apart = AtomicUsize::new(0);
    let wrong: Vec<String> = side_by_side(&drawn(), |number, capture| {
        if capture.separate() {
            crate::support::stepping::left_out(
                &format!("{} beside copies", capture.name),
                "it is one replica, changed by hand in many ways, and each copy would be held against all of them",
            );
            return Vec::new();
        }
        let most = 1 << 30;
        if capture.replicas().iter().flat_map(|found| found.source.entries()).any(|entry| entry.size > most) {
            crate::support::stepping::left_out(
                &format!("{} beside copies", capture.name),
                "an image claims more than a GiB, which a tool that fills holes would write",
            );
            return Vec::new();
        }
        let place = tempfile::tempdir().unwrap();
        let originals = originals(capture, place.path());
        let capsules: Vec<(String, PathBuf)> = originals
            .iter()
            .map(|(label, dir)| {
                (label.clone(), capsule(dir, place.path().join(format!("{label}.capsule")), true))
            })
            .collect();
        let by_capsules = judge(&capsules);
        let worth = turns_on_bytes(&by_capsules);
        let truth = bare(&by_capsules, worth);
        let unnamed =
            by_capsules.volumes.iter().flat_map(|volume| &volume.replicas).any(|one| one.uuid().is_none());
        let mut wrong = Vec::new();
        let own = [tools[number % tools.len()], tools[(number * 3 + 1) % tools.len()]];
        for tool in if all { &tools[..] } else { &own[..] } {
            // Without a UUID only the times of the images show what a copy is of.
            if unnamed && !tool.keeps_times() {
                apart.fetch_add(1, Relaxed);
                continue;
            }
            let to = place.path().join(tool.name().replace([' ', '/'], "_"));
            std::fs::create_dir(&to).unwrap();
            let copies: Vec<(String, PathBuf)> = originals
                .iter()
                // Sorts as the label of its capsule does.
                .map(|(label, dir)| (format!("{label}~"), tool.copy(dir, &to.join(label))))
                .collect();
            let judged = judge(&capsules.iter().chain(&copies).cloned().collect::<Vec<_>>());
            let text = bare(&judged, worth).to_string().replace("~", "");
            let what = format!("{} ({})", capture.name, tool.name());
            wrong.extend(compare(&what, &truth, &serde_json::from_str(&text).unwrap()));
            for ((_, original), (label, copy)) in originals.iter().zip(&copies) {
                let held = held_against(&judged, label, copy, &changed(original, copy, *tool));
                wrong.extend(held.err().map(|line| format!("{what}: {line}")));
            }
            std::fs::remove_dir_all(&to).unwrap();
        }
        wrong
    });
    let apart = apart.into_inner();
    if apart > 0 {
        crate::support::stepping::left_out(
            &format!("{apart} copies by tools that keep no times"),
            "their replicas have no UUID, so nothing shows what they are copies of",
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Blocks of an image that a tool filled and dropped, by name.
type Changed = BTreeMap<String, (usize, usize)>;

/// What a tool changed, as the system's own look at both files shows it.
fn changed(original: &Path, copy: &Path, tool: Tool) -> Changed {
    let names = std::fs::read_dir(original).unwrap().map(|entry| entry.unwrap().file_name().into_string());
    let images =
        names.map(Result::unwrap).filter(|name| name.ends_with(".img") && original.join(name).is_file());
    let of = |name: String| {
        let was = stored_blocks(&original.join(&name));
        let is = match tool {
            Tool::TarSparse | Tool::Bsdtar => was.clone(),
            Tool::Tar | Tool::Busybox => {
                (0..original.join(&name).metadata().unwrap().len().div_ceil(4096)).collect()
            }
            _ => stored_blocks(&copy.join(&name)),
        };
        let change = (is.difference(&was).count(), was.difference(&is).count());
        (change != (0, 0)).then_some((name, change))
    };
    images.filter_map(of).collect()
}

/// Whether each change of a copy is named, by image and number of blocks, and no other; or that there is none.
fn held_against(judged: &Analysis, label: &str, copy: &Path, changed: &Changed) -> Result<(), String> {
    let volume = &judged.volumes[0];
    let (mut named, mut attested) = (Changed::new(), false);
    for finding in &volume.findings {
        match &finding.facts {
            Facts::CopyAttested(_) => attested |= finding.replica == Some(label.into()),
            Facts::CopyFilledHoles(change) if Path::new(&change.copy) == copy => {
                named.entry(change.image.to_string()).or_default().0 = change.blocks as usize;
            }
            Facts::CopyDroppedZeros(change) if Path::new(&change.copy) == copy => {
                named.entry(change.image.to_string()).or_default().1 = change.blocks as usize;
            }
            _ => {}
        }
    }
    if &named != changed {
        return Err(format!("{label}: the tool changed {changed:?}, and {named:?} was named"));
    }
    if attested != changed.is_empty() {
        return Err(format!("{label}: attested: {attested}, and the tool changed {changed:?}"));
    }
    Ok(())
}
