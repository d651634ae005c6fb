//! How image data are read.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jivascope::blocks;
use jivascope::evidence::Images;

use super::size;

#[derive(Debug, Args)]
pub(crate) struct Reading {
    /// Treat all-zero blocks as holes, for copies that lost their holes (the result is a reconstruction)
    #[arg(long, value_enum, value_name = "WHICH")]
    pub holes: Option<Holes>,
    /// Directory for temporary image data [default: the system's temporary directory]
    #[arg(long, value_name = "DIR")]
    pub spool_dir: Option<PathBuf>,
    /// Maximum size of temporary image data, such as 500M or 20GiB
    #[arg(long, value_name = "SIZE", default_value = "64GiB", value_parser = size)]
    pub spool_limit: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Holes {
    Zeros,
}

impl Reading {
    /// What becomes of image data of compressed archives.
    pub fn images(&self) -> Images {
        Images::Spool { dir: self.spool_dir.clone(), limit: self.spool_limit }
    }

    /// What holes mean.
    pub fn holes(&self) -> blocks::Holes {
        match self.holes {
            Some(Holes::Zeros) => blocks::Holes::Zeros,
            None => blocks::Holes::AsStored,
        }
    }
}
