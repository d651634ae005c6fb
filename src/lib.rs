//! Forensics for diverged OpenEBS Jiva replicas.

pub mod evidence;
pub mod format;
pub mod ident;
pub mod watch;
