//! Laws that every answer about a life of the model must keep. The truth is that of the originals, whatever copies were
//! shown to the program.

pub mod joins;
pub mod plan;
pub mod screens;
pub mod start;
pub mod verdict;

use std::sync::Arc;

use jivascope::analysis::{Analysis, Options, Volume, analyze};
use jivascope::evidence::{Evidence, Found};
use jivascope::ident::Label;

use super::model::Dice;
use super::model::copies::Way;
use super::model::disk::{Directory, Version};
use super::model::engine::Engine;
use super::model::fates::cloned;
use super::model::process::Process;
use super::model::truth;
use super::model::walk::live;

/// One life, and the copies of it that are the evidence.
pub struct Life {
    pub seed: u64,
    pub engine: Engine,
    pub story: Vec<String>,
    pub way: Way,
    pub copies: Vec<Directory>,
    /// Replicas of a clone of the volume, which lie beside the copies.
    pub clones: Vec<Process>,
}

impl Life {
    pub fn of(seed: u64) -> Self {
        let (mut engine, mut story) = live(seed);
        let mut dice = Dice::new(seed ^ 0xC1_0E);
        let clones = if dice.percent(10) { cloned(&mut engine, &mut dice, &mut story) } else { Vec::new() };
        let way = Way::draw(engine.replicas.len(), &mut Dice::new(seed ^ 0xC0_71E5));
        let copies =
            engine.replicas.iter().enumerate().map(|(at, r)| way.copy(at, &r.disk, &engine.truth)).collect();
        Self { seed, engine, story, way, copies, clones }
    }

    pub fn is_exact(&self) -> bool {
        self.way == Way::Exact
    }

    /// What the originals show, by label; those that Jiva cannot open show nothing.
    pub fn views(&self) -> Vec<(String, Vec<truth::Version>)> {
        self.engine.replicas.iter().filter_map(|r| Some((r.label.clone(), r.disk.view()?))).collect()
    }

    /// What the program says about the copies. A clone that lies beside them is a volume of its own, and left out.
    pub fn analyze(&self, metadata_only: bool) -> Analysis {
        let found = |(replica, copy): (&Process, &Directory)| {
            Found {
                label: Label::new(replica.label.as_str()),
                path: replica.label.clone(),
                input: 0,
                source: Arc::new(copy.source(&self.engine.truth)),
                // Those that a user labels are one volume, a clone among them or not.
                labelled: self.clones.is_empty(),
                volume: None,
                damage: Vec::new(),
            }
        };
        let clones = self.clones.iter().map(|replica| (replica, &replica.disk));
        let replicas = self.engine.replicas.iter().zip(&self.copies).chain(clones).map(found).collect();
        let mut options = Options::default();
        options.metadata_only = metadata_only;
        let mut analysis = analyze(Evidence { inputs: Vec::new(), replicas }, options, &());
        let labels = |volume: &Volume| volume.replicas.iter().map(|replica| replica.label.clone()).collect();
        let grouped: Vec<Vec<Label>> = analysis.volumes.iter().map(labels).collect();
        let own = |label: &Label| !self.clones.iter().any(|clone| clone.label == label.as_str());
        let mixed = grouped.iter().any(|labels| labels.iter().any(own) != labels.iter().all(own));
        assert!(
            !mixed && grouped.len() == 1 + usize::from(!self.clones.is_empty()),
            "{}: {grouped:?}\n{}",
            self.seed,
            self.story.join("\n")
        );
        analysis.volumes.retain(|volume| volume.replicas.iter().all(|replica| own(&replica.label)));
        analysis
    }
}

/// What is broken, by kind; the text says how.
#[derive(Debug, Clone)]
pub struct Breach {
    pub kind: &'static str,
    pub text: String,
}

impl Breach {
    pub fn new(kind: &'static str, text: impl Into<String>) -> Self {
        Self { kind, text: text.into() }
    }
}

/// Every law that must hold without exception.
pub fn breaches(life: &Life, volume: &Volume) -> Vec<Breach> {
    let views = life.views();
    let mut out = verdict::shown_views(life, volume);
    out.extend(verdict::form(volume));
    out.extend(verdict::proven_wrong(life, volume, &views));
    out.extend(verdict::unprotected(life, volume, &views));
    // Joins and starts are made as v3.6.0 makes them.
    if life.engine.replicas[0].disk.version == Version::V3 {
        if life.is_exact() {
            out.extend(joins::wrong(life, volume));
        }
        out.extend(start::not_safe(life, volume, &views));
        if life.is_exact() {
            out.extend(plan::misleads(life, volume));
        }
    }
    out
}
