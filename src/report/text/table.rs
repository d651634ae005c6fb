//! Tables without lines: cells are wrapped to their column first, then laid out side by side.

use tabled::builder::Builder;
use tabled::settings::object::Columns;
use tabled::settings::{Alignment, Padding, Style};
use unicode_width::UnicodeWidthStr;

use super::page::{Page, wrap};
use super::palette::Role;
use crate::report::escape;

/// Columns between columns.
const GUTTER: usize = 2;
/// Text gives way down to this before numbers do.
const NARROWEST: usize = 9;

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

/// One cell, which may hold anything.
#[derive(Debug, Clone)]
pub(crate) struct Cell(String);

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

/// Lays out rows of cells behind `indent` columns. A column is as wide as what stands in it, up to its own limit; where
/// all together do not fit the page, the widest columns of text give way.
pub(crate) fn table(page: &mut Page<'_>, indent: usize, columns: &[Column], rows: &[Vec<Cell>]) {
    let widths = widths(page.width().saturating_sub(indent), columns, rows);
    let mut builder = Builder::default();
    let cell = |text: &str, width: usize| wrap(&escape::terminal(text), width).join("\n");
    let mut heads = 0;
    if columns.iter().any(|column| !column.head.is_empty()) {
        let head = |(column, width): (&Column, &usize)| cell(&column.head, *width);
        let record: Vec<String> = columns.iter().zip(&widths).map(head).collect();
        heads = record.iter().map(|text| text.lines().count()).max().unwrap_or(0);
        builder.push_record(record);
    }
    for row in rows {
        builder.push_record(row.iter().zip(&widths).map(|(Cell(text), width)| cell(text, *width)));
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

/// How wide each column is on a page of so many columns.
fn widths(room: usize, columns: &[Column], rows: &[Vec<Cell>]) -> Vec<usize> {
    let wide = |text: &String| escape::terminal(text).width();
    let fills = |(at, column): (usize, &Column)| {
        let cells = rows.iter().filter_map(|row| row.get(at)).map(|Cell(text)| text);
        let most = cells.map(wide).chain([wide(&column.head)]).max().unwrap_or(0);
        most.min(column.widest).max(1)
    };
    let mut widths: Vec<usize> = columns.iter().enumerate().map(fills).collect();
    let gutters = GUTTER * columns.len().saturating_sub(1);
    while widths.iter().sum::<usize>() + gutters > room {
        let text = |at: &usize| !columns[*at].right && widths[*at] > NARROWEST;
        let any = |at: &usize| widths[*at] > 1;
        let widest = |at: &usize| widths[*at];
        let all = 0..widths.len();
        let Some(at) =
            all.clone().filter(text).max_by_key(widest).or_else(|| all.filter(any).max_by_key(widest))
        else {
            break;
        };
        widths[at] -= 1;
    }
    widths
}
