//! Recordings whose answer hangs on which replicas ran together: what the logs in their directories settle of them, and
//! that nothing is settled wrongly.

use std::collections::BTreeSet;
use std::io::Write as _;

use crate::support::recorded::{Capture, sets};
use crate::support::score::Told;
use jivascope::analysis::{Analysis, Options};
use jivascope::lineage::Doubt;
use jivascope::verdict::{Confidence, Rule, VerdictKind};
use rayon::prelude::*;

/// What became of one answer that hung on the company of a counter.
struct Settled {
    case: String,
    /// At least strong, with a holder named right, or rightly irreconcilable.
    right: bool,
    /// At least strong, and not right.
    wrong: bool,
    text: String,
}

fn judge(capture: &Capture, chosen: &BTreeSet<&str>, whole: bool, without_witnesses: bool) -> Analysis {
    let mut options = Options::default();
    // A replica that is left out has often left its trace, and would be asked for.
    options.without_missing = !whole;
    options.without_witnesses = without_witnesses;
    capture.judge_by(chosen, options)
}

/// Whether an answer is open, or weak, since nobody knows whether the higher counter had company.
fn hangs_on_company(analysis: &Analysis) -> bool {
    let volume = &analysis.volumes[0];
    let unknown = |doubts: &BTreeSet<Doubt>| doubts.contains(&Doubt::CompanyUnknown);
    volume.verdict.rule == Rule::NoCompany
        || volume.verdict.confidence == Confidence::Weak
            && volume.lineage.relations.iter().any(|relation| unknown(&relation.doubts))
}

fn ask(capture: &Capture, without: Option<&str>) -> Option<Settled> {
    let labels = capture.labels();
    let chosen: BTreeSet<&str> = labels.iter().copied().filter(|label| Some(*label) != without).collect();
    let whole = without.is_none();
    if !hangs_on_company(&judge(capture, &chosen, whole, true)) {
        return None;
    }
    let analysis = judge(capture, &chosen, whole, false);
    let verdict = &analysis.volumes[0].verdict;
    cites_the_logs(capture, &analysis);
    let score = Told::of(capture.truth.as_ref()?, &labels).score(&chosen, verdict);
    let strong = verdict.confidence >= Confidence::Strong;
    let right = score.found || verdict.kind == VerdictKind::Irreconcilable && !score.findable;
    Some(Settled {
        case: format!("{} without {without:?}", capture.name),
        right: strong && right,
        wrong: strong && !right,
        text: score.text,
    })
}

/// Where a reason leans on logs, it names the files.
fn cites_the_logs(capture: &Capture, analysis: &Analysis) {
    for reason in &analysis.volumes[0].verdict.reasons {
        let says = reason.text.contains("their logs show");
        let cites =
            reason.evidence.iter().filter(|exhibit| exhibit.file.as_deref() == Some("replica.log")).count();
        assert_eq!(cites, if says { 2 } else { 0 }, "{}: {}", capture.name, reason.text);
    }
}

#[test]
fn logs_settle_who_ran_with_whom() {
    let sets = sets();
    let mut asked: Vec<(&Capture, Option<&str>)> = Vec::new();
    for (_, set) in &sets {
        for capture in set.list.iter().filter(|one| one.truth.is_some() && !one.separate()) {
            let labels = capture.labels();
            let enough = labels.len() > 2;
            asked.push((capture, None));
            asked.extend(labels.into_iter().filter(|_| enough).map(|label| (capture, Some(label))));
        }
    }
    let all: Vec<Settled> =
        asked.par_iter().filter_map(|(capture, without)| ask(capture, *without)).collect();
    let right = all.iter().filter(|one| one.right).count();
    let wrong: Vec<String> =
        all.iter().filter(|one| one.wrong).map(|one| format!("{}: {}", one.case, one.text)).collect();
    let _ = writeln!(std::io::stderr(), "logs settle {right} of {} answers that hung on company", all.len());
    assert!(wrong.is_empty(), "settled wrongly:\n{}", wrong.join("\n"));
    if sets.len() == 2 && sets.iter().all(|(_, set)| set.complete) {
        assert!(all.len() >= 200, "{} answers hang on company", all.len());
        assert!(right * 2 >= all.len(), "settled {right} of {}", all.len());
    }
}
