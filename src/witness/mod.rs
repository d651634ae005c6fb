//! Everything that testifies about a volume without being a replica's directory: logs, replies of the REST API,
//! Kubernetes objects.
//!
//! A file is read once, from front to end, with bounded memory: [`frame`] takes off what a collector put around the lines,
//! [`log`] knows what Jiva's messages mean, [`life`] is one run of one process. What the files say together is worked out
//! by the other files of this room. Nothing here judges a replica's data.

mod address;
pub mod api;
mod event;
mod file;
mod frame;
pub mod kube;
mod life;
mod log;
mod logfile;
mod time;

pub use address::Address;
pub use event::{Chain, End, Event, Mode, Refusal, Registered, Role};
pub use file::{Testimony, read};
pub use life::{Asked, Life, Sighting};
pub use logfile::{Log, Stream};
pub use time::Moment;
