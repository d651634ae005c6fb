//! What a directory shows of the version that wrote it, and of what that version would do next.

use super::last_join::last_join;
use super::next_head_name;
use super::version::Generation;
use crate::ident::{DiskName, Version};
use crate::replica::{Disk, LastJoin, Replica, VolumeMeta};

impl Replica {
    /// The span of versions that wrote its `volume.meta` last; `None` where nothing shows it.
    pub fn generation(&self) -> Option<Generation> {
        self.meta.as_ref().filter(|_| self.is_jivas()).and_then(VolumeMeta::generation)
    }

    /// Whether the version that wrote it last may do this; true where nothing shows the version.
    pub fn may(&self, does: impl Fn(Version) -> bool) -> bool {
        self.generation().is_none_or(|generation| generation.may(does))
    }

    /// Where its own history ends in a chain that may be its own (head first), if that is not the head.
    pub fn clean_tip_of(&self, chain: &[DiskName]) -> Option<DiskName> {
        let meta = self.meta.as_ref().filter(|_| self.head.as_ref() == chain.first())?;
        let joined = last_join(chain, &self.disks, meta, self.counter);
        // Without the head's record nothing tells how far the join came.
        let began = joined.last == LastJoin::None && meta.rebuilding == Some(true);
        joined.clean_tip.or_else(|| chain.get(1).filter(|_| began).cloned())
    }

    /// The file that the next snapshot would make the head, where one of that name is there and stores data.
    pub fn blocked_head(&self) -> Option<&Disk> {
        let next = next_head_name(self.head.as_ref()?.as_str())?;
        let disk = self.disks.get(next.as_str()).filter(|disk| disk.image.is_some() && !disk.on_chain)?;
        disk.allocated().is_none_or(|bytes| bytes > 0).then_some(disk)
    }
}
