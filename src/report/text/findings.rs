//! Findings: the grave ones in full, each kind once with all its places; the others counted.

use super::exhibits;
use super::page::Page;
use super::palette::Role;
use crate::finding::{Code, Finding, Severity};
use crate::report::model::Findings;

/// Places of one kind that are listed one by one.
const PLACES: usize = 8;

/// Writes those of danger and warning, and counts the others.
pub(super) fn write(page: &mut Page<'_>, findings: &Findings<'_>) {
    if findings.is_empty() {
        return;
    }
    page.heading("findings");
    for group in &findings.grave {
        kind(page, group.code, &group.found);
    }
    for finding in &findings.grouping {
        page.item(Role::Faint, "  info     ", &format!("{} {}", finding.code(), finding.text()));
    }
    if !findings.minor.is_empty() {
        let minor = findings.minor.iter().map(|(code, times)| {
            let times = if *times > 1 { format!(" ({times} times)") } else { String::new() };
            format!("{code} {}{times}", code.row().title)
        });
        let text = minor.collect::<Vec<_>>().join("; ");
        page.item(Role::Faint, "  info     ", &format!("{text}. In full: jivascope inspect."));
    }
}

fn kind(page: &mut Page<'_>, code: Code, found: &[&Finding]) {
    let row = code.row();
    let (role, word) = severity(found.first().map_or(row.severity, |finding| finding.severity()));
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
pub(in crate::report) fn detail(finding: &Finding) -> String {
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
    let (role, word) = severity(finding.severity());
    page.item(role, &format!("    {word:8} "), &format!("{} {}", row.code, row.title));
    page.say(Role::Plain, 13, &finding.text());
    if !finding.evidence.is_empty() {
        page.say(Role::Faint, 13, &format!("seen in {}", exhibits::places(&finding.evidence)));
    }
    page.say(Role::Plain, 13, row.consequence);
    page.item(Role::Plain, "             → ", row.remedy);
}
