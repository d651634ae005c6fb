//! Go's way with JSON, text and times, to the letter: both engines are written in Go and read their files with it.
//!
//! Pure: bytes in, value and remarks out. Nothing here knows a file of either engine.

pub(crate) mod error;
pub(crate) mod json;
pub(crate) mod remark;
pub(crate) mod scan;
pub(crate) mod text;
pub(crate) mod time;
pub(crate) mod write;

pub use error::MetaError;
pub(crate) use json::Oddities;
pub use remark::{Place, Remark};
pub use text::go_quote;
pub use time::parse_rfc3339;
