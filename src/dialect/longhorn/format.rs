//! What a directory of Longhorn's first engine has that Jiva's has not: keys of its JSON.

use crate::go::json::{GoType, Shape, decode};

/// Keys of `volume.meta` that Longhorn alone writes.
pub(in crate::dialect) static LONGHORN_INFO: Shape<3> = Shape {
    go_type: "replica.Info",
    go_name: "Info",
    fields: [("Error", GoType::Text), ("BackingFilePath", GoType::Text), ("Encrypted", GoType::Bool)],
};

/// The key of a record that Longhorn alone writes.
pub(in crate::dialect) const LABELS: &str = "Labels";

/// Whether a key is one that only Longhorn writes, in any letters as both engines take it.
pub(crate) fn is_longhorns(key: &str) -> bool {
    let known = LONGHORN_INFO.fields.iter().map(|(name, _)| *name);
    known.chain([LABELS]).any(|name| name.eq_ignore_ascii_case(key))
}

/// What a Longhorn `volume.meta` says beside the keys that Jiva has too.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct LonghornMeta {
    /// An error that the engine wrote down; it then refuses the directory.
    pub error: Option<String>,
    /// Where the image below the oldest disk lay.
    pub backing_file_path: Option<String>,
}

impl LonghornMeta {
    /// Reads these keys; what does not decode is absent.
    pub fn salvage(bytes: &[u8]) -> Self {
        let decoded = decode(bytes, &LONGHORN_INFO);
        let [error, path, _] = &decoded.slots;
        Self { error: error.text(), backing_file_path: path.text() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONGHORN: &str = r#"{"Size":4096,"Head":"volume-head-000.img","Dirty":true,"Rebuilding":false,"Error":"","Parent":"","SectorSize":512,"BackingFilePath":"/b"}"#;

    #[test]
    fn the_backing_file_is_read() {
        let meta = LonghornMeta::salvage(LONGHORN.as_bytes());
        assert_eq!((meta.error.as_deref(), meta.backing_file_path.as_deref()), (Some(""), Some("/b")));
        assert_eq!(LonghornMeta::salvage(b"{\"Error\":1}").error, None);
    }
}
