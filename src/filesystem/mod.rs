//! File systems inside views: which there are and what they say of themselves, their files, whose a block is.
//!
//! Everything is read through positional reads of a view. What a file system says is hostile: numbers are checked before
//! they are used, work and memory are bounded by what the view stores, and names never lead out of a target directory.

mod apart;
mod bytes;
mod checksum;
mod clock;
mod contents;
mod databases;
mod entry;
mod ext;
mod files;
mod kind;
mod known;
mod loss;
mod name;
mod owned;
mod pair;
mod partitions;
mod piece;
mod sqlite;
mod system;
mod take;
mod tree;
mod xfs;

pub use apart::{Change, FilesAndTree, How, changes};
pub use bytes::{Bytes, FsError};
pub use clock::Moment;
pub use contents::{Contents, FileSystem, FsState};
pub use databases::Database;
pub use entry::{FileEntry, Tree, shown};
pub use files::{FileReader, Files};
pub use kind::FileKind;
pub use loss::{LossInFiles, Lost, LostFile, loss_in_files};
pub use owned::Owned;
pub use pair::{FilesApart, InFiles, Newest, Recovered, Side, both_have, files_apart, in_files};
pub use partitions::Table;
pub use sqlite::{Header as SqliteHeader, Look, Sqlite, Structure, Wal};
pub use system::Replayed;
pub use take::{TakeError, Taken, TargetDirectory, take};
