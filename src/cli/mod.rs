//! Arguments, progress, exit codes. Nothing here knows Jiva.

mod analyze;
mod args;
mod case;
mod check;
mod diff;
mod explain;
mod export;
mod generate;
mod graph;
mod hash;
mod inputs;
mod inspect;
mod new_case;
mod out;
mod progress;
mod reading;
mod simulate;
mod verdicts;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use jivascope::report::escape;

use args::{Arguments, Command};

/// Exit code of a run that could not do its work.
const FAILED: u8 = 1;

/// Runs the program.
pub(crate) fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match &arguments.command {
        Command::Analyze(command) => analyze::run(command, arguments.color),
        Command::Inspect(command) => inspect::run(command, arguments.color),
        Command::Graph(command) => graph::run(command, arguments.color),
        Command::Explain(command) => explain::run(command, arguments.color),
        Command::Check(command) => check::run(command),
        Command::NewCase(command) => new_case::run(command),
        Command::Generate(command) => generate::run(command),
        Command::Hash(command) => hash::run(command),
        Command::Diff(command) => diff::run(command),
        Command::Export(command) => export::run(command),
        Command::Simulate(command) => simulate::run(command, arguments.color),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "jivascope: {}", escape::terminal(&format!("{error:#}")));
            ExitCode::from(FAILED)
        }
    }
}

/// Whether the reader of our output went away: it had what it wanted.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|io| io.kind() == std::io::ErrorKind::BrokenPipe)
}
