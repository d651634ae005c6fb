//! Elections, against a walk through the controller's rules event by event.

use std::collections::BTreeMap;

use jivascope::dialect::jiva::engine::{Registration, elect_among};
use jivascope::ident::{Counter, Label};
use proptest::prelude::*;

/// The controller as its rules tell it, one registration after the other; nothing is shared with the library.
struct Controller {
    factor: usize,
    /// address -> (uuid, counter)
    registered: BTreeMap<String, (String, i64)>,
    candidate: Option<(String, i64)>,
    signalled: Option<String>,
}

impl Controller {
    fn register(&mut self, address: &str, uuid: &str, counter: i64, rebuilding: bool, leader_alive: bool) {
        self.registered.retain(|other, (id, _)| other == address || id != uuid);
        self.registered.insert(address.to_owned(), (uuid.to_owned(), counter));
        if let Some(leader) = &self.signalled {
            if leader == address || leader_alive {
                return;
            }
            self.signalled = None;
            self.candidate = None;
        }
        if rebuilding {
            return;
        }
        if self.candidate.is_none() {
            self.candidate = Some((address.to_owned(), counter));
        }
        let highest = self.candidate.as_ref().unwrap().1;
        for (_, other) in self.registered.values() {
            if *other > highest {
                self.candidate = Some((address.to_owned(), counter));
            }
        }
        if self.registered.len() > self.factor / 2 {
            self.signalled = self.candidate.as_ref().map(|(address, _)| address.clone());
        }
    }
}

fn orders(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let mut out = Vec::new();
    for order in orders(count - 1) {
        for place in 0..count {
            let mut longer = order.clone();
            longer.insert(place, count - 1);
            out.push(longer);
        }
    }
    out
}

fn entry(replica: usize, counter: i64, rebuilding: bool) -> Registration {
    Registration { label: Label::new(format!("rep-{replica}")), counter: Counter(counter), rebuilding }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// All orders of arrival of up to four replicas, with entries left over from replicas that are gone or that come
    /// back under another address, some of them being rebuilt; then the leader dies and the rest come again.
    #[test]
    fn elections_are_those_of_the_rules(
        replicas in prop::collection::vec((1i64..5, prop::bool::weighted(0.2)), 1..5),
        left in prop::collection::vec((0usize..6, 1i64..6), 0..3),
        factor in 1usize..5,
    ) {
        let left: BTreeMap<usize, i64> = left.into_iter().collect();
        for order in orders(replicas.len()) {
            let mut controller =
                Controller { factor, registered: BTreeMap::new(), candidate: None, signalled: None };
            for (replica, counter) in &left {
                controller.registered.insert(format!("old-{replica}"), (format!("rep-{replica}"), *counter));
            }
            let before: Vec<Registration> = left.iter().map(|(at, counter)| entry(*at, *counter, false)).collect();
            let arrivals: Vec<Registration> =
                order.iter().map(|at| entry(*at, replicas[*at].0, replicas[*at].1)).collect();
            let mut leader = None;
            for (at, replica) in order.iter().enumerate() {
                let (counter, rebuilding) = replicas[*replica];
                let name = format!("rep-{replica}");
                controller.register(&name, &name, counter, rebuilding, true);
                if leader.is_none() {
                    leader = controller.signalled.clone().map(|name| (Label::new(name), at + 1));
                }
            }
            prop_assert_eq!(elect_among(&before, &arrivals, factor), leader.clone(), "{:?}", order);
            let Some((first, used)) = leader else { continue };

            // It dies unnoticed until the next registration; its entry stays.
            let again: Vec<usize> = order.iter().copied().filter(|at| format!("rep-{at}") != first.as_str()).collect();
            let mut entries: BTreeMap<Label, Registration> = before.iter().map(|e| (e.label.clone(), e.clone())).collect();
            entries.extend(arrivals.iter().map(|e| (e.label.clone(), e.clone())));
            prop_assert!(used <= arrivals.len());
            let mut second = None;
            controller.candidate = None;
            controller.signalled = None;
            let arrivals: Vec<Registration> =
                again.iter().map(|at| entry(*at, replicas[*at].0, replicas[*at].1)).collect();
            for (at, replica) in again.iter().enumerate() {
                let (counter, rebuilding) = replicas[*replica];
                let name = format!("rep-{replica}");
                controller.register(&name, &name, counter, rebuilding, true);
                if second.is_none() {
                    second = controller.signalled.clone().map(|name| (Label::new(name), at + 1));
                }
            }
            let entries: Vec<Registration> = entries.into_values().collect();
            prop_assert_eq!(elect_among(&entries, &arrivals, factor), second, "after {}: {:?}", first, again);
        }
    }

    /// Without anything left over: the highest counter of those that make the quorum, the first of equals.
    #[test]
    fn with_a_clean_controller_the_highest_of_the_first_majority_wins(
        counters in prop::collection::vec(1i64..5, 1..5),
        factor in 1usize..5,
    ) {
        let quorum = factor / 2 + 1;
        let arrivals: Vec<Registration> =
            counters.iter().enumerate().map(|(at, counter)| entry(at, *counter, false)).collect();
        let expected = counters.get(..quorum).map(|deciding| {
            let highest = deciding.iter().max().unwrap();
            let winner = deciding.iter().position(|counter| counter == highest).unwrap();
            (arrivals[winner].label.clone(), quorum)
        });
        prop_assert_eq!(elect_among(&[], &arrivals, factor), expected);
    }
}

/// A left-over entry of a dead replica hands the lead to the lower of two.
#[test]
fn a_stale_entry_makes_the_lower_counter_lead() {
    let ghost = entry(9, 100, false);
    let arrivals = [entry(1, 50, false), entry(2, 10, false)];
    assert_eq!(elect_among(&[], &arrivals, 3).unwrap().0.as_str(), "rep-1");
    // The ghost counts for the majority: the first to come is signalled at once.
    assert_eq!(elect_among(std::slice::from_ref(&ghost), &arrivals, 3), Some((Label::from("rep-1"), 1)));
    // Where the two and the ghost make the majority, the second takes the lead over, with the lower counter.
    assert_eq!(elect_among(&[ghost], &arrivals, 5), Some((Label::from("rep-2"), 2)));
}
