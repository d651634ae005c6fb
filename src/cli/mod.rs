//! Arguments, progress, exit codes. Nothing here knows Jiva.
//!
//! From the ground up: the writer and the shared arguments; errors; progress; the ways from arguments to evidence and to
//! an analysis; the commands. `tests/rooms.rs` holds every file to that order.

mod args;
mod case;
mod commands;
mod error;
mod inputs;
mod judging;
mod out;
mod progress;
mod trust;
mod verdicts;

use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use commands::Arguments;
use out::{Color, Out};

/// Runs the program.
pub(crate) fn main() -> ExitCode {
    ExitCode::from(match Arguments::read(std::env::args_os()) {
        Ok(arguments) => {
            let color = arguments.color;
            panic::set_hook(Box::new(move |info| error::report_panic(&Out::new(color), info)));
            let out = Out::new(color);
            guarded(&out, || commands::run(&arguments, &out))
        }
        Err(error) => error::report_usage(&Out::new(Color::Auto), error),
    })
}

/// Runs to the end, whatever happens, and gives the exit code.
fn guarded(out: &Out, run: impl FnOnce() -> anyhow::Result<u8>) -> u8 {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(code)) => code,
        Ok(Err(error)) => error::report(out, &error),
        // The hook has said what happened.
        Err(_) => error::FAILED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_breaks_off_has_failed() {
        let out = Out::new(Color::Never);
        assert_eq!(guarded(&out, || panic!("as it should")), error::FAILED);
        assert_eq!(guarded(&out, || Ok(30)), 30);
    }
}
