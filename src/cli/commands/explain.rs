//! `explain`.

use clap::Args;
use jivascope::report::{explain, text};

use crate::cli::args;
use crate::cli::error::failed;
use crate::cli::out::Out;

#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes: 0 explained; 1 unknown code or word, or operation failed; 2 wrong
usage.

Examples:
  jivascope explain JV013
  jivascope explain R-SOME-HOLD
  jivascope explain irreconcilable
  jivascope explain")]
pub(super) struct Explain {
    /// A finding (JV0nn), a rule (R-…), or a word of a report: a verdict, a confidence, a state, a flag
    /// [default: list all]
    #[arg(value_parser = args::name())]
    pub code: Option<String>,
}

pub(super) fn run(command: &Explain, out: &Out) -> anyhow::Result<u8> {
    let Some(code) = &command.code else {
        out.report(&text::explanation_list(&explain::all(), out.palette()))?;
        return Ok(0);
    };
    let found = explain::explain(code);
    if found.is_empty() {
        let near = explain::near(code);
        let near =
            if near.is_empty() { String::new() } else { format!("; did you mean {}?", near.join(", ")) };
        let unknown = failed(format!("unknown code {code}{near}"));
        return Err(unknown.hint("jivascope explain lists every code and word").into());
    }
    out.report(&text::explanations(&found, out.palette()))?;
    Ok(0)
}
