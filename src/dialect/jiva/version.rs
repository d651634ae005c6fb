//! Versions of Jiva: the one table of what each does to a directory.
//!
//! Every question has a name and says where its answer was seen. "Source" means read in the source of the tags on both
//! sides of the border, "recorded" means seen when that version ran. Where two tags were not distinguished, the earliest
//! one that is known to do it is the border.
//!
//! A directory does not say which version wrote it. Its `volume.meta` shows a span of versions, a [`Generation`], since
//! each one writes the file anew with its own keys. A question about a span is asked with [`Generation::always`] or
//! [`Generation::may`].

use std::fmt;

use serde::Serialize;

use crate::ident::Version;

/// The releases at which something in this table changes, with the last one before each change that was looked at.
const RELEASES: &[Version] = &[
    Version::new(0, 4, 0),
    Version::new(0, 5, 0),
    Version::new(0, 6, 0),
    Version::new(0, 7, 0),
    Version::new(0, 7, 1),
    Version::new(0, 8, 0),
    Version::new(0, 9, 0),
    Version::new(1, 0, 0),
    Version::new(1, 2, 0),
    Version::new(1, 3, 0),
    Version::new(1, 4, 0),
    Version::new(1, 5, 0),
    Version::new(1, 6, 0),
    Version::new(1, 7, 0),
    Version::new(1, 7, 1),
    Version::new(1, 8, 0),
    Version::new(1, 9, 0),
    Version::new(1, 10, 0),
    Version::new(1, 11, 0),
    Version::new(1, 12, 0),
    Version::new(1, 12, 1),
    Version::new(2, 0, 0),
    Version::new(2, 4, 1),
    Version::new(2, 5, 0),
    Version::new(2, 6, 0),
    Version::new(3, 0, 0),
    Version::NEWEST,
];

/// A file that a start leaves where it was cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum LeftOver {
    /// `tmpFile.tmp`, with which a start asks whether the file system tells extents.
    ExtentProbe,
    /// `log.info.tmp`, the new `log.info` before its rename.
    LogInfo,
    /// `volume.meta.tmp` or the like of a record: a metadata file before its rename.
    Metadata,
}

impl LeftOver {
    /// What a file of this name is, if it is one of them.
    pub fn of(name: &str) -> Option<Self> {
        match name {
            "tmpFile.tmp" => Some(Self::ExtentProbe),
            "log.info.tmp" => Some(Self::LogInfo),
            "volume.meta.tmp" => Some(Self::Metadata),
            _ if name.ends_with(".img.meta.tmp") => Some(Self::Metadata),
            _ => None,
        }
    }
}

impl Version {
    /// The newest that is known; all from 2.6.0 on treat a directory alike.
    pub const NEWEST: Self = Self::new(3, 6, 0);

    /// The version to follow where directories show these spans: the last of the newest of them; the newest known
    /// where none shows any.
    ///
    /// The keys tell a span of versions. Of that the last stands for it, so what only the earlier ones of a span do is
    /// forecast only when the version is given.
    pub fn shown_by(shown: impl IntoIterator<Item = Generation>) -> Self {
        shown.into_iter().max().map_or(Self::NEWEST, Generation::last)
    }

    /// The span of versions that write the same keys into `volume.meta`.
    ///
    /// Source: `CloneStatus` from 0.6.0, `RevisionCounter` from 1.6.0, `Checkpoint` from 1.12.1, `UUID` from 2.6.0.
    pub fn generation(self) -> Generation {
        match self {
            v if v >= Self::new(2, 6, 0) => Generation::From2_6,
            v if v >= Self::new(1, 12, 1) => Generation::From1_12_1,
            v if v >= Self::new(1, 6, 0) => Generation::From1_6,
            v if v >= Self::new(0, 6, 0) => Generation::From0_6,
            _ => Generation::Before0_6,
        }
    }

    // What records and counters mean.

    /// Whether records carry the counter, and opening fills it in where it is missing or not above 1.
    ///
    /// Source: 1.6.0, `construct` and `Replica.RevisionCounter`. Recorded: 1.0.0 to 1.5.0 write records without it.
    pub fn fills_counters(self) -> bool {
        self >= Self::new(1, 6, 0)
    }

    /// Whether a replica that joins starts again from counter 0, so that a low counter says nothing.
    ///
    /// Source: pull request 203 of Jiva, in 0.9.0, took it out of `PrepareRebuild`.
    pub fn resets_joiner_counter(self) -> bool {
        self < Self::new(0, 9, 0)
    }

    /// The counter of a directory that was just made.
    ///
    /// Source: 0 up to 0.8, 1 from 0.9.0. Recorded: 180 writes leave 180 with 0.8.0, and one more from 1.0.0 on.
    pub fn first_counter(self) -> i64 {
        i64::from(self >= Self::new(0, 9, 0))
    }

    /// Whether records that a join copies come with their keys sorted. Before, they were copied byte by byte, and
    /// nothing in them tells that they were.
    ///
    /// Source: 1.9.0, records are sent as JSON that is encoded anew. Recorded: 1.0.0 to 1.6.0 keep the order.
    pub fn sorts_copied_records(self) -> bool {
        self >= Self::new(1, 9, 0)
    }

    /// Whether the record of a snapshot calls it by the head that it was.
    ///
    /// Source: up to 1.8; 1.9.0 writes the snapshot's own name. Recorded: 0.8.0 to 1.5.0.
    pub fn names_snapshots_after_heads(self) -> bool {
        self < Self::new(1, 9, 0)
    }

    /// Whether head numbers start again after 010.
    ///
    /// Source: up to 1.11 the expression takes the last digit of a head's number only; 1.12.0 takes all of them.
    /// Recorded: with 0.9.0 head 010 is followed by 001.
    pub fn wraps_head_numbers(self) -> bool {
        self < Self::new(1, 12, 0)
    }

    // Joining.

    /// Whether it knows Checkpoints: it then copies only what lies above them.
    ///
    /// Source: 1.12.1 and 2.0.0.
    pub fn has_checkpoints(self) -> bool {
        self >= Self::new(1, 12, 1)
    }

    /// Whether it refuses a joiner because of its data: by the Checkpoint, which is the only ground there ever was.
    ///
    /// Recorded: not one join of 0.8.0 to 1.12.0 was refused.
    pub fn refuses_joins(self) -> bool {
        self.has_checkpoints()
    }

    /// Whether a join at equal counters and equal chains copies nothing.
    ///
    /// Source: 0.9.0. Recorded: 0.8.0 copies everything even then.
    pub fn skips_equal_chains(self) -> bool {
        self >= Self::new(0, 9, 0)
    }

    /// Whether a join leaves the data of a snapshot uncopied when its record has the same counter on both sides.
    ///
    /// Source: 1.6.0 to 1.7.0, off in 1.7.1. Issue 2956 of openebs/openebs: file systems damaged after restarts.
    pub fn skips_equal_snapshots(self) -> bool {
        (Self::new(1, 6, 0)..=Self::new(1, 7, 0)).contains(&self)
    }

    /// Whether a join copies the oldest snapshot first; before, the newest came first.
    ///
    /// Source: 0.6.0.
    pub fn copies_oldest_first(self) -> bool {
        self >= Self::new(0, 6, 0)
    }

    // Starting and opening.

    /// Whether a start clears `Rebuilding` before it registers. Before, the replica registers as being rebuilt, is
    /// counted, and is never elected.
    ///
    /// Source: 1.10.0. Recorded: 1.0.0, 1.4.0 and 1.5.0 register it as `rebuilding`, and as the RW side it never starts.
    pub fn clears_rebuilding_first(self) -> bool {
        self >= Self::new(1, 10, 0)
    }

    /// Whether a directory with disks and without `volume.meta` ends the process at every start. Later versions take it
    /// for a new one: they make an empty volume beside the old files, under the old counter.
    ///
    /// Recorded: 1.0.0 ends with a nil pointer; 2.0.0 and 3.6.0 begin anew. Source: up to 1.12.0.
    pub fn dies_without_volume_meta(self) -> bool {
        self < Self::new(1, 12, 1)
    }

    /// Whether a file that an earlier start left behind ends the process.
    ///
    /// `tmpFile.tmp`: source, from 0.7.1, where the probe came, until 1.4.0 ("invalid argument"). `log.info.tmp`:
    /// recorded, 3.6.0 starts with an empty one beside a good `log.info`. A metadata file's: never read by any.
    pub fn dies_of(self, left: LeftOver) -> bool {
        left == LeftOver::ExtentProbe && (Self::new(0, 7, 1)..Self::new(1, 4, 0)).contains(&self)
    }

    /// Whether it keeps `log.info`, and ends at once where that does not decode.
    ///
    /// Source: 1.10.0. Recorded: 3.6.0 after power cuts that left it empty.
    pub fn has_log_info(self) -> bool {
        self >= Self::new(1, 10, 0)
    }

    /// Whether opening reads every record of the directory, on the chain or off it.
    ///
    /// Source: up to 1.12.0; from 1.12.1 and 2.0.0 only those of the live chain.
    pub fn reads_all_records(self) -> bool {
        self < Self::new(1, 12, 1)
    }

    /// The most disks a chain may have, head included, unless `MAX_CHAIN_LENGTH` says otherwise.
    ///
    /// Source: 250, from 1.0.0 on 512, from 1.11.0 on 1024. The log of 3.6.0 says 512 and means 1024.
    pub fn chain_limit(self) -> usize {
        match self {
            v if v >= Self::new(1, 11, 0) => 1024,
            v if v >= Self::new(1, 0, 0) => 512,
            _ => 250,
        }
    }

    /// Whether a snapshot removes a head of the next number that an earlier one left empty; before, it fails on it.
    ///
    /// Source: 1.10.0. Recorded: 3.6.0 goes on over an empty one and fails on one that stores data.
    pub fn removes_empty_heads(self) -> bool {
        self >= Self::new(1, 10, 0)
    }

    // Clean-up.

    /// Whether each replica merges old automatic snapshots below its Checkpoint by itself, so that equal replicas have
    /// different chains.
    ///
    /// Source: 1.12.1 and 2.0.0. Recorded: 2.0.0 and 3.6.0 do, 1.12.0 never did.
    pub fn has_cleaner(self) -> bool {
        self >= Self::new(1, 12, 1)
    }

    /// Whether the controller deletes old automatic snapshots, of all replicas alike, after a join.
    ///
    /// Source: 1.2.0 to 1.7.0, once there are more than ten; off in 1.7.1 and 1.8.0.
    pub fn deletes_after_joins(self) -> bool {
        (Self::new(1, 2, 0)..=Self::new(1, 7, 0)).contains(&self)
    }

    /// Whether a merge writes a snapshot into the one below it and gives that one its counter. Before, the one below
    /// went into the one above, which kept its name.
    ///
    /// Source: 2.0.0.
    pub fn merges_downwards(self) -> bool {
        self >= Self::new(1, 12, 1)
    }
}

/// A span of Jiva versions that write the same keys into `volume.meta`, oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum Generation {
    /// Without `CloneStatus`.
    #[serde(rename = "0.5")]
    Before0_6,
    /// With `CloneStatus`.
    #[serde(rename = "0.6")]
    From0_6,
    /// With `RevisionCounter`.
    #[serde(rename = "1.6")]
    From1_6,
    /// With `Checkpoint`.
    #[serde(rename = "1.12.1")]
    From1_12_1,
    /// With `UUID`.
    #[serde(rename = "2.6")]
    From2_6,
}

impl Generation {
    /// All of them, oldest first.
    pub const ALL: [Self; 5] =
        [Self::Before0_6, Self::From0_6, Self::From1_6, Self::From1_12_1, Self::From2_6];

    /// The span that writes these of the keys that came later than the rest.
    pub fn of_keys(clone_status: bool, revision_counter: bool, checkpoint: bool, uuid: bool) -> Self {
        match (uuid, checkpoint, revision_counter, clone_status) {
            (true, ..) => Self::From2_6,
            (_, true, ..) => Self::From1_12_1,
            (_, _, true, _) => Self::From1_6,
            (.., true) => Self::From0_6,
            _ => Self::Before0_6,
        }
    }

    /// Whether it writes `CloneStatus` into `volume.meta`.
    pub fn writes_clone_status(self) -> bool {
        self >= Self::From0_6
    }

    /// Whether it writes `RevisionCounter` into `volume.meta`.
    pub fn writes_revision_counter(self) -> bool {
        self >= Self::From1_6
    }

    /// Whether it writes `Checkpoint` into `volume.meta`.
    pub fn writes_checkpoint(self) -> bool {
        self >= Self::From1_12_1
    }

    /// Whether it gives a directory a UUID of its own.
    pub fn writes_uuid(self) -> bool {
        self >= Self::From2_6
    }

    /// The releases of the span, oldest first.
    pub fn releases(self) -> impl DoubleEndedIterator<Item = Version> {
        RELEASES.iter().copied().filter(move |version| version.generation() == self)
    }

    /// The last version of the span.
    pub fn last(self) -> Version {
        self.releases().next_back().expect("every span has a release")
    }

    /// Whether every version of the span does it.
    pub fn always(self, does: impl Fn(Version) -> bool) -> bool {
        self.releases().all(does)
    }

    /// Whether some version of the span does it.
    pub fn may(self, does: impl Fn(Version) -> bool) -> bool {
        self.releases().any(does)
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Before0_6 => "0.5.x or earlier",
            Self::From0_6 => "0.6.0 to 1.5.x",
            Self::From1_6 => "1.6.0 to 1.12.0",
            Self::From1_12_1 => "1.12.1/2.0.0 to 2.5.0",
            Self::From2_6 => "2.6.0 or later",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    /// Every border of the table: the last version that does not, and the first that does.
    #[test]
    fn each_difference_begins_where_it_was_seen() {
        type Question = fn(Version) -> bool;
        let begins: &[(&str, &str, &str, Question)] = &[
            ("fills counters", "1.5.0", "1.6.0", Version::fills_counters),
            ("sorts copied records", "1.8.0", "1.9.0", Version::sorts_copied_records),
            ("has Checkpoints", "1.12.0", "1.12.1", Version::has_checkpoints),
            ("refuses joins", "1.12.0", "2.0.0", Version::refuses_joins),
            ("skips equal chains", "0.8.0", "0.9.0", Version::skips_equal_chains),
            ("copies oldest first", "0.5.0", "0.6.0", Version::copies_oldest_first),
            ("clears Rebuilding first", "1.9.0", "1.10.0", Version::clears_rebuilding_first),
            ("has log.info", "1.9.0", "1.10.0", Version::has_log_info),
            ("has a cleaner", "1.12.0", "2.0.0", Version::has_cleaner),
            ("merges downwards", "1.12.0", "2.0.0", Version::merges_downwards),
        ];
        for (what, last, first, question) in begins {
            assert!(!question(version(last)), "{what}: {last}");
            assert!(question(version(first)) && question(Version::NEWEST), "{what}: {first}");
        }
        let ends: &[(&str, &str, &str, Question)] = &[
            ("resets a joiner's counter", "0.8.0", "0.9.0", Version::resets_joiner_counter),
            ("names snapshots after heads", "1.8.0", "1.9.0", Version::names_snapshots_after_heads),
            ("wraps head numbers", "1.11.0", "1.12.0", Version::wraps_head_numbers),
            ("dies without volume.meta", "1.12.0", "2.0.0", Version::dies_without_volume_meta),
            ("reads all records", "1.12.0", "1.12.1", Version::reads_all_records),
        ];
        for (what, last, first, question) in ends {
            assert!(question(version(last)), "{what}: {last}");
            assert!(!question(version(first)) && !question(Version::NEWEST), "{what}: {first}");
        }
        let skips = ["1.5.0", "1.6.0", "1.7.0", "1.7.1"].map(|text| version(text).skips_equal_snapshots());
        assert_eq!(skips, [false, true, true, false]);
        let deletes = ["1.0.0", "1.2.0", "1.7.0", "1.7.1"].map(|text| version(text).deletes_after_joins());
        assert_eq!(deletes, [false, true, true, false]);
        let limits = [("0.9.0", 250), ("1.0.0", 512), ("1.10.0", 512), ("1.11.0", 1024), ("3.6.0", 1024)];
        for (text, limit) in limits {
            assert_eq!(version(text).chain_limit(), limit, "{text}");
        }
        assert_eq!((version("0.8.0").first_counter(), version("0.9.0").first_counter()), (0, 1));
    }

    #[test]
    fn a_left_over_file_ends_some_versions() {
        assert_eq!(LeftOver::of("tmpFile.tmp"), Some(LeftOver::ExtentProbe));
        assert_eq!(LeftOver::of("log.info.tmp"), Some(LeftOver::LogInfo));
        assert_eq!(LeftOver::of("volume-snap-a.img.meta.tmp"), Some(LeftOver::Metadata));
        assert_eq!(LeftOver::of("notes.tmp"), None);
        let dies = ["0.7.0", "0.7.1", "1.3.0", "1.4.0", "3.6.0"]
            .map(|text| version(text).dies_of(LeftOver::ExtentProbe));
        assert_eq!(dies, [false, true, true, false, false]);
        for left in [LeftOver::LogInfo, LeftOver::Metadata] {
            assert!(RELEASES.iter().all(|version| !version.dies_of(left)), "{left:?}");
        }
    }

    #[test]
    fn a_span_answers_for_all_of_its_versions() {
        assert!(RELEASES.is_sorted() && Generation::ALL.is_sorted());
        for generation in Generation::ALL {
            assert_eq!(generation.last().generation(), generation);
            let (status, counter) = (generation.writes_clone_status(), generation.writes_revision_counter());
            let keys = Generation::of_keys(
                status,
                counter,
                generation.writes_checkpoint(),
                generation.writes_uuid(),
            );
            assert_eq!(keys, generation);
        }
        let old = Generation::From0_6;
        assert_eq!(old.last(), Version::new(1, 5, 0));
        assert!(old.may(Version::skips_equal_chains) && !old.always(Version::skips_equal_chains));
        assert!(old.always(|version| !version.fills_counters()));
        assert!(Generation::From1_12_1.always(Version::has_cleaner));
        assert_eq!(Version::shown_by([Generation::From1_6, old]), Version::new(1, 12, 0));
        assert_eq!(Version::shown_by([]), Version::NEWEST);
        assert_eq!(
            Generation::ALL.map(|generation| generation.to_string()),
            [
                "0.5.x or earlier",
                "0.6.0 to 1.5.x",
                "1.6.0 to 1.12.0",
                "1.12.1/2.0.0 to 2.5.0",
                "2.6.0 or later"
            ]
        );
    }
}
