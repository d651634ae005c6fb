//! What the API server calls things, checked before it reaches a command, a manifest or a file.

use std::fmt;

use sha2::{Digest, Sha256};

/// Longest name of an object.
const LONGEST: usize = 253;

/// Longest file name that is made of names.
const LONGEST_FILE: usize = 200;

/// A name as Kubernetes allows it for pods, nodes, namespaces and volumes: it cannot be an option of a command, a path, or
/// anything else than a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

impl Name {
    /// The name, if it is one: lower-case letters, digits, `-` and `.`, with a letter or digit at both ends.
    pub fn new(text: &str) -> Option<Self> {
        let end = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let bytes = text.as_bytes();
        let ends = bytes.first().is_some_and(end) && bytes.last().is_some_and(end);
        let inside = bytes.iter().all(|byte| end(byte) || matches!(byte, b'-' | b'.'));
        (ends && inside && bytes.len() <= LONGEST && !text.contains("..")).then(|| Self(text.to_owned()))
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The directory of a replica on its node.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostPath(String);

impl HostPath {
    /// The path, if a replica may lie there: absolute, at least two parts deep, without `..` and control characters.
    /// `/` or `/etc` from a hostile API server is not mounted into any pod.
    pub fn new(text: &str) -> Option<Self> {
        if text.len() > 4096 || text.chars().any(char::is_control) {
            return None;
        }
        let below = text.strip_prefix('/')?;
        let parts: Vec<&str> = below.split('/').filter(|part| !part.is_empty()).collect();
        let plain = parts.iter().all(|part| !matches!(*part, "." | ".."));
        (plain && parts.len() >= 2).then(|| Self(format!("/{}", parts.join("/"))))
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HostPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A file name made of names. A long one is cut and ends with a sum of the whole, so that no two become one.
pub(super) fn file_name(parts: &[&str], ending: &str) -> String {
    let whole = parts.join(".");
    if whole.len() <= LONGEST_FILE {
        return whole + ending;
    }
    format!("{}-{}{ending}", &whole[..LONGEST_FILE - 20], sum(&[&whole], 8))
}

/// The first bytes of the SHA-256 of texts, in hexadecimal digits.
pub(super) fn sum(texts: &[&str], bytes: usize) -> String {
    let mut digest = Sha256::new();
    for text in texts {
        digest.update((text.len() as u64).to_le_bytes());
        digest.update(text);
    }
    digest.finalize().iter().take(bytes).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_name_and_nothing_else() {
        for good in ["a", "pvc-1", "node-1.example.org", "0"] {
            assert_eq!(Name::new(good).map(|name| name.to_string()).as_deref(), Some(good));
        }
        let long = "a".repeat(254);
        for bad in ["", "-o", "a-", "A", "a/b", "..", "a..b", "a b", "a\n", "a\u{1b}", "é", "--all", &long] {
            assert_eq!(Name::new(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_replica_lies_below_something() {
        let path = |text: &str| HostPath::new(text).map(|path| path.to_string());
        assert_eq!(path("/var/openebs//pvc-1/").as_deref(), Some("/var/openebs/pvc-1"));
        for bad in ["", "/", "/etc", "var/openebs", "/var/../etc", "/var/./x", "/var/\u{7}x", "/a\n/b"] {
            assert_eq!(path(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn long_names_stay_apart() {
        let long = |end: &str| file_name(&[&"a".repeat(250), end], ".log");
        assert!(long("x").len() < 255);
        assert_ne!(long("x"), long("y"));
        assert_eq!(file_name(&["pod", "container"], ".log"), "pod.container.log");
    }
}
