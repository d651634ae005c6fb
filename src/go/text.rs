//! Text and numbers as Go's `strconv` writes and reads them.
//!
//! Pure. The rules follow the behaviour of Go 1.19, with which the released Jiva images are built: Jiva's
//! errors quote what they could not read, and a report must show the same words as the pod's log.

use std::fmt::{self, Write as _};

/// Quotes bytes as Go's `strconv.Quote` does: in double quotes, printable characters kept, `\n` and the like
/// by letter, other controls and bytes that are not UTF-8 as `\xNN`, other unprintable characters as `\uNNNN`.
///
/// What counts as printable follows the Unicode version of this program's standard library; Go 1.19 knows
/// Unicode 13. They differ for characters that were assigned in between.
pub fn go_quote(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() + 2);
    out.push('"');
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            push_escaped(&mut out, c, '"');
        }
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out.push('"');
    out
}

/// One byte as Go's JSON scanner names it in an error, quotes included: the byte is taken for the character
/// of that number, so 0xEF is shown as `'ï'`.
pub(crate) fn quote_byte(byte: u8) -> String {
    match byte {
        b'\'' => r"'\''".to_owned(),
        b'"' => "'\"'".to_owned(),
        _ => {
            let mut out = String::from("'");
            push_escaped(&mut out, char::from(byte), '"');
            out.push('\'');
            out
        }
    }
}

fn push_escaped(out: &mut String, c: char, quote: char) {
    match c {
        '\u{7}' => out.push_str("\\a"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\u{b}' => out.push_str("\\v"),
        '\\' => out.push_str("\\\\"),
        _ if c == quote => {
            out.push('\\');
            out.push(c);
        }
        ' '..='~' => out.push(c),
        '\0'..='\u{1f}' | '\u{7f}' => {
            let _ = write!(out, "\\x{:02x}", u32::from(c));
        }
        _ if is_printable(c) => out.push(c),
        '\0'..='\u{ffff}' => {
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        }
        _ => {
            let _ = write!(out, "\\U{:08x}", u32::from(c));
        }
    }
}

/// Letters, marks, numbers, punctuation, symbols: the same classes in Go and in Rust's debug output.
fn is_printable(c: char) -> bool {
    // The debug form of a lone character also escapes combining marks; behind another one it does not.
    let mut text = String::with_capacity(5);
    text.push('a');
    text.push(c);
    text.escape_debug().nth(1) == Some(c)
}

/// Why Go's `strconv.ParseInt` refuses a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IntError {
    Syntax,
    Range,
}

/// Reads a decimal integer as `strconv.ParseInt(text, 10, 64)` does: an optional sign, then only digits.
///
/// As in Go a number too large is reported before a bad byte that follows the digit that made it too large.
pub(crate) fn parse_int(text: &[u8]) -> Result<i64, IntError> {
    let (negative, digits) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        Some(_) => (false, text),
        None => return Err(IntError::Syntax),
    };
    if digits.is_empty() {
        return Err(IntError::Syntax);
    }
    let mut value = 0u64;
    for byte in digits {
        let digit = match byte {
            b'0'..=b'9' => u64::from(byte - b'0'),
            _ => return Err(IntError::Syntax),
        };
        // The magnitude is read as an unsigned number first; the range of i64 is tested at the end.
        value = value.checked_mul(10).and_then(|v| v.checked_add(digit)).ok_or(IntError::Range)?;
    }
    if negative {
        0i64.checked_sub_unsigned(value).ok_or(IntError::Range)
    } else {
        i64::try_from(value).map_err(|_| IntError::Range)
    }
}

/// Writes a string as Go's JSON encoder does by default, with `<`, `>`, `&` escaped for HTML.
pub(crate) fn write_json_string(out: &mut impl fmt::Write, text: &str) -> fmt::Result {
    out.write_char('"')?;
    // 0xE2 begins the two separators that are escaped.
    let plain = |byte: u8| !matches!(byte, 0..=0x1f | b'"' | b'\\' | b'<' | b'>' | b'&' | 0xe2);
    // All bytes are asked, though the first odd one would do: so many are asked at once.
    if text.bytes().fold(true, |all, byte| all & plain(byte)) {
        out.write_str(text)?;
        return out.write_char('"');
    }
    for c in text.chars() {
        match c {
            '"' => out.write_str("\\\"")?,
            '\\' => out.write_str("\\\\")?,
            '\n' => out.write_str("\\n")?,
            '\r' => out.write_str("\\r")?,
            '\t' => out.write_str("\\t")?,
            '\0'..='\u{1f}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                write!(out, "\\u{:04x}", u32::from(c))?;
            }
            _ => out.write_char(c)?,
        }
    }
    out.write_char('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_as_go_does() {
        for (raw, quoted) in [
            (&b""[..], r#""""#),
            (b"77\n", r#""77\n""#),
            (b"\x07\x08\x0c\n\r\t\x0b", r#""\a\b\f\n\r\t\v""#),
            (b"\x00\x1b\x7f", r#""\x00\x1b\x7f""#),
            (b"a\"b'c\\d", r#""a\"b'c\\d""#),
            ("äß漢😀".as_bytes(), r#""äß漢😀""#),
            ("e\u{301}".as_bytes(), "\"e\u{301}\""),
            ("\u{301}".as_bytes(), "\"\u{301}\""),
            (
                "\u{a0}\u{ad}\u{85}\u{200b}\u{202e}\u{feff}".as_bytes(),
                r#""\u00a0\u00ad\u0085\u200b\u202e\ufeff""#,
            ),
            ("\u{e000}\u{10ffff}\u{e0001}".as_bytes(), r#""\ue000\U0010ffff\U000e0001""#),
            ("\u{fffd}".as_bytes(), "\"\u{fffd}\""),
            (b"\xff\xe2\x82z", r#""\xff\xe2\x82z""#),
        ] {
            assert_eq!(go_quote(raw), quoted, "{raw:?}");
        }
    }

    #[test]
    fn names_a_byte_as_the_json_scanner_does() {
        for (byte, name) in [
            (b'x', "'x'"),
            (b'\'', r"'\''"),
            (b'"', "'\"'"),
            (b'\\', r"'\\'"),
            (0, r"'\x00'"),
            (b'\n', r"'\n'"),
            (0x7f, r"'\x7f'"),
            (0x80, r"'\u0080'"),
            (0xa0, r"'\u00a0'"),
            (0xad, r"'\u00ad'"),
            (0xef, "'ï'"),
            (0xff, "'ÿ'"),
        ] {
            assert_eq!(quote_byte(byte), name, "{byte:#x}");
        }
    }

    #[test]
    fn reads_integers_as_go_does() {
        use IntError::{Range, Syntax};
        for (text, value) in [
            ("0", Ok(0)),
            ("-0", Ok(0)),
            ("007", Ok(7)),
            ("+12", Ok(12)),
            ("-5", Ok(-5)),
            ("9223372036854775807", Ok(i64::MAX)),
            ("9223372036854775808", Err(Range)),
            ("-9223372036854775808", Ok(i64::MIN)),
            ("-9223372036854775809", Err(Range)),
            ("99999999999999999999", Err(Range)),
            ("99999999999999999999x", Err(Range)),
            ("9999999999999999999x", Err(Syntax)),
            ("", Err(Syntax)),
            ("+", Err(Syntax)),
            ("-", Err(Syntax)),
            ("--1", Err(Syntax)),
            ("1_000", Err(Syntax)),
            ("0x10", Err(Syntax)),
            (" 1", Err(Syntax)),
            ("1 ", Err(Syntax)),
            ("1e3", Err(Syntax)),
            ("١", Err(Syntax)),
        ] {
            assert_eq!(parse_int(text.as_bytes()), value, "{text}");
        }
    }

    #[test]
    fn writes_strings_as_the_json_encoder_does() {
        let mut out = String::new();
        write_json_string(&mut out, "a<b>&\u{2028}\"\\\u{8}\n\u{7f}ä").expect("a string takes everything");
        assert_eq!(out, "\"a\\u003cb\\u003e\\u0026\\u2028\\\"\\\\\\u0008\\n\u{7f}ä\"");
    }
}
