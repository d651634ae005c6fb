//! What one act brings about.

use serde::Serialize;

use super::act::Act;
use super::ledger::Loss;
use crate::ident::Label;

/// Whether acts are safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Outcome {
    /// No act destroys anything.
    Safe,
    /// It is unknown.
    Unknown,
    /// An act leaves replicas that are called healthy and differ.
    Splits,
    /// An act makes the volume serve older data than a replica holds, of which there is no copy.
    RollsBack,
    /// An act destroys data.
    Destroys,
}

/// One act and what it brings about.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Played {
    /// The act.
    pub act: Act,
    /// What Jiva does, a sentence each.
    pub events: Vec<String>,
    /// What lies nowhere any more.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<Loss>,
    /// What the volume then lacks, and no copy or export holds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missed: Vec<Loss>,
    /// Addresses of replicas that were not given, and that nothing leads to any more: their data are in no copy.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<String>,
    /// Replicas that are RW then, and are not known to hold what the volume is read from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub differ: Vec<Label>,
    /// Why it is unknown what it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
}

impl Played {
    /// An act of which nothing is known yet.
    pub(super) fn of(act: &Act) -> Self {
        Self {
            act: act.clone(),
            events: Vec::new(),
            lost: Vec::new(),
            missed: Vec::new(),
            gone: Vec::new(),
            differ: Vec::new(),
            unknown: None,
        }
    }

    /// How it ends.
    pub(super) fn outcome(&self) -> Outcome {
        match &self.unknown {
            _ if !self.lost.is_empty() || !self.gone.is_empty() => Outcome::Destroys,
            _ if !self.missed.is_empty() => Outcome::RollsBack,
            _ if !self.differ.is_empty() => Outcome::Splits,
            Some(_) => Outcome::Unknown,
            None => Outcome::Safe,
        }
    }
}
