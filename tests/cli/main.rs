//! The program, from outside. `docs/tests.md` says what each file holds.

#[path = "../support/mod.rs"]
mod support;

mod bad_input;
mod browser;
mod capsule;
mod cases;
mod check;
mod collect_pvc;
mod commands;
mod defective_output;
mod export;
mod fleet;
mod hostile_archives;
mod incidents;
mod manners;
mod new_case;
mod not_root;
mod plan;
mod readme;
mod repair_copy;
mod screens;
mod serve;
mod untouched;
mod xfs;
