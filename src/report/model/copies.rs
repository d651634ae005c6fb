//! The copies that a report rests on: where each lies, what it is worth, and the sum of its records.

use std::fmt::Write;

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::analysis::{Analysis, Volume};
use crate::evidence::{Entry, Kind, Source};
use crate::replica::Replica;
use crate::report::words;

/// One copy.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Copy {
    /// The replica's label.
    pub label: String,
    /// Where it was found.
    pub path: String,
    /// What it is worth, in words.
    pub quality: String,
    /// Files that the sum is of.
    pub records: usize,
    /// The sum, in hexadecimal, or why there is none.
    pub sum: String,
}

/// The first `most` copies, by volume and label.
pub(in crate::report) fn copies(analysis: &Analysis, most: usize) -> Vec<Copy> {
    let all: Vec<(&Volume, &Replica)> = analysis
        .volumes
        .iter()
        .flat_map(|volume| volume.replicas.iter().map(move |replica| (volume, replica)))
        .take(most)
        .collect();
    all.into_par_iter().map(|(volume, replica)| copy(volume, replica)).collect()
}

fn copy(volume: &Volume, replica: &Replica) -> Copy {
    let (records, sum) = sum(&*replica.source);
    Copy {
        label: replica.label.to_string(),
        path: replica.path.clone(),
        quality: words::serialized(volume.copies.quality(&replica.label)),
        records,
        sum,
    }
}

/// The sha256 of what `sha256sum *.meta revision.counter` prints, and of how many files.
fn sum(source: &dyn Source) -> (usize, String) {
    let file = |entry: &&Entry| entry.kind == Kind::File;
    // A shell's `*` leaves out what begins with a dot.
    let record = |entry: &&Entry| entry.name.ends_with(".meta") && !entry.name.starts_with('.');
    let entries = source.entries();
    let records = entries.iter().filter(file).filter(record);
    let counter = entries.iter().filter(file).filter(|entry| entry.name == "revision.counter");
    let mut listing = Sha256::new();
    let mut count = 0;
    for entry in records.chain(counter) {
        match source.read(entry) {
            Ok(bytes) => {
                let escaped = entry.name.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r");
                let lead = if escaped == entry.name { "" } else { "\\" };
                listing.update(format!("{lead}{}  {escaped}\n", hexadecimal(&Sha256::digest(&bytes))));
            }
            Err(_) => return (count, format!("none: {} cannot be read here", entry.name)),
        }
        count += 1;
    }
    if count == 0 { (0, "none".to_owned()) } else { (count, hexadecimal(&listing.finalize())) }
}

fn hexadecimal(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// What changed the answer, in a sentence or two.
pub(in crate::report) fn options(analysis: &Analysis) -> String {
    let options = &analysis.options;
    let mut out = vec![format!("Judged for a replication factor of {}.", options.factor)];
    if options.metadata_only {
        out.push("No block was read (--metadata-only).".to_owned());
    }
    if let Some(share) = options.sample {
        out.push(format!("Only {:.4} % of the blocks were compared (--sample).", share * 100.0));
    }
    if options.without_missing {
        out.push(
            "Replicas that nobody supplied were left out of the decision (--without-missing).".to_owned(),
        );
    }
    if !options.as_found.is_empty() {
        let labels = words::list(&options.as_found);
        out.push(format!("The defective copy of {labels} was taken for what lies on the node (--as-found)."));
    }
    if options.holes == crate::blocks::Holes::Zeros {
        out.push("Zeros were taken for holes where a copy did not keep them (--holes zeros).".to_owned());
    }
    out.join(" ")
}
