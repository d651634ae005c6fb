//! `check` for people: a line a case, the differences below it, a sum at the end.

use std::fmt::Write;

use crate::check::{Checked, Counts, Outcome};
use crate::report::escape::terminal as shown;
use crate::report::text::{Palette, Role};

/// Writes the run as text. Without `all`, cases that are as expected are only counted.
pub fn text(cases: &[Checked], palette: &Palette, all: bool) -> String {
    let (bad, good) = (|word| palette.paint(Role::Danger, word), |word| palette.paint(Role::Good, word));
    let mut out = String::new();
    for case in cases {
        let name = shown(&case.name);
        match &case.outcome {
            Outcome::Same if !all => {}
            Outcome::Same => {
                let _ = writeln!(out, "{}     {name}", good("same"));
            }
            Outcome::Updated => {
                let _ = writeln!(out, "{}  {name}", good("updated"));
            }
            Outcome::Failed(why) => {
                let _ = writeln!(out, "{}   {name}\n           {}", bad("FAILED"), shown(why));
            }
            Outcome::Differs(differences) => {
                let _ = writeln!(out, "{}  {name}", bad("DIFFERS"));
                for one in differences {
                    let (key, expected, found) = (shown(&one.key), shown(&one.expected), shown(&one.found));
                    let _ =
                        writeln!(out, "           {key}\n             - {expected}\n             + {found}");
                }
            }
        }
    }
    let counts = Counts::of(cases);
    let _ = write!(out, "{} cases: {} as expected", cases.len(), counts.same);
    for (count, what) in
        [(counts.differs, "differ"), (counts.updated, "updated"), (counts.failed, "could not be run")]
    {
        if count > 0 {
            let _ = write!(out, ", {count} {what}");
        }
    }
    out.push('\n');
    out
}
