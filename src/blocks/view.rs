//! The merged view of a chain: the bytes of the volume as seen from one disk down to the base.
//!
//! For each block of 4096 bytes the newest layer with an extent there supplies it, even if it stores zeros; a hole
//! falls through. What no layer stores falls to the base and reads as zeros there, and as an error where the base
//! image ends earlier. So does Jiva, which asks the file system for extents and never looks at contents.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use crate::evidence::{Entry, REGION, ReadError, Source};
use crate::ident::{BLOCK_SIZE, DiskName, Label, Run, Runs};
use crate::lineage::{Segment, Supply};
use crate::replica::{Disk, Replica, State};

/// Why a replica has no chain to read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoChainToRead {
    /// The engine would not open it: its message, or what could not be read here.
    #[error("{0}")]
    Broken(String),
    /// The same of a copy that is not whole: what lies on the node may well open.
    #[error("{said}; the copy is not whole: {defect}")]
    BrokenCopy {
        /// What the engine would say of the copy.
        said: String,
        /// What is wrong with the copy.
        defect: String,
    },
    /// There is no `volume.meta`.
    #[error("there is no volume.meta")]
    NoVolumeMeta,
    /// The copy has no `volume.meta`, and is not whole.
    #[error("the copy has no volume.meta, and is not whole: {0}")]
    NotCopied(String),
}

impl NoChainToRead {
    fn of(replica: &Replica) -> Self {
        let defect = replica.defects.first().map(|defect| defect.text.clone());
        match (replica.why_broken(), defect) {
            (Some(said), Some(defect)) => Self::BrokenCopy { said, defect },
            (Some(said), None) => Self::Broken(said),
            (None, Some(defect)) => Self::NotCopied(defect),
            (None, None) => Self::NoVolumeMeta,
        }
    }
}

/// Why a range of a view cannot be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ViewError {
    /// There is no such disk, or its chain does not reach a base.
    #[error("{replica}: {disk} has no chain that can be followed to a base")]
    NoChain {
        /// Whose.
        replica: Label,
        /// The disk asked for.
        disk: DiskName,
    },
    /// The replica has no chain at all.
    #[error("{replica}: no chain to read: {why}")]
    NoView {
        /// Whose.
        replica: Label,
        /// Why.
        why: NoChainToRead,
    },
    /// The extents of a layer are not known.
    #[error("{replica}/{disk}: {why}")]
    Extents {
        /// Whose.
        replica: Label,
        /// The layer.
        disk: DiskName,
        /// Why.
        why: String,
    },
    /// Its sums were made with a key, and those of the other side with another one or none.
    #[error("{replica} and {other} cannot be compared: {why}")]
    OtherKey {
        /// Whose.
        replica: Label,
        /// The other side.
        other: Label,
        /// Why.
        why: String,
    },
    /// The layer that supplies the range ends before it: Jiva's reads fail with EOF there.
    #[error("{replica}/{disk}: EOF at byte {offset}: the image ends before it")]
    Eof {
        /// Whose.
        replica: Label,
        /// The layer.
        disk: DiskName,
        /// First byte of the volume that is not there.
        offset: u64,
    },
    /// Bytes could not be read.
    #[error("{replica}/{disk}: byte {offset}: {source}")]
    Read {
        /// Whose.
        replica: Label,
        /// The layer.
        disk: DiskName,
        /// First byte of the volume that could not be read.
        offset: u64,
        /// Why.
        source: ReadError,
    },
}

/// One image in a stack: whose it is, and where its bytes are.
#[derive(Debug, Clone)]
pub struct ViewLayer {
    /// Whose.
    pub replica: Label,
    /// The disk.
    pub name: DiskName,
    /// Its stored bytes.
    stored: Runs,
    /// Apparent size of its image; 0 for an image that is missing.
    pub size: u64,
    /// Place in the source's entries; `None` for an image that is missing, which stores nothing.
    entry: Option<usize>,
    source: Arc<dyn Source>,
}

impl ViewLayer {
    /// The image of a disk.
    ///
    /// # Errors
    /// [`ViewError::Extents`] if what is stored is unknown.
    pub fn of(replica: &Replica, disk: &Disk) -> Result<Self, ViewError> {
        let image = disk.image.as_ref();
        let stored = match image.map(|image| &image.extents) {
            None => Runs::new(),
            Some(Ok(extents)) => extents.runs.clone(),
            Some(Err(error)) => {
                return Err(ViewError::Extents {
                    replica: replica.label.clone(),
                    disk: disk.name.clone(),
                    why: error.to_string(),
                });
            }
        };
        Ok(Self {
            replica: replica.label.clone(),
            name: disk.name.clone(),
            stored,
            size: image.map_or(0, |image| image.size),
            entry: image.map(|image| image.entry),
            source: Arc::clone(&replica.source),
        })
    }

    /// Whether both are the same bytes: one entry of one source.
    fn is_same(&self, other: &Self) -> bool {
        self.entry == other.entry && Arc::ptr_eq(&self.source, &other.source)
    }

    fn place(&self) -> Option<(&dyn Source, &Entry)> {
        Some((&*self.source, self.source.entries().get(self.entry?)?))
    }

    /// Whether sums show that both hold the same in a stretch: asked of the region that it lies in.
    fn is_equal_in(&self, other: &Self, run: Run) -> bool {
        let whole = |layer: &Self| {
            let (source, entry) = layer.place()?;
            let sums = source.sums()?;
            Some((sums.key().map(str::to_owned), sums.whole(entry, run.start / REGION)?))
        };
        run.start / REGION == run.end.saturating_sub(1) / REGION
            && whole(self).is_some_and(|mine| whole(other) == Some(mine))
    }
}

/// The bytes of a volume from one disk down. Memory grows with the number of extents, not with the volume; any
/// number of threads may read it at once. Copies share what grows with the extents.
#[derive(Debug, Clone)]
pub struct MergedView {
    label: Label,
    top: DiskName,
    size: u64,
    supply: Supply,
    layers: Vec<ViewLayer>,
    /// Whether reads behind the end of the base give zeros, as in Longhorn, and do not fail.
    zeros_behind: bool,
}

impl MergedView {
    /// The view that Jiva would serve: from the active head.
    ///
    /// # Errors
    /// [`ViewError::NoView`] for a replica without a readable chain.
    pub fn live(replica: &Replica) -> Result<Self, ViewError> {
        match replica.chain.first() {
            Some(head) if replica.state != State::Broken => {
                Self::of_chain(replica, replica.chain_disks(), head)
            }
            _ => Err(ViewError::NoView { replica: replica.label.clone(), why: NoChainToRead::of(replica) }),
        }
    }

    /// The view from any disk of the directory, on the chain or off it.
    ///
    /// # Errors
    /// [`ViewError::NoChain`] if the disk is not there or its records do not lead to a base.
    pub fn at(replica: &Replica, disk: &DiskName) -> Result<Self, ViewError> {
        let chain = replica
            .chain_from(disk)
            .ok_or_else(|| ViewError::NoChain { replica: replica.label.clone(), disk: disk.clone() })?;
        Self::of_chain(replica, chain.into_iter(), disk)
    }

    fn of_chain<'a>(
        replica: &'a Replica,
        chain: impl DoubleEndedIterator<Item = &'a Disk> + ExactSizeIterator,
        top: &DiskName,
    ) -> Result<Self, ViewError> {
        let mut layers = Vec::with_capacity(chain.len());
        for disk in chain.rev() {
            layers.push(ViewLayer::of(replica, disk)?);
        }
        let largest_image = || layers.iter().map(|layer| layer.size).max();
        let size = replica.size.or_else(largest_image).unwrap_or(0);
        let view = Self::stack(&replica.label, top, size, layers);
        Ok(Self { zeros_behind: !replica.is_jivas(), ..view })
    }

    /// A view of any stack of images, base first, as `replica` would serve it under a size of its own.
    pub fn stack(replica: &Label, top: &DiskName, size: u64, mut layers: Vec<ViewLayer>) -> Self {
        // Taken out of the layers: the supply says it all from here on, and there may be millions of runs.
        let stored: Vec<Runs> =
            layers.iter_mut().map(|layer| std::mem::take(&mut layer.stored).to_blocks(size)).collect();
        let supply = Supply::stack(&stored.iter().collect::<Vec<_>>());
        Self { label: replica.clone(), top: top.clone(), size, supply, layers, zeros_behind: false }
    }

    /// Whose view it is.
    pub fn label(&self) -> &Label {
        &self.label
    }

    /// The disk it is seen from.
    pub fn top(&self) -> &DiskName {
        &self.top
    }

    /// Size in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Which layer supplies what; the rest reads as zeros.
    pub fn supply(&self) -> &Supply {
        &self.supply
    }

    /// The name of a layer, counted from the base.
    pub fn layer(&self, level: usize) -> Option<&DiskName> {
        self.layers.get(level).map(|layer| &layer.name)
    }

    /// Everything that is stored, in bytes.
    pub fn stored(&self) -> Runs {
        self.supply.of(|_| true)
    }

    /// What no layer stores and the base is too short for: Jiva's reads fail there.
    pub fn unreachable(&self) -> Runs {
        let mut missing = Runs::new();
        missing.push(self.reach(), self.size);
        missing.difference(&self.stored())
    }

    /// Reads `buf.len()` bytes at `offset`, or up to the end of the volume; returns how many.
    ///
    /// # Errors
    /// [`ViewError::Eof`] where Jiva's own read would fail, [`ViewError::Read`] where the evidence cannot be read.
    pub fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, ViewError> {
        let end = self.size.min(offset.saturating_add(buf.len() as u64));
        if offset >= end {
            return Ok(0);
        }
        let wanted = Run { start: offset, end };
        let buf = &mut buf[..wanted.len() as usize];
        let segments = self.supply.segments();
        let first = segments.partition_point(|segment| segment.run.end <= offset);
        let mut at = offset;
        for segment in segments[first..].iter().take_while(|segment| segment.run.start < end) {
            let start = segment.run.start.max(offset);
            self.zeros(at, start, wanted, buf)?;
            at = segment.run.end.min(end);
            self.layer_bytes(
                segment.level,
                start,
                &mut buf[(start - offset) as usize..(at - offset) as usize],
            )?;
        }
        self.zeros(at, end, wanted, buf)?;
        Ok(buf.len())
    }

    /// Every stored stretch with the open file in which it lies at its own place, as far as that file reaches; `None` where
    /// some layer has no such file, or a part of the view cannot be served.
    pub(super) fn files(&self) -> Option<Vec<(Run, usize, Arc<OwnedFd>)>> {
        if !self.unreachable().is_empty() {
            return None;
        }
        let segments = self.supply.segments().iter().map(|segment| {
            let layer = &self.layers[segment.level];
            let file = layer.source.file(&layer.source.entries()[layer.entry?])?;
            let end = segment.run.end.min(self.size).min(layer.size);
            Some((Run { start: segment.run.start, end: end.max(segment.run.start) }, segment.level, file))
        });
        segments.collect()
    }

    /// The error of a layer whose file ends before a byte that it was listed with.
    pub(super) fn cut_short(&self, level: usize, offset: u64) -> ViewError {
        let layer = &self.layers[level];
        let why = format!("ends at byte {offset}, and was listed with {}", layer.size);
        let (replica, disk) = (self.label.clone(), layer.name.clone());
        ViewError::Read { replica, disk, offset, source: ReadError::Damaged(why) }
    }

    /// Tells the sources that a stretch is read soon.
    pub fn expect(&self, run: Run) {
        for segment in self.segments_in(run) {
            let layer = &self.layers[segment.level];
            if let Some(entry) = layer.entry.map(|at| &layer.source.entries()[at]) {
                let (start, end) = (segment.run.start.max(run.start), segment.run.end.min(run.end));
                layer.source.expect(entry, Run { start, end });
            }
        }
    }

    /// How far the base can serve what no layer stores. A block that it holds only in part fails as a whole.
    fn reach(&self) -> u64 {
        match self.layers.first().map_or(0, |layer| layer.size) {
            base if base >= self.size || self.zeros_behind => self.size,
            base => base / BLOCK_SIZE * BLOCK_SIZE,
        }
    }

    /// A stretch that no layer stores: zeros, as far as the base reaches.
    fn zeros(&self, start: u64, end: u64, wanted: Run, buf: &mut [u8]) -> Result<(), ViewError> {
        if start >= end {
            return Ok(());
        }
        if end > self.reach() {
            return Err(self.eof(start.max(self.reach())));
        }
        buf[(start - wanted.start) as usize..(end - wanted.start) as usize].fill(0);
        Ok(())
    }

    /// The error of a read that the base is too short for.
    pub(super) fn eof(&self, offset: u64) -> ViewError {
        let disk = self.layers.first().map_or_else(|| self.top.clone(), |layer| layer.name.clone());
        ViewError::Eof { replica: self.label.clone(), disk, offset }
    }

    /// Where the bytes of its layers are.
    pub(super) fn sources(&self) -> impl Iterator<Item = &Arc<dyn Source>> {
        self.layers.iter().filter(|layer| layer.entry.is_some()).map(|layer| &layer.source)
    }

    /// The image of a layer.
    pub(super) fn place(&self, level: usize) -> Option<(&dyn Source, &Entry)> {
        self.layers.get(level)?.place()
    }

    /// Whether what no layer stores can be served between two places.
    pub(super) fn reaches(&self, start: u64, end: u64) -> Result<(), ViewError> {
        let end = end.min(self.size);
        if start < end && end > self.reach() { Err(self.eof(start.max(self.reach()))) } else { Ok(()) }
    }

    /// The error of a layer that cannot be read.
    pub(super) fn unreadable(&self, level: usize, offset: u64, source: ReadError) -> ViewError {
        let disk = self.layers.get(level).map_or_else(|| self.top.clone(), |layer| layer.name.clone());
        ViewError::Read { replica: self.label.clone(), disk, offset, source }
    }

    /// Reads a stretch that a layer supplies.
    pub(super) fn layer_bytes(&self, level: usize, offset: u64, buf: &mut [u8]) -> Result<(), ViewError> {
        let layer = &self.layers[level];
        let entry = layer.entry.map(|at| &layer.source.entries()[at]);
        let Some(entry) = entry else {
            return Err(ViewError::Eof { replica: self.label.clone(), disk: layer.name.clone(), offset });
        };
        let mut filled = 0;
        while filled < buf.len() {
            let at = offset + filled as u64;
            match layer.source.read_at(entry, at, &mut buf[filled..]) {
                // An image whose last block is cut short: the file system's block is there, zeros behind the end.
                Ok(0) if at >= layer.size => {
                    buf[filled..].fill(0);
                    break;
                }
                // It shrank since it was listed: what is not there any more is not zeros.
                Ok(0) => {
                    return Err(self.cut_short(level, at));
                }
                Ok(count) => filled += count,
                Err(source) => {
                    let (replica, disk) = (self.label.clone(), layer.name.clone());
                    return Err(ViewError::Read { replica, disk, offset: at, source });
                }
            }
        }
        Ok(())
    }

    /// Whether this and another view take a stretch from the same bytes, or from images of which sums show that they are
    /// equal there.
    pub fn is_same_in(&self, other: &Self, run: Run) -> bool {
        let (mut mine, mut theirs) = (self.segments_in(run), other.segments_in(run));
        loop {
            match (mine.next(), theirs.next()) {
                (None, None) => return self.size.min(run.end) == other.size.min(run.end),
                (Some(a), Some(b))
                    if a.run.start.max(run.start) == b.run.start.max(run.start)
                        && a.run.end.min(run.end) == b.run.end.min(run.end)
                        && (self.layers[a.level].is_same(&other.layers[b.level])
                            || self.layers[a.level].is_equal_in(&other.layers[b.level], run)) => {}
                _ => return false,
            }
        }
    }

    /// The segments that touch a stretch.
    pub(super) fn segments_in(&self, run: Run) -> impl Iterator<Item = &Segment> {
        let segments = self.supply.segments();
        let from = segments.partition_point(|segment| segment.run.end <= run.start);
        segments[from..].iter().take_while(move |segment| segment.run.start < run.end)
    }

    /// Reads the view from its start with the usual traits.
    pub fn reader(&self) -> ViewReader<'_> {
        ViewReader { view: self, at: 0 }
    }

    /// The segment that supplies a byte.
    pub fn supplier(&self, offset: u64) -> Option<&Segment> {
        let segments = self.supply.segments();
        let at = segments.partition_point(|segment| segment.run.end <= offset);
        segments.get(at).filter(|segment| segment.run.start <= offset)
    }
}

/// A view with a position.
#[derive(Debug, Clone)]
pub struct ViewReader<'a> {
    view: &'a MergedView,
    at: u64,
}

impl io::Read for ViewReader<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.view.read_at(self.at, buf).map_err(io::Error::other)?;
        self.at += count as u64;
        Ok(count)
    }
}

impl io::Seek for ViewReader<'_> {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        let target = match to {
            io::SeekFrom::Start(at) => Some(at),
            io::SeekFrom::End(by) => self.view.size.checked_add_signed(by),
            io::SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at =
            target.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "seek before the start"))?;
        Ok(self.at)
    }
}
