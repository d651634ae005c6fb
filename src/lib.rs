//! Forensics for diverged OpenEBS Jiva replicas: what each holds, where their histories part, and which may be kept.
//!
//! A Jiva volume has several replicas, each a directory: a chain of sparse images, a record for each, and a few small
//! files. After a crash they can disagree. This crate reads copies of those directories, or archives of them, and answers
//! with reasons: who holds everything, or that nobody does, and what Jiva would make of it if it were started. It never
//! writes to the evidence.
//!
//! # One example
//!
//! Evidence usually comes from [`evidence::gather`], which finds replicas in directories and tar archives. It can come
//! from anywhere that implements [`evidence::Source`]; here it is made by hand.
//!
//! ```
//! use std::sync::Arc;
//!
//! use jivascope::analysis::{Options, analyze};
//! use jivascope::blocks::MergedView;
//! use jivascope::evidence::{Evidence, Found, MemorySource};
//! use jivascope::ident::Label;
//! use jivascope::lineage::RelationKind;
//! use jivascope::verdict::{Confidence, VerdictKind};
//!
//! // A replica of 64 KiB: a base snapshot, and a head that stores the given blocks.
//! fn replica(counter: i64, written: &[u64]) -> MemorySource {
//!     let (base, head) = ("volume-snap-first.img", "volume-head-001.img");
//!     let record = |name: &str, parent: &str, counter: i64| {
//!         format!(
//!             r#"{{"Name":"{name}","Parent":"{parent}","Removed":false,"UserCreated":true,
//!                 "Created":"2026-01-01T00:00:00Z","RevisionCounter":{counter}}}"#
//!         )
//!     };
//!     let meta = format!(
//!         r#"{{"Size":65536,"Head":"{head}","Dirty":false,"Rebuilding":false,"Parent":"{base}","SectorSize":512,
//!             "BackingFileName":"","CloneStatus":"NA","Checkpoint":"{base}","RevisionCounter":{counter}}}"#
//!     );
//!     let mut count = counter.to_string().into_bytes();
//!     count.resize(4096, 0);
//!     MemorySource::new()
//!         .file("volume.meta", meta)
//!         .file("revision.counter", count)
//!         .file("volume-snap-first.img.meta", record(base, "", 10))
//!         .file("volume-head-001.img.meta", record(head, base, counter))
//!         .image(base, 65536, [(0, vec![1; 4096]), (4096, vec![0; 4096])])
//!         .image(head, 65536, written.iter().map(|block| (block * 4096, vec![7; 4096])))
//! }
//!
//! let found = |label: &str, source: MemorySource| Found {
//!     label: Label::from(label),
//!     path: label.to_owned(),
//!     input: 0,
//!     source: Arc::new(source),
//!     labelled: true,
//!     volume: None,
//!     damage: Vec::new(),
//! };
//! let replicas = vec![
//!     found("node-a", replica(12, &[5, 6])),
//!     found("node-b", replica(11, &[5])),
//!     found("node-c", replica(12, &[5, 6])),
//! ];
//! let analysis = analyze(Evidence { inputs: Vec::new(), replicas }, Options::default(), &());
//!
//! let volume = &analysis.volumes[0];
//! assert_eq!(volume.verdict.kind, VerdictKind::Authoritative);
//! assert_eq!(volume.verdict.confidence, Confidence::Strong);
//! assert_eq!(volume.verdict.holders, [Label::from("node-a"), Label::from("node-c")]);
//! let relation = volume.lineage.between(&Label::from("node-a"), &Label::from("node-b")).unwrap();
//! assert_eq!(relation.kind, RelationKind::Ahead);
//! assert_eq!(relation.unique_a.blocks(), 1);
//!
//! // The bytes of the volume as a replica holds them.
//! let view = MergedView::live(&volume.replicas[0])?;
//! let mut block = [0; 4096];
//! view.read_at(6 * 4096, &mut block)?;
//! assert_eq!(block, [7; 4096]);
//! # Ok::<(), jivascope::blocks::ViewError>(())
//! ```
//!
//! # Map
//!
//! From the ground up; nothing looks at what stands below it in this table.
//!
//! | room | what is there |
//! | --- | --- |
//! | [`ident`] | names and numbers with a meaning: labels, disks, counters, ranges |
//! | [`progress`] | how long work tells how far it is |
//! | [`evidence`] | what was given: directories, archives, memory; the [`Source`](evidence::Source) trait |
//! | [`finding`] | what was noticed: typed facts, their codes and words, exhibits |
//! | [`go`] | Go's JSON, text and times, in which both engines write |
//! | [`replica`] | one replica, neutral of the engine: disks, chain, state, typed errors |
//! | [`dialect`] | which engine wrote it; Jiva's files, versions, opening, and [what it would do](dialect::jiva::engine): start, elect, join |
//! | [`lineage`] | many replicas: the DAG ([petgraph]), ancestors, relations |
//! | [`blocks`] | merged views that can be read and sought, comparison by blocks |
//! | [`filesystem`] | file systems inside views: what they say of themselves, their files, whose a block is |
//! | [`verdict`] | from relations to an answer with reasons |
//! | [`analysis`] | the whole way, one call |
//! | [`redact`] | replicas made safe to share: structure kept, content gone |
//! | [`check`] | answers compared with what is expected of them |
//! | [`report`] | documents: JSON and the others |
//! | [`plan`] | steps of a person: what each destroys, and steps that destroy nothing |
//! | [`repair`] | metadata made again, each with a proof and a forecast |
//! | [`nbd`] | views as read-only network block devices |
//! | [`visit`] | capsules and other witnesses from a running cluster, through the user's `kubectl` |
//!
//! # What can be relied on
//!
//! - Nothing is printed, no process is ended, there is no global state. Types that hold evidence are `Send + Sync`.
//! - The same evidence gives the same answer, whatever the number of threads and the order of inputs.
//! - Damage in the evidence is a finding or a remark, never a panic; errors are typed, an enum for each room.
//! - Enums and structs that will grow are `#[non_exhaustive]`; names in the JSON are only ever added to.
//! - It builds with Rust 1.88. Without default features none of the program's dependencies come along.
//!
//! [petgraph]: https://docs.rs/petgraph

#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

pub mod analysis;
pub mod blocks;
pub mod check;
pub mod dialect;
pub mod evidence;
pub mod filesystem;
pub mod finding;
pub mod go;
pub mod ident;
pub mod lineage;
pub mod nbd;
pub mod plan;
pub mod progress;
pub mod redact;
pub mod repair;
pub mod replica;
pub mod report;
mod runs;
pub mod verdict;
pub mod visit;
pub mod witness;
