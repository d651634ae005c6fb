//! Drawings as SVG: the history of `graph`, and what a page of HTML shows inline. Places come from the drawing.

mod history;
mod map;

use maud::{Markup, PreEscaped, html};

use super::drawing::{Drawing, Scope};
use super::escape;
use super::model::{self, History};
use crate::analysis::Analysis;

pub(super) use history::inline as history;
pub(super) use map::inline as map;

/// How drawings look, light and dark; the page of HTML has it too.
pub(super) const STYLE: &str = include_str!("style.css");

/// Elements that begin a line of their own in a file.
const TAGS: &[&str] = &["title", "desc", "style", "g", "rect", "path", "circle", "text", "/g", "/svg"];

/// Between two volumes.
const GAP: u32 = 24;
/// The height of a volume's title.
const TITLE: u32 = 30;

/// The history of every volume as one SVG file, one below the other. Long stretches without branches are one row unless
/// `full`.
pub fn graph(analysis: &Analysis, full: bool) -> String {
    let scope = if full { Scope { full, rows: usize::MAX, lanes: usize::MAX } } else { Scope::default() };
    let mut y = GAP;
    let mut width = 0;
    let mut parts: Vec<Markup> = Vec::new();
    let mut names: Vec<&str> = Vec::new();
    for volume in &analysis.volumes {
        let drawing = Drawing::of(&History::of(volume), scope);
        let below = drawing.left_out.len() as u32 * 20;
        parts.push(html! {
            g transform={ "translate(0 " (y) ")" } {
                text class="volume" x="14" y="12" { (text(&model::title(volume))) }
                g transform={ "translate(0 " (TITLE) ")" } {
                    (history::content(&drawing))
                    @for (at, line) in drawing.left_out.iter().enumerate() {
                        text class="w" x="14" y=(drawing.height + at as u32 * 20) { (text(line)) }
                    }
                }
            }
        });
        y += TITLE + drawing.height + below + GAP;
        width = width.max(drawing.width);
        names.push(&volume.name);
    }
    let svg = html! {
        svg xmlns="http://www.w3.org/2000/svg" class="jv alone" viewBox=(format!("0 0 {width} {y}")) width=(width)
            height=(y) role="img" aria-labelledby="t d" {
            title id="t" { "Snapshot history of " (text(&names.join(", "))) }
            desc id="d" { (text(history::ABOUT)) }
            style { (PreEscaped(STYLE)) }
            rect class="paper" width="100%" height="100%" {}
            @for part in parts { (part) }
        }
    };
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}\n", lines(&svg.into_string(), TAGS))
}

/// Text of the report or of the evidence: no markup and nothing unseen comes through.
pub(super) fn text(text: &str) -> Markup {
    PreEscaped(escape::html(text))
}

/// Markup with a line for each of these elements, for those who read or compare it as text. Text that stands in it has no
/// `<`, and between these elements spaces mean nothing.
pub(super) fn lines(markup: &str, elements: &[&str]) -> String {
    let mut out = String::with_capacity(markup.len() + markup.len() / 16);
    let mut rest = markup;
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at(at);
        out.push_str(before);
        let name = tag[1..].split([' ', '>']).next().unwrap_or_default();
        if elements.contains(&name) && !out.is_empty() && !out.ends_with('\n') {
            out.push('\n');
        }
        out.push('<');
        rest = &tag[1..];
    }
    out.push_str(rest);
    out
}
