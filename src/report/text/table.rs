//! Tables without lines: cells are wrapped to their column first, then laid out side by side.

use tabled::builder::Builder;
use tabled::settings::object::Columns;
use tabled::settings::{Alignment, Padding, Style};

use super::page::{Page, wrap};
use super::palette::Role;
use crate::report::escape;

/// Columns between columns.
const GUTTER: usize = 2;

/// One column.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    head: String,
    widest: usize,
    right: bool,
}

impl Column {
    /// Text, wrapped where it is wider than `widest`.
    pub(crate) fn text(head: &str, widest: usize) -> Self {
        Self { head: head.to_owned(), widest, right: false }
    }

    /// Numbers, set flush right.
    pub(crate) fn number(head: &str, widest: usize) -> Self {
        Self { right: true, ..Self::text(head, widest) }
    }
}

/// One cell: lines that the report itself breaks, each of which may hold anything.
#[derive(Debug, Clone)]
pub(crate) struct Cell(Vec<String>);

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self(vec![text.into()])
    }
}

impl Cell {
    /// Several lines under each other.
    pub(crate) fn lines(lines: Vec<String>) -> Self {
        Self(lines)
    }
}

/// Lays out rows of cells behind `indent` columns; the widths of all columns and the gutters
/// must fit the page.
pub(crate) fn table(page: &mut Page<'_>, indent: usize, columns: &[Column], rows: &[Vec<Cell>]) {
    let mut builder = Builder::default();
    let cell = |text: &str, column: &Column| wrap(&escape::terminal(text), column.widest).join("\n");
    let mut heads = 0;
    if columns.iter().any(|column| !column.head.is_empty()) {
        builder.push_record(columns.iter().map(|column| cell(&column.head, column)));
        heads = columns.iter().map(|c| wrap(&escape::terminal(&c.head), c.widest).len()).max().unwrap_or(0);
    }
    for row in rows {
        let cells = row.iter().zip(columns);
        builder.push_record(cells.map(|(Cell(lines), column)| {
            lines.iter().map(|line| cell(line, column)).collect::<Vec<_>>().join("\n")
        }));
    }
    let mut table = builder.build();
    table.with(Style::empty()).with(Padding::new(0, GUTTER, 0, 0));
    for (at, column) in columns.iter().enumerate() {
        if column.right {
            table.modify(Columns::one(at), Alignment::right());
        }
    }
    for (at, line) in table.to_string().lines().enumerate() {
        let role = if at < heads { Role::Faint } else { Role::Plain };
        page.laid_out(role, &format!("{}{}", " ".repeat(indent), line.trim_end()));
    }
}
