//! Three equal replicas whose volume is spread over many layers, and the same volume as other tools keep it: one
//! flattened file, or a chain of qcow2 images.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::volume::{Chain, settle};
use super::{Seed, output};

/// The longest extent, in blocks.
const LONGEST: u64 = 128;

/// A volume and how it is layered.
pub struct Stack {
    pub chain: Chain,
    /// What every extent begins with: extents of one length are equal, so that qemu-io can write them.
    pattern: Vec<u8>,
}

impl Stack {
    /// `data` bytes in extents of up to [`LONGEST`] blocks, spread evenly over `size`, each in a random layer. The
    /// extents depend on neither the number of layers nor, but for their places, on the size.
    pub fn new(layers: usize, size: u64, data: u64) -> Self {
        let mut seed = Seed(7);
        let mut pattern = vec![0; (LONGEST * 4096) as usize];
        seed.fill(&mut pattern);
        let mut chain = Chain::new(&mut Seed(8), layers, size);
        let (mut at, mut left) = (0, data / 4096);
        let stretch = size / data;
        while left > 0 {
            let count = (4 + seed.below(LONGEST - 3)).min(left);
            let layer = seed.next() as usize % layers;
            chain.layers[layer].blocks.push((at, count));
            at += count * stretch;
            left -= count;
        }
        Self { chain, pattern }
    }

    /// Blocks alternating between layers, so that no two neighbours are one extent.
    pub fn fragmented(layers: usize, size: u64) -> Self {
        let mut stack = Self::new(layers, size, 4096);
        stack.chain.layers.iter_mut().for_each(|layer| layer.blocks.clear());
        for block in 0..size / 4096 {
            stack.chain.layers[block as usize % layers].blocks.push((block, 1));
        }
        stack
    }

    fn extents(&self) -> impl Iterator<Item = (u64, &[u8])> {
        let blocks = self.chain.layers.iter().flat_map(|layer| &layer.blocks);
        blocks.map(|(at, count)| (at * 4096, &self.pattern[..(count * 4096) as usize]))
    }

    /// Three replica directories below `root`.
    pub fn replicas(&self, root: &Path) {
        self.write(root, || || self.pattern.clone());
    }

    /// The same with what compresses as people's data do: of each extent one half noise and one half text, none twice.
    pub fn packable_replicas(&self, root: &Path) {
        const WORDS: [&str; 8] =
            ["checkpoint ", "replica ", "in ", "volume-snap-", "the ", "not present ", "chain\n", "of "];
        self.write(root, || {
            let mut seed = Seed(10);
            let mut content = vec![0; self.pattern.len()];
            move || {
                for block in content.chunks_mut(8192) {
                    let (noise, mut text) = block.split_at_mut(4096);
                    seed.fill(noise);
                    while !text.is_empty() {
                        let word = WORDS[seed.below(8) as usize].as_bytes();
                        let (now, later) = text.split_at_mut(word.len().min(text.len()));
                        now.copy_from_slice(&word[..now.len()]);
                        text = later;
                    }
                }
                content.clone()
            }
        });
    }

    /// Writes the directories; `contents` gives, for each of them, what gives the content of each extent.
    fn write<C: FnMut() -> Vec<u8>>(&self, root: &Path, contents: impl Fn() -> C) {
        for number in 1..=3 {
            let mut content = contents();
            let dir = root.join(format!("rep-{number}"));
            self.chain.write(&dir, false, |_, _, _| ()).expect("records can be written");
            for layer in &self.chain.layers {
                let file = File::create(dir.join(&layer.name)).expect("an image can be made");
                file.set_len(self.chain.size).expect("an image can be as large as this");
                for (at, count) in &layer.blocks {
                    file.write_all_at(&content()[..(count * 4096) as usize], at * 4096)
                        .expect("room on the disk");
                }
            }
        }
        settle(root);
    }

    /// The volume as one sparse file.
    pub fn flattened(&self, path: &Path) {
        let file = File::create(path).expect("a file can be made");
        file.set_len(self.chain.size).expect("a file can be as large as this");
        for (at, bytes) in self.extents() {
            file.write_all_at(bytes, at).expect("room on the disk");
        }
        settle(path);
    }

    /// The volume as a chain of qcow2 images, one a layer; returns the newest.
    pub fn qcow2(&self, dir: &Path) -> PathBuf {
        fs::create_dir_all(dir).expect("a directory can be made");
        let pattern = dir.join("pattern");
        fs::write(&pattern, &self.pattern).expect("room on the disk");
        let name = |level: usize| format!("layer-{level}.qcow2");
        for (level, layer) in self.chain.layers.iter().enumerate() {
            let mut create = Command::new("qemu-img");
            create.current_dir(dir).args(["create", "-q", "-f", "qcow2"]);
            if level > 0 {
                create.args(["-F", "qcow2", "-b", &name(level - 1)]);
            }
            output(create.arg(name(level)).arg(self.chain.size.to_string()));
            let mut script = String::new();
            for (at, count) in &layer.blocks {
                writeln!(script, "write -q -s pattern {} {}", at * 4096, count * 4096).expect("a string");
            }
            let mut writer = Command::new("qemu-io")
                .current_dir(dir)
                .args(["-f", "qcow2", &name(level)])
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .spawn()
                .expect("qemu-io comes with qemu-img");
            writer.stdin.take().expect("piped").write_all(script.as_bytes()).expect("it reads its input");
            assert!(writer.wait().expect("it ends").success());
        }
        settle(dir);
        dir.join(name(self.chain.layers.len() - 1))
    }
}

/// Copies a directory with its holes.
pub fn copy(from: &Path, to: &Path) {
    output(Command::new("cp").args(["-r", "--sparse=auto"]).arg(from).arg(to));
    settle(to);
}
