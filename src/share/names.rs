//! Names and addresses replaced by others of the same form, each always by the same one.

use std::collections::BTreeMap;

use super::disguise::{Key, hex};
use crate::ident::Label;

/// What marks are made for; one text has another mark for each.
const UUID: u8 = 1;
const HEX: u8 = 2;
const ADDRESS: u8 = 3;
const NAME: u8 = 4;

/// Replaces names in texts: UUIDs, long hexadecimal ids, IPv4 addresses, and names that are told to it.
#[derive(Debug, Clone)]
pub struct Pseudonyms {
    key: Key,
    /// Names and what stands for them.
    told: BTreeMap<String, String>,
    labels: BTreeMap<Label, Label>,
}

impl Pseudonyms {
    /// Learns the labels of the replicas and the file names of their directories.
    ///
    /// Labels become `rep-1`, `rep-2` …, in the order they are in, so that nothing that goes by their order changes.
    /// The name of a snapshot that a user made is replaced wherever it stands.
    pub fn new<'a>(
        key: &Key,
        labels: impl IntoIterator<Item = &'a Label>,
        file_names: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let mut sorted: Vec<&Label> = labels.into_iter().collect();
        sorted.sort();
        let width = sorted.len().to_string().len();
        let renamed = |at: usize| Label::from(format!("rep-{:0width$}", at + 1).as_str());
        let labels: BTreeMap<Label, Label> =
            sorted.iter().enumerate().map(|(at, label)| ((*label).clone(), renamed(at))).collect();
        let mut told = BTreeMap::new();
        for name in file_names {
            let stem = name.trim_end_matches(".tmp").trim_end_matches(".meta");
            let snapshot = stem.strip_prefix("volume-snap-").and_then(|rest| rest.strip_suffix(".img"));
            if let Some(snapshot) =
                snapshot.filter(|snapshot| !snapshot.is_empty() && !is_uuid(snapshot.as_bytes()))
            {
                let mark = hex(&key.mark(NAME, snapshot.as_bytes())[..4]);
                told.insert(format!("volume-snap-{snapshot}.img"), format!("volume-snap-s{mark}.img"));
            }
        }
        Self { key: key.clone(), told, labels }
    }

    /// What stands for a label.
    pub fn label<'a>(&'a self, label: &'a Label) -> &'a Label {
        self.labels.get(label).unwrap_or(label)
    }

    /// Replaces every name in a text; everything else stays, byte for byte, and so does its length but for told names.
    pub fn apply(&self, text: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len());
        let mut at = 0;
        while at < text.len() {
            let rest = &text[at..];
            let fresh = at == 0 || !is_word(text[at - 1]);
            if let Some((name, other)) = self.told.iter().find(|(name, _)| rest.starts_with(name.as_bytes()))
            {
                out.extend_from_slice(other.as_bytes());
                at += name.len();
            } else if let Some(found) = fresh.then(|| found(rest)).flatten() {
                let (len, kind) = found;
                out.extend_from_slice(&self.replaced(&rest[..len], kind));
                at += len;
            } else {
                out.push(text[at]);
                at += 1;
            }
        }
        out
    }

    /// The same for text.
    pub fn apply_to_str(&self, text: &str) -> String {
        // Only whole ASCII stretches are replaced, by ASCII.
        String::from_utf8(self.apply(text.as_bytes())).expect("UTF-8 stays UTF-8")
    }

    fn replaced(&self, text: &[u8], kind: u8) -> Vec<u8> {
        let mark = self.key.mark(kind, text);
        match kind {
            ADDRESS => format!("10.{}.{}.{}", mark[0], mark[1], mark[2] % 254 + 1).into_bytes(),
            _ => {
                // The form is kept: a digit for a digit, a dash for a dash.
                let digits = hex(&mark);
                let mut digits = digits.bytes().cycle();
                text.iter()
                    .map(|byte| if *byte == b'-' { b'-' } else { digits.next().unwrap_or(b'0') })
                    .collect()
            }
        }
    }
}

/// What stands at the start of a text, if it is of a form that is replaced: its length and kind.
fn found(text: &[u8]) -> Option<(usize, u8)> {
    if text.get(..36).is_some_and(is_uuid) && text.get(36).is_none_or(|byte| !is_word(*byte)) {
        return Some((36, UUID));
    }
    let digits = text.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    if digits >= 32 && text.get(digits).is_none_or(|byte| !is_word(*byte)) {
        return Some((digits, HEX));
    }
    address(text).map(|len| (len, ADDRESS))
}

fn is_uuid(text: &[u8]) -> bool {
    text.len() == 36
        && text.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// The length of an IPv4 address at the start of a text. What stands for "any" or this machine tells nothing.
fn address(text: &[u8]) -> Option<usize> {
    let len = text.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
    let spelt = std::str::from_utf8(&text[..len]).ok()?;
    let address: std::net::Ipv4Addr = spelt.parse().ok()?;
    let telling = !address.is_unspecified() && !address.is_loopback();
    (telling && text.get(len).is_none_or(|byte| !is_word(*byte))).then_some(len)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pseudonyms() -> Pseudonyms {
        let labels = [Label::from("node-b"), Label::from("node-a")];
        let names =
            ["volume-snap-payroll.img", "volume-snap-payroll.img.meta", "volume-head-001.img", "volume.meta"];
        Pseudonyms::new(&Key::new([3; 32]), &labels, names)
    }

    #[test]
    fn forms_are_kept_and_names_are_gone() {
        let names = pseudonyms();
        let uuid = "580a0b28-b4a8-40fe-ad54-83a637994cc6";
        let text = format!(
            r#"{{"Parent":"volume-snap-{uuid}.img","X":"volume-snap-payroll.img","Counter":77,"Time":"2026-11-25T09:27:26Z","UUID":"3231e39455e5a45d6d8eb4f19b0a7dad8fa81602"}} tcp://192.168.7.9:9502 0.0.0.0:9503"#
        );
        let other = names.apply_to_str(&text);
        for gone in [uuid, "payroll", "192.168.7.9", "3231e39455e5"] {
            assert!(!other.contains(gone), "{gone}: {other}");
        }
        for kept in
            ["\"Counter\":77", "2026-11-25T09:27:26Z", "tcp://10.", ":9502", "0.0.0.0:9503", "volume-snap-"]
        {
            assert!(other.contains(kept), "{kept}: {other}");
        }
        assert_eq!(names.apply_to_str(&text), other);
        let short = names.apply_to_str(&format!("volume-snap-{uuid}.img"));
        assert_eq!(short.len(), "volume-snap-.img".len() + 36);
        assert!(is_uuid(&short.as_bytes()[12..48]), "{short}");
        assert!(other.contains(&short));
    }

    #[test]
    fn labels_keep_their_order() {
        let names = pseudonyms();
        assert_eq!(names.label(&Label::from("node-a")).as_str(), "rep-1");
        assert_eq!(names.label(&Label::from("node-b")).as_str(), "rep-2");
    }
}
