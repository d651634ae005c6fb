//! The screen of `simulate`: which orders of starting are safe, and why the others are not.

use super::page::Page;
use super::palette::{Palette, Role};
use super::table::{Cell, Column, table};
use crate::analysis::{Analysis, Fate, FinalState, Part, PredictedJoin, Row, Volume};
use crate::dialect::jiva::engine::Outcome;
use crate::ident::{BLOCK_SIZE, Label};
use crate::replica::Flag;
use crate::report::words;
use crate::verdict::Start;

/// So many orders are written out in a row; more are counted.
const ORDERS: usize = 3;

/// The most replicas that a matrix of joins has room for; more are listed pair by pair.
const MATRIX: usize = 5;

/// The screen.
pub fn simulation(analysis: &Analysis, palette: &Palette) -> String {
    let mut page = Page::new(palette);
    for volume in &analysis.volumes {
        page.gap();
        one(&mut page, volume, analysis.options.factor);
    }
    page.finish()
}

fn one(page: &mut Page<'_>, volume: &Volume, factor: usize) {
    let replicas = words::count(volume.replicas.len(), "replica");
    let foreign = volume.replicas.iter().find_map(words::dialect);
    page.say(
        Role::Heading,
        0,
        &match foreign {
            Some(_) => format!("{} · {replicas}", volume.name),
            None => format!(
                "{} · {replicas} · replication factor {factor} · by the rules of Jiva {}",
                volume.name, volume.jiva_version
            ),
        },
    );
    page.gap();
    answer(page, volume);
    if let Some(foreign) = foreign {
        page.say(
            Role::Warning,
            2,
            &format!("{}: what Jiva would do does not apply.", words::capital(foreign)),
        );
        return;
    }
    if volume.replicas.iter().any(|replica| replica.counter_unread) {
        let text = "A revision.counter could not be read here, so nothing tells who would lead or what would be copied.";
        page.say(Role::Warning, 2, text);
        return;
    }
    if volume.comparison.is_none() {
        page.say(
            Role::Faint,
            2,
            "Blocks were not read: what differs and what is lost comes from extents and records.",
        );
    }
    starts(page, volume);
    joins(page, volume);
    leaders(page, volume);
    for (label, message) in &volume.down {
        page.gap();
        page.say(Role::Warning, 0, &format!("{label} does not come up: {message}"));
    }
}

fn answer(page: &mut Page<'_>, volume: &Volume) {
    let (role, text) = match volume.verdict.start {
        Some(Start::Safe) => (
            Role::Good,
            "SAFE TO START: in every order all replicas come up, and nothing that these copies hold is lost or differs.",
        ),
        Some(Start::Unsafe) if has(volume, Flag::HalfClone) => {
            (Role::Danger, "UNSAFE TO START: half a clone would be served as healthy.")
        }
        Some(Start::Unsafe) if has(volume, Flag::DataGone) => {
            (Role::Danger, "UNSAFE TO START: zeros would be served in place of data that are gone.")
        }
        Some(Start::Unsafe) if has(volume, Flag::CannotSnapshot) && !volume.starts.iter().any(Row::harms) => {
            (Role::Warning, "UNSAFE TO START: no data are lost, but a snapshot fails on some replica.")
        }
        Some(Start::Unsafe) if volume.starts.iter().all(|row| !row.harms()) => {
            (Role::Warning, "UNSAFE TO START: no data are lost, but not every replica comes up.")
        }
        Some(Start::Unsafe) => {
            (Role::Danger, "UNSAFE TO START: some order loses data or leaves replicas different.")
        }
        Some(Start::Stuck) => {
            (Role::Danger, "STUCK: the volume will not come up writable on its own, in any order.")
        }
        Some(Start::Unknown) | None => {
            (Role::Warning, "UNKNOWN: what is here does not show whether a start loses data.")
        }
    };
    page.say(role, 0, text);
    let defective: Vec<&Label> =
        volume.copies.defective(&volume.replicas).map(|(replica, _)| &replica.label).collect();
    if !defective.is_empty() {
        let text = format!(
            "The copy of {} is defective. What follows is said of the files as copied, not of what lies on the node.",
            words::labels(defective)
        );
        page.say(Role::Warning, 0, &text);
    }
}

fn has(volume: &Volume, flag: Flag) -> bool {
    volume.replicas.iter().any(|replica| replica.flags.contains(&flag))
}

fn starts(page: &mut Page<'_>, volume: &Volume) {
    page.heading("ways to start, best first");
    if volume.starts.is_empty() {
        page.say(Role::Plain, 2, "None: too few processes come up for a leader to be elected.");
    }
    for (at, row) in volume.starts.iter().enumerate() {
        let role = match row.state {
            FinalState::Healthy => Role::Good,
            FinalState::Degraded => Role::Warning,
            _ => Role::Danger,
        };
        let likely = if row.likely { " · likely" } else { "" };
        page.item(role, &format!("{:>3}  ", at + 1), &format!("{}{}{likely}", row.state.says(), price(row)));
        page.say(Role::Plain, 5, &format!("{} leads; then {}", row.leader, then(row)));
        let fates: Vec<String> =
            row.replicas.iter().filter(|part| part.fate != Fate::Leads).map(fate).collect();
        page.say(Role::Plain, 5, &fates.join("; "));
    }
}

fn price(row: &Row) -> String {
    let mut out = String::new();
    if row.unserved_blocks > row.destroyed_blocks {
        out.push_str(&format!(" · {} not served", words::bytes(row.unserved_blocks * BLOCK_SIZE)));
    }
    if row.destroyed_blocks > 0 {
        out.push_str(&format!(" · {} lost permanently", words::bytes(row.destroyed_blocks * BLOCK_SIZE)));
    }
    if row.differing_blocks.is_some_and(|blocks| blocks > 0) {
        let blocks = row.differing_blocks.unwrap_or(0);
        out.push_str(&format!(" · {} differ", words::bytes(blocks * BLOCK_SIZE)));
    }
    out
}

/// The joiners, in the orders of a row.
fn then(row: &Row) -> String {
    let rest: Vec<String> = row
        .orders
        .iter()
        .map(|order| order[1..].iter().map(Label::as_str).collect::<Vec<_>>().join(", "))
        .collect();
    let joiners = row.orders.first().map_or(0, |order| order.len() - 1);
    let all: usize = (1..=joiners).product();
    match joiners {
        0 => "nobody".to_owned(),
        1 => rest[0].clone(),
        _ if rest.len() == all => format!("{} in any order", rest[0]),
        _ if rest.len() > ORDERS => format!("{} (and {} more orders)", rest[0], rest.len() - 1),
        _ => rest.join("; or "),
    }
}

fn fate(part: &Part) -> String {
    let label = &part.replica;
    let loses = || {
        let more = if part.more { "at least " } else { "" };
        let bytes = words::bytes(part.unserved_blocks * BLOCK_SIZE);
        if part.unserved_blocks == 0 { "writes".to_owned() } else { format!("{more}{bytes}") }
    };
    let differs = match part.differing_blocks {
        Some(blocks) if blocks > 0 => format!(", and differs in {}", words::bytes(blocks * BLOCK_SIZE)),
        _ => String::new(),
    };
    match part.fate {
        Fate::Leads => format!("{label} leads"),
        Fate::Kept => format!("{label} rejoins, nothing is copied{differs}"),
        Fate::Rebuilt => format!("{label} is rebuilt{differs}"),
        Fate::RolledBack => format!("{label} is overwritten and loses {}{differs}", loses()),
        Fate::Refused if part.unserved_blocks > 0 || part.more => {
            format!("{label} is refused; it alone holds {}", loses())
        }
        Fate::Refused => format!("{label} is refused"),
        Fate::Failed => format!("{label} fails: {}", part.message.as_deref().unwrap_or("")),
        Fate::Down => format!("{label} does not come up"),
    }
}

fn joins(page: &mut Page<'_>, volume: &Volume) {
    if volume.joins.is_empty() {
        return;
    }
    page.heading("pairwise rebuilds (row: RW source, column: rejoining replica)");
    let labels: Vec<&Label> = volume.replicas.iter().map(|replica| &replica.label).collect();
    if labels.len() > MATRIX {
        for join in &volume.joins {
            page.say(
                Role::Plain,
                2,
                &format!("{} RW, {} rejoins: {}", join.join.rw, join.join.wo, cell(join)),
            );
        }
        return;
    }
    let mut columns = vec![Column::text("RW source", 14)];
    columns.extend(labels.iter().map(|label| Column::text(&format!("{label} rejoins"), usize::MAX)));
    let rows: Vec<Vec<Cell>> = labels
        .iter()
        .map(|rw| {
            let cells = labels.iter().map(|wo| {
                let join = volume.joins.iter().find(|join| join.join.rw == **rw && join.join.wo == **wo);
                Cell::from(join.map_or_else(|| "–".to_owned(), cell))
            });
            [Cell::from(rw.as_str())].into_iter().chain(cells).collect()
        })
        .collect();
    table(page, 2, &columns, &rows);
}

fn cell(join: &PredictedJoin) -> String {
    match &join.join.outcome {
        Outcome::Refused => "refused".to_owned(),
        Outcome::Error(_) => "not possible".to_owned(),
        Outcome::Accepted { copied, .. } => {
            let mut text = match copied.len() {
                0 => "nothing copied".to_owned(),
                images => words::count(images, "image") + " copied",
            };
            if join.lost.is_some_and(|blocks| blocks > 0) {
                text.push_str(&format!(", loses {}", words::bytes(join.lost.unwrap_or(0) * BLOCK_SIZE)));
            }
            if join.splits {
                text.push_str(", then both differ");
            }
            text
        }
    }
}

fn leaders(page: &mut Page<'_>, volume: &Volume) {
    if volume.elections.is_empty() {
        return;
    }
    page.heading("elected leader, by registration order");
    for election in &volume.elections {
        let order: Vec<&str> = election.order.iter().map(Label::as_str).collect();
        let text = format!("{}: {} leads; {}", order.join(", "), election.leader, election.condition);
        page.say(Role::Plain, 2, &text);
    }
}
