//! Relating and judging three replicas whose chains are as long as Jiva allows.
//!
//! `cargo bench --bench lineage`.
#![allow(clippy::print_stdout, reason = "a bench prints")]

mod support;

use std::sync::Arc;

use jivascope::analysis::{Options, analyze};
use jivascope::evidence::{Evidence, Found, InputKind, InputReport, MemorySource, Source};
use jivascope::ident::Label;
use support::volume::{Chain, Layer};
use support::{Race, Seed, option, time};

const DEPTH: usize = 1024;

fn main() {
    support::machine();
    let rounds = option("rounds", 9) as usize;
    let mut race = Race::new(format!("three replicas of {DEPTH} disks, in memory"));
    let mut names = Vec::new();
    for (name, own, extents) in [
        ("equal, records only", 0, 0),
        ("equal, 16 extents each", 0, 16),
        ("24 disks of their own, 16 extents each", 24, 16),
    ] {
        let sources = sources(own, extents);
        let ways = if own > 0 { Some(3) } else { None };
        race.lane(name, move || {
            let evidence = evidence(&sources);
            time(|| {
                let mut options = Options::default();
                options.metadata_only = true;
                let analysis = analyze(evidence, options, &());
                let [volume] = &analysis.volumes[..] else { panic!("one volume") };
                assert!(volume.replicas.iter().all(|replica| replica.chain.len() == DEPTH));
                assert_eq!(volume.verdict.ways, ways, "{:?}", volume.verdict.kind);
                analysis
            })
        });
        names.push(name);
    }
    let times = race.run(rounds);
    for name in names {
        let median = times.median(name);
        let word = if median <= 0.05 { "met" } else { "MISSED" };
        println!("  {name}: {:.1} ms; budget 50 ms: {word}", median * 1e3);
    }
}

/// Three replicas with a common trunk and `own` disks each of their own.
fn sources(own: usize, extents: u64) -> Vec<Arc<dyn Source>> {
    let mut seed = Seed(3);
    let size = 64 << 30;
    let blocks = size / 4096;
    let trunk = Chain::new(&mut seed, DEPTH, size).layers;
    let one = |number: u64| -> Arc<dyn Source> {
        let mut fresh = Seed(100 + number);
        let above = Chain::new(&mut fresh, DEPTH, size).layers;
        let kept = DEPTH - own;
        let names = trunk[..kept].iter().chain(&above[kept..]).map(|layer| layer.name.clone());
        // The trunk's blocks are the same everywhere.
        let mut common = Seed(5);
        let layers = names.enumerate().map(|(level, name)| {
            let seed = if level < kept { &mut common } else { &mut fresh };
            let mut starts: Vec<u64> = (0..extents).map(|_| seed.below(blocks)).collect();
            starts.sort_unstable();
            starts.dedup();
            Layer { name, blocks: starts.into_iter().map(|at| (at, 1)).collect() }
        });
        let chain = Chain { size, layers: layers.collect() };
        let mut source = MemorySource::new();
        for (name, content) in chain.small_files() {
            source = source.file(&name, content);
        }
        if extents > 0 {
            for layer in &chain.layers {
                let stored = layer.blocks.iter().map(|(at, _)| (at * 4096, vec![1; 4096]));
                source = source.image(&layer.name, size, stored);
            }
        }
        Arc::new(source)
    };
    (0..3).map(one).collect()
}

fn evidence(sources: &[Arc<dyn Source>]) -> Evidence {
    let labels: Vec<Label> = (1..=sources.len()).map(|number| Label::new(format!("rep-{number}"))).collect();
    let found = sources.iter().zip(&labels).map(|(source, label)| Found {
        label: label.clone(),
        path: label.to_string(),
        input: 0,
        source: Arc::clone(source),
        labelled: true,
        volume: None,
        damage: Vec::new(),
    });
    let replicas = found.collect();
    let report = InputReport::new("memory", InputKind::Directory, labels);
    Evidence { inputs: vec![report], replicas }
}
