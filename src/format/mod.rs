//! Pure parsers of Jiva's files: bytes in, value and remarks out, no I/O.
//!
//! Every parser repeats what Jiva itself does with the same bytes, down to the words of its errors, and
//! says beside the value what was odd about the bytes. Nothing here panics on any input; time and memory
//! are linear in the input. What a value means for a volume is not decided here.

mod counter;
mod dialect;
mod go_json;
mod go_text;
mod go_time;
mod go_write;
mod json_scan;
mod log_info;
mod meta_error;
mod names;
mod parts;
mod record;
mod remark;
mod volume_meta;

pub use crate::finding::Oddity;
pub use counter::{COUNTER_FILE_BYTES, CounterError, CounterErrorKind, CounterFile};
pub(crate) use dialect::is_longhorns;
pub use dialect::{Dialect, LonghornMeta, Sign, Signs};
pub(crate) use go_json::Oddities;
pub use go_text::go_quote;
pub use go_time::parse_rfc3339;
pub use log_info::LogInfo;
pub use meta_error::MetaError;
pub(crate) use names::number_of_head;
pub use names::{FileKind, next_head_name};
pub(crate) use parts::{Form, Part, Parts, Value, quoted};
pub use record::{KeyOrder, Record};
pub use remark::{Place, Remark};
pub use volume_meta::VolumeMeta;
