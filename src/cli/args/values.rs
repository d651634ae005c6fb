//! Numbers with a unit.

/// A number of bytes, with or without a unit: K, M, G, T count in 1024, whether written K, KB or KiB.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    let digits = text.trim().trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = text.trim()[digits.len()..].to_ascii_lowercase();
    let shift = match unit.trim_end_matches('b').trim_end_matches('i') {
        "" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        "t" => 40,
        _ => return Err("write a number of bytes, or one with K, M, G or T behind it".to_owned()),
    };
    let number: f64 = digits.trim().parse().map_err(|_| "is not a number".to_owned())?;
    if !number.is_finite() || number < 0.0 {
        return Err("must not be negative".to_owned());
    }
    Ok((number * (1u64 << shift) as f64) as u64)
}

/// A share: `5%` or `0.05`.
pub(crate) fn share(text: &str) -> Result<f64, String> {
    let (number, whole) = match text.trim().strip_suffix('%') {
        Some(number) => (number, 100.0),
        None => (text.trim(), 1.0),
    };
    let share =
        number.trim().parse::<f64>().map_err(|_| "write a share as in 5% or 0.05".to_owned())? / whole;
    if share > 0.0 && share <= 1.0 {
        Ok(share)
    } else {
        Err("a share lies above 0 and at most at 100%".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_shares_are_read() {
        for (text, bytes) in
            [("7", 7), ("500M", 500 << 20), ("20GiB", 20 << 30), ("1.5kb", 1536), ("2 T", 2 << 40)]
        {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in ["", "M", "-1", "3X", "nan"] {
            assert!(size(text).is_err(), "{text}");
        }
        for (text, part) in [("5%", 0.05), ("0.05", 0.05), ("100%", 1.0), ("1", 1.0)] {
            assert_eq!(share(text), Ok(part), "{text}");
        }
        for text in ["0", "101%", "x", "-5%", "nan"] {
            assert!(share(text).is_err(), "{text}");
        }
    }
}
