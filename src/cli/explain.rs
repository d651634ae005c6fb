//! `explain`.

use anyhow::bail;
use clap::Args;
use jivascope::report::{explain, text};

use super::out::{self, Color};

#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes: 0 explained; 1 nothing goes by that name; 2 wrong usage.

Examples:
  jivascope explain JV013
  jivascope explain R-SOME-HOLD
  jivascope explain irreconcilable
  jivascope explain")]
pub(super) struct Explain {
    /// A finding (JV0nn), a rule (R-…), or a word of an answer: a kind of verdict, a confidence, a state, a flag;
    /// without it all are listed
    pub code: Option<String>,
}

pub(super) fn run(command: &Explain, color: Color) -> anyhow::Result<u8> {
    let palette = color.palette();
    let Some(code) = &command.code else {
        out::write(&text::explanation_list(&explain::all(), &palette))?;
        return Ok(0);
    };
    let found = explain::explain(code);
    if found.is_empty() {
        let near = explain::near(code);
        if near.is_empty() {
            bail!("nothing is called {code}; jivascope explain lists all names");
        }
        bail!("nothing is called {code}; there is {}", near.join(", "));
    }
    out::write(&text::explanations(&found, &palette))?;
    Ok(0)
}
