//! Small typed names and numbers that every room shares.
//!
//! Nothing here reads, decides or prints.

mod version;

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;

pub use version::{NoVersion, Version};

/// Size of the unit in which Jiva stores and serves data, in bytes.
pub const BLOCK_SIZE: u64 = 4096;

/// The number of at most 16 hexadecimal digits, in lower case only.
fn hexadecimal<'a>(digits: impl Iterator<Item = &'a u8>) -> Option<u64> {
    // All are read before the answer, without a jump for each: nearly every disk's name has a UUID.
    let (number, all) = digits.fold((0, true), |(number, all), byte| {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            _ => 16,
        };
        (number << 4 | u64::from(digit), all & (digit < 16))
    });
    all.then_some(number)
}

/// The file name of an image, as read: `volume-head-NNN.img` or `volume-snap-NAME.img`.
///
/// The name is a claim of the evidence. It is not validated: it may be empty or hold any character,
/// and what shows it must escape it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct DiskName(Arc<str>);

impl DiskName {
    /// Takes a name as it was read.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    /// The name as read.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The file name of this disk's record.
    pub fn record(&self) -> String {
        format!("{}.meta", self.0)
    }

    /// Whether Jiva takes it for a head: prefix `volume-head-` and suffix `.img`.
    pub fn is_head(&self) -> bool {
        self.0.starts_with("volume-head-") && self.0.ends_with(".img")
    }

    /// Whether it is named like a snapshot.
    pub fn is_snapshot(&self) -> bool {
        self.snapshot().is_some()
    }

    /// The part of a snapshot's name between prefix and suffix.
    pub fn snapshot(&self) -> Option<&str> {
        self.0.strip_prefix("volume-snap-")?.strip_suffix(".img")
    }

    /// The UUID of an automatic snapshot, in the one spelling that Jiva gives it. UUIDs sort as their names do.
    pub(crate) fn uuid(&self) -> Option<u128> {
        let text: &[u8; 36] = self.snapshot()?.as_bytes().try_into().ok()?;
        let hyphens = [8, 13, 18, 23].iter().all(|at| text[*at] == b'-');
        let high = hexadecimal(text[..8].iter().chain(&text[9..13]).chain(&text[14..18]));
        let low = hexadecimal(text[19..23].iter().chain(&text[24..]));
        if hyphens { Some(u128::from(high?) << 64 | u128::from(low?)) } else { None }
    }

    /// The local number of a head. It counts snapshots and joins of one directory, never writes.
    pub fn head_number(&self) -> Option<u64> {
        self.0.strip_prefix("volume-head-")?.strip_suffix(".img")?.parse().ok()
    }

    /// A short form for narrow tables: a UUID snapshot becomes its first group, other names lose
    /// their prefix and suffix.
    pub fn short(&self) -> String {
        if let Some(name) = self.snapshot() {
            let first = name.split('-').next().unwrap_or(name);
            let uuid = name.len() == 36 && name.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
            return if uuid && first.len() == 8 { format!("{first}…") } else { name.to_owned() };
        }
        match self.0.strip_prefix("volume-").and_then(|n| n.strip_suffix(".img")) {
            Some(head) => head.to_owned(),
            None => self.0.to_string(),
        }
    }
}

impl Borrow<str> for DiskName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DiskName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for DiskName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

impl From<&str> for DiskName {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

/// A number of write commands, as `revision.counter` and the records tell it.
///
/// Two counters may only be compared within one timeline; nothing here knows which that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Counter(pub i64);

impl fmt::Display for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a replica is called in every answer.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Label(Arc<str>);

impl Label {
    /// Takes a label as given or derived.
    pub fn new(label: impl Into<Arc<str>>) -> Self {
        Self(label.into())
    }

    /// The label itself; escape it before showing it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

impl From<&str> for Label {
    fn from(label: &str) -> Self {
        Self::new(label)
    }
}

/// A half-open range of bytes, `start..end`, never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Run {
    /// First byte.
    pub start: u64,
    /// One past the last byte.
    pub end: u64,
}

impl Run {
    /// Number of bytes.
    pub fn len(&self) -> u64 {
        self.end - self.start
    }

    /// Always false for a run made by [`Runs`]; present because `len` is.
    pub fn is_empty(&self) -> bool {
        self.start >= self.end
    }
}

/// Ascending, disjoint, non-empty runs that do not touch each other.
///
/// Copies share their runs until one of them is changed: there may be millions, and an image's extents, its layer and its
/// views mostly have the same.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Runs(
    #[serde(serialize_with = "as_list")]
    #[cfg_attr(feature = "schema", schemars(with = "Vec<Run>"))]
    Option<Arc<Vec<Run>>>, // none without a run, never an empty list
);

fn as_list<S: serde::Serializer>(runs: &Option<Arc<Vec<Run>>>, to: S) -> Result<S::Ok, S::Error> {
    runs.as_ref().map_or(&[][..], |runs| runs).serialize(to)
}

/// Appends a run to a list of ascending ones; one that touches or overlaps the last is joined with it.
fn append(list: &mut Vec<Run>, start: u64, end: u64) {
    if start >= end {
        return;
    }
    if let Some(last) = list.last_mut() {
        debug_assert!(start >= last.start, "runs are pushed in ascending order");
        if start <= last.end {
            last.end = last.end.max(end);
            return;
        }
    }
    list.push(Run { start, end });
}

impl Runs {
    /// No run at all.
    pub const fn new() -> Self {
        Self(None)
    }

    /// Takes a list of ascending runs that do not touch.
    fn of(mut list: Vec<Run>) -> Self {
        list.shrink_to_fit();
        Self((!list.is_empty()).then(|| Arc::new(list)))
    }

    /// Appends `start..end`; a run that touches or overlaps the last one is joined with it.
    ///
    /// # Panics
    /// In debug builds when `start` lies below the start of the last run.
    pub fn push(&mut self, start: u64, end: u64) {
        if start < end {
            append(Arc::make_mut(self.0.get_or_insert_default()), start, end);
        }
    }

    /// Gives back room that was only for more runs.
    pub(crate) fn shrink(&mut self) {
        if let Some(list) = self.0.as_mut().and_then(Arc::get_mut) {
            list.shrink_to_fit();
        }
    }

    /// Sorts and joins runs of any order.
    pub fn from_unsorted(mut runs: Vec<Run>) -> Self {
        runs.sort_unstable();
        let mut sorted = Vec::new();
        for run in runs {
            append(&mut sorted, run.start, run.end);
        }
        Self::of(sorted)
    }

    /// The runs, ascending.
    pub fn as_slice(&self) -> &[Run] {
        self.0.as_ref().map_or(&[], |list| list)
    }

    /// Iterates over the runs, ascending.
    pub fn iter(&self) -> std::slice::Iter<'_, Run> {
        self.as_slice().iter()
    }

    /// Whether nothing is covered.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Number of runs.
    pub fn len(&self) -> usize {
        self.as_slice().len()
    }

    /// Number of bytes covered.
    pub fn bytes(&self) -> u64 {
        self.iter().map(Run::len).sum()
    }

    /// The same runs, widened to whole blocks and cut at `limit` rounded up to a block.
    pub fn to_blocks(&self, limit: u64) -> Self {
        let limit = limit.div_ceil(BLOCK_SIZE).saturating_mul(BLOCK_SIZE);
        let whole = |run: &Run| run.start.is_multiple_of(BLOCK_SIZE) && run.end.is_multiple_of(BLOCK_SIZE);
        if self.iter().all(|run| whole(run) && run.end <= limit) {
            return self.clone();
        }
        let mut out = Vec::new();
        for run in self {
            let end = run.end.div_ceil(BLOCK_SIZE).saturating_mul(BLOCK_SIZE).min(limit);
            append(&mut out, (run.start / BLOCK_SIZE * BLOCK_SIZE).min(limit), end);
        }
        Self::of(out)
    }
}

impl<'a> IntoIterator for &'a Runs {
    type Item = &'a Run;
    type IntoIter = std::slice::Iter<'a, Run>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_jiva_makes_up_have_a_uuid() {
        let uuid = |snapshot: &str| DiskName::new(format!("volume-snap-{snapshot}.img")).uuid();
        assert_eq!(
            uuid("01234567-89ab-cdef-fedc-ba9876543210"),
            Some(0x0123_4567_89ab_cdef_fedc_ba98_7654_3210)
        );
        for other in [
            "",
            "before-upgrade",
            "01234567-89ab-cdef-fedc-ba987654321",
            "01234567-89ab-cdef-fedc-ba98765432100",
            "01234567-89AB-cdef-fedc-ba9876543210",
            "0123456789-ab-cdef-fedc-ba9876543210",
            "01234567-89ab-cdef-fedc-ba98-6543210",
            "01234567-89ab-cdef-fedc-ba987654321g",
            "01234567-89ab-cdef-fedc-ba98765432é",
            "g1234567-89ab-cdef-fedc-ba9876543210",
        ] {
            assert_eq!(uuid(other), None, "{other}");
        }
        assert_eq!(DiskName::from("volume-head-003.img").uuid(), None);
    }
}
