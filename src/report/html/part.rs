//! Small parts that several sections share.

use maud::{Markup, html};

use crate::report::svg::text;
use crate::report::words;

/// How many of something are not on the page, and where they are; nothing where all are.
pub(super) fn bounded(left_out: usize, noun: &str, elsewhere: &str) -> Markup {
    html! {
        @if left_out > 0 {
            p class="left-out" { (words::count(left_out, noun)) " not shown. " (elsewhere) }
        }
    }
}

/// A heading of a section, and what is in it.
pub(super) fn section(volume: usize, id: &str, name: &str, content: &Markup) -> Markup {
    html! {
        // No landmark: a page of many volumes would have hundreds of one name.
        div class="part" {
            h3 id={ "v" (volume) "-" (id) } { (name) }
            (content)
        }
    }
}

/// A drawing that may be wider than the page; it can be reached and scrolled by keyboard.
pub(super) fn drawing(name: &str, svg: &Markup) -> Markup {
    html! {
        div class="scroll drawing" tabindex="0" role="group" aria-label=(text(name)) { (svg) }
    }
}
