//! Draws replica directories: layers from base to head with the blocks that each stores, and what Jiva would have
//! written beside them.
//!
//! A drawing is a line of words, base first:
//!
//! ```text
//! s1:10{0-9} s2!:20{3-5,7z} u1:25{8@x} head4:25{1} now=27 cp=s2
//! ```
//!
//! - `s1:10{0-9}` is the snapshot `volume-snap-s1.img`, its record's counter 10, blocks 0 to 9 stored. `s1` alone
//!   has no counter and no block. Blocks hold bytes that follow from the layer's name and their place; `8@x` those
//!   that a layer `x` would hold there, `7z` zeros.
//! - `s1:20~10` was made at the counter 10 and carries 20 since, as what clean-up merged into it leaves it.
//! - `+9` stands for nine snapshots without a block, `m1` to `m9`, at the counter of the layer to the left.
//! - After the name: `!` made by a user, `-` marked for removal, `^` the record was received from a peer,
//!   `?` no image, `<s1` another parent than the layer to the left.
//! - `head4:25{1}` is the head; `head4=head9/u1:77{1}` one whose record came from a peer whose head was 9, at the
//!   join whose snapshot is `u1`, at counter 77.
//! - `now=27` is `revision.counter` (the head's, if not said), `own=25` the counter in `volume.meta` (if not said, the
//!   head's, and `now` where the head's record came from a peer), `cp=s2` the Checkpoint, `rebuilding` and `dirty` the flags.
//! - What follows `|` is off the chain.

use std::collections::BTreeMap;
use std::sync::Arc;

use jivascope::analysis::{Analysis, Options, analyze};
use jivascope::dialect::jiva::CounterFile;
use jivascope::evidence::{Evidence, Found};
use jivascope::ident::{Counter, Label};
use jivascope::replica::{KeyOrder, Record, VolumeMeta};

use super::directory::{Body, Directory, Fill, Item};

/// When the oldest layers of drawn chains were made: 2026-01-01T00:00:00Z.
pub const DAWN: u64 = 1_767_225_600;

/// One layer.
#[derive(Debug, Clone)]
pub struct Layer {
    /// Image name.
    pub name: String,
    /// Counter in the record.
    pub counter: Option<i64>,
    pub user: bool,
    pub removed: bool,
    pub received: bool,
    /// Whether there is an image.
    pub image: bool,
    /// Parent in the record, where it is not the layer below.
    pub parent: Option<String>,
    /// Name in the record, where it is not that of the file.
    pub spelt: Option<String>,
    /// Seconds since 1970.
    pub created: u64,
    pub blocks: BTreeMap<u64, Fill>,
}

/// A replica, layer by layer.
#[derive(Debug, Clone)]
pub struct Drawn {
    pub size: u64,
    /// Base first, head last.
    pub chain: Vec<Layer>,
    pub off_chain: Vec<Layer>,
    /// `revision.counter`.
    pub counter: i64,
    pub meta: VolumeMeta,
    /// Lines of `replica.log`.
    pub log: Vec<String>,
    /// When the last write came, in seconds since 1970.
    pub last_write: u64,
}

/// Judges drawn replicas, called a, b, c, … in their order, as one volume.
pub fn judge(drawings: &[&str], metadata_only: bool) -> Analysis {
    let drawn: Vec<Directory> = drawings.iter().map(|text| Drawn::draw(text).directory()).collect();
    judge_directories(&drawn, metadata_only)
}

/// Judges directories, called a, b, c, … in their order, as one volume.
pub fn judge_directories(directories: &[Directory], metadata_only: bool) -> Analysis {
    let replicas = directories
        .iter()
        .zip('a'..)
        .map(|(directory, label)| Found {
            label: Label::new(label.to_string()),
            path: label.to_string(),
            input: 0,
            source: Arc::new(directory.source()),
            labelled: true,
            volume: None,
            damage: Vec::new(),
        })
        .collect();
    let mut options = Options::default();
    options.metadata_only = metadata_only;
    analyze(Evidence { inputs: Vec::new(), replicas }, options, &())
}

/// The image name of a short one: `s1`, `head4`.
pub fn image(short: &str) -> String {
    match short.strip_prefix("head").and_then(|number| number.parse::<u64>().ok()) {
        Some(number) => format!("volume-head-{number:03}.img"),
        None => format!("volume-snap-{short}.img"),
    }
}

/// A time as Jiva spells it.
pub fn rfc3339(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // From the days since 1970 to a date, by the rule of 400-year eras that begin in March.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

impl Layer {
    /// A layer without blocks, its time told by its counter: writes come once a minute.
    pub fn new(name: &str, counter: Option<i64>) -> Self {
        Self {
            name: name.to_owned(),
            counter,
            user: false,
            removed: false,
            received: false,
            image: true,
            parent: None,
            spelt: None,
            created: DAWN + 60 * u64::try_from(counter.unwrap_or(0)).unwrap_or(0),
            blocks: BTreeMap::new(),
        }
    }

    /// Stores blocks that this text fills.
    #[must_use]
    pub fn store(mut self, blocks: impl IntoIterator<Item = u64>, by: &str) -> Self {
        self.blocks.extend(blocks.into_iter().map(|block| (block, Fill::Text(by.to_owned()))));
        self
    }

    /// The moment it was made.
    #[must_use]
    pub fn at(mut self, created: u64) -> Self {
        self.created = created;
        self
    }

    fn record(&self, below: &str) -> Record {
        let name = self.spelt.as_ref().unwrap_or(&self.name);
        Record {
            name: Some(name.clone()),
            parent: Some(self.parent.clone().unwrap_or_else(|| below.to_owned())),
            removed: Some(self.removed),
            user_created: Some(self.user),
            created: Some(rfc3339(self.created)),
            counter: self.counter.map(Counter),
            order: if self.received { KeyOrder::Received } else { KeyOrder::Native },
            remarks: Vec::new(),
        }
    }
}

impl Drawn {
    /// A chain of which the last layer is the head.
    pub fn new(size: u64, chain: Vec<Layer>) -> Self {
        let head = chain.last().expect("a chain has a head");
        let counter = head.counter.unwrap_or(1);
        let meta = VolumeMeta {
            size: i64::try_from(size).ok(),
            head: Some(head.name.clone()),
            dirty: Some(false),
            rebuilding: Some(false),
            parent: None,
            sector_size: Some(512),
            backing_file_name: Some(String::new()),
            clone_status: Some("NA".to_owned()),
            checkpoint: Some(String::new()),
            revision_counter: Some(Counter(counter)),
            uuid: None,
            remarks: Vec::new(),
        };
        let last_write = chain.iter().map(|layer| layer.created).max().unwrap_or(DAWN) + 60;
        Self { size, chain, off_chain: Vec::new(), counter, meta, log: Vec::new(), last_write }
    }

    /// Reads a drawing; the volume has 64 blocks.
    pub fn draw(text: &str) -> Self {
        let mut chain: Vec<Layer> = Vec::new();
        let mut off_chain: Vec<Layer> = Vec::new();
        let mut off = false;
        let mut settings = Vec::new();
        for word in text.split_whitespace() {
            let is_setting = ["now=", "own=", "cp="].iter().any(|start| word.starts_with(start));
            match word {
                "|" => off = true,
                "rebuilding" | "dirty" => settings.push(word),
                _ if is_setting => settings.push(word),
                "+9" => {
                    let counter = chain.last().and_then(|layer| layer.counter);
                    chain.extend((1..=9).map(|number| Layer::new(&image(&format!("m{number}")), counter)));
                }
                _ if off => {
                    let below = off_chain.last().map(|layer| layer.name.clone());
                    let mut layer = layer(word);
                    layer.parent = layer.parent.or(below);
                    off_chain.push(layer);
                }
                _ => chain.push(layer(word)),
            }
        }
        let mut drawn = Self::new(64 * super::directory::BLOCK, chain);
        drawn.off_chain = off_chain;
        // Applied in this order, whatever theirs: a head from a join says nothing of this side's own counter.
        settings.sort_by_key(|word: &&str| !word.starts_with("now="));
        let foreign = drawn.head().received;
        for word in settings {
            match word.split_once('=') {
                None if word == "dirty" => drawn.meta.dirty = Some(true),
                None => drawn.meta.rebuilding = Some(true),
                Some(("cp", name)) => drawn.meta.checkpoint = Some(image(name)),
                Some(("now", count)) => {
                    drawn.counter = count.parse().expect("a counter");
                    if foreign {
                        drawn.meta.revision_counter = Some(Counter(drawn.counter));
                    }
                }
                Some((_, count)) => {
                    drawn.meta.revision_counter = Some(Counter(count.parse().expect("a counter")))
                }
            }
        }
        drawn
    }

    /// The head.
    pub fn head(&mut self) -> &mut Layer {
        self.chain.last_mut().expect("a chain has a head")
    }

    /// The directory that a stopped Jiva would have left.
    pub fn directory(&self) -> Directory {
        let mut dir = Directory::default();
        let mut add = |name: String, body, mode, modified| {
            dir.files.insert(name, Item { body, mode, modified });
        };
        let mut below = String::new();
        for (at, layer) in self.chain.iter().enumerate() {
            let sealed = self.chain.get(at + 1).map_or(self.last_write, |above| above.created);
            let record = layer.record(&below).to_json().into_bytes();
            add(format!("{}.meta", layer.name), Body::Bytes(record), 0o644, sealed.max(layer.created));
            if layer.image {
                add(layer.name.clone(), Body::Sparse(self.size, layer.blocks.clone()), 0o644, sealed);
            }
            below.clone_from(&layer.name);
        }
        for layer in &self.off_chain {
            let record = layer.record("").to_json().into_bytes();
            add(format!("{}.meta", layer.name), Body::Bytes(record), 0o644, layer.created);
            if layer.image {
                add(layer.name.clone(), Body::Sparse(self.size, layer.blocks.clone()), 0o644, layer.created);
            }
        }
        let mut meta = self.meta.clone();
        let head = self.chain.last().expect("a chain has a head");
        let parent = head
            .parent
            .clone()
            .or_else(|| Some(self.chain.get(self.chain.len().checked_sub(2)?)?.name.clone()));
        meta.parent = meta.parent.or(Some(parent.unwrap_or_default()));
        add("volume.meta".into(), Body::Bytes(meta.to_json().into_bytes()), 0o644, self.last_write);
        let counter = CounterFile::write(Counter(self.counter));
        add("revision.counter".into(), Body::Bytes(counter), 0o600, self.last_write);
        let log_info = "{\"enable\":true,\"maxlogfilesize\":100,\"retentionperiod\":180,\"maxbackups\":5}\n";
        add("log.info".into(), Body::Bytes(log_info.into()), 0o644, self.last_write);
        if !self.log.is_empty() {
            let log = self.log.join("\n") + "\n";
            add("replica.log".into(), Body::Bytes(log.into_bytes()), 0o600, self.last_write);
        }
        dir
    }
}

fn layer(word: &str) -> Layer {
    let (word, blocks) = match word.split_once('{') {
        Some((word, blocks)) => (word, blocks.strip_suffix('}').expect("blocks end with }")),
        None => (word, ""),
    };
    let (word, counter, made) = match word.split_once(':') {
        Some((word, counter)) => {
            let (counter, made) =
                counter.split_once('~').map_or((counter, None), |(c, made)| (c, Some(made)));
            (word, Some(counter.parse().expect("a counter")), made)
        }
        None => (word, None, None),
    };
    let (word, parent) = match word.split_once('<') {
        Some((word, parent)) => (word, Some(image(parent))),
        None => (word, None),
    };
    let (word, peer) = match word.split_once('=') {
        Some((word, peer)) => (word, peer.split_once('/')),
        None => (word, None),
    };
    let short = word.trim_end_matches(['!', '-', '^', '?']);
    let marks = &word[short.len()..];
    let mut layer = Layer::new(&image(short), counter);
    if let Some(made) = made {
        layer.created = DAWN + 60 * made.parse::<u64>().expect("a counter");
    }
    layer.user = marks.contains('!');
    layer.removed = marks.contains('-');
    layer.received = marks.contains('^') || peer.is_some();
    layer.image = !marks.contains('?');
    layer.parent = parent.or(peer.map(|(_, join)| image(join)));
    layer.spelt = peer.map(|(head, _)| image(head));
    for part in blocks.split(',').filter(|part| !part.is_empty()) {
        let (range, fill) = match (part.strip_suffix('z'), part.split_once('@')) {
            (Some(range), _) => (range, Fill::Zeros),
            (None, Some((range, by))) => (range, Fill::Text(by.to_owned())),
            (None, None) => (part, Fill::Text(short.to_owned())),
        };
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (u64, u64) = (first.parse().expect("a block"), last.parse().expect("a block"));
        layer.blocks.extend((first..=last).map(|block| (block, fill.clone())));
    }
    layer
}
