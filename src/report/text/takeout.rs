//! How to take the data out: the command for each candidate, and how to look into what it writes.

use super::page::{Page, WIDTH};
use super::palette::Role;
use super::words;
use crate::analysis::Volume;
use crate::evidence::InputReport;
use crate::ident::Label;
use crate::replica::{Flag, Replica, State};
use crate::verdict::{Rule, VerdictKind};

/// Commands that are written out; more candidates are counted.
const MOST: usize = 4;

/// Writes the commands, where the answer leaves a choice or no other copy.
pub(super) fn write(page: &mut Page<'_>, volume: &Volume, inputs: &[InputReport]) {
    let candidates = candidates(volume);
    let unclean = unclean(volume);
    if !unclean.is_empty() {
        let text = format!(
            "What no copy holds cannot be seen: after a power cut or an unclean end ({}) acknowledged writes may be \
             missing everywhere. Check the file system in an export: e2fsck -fn FILE (ext4), xfs_repair -n FILE (XFS).",
            words::labels(unclean)
        );
        page.item(Role::Plain, "  - ", &text);
    }
    if candidates.is_empty() {
        return;
    }
    let why = match volume.verdict.kind {
        VerdictKind::Irreconcilable => "Take out the data of each before anything is decided",
        _ if candidates.len() == 1 => "Take its data out, whatever is decided",
        _ => "Take out the data of each, whatever is decided",
    };
    page.item(Role::Plain, "  - ", &format!("{why}:"));
    for replica in candidates.iter().take(MOST) {
        command(page, &export(replica, inputs));
    }
    if candidates.len() > MOST {
        page.say(Role::Faint, 4, &format!("and {} more in the same way", candidates.len() - MOST));
    }
    let look = "Look into such an image without changing it: e2fsck -fn FILE, then mount -o ro,noload,loop FILE DIR \
                (XFS: ro,norecovery,loop).";
    page.item(Role::Plain, "  - ", look);
}

/// Whose data are to be taken out: one of each history that nobody else holds; where nothing is decided, of all.
fn candidates(volume: &Volume) -> Vec<&Replica> {
    let readable = |replica: &&Replica| {
        replica.state == State::Usable && replica.has_images() && !replica.chain.is_empty()
    };
    let verdict = &volume.verdict;
    match verdict.kind {
        VerdictKind::Consistent | VerdictKind::Authoritative => Vec::new(),
        VerdictKind::Irreconcilable => {
            let first_of_equals = |replica: &&Replica| {
                !volume
                    .replicas
                    .iter()
                    .take_while(|other| other.label != replica.label)
                    .any(|other| equal(volume, &other.label, &replica.label))
            };
            volume.replicas.iter().filter(readable).filter(first_of_equals).collect()
        }
        VerdictKind::InsufficientEvidence if verdict.rule == Rule::Witness => volume
            .replicas
            .iter()
            .filter(readable)
            .filter(|replica| verdict.holders.contains(&replica.label))
            .take(1)
            .collect(),
        VerdictKind::InsufficientEvidence => volume.replicas.iter().filter(readable).collect(),
    }
}

fn equal(volume: &Volume, one: &Label, other: &Label) -> bool {
    volume
        .lineage
        .between(one, other)
        .is_some_and(|relation| relation.newer_a.nothing() && relation.newer_b.nothing())
}

/// Replicas that lost power or were not closed.
fn unclean(volume: &Volume) -> Vec<&Label> {
    let flagged = |replica: &&Replica| {
        [Flag::PowerLossSuspected, Flag::Dirty].iter().any(|flag| replica.flags.contains(flag))
    };
    volume.replicas.iter().filter(flagged).map(|replica| &replica.label).collect()
}

fn export(replica: &Replica, inputs: &[InputReport]) -> Vec<String> {
    let label = replica.label.as_str();
    let input = inputs.iter().find(|input| input.replicas.contains(&replica.label));
    let input = input.map_or("INPUT", |input| input.input.as_str());
    let given = if replica.labelled { format!("{label}={input}") } else { input.to_owned() };
    let file = label.replace('/', "-");
    ["jivascope", "export", &given, "--replica", label, "--to", &format!("{file}.raw"), "--format", "raw"]
        .map(str::to_owned)
        .to_vec()
}

/// A command for a shell, over several lines where it is long.
fn command(page: &mut Page<'_>, words: &[String]) {
    let mut lines = vec![String::new()];
    for word in words {
        // A NUL stands in no argument of any program.
        let word = shlex::try_quote(word).map_or_else(|_| "''".to_owned(), |word| word.into_owned());
        let line = lines.last_mut().expect("there is always a line");
        if !line.is_empty() && line.chars().count() + word.chars().count() + 3 > WIDTH - 6 {
            line.push_str(" \\");
            lines.push(format!("  {word}"));
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(&word);
        }
    }
    for line in lines {
        page.say(Role::Plain, 6, &line);
    }
}
