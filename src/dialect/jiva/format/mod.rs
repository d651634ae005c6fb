//! Parsers of Jiva's files: bytes in, value and remarks out, no I/O.
//!
//! Every parser repeats what Jiva itself does with the same bytes, down to the words of its errors, and
//! says beside the value what was odd about the bytes. Nothing here panics on any input; time and memory
//! are linear in the input. What a value means for a volume is not decided here.

mod counter;
mod log_info;
mod names;
mod parts;
mod record;
mod volume_meta;

pub use counter::{COUNTER_FILE_BYTES, CounterFile};
pub use log_info::LogInfo;
pub(crate) use names::number_of_head;
pub use names::{FileKind, next_head_name};
pub(crate) use parts::{Form, Part, Parts, Value, quoted};
