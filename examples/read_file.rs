//! Reads bytes out of a replica's merged view through `Read` and `Seek`, as any file system library would.
//!
//! ```text
//! cargo run --example read_file -- DIRECTORY OFFSET LENGTH > bytes
//! ```

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for a terminal")]

use std::error::Error;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

use jivascope::analysis;
use jivascope::blocks::MergedView;
use jivascope::evidence::{self, Images, Input, InputPath};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, offset, length] = &arguments[..] else {
        return Err("usage: read_file DIRECTORY OFFSET LENGTH".into());
    };
    let input = Input { label: None, path: InputPath::Path(PathBuf::from(path)) };
    let images = Images::Spool { dir: None, limit: 1 << 30 };
    let evidence = evidence::gather(&[input], &evidence::Options::new(images))?;
    let replicas = analysis::describe(&evidence, &());
    let view = MergedView::live(&replicas[0])?;
    let mut reader = view.reader();
    reader.seek(SeekFrom::Start(offset.parse()?))?;
    let mut bytes = reader.take(length.parse()?);
    io::copy(&mut bytes, &mut io::stdout().lock())?;
    io::stdout().flush()?;
    Ok(())
}
