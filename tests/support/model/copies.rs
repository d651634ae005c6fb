//! What copy tools make of a directory: holes filled, zeros dropped, at the granularity of each.

use std::collections::BTreeSet;

use super::Dice;
use super::disk::{BLOCKS, Directory, Image};
use super::truth::Truth;

/// A tool, as far as it matters what it does to holes and to stored zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tool {
    /// `tar --sparse`, `bsdtar`: holes and stored zeros as they are.
    TarSparse,
    /// `cp -a`: stored zeros become holes in files that have holes.
    Cp,
    /// `cp --sparse=always`, `rsync -S`: every block of zeros becomes a hole.
    CpAlways,
    /// `dd conv=sparse bs=64K`: aligned pieces of zeros become holes, other holes are filled.
    Dd64,
    /// The same in pieces of 128 KiB.
    Dd128,
    /// `cat`, `scp`, `rsync`, plain `tar`, busybox: every hole is filled.
    Dense,
}

pub const TOOLS: &[Tool] = &[Tool::TarSparse, Tool::Cp, Tool::CpAlways, Tool::Dd64, Tool::Dd128, Tool::Dense];

impl Tool {
    /// What it makes of one image.
    fn image(self, image: &Image, truth: &Truth) -> Image {
        match self {
            Self::TarSparse => image.clone(),
            Self::Cp if image.blocks.len() >= image.size => image.clone(),
            Self::Cp | Self::CpAlways => in_pieces(image, truth, 1),
            Self::Dd64 => in_pieces(image, truth, 16),
            Self::Dd128 => in_pieces(image, truth, 32),
            Self::Dense => in_pieces(image, truth, usize::MAX),
        }
    }
}

/// Pieces of zeros become holes, and holes in all other pieces become zeros; a piece of any length fills all.
fn in_pieces(image: &Image, truth: &Truth, blocks: usize) -> Image {
    let mut out = Image { size: image.size, ..Image::default() };
    let mut at = 0;
    while at < image.size {
        let end = image.size.min(at.saturating_add(blocks));
        let stored = |block: &usize| image.blocks.get(block).copied();
        let zeros = (at..end).all(|block| stored(&block).is_none_or(|version| truth.is_zeros(version)));
        if !zeros || blocks == usize::MAX {
            out.blocks.extend((at..end).map(|block| (block, stored(&block).unwrap_or(0))));
        }
        at = end;
    }
    out
}

/// A way in which all the directories of a life were copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// Everything as it was.
    Exact,
    /// One tool for all.
    All(Tool),
    /// A tool for each replica, in their order.
    Each(Vec<Tool>),
    /// One tool for all, and one image of one replica, by place, by another.
    OneFile(Tool, usize, usize, Tool),
}

impl Way {
    pub fn draw(replicas: usize, dice: &mut Dice) -> Self {
        match dice.below(10) {
            0..=3 => Self::Exact,
            4 => Self::All(dice.one(&TOOLS[1..])),
            5 | 6 => Self::Each((0..replicas).map(|_| dice.one(TOOLS)).collect()),
            _ => {
                let most = if dice.percent(70) { Tool::TarSparse } else { dice.one(TOOLS) };
                Self::OneFile(most, dice.below(replicas), dice.below(64), dice.one(&TOOLS[1..]))
            }
        }
    }

    /// In short.
    pub fn name(&self) -> String {
        match self {
            Self::Exact => "exact".to_owned(),
            Self::All(tool) => format!("all {tool:?}"),
            Self::Each(tools) => format!("each {tools:?}"),
            Self::OneFile(most, _, _, other) => format!("{most:?}, one {other:?}"),
        }
    }

    /// The copy of the replica at a place.
    pub fn copy(&self, at: usize, original: &Directory, truth: &Truth) -> Directory {
        let mut out = original.clone();
        let tool = match self {
            Self::Exact => return out,
            Self::All(tool) => *tool,
            Self::Each(tools) => tools[at],
            Self::OneFile(most, ..) => *most,
        };
        for image in &mut out.inodes {
            *image = tool.image(image, truth);
        }
        if let Self::OneFile(_, replica, file, other) = self
            && *replica == at
        {
            let inodes: BTreeSet<usize> = original.names.values().copied().collect();
            if !inodes.is_empty() {
                let inode = *inodes.iter().nth(file % inodes.len()).unwrap();
                out.inodes[inode] = other.image(&original.inodes[inode], truth);
            }
        }
        debug_assert!(out.inodes.iter().all(|image| image.blocks.keys().all(|block| *block < BLOCKS)));
        out
    }
}
