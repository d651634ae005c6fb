//! `LABEL=PATH`, `PATH` or `-`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use jivascope::evidence::{self, Input, InputPath};

/// Reads an argument. A path that exists is never cut at its equals sign.
pub(crate) fn input(text: &OsStr) -> Input {
    let bytes = text.as_bytes();
    let cut = bytes.iter().position(|byte| *byte == b'=').map(|at| (&bytes[..at], &bytes[at + 1..]));
    match cut {
        Some((label, path)) if !label.is_empty() && !label.contains(&b'/') && !Path::new(text).exists() => {
            Input { label: Some(evidence::spelled(OsStr::from_bytes(label))), path: place(path) }
        }
        _ => Input { label: None, path: place(bytes) },
    }
}

fn place(path: &[u8]) -> InputPath {
    match path {
        b"-" => InputPath::StandardInput,
        path => InputPath::Path(PathBuf::from(OsStr::from_bytes(path))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_ends_at_the_first_equals_sign() {
        let dir = tempfile::tempdir().expect("a directory");
        let there = dir.path().join("a=b");
        std::fs::create_dir(&there).expect("a directory");
        let there = there.into_os_string().into_encoded_bytes();
        for (text, label, path) in [
            (&b"a=b"[..], Some("a"), &b"b"[..]),
            (b"a=b=c", Some("a"), b"b=c"),
            (b"=b", None, b"=b"),
            (b"./a=b", None, b"./a=b"),
            (&there, None, &there),
            (b"l\xffl=p\xfep", Some("l\\xffl"), b"p\xfep"),
            (b"p\xfep", None, b"p\xfep"),
        ] {
            let read = input(OsStr::from_bytes(text));
            assert_eq!(read.label.as_deref(), label);
            assert_eq!(read.path, InputPath::Path(PathBuf::from(OsStr::from_bytes(path))));
        }
        assert_eq!(input(OsStr::new("x=-")).path, InputPath::StandardInput);
    }
}
