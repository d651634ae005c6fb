//! The screen of `cluster`: what is wrong on the running side, and what to do.

use super::findings::severity;
use super::page::Page;
use super::palette::{Palette, Role};
use crate::finding::Severity;
use crate::report::words::count;
use crate::witness::{Cluster, RunningVolume};

/// The screen.
pub fn cluster(cluster: &Cluster, palette: &Palette) -> String {
    let mut page = Page::new(palette);
    for volume in &cluster.volumes {
        page.gap();
        one(&mut page, volume);
    }
    page.gap();
    page.say(Role::Faint, 0, &format!("{} read.", count(cluster.witnesses.len(), "file")));
    for (path, line) in &cluster.others {
        page.say(Role::Faint, 0, &format!("{path}: {line}."));
    }
    page.finish()
}

fn one(page: &mut Page<'_>, volume: &RunningVolume) {
    page.say(Role::Heading, 0, volume.name.as_deref().unwrap_or("volume unknown"));
    page.gap();
    match volume.status() {
        Some(Severity::Danger) => {
            page.say(Role::Danger, 0, "Data are at stake. Wipe nothing, delete nothing.")
        }
        Some(Severity::Warning) => page.say(Role::Warning, 0, "Something needs attention."),
        _ => page.say(Role::Good, 0, "These files show nothing that needs attention."),
    }
    let mut last = None;
    for (level, finding) in volume.findings.iter().filter(|(level, _)| *level > Severity::Info) {
        let row = finding.code().row();
        let (role, word) = severity(*level);
        if last != Some(row.code) {
            page.gap();
            page.item(role, &format!("  {word:8} "), &format!("{} {}", row.code, row.title));
        }
        page.item(Role::Plain, "           - ", &finding.text());
        if last != Some(row.code) {
            page.item(Role::Plain, "           → ", row.remedy);
        }
        last = Some(row.code);
    }
    let minor: Vec<String> = volume
        .findings
        .iter()
        .filter(|(level, _)| *level == Severity::Info)
        .map(|(_, finding)| finding.text())
        .collect();
    if !minor.is_empty() {
        page.gap();
        for text in minor.iter().take(MINOR) {
            page.item(Role::Faint, "  info     ", text);
        }
        if let Some(more) = minor.len().checked_sub(MINOR).filter(|more| *more > 0) {
            page.say(Role::Faint, 11, &format!("and {more} more; all with --output json"));
        }
    }
}

/// Findings of lesser weight that are listed.
const MINOR: usize = 12;
