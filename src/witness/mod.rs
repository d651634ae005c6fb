//! Everything that testifies about a volume without being a replica's directory: logs, replies of the REST API,
//! Kubernetes objects.
//!
//! A file is read once, from front to end, with bounded memory: `frame` takes off what a collector put around the lines,
//! [`dialect::jiva::log`](crate::dialect::jiva::log) knows what Jiva's messages mean, `life` is one run of one process. What the files say together is worked out
//! by the other files of this room. Nothing here judges a replica's data.

mod account;
mod cluster;
mod collect;
mod depth;
mod event;
mod file;
mod found;
mod frame;
pub mod kube;
mod life;
mod logfile;
mod members;
mod places;
mod process;
mod sessions;
mod timeline;
mod together;

pub use crate::dialect::jiva::log::{Address, Chain, End, Event, Mode, Moment, Refusal, Registered, Role};
pub use account::{Account, Tied};
pub use cluster::{Cluster, RunningVolume};
pub use collect::{Clock, Collection, Given, Witness, WitnessKind};
pub use depth::ShownChain;
pub use file::{Testimony, read};
pub use found::findings;
pub use life::{Asked, Life, Sighting};
pub use logfile::{Log, Stream};
pub use members::{Empty, Stay};
pub use places::{Home, Layout, Places, places};
pub use process::{ControllerRuns, Directory, Processes, ReplicaRuns, Run, Tie};
pub use sessions::{Both, Rejections, Session};
pub use timeline::{Happened, timeline};
