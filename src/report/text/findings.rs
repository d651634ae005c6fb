//! Findings: the grave ones in full, each kind once with all its places; the others counted.

use std::collections::BTreeMap;

use super::page::Page;
use super::palette::Role;
use super::words;
use crate::finding::{Code, Finding, Severity};

/// Places of one kind that are told one by one.
const PLACES: usize = 8;

/// Writes those of danger and warning, and counts the others.
pub(super) fn write(page: &mut Page<'_>, findings: &[Finding]) {
    let mut kinds: BTreeMap<(std::cmp::Reverse<Severity>, Code), Vec<&Finding>> = BTreeMap::new();
    for finding in findings {
        kinds.entry((std::cmp::Reverse(finding.severity()), finding.code())).or_default().push(finding);
    }
    if kinds.is_empty() {
        return;
    }
    page.heading("findings");
    let mut minor = Vec::new();
    let mut grouping = Vec::new();
    for ((std::cmp::Reverse(severity), code), found) in &kinds {
        if matches!(code, Code::GroupedByHistory | Code::ToldApart) {
            grouping.extend(found.iter().map(|finding| (*code, *finding)));
            continue;
        }
        if *severity == Severity::Info {
            let times = if found.len() > 1 { format!(" ({} times)", found.len()) } else { String::new() };
            minor.push(format!("{code} {}{times}", code.row().title));
            continue;
        }
        kind(page, *code, found);
    }
    // What was taken for one volume, and what was not, is told in full: everything else rests on it.
    for (code, finding) in grouping {
        page.item(Role::Faint, "  info     ", &format!("{code} {}", finding.text()));
    }
    if !minor.is_empty() {
        page.item(Role::Faint, "  info     ", &format!("{}. In full: jivascope inspect.", minor.join("; ")));
    }
}

fn kind(page: &mut Page<'_>, code: Code, found: &[&Finding]) {
    let row = code.row();
    let (role, word) = severity(row.severity);
    page.item(role, &format!("  {word:8} "), &format!("{code} {}", row.title));
    for finding in found.iter().take(PLACES) {
        page.item(Role::Plain, "           - ", &detail(finding));
    }
    if found.len() > PLACES {
        page.say(Role::Plain, 11, &format!("- and {} more", found.len() - PLACES));
    }
    page.say(Role::Plain, 11, row.consequence);
    page.item(Role::Plain, "           → ", row.remedy);
}

/// What holds, behind the replica it is about.
pub(super) fn detail(finding: &Finding) -> String {
    match &finding.replica {
        Some(label) => format!("{label}: {}", finding.text()),
        None => finding.text(),
    }
}

/// A severity as role and word.
pub(super) fn severity(severity: Severity) -> (Role, &'static str) {
    match severity {
        Severity::Danger => (Role::Danger, "danger"),
        Severity::Warning => (Role::Warning, "warning"),
        Severity::Info => (Role::Faint, "info"),
    }
}

/// A finding with everything known of it.
pub(super) fn in_full(page: &mut Page<'_>, finding: &Finding) {
    let row = finding.code().row();
    let (role, word) = severity(row.severity);
    page.item(role, &format!("    {word:8} "), &format!("{} {}", row.code, row.title));
    page.say(Role::Plain, 13, &finding.text());
    if !finding.evidence.is_empty() {
        page.say(Role::Faint, 13, &format!("seen in {}", words::evidence(&finding.evidence)));
    }
    page.say(Role::Plain, 13, row.consequence);
    page.item(Role::Plain, "             → ", row.remedy);
}
