//! Times as logs write them, on one scale: milliseconds since 1970 in UTC.

use std::fmt;

/// A moment in UTC, to the millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(i64);

/// What is taken for a time in a log lies between 1970 and 9999: later sums cannot overflow.
const LAST: i64 = 253_402_300_799_999;

impl Moment {
    /// The moment of so many milliseconds since 1970; `None` beyond the year 9999 or before 1970.
    pub fn from_millis(millis: i64) -> Option<Self> {
        (0..=LAST).contains(&millis).then_some(Self(millis))
    }

    /// Milliseconds since 1970.
    pub fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds from `earlier` to this one; negative where it is later.
    pub fn since(self, earlier: Self) -> i64 {
        (self.0 - earlier.0).div_euclid(1000)
    }

    /// The moment so many seconds later, kept within the range of times.
    #[must_use]
    pub fn plus(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1000)).clamp(0, LAST))
    }

    /// Reads an RFC 3339 time at the start of a text, and gives the bytes that it takes: `2026-11-28T09:44:34Z`, with a
    /// fraction, with `+05:30`, or with `+0530` as journald writes it.
    pub fn read(text: &str) -> Option<(Self, usize)> {
        let bytes = text.as_bytes();
        let number = |at: usize, len: usize| digits(bytes, at, len);
        let mark = |at: usize, mark: u8| bytes.get(at) == Some(&mark);
        let (year, month, day) = (number(0, 4)?, number(5, 2)?, number(8, 2)?);
        let (hour, minute, second) = (number(11, 2)?, number(14, 2)?, number(17, 2)?);
        if !mark(4, b'-') || !mark(7, b'-') || !mark(10, b'T') || !mark(13, b':') || !mark(16, b':') {
            return None;
        }
        let (mut at, mut millis) = (19, 0);
        if mark(at, b'.') {
            let len = bytes[at + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            for place in 0..3 {
                millis = millis * 10 + if place < len { digits(bytes, at + 1 + place, 1)? } else { 0 };
            }
            at += 1 + len;
        }
        let (offset, len) = zone(&bytes[at.min(bytes.len())..])?;
        Self::of(year, month, day, [hour, minute, second], offset, millis).map(|moment| (moment, at + len))
    }

    /// Reads a whole text as an RFC 3339 time.
    pub fn parse(text: &str) -> Option<Self> {
        Self::read(text).filter(|(_, len)| *len == text.len()).map(|(moment, _)| moment)
    }

    /// Reads the time of an access log: `28/Nov/2026:09:49:53 +0000`.
    pub fn parse_access(text: &str) -> Option<Self> {
        const MONTHS: &[u8; 36] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
        let bytes = text.as_bytes();
        let number = |at: usize, len: usize| digits(bytes, at, len);
        let name = bytes.get(3..6)?;
        let month = MONTHS.chunks(3).position(|month| month == name)? as i64 + 1;
        let clock = [number(12, 2)?, number(15, 2)?, number(18, 2)?];
        let (offset, len) = zone(bytes.get(21..)?)?;
        (21 + len == bytes.len()).then_some(())?;
        Self::of(number(7, 4)?, month, number(0, 2)?, clock, offset, 0)
    }

    fn of(year: i64, month: i64, day: i64, clock: [i64; 3], offset: i64, millis: i64) -> Option<Self> {
        let [hour, minute, second] = clock;
        if !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
            return None;
        }
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let seconds = days_since_1970(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
        Self::from_millis((seconds - offset) * 1000 + millis)
    }
}

/// RFC 3339 in UTC, with milliseconds only where there are any.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, millis) = (self.0.div_euclid(1000), self.0.rem_euclid(1000));
        let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let (year, month, day) = civil(days);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        if millis != 0 {
            write!(f, ".{millis:03}")?;
        }
        f.write_str("Z")
    }
}

/// The number that `len` digits make.
fn digits(bytes: &[u8], at: usize, len: usize) -> Option<i64> {
    bytes
        .get(at..at + len)?
        .iter()
        .try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
}

/// Seconds east of UTC, and the bytes that say so.
fn zone(bytes: &[u8]) -> Option<(i64, usize)> {
    let sign = match bytes.first()? {
        b'Z' => return Some((0, 1)),
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let colon = usize::from(bytes.get(3) == Some(&b':'));
    let (hours, minutes) = (digits(bytes, 1, 2)?, digits(bytes, 3 + colon, 2)?);
    (hours <= 23 && minutes <= 59).then_some((sign * (hours * 3600 + minutes * 60), 5 + colon))
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 in the Gregorian calendar. Years begin in March here, so that the leap day is the last one.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let shifted = year - i64::from(month <= 2);
    let (era, of_era) = (shifted.div_euclid(400), shifted.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day of a day counted from 1970-01-01.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year + era * 400 + i64::from(month <= 2), month, of_year - (153 * shifted + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_notations_of_one_moment() {
        let expected = Some("2026-11-28T09:44:48Z".to_owned());
        let read = |text| Moment::read(text).map(|(at, len)| (at.to_string(), len));
        assert_eq!(read("2026-11-28T09:44:48Z rest"), expected.clone().map(|at| (at, 20)));
        assert_eq!(read("2026-11-28T15:14:48+05:30"), expected.clone().map(|at| (at, 25)));
        assert_eq!(read("2026-11-28T09:44:48+0000 node"), expected.clone().map(|at| (at, 24)));
        assert_eq!(read("2026-11-28T15:14:48.0081+05:30"), Some(("2026-11-28T09:44:48.008Z".to_owned(), 30)));
        let access = |text| Moment::parse_access(text).map(|at| at.to_string());
        assert_eq!(access("28/Nov/2026:15:14:48 +0530"), expected.clone());
        assert_eq!(access("28/Nov/2026:09:44:48 +0000"), expected);
    }

    #[test]
    fn what_is_no_time() {
        for text in [
            "",
            "2026-11-28",
            "2026-02-29T00:00:00Z",
            "2026-11-28T24:00:00Z",
            "2026-11-28T09:44:48",
            "1969-12-31T23:59:59Z",
            "2026-11-28T09:44:48.Z+",
            "2026-11-28T09:44:48+5:30",
        ] {
            assert_eq!(Moment::parse(text), None, "{text}");
        }
        assert_eq!(Moment::parse_access("28/Foo/2026:15:14:48 +0530"), None);
        assert_eq!(Moment::parse_access("28/Nov/2026:15:14:48"), None);
    }

    #[test]
    fn days_survive_the_way_there_and_back() {
        for (year, month, day) in [(1970, 1, 1), (2000, 2, 29), (2026, 11, 28), (2100, 3, 1), (9999, 12, 31)]
        {
            assert_eq!(civil(days_since_1970(year, month, day)), (year, month, day));
        }
    }
}
