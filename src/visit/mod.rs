//! A visit to a running cluster, through the `kubectl` that the user has: capsules of every replica of a volume, and every
//! other witness that can be had without harm.
//!
//! `find` makes a model of what lists of the API server say: where the replicas lie, what runs, what is odd. [`Steps`]
//! makes each command from it, for a run and for a dry run alike. [`Visit`] runs them, one after the other, and removes what
//! it made. What the API server says is input like any other: names are checked before they reach a command or a file.

mod call;
mod dry;
mod find;
mod folder;
mod found;
mod job;
mod kubectl;
mod name;
mod object;
mod pod;
mod record;
mod replicas;
mod run;
mod steps;
mod witnesses;

pub use call::Call;
pub use dry::{Shown, plan};
pub use folder::{Folder, FolderError};
pub use job::{MOUNT, PROGRAM, manifest};
pub use kubectl::{Kubectl, Outcome};
pub use name::{HostPath, Name};
pub use record::{Left, Missing, Taken, Visited};
pub use run::{Settings, Visit, VisitError};
pub use steps::Steps;

/// Listens to a visit.
pub trait Listener {
    /// A command is about to run; it is written as a shell would read it.
    fn command(&mut self, shown: &str);
    /// Something to know.
    fn note(&mut self, text: &str);
    /// Something that stands against trusting what is brought home.
    fn warning(&mut self, text: &str);
}
