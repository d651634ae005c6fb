//! The screen of `inspect`: each replica in full.

use std::collections::BTreeMap;

use super::lanes::draw;
use super::page::Page;
use super::palette::{Palette, Role};
use super::{findings, screen};
use crate::evidence::InputReport;
use crate::filesystem::Contents;
use crate::ident::Label;
use crate::replica::Replica;
use crate::report::model::{self, Candidates, InspectedDisk, Inspection};

/// More lanes than this leave too little room for names.
const LANES: usize = 12;

/// Every replica: what volume.meta says, the chain as a tree, every disk, every finding.
pub fn inspect(
    inputs: &[InputReport],
    replicas: &[Replica],
    inside: &BTreeMap<Label, Contents>,
    palette: &Palette,
) -> String {
    let mut page = Page::new(palette);
    for replica in Inspection::of(replicas, inside) {
        page.gap();
        page.say(Role::Heading, 0, &replica.title);
        for (name, text) in &replica.facts {
            page.item(Role::Plain, &format!("  {name:16} "), text);
        }
        page.gap();
        page.say(Role::Heading, 2, &replica.chain);
        disks(&mut page, &replica.disks);
        if let Some(found) = &replica.candidates {
            candidates(&mut page, found);
        }
        page.gap();
        if replica.findings.is_empty() {
            page.say(Role::Good, 2, "no findings");
        } else {
            page.say(Role::Heading, 2, "findings");
            for finding in &replica.findings {
                findings::in_full(&mut page, finding);
            }
        }
    }
    screen::without_data(&mut page, &model::without_data(inputs));
    screen::inputs(&mut page, &model::remarks(inputs));
    page.finish()
}

fn candidates(page: &mut Page<'_>, found: &Candidates) {
    page.gap();
    page.say(Role::Heading, 2, &found.title);
    for (what, disks, reasons) in &found.each {
        page.item(Role::Plain, "    ", what);
        page.say(Role::Faint, 6, disks);
        for reason in reasons {
            page.item(Role::Plain, "      - ", reason);
        }
    }
    page.say(Role::Plain, 4, &found.hint);
}

fn disks(page: &mut Page<'_>, disks: &[InspectedDisk]) {
    let parents: Vec<Vec<usize>> = disks.iter().map(|disk| disk.parent.into_iter().collect()).collect();
    let mark = |at: usize| match &disks[at] {
        disk if disk.is_head => '*',
        disk if disk.on_chain => 'o',
        _ => 'x',
    };
    let Some(rows) = draw(&parents, LANES, mark) else {
        page.say(Role::Faint, 2, "too many branches to draw: the list is in order, head to base");
        for (at, disk) in disks.iter().enumerate() {
            one(page, disk, &format!("  {} ", mark(at)), "    ");
        }
        return;
    };
    for row in rows {
        let lead = format!("  {} ", row.lanes.trim_end());
        let under = format!("  {:1$} ", row.under.trim_end(), lead.chars().count() - 3);
        match row.node {
            Some(at) => one(page, &disks[at], &lead, &under),
            None => page.laid_out(Role::Plain, &lead),
        }
    }
}

fn one(page: &mut Page<'_>, disk: &InspectedDisk, lead: &str, under: &str) {
    let role = if disk.is_head { Role::Heading } else { Role::Plain };
    page.led(role, lead, under, disk.name.as_str());
    page.led(Role::Faint, under, under, &disk.notes.join(", "));
}
