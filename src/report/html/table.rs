//! Tables: with a caption and heads that name their scope, in a frame that scrolls where they are too wide.

use maud::{Markup, html};

use crate::report::svg::text;

/// A column.
pub(super) struct Column {
    name: String,
    number: bool,
}

impl Column {
    pub(super) fn text(name: &str) -> Self {
        Self { name: name.to_owned(), number: false }
    }

    pub(super) fn number(name: &str) -> Self {
        Self { name: name.to_owned(), number: true }
    }
}

/// A table; the first cell of a row is its head.
pub(super) fn table(
    caption: &str,
    columns: &[Column],
    rows: impl IntoIterator<Item = Vec<Markup>>,
) -> Markup {
    html! {
        div class="scroll" tabindex="0" role="group" aria-label=(text(caption)) {
            table {
                caption { (text(caption)) }
                thead {
                    tr {
                        @for column in columns {
                            th scope="col" class=[column.number.then_some("number")] { (text(&column.name)) }
                        }
                    }
                }
                tbody {
                    @for row in rows {
                        tr {
                            @for (cell, column) in row.iter().zip(columns).take(1) {
                                th scope="row" class=[column.number.then_some("number")] { (cell) }
                            }
                            @for (cell, column) in row.iter().zip(columns).skip(1) {
                                td class=[column.number.then_some("number")] { (cell) }
                            }
                        }
                    }
                }
            }
        }
    }
}
