//! What each choice loses, in files, where the file system inside can say.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::CROWD;
use super::inside::own_view;
use super::related::Related;
use crate::blocks::MergedView;
use crate::filesystem::{Contents, FileSystem, LossInFiles, Side, loss_in_files};
use crate::ident::Label;
use crate::lineage::{Doubt, Relation};
use crate::replica::Replica;
use crate::verdict::{Verdict, VerdictKind};

/// Files of one file system up to which it is listed for an analysis; `diff --files` lists any.
const FILES: u64 = 1 << 16;

/// What is lost in files where one replica is kept.
#[derive(Debug)]
#[non_exhaustive]
pub struct FileLoss {
    /// The replica that is kept.
    pub keep: Label,
    /// The one whose data are lost.
    pub lost: Label,
    /// The kind of the file system.
    pub file_system: &'static str,
    /// What is lost, or why that is not known.
    pub loss: Result<LossInFiles, String>,
}

/// What every choice loses of every other replica, where blocks are lost.
pub(super) fn losses(
    related: &Related,
    verdict: &Verdict,
    inside: &BTreeMap<Label, Contents>,
) -> Vec<FileLoss> {
    // Where evidence is missing, somebody has to look all the more.
    let chosen = verdict.kind != VerdictKind::Consistent;
    let asked: Vec<_> = related.lineage.relations.iter().flat_map(lost_blocks).collect();
    let Some(comparison) = related.comparison.as_ref().filter(|found| found.sample.is_none()) else {
        return Vec::new();
    };
    if !chosen || asked.is_empty() || related.replicas.len() > CROWD {
        return Vec::new();
    }
    let views: BTreeMap<&Label, MergedView> =
        related.replicas.iter().filter_map(|one| Some((&one.label, own_view(one)?))).collect();
    let sides: BTreeMap<&Label, Result<Side<'_>, String>> = views
        .par_iter()
        .filter_map(|(label, view)| Some((*label, side(view, inside.get(*label)?.only()?))))
        .collect();
    let one = |(relation, keep, lost): &(&Relation, &Label, &Label)| {
        let (kept, given) = (sides.get(keep)?, sides.get(lost)?);
        let contents = comparison.contents.get(&(relation.a.clone(), relation.b.clone()))?;
        // What could not be read has to be looked at too.
        let differ = &contents.tips.union(&contents.unread);
        let blocks = &relation.lacks(keep, lost)?.blocks;
        let file_system = inside.get(*lost)?.only()?.kind;
        let loss = match (kept, given) {
            (Err(why), _) => Err(format!("{keep}: {why}")),
            (_, Err(why)) => Err(format!("{lost}: {why}")),
            (Ok(kept), Ok(given)) if kept.what.place.start != given.what.place.start => {
                Err("the file systems do not begin at one place".to_owned())
            }
            (Ok(kept), Ok(given)) => {
                let view = ancestor(relation, &related.replicas);
                let older = view.as_ref().and_then(|view| {
                    let contents = Contents::of(view);
                    side(view, contents.only()?).ok()
                });
                loss_in_files(kept, given, older.as_ref(), blocks, differ)
                    .map_err(|error| format!("{lost}: {error}"))
            }
        };
        Some(FileLoss { keep: (*keep).clone(), lost: (*lost).clone(), file_system, loss })
    };
    let mut out: Vec<FileLoss> = asked.par_iter().filter_map(one).collect();
    out.sort_by(|a, b| (&a.keep, &a.lost).cmp(&(&b.keep, &b.lost)));
    out
}

/// Both directions of a relation in which blocks are lost: who is kept, who is given up.
fn lost_blocks(relation: &Relation) -> Vec<(&Relation, &Label, &Label)> {
    if relation.doubts.contains(&Doubt::NotJudged) {
        return Vec::new();
    }
    let ways = [(&relation.a, &relation.b), (&relation.b, &relation.a)];
    let lost = |(keep, lost): &(&Label, &Label)| {
        relation.lacks(keep, lost).is_some_and(|holds| !holds.blocks.is_empty())
    };
    ways.into_iter().filter(lost).map(|(keep, lost)| (relation, keep, lost)).collect()
}

fn side<'a>(view: &'a MergedView, what: &FileSystem) -> Result<Side<'a>, String> {
    if what.used_inodes.is_some_and(|used| used > FILES) {
        return Err(format!("more than {FILES} files: jivascope diff --files names them"));
    }
    Side::open(view, what).map_err(|error| error.to_string())
}

/// The state that both sides of a relation had in common, as the first has it.
pub fn ancestor(relation: &Relation, replicas: &[Replica]) -> Option<MergedView> {
    let (disk, _) = relation.ancestor.as_ref()?;
    MergedView::at(Replica::among(replicas, &relation.a)?, disk).ok()
}
