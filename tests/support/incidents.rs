//! The incidents of an operator's public reviews, as replica directories.
//!
//! Names, numbers, heads, Checkpoints, counters and messages are the reviews'. Where a review is silent (which blocks
//! were written, the rest of each name, the lengths of the chains) something plausible is made up; each fixture's
//! README says what.

use jivascope::replica::VolumeMeta;

use super::builder::{DAWN, Drawn, Layer, image, rfc3339};
use super::directory::Fill;

/// One incident: its folder, and its replicas.
pub struct Incident {
    pub name: &'static str,
    /// The volume, whose name is that of each replica's directory.
    pub volume: &'static str,
    pub replicas: Vec<(&'static str, Drawn)>,
}

pub fn all() -> Vec<Incident> {
    vec![march(), march_with_a_fourth(), february(), july(), january()]
}

const GIB: u64 = 1 << 30;
const DAY: u64 = 86_400;
/// The volume of February and March.
const VOLUME: &str = "pvc-a634b9a3-fdaa-4b45-9dc3-2486e716d755";
const REFUSAL: &str = "Failed to add replica to controller, err: Current replica's checkpoint not present in \
                       rwReplica chain, Shutting down...";

/// A name like those of automatic snapshots, always the same for the same text; `start` is what is known of it.
fn uuid(start: &str, text: &str) -> String {
    let mut state: u64 =
        text.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
    let mut hex = String::from(start);
    while hex.len() < 32 {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        hex.push_str(&format!("{:016x}", mixed ^ (mixed >> 27)));
    }
    let (version, variant) = ("4", "a");
    format!(
        "{}-{}-{version}{}-{variant}{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[13..16],
        &hex[17..20],
        &hex[20..32]
    )
}

/// A directory's own UUID: 40 hex digits.
fn directory_uuid(text: &str) -> Option<String> {
    let digits = uuid("", text).replace('-', "") + &uuid("", &format!("{text} more"))[..8];
    Some(digits)
}

fn head(number: u64) -> String {
    image(&format!("head{number}"))
}

fn log_line(seconds: u64, level: &str, message: &str) -> String {
    format!("time=\"{}\" level={level} msg=\"{message}\"", rfc3339(seconds))
}

/// A stretch of one replica's life: `count` automatic snapshots, each over a few blocks that it wrote.
struct Life<'a> {
    /// Who writes; part of what the blocks hold.
    by: &'a str,
    /// How many snapshots.
    count: u64,
    /// When the first was taken, and how far apart they are.
    from: u64,
    every: u64,
    /// The counter at the first, and how many writes lie between two.
    counter: i64,
    writes: i64,
    /// First block written, in each snapshot further on.
    block: u64,
}

impl Life<'_> {
    fn snapshots(&self) -> Vec<Layer> {
        (0..self.count)
            .map(|n| {
                let name = image(&uuid("", &format!("{} {n}", self.by)));
                let count = self.counter + self.writes * i64::try_from(n).unwrap();
                let first = self.block + n * 11;
                let mut layer = Layer::new(&name, Some(count)).at(self.from + self.every * n);
                layer = layer.store(first..first + 9, &format!("{} {n}", self.by));
                // A stored block of zeros: a copy that lost it would show.
                layer.blocks.insert(first + 9, Fill::Zeros);
                layer
            })
            .collect()
    }
}

/// The three lineages of March, each up to the head in which its replica was last RW.
fn three_lineages() -> Vec<(&'static str, Drawn)> {
    let midday = DAWN + 80 * DAY; // 2026-03-22
    let one = |label, count, checkpoint: (&str, &str), number: u64, counter: i64, block: u64| {
        let life = Life {
            by: label,
            count,
            from: midday - count * DAY / 2,
            every: DAY / 2,
            counter: counter - 900 * i64::try_from(count).unwrap(),
            writes: 900,
            block,
        };
        let mut chain = life.snapshots();
        let newest = chain.last_mut().unwrap();
        newest.name = image(&uuid(checkpoint.0, checkpoint.1));
        let checkpoint = newest.name.clone();
        let made = newest.created;
        let counted = newest.counter;
        let last = Layer::new(&head(number), counted)
            .at(made)
            .store(block + 2000..block + 2140, &format!("{label} head"));
        chain.push(last);
        let mut drawn = Drawn::new(5 * GIB, chain);
        drawn.counter = counter;
        drawn.meta.checkpoint = Some(checkpoint);
        drawn.meta.uuid = directory_uuid(label);
        drawn.last_write = midday + 5 * DAY;
        (label, drawn)
    };
    vec![
        one("rep-1", 26, ("e6fa71a8", "march 1"), 176, 948_211, 100),
        one("rep-2", 23, ("65160391", "march 2"), 173, 731_904, 140),
        one("rep-3", 31, ("03854b6e", "march 3"), 465, 1_204_377, 180),
    ]
}

/// Which head the log of each replica names as the RW chain's.
const SEEN_HEADS: [u64; 3] = [897, 899, 898];

/// 2026-03-28T05:10:00Z, when the crash loops had run for some 30 hours.
const MARCH: u64 = DAWN + 86 * DAY + 5 * 3600 + 600;

fn march() -> Incident {
    let mut replicas = three_lineages();
    for ((_, drawn), seen) in replicas.iter_mut().zip(SEEN_HEADS) {
        let own: Vec<&str> = drawn.chain.iter().rev().take(3).map(|layer| layer.name.as_str()).collect();
        let theirs = [head(seen), image(&uuid("", &format!("seen {seen}"))), image(&uuid("", "seen 880"))];
        let chains =
            format!("RW replica chain: [{}], cur replica chain: [{}]", theirs.join(" "), own.join(" "));
        drawn.log = vec![
            log_line(MARCH, "info", "Adding replica in WO mode"),
            log_line(MARCH + 1, "info", &chains),
            log_line(MARCH + 1, "fatal", REFUSAL),
        ];
    }
    Incident { name: "incident-2026-03-28", volume: VOLUME, replicas }
}

/// Joins a replica to a peer that is not here and refuses it, as often as there are heads of the peer's to see.
fn refused(drawn: &mut Drawn, label: &str, seen: &[(u64, i64)], first: u64, every: u64) {
    let number = drawn.head().name[12..15].parse::<u64>().unwrap();
    let counter = drawn.counter;
    for (attempt, _) in seen.iter().enumerate() {
        let at = first + every * attempt as u64;
        // The head becomes the snapshot of the attempt, with the counter of now.
        let join = image(&uuid("", &format!("{label} joins {attempt}")));
        let former = drawn.head();
        former.name = join;
        former.counter = Some(counter);
        former.created = at;
        drawn.chain.push(Layer::new("", Some(counter)).at(at));
    }
    // The number that the head had before was lower by the attempts.
    let (seen_head, seen_counter) = *seen.last().unwrap();
    let now = drawn.head();
    now.name = head(number);
    now.spelt = Some(head(seen_head));
    now.counter = Some(seen_counter);
    now.received = true;
    drawn.meta.head = Some(head(number));
    drawn.meta.rebuilding = Some(true);
    drawn.meta.revision_counter = Some(jivascope::ident::Counter(counter));
    drawn.last_write = first + every * seen.len() as u64;
}

/// Puts the blocks that the RW side wrote while a replica was joining into its newest layers.
fn received_live(drawn: &mut Drawn, blocks: impl IntoIterator<Item = u64>) {
    let at = drawn.chain.len() - 2;
    let layer = drawn.chain[at].clone();
    drawn.chain[at] = layer.store(blocks, "the fourth");
}

fn march_with_a_fourth() -> Incident {
    let mut replicas = three_lineages();
    let first = MARCH - 30 * 3600;
    for (at, ((label, drawn), last)) in replicas.iter_mut().zip(SEEN_HEADS).enumerate() {
        // Each attempt of anybody raised the peer's head by one, so each replica saw every third one.
        let seen: Vec<(u64, i64)> =
            (0..12).map(|n| (last - 3 * (11 - n), 2_941_007 + 40 * n as i64)).collect();
        refused(drawn, label, &seen, first + 600 * at as u64, 9000);
        received_live(drawn, [9000, 9001]);
        drawn.log = vec![log_line(drawn.last_write, "fatal", REFUSAL)];
    }
    Incident { name: "incident-2026-03-28-fourth-replica", volume: VOLUME, replicas }
}

/// One healthy set: the same chain, data and counter in each, heads numbered as given.
fn healthy(by: &str, size: u64, life: &Life<'_>, counter: i64, own: std::ops::Range<u64>) -> Drawn {
    let mut chain = life.snapshots();
    let newest = chain.last().unwrap();
    let (made, counted, checkpoint) = (newest.created, newest.counter, newest.name.clone());
    let mut head = Layer::new(&head(0), counted).at(made).store(own.clone(), &format!("{by} head"));
    head.blocks.insert(own.end, Fill::Zeros);
    chain.push(head);
    let mut drawn = Drawn::new(size, chain);
    drawn.counter = counter;
    drawn.meta.checkpoint = Some(checkpoint);
    drawn
}

fn numbered(mut drawn: Drawn, number: u64, uuid: &str) -> Drawn {
    drawn.head().name = head(number);
    drawn.meta.head = Some(head(number));
    drawn.meta.uuid = directory_uuid(uuid);
    drawn
}

fn february() -> Incident {
    // 2026-02-21T12:25:00Z, 22:25 at +10:00: the last write.
    let last_write = DAWN + 51 * DAY + 12 * 3600 + 1500;
    let life = Life {
        by: "february",
        count: 18,
        from: last_write - 19 * DAY,
        every: DAY,
        counter: 2_500_000,
        writes: 2100,
        block: 64,
    };
    let mut set = healthy("february", 5 * GIB, &life, 2_538_385, 3000..3120);
    let checkpoint = image("0fd00bc8-aaa8-40d1-90c3-1971d4837540");
    let at = set.chain.len() - 2;
    set.chain[at].name.clone_from(&checkpoint);
    set.meta.checkpoint = Some(checkpoint);
    set.last_write = last_write;
    let one = |label: &'static str, number, parent, seen: u64| {
        let mut drawn = numbered(set.clone(), number, &format!("february {label}"));
        let heads: Vec<(u64, i64)> = (0..6).map(|n| (seen - 3 * (5 - n), 2_537_992)).collect();
        refused(&mut drawn, &format!("february {label}"), &heads, last_write + 3600 + 60 * seen % 7, 1800);
        // The parent of the head is the one that the review names.
        let newest = drawn.chain.len() - 2;
        drawn.chain[newest].name = image(&uuid(parent, label));
        drawn.log = vec![log_line(drawn.last_write, "fatal", REFUSAL)];
        drawn.last_write = last_write;
        (label, drawn)
    };
    let replicas = vec![
        one("rep-1", 378, "af55ce5c", 1022),
        one("rep-2", 376, "b5c23a63", 1020),
        one("rep-3", 280, "3d6f0344", 1021),
    ];
    Incident { name: "incident-2026-02-22", volume: VOLUME, replicas }
}

fn july() -> Incident {
    let from = DAWN + 150 * DAY;
    let life = Life { by: "july", count: 9, from, every: 3 * DAY, counter: 40_000, writes: 1700, block: 32 };
    let set = healthy("july", 2 * GIB, &life, 61_340, 900..960);
    let mut dead = numbered(set.clone(), 17, "july rep-2");
    let life = Life {
        by: "july orphans",
        count: 11,
        from: from - 20 * DAY,
        every: DAY,
        counter: 21_000,
        writes: 800,
        block: 32,
    };
    dead.off_chain = life.snapshots();
    for at in (1..dead.off_chain.len()).rev() {
        dead.off_chain[at].parent = Some(dead.off_chain[at - 1].name.clone());
    }
    dead.chain.truncate(1);
    let restart = DAWN + 193 * DAY;
    dead.log = vec![
        log_line(restart, "info", "Opening volume openebs, size 2147483648/512"),
        log_line(
            restart,
            "error",
            "Error link openebs/volume-head-017.img openebs/volume-snap-000.img: no such file or directory during open",
        ),
    ];
    let replicas = vec![
        ("rep-1", numbered(set.clone(), 19, "july rep-1")),
        ("rep-2", dead),
        ("rep-3", numbered(set, 22, "july rep-3")),
    ];
    Incident { name: "incident-2026-07-13", volume: "pvc-5b1f0b6e-2d7c-4a53-9f8e-1c60d2a7e413", replicas }
}

fn january() -> Incident {
    let made = DAWN + 5 * DAY;
    let mut chain: Vec<Layer> = (0..1010_u64)
        .map(|n| {
            let name = image(&uuid("", &format!("january {n}")));
            let layer =
                Layer::new(&name, Some(1000 + 25 * i64::try_from(n).unwrap())).at(made - (1010 - n) * 5400);
            match n % 4 {
                0 => layer.store([64 + n], &format!("january {n}")),
                _ => layer,
            }
        })
        .collect();
    let newest = chain.last().unwrap();
    let (counter, checkpoint) = (newest.counter, newest.name.clone());
    let mut head = Layer::new("", counter).at(made - 5400).store(2000..2040, "january head");
    head.blocks.insert(2040, Fill::Zeros);
    chain.push(head);
    let mut set = Drawn::new(GIB, chain);
    set.counter = counter.unwrap() + 410;
    set.meta.checkpoint = Some(checkpoint);
    let replicas = [("rep-1", 1012), ("rep-2", 1015), ("rep-3", 1013)]
        .into_iter()
        .map(|(label, number)| (label, numbered(set.clone(), number, &format!("january {label}"))))
        .collect();
    Incident { name: "incident-2026-01-06", volume: "pvc-0c7d3c1e-64f2-4f0e-8a55-b2f4d9c8e021", replicas }
}

impl Incident {
    /// The archives of its replicas: file name, the plain tar archive, and the stored, compressed one.
    pub fn archives(&self) -> impl Iterator<Item = (String, Vec<u8>, Vec<u8>)> + '_ {
        self.replicas.iter().map(|(label, drawn)| {
            let mut directory = drawn.directory();
            if self.name == "incident-2026-07-13" && *label == "rep-2" {
                // What is left of it: volume.meta still names a head of which neither image nor record is there.
                let base = drawn.chain[0].name.clone();
                directory.remove(&base).remove(&format!("{base}.meta"));
                let meta = VolumeMeta {
                    parent: Some(drawn.off_chain.last().unwrap().name.clone()),
                    ..drawn.meta.clone()
                };
                directory.put("volume.meta", meta.to_json());
            }
            (format!("{label}.tar.zst"), directory.tar(self.volume), directory.tar_zst(self.volume))
        })
    }
}
