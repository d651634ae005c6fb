//! `generate`: files that are made from the program itself.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, Command, ValueEnum};
use clap_complete::Shell;
use jivascope::evidence::InputPath;

#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes: 0 written; 1 operation failed, 2 wrong usage.

Examples:
  jivascope generate completions --to ./completions
  jivascope generate man --to ~/.local/share/man/man1")]
pub(super) struct Generate {
    /// What to generate
    #[arg(value_enum)]
    pub what: What,
    /// Directory for the files; created if missing
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum What {
    /// Completions for bash, zsh and fish
    Completions,
    /// Manual pages of the program and of each command
    Man,
    /// JSON Schemas of every JSON output and of expected.json
    #[cfg(feature = "schema")]
    Schema,
}

pub(super) fn run(command: &Generate, program: Command) -> anyhow::Result<u8> {
    let to = &command.to;
    let shown = InputPath::Path(to.clone());
    fs::create_dir_all(to).with_context(|| format!("{shown}: cannot be created"))?;
    match command.what {
        What::Completions => completions(to, program),
        What::Man => man(to, program),
        #[cfg(feature = "schema")]
        What::Schema => schema(to),
    }
    .with_context(|| format!("{shown}: cannot be written to"))?;
    Ok(0)
}

fn completions(to: &Path, mut program: Command) -> anyhow::Result<()> {
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        clap_complete::generate_to(shell, &mut program, "jivascope", to)?;
    }
    Ok(())
}

fn man(to: &Path, program: Command) -> anyhow::Result<()> {
    clap_mangen::generate_to(program.disable_help_subcommand(true), to)?;
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
