//! The time stamps of disk records.
//!
//! Pure: no clock, no time zone of this machine. Jiva writes UTC with whole seconds but takes any string
//! from its API, so a stamp is a claim and often no more than that.

/// Reads a time such as `2006-01-02T15:04:05Z` or with an offset such as `+02:00`; returns seconds since
/// 1970-01-01 UTC, a fraction of a second dropped towards the past.
///
/// None for any other text, a day that the month does not have, or a leap second.
pub fn parse_rfc3339(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let number = |from: usize, len: usize| -> Option<i64> {
        let digits = bytes.get(from..from + len)?;
        digits.iter().try_fold(0i64, |sum, b| b.is_ascii_digit().then(|| sum * 10 + i64::from(b - b'0')))
    };
    let mark = |at: usize, mark: u8| (bytes.get(at) == Some(&mark)).then_some(());

    let (year, month, day) = (number(0, 4)?, number(5, 2)?, number(8, 2)?);
    let (hour, minute, second) = (number(11, 2)?, number(14, 2)?, number(17, 2)?);
    for (at, b) in [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')] {
        mark(at, b)?;
    }
    let in_range = (1..=12).contains(&month) && day >= 1 && day <= days_in_month(year, month);
    if !in_range || hour > 23 || minute > 59 || second > 59 {
        return None;
    }

    let mut at = 19;
    if mark(at, b'.').is_some() {
        let digits = bytes.get(at + 1..)?.iter().take_while(|b| b.is_ascii_digit()).count();
        if digits == 0 {
            return None;
        }
        at += 1 + digits;
    }
    let offset = match bytes.get(at)? {
        b'Z' => {
            at += 1;
            0
        }
        sign @ (b'+' | b'-') => {
            mark(at + 3, b':')?;
            let (hours, minutes) = (number(at + 1, 2)?, number(at + 4, 2)?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            at += 6;
            (hours * 3600 + minutes * 60) * if *sign == b'+' { 1 } else { -1 }
        }
        _ => return None,
    };
    if at != bytes.len() {
        return None;
    }
    Some(days_since_1970(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset)
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 in the Gregorian calendar, for years 0 to 9999.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March here, so that the leap day is the last one.
    let shifted = year - i64::from(month <= 2);
    let era = shifted.div_euclid(400);
    let year_of_era = shifted.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_jiva_writes_and_nothing_loose() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2006-01-02T15:04:05Z", Some(1_136_214_245)),
            ("2024-02-29T23:59:59Z", Some(1_709_251_199)),
            ("2000-03-01T00:00:00Z", Some(951_868_800)),
            ("1969-12-31T23:59:59Z", Some(-1)),
            ("0001-01-01T00:00:00Z", Some(-62_135_596_800)),
            ("2006-01-02T15:04:05+07:00", Some(1_136_214_245 - 7 * 3600)),
            ("2006-01-02T15:04:05-00:30", Some(1_136_214_245 + 1800)),
            ("2006-01-02T15:04:05.999999999Z", Some(1_136_214_245)),
            ("2023-02-29T00:00:00Z", None),
            ("2006-13-02T15:04:05Z", None),
            ("2006-00-02T15:04:05Z", None),
            ("2006-01-00T15:04:05Z", None),
            ("2006-01-02T24:00:00Z", None),
            ("2006-01-02T15:04:60Z", None),
            ("2006-01-02T15:04:05", None),
            ("2006-01-02T15:04:05z", None),
            ("2006-01-02 15:04:05Z", None),
            ("2006-01-02T15:04:05.Z", None),
            ("2006-01-02T15:04:05+0700", None),
            ("2006-01-02T15:04:05Zx", None),
            ("2006-01-02T15:04:05+24:00", None),
            ("+006-01-02T15:04:05Z", None),
            ("", None),
            ("yesterday", None),
            ("2006-01-02T15:04:0äZ", None),
        ] {
            assert_eq!(parse_rfc3339(text), seconds, "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in ".{0,40}") {
            let _ = parse_rfc3339(&text);
        }

        /// Counting days one by one must agree with the closed form.
        #[test]
        fn days_follow_each_other(year in 0i64..9998, month in 1i64..=12, day in 1i64..=31) {
            prop_assume!(day <= days_in_month(year, month));
            let next = if day < days_in_month(year, month) { (year, month, day + 1) }
                else if month < 12 { (year, month + 1, 1) } else { (year + 1, 1, 1) };
            prop_assert_eq!(days_since_1970(next.0, next.1, next.2), days_since_1970(year, month, day) + 1);
        }
    }
}
