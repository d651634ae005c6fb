//! `generate`: files that are made from the program itself.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, CommandFactory, ValueEnum};
use clap_complete::Shell;

use super::args::Arguments;

#[derive(Debug, Args)]
pub(super) struct Generate {
    /// What to make
    #[arg(value_enum)]
    pub what: What,
    /// Directory to write the files to
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum What {
    /// Completions for bash, zsh and fish
    Completions,
    /// A manual page for the program and for each command
    Man,
    /// JSON Schemas of every JSON output and of expected.json
    #[cfg(feature = "schema")]
    Schema,
}

pub(super) fn run(command: &Generate) -> anyhow::Result<u8> {
    let to = &command.to;
    fs::create_dir_all(to).with_context(|| format!("{}: cannot be made", to.display()))?;
    match command.what {
        What::Completions => completions(to),
        What::Man => man(to),
        #[cfg(feature = "schema")]
        What::Schema => schema(to),
    }
    .with_context(|| format!("{}: cannot be written to", to.display()))?;
    Ok(0)
}

fn completions(to: &Path) -> anyhow::Result<()> {
    let mut program = Arguments::command();
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        clap_complete::generate_to(shell, &mut program, "jivascope", to)?;
    }
    Ok(())
}

fn man(to: &Path) -> anyhow::Result<()> {
    clap_mangen::generate_to(Arguments::command().disable_help_subcommand(true), to)?;
    Ok(())
}

#[cfg(feature = "schema")]
fn schema(to: &Path) -> anyhow::Result<()> {
    use jivascope::report::schema;
    for (name, made) in schema::schemas() {
        fs::write(to.join(format!("{name}.json")), schema::to_text(&made))?;
    }
    Ok(())
}
