//! Which words stand out, and how: the writer names roles, the program says what they look like.

/// What a piece of text is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Running text.
    Plain,
    /// The head of a section.
    Heading,
    /// All is well.
    Good,
    /// Mind this.
    Warning,
    /// Data are at stake.
    Danger,
    /// Of lesser weight.
    Faint,
}

/// The columns of a page in a file or a pipe.
pub const WIDTH: usize = 80;
/// No page is narrower or wider, however the terminal is.
const WIDTHS: std::ops::RangeInclusive<usize> = 60..=120;

/// What a page looks like: the codes that switch a look on and off, for each role, and the columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Palette {
    looks: [(String, String); 6],
    width: usize,
}

impl Palette {
    /// No look at all: for files and pipes.
    pub fn plain() -> Self {
        Self::new(|_| (String::new(), String::new()))
    }

    /// Asks for each role's codes, on and off.
    pub fn new(look: impl Fn(Role) -> (String, String)) -> Self {
        let roles = [Role::Plain, Role::Heading, Role::Good, Role::Warning, Role::Danger, Role::Faint];
        Self { looks: roles.map(look), width: WIDTH }
    }

    /// For a terminal of so many columns; a page has 60 at least and 120 at most.
    #[must_use]
    pub fn wide(self, columns: usize) -> Self {
        Self { width: columns.clamp(*WIDTHS.start(), *WIDTHS.end()), ..self }
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    pub(in crate::report) fn paint(&self, role: Role, text: &str) -> String {
        let (on, off) = &self.looks[role as usize];
        format!("{on}{text}{off}")
    }
}
