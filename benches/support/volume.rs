//! Replica directories made from a seed.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use jivascope::analysis::describe;
use jivascope::blocks::{Comparison, compare};
use jivascope::evidence::{Evidence, Images, Input, InputPath, Options, gather};
use jivascope::replica::Replica;

use super::Seed;

/// One disk of a chain.
pub struct Layer {
    /// File name of the image.
    pub name: String,
    /// Stored blocks: number of the block and how many.
    pub blocks: Vec<(u64, u64)>,
}

/// A replica's chain, base first; the last layer is the head.
pub struct Chain {
    pub size: u64,
    pub layers: Vec<Layer>,
}

impl Chain {
    /// A chain of automatic snapshots and a head, without data.
    pub fn new(seed: &mut Seed, depth: usize, size: u64) -> Self {
        let mut layers: Vec<Layer> = (1..depth)
            .map(|_| Layer { name: format!("volume-snap-{}.img", seed.uuid()), blocks: Vec::new() })
            .collect();
        layers.push(Layer { name: format!("volume-head-{:03}.img", depth - 1), blocks: Vec::new() });
        Self { size, layers }
    }

    /// The counter of the whole.
    fn counter(&self) -> u64 {
        self.layers.len() as u64 * 100 + 57
    }

    /// All files but the images: name and content.
    pub fn small_files(&self) -> Vec<(String, Vec<u8>)> {
        let mut files = Vec::new();
        let mut parent = String::new();
        for (level, layer) in self.layers.iter().enumerate() {
            let mut text = String::new();
            let counter = 1 + level as u64 * 100;
            writeln!(
                text,
                "{{\"Name\":\"{}\",\"Parent\":\"{parent}\",\"Removed\":false,\"UserCreated\":false,\
                 \"Created\":\"2026-03-{:02}T{:02}:{:02}:00Z\",\"RevisionCounter\":{counter}}}",
                if level + 1 == self.layers.len() { &layer.name } else { "volume-head-000.img" },
                1 + level / 1440 % 28,
                level / 60 % 24,
                level % 60,
            )
            .expect("a string takes everything");
            files.push((format!("{}.meta", layer.name), text.into_bytes()));
            parent.clone_from(&layer.name);
        }
        let head = &self.layers[self.layers.len() - 1].name;
        let under = self.layers.len().checked_sub(2).map_or("", |at| &self.layers[at].name);
        let meta = format!(
            "{{\"Size\":{},\"Head\":\"{head}\",\"Dirty\":false,\"Rebuilding\":false,\"Parent\":\"{under}\",\
             \"SectorSize\":512,\"BackingFileName\":\"\",\"CloneStatus\":\"NA\",\"Checkpoint\":\"{under}\",\
             \"RevisionCounter\":1,\"UUID\":\"247bd345a2a62812792fd7afc037b7e6d0c28a49\"}}\n",
            self.size
        );
        files.push(("volume.meta".to_owned(), meta.into_bytes()));
        let mut counter = self.counter().to_string().into_bytes();
        counter.resize(4096, 0);
        files.push(("revision.counter".to_owned(), counter));
        let log = &b"{\"enable\":true,\"maxlogfilesize\":100,\"retentionperiod\":180,\"maxbackups\":5}\n"[..];
        files.push(("log.info".to_owned(), log.to_vec()));
        files
    }

    /// Writes the records, and the images where they are wanted; what an image stores comes from `bytes`.
    pub fn write(
        &self,
        dir: &Path,
        images: bool,
        mut bytes: impl FnMut(usize, u64, &mut [u8]),
    ) -> io::Result<()> {
        fs::create_dir_all(dir)?;
        for (name, content) in self.small_files() {
            fs::write(dir.join(name), content)?;
        }
        if !images {
            return Ok(());
        }
        let mut buf = vec![0; 1 << 20];
        for (level, layer) in self.layers.iter().enumerate() {
            let file = File::create(dir.join(&layer.name))?;
            file.set_len(self.size)?;
            for &(first, count) in &layer.blocks {
                let (mut at, end) = (first * 4096, (first + count) * 4096);
                while at < end {
                    let part = &mut buf[..(end - at).min(1 << 20) as usize];
                    bytes(level, at, part);
                    file.write_all_at(part, at)?;
                    at += part.len() as u64;
                }
            }
        }
        Ok(())
    }
}

/// Everything below a directory or in an archive, without image data.
pub fn evidence(path: &Path) -> Evidence {
    let input = Input { label: None, path: InputPath::Path(PathBuf::from(path)) };
    gather(&[input], &Options::new(Images::Skip)).unwrap_or_else(|error| panic!("{error}"))
}

/// From a directory of three equal replicas to their differing blocks, of which there are none.
pub fn equal(root: &Path) -> (Vec<Replica>, Comparison) {
    let replicas = describe(&evidence(root), &());
    let all: Vec<_> = replicas.iter().collect();
    assert_eq!(all.len(), 3);
    let found = compare(&all, None, &());
    assert!(found.unread.is_empty());
    assert!(found.contents.values().all(|content| content.tips.is_empty()), "the replicas are equal");
    (replicas, found)
}

/// Waits until everything written is on the disk, so that no later step pays for it.
pub fn settle(dir: &Path) {
    let mut sync = std::process::Command::new("sync");
    super::output(sync.arg("-f").arg(dir));
}
