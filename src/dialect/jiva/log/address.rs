//! Addresses of replicas, controllers and nodes: the host alone, whatever stood around it.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;

/// A host as logs and lists name it, without scheme and port. It holds letters, digits and `. : - _` alone, so that it can
/// be shown anywhere.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Address(Arc<str>);

/// More is no host's name.
const LONGEST: usize = 253;

impl Address {
    /// Reads `10.1.2.3`, `10.1.2.3:9502`, `tcp://10.1.2.3:9502`, `http://10.1.2.3:9502/v1`, `[fd00::1]:9502`.
    pub fn read(text: &str) -> Option<Self> {
        Self::host(text).map(|host| Self(host.into()))
    }

    /// The host in such a text.
    pub(crate) fn host(text: &str) -> Option<&str> {
        let text = text.trim();
        let text = text.split_once("://").map_or(text, |(_, rest)| rest);
        let text = text.split_once('/').map_or(text, |(host, _)| host);
        let host = match text.strip_prefix('[') {
            Some(rest) => rest.split_once(']')?.0,
            None if text.bytes().filter(|byte| *byte == b':').count() == 1 => text.split_once(':')?.0,
            None => text,
        };
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".:-_".contains(&byte);
        (!host.is_empty() && host.len() <= LONGEST && host.bytes().all(fits)).then_some(host)
    }

    /// The host.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Found by its text, without making one: a log names the same few addresses on every other line.
impl Borrow<str> for Address {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

/// Decodes standard base64, as the controller makes its ids of addresses and names.
pub(super) fn base64(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut held) = (0u32, 0u32);
    for byte in text.trim_end_matches('=').bytes() {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(digit);
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_what_is_left() {
        for (text, expected) in [
            ("10.1.2.3", Some("10.1.2.3")),
            ("tcp://10.1.2.3:9502", Some("10.1.2.3")),
            ("http://10.1.2.3:9502/v1", Some("10.1.2.3")),
            (" 10.1.2.3:43210 ", Some("10.1.2.3")),
            ("[fd00::1]:9502", Some("fd00::1")),
            ("fd00::1", Some("fd00::1")),
            ("", None),
            ("tcp://:9502", None),
            ("10.1.2.3\x1b[31m", None),
            ("a b", None),
        ] {
            assert_eq!(Address::read(text).as_ref().map(Address::as_str), expected, "{text:?}");
        }
    }

    #[test]
    fn ids_are_base64() {
        assert_eq!(base64("dGNwOi8vMTAuOS40NC4xNDo5NTAy").as_deref(), Some("tcp://10.9.44.14:9502"));
        assert_eq!(base64("dGNwOi8vMTAuMS4zLjM5Ojk1MDI=").as_deref(), Some("tcp://10.1.3.39:9502"));
        assert_eq!(base64("a b"), None);
    }
}
