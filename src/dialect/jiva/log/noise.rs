//! Messages of Jiva's that carry nothing of use here, by their beginnings: so that a line that nobody knows is noticed.

/// Whether it is a message of Jiva's.
pub(super) fn is_known(text: &str) -> bool {
    let Some(first) = text.chars().next() else { return true };
    BEGINNINGS.iter().any(|known| known.starts_with(first) && text.starts_with(known))
}

/// Sorted; format strings of 1.12.0, 2.0.0 and 3.6.0, cut before their first value.
const BEGINNINGS: &[&str] = &[
    "Adding replica ", "Addreplica ", "Add replica", "Backup", "CheckAndResetFailedRebuild", "Check if Replica:",
    "Checkpoint mismatch", "CloseReplica", "Closing", "Coalescing", "Comparable chains", "Connecting to remote",
    "Configured", "Create", "Creating", "Current replica", "Decrementing", "Deleting", "Deleted", "Discovery request",
    "Done running", "Done", "Error", "Exiting", "Expand", "Failed", "File ", "Get ", "GetCheckpoint", "GetReplica", "Got ",
    "Grow", "Head file", "I/O error", "Ignor", "Inconsistent", "Launching", "Latest Snapshot", "Lister", "Listening on",
    "Mark", "Max", "Mode:", "Monitoring stopped", "New connection", "No ", "Not ", "Old file", "Opening", "Opened", "Ping",
    "Prepare", "PrepareRebuild", "Previously", "Punch", "Read ", "Reading", "Received", "Reload", "Register",
    "RemoveReplica", "Remove", "Removing", "Replica", "Resetting", "Resize", "Retry", "Revert", "Reverting", "Revision",
    "Running ssync", "SCSI device", "STATE", "Session Reinstatement", "Set ", "SetCheckpoint", "SetRebuilding",
    "Setting", "Shutting", "Signal", "Skip", "Snapshot", "Snapshotting", "Ssync", "Start", "StartReplica", "Starting",
    "Stopping", "Successfully", "Sync", "Synchronizing", "Target ", "The file is a hole", "There are already",
    "Timed out", "Unable", "Update", "Upgrade", "Verify", "WO replica", "Waiting", "Write", "Writing", "addReplica",
    "addr ", "assembling", "buildreadwriters", "can have only", "can't ", "check if", "checkpoint not found", "chain ",
    "closing", "cur1", "error", "failed", "getTransferClients", "iscsi", "finish", "not taking snapshot", "open: ",
    "opcode:", "out of", "pageout", "prevCheckpoint", "read BHS", "receiv", "reload", "reloadAndVerify",
    "remote creation", "replicator reset", "replica ", "replying", "reset", "resetting", "rw replica", "sending",
    "setReplicaMode", "signal", "source file size", "stop", "stopping", "successfully", "sync", "syncFiles", "task",
    "unexpected", "unmap", "verify replication", "wait", "Can signal only", "Cannot add replica", "EOF",
    "RPC_WRITE_TIMEOUT", "server:", "Server", "Finish", "RevertReplica", "Volume", "volume", "Invalid", "invalid", "http",
    "discard", "login", "logout", "session", "Attach", "attach", "process",
];
