//! Rooms of the library: views, histories, the report. `docs/tests.md` says what each file holds.

#[path = "../support/mod.rs"]
mod support;

mod blocks;
mod depth;
mod filesystem;
mod lineage;
mod page;
mod properties;
mod report;
mod rescue;
mod schema;
mod sqlite;
mod starts;
mod xfs;
