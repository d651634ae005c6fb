//! Laws that every answer about a life of the model must keep. The truth is that of the originals, whatever copies were
//! shown to the program.

pub mod joins;
pub mod screens;
pub mod start;
pub mod verdict;

use std::sync::Arc;

use jivascope::analysis::{Analysis, Options, Volume, analyze};
use jivascope::evidence::{Evidence, Found};
use jivascope::ident::Label;

use super::support::model::Dice;
use super::support::model::copies::Way;
use super::support::model::disk::{Directory, Version};
use super::support::model::engine::Engine;
use super::support::model::truth;
use super::support::model::walk::live;

/// One life, and the copies of it that are the evidence.
pub struct Life {
    pub seed: u64,
    pub engine: Engine,
    pub story: Vec<String>,
    pub way: Way,
    pub copies: Vec<Directory>,
}

impl Life {
    pub fn of(seed: u64) -> Self {
        let (engine, story) = live(seed);
        let way = Way::draw(engine.replicas.len(), &mut Dice::new(seed ^ 0xC0_71E5));
        let copies =
            engine.replicas.iter().enumerate().map(|(at, r)| way.copy(at, &r.disk, &engine.truth)).collect();
        Self { seed, engine, story, way, copies }
    }

    pub fn is_exact(&self) -> bool {
        self.way == Way::Exact
    }

    /// What the originals show, by label; those that Jiva cannot open show nothing.
    pub fn views(&self) -> Vec<(String, Vec<truth::Version>)> {
        self.engine.replicas.iter().filter_map(|r| Some((r.label.clone(), r.disk.view()?))).collect()
    }

    /// What the program says about the copies.
    pub fn analyze(&self, metadata_only: bool) -> Analysis {
        let found = |(replica, copy): (&_, &Directory)| {
            let replica: &super::support::model::process::Process = replica;
            Found {
                label: Label::new(replica.label.as_str()),
                path: replica.label.clone(),
                input: 0,
                source: Arc::new(copy.source(&self.engine.truth)),
                labelled: true,
                volume: None,
                damage: Vec::new(),
            }
        };
        let replicas = self.engine.replicas.iter().zip(&self.copies).map(found).collect();
        let mut options = Options::default();
        options.metadata_only = metadata_only;
        let analysis = analyze(Evidence { inputs: Vec::new(), replicas }, options, &());
        assert_eq!(analysis.volumes.len(), 1);
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
    }
    out
}
