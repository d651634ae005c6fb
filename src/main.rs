//! The `jivascope` program: arguments in, exit code out.

#![warn(clippy::disallowed_methods)]

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
