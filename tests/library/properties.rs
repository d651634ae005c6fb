//! What must hold for any evidence: the order in which it comes, the form in which it comes, a copy more of it, and
//! bytes that nobody foresaw. And that it is left as it was.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::builder::{Drawn, judge_directories};
use crate::support::directory::{Body, Directory, Fill};
use crate::support::recorded::bundled;
use crate::support::stepping::have;
use crate::support::{labelled, run};
use jivascope::analysis::{Options, Volume, analyze};
use jivascope::evidence::{Images, Input, gather};
use jivascope::report::json::Document;
use jivascope::verdict::VerdictKind;
use proptest::prelude::*;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The document's `volumes`, where no place of the evidence stands in it.
fn volumes(inputs: &[Input]) -> Value {
    let options = jivascope::evidence::Options::new(Images::Spool { dir: None, limit: 1 << 30 });
    let evidence = gather(inputs, &options).unwrap_or_else(|error| panic!("{error}"));
    let analysis = analyze(evidence, Options::default(), &());
    // How the extents are known is the form's own.
    let text = Document::of(&analysis).to_text();
    let text =
        text.replace("(by the archive's map)", "(by extents)").replace("(by SEEK_DATA)", "(by extents)");
    let document: Value = serde_json::from_str(&text).unwrap();
    let mut volumes = document["volumes"].clone();
    for volume in volumes.as_array_mut().unwrap() {
        for replica in volume["replicas"].as_array_mut().unwrap() {
            assert!(replica["path"].take().is_string());
        }
        // Commands name the inputs.
        for step in volume["steps"].as_array_mut().into_iter().flatten() {
            step.as_object_mut().unwrap().remove("argv");
        }
    }
    volumes
}

/// Every order of a few things.
fn orders<T: Clone>(things: &[T]) -> Vec<Vec<T>> {
    if things.len() < 2 {
        return vec![things.to_vec()];
    }
    (0..things.len())
        .flat_map(|first| {
            let mut rest = things.to_vec();
            let thing = rest.remove(first);
            orders(&rest).into_iter().map(move |mut order| {
                order.insert(0, thing.clone());
                order
            })
        })
        .collect()
}

#[test]
fn the_order_of_inputs_changes_nothing() {
    for name in ["05-split-brain", "08-missing-witness", "15-snapshot-crash", "10-blank-wins"] {
        let inputs: Vec<Input> = ["rep-1", "rep-2", "rep-3"]
            .map(|label| labelled(label, bundled().join(name).join(format!("{label}.tar.zst"))))
            .into();
        let first = volumes(&inputs);
        for order in orders(&inputs) {
            assert_eq!(volumes(&order), first, "{name}: {order:?}");
        }
    }
}

/// Three replicas with everything that a form of archive could lose: links, holes, zeros, off-chain disks, odd sizes.
fn rich() -> [Directory; 3] {
    let trunk = "s1:10{0-9,20z} s2!:20{10-19,5z} s3:30{30-39}";
    let drawings = [
        format!("{trunk} head4:30{{50-52}} now=33 cp=s3"),
        "s1:20{0-9,20z,10-19@s2,5z} s3:30{30-39} head7:30{50@head4} now=31 cp=s3 | o1<s1:12{60}".to_string(),
        format!("{trunk} u1:30{{40}} u2:30 head9=head44/u2:77 now=30 cp=s3 rebuilding"),
    ];
    let mut directories = drawings.map(|text| Drawn::draw(&text).directory());
    let link = directories[1].files["volume-head-007.img"].clone();
    directories[1].files.insert(
        "volume-snap-alias.img".into(),
        crate::support::directory::Item { body: Body::Link("volume-head-007.img".into()), ..link },
    );
    if let Body::Sparse(_, blocks) = &mut directories[0].files.get_mut("volume-head-004.img").unwrap().body {
        blocks.insert(63, Fill::Text("the very last block".into()));
    }
    if let Body::Sparse(size, _) = &mut directories[2].files.get_mut("volume-snap-u2.img").unwrap().body {
        *size = 40 * 4096 - 700; // shorter than the volume, and no whole number of blocks
    }
    directories
}

#[test]
fn the_order_of_files_in_an_archive_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let give = |name: &str, reverse: bool| -> Vec<Input> {
        rich()
            .iter()
            .enumerate()
            .map(|(n, directory)| {
                let path = dir.path().join(format!("{name}-{n}.tar"));
                std::fs::write(
                    &path,
                    directory.tar_in_order("pvc-1", |files| {
                        if reverse {
                            files.reverse()
                        }
                    }),
                )
                .unwrap();
                labelled(&format!("rep-{n}"), path)
            })
            .collect()
    };
    assert_eq!(volumes(&give("one", false)), volumes(&give("other", true)));
}

#[test]
fn a_directory_and_every_archive_form_of_it_give_the_same_answer() {
    const TEST: &str = "a_directory_and_every_archive_form_of_it_give_the_same_answer";
    if !have(TEST, &["tar", "gzip", "zstd", "xz", "bzip2"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let place = |n: usize| dir.path().join(format!("node-{n}/pvc-1"));
    for (n, directory) in rich().iter().enumerate() {
        directory.write_to(&place(n));
    }
    let of = |paths: Vec<PathBuf>| -> Vec<Input> {
        paths.into_iter().enumerate().map(|(n, path)| labelled(&format!("rep-{n}"), path)).collect()
    };
    let first = volumes(&of((0..3).map(place).collect()));
    assert_eq!(first.as_array().unwrap().len(), 1);
    let forms: [&[&str]; 6] = [
        &["--format=gnu"],
        &["--format=oldgnu"],
        &["--format=posix", "--sparse-version=0.0"],
        &["--format=posix", "--sparse-version=0.1"],
        &["--format=posix", "--sparse-version=1.0"],
        &["--format=gnu", "--sort=name"],
    ];
    let mut seen = 0;
    for (at, form) in forms.iter().enumerate() {
        for (ending, program) in [
            ("tar", None),
            ("tar.gz", Some("gzip")),
            ("tar.zst", Some("zstd")),
            ("tar.xz", Some("xz")),
            ("tar.bz2", Some("bzip2")),
        ] {
            let archives: Vec<PathBuf> = (0..3)
                .map(|n| {
                    let archive = dir.path().join(format!("{at}-{n}.{ending}"));
                    let mut tar = Command::new("tar");
                    tar.arg("--sparse")
                        .args(*form)
                        .arg("-C")
                        .arg(place(n).parent().unwrap())
                        .arg("-cf")
                        .arg(&archive);
                    if let Some(program) = program {
                        tar.arg("-I").arg(program);
                    }
                    assert!(run(tar.arg("pvc-1")));
                    archive
                })
                .collect();
            assert_eq!(volumes(&of(archives)), first, "{form:?} {ending}");
            seen += 1;
        }
    }
    assert_eq!(seen, 30);
    // And all three in one archive, and in one directory.
    let all = dir.path().join("all.tar");
    assert!(run(Command::new("tar")
        .arg("--sparse")
        .arg("-C")
        .arg(dir.path())
        .arg("-cf")
        .arg(&all)
        .args(["node-0", "node-1", "node-2"])));
    let within = |path: &Path| volumes(&[crate::support::plain(path)]);
    let tree = dir.path().join("tree");
    std::fs::create_dir(&tree).unwrap();
    for n in 0..3 {
        std::fs::rename(dir.path().join(format!("node-{n}")), tree.join(format!("node-{n}"))).unwrap();
    }
    assert_eq!(within(&all), within(&tree));
}

/// One layer of a random history: blocks, and who fills them.
type RandomLayer = Vec<(u64, u8)>;

fn random_layer() -> impl Strategy<Value = RandomLayer> {
    prop::collection::vec((0u64..24, 0u8..3), 0..6)
}

/// A trunk that all have, and what each has above it: snapshots, a head, whether the last join was refused.
#[derive(Debug, Clone)]
struct RandomSet {
    trunk: Vec<RandomLayer>,
    above: Vec<(Vec<RandomLayer>, RandomLayer, bool)>,
}

fn random_set() -> impl Strategy<Value = RandomSet> {
    let own = (prop::collection::vec(random_layer(), 0..3), random_layer(), prop::bool::weighted(0.2));
    (prop::collection::vec(random_layer(), 0..4), prop::collection::vec(own, 2..4))
        .prop_map(|(trunk, above)| RandomSet { trunk, above })
}

impl RandomSet {
    fn directories(&self) -> Vec<Directory> {
        let spell = |layer: &RandomLayer| {
            let blocks: Vec<String> = layer
                .iter()
                .map(|(block, by)| if *by == 0 { format!("{block}z") } else { format!("{block}@w{by}") })
                .collect();
            blocks.join(",")
        };
        self.above
            .iter()
            .enumerate()
            .map(|(who, (snapshots, head, refused))| {
                let mut text = String::new();
                let mut count = 10;
                for (n, layer) in self.trunk.iter().enumerate() {
                    text += &format!("s{n}:{count}{{{}}} ", spell(layer));
                    count += 10;
                }
                for (n, layer) in snapshots.iter().enumerate() {
                    text += &format!("own{who}x{n}:{count}{{{}}} ", spell(layer));
                    count += 10;
                }
                if *refused {
                    text += &format!(
                        "u{who}:{count}{{{}}} head9=head30/u{who}:77 now={count} rebuilding",
                        spell(head)
                    );
                } else {
                    text += &format!("head9:{count}{{{}}} now={}", spell(head), count + head.len());
                }
                if let Some(newest) = self.trunk.len().checked_sub(1) {
                    text += &format!(" cp=s{newest}");
                }
                let mut drawn = Drawn::draw(&text);
                drawn.meta.uuid = Some(format!("{who:040x}"));
                drawn.directory()
            })
            .collect()
    }
}

fn named(volume: &Volume) -> BTreeSet<&str> {
    volume.verdict.holders.iter().map(|label| label.as_str()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_copy_more_never_changes_the_winner(set in random_set(), which in 0usize..3, metadata_only: bool) {
        let mut directories = set.directories();
        let which = which % directories.len();
        let before = judge_directories(&directories, metadata_only);
        directories.push(directories[which].clone());
        let after = judge_directories(&directories, metadata_only);
        let (one, other) = (&before.volumes[0], &after.volumes[0]);
        let copy = char::from(b'a' + u8::try_from(directories.len() - 1).unwrap()).to_string();
        let mut with_copy = named(other);
        let copied = one.replicas[which].label.as_str();
        prop_assert_eq!(with_copy.remove(copy.as_str()), named(one).contains(copied));
        prop_assert_eq!(with_copy, named(one));
        prop_assert_eq!(one.verdict.kind, other.verdict.kind);
        prop_assert_eq!(&one.verdict.keep, &other.verdict.keep);
        prop_assert_eq!(one.verdict.ways, other.verdict.ways);
        prop_assert_eq!(one.verdict.complete, other.verdict.complete);
    }

    /// Labels are names and no more: whoever is first makes no difference to who holds what.
    #[test]
    fn the_order_of_replicas_changes_no_verdict(set in random_set(), metadata_only: bool) {
        let directories = set.directories();
        let turned: Vec<Directory> = directories.iter().rev().cloned().collect();
        let (one, other) = (judge_directories(&directories, metadata_only), judge_directories(&turned, metadata_only));
        let (one, other) = (&one.volumes[0], &other.volumes[0]);
        let last = directories.len() - 1;
        let mirrored: BTreeSet<String> = other
            .verdict
            .holders
            .iter()
            .map(|label| char::from(b'a' + u8::try_from(last).unwrap() - (label.as_str().as_bytes()[0] - b'a')).to_string())
            .collect();
        prop_assert_eq!(named(one), mirrored.iter().map(String::as_str).collect::<BTreeSet<_>>());
        prop_assert_eq!(
            (one.verdict.kind, one.verdict.confidence, one.verdict.ways, one.verdict.start),
            (other.verdict.kind, other.verdict.confidence, other.verdict.ways, other.verdict.start)
        );
    }

    /// By the blocks a holder's view includes everything: no replica with an own differing block above a state that
    /// both share is left out of account when another is named.
    #[test]
    fn a_proven_consistent_set_has_equal_views(set in random_set()) {
        let analysis = judge_directories(&set.directories(), false);
        let volume = &analysis.volumes[0];
        if volume.verdict.kind == VerdictKind::Consistent && volume.verdict.confidence == jivascope::verdict::Confidence::Proven {
            for relation in &volume.lineage.relations {
                prop_assert!(relation.differ.as_ref().is_some_and(|differ| differ.is_empty()));
            }
        }
    }

    #[test]
    fn no_bytes_in_a_record_make_it_panic_or_hang(
        which in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), prop::collection::vec(any::<u8>(), 0..6), 0usize..4), 1..4),
    ) {
        let mut directories = rich().to_vec();
        let names: Vec<String> = directories[0]
            .files
            .iter()
            .filter(|(_, item)| matches!(item.body, Body::Bytes(_)))
            .map(|(name, _)| name.clone())
            .collect();
        let name = which.get(&names).clone();
        let Body::Bytes(mut bytes) = directories[0].files[&name].body.clone() else { unreachable!() };
        for (at, new, gone) in edits {
            let at = at.index(bytes.len() + 1);
            let end = (at + gone).min(bytes.len());
            bytes.splice(at..end, new);
        }
        directories[0].put(&name, bytes);
        for metadata_only in [true, false] {
            let analysis = judge_directories(&directories, metadata_only);
            prop_assert_eq!(analysis.volumes[0].replicas.len(), 3);
            let text = Document::of(&analysis).to_text();
            prop_assert!(serde_json::from_str::<Value>(&text).is_ok());
        }
    }

    #[test]
    fn no_names_and_parents_make_it_panic_or_hang(
        names in prop::collection::vec("[a-c./\u{1b}\u{202e}-]{0,3}", 1..5),
        parents in prop::collection::vec(any::<prop::sample::Index>(), 5),
        head in any::<prop::sample::Index>(),
    ) {
        let mut directory = Drawn::draw("s1:10{0-9} head2:10 now=10").directory();
        for (name, parent) in names.iter().zip(&parents) {
            let parent = serde_json::to_string(&format!("volume-snap-{}.img", parent.get(&names))).unwrap();
            let record = format!("{{\"Name\":\"x\",\"Parent\":{parent},\"Removed\":false,\"UserCreated\":false,\"Created\":\"\",\"RevisionCounter\":5}}\n");
            directory.put(&format!("volume-snap-{name}.img.meta"), record);
        }
        let head = serde_json::to_string(&format!("volume-snap-{}.img", head.get(&names))).unwrap();
        let meta = directory.text("volume.meta").replace("\"volume-head-002.img\"", &head);
        directory.put("volume.meta", meta);
        let analysis = judge_directories(&[directory.clone(), directory], false);
        let raw = Document::of(&analysis).to_text().chars().any(|c| c.is_control() && c != '\n');
        prop_assert!(!raw, "a control character stands raw in the document");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_in_an_archive_make_it_panic_or_hang(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40),
        cut in prop::option::of(any::<prop::sample::Index>()),
        packed: bool,
    ) {
        let whole = &rich()[1];
        let mut bytes = if packed { whole.tar_zst("pvc-1") } else { whole.tar("pvc-1") };
        for (at, byte) in edits {
            // Headers and maps rather than payload, which is most of a plain archive.
            let at = if packed { at.index(bytes.len()) } else { at.index(bytes.len() / 512) * 512 + usize::from(byte) * 2 };
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let mut file = tempfile::NamedTempFile::new().unwrap();
        std::io::Write::write_all(&mut file, &bytes).unwrap();
        let options = jivascope::evidence::Options::new(Images::Spool { dir: None, limit: 1 << 26 });
        if let Ok(evidence) = gather(&[labelled("rep-1", file.path())], &options) {
            let analysis = analyze(evidence, Options::default(), &());
            prop_assert!(serde_json::from_str::<Value>(&Document::of(&analysis).to_text()).is_ok());
        }
    }
}

/// All that can be seen of a tree, access times aside.
/// What of a file must not change: inode, size, mode, times of change, and its sum.
type FileFacts = (u64, u64, u32, i64, i64, i64, i64, String);

fn state(root: &Path) -> BTreeMap<PathBuf, FileFacts> {
    walkdir::WalkDir::new(root)
        .into_iter()
        .map(|entry| {
            let entry = entry.unwrap();
            let meta = entry.metadata().unwrap();
            let bytes = if meta.is_file() { std::fs::read(entry.path()).unwrap() } else { Vec::new() };
            let hash = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
            let times = (meta.mtime(), meta.mtime_nsec(), meta.ctime(), meta.ctime_nsec());
            (
                entry.path().to_owned(),
                (meta.ino(), meta.blocks(), meta.mode(), times.0, times.1, times.2, times.3, hash),
            )
        })
        .collect()
}

#[test]
fn evidence_is_left_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let evidence = dir.path().join("evidence");
    for (n, directory) in rich().iter().enumerate() {
        directory.write_to(&evidence.join(format!("node-{n}/pvc-1")));
        std::fs::write(evidence.join(format!("rep-{n}.tar")), directory.tar("pvc-1")).unwrap();
        std::fs::write(evidence.join(format!("rep-{n}.tar.zst")), directory.tar_zst("pvc-1")).unwrap();
    }
    let inputs = |form: &str| -> Vec<String> {
        let path = |n| match form {
            "directory" => evidence.join(format!("node-{n}/pvc-1")),
            form => evidence.join(format!("rep-{n}.{form}")),
        };
        (0..3).map(|n| format!("rep-{n}={}", path(n).display())).collect()
    };
    let before = state(&evidence);
    let program = env!("CARGO_BIN_EXE_jivascope");
    let help = Command::new(program).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let commands: Vec<&str> = help
        .lines()
        .skip_while(|line| !line.starts_with("Commands:"))
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(commands.contains(&"analyze") && commands.contains(&"hash"), "{commands:?}");
    let mut ran = 0;
    for form in ["directory", "tar", "tar.zst"] {
        for &command in commands.iter().filter(|command| !["help", "explain"].contains(command)) {
            let mut call = Command::new(program);
            call.current_dir(&evidence).arg(command).args(inputs(form));
            if command == "export" {
                call.args(["--replica", "rep-0", "--to"]).arg(dir.path().join(format!("{form}.raw")));
            }
            if command == "serve" {
                // It would go on serving.
                call.arg("--list");
            }
            let status = call.output().unwrap().status.code();
            // What a command says of this evidence, or that it takes other arguments, is its own matter here.
            assert!(status.is_some_and(|code| code != 101), "{command} {form}: {status:?}");
            ran += usize::from(status != Some(2));
            assert_eq!(state(&evidence), before, "{command} {form}");
        }
    }
    assert!(ran >= 9, "only {ran} commands did their work");
}
