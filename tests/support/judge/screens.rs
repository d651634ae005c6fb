//! Text and JSON say what the verdict says, and the exit code is the kind's.

use jivascope::analysis::Analysis;
use jivascope::report::json;
#[cfg(feature = "cli")]
use jivascope::report::text;
use jivascope::verdict::{Start, VerdictKind};
use serde_json::Value;

use super::Breach;

/// What stands on the first page where a start is called safe, and nowhere else.
#[cfg(feature = "cli")]
const SAFE: &[&str] = &["SAFE TO START", "Jiva can start it as it is"];

pub fn disagree(analysis: &Analysis) -> Vec<Breach> {
    let verdict = &analysis.volumes[0].verdict;
    let document: Value = serde_json::from_str(&json::Document::of(analysis).to_text()).unwrap();
    let told = &document["volumes"][0]["verdict"];
    let labels = |list: &[jivascope::ident::Label]| Value::from_iter(list.iter().map(|label| label.as_str()));
    let mut out = Vec::new();
    let mut same = |what: &str, ours: Value| {
        if told.get(what).unwrap_or(&Value::Null) != &ours {
            out.push(Breach::new("screens", format!("JSON {what} {}, verdict {ours}", told[what])));
        }
    };
    same("kind", verdict.kind.as_str().into());
    same("confidence", verdict.confidence.as_str().into());
    same("start", verdict.start.map(Start::as_str).into());
    same("complete", verdict.complete.into());
    same("keep", verdict.keep.as_ref().map(|label| label.as_str()).into());
    same("holders", labels(&verdict.holders));
    same("must_not_wipe", labels(&verdict.must_not_wipe));
    let code = match verdict.kind {
        VerdictKind::Consistent => 0,
        VerdictKind::Authoritative => 10,
        VerdictKind::Irreconcilable => 20,
        VerdictKind::InsufficientEvidence => 30,
    };
    if verdict.kind.exit_code() != code {
        out.push(Breach::new("screens", format!("exit code {}, not {code}", verdict.kind.exit_code())));
    }
    #[cfg(feature = "cli")]
    on_screen(analysis, &mut out);
    out
}

/// The same of the text, which the program alone has.
#[cfg(feature = "cli")]
fn on_screen(analysis: &Analysis, out: &mut Vec<Breach>) {
    let verdict = &analysis.volumes[0].verdict;
    let screen = text::analysis(analysis, &text::Palette::plain());
    let flat = screen.split_whitespace().collect::<Vec<_>>().join(" ");
    let kinds = ["CONSISTENT", "AUTHORITATIVE", "IRRECONCILABLE", "INSUFFICIENT"];
    for word in kinds {
        let is = verdict.kind.as_str().to_uppercase().starts_with(word);
        let said = flat.split(' ').any(|part| part.trim_matches(|c: char| !c.is_alphabetic()) == word);
        let said = said || (is && flat.contains(word));
        if is != said {
            out.push(Breach::new(
                "screens",
                format!("{word}: said {said}, verdict {}", verdict.kind.as_str()),
            ));
        }
    }
    if !flat.contains(verdict.confidence.as_str()) {
        out.push(Breach::new("screens", format!("{} is not on the screen", verdict.confidence.as_str())));
    }
    for phrase in SAFE.iter().filter(|phrase| flat.contains(**phrase)) {
        if verdict.start != Some(Start::Safe) {
            out.push(Breach::new("screens", format!("says {phrase:?}, start is {:?}", verdict.start)));
        }
    }
    for label in &verdict.must_not_wipe {
        if !flat.contains(label.as_str()) {
            out.push(Breach::new("screens", format!("{label} must not be wiped and is not on the screen")));
        }
    }
}
