//! What is read: inputs, archives, directories, hostile ones. `docs/tests.md` says what each file holds.

#[path = "../support/mod.rs"]
mod support;

mod builder;
mod capsule;
mod faults;
mod forms;
mod gather;
mod group;
mod hostile_evidence;
mod inputs;
mod laws;
mod redact;
mod second_visit;
mod who;
