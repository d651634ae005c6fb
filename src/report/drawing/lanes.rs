//! Where each lane stands.

use std::collections::BTreeMap;

use unicode_width::UnicodeWidthStr;

use super::{COLUMN_TENTHS, Lane, MARGIN};
use crate::ident::Label;
use crate::report::escape;
use crate::report::model::History;
use crate::report::text::abbreviate;

/// The narrowest lane.
const NARROW: u32 = 44;
/// The widest name of a lane, in columns, as far as names so short stay distinct.
const NAME: usize = 10;
/// Between a lane and what stands off the chain beside it.
pub(super) const ASIDE: u32 = 15;

/// All lanes.
pub(super) struct Lanes {
    /// Names and middles of the replicas' lanes, then of the one for what is missing.
    all: Vec<(String, u32)>,
    /// How many of them are replicas that are here.
    pub(super) replicas: usize,
    /// The lane of traces of replicas that nobody supplied. All have one: they may be of one replica.
    pub(super) absent: Option<usize>,
    /// Places of labels among the lanes.
    places: BTreeMap<Label, usize>,
    /// Replicas without a lane.
    pub(super) left_out: usize,
    /// Where words begin.
    pub(super) words: u32,
}

impl Lanes {
    pub(super) fn of(history: &History, most: usize) -> Self {
        let labels: Vec<&Label> = history.replicas.iter().map(|(label, _)| label).collect();
        let drawn = labels.len().min(most);
        let mut names = abbreviate(labels[..drawn].iter().map(|label| label.as_str()), NAME);
        let absent = (!history.absent.is_empty()).then_some(drawn);
        names.extend(absent.map(|_| "missing".to_owned()));
        let mut all = Vec::new();
        let mut right = MARGIN;
        for name in names {
            let columns = escape::terminal(&name).width() as u32;
            let wide = (columns * COLUMN_TENTHS / 10 + 16).max(NARROW);
            all.push((name, right + wide / 2));
            right += wide;
        }
        let places = labels[..drawn].iter().enumerate().map(|(at, label)| ((*label).clone(), at)).collect();
        let left_out = labels.len() - drawn;
        Self { all, replicas: drawn, absent, places, left_out, words: right + MARGIN }
    }

    /// The lane of a replica, if it has one.
    pub(super) fn place(&self, label: &Label) -> Option<usize> {
        self.places.get(label).copied()
    }

    /// The middle of a lane.
    pub(super) fn x(&self, lane: usize) -> u32 {
        self.all[lane].1
    }

    /// Lanes as they are drawn, not yet as long as they are.
    pub(super) fn drawn(&self) -> Vec<Lane> {
        let lane = |(at, (name, x)): (usize, &(String, u32))| Lane {
            x: *x,
            y: MARGIN + 8,
            name: name.clone(),
            absent: at >= self.replicas,
            end: 0,
        };
        self.all.iter().enumerate().map(lane).collect()
    }
}
