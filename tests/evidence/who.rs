//! What a replica directory is: Jiva's or another engine's, a whole clone or half of one, and what stands in its way.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::support::builder::{Drawn, image, judge_directories};
use crate::support::directory::{BLOCK, Body, Directory, Fill, Item};
use crate::support::only;
use jivascope::analysis::{Analysis, Options, analyze};
use jivascope::dialect::describe;
use jivascope::evidence::{Evidence, Found};
use jivascope::finding::{Code, Facts, Severity};
use jivascope::ident::{DiskName, Label};
use jivascope::replica::{Dialect, Flag, Replica, State};
use jivascope::verdict::Start;

/// One directory as a volume of one replica.
fn alone(directory: &Directory) -> Analysis {
    let mut options = Options::default();
    options.factor = 1;
    let found = found(directory);
    analyze(Evidence { inputs: Vec::new(), replicas: vec![found] }, options, &())
}

fn found(directory: &Directory) -> Found {
    Found {
        label: Label::new("a".to_owned()),
        path: "a".to_owned(),
        input: 0,
        source: Arc::new(directory.source()),
        labelled: true,
        volume: None,
        damage: Vec::new(),
    }
}

fn put(directory: &mut Directory, name: &str, size: u64, blocks: &[u64]) {
    let blocks = blocks.iter().map(|block| (*block, Fill::Text("put".to_owned()))).collect();
    let item = Item { body: Body::Sparse(size, blocks), mode: 0o644, modified: 1_767_225_600 };
    directory.files.insert(name.to_owned(), item);
}

fn has(replica: &Replica, code: Code) -> bool {
    replica.findings.iter().any(|finding| finding.code() == code)
}

const WHOLE: &str = "s1:10{0-9} s2:20{3} head4:20{1} now=27";

#[test]
fn half_a_clone_is_told_by_its_status_and_what_lies_there() {
    let cut_off = "head0:1 now=1 | s1^:10{0-9}";
    for (case, status, drawing, half) in [
        ("an ordinary replica", Some("NA"), WHOLE, false),
        ("a whole clone", Some("completed"), WHOLE, false),
        ("a version before 0.6.0", None, WHOLE, false),
        ("before its first start", Some(""), "head0:1 now=1", false),
        ("a joiner before its first start", Some(""), "s1:1 head1:1 now=1", false),
        ("an old version that never wrote NA", Some(""), WHOLE, false),
        ("volume.meta lost, begun anew", Some(""), "head0:101 now=101 | s1:10{0-9} head4<s1:20{1}", false),
        ("a cut", Some("inProgress"), cut_off, true),
        ("a cut before anything was copied", Some("inProgress"), "head0:1 now=1", true),
        ("all copied, not ended", Some("inProgress"), "s1^:10{0-9} head0:10 now=10", true),
        ("failed", Some("error"), cut_off, true),
        ("begun, and the status not yet written", Some(""), cut_off, true),
    ] {
        let mut drawn = Drawn::draw(drawing);
        drawn.meta.clone_status = status.map(str::to_owned);
        let directory = drawn.directory();
        let replica = describe(&found(&directory));
        assert_eq!(replica.flags.contains(&Flag::HalfClone), half, "{case}");
        assert_eq!(has(&replica, Code::HalfClone), half, "{case}");
        if half {
            let volume = &alone(&directory).volumes[0];
            assert!(matches!(volume.verdict.start, Some(Start::Stuck)), "{case}: {:?}", volume.verdict.start);
            let two = Drawn::draw(WHOLE).directory();
            let volume = &judge_directories(&[two.clone(), two, directory], false).volumes[0];
            assert!(
                matches!(volume.verdict.start, Some(Start::Unsafe | Start::Unknown)),
                "{case} beside whole ones: {:?}",
                volume.verdict.start
            );
        }
    }
}

#[test]
fn a_next_head_with_data_is_in_the_way_and_an_empty_one_is_not() {
    let size = 64 * BLOCK;
    for (case, name, blocks, blocked) in [
        ("the next head stores data", "head5", &[7][..], true),
        ("the next head is empty", "head5", &[], false),
        ("an older head stores data", "head3", &[7], false),
        ("a head far ahead stores data", "head9", &[7], false),
    ] {
        let mut directory = Drawn::draw(WHOLE).directory();
        put(&mut directory, &image(name), size, blocks);
        let replica = describe(&found(&directory));
        assert_eq!(replica.flags.contains(&Flag::CannotSnapshot), blocked, "{case}");
        assert_eq!(replica.state, State::Usable, "{case}");
        let told = replica.findings.iter().find(|finding| finding.code() == Code::CannotSnapshot);
        assert_eq!(told.is_some(), blocked, "{case}");
        if let Some(told) = told {
            let facts = Facts::CannotSnapshot {
                next_head: DiskName::from("volume-head-005.img"),
                bytes: Some(BLOCK),
            };
            assert_eq!(told.facts, facts);
            assert_eq!(told.severity(), Severity::Danger);
            assert!(!has(&replica, Code::SnapshotCrash), "that finding says that nothing is needed");
            assert_ne!(alone(&directory).volumes[0].verdict.start, Some(Start::Safe), "{case}");
        }
    }
}

#[test]
fn data_beyond_the_size_are_seen() {
    let size = 64 * BLOCK;
    for (case, long, blocks, beyond) in [
        ("longer, and nothing stored there", 2 * size, &[1][..], false),
        ("longer, and something stored there", 2 * size, &[1, 70], true),
        ("of the volume's size", size, &[63], false),
    ] {
        let mut directory = Drawn::draw(WHOLE).directory();
        put(&mut directory, &image("s2"), long, blocks);
        let replica = describe(&found(&directory));
        assert_eq!(replica.flags.contains(&Flag::DataBeyondSize), beyond, "{case}");
        assert_eq!(has(&replica, Code::DataBeyondSize), beyond, "{case}");
    }
}

#[test]
fn a_backing_file_must_be_here() {
    for (name, here, missing) in
        [("", false, false), ("base.qcow2", false, true), ("base.qcow2", true, false)]
    {
        let mut drawn = Drawn::draw(WHOLE);
        drawn.meta.backing_file_name = Some(name.to_owned());
        let mut directory = drawn.directory();
        if here {
            directory.put(name, b"QFI".to_vec());
        }
        let replica = describe(&found(&directory));
        assert_eq!(replica.flags.contains(&Flag::BackingFileMissing), missing, "{name:?}");
        assert_eq!(has(&replica, Code::BackingFileMissing), missing, "{name:?}");
        assert_eq!(!replica.defects.is_empty(), missing, "{name:?}: the copy is not whole");
    }
}

#[test]
fn data_that_are_gone_are_told_from_a_new_directory() {
    for (case, drawing, gone) in [
        ("writes were counted", "s1:10 head4:20 now=27", true),
        ("one head, by an old version", "head0 now=512", true),
        ("a new directory", "head0:1 now=1", false),
        ("something is stored", "s1:10{0} head4:20 now=27", false),
        ("something lies beside the chain", "head0:27 now=27 | s1:10{0}", false),
        ("records without images", "s1?:10 head4?:20 now=27", false),
    ] {
        let directory = Drawn::draw(drawing).directory();
        let replica = describe(&found(&directory));
        assert_eq!(replica.flags.contains(&Flag::DataGone), gone, "{case}");
        assert_eq!(has(&replica, Code::DataGone), gone, "{case}");
        assert_eq!(replica.is_just_made(), case == "a new directory", "{case}");
        if gone {
            assert_ne!(alone(&directory).volumes[0].verdict.start, Some(Start::Safe), "{case}");
        }
    }
}

/// What cannot be read here is never an error of Jiva's.
#[test]
fn what_the_reader_cannot_read_is_the_readers() {
    let directory = Drawn::draw(WHOLE).directory();
    let base = format!("{}.meta", image("s1"));
    for (file, state) in [
        ("revision.counter", State::Usable),
        ("log.info", State::Usable),
        ("volume.meta", State::Broken),
        (&base[..], State::Broken),
    ] {
        let source = directory.source().fail_read(file, 0);
        let replica = describe(&Found { source: Arc::new(source), ..found(&directory) });
        assert_eq!(replica.state, state, "{file}");
        assert_eq!((&replica.error, &replica.start_error), (&None, &None), "{file}");
        assert_eq!(replica.unread.len(), 1, "{file}: {:?}", replica.unread);
        let unread = &replica.unread[0];
        assert_eq!((unread.replica.as_str(), unread.file.as_str()), ("a", file));
        assert_eq!(replica.counter_unread, file == "revision.counter");
        assert_eq!(replica.defects.is_empty(), state == State::Usable, "{file}: {:?}", replica.defects);
        for code in [Code::CannotOpen, Code::CounterMissing, Code::CounterUnreadable, Code::LogInfoUnreadable]
        {
            assert!(!has(&replica, code), "{file}: {code}");
        }
        assert!(has(&replica, Code::NotReadHere), "{file}");
        if state == State::Broken {
            let why = replica.why_broken().unwrap_or_default();
            assert!(why.contains(file), "{why}");
        }
    }
}

#[test]
fn without_the_counter_nothing_is_foretold() {
    let directory = Drawn::draw(WHOLE).directory();
    let source = directory.source().fail_read("revision.counter", 0);
    let unread = Found { source: Arc::new(source), ..found(&directory) };
    let mut options = Options::default();
    options.factor = 1;
    let analysis = analyze(Evidence { inputs: Vec::new(), replicas: vec![unread] }, options, &());
    let volume = &analysis.volumes[0];
    assert_eq!(volume.verdict.start, Some(Start::Unknown));
    assert!(volume.elections.is_empty() && volume.joins.is_empty());
}

const LONGHORN_META: &str = r#"{"Size":262144,"Head":"volume-head-004.img","Dirty":true,"Rebuilding":true,"Error":"","Parent":"volume-snap-s1.img","SectorSize":512,"BackingFilePath":"BACKING"}"#;

fn longhorn(backing: &str) -> Directory {
    let mut directory = Drawn::draw("s1{0-9} head4{1} now=27").directory();
    directory.put("volume.meta", LONGHORN_META.replace("BACKING", backing));
    directory.remove("log.info");
    for (name, spelt, parent) in [("s1", "head2", ""), ("head4", "head3", "volume-snap-s1.img")] {
        let record = format!(
            r#"{{"Name":"{}","Parent":"{parent}","Removed":false,"UserCreated":false,"Created":"2026-01-01T00:00:00Z","Labels":null}}"#,
            image(spelt)
        );
        directory.put(&format!("{}.meta", image(name)), record);
    }
    directory
}

#[test]
fn a_longhorn_directory_gets_no_rule_of_jivas() {
    let directory = longhorn("");
    let replica = describe(&found(&directory));
    assert_eq!((replica.dialect, replica.state), (Dialect::Longhorn, State::Usable));
    assert!(replica.peer.is_none() && replica.clean_tip.is_none() && replica.error.is_none());
    let codes: Vec<Code> = replica.findings.iter().map(|finding| finding.code()).collect();
    assert_eq!(codes, [Code::ForeignDialect]);
    let volume = &alone(&directory).volumes[0];
    assert_eq!(volume.verdict.start, Some(Start::Unknown));
    assert!(volume.elections.is_empty() && volume.joins.is_empty() && volume.starts.is_empty());

    let backed = describe(&found(&longhorn("/host/backing-images/b/backing")));
    assert_eq!(backed.backing_file.as_deref(), Some("/host/backing-images/b/backing"));
    assert!(backed.flags.contains(&Flag::BackingFileMissing) && !backed.defects.is_empty());

    let mut mixed = longhorn("");
    mixed.put("volume.meta", LONGHORN_META.replace("BACKING\"", "\",\"UUID\":\"1\""));
    let mixed = describe(&found(&mixed));
    assert_eq!(mixed.dialect, Dialect::Unknown);
    assert!(!mixed.is_jivas() && has(&mixed, Code::ForeignDialect));
}

/// An enlargement leaves old images as short as they were, and Longhorn reads zeros behind them.
#[test]
fn behind_a_short_base_longhorn_reads_zeros() {
    let mut directory = longhorn("");
    put(&mut directory, &image("s1"), 16 * BLOCK, &[0]);
    let replica = describe(&found(&directory));
    assert!(replica.defects.is_empty(), "{:?}", replica.defects);
    let view = jivascope::blocks::MergedView::live(&replica).unwrap();
    let mut block = vec![1; BLOCK as usize];
    view.read_at(40 * BLOCK, &mut block).unwrap();
    assert!(block.iter().all(|byte| *byte == 0));
}

/// Archives of replicas below a folder, by their paths.
fn archives(root: &Path) -> Vec<std::path::PathBuf> {
    let all = walkdir::WalkDir::new(root).sort_by_file_name().into_iter().map(Result::unwrap);
    all.map(walkdir::DirEntry::into_path)
        .filter(|path| path.to_string_lossy().ends_with(".tar.zst"))
        .collect()
}

/// What the recordings say of themselves: every one of Longhorn's is recognised, and none of Jiva's is taken for one.
#[test]
fn the_engines_of_all_recordings_are_recognised() {
    let Some(captures) = crate::support::captures("which engine wrote the recordings") else { return };
    let mut count: BTreeMap<Dialect, usize> = BTreeMap::new();
    for root in [captures.clone(), captures.with_file_name("captures-2")].iter().filter(|root| root.is_dir())
    {
        for path in archives(root) {
            let replica = describe(&only(&path));
            assert!(replica.is_jivas(), "{}", path.display());
            *count.entry(replica.dialect).or_default() += 1;
        }
    }
    assert!(count.get(&Dialect::Jiva).copied().unwrap_or(0) > 100, "{count:?}");
    let longhorn = captures.with_file_name("longhorn");
    if !longhorn.is_dir() {
        crate::support::stepping::left_out(
            "the recordings of Longhorn",
            "no such folder beside the captures",
        );
        return;
    }
    let mut seen = 0;
    for path in archives(&longhorn) {
        // Without a record, `volume.meta` or a name that tells, no directory says whose it is.
        if ["empty-directory.tar.zst", "only-images.tar.zst"].iter().any(|name| path.ends_with(name)) {
            continue;
        }
        let replica = describe(&only(&path));
        assert_eq!(replica.dialect, Dialect::Longhorn, "{}", path.display());
        assert!(replica.error.is_none() && replica.clean_tip.is_none(), "{}", path.display());
        seen += 1;
    }
    assert!(seen > 100, "{seen} recordings");
}
