//! `check`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jivascope::check::{self, Checked, Counts, Outcome};
use jivascope::report::check::{CheckDocument, junit, sarif, text};
use rayon::prelude::*;

use crate::cli::case::{self, CaseDir};
use crate::cli::out::Out;

#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes: 0 all as expected; 3 a case differs; 1 a case could not be run, 2
wrong usage.

Examples:
  jivascope check fixtures
  jivascope check fixtures --output junit > report.xml
  jivascope check new-case --update")]
pub(super) struct Check {
    /// Cases, or directories that contain cases: a case is a directory with replicas or archives and an expected.json
    #[arg(required = true, value_name = "CASE")]
    pub cases: Vec<PathBuf>,
    /// Update each expected.json with the verdict found, for the keys it states; an empty one gets all keys
    #[arg(long)]
    pub update: bool,
    /// Also list the cases that are as expected
    #[arg(long, short)]
    pub verbose: bool,
    /// Output format
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Form::Text)]
    pub output: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    Text,
    Json,
    Junit,
    Sarif,
}

pub(super) fn run(command: &Check, out: &Out) -> anyhow::Result<u8> {
    let mut cases: Vec<Result<CaseDir, Checked>> = Vec::new();
    for given in &command.cases {
        match case::find(given) {
            Ok(found) => cases.extend(found.into_iter().map(Ok)),
            Err(error) => {
                let failed = Outcome::Failed(format!("{error:#}"));
                cases.push(Err(Checked::new(case::base_name(given), failed)));
            }
        }
    }
    let checked: Vec<Checked> = cases
        .into_par_iter()
        .map(|case| match case {
            Ok(case) => {
                let outcome = one(&case, command.update);
                Checked::new(case.name, outcome.unwrap_or_else(|error| Outcome::Failed(format!("{error:#}"))))
            }
            Err(failed) => failed,
        })
        .collect();
    out.report(&match command.output {
        Form::Text => text(&checked, out.palette(), command.verbose),
        Form::Json => CheckDocument::of(&checked).to_text(),
        Form::Junit => junit(&checked),
        Form::Sarif => sarif(&checked),
    })?;
    Ok(Counts::of(&checked).exit_code())
}

fn one(case: &CaseDir, update: bool) -> anyhow::Result<Outcome> {
    let expected = case.expected()?;
    let analysis = case.analyze(&expected)?;
    if update {
        let found = check::updated(&expected, &analysis)?;
        if found == expected {
            return Ok(Outcome::Same);
        }
        case.write(&found)?;
        return Ok(Outcome::Updated);
    }
    anyhow::ensure!(
        !expected.is_silent(),
        "{}: states nothing that could be checked; --update fills it",
        check::FILE_NAME
    );
    let differences = check::differences(&expected, &analysis)?;
    Ok(if differences.is_empty() { Outcome::Same } else { Outcome::Differs(differences) })
}
