//! Starts of volumes of many replicas: the few orders that are walked show what all of them show.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::support::builder::Drawn;
use crate::support::directory::Directory;
use jivascope::analysis::{Analysis, Fate, FinalState, Options, Volume, analyze};
use jivascope::dialect::jiva::engine::COUNTLESS;
use jivascope::evidence::{Evidence, Found};
use jivascope::finding::Code;
use jivascope::ident::Label;
use proptest::prelude::*;

/// A random member of a volume: what it lacks of the trunk, its own snapshots, and what lies in its way.
#[derive(Debug, Clone)]
struct Member {
    /// How many snapshots of the trunk it has.
    trunk: usize,
    /// Blocks of a snapshot of its own, if it has one.
    own: Option<u64>,
    /// The block that its head stores.
    head: Option<u64>,
    /// Which snapshot of the trunk its Checkpoint is.
    checkpoint: Option<usize>,
    /// Writes more than those of the trunk.
    writes: i64,
    rebuilding: bool,
    /// The head so many numbers on that is left here and stores data.
    left: Option<u64>,
}

fn member() -> impl Strategy<Value = Member> {
    let own = prop::option::weighted(0.3, 0u64..6);
    let head = prop::option::weighted(0.7, 0u64..6);
    let checkpoint = prop::option::weighted(0.7, 0usize..4);
    let left = prop::option::weighted(0.3, 1u64..4);
    (1usize..4, own, head, checkpoint, 0i64..3, prop::bool::weighted(0.1), left).prop_map(
        |(trunk, own, head, checkpoint, writes, rebuilding, left)| Member {
            trunk,
            own,
            head,
            checkpoint,
            writes,
            rebuilding,
            left,
        },
    )
}

impl Member {
    fn directory(&self, who: usize) -> Directory {
        let mut text = String::new();
        for n in 0..self.trunk {
            text += &format!("s{n}:{}{{{n}}} ", 10 * (n + 1));
        }
        let mut count = 10 * self.trunk as i64 + self.writes;
        if let Some(block) = self.own {
            count += 1;
            text += &format!("own{who}:{count}{{{}@w{who}}} ", 8 + block);
        }
        let head = self.head.map_or_else(String::new, |block| format!("{{{}@w{who}}}", 8 + block));
        text += &format!("head9:{count}{head} now={count}");
        if let Some(checkpoint) = self.checkpoint {
            text += &format!(" cp=s{checkpoint}");
        }
        if self.rebuilding {
            text += " rebuilding";
        }
        if let Some(left) = self.left {
            text += &format!(" | head{}:{count}{{20}}", 9 + left);
        }
        let mut drawn = Drawn::draw(&text);
        drawn.meta.uuid = Some(format!("{who:040x}"));
        drawn.directory()
    }
}

fn judged(members: &[Member], factor: usize, metadata_only: bool, few: bool) -> Analysis {
    let found = |(who, member): (usize, &Member)| Found {
        label: Label::new(format!("r{who:02}")),
        path: format!("r{who:02}"),
        input: 0,
        source: Arc::new(member.directory(who).source()),
        labelled: true,
        volume: None,
        damage: Vec::new(),
    };
    let replicas = members.iter().enumerate().map(found).collect();
    let mut options = Options::default();
    (options.factor, options.metadata_only, options.few_orders) = (factor, metadata_only, few);
    analyze(Evidence { inputs: Vec::new(), replicas }, options, &())
}

/// What the starts under one leader come to.
#[derive(Debug, Default, PartialEq, Eq)]
struct Shown {
    writable: bool,
    read_only: bool,
    /// Whether in some order all come up, and in some not.
    all_up: (bool, bool),
    /// What the volume lacks of what some replica holds.
    unserved: BTreeSet<u64>,
    /// For each joiner whether it can come in, and whether it is refused in some order.
    fates: BTreeMap<String, (bool, bool)>,
    /// The most and the fewest that are RW.
    most: usize,
    fewest: usize,
}

fn shown(volume: &Volume) -> BTreeMap<String, Shown> {
    let mut out: BTreeMap<String, Shown> = BTreeMap::new();
    for row in &volume.starts {
        let new = || Shown { fewest: usize::MAX, ..Shown::default() };
        let one = out.entry(row.leader.to_string()).or_insert_with(new);
        let read_only = row.state == FinalState::ReadOnly;
        one.writable |= !read_only;
        one.read_only |= read_only;
        one.all_up.0 |= row.all_up();
        one.all_up.1 |= !row.all_up();
        one.unserved.insert(row.unserved_blocks);
        let is_in = |fate| matches!(fate, Fate::Leads | Fate::Kept | Fate::Rebuilt | Fate::RolledBack);
        let members = row.replicas.iter().filter(|part| is_in(part.fate)).count();
        one.most = one.most.max(members);
        one.fewest = one.fewest.min(members);
        for part in &row.replicas {
            let fate = one.fates.entry(part.replica.to_string()).or_default();
            fate.1 |= part.fate == Fate::Refused;
            fate.0 |= is_in(part.fate);
        }
    }
    out
}

fn codes(volume: &Volume) -> Vec<(Code, Option<&Label>)> {
    volume.findings.iter().map(|finding| (finding.code(), finding.replica.as_ref())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    /// Leaders, who is let in, the most and the fewest that come in, what is not served, the word for the start and
    /// the findings: all are the same by the few orders as by all.
    #[test]
    fn the_telling_orders_show_what_all_orders_show(
        members in prop::collection::vec(member(), 2..7), factor in 1usize..7, metadata_only: bool,
    ) {
        let all = judged(&members, factor, metadata_only, false);
        let few = judged(&members, factor, metadata_only, true);
        let (all, few) = (&all.volumes[0], &few.volumes[0]);
        prop_assert!(few.starts.len() <= all.starts.len());
        prop_assert_eq!(few.verdict.start, all.verdict.start);
        prop_assert_eq!(&few.verdict.kind, &all.verdict.kind);
        prop_assert_eq!(codes(few), codes(all));
        let (mut by_few, mut by_all) = (shown(few), shown(all));
        // With room for all, whoever comes in in some order comes in in a telling one; where the factor leaves no room, in
        // the join of the pair.
        for (leader, shown) in &by_all {
            for (joiner, (came_in, _)) in &shown.fates {
                let pair = |join: &&jivascope::analysis::PredictedJoin| {
                    join.join.rw.as_str() == leader && join.join.wo.as_str() == joiner
                };
                let alone = few.joins.iter().find(pair).is_some_and(|join| join.join.outcome.is_accepted());
                let in_few = by_few.get(leader).is_some_and(|shown| shown.fates[joiner].0);
                prop_assert!(!came_in || alone || in_few, "{leader} lets {joiner} in");
            }
        }
        by_few.values_mut().chain(by_all.values_mut()).for_each(|shown| shown.fates.clear());
        prop_assert_eq!(by_few, by_all);
    }
}

/// So many equal members.
fn crowd(count: usize) -> Vec<Member> {
    let member = Member {
        trunk: 3,
        own: None,
        head: None,
        checkpoint: Some(1),
        writes: 0,
        rebuilding: false,
        left: None,
    };
    vec![member; count]
}

#[test]
fn what_is_left_out_is_counted() {
    let left_out = |count: usize| judged(&crowd(count), 3, true, false).volumes[0].left_out;
    // Six leaders, five joiners each: all orders are walked.
    assert!(left_out(6).is_nothing());
    // Seven: 7 × 6! orders, of which 2 × 6 for each leader are walked; 7 × 6 elections, all of them.
    assert_eq!((left_out(7).elections, left_out(7).starts), (0, 7 * (720 - 12)));
    // Seventy-two: 72 × 71 elections are too many to list, one for each leader is.
    assert_eq!((left_out(72).elections, left_out(72).starts), (72 * 71 - 72, COUNTLESS));
}

#[test]
fn a_leader_of_many_takes_two_orders() {
    let volume = &judged(&crowd(40), 3, true, false).volumes[0];
    let orders: usize = volume.starts.iter().map(|row| row.orders.len()).sum();
    assert_eq!((volume.replicas.len(), orders), (40, 80));
    assert_eq!(volume.joins.len(), 40 * 39);
}
