//! `check` as JUnit XML, as CI systems read it: a suite, a test case a case.

use std::fmt::Write;

use super::line;
use crate::check::{Checked, Counts, Outcome};
use crate::report::escape::html;

/// Writes the run as a JUnit report. Cases carry no times: there is no clock in it.
pub fn junit(cases: &[Checked]) -> String {
    let counts = Counts::of(cases);
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let (tests, differs, failed) = (cases.len(), counts.differs, counts.failed);
    let _ = writeln!(out, "<testsuites tests=\"{tests}\" failures=\"{differs}\" errors=\"{failed}\">");
    let _ = writeln!(
        out,
        "  <testsuite name=\"jivascope check\" tests=\"{tests}\" failures=\"{differs}\" errors=\"{failed}\">"
    );
    for case in cases {
        let name = escape(&case.name);
        let open = format!("    <testcase classname=\"jivascope.check\" name=\"{name}\"");
        match &case.outcome {
            Outcome::Same | Outcome::Updated => {
                let _ = writeln!(out, "{open}/>");
            }
            Outcome::Differs(differences) => {
                let lines: Vec<String> = differences.iter().map(line).collect();
                let count = lines.len();
                let what = if count == 1 { lines[0].clone() } else { format!("{count} values differ") };
                element(&mut out, &open, "failure", &what, &lines);
            }
            Outcome::Failed(why) => element(&mut out, &open, "error", why, std::slice::from_ref(why)),
        }
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

fn element(out: &mut String, open: &str, tag: &str, message: &str, lines: &[String]) {
    let message = escape(message);
    let text = lines.iter().map(|line| escape(line)).collect::<Vec<_>>().join("\n");
    let _ = writeln!(out, "{open}>\n      <{tag} message=\"{message}\">{text}</{tag}>\n    </testcase>");
}

/// Text for XML 1.0, one line; two characters that XML does not know are written out beside what HTML spells out.
fn escape(text: &str) -> String {
    html(text).replace('\u{fffe}', "\\u{fffe}").replace('\u{ffff}', "\\u{ffff}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_stay_text() {
        let cases = [Checked::new("a\"<b>&\u{1b}[31m\n", Outcome::Failed("<![CDATA[".to_owned()))];
        let xml = junit(&cases);
        assert!(xml.contains("name=\"a&quot;&lt;b&gt;&amp;\\u{1b}[31m\\u{a}\""), "{xml}");
        assert!(xml.contains("&lt;![CDATA["), "{xml}");
        assert!(xml.contains("tests=\"1\" failures=\"0\" errors=\"1\""), "{xml}");
    }
}
