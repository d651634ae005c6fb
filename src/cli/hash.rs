//! `hash`.

use std::io::Write;

use clap::Args;
use jivascope::analysis;
use jivascope::blocks::MergedView;
use jivascope::report::escape;
use sha2::{Digest, Sha256};

use super::args::Inputs;
use super::inputs;

#[derive(Debug, Args)]
pub(super) struct Hash {
    #[command(flatten)]
    pub inputs: Inputs,
}

/// Bytes read at a time.
const CHUNK: usize = 1 << 20;

pub(super) fn run(command: &Hash) -> anyhow::Result<u8> {
    let evidence = inputs::open(&command.inputs, true, &())?;
    let mut failed = false;
    let mut out = std::io::stdout().lock();
    for replica in analysis::describe(&evidence, &()) {
        match MergedView::live(&replica).map_err(anyhow::Error::from).and_then(|view| sha256(&view)) {
            Ok(sum) => writeln!(out, "{sum}  {}", escape::terminal(replica.label.as_str()))?,
            Err(error) => {
                failed = true;
                writeln!(std::io::stderr(), "jivascope: {}", escape::terminal(&format!("{error:#}")))?;
            }
        }
    }
    out.flush()?;
    Ok(u8::from(failed))
}

fn sha256(view: &MergedView) -> anyhow::Result<String> {
    let mut hash = Sha256::new();
    let mut buf = vec![0; CHUNK];
    let mut at = 0;
    while at < view.size() {
        let count = view.read_at(at, &mut buf)?;
        hash.update(&buf[..count]);
        at += count as u64;
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
