//! The sentences of what witnesses tell.

use std::fmt::{self, Display, Formatter};

use super::witnessed::{
    Alive, BlankLeads, Frozen, FullDisk, Ghost, HeldSession, Incomplete, Interrupted, Loop, MadeAnew,
    Missing, Proof, RefusedJoins, RemovedBy, Skew, SourceRemoved, Stretch, TakenOver, TwoHosts, Unlisted,
    WithoutSource,
};

/// ` at TIME`, where there is one.
fn at(time: Option<&String>) -> String {
    time.map(|time| format!(" at {time}")).unwrap_or_default()
}

/// ` from A until B`, as far as both are known.
fn span(from: Option<&String>, to: Option<&String>) -> String {
    match (from, to) {
        (Some(from), Some(to)) if from == to => format!(" at {from}"),
        (Some(from), Some(to)) => format!(" from {from} until {to}"),
        (Some(from), None) => format!(" since {from}"),
        (None, Some(to)) => format!(" until {to}"),
        (None, None) => String::new(),
    }
}

fn list(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [front @ .., last] => format!("{} and {last}", front.join(", ")),
    }
}

fn times(count: u64) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

impl Display for Proof {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ListedTooLong => {
                "it was listed for longer than a dead entry is, while the controller answered"
            }
            Self::HeadRose => "its head rose with every replica that it refused",
            Self::Answered => "it answered when it was asked",
            Self::OwnLog => "its own log goes on",
            Self::PingTimeout => "it did not answer pings",
            Self::IoTimeout => "it did not answer reads or writes",
            Self::MovedOn => "its directory was in use at another address",
            Self::Nothing => "nothing proves that it lives or is gone",
        })
    }
}

impl Display for RemovedBy {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Delete => "a DELETE",
            Self::PingTimeout => "a ping timeout",
            Self::IoTimeout => "a read or write timeout",
            Self::ReplicaError => "an error of the replica",
            Self::ProcessEnded => "the end of its process",
            Self::Takeover => "a takeover",
            Self::ControllerEnded => "the end of the controller",
            Self::Unknown => "an unknown cause",
        })
    }
}

impl Display for Missing {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "a replica at {} was not supplied", self.address)?;
        if let Some(counter) = self.counter {
            write!(f, "; its counter was {counter}")?;
        }
        if let Some(head) = &self.head {
            write!(f, "; its head was {head}")?;
        }
        if let Some(seen) = &self.last_seen {
            write!(f, "; it was seen last at {seen}")?;
        }
        match self.alive {
            Alive::Alive => write!(f, "; it was alive: {}", self.proof),
            Alive::Gone => write!(f, "; it was gone: {}", self.proof),
            Alive::Unknown => write!(f, "; {}", self.proof),
        }
    }
}

impl Display for Ghost {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let listed = span(self.listed_from.as_ref(), self.listed_to.as_ref());
        write!(f, "{} was listed {}{listed}", self.address, self.mode)?;
        match self.state {
            Alive::Alive => write!(f, " and was alive: {}", self.proof)?,
            Alive::Gone => write!(f, " and was gone: {}", self.proof)?,
            Alive::Unknown => write!(f, "; {}", self.proof)?,
        }
        if let Some(by) = self.removed_by {
            write!(f, "; it was removed by {by}")?;
        }
        if let Some(successor) = &self.successor {
            write!(f, "; {successor} was refused until then")?;
        }
        Ok(())
    }
}

impl Display for Unlisted {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "the replica at {} stayed open after {}", self.address, self.removed_by)?;
        f.write_str(&span(self.last_ping.as_ref(), self.until.as_ref()))
    }
}

impl Display for Frozen {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let span = span(self.since.as_ref(), self.until.as_ref());
        write!(f, "the controller answered nothing{span}")?;
        match &self.waiting_for {
            Some(whom) => write!(f, "; it waited for {whom}"),
            None => Ok(()),
        }
    }
}

impl Display for RefusedJoins {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let why = match self.reason.as_str() {
            "checkpoint-unknown" => "its Checkpoint is not in the chain of the RW side",
            "wo-slot-taken" => "another replica was being rebuilt",
            "replication-factor-reached" => "as many replicas were listed as the replication factor allows",
            "already-listed" => "its address was listed already",
            "peer-gone" => "a replica that had to be asked did not answer",
            "not-ready" => "its own rebuild service was not ready",
            _ => "of another error; the log has the message",
        };
        let when = span(self.first.as_ref(), self.last.as_ref());
        write!(f, "the join of {} was refused {}{when}: {why}", self.replica, times(self.count))?;
        if self.by.is_empty() { Ok(()) } else { write!(f, ", {}", list(&self.by)) }
    }
}

impl Display for Interrupted {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "the rebuild of {} ended early{}", self.joiner, at(self.at.as_ref()))?;
        match &self.source {
            Some(source) => write!(f, "; {} files had come from {source}", self.files_done),
            None => write!(f, "; {} files had come", self.files_done),
        }
    }
}

impl Display for TakenOver {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} took the place of {}, which was being rebuilt{}",
            self.by,
            self.victim,
            at(self.at.as_ref())
        )
    }
}

impl Display for SourceRemoved {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { joiner, source, at: time, removed_by } = self;
        write!(
            f,
            "{source} was removed by {removed_by}{} while {joiner} was being rebuilt from it",
            at(time.as_ref())
        )?;
        f.write_str("; no other replica was RW")
    }
}

impl Display for BlankLeads {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { address, counter, at: time, more, more_counter, .. } = self;
        write!(f, "{address} with counter {counter} was elected{}", at(time.as_ref()))?;
        write!(f, "; {more} had counter {more_counter} before")
    }
}

impl Display for WithoutSource {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let span = span(self.since.as_ref(), self.until.as_ref());
        write!(f, "no replica was RW{span} while {} was logged in", self.session_of)?;
        f.write_str("; its reads were answered with zeros")
    }
}

impl Display for HeldSession {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { holder, rejected, first, last, count, holder_node, cleared_by } = self;
        write!(f, "{holder}")?;
        if let Some(node) = holder_node {
            write!(f, " (node {node})")?;
        }
        write!(f, " held the iSCSI session; {} was rejected {}", list(rejected), times(*count))?;
        f.write_str(&span(first.as_ref(), last.as_ref()))?;
        match cleared_by {
            Some(by) => write!(f, "; it ended by {by}"),
            None => f.write_str("; nothing shows that it ended"),
        }
    }
}

impl Display for TwoHosts {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let span = span(self.since.as_ref(), self.until.as_ref());
        write!(f, "{} were logged in at once{span}", list(&self.addresses))
    }
}

impl Stretch {
    /// As a time without a leader.
    pub(super) fn no_majority(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let span = span(self.since.as_ref(), self.until.as_ref());
        let s = if self.replicas == 1 { "" } else { "s" };
        write!(f, "{} replica{s} registered, too few for an election{span}", self.replicas)
    }

    /// As a time without writes.
    pub(super) fn read_only(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let span = span(self.since.as_ref(), self.until.as_ref());
        let verb = if self.replicas == 1 { "replica was" } else { "replicas were" };
        write!(f, "the volume refused writes{span}; {} {verb} RW", self.replicas)
    }
}

impl Display for FullDisk {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "the disk of {} was full{}", self.replica, at(self.at.as_ref()))
    }
}

impl Display for Loop {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let span = span(self.first.as_ref(), self.last.as_ref());
        write!(f, "the process of {} ended {}{span}", self.replica, times(self.lives))
    }
}

impl Display for MadeAnew {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "the directory of {} was empty and was made anew{}", self.replica, at(self.at.as_ref()))
    }
}

impl Display for Skew {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (by, way) = (self.seconds.unsigned_abs(), if self.seconds < 0 { "ahead of" } else { "behind" });
        write!(f, "the clock of {} is {by} seconds {way} that of {}", self.a, self.b)
    }
}

impl Display for Incomplete {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let words: Vec<String> = self.kinds.iter().map(|kind| said(kind).to_owned()).collect();
        write!(f, "the file {} {}", self.file, list(&words))
    }
}

fn said(kind: &str) -> &str {
    match kind {
        "cut-front" => "begins in the middle of a life",
        "cut-end" => "ends inside a line",
        "no-time" => "has lines without a time",
        "partial-lines" => "had lines in parts, which were put together",
        "nul-bytes" => "has a hole of NUL bytes",
        "left-out" => "is too long for all of it to be kept",
        other => other,
    }
}
