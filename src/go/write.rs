//! Writes the fields of a file as Go's JSON encoder does, or compares them with what was written.
//!
//! Pure. A file that is formatted otherwise was not written by Jiva.

use std::fmt;

use super::json::Scalar;
use super::text::write_json_string;

/// The fields of an object in the order of writing; absent ones are left out.
pub(crate) type Fields<'a> = [(&'static str, Option<Scalar<'a>>)];

/// An object as Go's encoder writes it: no spaces, one line feed at the end.
pub(crate) fn written(fields: &Fields<'_>) -> String {
    let mut out = String::with_capacity(512);
    write(&mut out, fields).expect("a string takes everything");
    out
}

/// Whether a file is what Go's encoder writes.
pub(crate) fn is_written(fields: &Fields<'_>, bytes: &[u8]) -> bool {
    let mut rest = Rest(bytes);
    write(&mut rest, fields).is_ok() && rest.0.is_empty()
}

/// What is left of bytes of which the front was written; writing anything else fails.
struct Rest<'a>(&'a [u8]);

impl fmt::Write for Rest<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 = self.0.strip_prefix(text.as_bytes()).ok_or(fmt::Error)?;
        Ok(())
    }
}

fn write(out: &mut impl fmt::Write, fields: &Fields<'_>) -> fmt::Result {
    let mut before = "{";
    for (name, value) in fields {
        let Some(value) = value else { continue };
        out.write_str(before)?;
        before = ",";
        // The names of Jiva's fields are letters, which stand for themselves.
        out.write_char('"')?;
        out.write_str(name)?;
        out.write_str("\":")?;
        match value {
            Scalar::Bool(value) => out.write_str(if *value { "true" } else { "false" })?,
            Scalar::Int(value) => write!(out, "{value}")?,
            Scalar::Text(value) => write_json_string(out, value)?,
        }
    }
    out.write_str(if before == "{" { "{}\n" } else { "}\n" })
}
