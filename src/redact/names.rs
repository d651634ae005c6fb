//! Names and addresses replaced by others of the same form, each always by the same one.

use std::collections::BTreeMap;

use super::disguise::{Key, hex};
use crate::dialect::jiva::{FileKind, number_of_head};
use crate::ident::Label;

/// What marks are made for; one text has another mark for each.
const UUID: u8 = 1;
const HEX: u8 = 2;
const ADDRESS: u8 = 3;
const NAME: u8 = 4;

/// Replaces names in texts: UUIDs, long hexadecimal ids, IPv4 addresses, and names that are given to it.
#[derive(Debug, Clone)]
pub struct Pseudonyms {
    key: Key,
    /// Names and what stands for them.
    known: BTreeMap<String, String>,
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
        let mut known = BTreeMap::new();
        for name in file_names {
            let (image, _) = image_and_suffix(name);
            if let Some(other) = image.and_then(|image| renamed_image(key, image)) {
                known.insert(image.unwrap_or_default().to_owned(), other);
            }
        }
        Self { key: key.clone(), known, labels }
    }

    /// What stands for the name of an image, be there such a file or not.
    pub(super) fn image(&self, name: &str) -> String {
        renamed_image(&self.key, name).unwrap_or_else(|| self.apply_to_str(name))
    }

    /// What stands for the name of a file of Jiva's.
    pub(super) fn file(&self, name: &str) -> String {
        match image_and_suffix(name) {
            (Some(image), suffix) => self.image(image) + suffix,
            (None, _) => self.apply_to_str(name),
        }
    }

    /// What stands for the id of a directory, which is hexadecimal digits.
    pub(super) fn id(&self, id: &str) -> String {
        String::from_utf8(self.replaced(id.as_bytes(), HEX)).expect("hexadecimal digits")
    }

    /// What stands for a label.
    pub fn label<'a>(&'a self, label: &'a Label) -> &'a Label {
        self.labels.get(label).unwrap_or(label)
    }

    /// Replaces every name in a text; everything else stays, byte for byte, and so does its length but for given names.
    pub fn apply(&self, text: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len());
        let mut at = 0;
        while at < text.len() {
            let rest = &text[at..];
            let fresh = at == 0 || !is_word(text[at - 1]);
            // The longest first: one name may begin with another.
            let mut known = self.known.iter().rev();
            if let Some((name, other)) = known.find(|(name, _)| rest.starts_with(name.as_bytes())) {
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

/// The image that a file belongs to, and what its name has behind the image's.
fn image_and_suffix(name: &str) -> (Option<&str>, &str) {
    match FileKind::of(name) {
        FileKind::Image(image) | FileKind::Record(image) | FileKind::RecordTmp(image) => {
            (Some(image), &name[image.len()..])
        }
        _ => (None, ""),
    }
}

/// What stands for an image whose name somebody chose. Numbers of heads and UUIDs are Jiva's own, and so is the name
/// of the snapshot that it makes of a head without a record.
fn renamed_image(key: &Key, name: &str) -> Option<String> {
    let stem = name.strip_suffix(".img")?;
    let mark = |chosen: &str| hex(&key.mark(NAME, chosen.as_bytes())[..4]);
    if let Some(chosen) = stem.strip_prefix("volume-snap-") {
        let own = chosen.is_empty() || chosen == "000" || is_uuid(chosen.as_bytes());
        return (!own).then(|| format!("volume-snap-s{}.img", mark(chosen)));
    }
    let chosen = stem.strip_prefix("volume-head-")?;
    let own = chosen.bytes().all(|byte| byte.is_ascii_digit());
    let number = number_of_head(name).map(|digits| format!("volume-head-{digits}")).unwrap_or_default();
    (!own).then(|| format!("volume-head-h{}{number}.img", mark(chosen)))
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
    let written = std::str::from_utf8(&text[..len]).ok()?;
    let address: std::net::Ipv4Addr = written.parse().ok()?;
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
    fn a_chosen_name_has_one_other_wherever_it_stands() {
        let names = pseudonyms();
        for (chosen, form) in
            [("volume-snap-payroll.img", "volume-snap-s"), ("volume-head-pay.img", "volume-head-h")]
        {
            let other = names.image(chosen);
            assert!(other.starts_with(form) && !other.contains("pay"), "{other}");
            assert_eq!(names.file(&format!("{chosen}.meta.tmp")), format!("{other}.meta.tmp"));
        }
        assert_eq!(
            names.apply_to_str("(volume-snap-payroll.img)"),
            format!("({})", names.image("volume-snap-payroll.img"))
        );
        // Jiva takes the first number that it finds in a head's name.
        let other = names.image("volume-head-pay.img volume-head-002.img roll.img");
        assert!(
            other.ends_with("volume-head-002.img") && !other.contains("pay") && !other.contains("roll"),
            "{other}"
        );
        for own in ["volume-head-012.img", "volume-snap-000.img", "volume.meta", "replica.log"] {
            assert_eq!(names.file(own), own);
        }
    }

    #[test]
    fn labels_keep_their_order() {
        let names = pseudonyms();
        assert_eq!(names.label(&Label::from("node-a")).as_str(), "rep-1");
        assert_eq!(names.label(&Label::from("node-b")).as_str(), "rep-2");
    }
}
