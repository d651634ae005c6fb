//! Whether anything of a directory changed while it was read: everything the system says of each name, before and after.
//!
//! A time of the last change is as coarse as the clock of the file system. A file that was changed just before the first
//! look may be changed again without a later time. So the first look is taken again until every time lies behind it.

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::thread::sleep;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{AtFlags, StatxFlags, statx};

use super::super::examine::Listed;
use super::format::Time;

/// Times of most file systems move in steps of the kernel's clock, ten milliseconds at most.
const STEP: Duration = Duration::from_millis(25);

/// Where all times of a file are whole seconds, or two.
const COARSE: Duration = Duration::from_millis(2100);

/// Looks at a directory that does not come to rest.
const LOOKS: usize = 4;

/// What the system says of one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Device and inode.
    pub identity: (u32, u32, u64),
    pub size: u64,
    pub modified: Time,
    pub altered: Time,
    pub born: Option<Time>,
}

/// What the system says of every name, by name.
pub(super) type Stamps = BTreeMap<String, Stamp>;

/// Looks at every name; what cannot be looked at is left out.
pub(super) fn look(directory: &OwnedFd, listed: &[Listed]) -> Stamps {
    let wanted = StatxFlags::BASIC_STATS | StatxFlags::BTIME;
    let one = |item: &Listed| {
        let stat = statx(directory, item.on_disk(), AtFlags::SYMLINK_NOFOLLOW, wanted).ok()?;
        let has_birth = stat.stx_mask & StatxFlags::BTIME.bits() != 0;
        let stamp = Stamp {
            identity: (stat.stx_dev_major, stat.stx_dev_minor, stat.stx_ino),
            size: stat.stx_size,
            modified: (stat.stx_mtime.tv_sec, stat.stx_mtime.tv_nsec),
            altered: (stat.stx_ctime.tv_sec, stat.stx_ctime.tv_nsec),
            born: has_birth.then_some((stat.stx_btime.tv_sec, stat.stx_btime.tv_nsec)),
        };
        Some((item.name.clone(), stamp))
    };
    listed.iter().filter_map(one).collect()
}

/// Looks until every time lies behind the look. A directory that is written to all the time does not get there; then the
/// last look shows it.
pub(super) fn settled(look: impl Fn() -> Stamps) -> Stamps {
    let mut stamps = look();
    for _ in 0..LOOKS {
        let now = SystemTime::now();
        let Some(wait) = stamps.values().filter_map(|stamp| until_past(stamp, now)).max() else { break };
        sleep(wait);
        stamps = look();
    }
    stamps
}

/// How long the times of a file are too young to show the next change.
fn until_past(stamp: &Stamp, now: SystemTime) -> Option<Duration> {
    let youngest = stamp.modified.max(stamp.altered);
    let coarse = stamp.modified.1 == 0 && stamp.altered.1 == 0;
    let margin = if coarse { COARSE } else { STEP };
    let seconds = u64::try_from(youngest.0).ok()?;
    let at = UNIX_EPOCH + Duration::new(seconds, youngest.1.min(999_999_999));
    match now.duration_since(at) {
        Ok(age) if age < margin => Some(margin - age),
        // A time that lies ahead comes from another clock, and shows every change.
        _ => None,
    }
}

/// How a name differs between two looks.
pub(super) fn change(before: Option<&Stamp>, after: Option<&Stamp>) -> Option<String> {
    let text = match (before, after) {
        (None, None) => return None,
        (None, Some(_)) => "appeared while the capsule was taken".to_owned(),
        (Some(_), None) => "vanished while the capsule was taken".to_owned(),
        (Some(before), Some(after)) if before.identity != after.identity => {
            "was replaced by another file while the capsule was taken".to_owned()
        }
        (Some(before), Some(after)) if before.size != after.size => {
            format!(
                "changed its size from {} to {} bytes while the capsule was taken",
                before.size, after.size
            )
        }
        (Some(before), Some(after)) if before != after => {
            "was written while the capsule was taken".to_owned()
        }
        _ => return None,
    };
    Some(text)
}

/// Whether a file was born after its last change: a tool gave it that time.
pub(super) fn is_restored(stamp: &Stamp) -> bool {
    stamp.born.is_some_and(|born| born.0 > stamp.modified.0.saturating_add(2))
}
