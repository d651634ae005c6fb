//! Recordings of the real Jiva, and the scores. `docs/tests.md` says what each file holds.

#[path = "../support/mod.rs"]
mod support;

mod capsules;
mod captures;
mod copies;
mod elections;
mod files;
mod jiva;
mod missing_parts;
mod plans;
mod recorded;
mod repairs;
mod sample;
mod scores;
mod sessions;
mod versions;
mod witnesses;
