//! The report as a page and the drawings in it: well formed and harmless whatever the evidence, bounded however much of it
//! there is, the same bytes whatever its order, and true to the answer.
#![cfg(feature = "cli")]

use std::fmt::Write;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jivascope::analysis::{Analysis, Options, analyze};
use jivascope::evidence::{Evidence, Found};
use jivascope::ident::Label;
use jivascope::report::drawing::{Drawing, LineKind, Mark, Scope};
use jivascope::report::model::{BlockMap, History};
use jivascope::report::{html, svg};
use jivascope::verdict::VerdictKind;
use sha2::{Digest, Sha256};

use crate::support::builder::{Drawn, judge};
use crate::support::directory::Directory;
use crate::support::evil::EVIL;
use crate::support::markup::{can_be_read_aloud, keeps_to_itself, tags};
use crate::support::{collect, labelled};

const ONE: &str = "s1:10{0-9} head1:10{1,2,5z} now=20";
const OTHER: &str = "s1:10{0-9} head1:10{1@x,3@x,8} now=20";
/// As a write that was never acknowledged leaves it.
const ONE_WRITE: &str = "s1:10{0-9} head1:10{1@x,2@x,5z} now=20";

/// Everything that must hold of any page and any drawing.
fn check(analysis: &Analysis) -> String {
    let page = html::analysis(analysis);
    let read = tags(&page);
    keeps_to_itself(&read);
    can_be_read_aloud(&read);
    let policy = read
        .iter()
        .find(|tag| tag.attributes.get("http-equiv").is_some_and(|name| name == "Content-Security-Policy"))
        .expect("there is a policy");
    let style = read.iter().find(|tag| tag.name == "style").expect("there is a style");
    let sum = STANDARD.encode(Sha256::digest(&style.text));
    let expected = format!(
        "default-src &#39;none&#39;; style-src &#39;sha256-{sum}&#39;; img-src data:; base-uri &#39;none&#39;; form-action &#39;none&#39;"
    );
    let said = policy.attributes["content"].replace('\'', "&#39;");
    assert_eq!(said, expected);
    for full in [false, true] {
        let drawing = svg::graph(analysis, full);
        let read = tags(&drawing);
        keeps_to_itself(&read);
        assert!(drawing.starts_with("<?xml") && read[0].name == "svg", "{drawing:.200}");
    }
    page
}

fn named(drawings: &[(&str, &str)]) -> Analysis {
    let found = |(label, drawing): &(&str, &str)| found(label, Drawn::draw(drawing).directory());
    let replicas = drawings.iter().map(found).collect();
    analyze(Evidence { inputs: Vec::new(), replicas }, Options::default(), &())
}

fn found(label: &str, directory: Directory) -> Found {
    Found {
        label: Label::new(label.to_owned()),
        path: format!("/evidence/{label}"),
        input: 0,
        source: Arc::new(directory.source()),
        labelled: true,
        volume: None,
        damage: Vec::new(),
    }
}

fn drawing(analysis: &Analysis) -> Drawing {
    Drawing::of(&History::of(&analysis.volumes[0]), Scope::default())
}

#[test]
fn hostile_names_are_text_and_nothing_else() {
    let script = "</title></style><script>alert(1)</script><svg onload=alert(1)>\"'&amp;";
    let analysis = named(&[(EVIL, ONE), (script, OTHER), ("no \u{ffff} character \u{fffe} of XML", ONE)]);
    let page = check(&analysis);
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{page:.3000}");
    assert!(page.contains("\\u{1b}[31m") && !page.contains("\\u{5c}"));
}

#[test]
fn a_page_of_nothing_is_a_page() {
    let nothing = analyze(Evidence { inputs: Vec::new(), replicas: Vec::new() }, Options::default(), &());
    let page = check(&nothing);
    assert!(page.contains("INSUFFICIENT EVIDENCE"), "{page}");
}

#[test]
fn the_order_of_the_evidence_makes_no_difference() {
    let (one, other) = (named(&[("a", ONE), ("b", OTHER)]), named(&[("b", OTHER), ("a", ONE)]));
    assert_eq!(html::analysis(&one), html::analysis(&other));
    assert_eq!(svg::graph(&one, false), svg::graph(&other, false));
}

#[test]
fn the_page_says_what_the_verdict_says() {
    let analysis = judge(&[ONE, OTHER], false);
    let page = check(&analysis);
    let answer = &jivascope::report::model::Report::of(&analysis).volumes[0].answer;
    for text in [&answer.headline, &answer.dont, &answer.examined] {
        assert!(page.contains(&jivascope::report::escape::html(text)), "{text}");
    }
    for section in ["What to do now", "What is lost", "Replicas", "History", "Block map", "Why", "Evidence"] {
        assert!(page.contains(&format!(">{section}</h")), "{section}");
    }
}

/// What two replicas share is one bar over both lanes; where they go apart it is marked, with who goes which way.
#[test]
fn a_split_is_drawn_where_it_is() {
    let drawing = drawing(&judge(&[ONE, OTHER], false));
    let parts: Vec<_> = drawing.rows.iter().filter(|row| row.parts).collect();
    let [row] = &parts[..] else { panic!("{drawing:?}") };
    assert_eq!((row.dots.len(), row.mark), (2, Mark::Snapshot));
    assert!(row.notes.contains(&"diverged after this: a | b".to_owned()), "{:?}", row.notes);
    let heads: Vec<_> = drawing.rows.iter().filter(|row| row.mark == Mark::Head).collect();
    assert!(heads.len() == 2 && heads.iter().all(|head| head.dots.len() == 1 && head.y < row.y));
    assert_eq!(drawing.lines.iter().filter(|line| line.kind == LineKind::Chain).count(), 2);
    assert!(drawing.left_out.is_empty());
}

/// Heads of different replicas are different disks, but where the data are equal nothing parted.
#[test]
fn equal_data_do_not_part() {
    let drawing = drawing(&judge(&[ONE, ONE, ONE], false));
    assert!(drawing.rows.iter().all(|row| !row.parts), "{drawing:?}");
    let drawing = self::drawing(&judge(&[ONE, ONE, OTHER], false));
    let parts: Vec<_> = drawing.rows.iter().filter(|row| row.parts).flat_map(|row| &row.notes).collect();
    assert!(parts.iter().any(|note| note.ends_with("a and b | c")), "{parts:?}");
}

/// A lane of its own for what is missing, however many traces there are: they may be of one replica.
#[test]
fn a_missing_replica_has_a_dashed_lane() {
    let joined = "s1:10{0-9} j1:12 head2=head9/j1:40{1} now=12 own=12 rebuilding";
    let analysis = judge(&[joined, ONE], false);
    assert_eq!(analysis.volumes[0].lineage.witnesses.len(), 1);
    let drawing = drawing(&analysis);
    assert_eq!(drawing.lanes.iter().filter(|lane| lane.absent).count(), 1);
    let lines: Vec<_> = drawing.lines.iter().filter(|line| line.kind == LineKind::Absent).collect();
    let [line] = &lines[..] else { panic!("{drawing:?}") };
    let stands_on = drawing.rows.iter().find(|row| row.notes[0] == "j1").expect("the snapshot of the join");
    assert_eq!(line.points.last(), Some(&(stands_on.dots[0].1, stands_on.y)));
    check(&analysis);
}

/// What no chain reaches stands beside the lane, and leads to what it stands on.
#[test]
fn a_disk_off_the_chain_stands_beside_its_lane() {
    let drawing =
        drawing(&judge(&["s1:10{0-9} s2:20{1} head4:25{2} now=30 | s3<s1:15{3} s4<s3:16{4}", ONE], false));
    let off: Vec<_> = drawing.rows.iter().filter(|row| row.mark == Mark::OffChain).collect();
    assert_eq!(off.len(), 2, "{drawing:?}");
    assert!(off.iter().all(|row| row.dots[0].1 > drawing.lanes[0].x));
    assert_eq!(drawing.lines.iter().filter(|line| line.kind == LineKind::OffChain).count(), 2);
}

/// So does a long stretch of them, which is no part of the chain that it stands beside.
#[test]
fn a_stretch_off_the_chain_is_no_gap_in_it() {
    let drawing = drawing(&judge(
        &["s1:10{0-9} s2:20{1} head4:25{2} now=30 | x1<s1:11 x2<x1:12 x3<x2:13 x4<x3:14 x5<x4:15", ONE],
        false,
    ));
    let stretch = drawing.rows.iter().find(|row| row.mark == Mark::Stretch).expect("a stretch");
    assert!(stretch.aside && stretch.dots[0].1 > drawing.lanes[0].x, "{stretch:?}");
    assert!(drawing.lines.iter().all(|line| line.kind != LineKind::Gap), "{drawing:?}");
}

/// Every place of a drawing lies on it, words included.
#[test]
fn nothing_is_drawn_beyond_the_edge() {
    for drawings in [&[ONE, OTHER][..], &["s1:10{0-9} +300 head1:10{1} now=20", OTHER, ONE, ONE, ONE]] {
        let drawing = drawing(&judge(drawings, false));
        for row in &drawing.rows {
            assert!(row.y + 10 < drawing.height && row.dots.iter().all(|(_, x)| x + 10 < row.x));
        }
        assert!(
            drawing
                .lines
                .iter()
                .flat_map(|line| &line.points)
                .all(|(x, y)| *x < drawing.width && *y < drawing.height)
        );
        for pair in drawing.rows.windows(2) {
            assert!(pair[0].y + 17 * pair[0].words.len() as u32 <= pair[1].y, "rows overlap: {pair:?}");
        }
    }
}

/// As directories on disk: in memory so many files take minutes.
fn on_disk(drawings: &[&str]) -> (tempfile::TempDir, Analysis) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    for (drawing, label) in drawings.iter().zip('a'..) {
        Drawn::draw(drawing).directory().write_to(&dir.path().join(label.to_string()));
    }
    let inputs: Vec<_> = drawings
        .iter()
        .zip('a'..)
        .map(|(_, label)| labelled(&label.to_string(), dir.path().join(label.to_string())))
        .collect();
    let mut options = Options::default();
    options.metadata_only = true;
    let analysis = analyze(collect(&inputs).expect("readable"), options, &());
    (dir, analysis)
}

fn long(snapshots: usize, kept: &str, end: &str) -> String {
    let mut text = String::from("s0:10{0-9}");
    for at in 1..snapshots {
        // Writing to a string cannot fail.
        let _ = write!(text, " s{at}{kept}:{}", 10 + at);
    }
    text + end
}

#[test]
fn ten_thousand_snapshots_fold() {
    let (one, other) =
        (long(10_000, "", " head1{1,2} now=20000"), long(10_000, "", " head1{1@x,3} now=20000"));
    let (_dir, analysis) = on_disk(&[&one, &other]);
    let page = check(&analysis);
    assert!(page.len() < 1 << 20, "{} bytes", page.len());
    assert!(page.contains("9998 snapshots") || page.contains("9999 snapshots"), "{page:.6000}");
}

/// Ten thousand disks that nothing folds, each off the chain by itself: so many rows are drawn and no more, and the rest
/// is counted.
#[test]
fn what_does_not_fold_is_bounded_and_counted() {
    let mut text = String::from("s0:10{0-9} head1:12{1} now=20 |");
    for at in 0..10_000 {
        let _ = write!(text, " x{at}<s0:11");
    }
    let (_dir, analysis) = on_disk(&[&text, ONE]);
    let page = html::analysis(&analysis);
    assert!(page.len() < 1 << 20, "{} bytes", page.len());
    let drawing = drawing(&analysis);
    assert_eq!(drawing.rows.len(), Scope::default().rows);
    let states = History::of(&analysis.volumes[0]).states.len();
    let hidden = format!("{} more states are not drawn", states - drawing.rows.len());
    assert!(drawing.left_out.iter().any(|line| line.starts_with(&hidden)), "{:?}", drawing.left_out);
    assert!(page.contains(&hidden));
}

#[test]
fn lanes_are_bounded_and_counted() {
    let all: Vec<(String, &str)> = (0..30).map(|at| (format!("rep-{at:02}"), ONE)).collect();
    let all: Vec<(&str, &str)> = all.iter().map(|(label, drawing)| (label.as_str(), *drawing)).collect();
    let analysis = named(&all);
    let drawing = drawing(&analysis);
    assert_eq!(drawing.lanes.len(), Scope::default().lanes);
    assert!(drawing.left_out[0].starts_with("18 more replicas"), "{:?}", drawing.left_out);
    assert!(check(&analysis).len() < 2 << 20);
}

/// A million ranges, by extents: every other block of two replicas, each its own.
#[test]
fn a_million_ranges_are_counted_into_cells() {
    const RANGES: u64 = 500_000;
    let drawn = |by: &str, first: u64| {
        let mut drawn = Drawn::draw("s1:10{0-9} head1:10 now=20");
        drawn.size = RANGES * 4 * 4096;
        drawn.meta.size = i64::try_from(drawn.size).ok();
        let head = drawn.chain.last_mut().expect("a head");
        *head = head.clone().store((0..RANGES).map(|at| at * 4 + first), by);
        drawn.directory()
    };
    let replicas = vec![found("a", drawn("x", 0)), found("b", drawn("y", 2))];
    let mut options = Options::default();
    options.metadata_only = true;
    let analysis = analyze(Evidence { inputs: Vec::new(), replicas }, options, &());
    let map = BlockMap::of(&analysis.volumes[0]).expect("a map");
    assert!(map.pairs[0].ranges >= 999_000, "{}", map.pairs[0].ranges);
    assert!(map.pairs[0].scale.cells <= 240);
    let page = check(&analysis);
    assert!(page.len() < 1 << 20, "{} bytes", page.len());
}

/// Two sides that count as the same data are not called equal in every block where they are not.
#[test]
fn what_counts_as_the_same_is_not_called_equal() {
    let analysis = judge(&[ONE, ONE, ONE_WRITE], false);
    assert_eq!(analysis.volumes[0].verdict.kind, VerdictKind::Consistent);
    let map = BlockMap::of(&analysis.volumes[0]).expect("a map");
    let equal: Vec<&String> = map.notes.iter().filter(|note| note.starts_with("No block differs")).collect();
    assert_eq!(equal, ["No block differs between a and b."]);
    assert!(map.pairs.iter().all(|pair| pair.b.as_str() == "c" && pair.blocks == 2), "{map:?}");
}

/// The numbers beside a map are those of the relation, and what a map marks covers them.
#[test]
fn a_map_counts_what_differs() {
    let analysis =
        judge(&["s1:10{0-9} head1:10{1,2,40-49} now=20", "s1:10{0-9} head1:10{2@x,60} now=20"], false);
    let volume = &analysis.volumes[0];
    let map = BlockMap::of(volume).expect("a map");
    let pair = &map.pairs[0];
    let relation = &volume.lineage.relations[0];
    assert_eq!(pair.blocks, relation.differ.as_ref().expect("compared").blocks());
    for group in &pair.groups {
        assert_eq!(group.strips.iter().map(|strip| strip.blocks).sum::<u64>(), pair.blocks, "{group:?}");
        assert!(group.strips.iter().all(|strip| !strip.marked.is_empty()));
    }
    let first = pair.groups[0].strips.iter().map(|strip| strip.span.0).min();
    assert_eq!(first, Some(4096));
}
