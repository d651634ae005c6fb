//! Analyses a directory of replicas and prints who may be kept.
//!
//! ```text
//! cargo run --example holders -- DIRECTORY
//! ```

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for a terminal")]

use std::path::PathBuf;
use std::process::ExitCode;

use jivascope::analysis::{self, Options};
use jivascope::evidence::{self, Images, Input, InputPath};

fn main() -> ExitCode {
    let Some(path) = std::env::args_os().nth(1) else {
        eprintln!("usage: holders DIRECTORY");
        return ExitCode::from(2);
    };
    match holders(PathBuf::from(path)) {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("holders: {error}");
            ExitCode::FAILURE
        }
    }
}

fn holders(path: PathBuf) -> Result<String, evidence::GatherError> {
    let input = Input { label: None, path: InputPath::Path(path) };
    let images = Images::Spool { dir: None, limit: 1 << 30 };
    let evidence = evidence::gather(&[input], &evidence::Options::new(images))?;
    let analysis = analysis::analyze(evidence, Options::default(), &());
    let mut text = String::new();
    for volume in &analysis.volumes {
        let verdict = &volume.verdict;
        let names = |labels: &[jivascope::ident::Label]| {
            let names: Vec<&str> = labels.iter().map(jivascope::ident::Label::as_str).collect();
            if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
        };
        let (kind, confidence) = (verdict.kind.as_str(), verdict.confidence.as_str());
        text += &format!("{}: {kind} ({confidence})\n", volume.name);
        text += &format!("  holds everything: {}\n", names(&verdict.holders));
        text += &format!("  must not be wiped: {}\n", names(&verdict.must_not_wipe));
    }
    Ok(text)
}
