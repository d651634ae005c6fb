//! The one writer: every byte on standard output and standard error goes through here.
//!
//! Reports come escaped for their form. Everything else is one line that is escaped here. A reader that has gone away is
//! no error: the run goes on to its end and keeps its exit code. Any other failure to write is one.
#![allow(clippy::disallowed_methods, reason = "nothing else may have the two streams")]

use std::io::{self, ErrorKind, IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use anyhow::Context;
use clap::ValueEnum;
use indicatif::ProgressDrawTarget;
use jivascope::report::escape;
use jivascope::report::text::{Palette, Role};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// Only on a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Standard output and standard error.
#[derive(Debug)]
pub(super) struct Out {
    palette: Palette,
    colored_out: bool,
    colored_err: bool,
}

impl Out {
    pub(super) fn new(color: Color) -> Self {
        let wanted = |auto: ColorChoice| match color {
            Color::Auto => auto != ColorChoice::Never,
            Color::Always => true,
            Color::Never => false,
        };
        let colored_out = wanted(AutoStream::choice(&io::stdout()));
        let colored_err = wanted(AutoStream::choice(&io::stderr()));
        let palette = if colored_out { Palette::new(look) } else { Palette::plain() };
        let palette = match columns() {
            Some(columns) => palette.wide(columns),
            None => palette,
        };
        Self { palette, colored_out, colored_err }
    }

    /// What the words of a report look like.
    pub(super) fn palette(&self) -> &Palette {
        &self.palette
    }

    /// Writes a report to standard output. Its room has escaped it for the form that it has.
    pub(super) fn report(&self, text: &str) -> anyhow::Result<()> {
        write(io::stdout().lock(), text).context("standard output")
    }

    /// Writes what clap has to say of itself to standard output: there is nothing of the user's in it.
    pub(super) fn help(&self, text: &clap::builder::StyledStr) -> anyhow::Result<()> {
        if self.colored_out { self.report(&text.ansi().to_string()) } else { self.report(&text.to_string()) }
    }

    /// Writes one line to standard output.
    pub(super) fn line(&self, text: &str) -> anyhow::Result<()> {
        self.report(&format!("{}\n", escape::terminal(text)))
    }

    /// Writes one line to standard error that is a result, where standard output is taken.
    pub(super) fn aside(&self, text: &str) -> anyhow::Result<()> {
        write(io::stderr().lock(), &format!("{}\n", escape::terminal(text))).context("standard error")
    }

    /// Standard output for an image. The writer says when the reader has gone away.
    pub(super) fn bytes(&self) -> impl Write {
        io::stdout().lock()
    }

    /// Says on standard error what stands against trusting the result.
    pub(super) fn warn(&self, text: &str) -> anyhow::Result<()> {
        self.say(Role::Warning, "warning", &escape::terminal(text))
    }

    /// Says on standard error why the run failed.
    pub(super) fn error(&self, lead: &str, text: &str) -> anyhow::Result<()> {
        self.say(Role::Danger, lead, &escape::terminal(text))
    }

    /// Says on standard error what can be done about it.
    pub(super) fn hint(&self, text: &str) -> anyhow::Result<()> {
        self.say(Role::Heading, "hint", &escape::terminal(text))
    }

    /// Says on standard error what is wrong with the command line, in clap's own words over several lines. The one who made
    /// them has escaped what was typed.
    pub(super) fn usage(&self, text: &str) -> anyhow::Result<()> {
        self.say(Role::Danger, "error", text.trim_end())
    }

    fn say(&self, role: Role, lead: &str, escaped: &str) -> anyhow::Result<()> {
        let (on, off) = if self.colored_err { look(role) } else { <(String, String)>::default() };
        write(io::stderr().lock(), &format!("{on}{lead}:{off} {escaped}\n")).context("standard error")
    }
}

/// Says on standard error, before the report is there, what may be a mistake of whoever called.
pub(super) fn at_once(text: &str) -> io::Result<()> {
    write(io::stderr().lock(), &format!("warning: {}\n", escape::terminal(text)))
}

/// Whether somebody watches standard error.
pub(super) fn is_watched() -> bool {
    io::stderr().is_terminal()
}

/// Whether standard output is a terminal.
pub(super) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Where progress is drawn.
pub(super) fn progress() -> ProgressDrawTarget {
    ProgressDrawTarget::stderr()
}

/// The columns of the terminal that standard output is, if it is one.
fn columns() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    (size.ws_col > 0).then_some(usize::from(size.ws_col))
}

fn look(role: Role) -> (String, String) {
    let style = match role {
        Role::Plain => return (String::new(), String::new()),
        Role::Heading => Style::new().bold(),
        Role::Good => AnsiColor::Green.on_default().bold(),
        Role::Warning => AnsiColor::Yellow.on_default().bold(),
        Role::Danger => AnsiColor::Red.on_default().bold(),
        Role::Faint => Style::new().dimmed(),
    };
    (style.render().to_string(), style.render_reset().to_string())
}

/// A reader who closes the pipe has seen what they wanted.
fn write(mut to: impl Write, text: &str) -> io::Result<()> {
    match to.write_all(text.as_bytes()).and_then(|()| to.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}
