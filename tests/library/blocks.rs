//! Merged views, their comparison and their export, against a model that knows nothing of extents.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use jivascope::analysis::{self, Options, Volume};
use jivascope::blocks::{
    self, ExportOptions, Format, MergedView, Point, Seen, Target, Unreadable, ViewError,
};
use jivascope::dialect::describe;
use jivascope::evidence::{Evidence, Found, InputKind, InputReport, MemorySource};
use jivascope::finding::Code;
use jivascope::ident::{DiskName, Label};
use jivascope::replica::{CopyRemark, Quality, Replica};
use jivascope::verdict::Confidence;
use proptest::prelude::*;
use sha2::{Digest, Sha256};

const BLOCK: usize = 4096;

/// One image: its apparent size, and what each stored block is filled with.
#[derive(Debug, Clone)]
struct Layer {
    size: usize,
    blocks: BTreeMap<usize, u8>,
}

/// A chain, base first, and perhaps a tip that stands on one of its members beside it.
#[derive(Debug, Clone)]
struct Stack {
    size: usize,
    chain: Vec<Layer>,
    off_chain: Option<(usize, Layer)>,
}

impl Stack {
    fn name(&self, level: usize) -> String {
        if level + 1 == self.chain.len() {
            "volume-head-007.img".to_owned()
        } else {
            format!("volume-snap-s{level}.img")
        }
    }

    fn replica(&self, label: &str) -> Replica {
        let mut source = MemorySource::new();
        let mut add = |name: &str, parent: &str, layer: &Layer| {
            let stored = layer.blocks.iter().map(|(at, fill)| ((at * BLOCK) as u64, vec![*fill; BLOCK]));
            let stored: Vec<_> = stored.filter(|(at, _)| *at < layer.size as u64).collect();
            source = source.clone().image(name, layer.size as u64, stored);
            let record = format!(
                r#"{{"Name":"{name}","Parent":"{parent}","Removed":false,"UserCreated":false,"Created":"","RevisionCounter":9}}"#
            );
            source = source.clone().file(&format!("{name}.meta"), record);
        };
        for (level, layer) in self.chain.iter().enumerate() {
            let parent = level.checked_sub(1).map_or(String::new(), |below| self.name(below));
            add(&self.name(level), &parent, layer);
        }
        if let Some((on, layer)) = &self.off_chain {
            add("volume-snap-apart.img", &self.name(*on), layer);
        }
        let head = self.name(self.chain.len() - 1);
        let meta = format!(r#"{{"Size":{},"Head":"{head}","RevisionCounter":9,"Checkpoint":""}}"#, self.size);
        let source = source.file("volume.meta", meta).file("revision.counter", "9");
        describe(&found(label, source))
    }

    /// The model: block by block, the newest layer that stores anything of it.
    fn bytes(&self, layers: &[&Layer]) -> Vec<Option<u8>> {
        let mut out = Vec::new();
        for place in 0..self.size {
            let block = place / BLOCK;
            let stores = |layer: &&&Layer| block * BLOCK < layer.size && layer.blocks.contains_key(&block);
            let base = layers[0];
            out.push(match layers.iter().rev().find(stores) {
                Some(layer) if place < layer.size => Some(layer.blocks[&block]),
                Some(_) => Some(0),
                None if base.size >= self.size || (block + 1) * BLOCK <= base.size => Some(0),
                None => None,
            });
        }
        out
    }

    fn live(&self) -> Vec<Option<u8>> {
        self.bytes(&self.chain.iter().collect::<Vec<_>>())
    }
}

fn found(label: &str, source: MemorySource) -> Found {
    Found {
        label: Label::from(label),
        path: label.to_owned(),
        input: 0,
        source: Arc::new(source),
        labelled: true,
        volume: None,
        damage: Vec::new(),
    }
}

fn zeroed(bytes: &[Option<u8>]) -> Vec<u8> {
    bytes.iter().map(|byte| byte.unwrap_or(0)).collect()
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn layer(size: usize) -> impl Strategy<Value = Layer> {
    let sizes = prop_oneof![
        5 => Just(size),
        1 => Just(0),
        1 => 0..size,
        1 => size..size + 9000,
    ];
    // Zeros, and few other values, so that layers often agree.
    let blocks = prop::collection::btree_map(0..size.div_ceil(BLOCK), 0u8..3, 0..24);
    (sizes, blocks).prop_map(|(size, blocks)| Layer { size, blocks })
}

fn stack(size: usize) -> impl Strategy<Value = Stack> {
    (prop::collection::vec(layer(size), 1..5), prop::option::of((0usize..4, layer(size)))).prop_map(
        move |(chain, off_chain)| {
            let off_chain = off_chain.map(|(on, layer)| (on % chain.len(), layer));
            Stack { size, chain, off_chain }
        },
    )
}

fn sizes() -> impl Strategy<Value = usize> {
    prop_oneof![Just(40 * BLOCK), Just(70 * BLOCK), (1usize..320).prop_map(|sectors| sectors * 512)]
}

fn export(view: &MergedView, format: Format, unreadable: Unreadable) -> Result<(Vec<u8>, String), String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("image");
    let mut options = ExportOptions::new(format);
    options.unreadable = unreadable;
    let target = Target::create(&path, &[], false).unwrap();
    let done = blocks::export(view, target, &options, &());
    let left: Vec<PathBuf> = std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().path()).collect();
    match done {
        Ok(done) => {
            assert_eq!(left, std::slice::from_ref(&path));
            Ok((std::fs::read(path).unwrap(), done.sum.unwrap()))
        }
        Err(error) => {
            assert!(left.is_empty(), "a failed export leaves nothing");
            Err(error.to_string())
        }
    }
}

/// What a qcow2 image says, read by the letter of its format.
fn qcow2(image: &[u8]) -> Vec<u8> {
    let number = |at: usize| u64::from_be_bytes(image[at..at + 8].try_into().unwrap());
    let short = |at: usize| u32::from_be_bytes(image[at..at + 4].try_into().unwrap()) as usize;
    assert_eq!((&image[..4], short(4), short(20)), (&b"QFI\xfb"[..], 3, 16));
    let (size, l1, cluster) = (number(24) as usize, number(40) as usize, 1 << 16);
    let mut out = vec![0; size];
    for start in (0..size).step_by(cluster) {
        let place = |table: usize, index: usize| (number(table + index * 8) & !(1 << 63)) as usize;
        let l2 = place(l1, start / (cluster << 13));
        let data = if l2 == 0 { 0 } else { place(l2, start / cluster % (1 << 13)) };
        if data != 0 {
            let end = (start + cluster).min(size);
            out[start..end].copy_from_slice(&image[data..data + end - start]);
        }
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(96) })]

    #[test]
    fn views_and_exports_equal_the_model(stack in sizes().prop_flat_map(stack), places in prop::collection::vec((any::<prop::sample::Index>(), 1usize..9000), 8)) {
        let replica = stack.replica("a");
        let mut views = vec![(MergedView::live(&replica).unwrap(), stack.live())];
        if let Some((on, layer)) = &stack.off_chain {
            let layers: Vec<&Layer> = stack.chain[..=*on].iter().chain([layer]).collect();
            let view = MergedView::at(&replica, &DiskName::from("volume-snap-apart.img")).unwrap();
            views.push((view, stack.bytes(&layers)));
        }
        for level in 0..stack.chain.len() {
            let view = MergedView::at(&replica, &DiskName::new(stack.name(level))).unwrap();
            views.push((view, stack.bytes(&stack.chain[..=level].iter().collect::<Vec<_>>())));
        }
        for (view, model) in &views {
            prop_assert_eq!(view.size() as usize, model.len());
            for (at, len) in &places {
                let at = at.index(stack.size);
                let end = (at + len).min(stack.size);
                let mut buf = vec![9; *len];
                match view.read_at(at as u64, &mut buf) {
                    Ok(count) => {
                        let expected: Option<Vec<u8>> = model[at..end].iter().copied().collect();
                        prop_assert_eq!(Some(&buf[..count]), expected.as_deref());
                    }
                    Err(ViewError::Eof { offset, .. }) => {
                        let first = model[at..end].iter().position(Option::is_none);
                        prop_assert_eq!(first.map(|first| at + first), Some(offset as usize));
                    }
                    Err(error) => prop_assert!(false, "{}", error),
                }
            }
            let gap = model.iter().position(Option::is_none);
            prop_assert_eq!(view.unreachable().as_slice().first().map(|run| run.start as usize), gap);
            let expected = zeroed(model);
            let (raw, sum) = export(view, Format::Raw, Unreadable::Zeros).unwrap();
            prop_assert_eq!(sum, hex(&expected));
            prop_assert!(raw == expected);
            match export(view, Format::Qcow2, Unreadable::Fail) {
                Ok((image, sum)) => {
                    prop_assert_eq!(gap, None);
                    prop_assert_eq!(&sum, &hex(&expected));
                    prop_assert_eq!(blocks::sha256(view, &()).unwrap(), sum);
                    let content = qcow2(&image);
                    prop_assert_eq!(content.len(), expected.len().div_ceil(512) * 512);
                    prop_assert!(content[..expected.len()] == expected[..]);
                }
                Err(error) => {
                    let byte = format!("byte {}:", gap.expect("only a gap stops an export"));
                    prop_assert!(error.contains(&byte), "{} names {}", error, byte);
                }
            }
        }
    }

    #[test]
    fn comparisons_equal_the_model(
        a in sizes().prop_flat_map(stack),
        b in sizes().prop_flat_map(stack),
        c in sizes().prop_flat_map(stack),
        changed in 0usize..40,
    ) {
        // One that differs little, beside two that differ much.
        let mut near = a.clone();
        near.chain.last_mut().unwrap().blocks.insert(changed, 7);
        let stacks = [&a, &b, &c, &near];
        let replicas: Vec<Replica> = stacks.iter().zip(["a", "b", "c", "n"]).map(|(s, l)| s.replica(l)).collect();
        let views = replicas.iter().map(|replica| MergedView::live(replica).unwrap()).collect();
        let pairs = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)];
        let compared = blocks::compare_views(views, &pairs, None, None, &());
        let longest = stacks.iter().map(|stack| stack.size).max().unwrap().next_multiple_of(BLOCK);
        let models: Vec<Vec<u8>> = stacks.iter().map(|stack| {
            let mut bytes = zeroed(&stack.live());
            bytes.resize(longest, 0);
            bytes
        }).collect();
        for (x, y) in pairs {
            let differ = compared.between(x, y);
            for block in 0..longest / BLOCK {
                let range = block * BLOCK..(block + 1) * BLOCK;
                let told = differ.iter().any(|run| run.start as usize <= range.start && range.start < run.end as usize);
                prop_assert_eq!(told, models[x][range.clone()] != models[y][range], "{}-{} block {}", x, y, block);
            }
        }
        for (at, stack) in stacks.iter().enumerate() {
            let failed = compared.failed(at);
            for (block, bytes) in stack.live().chunks(BLOCK).enumerate() {
                let place = (block * BLOCK) as u64;
                let told = failed.iter().any(|run| run.start <= place && place < run.end);
                prop_assert_eq!(told, bytes[0].is_none());
            }
        }
        // Two points tell the same, with the layer that the model takes each side from.
        let point = |at: usize| Point { replica: &replicas[at], disk: None, candidate: None };
        let apart = blocks::between(&point(0), &point(3), None, &()).unwrap();
        prop_assert_eq!(apart.blocks(), compared.between(0, 3).blocks());
        for range in &apart.ranges {
            let block = range.run.start as usize / BLOCK;
            let supplier = |stack: &Stack| {
                let stores = |layer: &Layer| block * BLOCK < layer.size && layer.blocks.contains_key(&block);
                stack.chain.iter().rposition(stores).map(|level| stack.name(level))
            };
            prop_assert_eq!(range.a.map(ToString::to_string), supplier(&a));
            prop_assert_eq!(range.b.map(ToString::to_string), supplier(&near));
        }
    }
}

fn two_layers() -> Stack {
    let blocks =
        |from: usize, fills: &[u8]| fills.iter().enumerate().map(|(at, fill)| (from + at, *fill)).collect();
    Stack {
        size: 64 * BLOCK,
        chain: vec![
            Layer { size: 64 * BLOCK, blocks: blocks(0, &[1, 2, 3, 4, 5, 6]) },
            Layer { size: 64 * BLOCK, blocks: blocks(2, &[8, 0, 9]) },
        ],
        off_chain: None,
    }
}

fn analyze(replicas: Vec<(&str, MemorySource)>, options: Options) -> analysis::Analysis {
    let labels: Vec<Label> = replicas.iter().map(|(label, _)| Label::from(*label)).collect();
    let evidence = Evidence {
        inputs: vec![InputReport::new("memory", InputKind::Directory, labels)],
        replicas: replicas.into_iter().map(|(label, source)| found(label, source)).collect(),
    };
    analysis::analyze(evidence, options, &())
}

/// The source of a stack as `MemorySource`, by way of the description.
fn source(stack: &Stack, change: impl Fn(MemorySource) -> MemorySource) -> MemorySource {
    let mut out = MemorySource::new();
    for (level, layer) in stack.chain.iter().enumerate() {
        let name = stack.name(level);
        let stored = layer.blocks.iter().map(|(at, fill)| ((at * BLOCK) as u64, vec![*fill; BLOCK]));
        out = out.image(&name, layer.size as u64, stored.collect::<Vec<_>>());
        let parent = level.checked_sub(1).map_or(String::new(), |below| stack.name(below));
        out = out.file(
            &format!("{name}.meta"),
            format!(r#"{{"Name":"{name}","Parent":"{parent}","Removed":false,"UserCreated":false,"Created":"","RevisionCounter":{}}}"#, level + 5),
        );
    }
    let head = stack.name(stack.chain.len() - 1);
    let meta = format!(
        r#"{{"Size":{},"Head":"{head}","RevisionCounter":9,"Checkpoint":"volume-snap-s0.img"}}"#,
        stack.size
    );
    change(out.file("volume.meta", meta).file("revision.counter", "9"))
}

fn codes(analysis: &analysis::Analysis) -> Vec<(Code, Option<String>)> {
    let findings = &analysis.volumes[0].findings;
    findings.iter().map(|f| (f.code(), f.replica.as_ref().map(ToString::to_string))).collect()
}

#[test]
fn an_unreadable_range_is_told_and_the_rest_is_compared() {
    let stack = two_layers();
    let mut other = stack.clone();
    other.chain[1].blocks.insert(9, 7);
    let failing = |source: MemorySource| source.fail_read("volume-snap-s0.img", 5 * BLOCK as u64 + 17);
    let analysis = analyze(
        vec![("a", source(&stack, failing)), ("b", source(&other, |s| s)), ("c", source(&stack, |s| s))],
        Options::default(),
    );
    let volume = &analysis.volumes[0];
    let comparison = volume.comparison.as_ref().unwrap();
    let [unread] = &comparison.unread[..] else { panic!("{:?}", comparison.unread) };
    assert_eq!((unread.replica.as_str(), unread.disk.as_str()), ("a", "volume-snap-s0.img"));
    assert_eq!((unread.run.start, unread.run.end), (5 * BLOCK as u64, 6 * BLOCK as u64));
    assert!(codes(&analysis).contains(&(Code::UnreadableRange, Some("a".to_owned()))));
    let tips = &comparison.contents[&(Label::from("a"), Label::from("b"))].tips;
    assert!(tips.iter().any(|run| run.start == 9 * BLOCK as u64), "{tips:?}");
    assert!(volume.verdict.confidence < Confidence::Proven);

    let view = MergedView::live(&volume.replicas[0]).unwrap();
    let error = export(&view, Format::Raw, Unreadable::Fail).unwrap_err();
    assert!(error.contains("a/volume-snap-s0.img: byte"), "{error}");
    let (bytes, _) = export(&view, Format::Raw, Unreadable::Zeros).unwrap();
    let mut expected = zeroed(&stack.live());
    expected[5 * BLOCK..6 * BLOCK].fill(0);
    assert!(bytes == expected);
}

#[test]
fn copies_are_judged_by_what_they_show() {
    // Enough edges for their granularity to mean something.
    let mut stack = two_layers();
    stack.size = 4096 * BLOCK;
    for layer in &mut stack.chain {
        layer.size = 4096 * BLOCK;
    }
    for at in 0..16 {
        stack.chain[0].blocks.insert(100 + at * 3, 5);
    }
    let mut filled = stack.clone();
    for layer in &mut filled.chain {
        for at in 0..4096 {
            layer.blocks.entry(at).or_insert(0);
        }
    }
    let mut made_again = stack.clone();
    made_again.chain[1].blocks.remove(&3);
    let mut coarse = stack.clone();
    for layer in &mut coarse.chain {
        let chunks: Vec<usize> = layer.blocks.keys().map(|at| at / 16).collect();
        for at in chunks.into_iter().flat_map(|chunk| chunk * 16..chunk * 16 + 16) {
            layer.blocks.entry(at).or_insert(0);
        }
    }
    let mut dense_data = filled.clone();
    for layer in &mut dense_data.chain {
        layer.blocks.values_mut().for_each(|fill| *fill = (*fill).max(1));
    }
    for at in 0..20 {
        coarse.chain[0].blocks.extend((2000 + at * 48..2016 + at * 48).map(|at| (at, 3)));
    }
    for (copy, expected, code) in [
        (&stack, Quality::Faithful, None),
        (&filled, Quality::Defective, Some(Code::HolesFilled)),
        (&coarse, Quality::Defective, Some(Code::HolesFilled)),
        (&made_again, Quality::Unknown, Some(Code::ZeroBlocksLost)),
        // Every layer is full, and hides nothing under zeros.
        (&dense_data, Quality::Faithful, None),
    ] {
        let analysis =
            analyze(vec![("a", source(copy, |s| s)), ("b", source(&stack, |s| s))], Options::default());
        let volume = &analysis.volumes[0];
        assert_eq!(volume.copies.quality(&Label::from("a")), expected);
        assert_eq!(volume.copies.quality(&Label::from("b")), Quality::Faithful);
        let told: Vec<Code> = codes(&analysis)
            .into_iter()
            .filter(|(code, label)| {
                label.as_deref() == Some("a")
                    && matches!(code, Code::HolesFilled | Code::ZeroBlocksLost | Code::FidelityUnknown)
            })
            .map(|(code, _)| code)
            .collect();
        assert_eq!(told, Vec::from_iter(code), "{expected:?}");
        assert!(code.is_none() || volume.verdict.confidence < Confidence::Proven);
    }
    // Holes that begin inside a block were made by a copier that looks for zeros in smaller steps.
    let raw = source(&stack, |source| {
        source.image(
            "volume-snap-s0.img",
            4096 * BLOCK as u64,
            [(512, vec![1; 7000]), (1 << 20, vec![2; 4096])],
        )
    });
    let analysis = analyze(vec![("a", raw)], Options::default());
    assert!(remarks(&analysis.volumes[0]).contains(&CopyRemark::ZerosLost));

    // Zeros taken for holes give back all but the zeros that were written.
    let mut options = Options::default();
    options.holes = blocks::Holes::Zeros;
    let analysis = analyze(vec![("a", source(&filled, |s| s)), ("b", source(&stack, |s| s))], options);
    let volume = &analysis.volumes[0];
    assert!(remarks(volume).contains(&CopyRemark::Reconstructed));
    assert!(volume.verdict.confidence < Confidence::Proven);
    let view = MergedView::live(&volume.replicas[0]).unwrap();
    let (bytes, _) = export(&view, Format::Raw, Unreadable::Fail).unwrap();
    assert!(bytes == zeroed(&made_again.live()));
    assert!(bytes != zeroed(&stack.live()));
}

/// What is to be said of the copy of replica `a`.
fn remarks(volume: &Volume) -> &[CopyRemark] {
    &volume.copies.of(&Label::from("a")).unwrap().remarks
}

#[test]
fn full_layers_of_data_are_no_filled_holes_but_nothing_is_read_unasked() {
    let size = 64 * BLOCK;
    let full = |fill: u8| Layer { size, blocks: (0..64).map(|at| (at, fill)).collect() };
    let replica = Stack { size, chain: vec![full(1), full(2)], off_chain: None }.replica("a");
    assert_eq!(blocks::quality(&replica, Seen::Probes).quality, Quality::Unknown);
    assert_eq!(blocks::quality(&replica, Seen::Extents).quality, Quality::Unknown);
}

#[test]
fn a_sample_reads_a_share_and_proves_nothing() {
    let size = 8192 * BLOCK;
    let layer = |blocks: BTreeMap<usize, u8>| Layer { size, blocks };
    let mut base: BTreeMap<usize, u8> = (0..8192).map(|at| (at, 1 + (at % 7) as u8)).collect();
    base.insert(1, 0);
    let stack =
        Stack { size, chain: vec![layer(base), layer(BTreeMap::from([(5, 9), (7, 0)]))], off_chain: None };
    let run = |sample| {
        let mut options = Options::default();
        options.sample = sample;
        let names = ["a", "b", "c"];
        analyze(names.iter().map(|name| (*name, source(&stack, |s| s))).collect(), options)
    };
    let (all, part) = (run(None), run(Some(0.25)));
    let bytes = |analysis: &analysis::Analysis| analysis.volumes[0].comparison.as_ref().unwrap().bytes;
    assert_eq!(bytes(&all), 3 * size as u64, "each byte is read once");
    let share = bytes(&part) as f64 / bytes(&all) as f64;
    assert!((0.15..0.35).contains(&share), "{share}");
    assert_eq!(all.volumes[0].verdict.confidence, Confidence::Proven);
    assert_eq!(part.volumes[0].verdict.confidence, Confidence::Weak);
}

#[test]
fn points_are_found_by_any_unique_spelling() {
    let replicas = [two_layers().replica("a"), two_layers().replica("we@ird")];
    let disk = |text: &str| Point::parse(text, &replicas).map(|point| point.name());
    for (text, name) in [
        ("a", "a"),
        ("we@ird", "we@ird"),
        ("a@volume-snap-s0.img", "a@volume-snap-s0.img"),
        ("a@s0", "a@volume-snap-s0.img"),
        ("we@ird@head-007", "we@ird@volume-head-007.img"),
        ("we@ird@he", "we@ird@volume-head-007.img"),
    ] {
        assert_eq!(disk(text).unwrap(), name, "{text}");
    }
    for (text, error) in [
        ("c", "no replica named c (available: a, we@ird)"),
        ("a@x", "a has no disk x (available: volume-head-007.img, volume-snap-s0.img)"),
        ("a@", "a has no disk  (available: volume-head-007.img, volume-snap-s0.img)"),
        ("a@volume-", "volume- is ambiguous in a: volume-head-007.img, volume-snap-s0.img"),
    ] {
        assert_eq!(disk(text).unwrap_err().to_string(), error, "{text}");
    }
}
