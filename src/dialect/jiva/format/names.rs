//! File names of a replica directory, and the name of the next head.
//!
//! Pure: a name says what a file claims to be, never what is in it. The constants are Jiva's
//! (`replica/replica.go`, `replica/server.go`, `util/util.go`, `replica/peer_details.go` of old).

use std::fmt;

use serde::Serialize;

/// What a file in a replica directory is by its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FileKind<'a> {
    /// `volume.meta`.
    VolumeMeta,
    /// `volume.meta.tmp`, left over from a write that did not reach its rename.
    VolumeMetaTmp,
    /// `revision.counter`.
    Counter,
    /// `volume-head-….img` or `volume-snap-….img`.
    Image(&'a str),
    /// The record of that image, `….img.meta`.
    Record(&'a str),
    /// A record left over from a write or transfer that did not reach its rename, `….img.meta.tmp`.
    RecordTmp(&'a str),
    /// `log.info`.
    LogInfo,
    /// `log.info.tmp`.
    LogInfoTmp,
    /// `replica.log` or a rotated `replica-YYYY-MM-DDTHH-MM-SS.mmm.log`.
    Log,
    /// `peer.details`, written by Jiva up to 0.7.0 only.
    PeerDetails,
    /// `tmpFile.tmp`, the probe for extent support at each start.
    ExtentProbe,
    /// Nothing that Jiva writes.
    Foreign,
}

impl<'a> FileKind<'a> {
    /// Classifies a name; letter case matters.
    pub fn of(name: &'a str) -> Self {
        match name {
            "volume.meta" => Self::VolumeMeta,
            "volume.meta.tmp" => Self::VolumeMetaTmp,
            "revision.counter" => Self::Counter,
            "log.info" => Self::LogInfo,
            "log.info.tmp" => Self::LogInfoTmp,
            "replica.log" => Self::Log,
            "peer.details" => Self::PeerDetails,
            "tmpFile.tmp" => Self::ExtentProbe,
            _ if is_image(name) => Self::Image(name),
            _ => {
                let (stem, kind): (_, fn(&'a str) -> Self) = match name.strip_suffix(".tmp") {
                    Some(stem) => (stem, Self::RecordTmp),
                    None => (name, Self::Record),
                };
                match stem.strip_suffix(".meta") {
                    Some(image) if is_image(image) => kind(image),
                    _ if is_rotated_log(name) => Self::Log,
                    _ => Self::Foreign,
                }
            }
        }
    }
}

impl fmt::Display for FileKind<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::VolumeMeta => "volume metadata",
            Self::VolumeMetaTmp => "unfinished volume metadata",
            Self::Counter => "revision counter",
            Self::Image(_) => "image",
            Self::Record(_) => "disk record",
            Self::RecordTmp(_) => "unfinished disk record",
            Self::LogInfo => "log settings",
            Self::LogInfoTmp => "unfinished log settings",
            Self::Log => "replica log",
            Self::PeerDetails => "peer details of Jiva up to 0.7.0",
            Self::ExtentProbe => "extent probe",
            Self::Foreign => "foreign file",
        })
    }
}

fn is_image(name: &str) -> bool {
    let rest = name.strip_prefix("volume-head-").or_else(|| name.strip_prefix("volume-snap-"));
    rest.is_some_and(|rest| rest.ends_with(".img"))
}

/// The rotation's name: the pattern below with any digit for a zero.
fn is_rotated_log(name: &str) -> bool {
    const PATTERN: &[u8] = b"replica-0000-00-00T00-00-00.000.log";
    name.len() == PATTERN.len()
        && name.bytes().zip(PATTERN).all(|(b, p)| if *p == b'0' { b.is_ascii_digit() } else { b == *p })
}

const HEAD: &str = "volume-head-";

/// The head that Jiva from 1.12.0 on creates after `head`: `volume-head-` + number + 1, at least three
/// digits, + `.img`; `volume-head-000.img` if `head` is empty.
///
/// The number is taken from the first place in `head`, anywhere in it, that matches the expression
/// `volume-head-(\d+).img`, in which the dot stands for any one character. None if there is no such place:
/// Jiva then refuses with "Invalid name … does not match pattern". A number too large for 64 bits is taken
/// as the largest one and wraps, as it does in Go.
pub fn next_head_name(head: &str) -> Option<String> {
    if head.is_empty() {
        return Some(format!("{HEAD}000.img"));
    }
    let digits = number_of_head(head)?;
    let number = digits.parse().unwrap_or(i64::MAX).wrapping_add(1);
    Some(format!("{HEAD}{number:03}.img"))
}

/// The digits in a name from which Jiva makes the number of the next head.
pub(crate) fn number_of_head(name: &str) -> Option<&str> {
    name.match_indices(HEAD).find_map(|(at, _)| number_before_img(&name[at + HEAD.len()..]))
}

/// The digits at the start of `text`, if any one character and `img` follow them.
fn number_before_img(text: &str) -> Option<&str> {
    let count = text.bytes().take_while(u8::is_ascii_digit).count();
    if count == 0 {
        return None;
    }
    let (digits, rest) = text.split_at(count);
    let mut after = rest.chars();
    if after.next().is_some_and(|dot| dot != '\n') && after.as_str().starts_with("img") {
        return Some(digits);
    }
    // Otherwise the expression gives back one digit, which the dot then matches.
    (count > 1 && rest.starts_with("img")).then(|| &digits[..count - 1])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_name_that_jiva_writes_is_known() {
        let head = "volume-head-003.img";
        let snap = "volume-snap-6711a592-0686-4782-80ff-3f6855566b6f.img";
        for (name, kind) in [
            ("volume.meta", FileKind::VolumeMeta),
            ("volume.meta.tmp", FileKind::VolumeMetaTmp),
            ("revision.counter", FileKind::Counter),
            ("volume-head-003.img", FileKind::Image(head)),
            ("volume-head-003.img.meta", FileKind::Record(head)),
            ("volume-head-003.img.meta.tmp", FileKind::RecordTmp(head)),
            (snap, FileKind::Image(snap)),
            ("volume-snap-.img", FileKind::Image("volume-snap-.img")),
            ("volume-snap-a.img.meta.img", FileKind::Image("volume-snap-a.img.meta.img")),
            ("log.info", FileKind::LogInfo),
            ("log.info.tmp", FileKind::LogInfoTmp),
            ("replica.log", FileKind::Log),
            ("replica-2026-11-25T09-35-20.123.log", FileKind::Log),
            ("peer.details", FileKind::PeerDetails),
            ("tmpFile.tmp", FileKind::ExtentProbe),
            ("replica-2026-11-25.log", FileKind::Foreign),
            ("replica-2026-11-25T09-35-20.123.log.gz", FileKind::Foreign),
            ("volume-snap-a.img.tmp", FileKind::Foreign),
            ("volume-head-003.img.metax", FileKind::Foreign),
            ("volume-head.img", FileKind::Foreign),
            ("volume-head-003", FileKind::Foreign),
            ("Volume.meta", FileKind::Foreign),
            ("log.meta", FileKind::Foreign),
            ("lost+found", FileKind::Foreign),
            (".meta", FileKind::Foreign),
            ("", FileKind::Foreign),
        ] {
            assert_eq!(FileKind::of(name), kind, "{name}");
        }
    }

    #[test]
    fn the_next_head_is_numbered_as_jiva_does() {
        for (head, next) in [
            ("", Some("volume-head-000.img")),
            ("volume-head-000.img", Some("volume-head-001.img")),
            ("volume-head-009.img", Some("volume-head-010.img")),
            ("volume-head-999.img", Some("volume-head-1000.img")),
            ("volume-head-1000.img", Some("volume-head-1001.img")),
            ("volume-head-7.img", Some("volume-head-008.img")),
            ("volume-head-007ximg", Some("volume-head-008.img")),
            ("volume-head-007äimg", Some("volume-head-008.img")),
            ("volume-head-007\nimg", None),
            ("volume-head-0012img", Some("volume-head-002.img")),
            ("volume-head-1img", None),
            ("volume-head-001img", Some("volume-head-001.img")),
            ("../x/volume-head-004.img.old", Some("volume-head-005.img")),
            ("volume-head-x.img volume-head-002.img volume-head-009.img", Some("volume-head-003.img")),
            ("volume-head-volume-head-002.img", Some("volume-head-003.img")),
            ("volume-head-.img", None),
            ("volume-snap-a.img", None),
            ("volume-head-9223372036854775807.img", Some("volume-head--9223372036854775808.img")),
            ("volume-head-99999999999999999999.img", Some("volume-head--9223372036854775808.img")),
        ] {
            assert_eq!(next_head_name(head).as_deref(), next, "{head}");
        }
    }

    proptest! {
        #[test]
        fn any_name_is_classified(name in "(volume-(head|snap)-)?.{0,8}(\\.img)?(\\.meta)?(\\.tmp)?") {
            let disk = match FileKind::of(&name) {
                FileKind::Image(disk) => Some(disk.to_owned()),
                FileKind::Record(disk) => Some(format!("{disk}.meta")),
                FileKind::RecordTmp(disk) => Some(format!("{disk}.meta.tmp")),
                _ => None,
            };
            if let Some(disk) = disk {
                prop_assert_eq!(disk, name.clone());
            }
            let _ = next_head_name(&name);
        }
    }
}
