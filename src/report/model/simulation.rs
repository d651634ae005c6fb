//! What `simulate` says of a volume: which ways of starting it are safe, what each of the others costs, which rebuilds are
//! refused, and who leads.

use super::Tone;
use crate::analysis::{Analysis, Fate, FinalState, Part, PredictedJoin, Row, Volume};
use crate::dialect::jiva::engine::{COUNTLESS, Outcome};
use crate::ident::{BLOCK_SIZE, Label};
use crate::replica::Flag;
use crate::report::words;
use crate::verdict::Start;

/// So many orders are written out in a row; more are counted.
const ORDERS: usize = 3;

/// The account of one volume.
#[derive(Debug)]
#[non_exhaustive]
pub struct Simulation {
    /// Name, how many replicas, and by which rules.
    pub title: String,
    /// Whether it is safe to start.
    pub tone: Tone,
    /// That as a sentence.
    pub answer: &'static str,
    /// What limits it, a sentence each.
    pub caveats: Vec<Caveat>,
    /// What Jiva would do; `None` where nothing is known or no rule of Jiva's applies.
    pub doings: Option<Doings>,
}

/// A sentence that limits the answer.
#[derive(Debug)]
#[non_exhaustive]
pub struct Caveat {
    /// The sentence.
    pub text: String,
    /// Whether it limits every line below it.
    pub of_all: bool,
    /// Whether it is only a matter of what was read.
    pub faint: bool,
}

/// What Jiva would do.
#[derive(Debug)]
#[non_exhaustive]
pub struct Doings {
    /// Ways to start, best first.
    pub ways: Vec<Way>,
    /// Every ordered pair: who is RW, who comes back, and what follows.
    pub joins: Vec<(Label, Label, String)>,
    /// Who leads, by the order of registering, a sentence each.
    pub leaders: Vec<String>,
    /// Who does not come up, a sentence each.
    pub down: Vec<String>,
}

/// One way to start, with all orders that end alike.
#[derive(Debug)]
#[non_exhaustive]
pub struct Way {
    /// How it ends.
    pub tone: Tone,
    /// How it ends and what it costs.
    pub ends: String,
    /// Who leads and who comes then.
    pub order: String,
    /// What becomes of each of the others.
    pub fates: Vec<String>,
}

/// The account of every volume.
pub fn simulations(analysis: &Analysis) -> Vec<Simulation> {
    analysis.volumes.iter().map(|volume| simulation(volume, analysis.options.factor)).collect()
}

fn simulation(volume: &Volume, factor: usize) -> Simulation {
    let replicas = words::count(volume.replicas.len(), "replica");
    let foreign = volume.replicas.iter().find_map(words::dialect);
    let title = match foreign {
        Some(_) => format!("{} · {replicas}", volume.name),
        None => format!(
            "{} · {replicas} · replication factor {factor} · by the rules of Jiva {}",
            volume.name, volume.jiva_version
        ),
    };
    let (tone, answer) = answer(volume);
    let (caveats, known) = caveats(volume, foreign);
    Simulation { title, tone, answer, caveats, doings: known.then(|| doings(volume)) }
}

/// What limits the answer, and whether anything is known below it.
fn caveats(volume: &Volume, foreign: Option<&str>) -> (Vec<Caveat>, bool) {
    let mut out = Vec::new();
    let mut add = |text: String, of_all, faint| out.push(Caveat { text, of_all, faint });
    let defective: Vec<&Label> =
        volume.copies.defective(&volume.replicas).map(|(replica, _)| &replica.label).collect();
    if !defective.is_empty() {
        let text = format!(
            "The copy of {} is defective. What follows is said of the files as copied, not of what lies on the node.",
            words::labels(defective)
        );
        add(text, true, false);
    }
    if let Some(foreign) = foreign {
        add(format!("{}: what Jiva would do does not apply.", words::capital(foreign)), false, false);
        return (out, false);
    }
    if volume.replicas.iter().any(|replica| replica.counter_unread) {
        let text = "A revision.counter is missing or could not be read here, so nothing tells who would lead or what would be copied.";
        add(text.to_owned(), false, false);
        return (out, false);
    }
    if volume.comparison.is_none() {
        let text = "Blocks were not read: what differs and what is lost comes from extents and records.";
        add(text.to_owned(), false, true);
    }
    if !volume.left_out.is_nothing() {
        let count = |orders: u64| match orders {
            COUNTLESS => "over 10^15".to_owned(),
            some => some.to_string(),
        };
        let text = format!(
            "Not every order is shown: {} of starting and {} of registering are left out. Whoever can lead does, and what \
             any order can end in is among those shown.",
            count(volume.left_out.starts),
            count(volume.left_out.elections)
        );
        add(text, false, true);
    }
    (out, true)
}

fn doings(volume: &Volume) -> Doings {
    let leaders = volume.elections.iter().map(|election| {
        let order: Vec<&str> = election.order.iter().map(Label::as_str).collect();
        format!("{}: {} leads; {}", order.join(", "), election.leader, election.condition)
    });
    let joins = volume.joins.iter().map(|join| (join.join.rw.clone(), join.join.wo.clone(), becomes(join)));
    Doings {
        ways: volume.starts.iter().map(way).collect(),
        joins: joins.collect(),
        leaders: leaders.collect(),
        down: volume
            .down
            .iter()
            .map(|(label, message)| format!("{label} does not come up: {message}"))
            .collect(),
    }
}

fn way(row: &Row) -> Way {
    let likely = if row.likely { " · likely" } else { "" };
    Way {
        tone: match row.state {
            FinalState::Healthy => Tone::Good,
            FinalState::Degraded => Tone::Warning,
            _ => Tone::Danger,
        },
        ends: format!("{}{}{likely}", row.state.says(), price(row)),
        order: format!("{} leads; then {}", row.leader, then(row)),
        fates: row.replicas.iter().filter(|part| part.fate != Fate::Leads).map(fate).collect(),
    }
}

fn answer(volume: &Volume) -> (Tone, &'static str) {
    match volume.verdict.start {
        Some(Start::Safe) => (
            Tone::Good,
            "SAFE TO START: in every order all replicas come up, and nothing that these copies hold is lost or differs.",
        ),
        Some(Start::Unsafe) if has(volume, Flag::HalfClone) => {
            (Tone::Danger, "UNSAFE TO START: half a clone would be served as healthy.")
        }
        Some(Start::Unsafe) if has(volume, Flag::DataGone) => {
            (Tone::Danger, "UNSAFE TO START: zeros would be served in place of data that are gone.")
        }
        Some(Start::Unsafe) if has(volume, Flag::CannotSnapshot) && !volume.starts.iter().any(Row::harms) => {
            (Tone::Warning, "UNSAFE TO START: no data are lost, but a snapshot fails on some replica.")
        }
        Some(Start::Unsafe) if volume.starts.iter().all(|row| !row.harms()) => {
            (Tone::Warning, "UNSAFE TO START: no data are lost, but not every replica comes up.")
        }
        Some(Start::Unsafe) => {
            (Tone::Danger, "UNSAFE TO START: some order loses data or leaves replicas different.")
        }
        Some(Start::Stuck) => {
            (Tone::Danger, "STUCK: the volume will not come up writable on its own, in any order.")
        }
        Some(Start::Unknown) | None => {
            (Tone::Warning, "UNKNOWN: what is here does not show whether a start loses data.")
        }
    }
}

fn has(volume: &Volume, flag: Flag) -> bool {
    volume.replicas.iter().any(|replica| replica.flags.contains(&flag))
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

/// What a rebuild of one replica from another comes to.
fn becomes(join: &PredictedJoin) -> String {
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
