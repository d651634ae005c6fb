//! Plays acts one after the other: what state each leaves, who leads, and what lies nowhere any more.

use std::collections::BTreeSet;

use serde::Serialize;

use super::act::Act;
use super::played::{Outcome, Played};
use super::player::Player;
use crate::analysis::{Options, Volume};
use crate::dialect::jiva::engine::Table;
use crate::ident::Label;
use crate::verdict::Case;

/// What came of all acts.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Linted {
    /// How it ends.
    pub outcome: Outcome,
    /// Each act, up to the first that destroys something.
    pub played: Vec<Played>,
    /// Whose data the volume is read from at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serves: Option<Label>,
    /// How many replicas are RW at the end.
    pub members: usize,
    /// Whose data the volume does not serve at the end, and which lie in a copy, an export or a directory beside it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<Label>,
}

/// So many worlds are followed; of more the worst.
const WORLDS: usize = 48;

/// Plays acts on a volume, up to the first that destroys something. All processes are stopped at first.
pub fn lint(volume: &Volume, options: &Options, acts: &[Act]) -> Linted {
    let joins = acts.len().saturating_mul(volume.replicas.len()).min(1024) + volume.replicas.len();
    let table = Table::of(&volume.replicas, volume.jiva_version, options.factor, joins);
    let player = Player::of(volume, &table, unseen(volume, options));
    let mut out =
        Linted { outcome: Outcome::Safe, played: Vec::new(), serves: None, members: 0, beside: Vec::new() };
    let copies = Case::count(volume.replicas.iter()) < volume.replicas.len();
    // Where luck decides who is first, each way is a world of its own, and every later act is played in all of them.
    let mut worlds = vec![player];
    for act in acts {
        let mut ways: Vec<(Player<'_>, Played)> = worlds.drain(..).flat_map(|world| world.act(act)).collect();
        ways.sort_by_key(|(player, played)| std::cmp::Reverse((played.outcome(), player.short())));
        let worst = ways.first().map(|(_, played)| played.clone());
        let mut known = BTreeSet::new();
        ways.retain(|(player, _)| known.insert(player.state()));
        let Some(mut played) = worst else { break };
        if copies && played.unknown.is_none() {
            played.unknown = Some(
                "two of these directories are of one replica, so nobody knows which of them lies on its node: give one of them"
                    .to_owned(),
            );
        }
        if ways.len() > WORLDS && played.unknown.is_none() {
            played.unknown =
                Some("there are more orders than are followed: start one after the other".to_owned());
        }
        ways.truncate(WORLDS);
        worlds = ways.into_iter().map(|(player, _)| player).collect();
        out.outcome = out.outcome.max(played.outcome());
        out.played.push(played);
        if out.outcome >= Outcome::Splits {
            break;
        }
    }
    let Some(player) = worlds.first() else { return out };
    out.members = player.play.members();
    out.serves = player.play.source().and_then(|source| player.ledger.holds(&source).cloned());
    if let Some(serves) = &out.serves {
        let missed = |label: &&Label| !player.ledger.includes(serves, label);
        out.beside = volume.replicas.iter().map(|one| &one.label).filter(missed).cloned().collect();
    }
    out
}

/// Whether a replica that nobody supplied may be about, and what it holds may matter.
pub(super) fn unseen(volume: &Volume, options: &Options) -> bool {
    !options.without_missing && !volume.verdict.complete
}
