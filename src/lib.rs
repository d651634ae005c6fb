//! Forensics for diverged OpenEBS Jiva replicas.

pub mod analysis;
pub mod blocks;
pub mod check;
pub mod evidence;
pub mod finding;
pub mod format;
pub mod ident;
pub mod jiva;
pub mod lineage;
pub mod replica;
pub mod report;
mod runs;
pub mod share;
pub mod verdict;
pub mod watch;
