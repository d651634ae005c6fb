//! `check` for people: a line a case, the differences below it, a sum at the end.

use std::fmt::Write;

use crate::check::{Checked, Counts, Outcome};
use crate::report::escape::terminal as shown;

/// Writes the run as text. Without `all`, cases that are as expected are only counted.
pub fn text(cases: &[Checked], all: bool) -> String {
    let mut out = String::new();
    for case in cases {
        let name = shown(&case.name);
        match &case.outcome {
            Outcome::Same if !all => {}
            Outcome::Same => {
                let _ = writeln!(out, "same     {name}");
            }
            Outcome::Updated => {
                let _ = writeln!(out, "updated  {name}");
            }
            Outcome::Failed(why) => {
                let _ = writeln!(out, "FAILED   {name}\n           {}", shown(why));
            }
            Outcome::Differs(differences) => {
                let _ = writeln!(out, "DIFFERS  {name}");
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
