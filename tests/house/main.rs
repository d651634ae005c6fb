//! The house itself: rooms, public API, pages, the package. `docs/tests.md` says what each file holds.

#[path = "../support/mod.rs"]
mod support;

mod api;
mod findings;
mod install;
mod kubernetes;
mod mutants;
mod newcomer;
mod package;
mod packages;
mod rooms;
mod workflows;
