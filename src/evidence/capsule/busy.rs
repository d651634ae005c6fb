//! Which processes have a file of a directory open, as far as this process may look.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;

use super::super::spelled;
use super::format::Process;

/// Processes that are told of.
const MOST: usize = 16;

/// The processes in which a file is open that is one of `files` (device and inode), and called so. The engine may see the
/// directory by another path, so the names of the files are what counts first.
pub(super) fn open_in(names: &BTreeSet<&str>, files: &BTreeSet<(u64, u64)>) -> Vec<Process> {
    let mut out = Vec::new();
    let own = std::process::id();
    let Ok(processes) = fs::read_dir("/proc") else { return out };
    for process in processes.flatten() {
        let Some(pid) = process.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        if pid == own || out.len() == MOST {
            continue;
        }
        let Ok(open) = fs::read_dir(process.path().join("fd")) else { continue };
        let holds = open.flatten().any(|one| {
            // Only what is called so is looked at: a look at a file of a dead server would wait.
            let called = fs::read_link(one.path()).ok().is_some_and(|target| {
                target.file_name().is_some_and(|name| names.contains(name.to_string_lossy().as_ref()))
            });
            called && fs::metadata(one.path()).is_ok_and(|meta| files.contains(&(meta.dev(), meta.ino())))
        });
        if holds {
            let command = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            out.push(Process { pid, command: spelled(command.trim_end()) });
        }
    }
    out.sort_by_key(|process| process.pid);
    out
}
