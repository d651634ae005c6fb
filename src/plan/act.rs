//! One thing that a person does to a volume.

use std::fmt;

use serde::Serialize;

use crate::ident::Label;

/// Whom an act is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Who {
    /// The controller and every replica.
    All,
    /// The controller.
    Controller,
    /// Every replica.
    Replicas,
    /// One replica.
    Replica(Label),
    /// Several replicas at once: nobody sees which of them is first.
    Several(Vec<Label>),
    /// What manages volumes in the cluster, where something does: it may start what was stopped.
    Operator,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("the controller and all replicas"),
            Self::Controller => f.write_str("the controller"),
            Self::Replicas => f.write_str("all replicas"),
            Self::Replica(label) => write!(f, "{label}"),
            Self::Several(labels) => {
                let labels: Vec<&str> = labels.iter().map(Label::as_str).collect();
                write!(f, "{} at once", labels.join(", "))
            }
            Self::Operator => f.write_str("the operator"),
        }
    }
}

/// One act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "act", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Act {
    /// Ends processes.
    Stop {
        /// Whose.
        who: Who,
    },
    /// Starts processes.
    Start {
        /// Whose.
        who: Who,
    },
    /// Ends and starts processes.
    Restart {
        /// Whose.
        who: Who,
    },
    /// Removes what lies in a directory; it stays empty.
    Wipe {
        /// Whose.
        replica: Label,
    },
    /// Renames a directory; an empty one takes its place.
    MoveAside {
        /// Whose.
        replica: Label,
    },
    /// Copies a directory to another place.
    Copy {
        /// Whose.
        replica: Label,
    },
    /// Takes the data out as an image.
    Export {
        /// Whose.
        replica: Label,
    },
    /// Puts back what was moved aside or copied, of this replica or of another.
    Restore {
        /// Into whose directory.
        replica: Label,
        /// Whose data.
        from: Label,
    },
    /// Removes one file of a directory.
    RemoveFile {
        /// Of whose directory.
        replica: Label,
        /// Its name.
        file: String,
    },
    /// Changes a field of `volume.meta`.
    Set {
        /// Of whose directory.
        replica: Label,
        /// The field.
        key: String,
        /// What it is set to.
        value: String,
    },
    /// Takes an entry out of the controller's list.
    DeleteEntry {
        /// The entry's address, or the label of the replica that has it.
        address: String,
    },
    /// Waits for something, or looks at something. Nothing is changed.
    Wait {
        /// For what.
        text: String,
    },
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stop { who } => write!(f, "stop {who}"),
            Self::Start { who } => write!(f, "start {who}"),
            Self::Restart { who } => write!(f, "restart {who}"),
            Self::Wipe { replica } => write!(f, "wipe the directory of {replica}"),
            Self::MoveAside { replica } => write!(f, "move the directory of {replica} aside"),
            Self::Copy { replica } => write!(f, "copy the directory of {replica}"),
            Self::Export { replica } => write!(f, "export the data of {replica}"),
            Self::Restore { replica, from } if replica == from => {
                write!(f, "put back the directory of {replica}")
            }
            Self::Restore { replica, from } => write!(f, "put a copy of {from} in the place of {replica}"),
            Self::RemoveFile { replica, file } => write!(f, "remove {file} from the directory of {replica}"),
            Self::Set { replica, key, value } => {
                write!(f, "set {key} to {value} in volume.meta of {replica}")
            }
            Self::DeleteEntry { address } => write!(f, "delete the controller's entry {address}"),
            Self::Wait { text } => write!(f, "wait: {text}"),
        }
    }
}
