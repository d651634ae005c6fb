//! The model of the engine: lives with a known truth. `docs/tests.md` says what each file holds.

#[path = "../support/mod.rs"]
mod support;

mod lives;
mod recorded;
