//! One ordered account: what the logs say of starts, ends, elections, joins, losses and sessions.

use serde::Serialize;

use super::account::Account;
use super::event::Said;
use super::life::Sighting;
use super::process::Run;
use super::{Moment, Role};

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Happened {
    /// When, in UTC; absent where nothing tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// Where the time comes from: `log`, `record`, `file-time`.
    pub at_source: &'static str,
    /// Whose clock it is by.
    pub clock: String,
    /// What happened.
    pub event: String,
    /// To whom.
    pub subject: String,
    /// The file that says so.
    pub file: String,
    /// The line in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
}

impl Happened {
    /// Something that a record of a replica tells.
    pub fn recorded(at: Option<String>, event: String, subject: String, file: String) -> Self {
        let clock = "the controller's, as the record has it".to_owned();
        Self { at, at_source: "record", clock, event, subject, file, line: None }
    }

    /// Something that the time of a file tells.
    pub fn of_file(at: Option<String>, event: String, subject: String, file: String) -> Self {
        Self { at, at_source: "file-time", clock: "the node's".to_owned(), event, subject, file, line: None }
    }
}

/// Entries that are kept of one volume.
const KEPT: usize = 20_000;

/// What the logs tell, by time; what has no time comes last, in the order of its lines.
pub fn timeline(account: &Account<'_>) -> Vec<Happened> {
    let mut out: Vec<(Option<Moment>, usize, u64, Happened)> = Vec::new();
    for (_, _, run) in account.controller_runs() {
        life(account, run, "controller", Role::Controller, &mut out);
    }
    for replica in &account.processes.replicas {
        for run in &replica.runs {
            life(account, run, &replica.name, Role::Replica, &mut out);
        }
    }
    out.sort_by_key(|one| (one.0.is_none(), one.0, one.1, one.2));
    out.truncate(KEPT);
    out.into_iter().map(|(.., happened)| happened).collect()
}

fn life(
    account: &Account<'_>,
    run: &Run<'_>,
    name: &str,
    role: Role,
    out: &mut Vec<(Option<Moment>, usize, u64, Happened)>,
) {
    let clock = match (role, run.skew) {
        (Role::Controller, _) => "the controller's".to_owned(),
        (Role::Replica, 0) => format!("that of {name}"),
        (Role::Replica, skew) => format!("that of {name}, corrected by {skew} s"),
    };
    let mut push = |at: Option<Moment>, line: u64, event: String, subject: String| {
        let (file, at) = (run.file, run.at(at));
        let text = at.map(|at| at.to_string());
        let happened = Happened {
            at: text,
            at_source: "log",
            clock: clock.clone(),
            event,
            subject,
            file: account.path(file).to_owned(),
            line: (line > 0).then_some(line),
        };
        out.push((at, file, line, happened));
    };
    if run.life.begins {
        let made = run.life.address().map_or_else(String::new, |own| format!(" at {own}"));
        push(run.life.first, 0, format!("process started{made}"), name.to_owned());
    }
    for one in &run.life.sightings {
        if let Some(Said { event, whom }) = Said::of(one) {
            let subject = whom.map_or_else(|| name.to_owned(), |whom| account.processes.name(&whom, one.at));
            let again = times(one);
            push(one.at, one.line, format!("{event}{again}"), subject);
        }
    }
}

/// How often a line was said, where it was said more than once.
fn times(one: &Sighting) -> String {
    match (one.times, one.until) {
        (0 | 1, _) => String::new(),
        (times, Some(until)) => format!(" ({times} times, last at {until})"),
        (times, None) => format!(" ({times} times)"),
    }
}
