//! How grave a finding is: by the catalog, unless its facts make it less grave.

use super::catalog::Severity;
use super::facts::Facts;
use super::witnessed::{Alive, Frozen, Ghost, Missing, RefusedJoins, RemovedBy, SourceRemoved, Unlisted};

impl Facts {
    /// How grave it is.
    pub fn severity(&self) -> Severity {
        match self {
            Self::MissingWitness { seen: Some(facts), .. } => facts.severity(),
            Self::GhostEntry(facts) => facts.severity(),
            Self::UnlistedOpenReplica(facts) => facts.severity(),
            Self::ControllerFrozen(facts) => facts.severity(),
            Self::JoinRefused(facts) => facts.severity(),
            Self::SourceRemovedDuringRebuild(facts) => facts.severity(),
            other => other.code().severity(),
        }
    }
}

impl Missing {
    /// How grave: what nobody holds is lost with it.
    fn severity(&self) -> Severity {
        if self.met_supplied && !self.passed_on { Severity::Danger } else { Severity::Info }
    }
}

impl Ghost {
    /// One fact warns once: where a finding names the replica as missing, that one is grave.
    fn severity(&self) -> Severity {
        match self.state {
            Alive::Alive if !self.named_missing => Severity::Danger,
            _ => Severity::Info,
        }
    }
}

impl Unlisted {
    fn severity(&self) -> Severity {
        if self.lasting { Severity::Warning } else { Severity::Info }
    }
}

impl Frozen {
    /// A silence that may have passed by itself is no fault.
    fn severity(&self) -> Severity {
        if self.proven { Severity::Danger } else { Severity::Info }
    }
}

impl RefusedJoins {
    fn severity(&self) -> Severity {
        if self.about_data { Severity::Danger } else { Severity::Info }
    }
}

impl SourceRemoved {
    fn severity(&self) -> Severity {
        match self.removed_by {
            RemovedBy::Delete | RemovedBy::PingTimeout | RemovedBy::IoTimeout => Severity::Danger,
            _ => Severity::Info,
        }
    }
}
