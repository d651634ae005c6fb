//! A sample may only lower a confidence: over all recordings of full sets it proves nothing and names nobody who lacks data.

use crate::support::recorded::sets;
use jivascope::analysis::{Options, analyze};
use jivascope::evidence::Evidence;
use jivascope::verdict::{Confidence, Start, VerdictKind};

#[test]
fn a_sample_of_any_recording_names_nobody_who_lacks_what_another_holds_but_weakly() {
    for (name, set) in sets() {
        let (mut asked, mut wrong) = (0, Vec::new());
        for capture in set.list.iter().filter(|capture| !capture.separate()) {
            let Some(truth) = &capture.truth else { continue };
            let mut options = Options::default();
            options.sample = Some(0.05);
            let evidence = Evidence { inputs: Vec::new(), replicas: capture.replicas().to_vec() };
            let verdict = &analyze(evidence, options, &()).volumes[0].verdict;
            assert_eq!(verdict.confidence, Confidence::Weak, "{}", capture.name);
            assert_ne!(verdict.start, Some(Start::Safe), "{}", capture.name);
            assert_eq!(verdict.must_not_wipe.len(), capture.replicas().len(), "{}", capture.name);
            asked += 1;
            let named = matches!(verdict.kind, VerdictKind::Consistent | VerdictKind::Authoritative);
            let lacks = |holder: &str| {
                capture.labels().iter().any(|other| {
                    truth["pairs_acknowledged"][format!("{other} newer than {holder}")].as_u64() > Some(0)
                })
            };
            if named && verdict.holders.iter().any(|holder| lacks(holder.as_str())) {
                wrong.push(capture.name.clone());
            }
        }
        // Two lone runs over the same blocks look like one timeline where not all of them are looked at.
        assert!(wrong.len() * 20 <= asked, "{name}: {} of {asked} wrong: {wrong:?}", wrong.len());
    }
}
