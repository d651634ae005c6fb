//! Standard output: colour where somebody looks, and readers that go away.

use std::io::{ErrorKind, Write};

use anstyle::{AnsiColor, Style};
use clap::ValueEnum;
use jivascope::report::text::{Palette, Role};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Color {
    pub(super) fn palette(self) -> Palette {
        let plain = match self {
            Self::Auto => anstream::AutoStream::choice(&std::io::stdout()) == anstream::ColorChoice::Never,
            Self::Always => false,
            Self::Never => true,
        };
        let palette = if plain { Palette::plain() } else { Palette::new(look) };
        match columns() {
            Some(columns) => palette.wide(columns),
            None => palette,
        }
    }
}

/// The columns of the terminal that standard output is, if it is one.
fn columns() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
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

/// Writes to standard output. Whoever closes the pipe has seen what he wanted: no error, and the exit code stays.
pub(super) fn write(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        done => Ok(done?),
    }
}
