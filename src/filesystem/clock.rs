//! Times of a file system: what the guest's clock said, in seconds and nanoseconds.

use std::fmt;

use serde::{Serialize, Serializer};

/// A moment by the guest's clock, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Moment {
    /// Seconds since 1970.
    pub seconds: i64,
    /// Nanoseconds of the second.
    pub nanos: u32,
}

impl Moment {
    /// Whole seconds; `None` for zero, which file systems write for "never".
    pub fn known(seconds: i64) -> Option<Self> {
        (seconds != 0).then_some(Self { seconds, nanos: 0 })
    }

    /// Year, month and day of a number of days since 1970, by the civil calendar.
    fn civil(days: i64) -> (i64, i64, i64) {
        // Eras of 400 years that begin on 1 March, so that the leap day is the last of a year.
        let shifted = days + 719_468;
        let (era, day) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
        let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
        let in_year = day - (365 * year + year / 4 - year / 100);
        let month = (5 * in_year + 2) / 153;
        let number = if month < 10 { month + 3 } else { month - 9 };
        (year + era * 400 + i64::from(number <= 2), number, in_year - (153 * month + 2) / 5 + 1)
    }
}

impl fmt::Display for Moment {
    /// RFC 3339 in whole seconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = Self::civil(self.seconds.div_euclid(86_400));
        let of_day = self.seconds.rem_euclid(86_400);
        let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Moment {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Moment".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "description": "A moment by the guest's clock, RFC 3339" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::go::parse_rfc3339;

    #[test]
    fn moments_are_written_as_they_are_read() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_764_371_999, "2025-11-28T23:19:59Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (15_032_385_535, "2446-05-10T22:38:55Z"),
        ] {
            let shown = Moment { seconds, nanos: 5 }.to_string();
            assert_eq!(shown, text);
            let nanos = parse_rfc3339(&shown);
            assert!(nanos.is_none_or(|read| read == seconds || read / 1_000_000_000 == seconds), "{text}");
        }
    }
}
