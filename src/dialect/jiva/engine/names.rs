//! The names of a volume's disks as numbers.
//!
//! Foretelling every order of starting copies the accounts of a directory many times over; with numbers a copy is a
//! few kilobytes in one piece.

use std::collections::HashMap;

use super::join::JOIN;
pub(super) use super::name::Name;
use crate::dialect::jiva::next_head_name;
use crate::ident::DiskName;
use crate::ident::Version;
use crate::replica::Replica;

/// Every name that a disk of the volume has, or can get by joins.
#[derive(Debug, Default)]
pub(super) struct Names {
    list: Vec<DiskName>,
    numbers: HashMap<DiskName, Name>,
    /// For each name the head that a snapshot makes beside it, if it is a head that a start or a join can make.
    next: Vec<Option<Name>>,
    /// Those of each replica's disks, in the order of their names.
    disks: Vec<Vec<Name>>,
}

impl Names {
    /// All names that stand in the replicas, and those that joins of all of them add.
    pub fn of(replicas: &[Replica], version: Version) -> Self {
        Self::with_joins(replicas, version, replicas.len())
    }

    /// All names that stand in the replicas, and those that so many joins add.
    pub fn with_joins(replicas: &[Replica], version: Version, joins: usize) -> Self {
        let mut names = Self::default();
        for replica in replicas {
            let disks = replica.disks.names().map(|name| names.add(name)).collect();
            names.disks.push(disks);
            for (at, disk) in replica.disks.iter().enumerate() {
                if let (None, Some(parent)) = (replica.disks.below(at), disk.parent()) {
                    names.add(&DiskName::from(parent));
                }
            }
            if let Some(checkpoint) = &replica.checkpoint {
                names.add(checkpoint);
            }
        }
        for replica in replicas {
            // Each join gives each side one new head; a directory taken for a new one begins with the first.
            for head in
                [replica.chain.first().cloned(), Some(DiskName::from(FIRST_HEAD))].into_iter().flatten()
            {
                let mut head = names.add(&head);
                for _ in 0..=joins {
                    let next = match names.next_head(head) {
                        Some(next) => next,
                        None => {
                            let Some(next) = next_head(names.name(head), version) else { break };
                            let next = names.add(&next);
                            names.next[head.index()] = Some(next);
                            next
                        }
                    };
                    head = next;
                }
            }
        }
        // What joins make comes last, so that it is put behind all other entries of a directory.
        names.add(&DiskName::from(JOIN));
        for join in 1..=joins {
            names.add(&join_name(join));
        }
        names
    }

    fn add(&mut self, name: &DiskName) -> Name {
        // Most are there already: replicas of one volume have most names in common.
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = Name(u32::try_from(self.list.len()).expect("fewer names than memory holds"));
        self.numbers.insert(name.clone(), number);
        self.list.push(name.clone());
        self.next.push(None);
        number
    }

    /// The numbers of a replica's disks, by the replica's place in the volume; in the order of their names.
    pub fn of_disks(&self, replica: usize) -> &[Name] {
        &self.disks[replica]
    }

    /// The number of a name.
    pub fn find(&self, name: &str) -> Option<Name> {
        self.numbers.get(name).copied()
    }

    /// The head that a snapshot makes beside this one; `None` where its name leads to none.
    pub fn next_head(&self, head: Name) -> Option<Name> {
        self.next[head.index()]
    }

    /// The name of a number.
    pub fn name(&self, number: Name) -> &DiskName {
        &self.list[number.index()]
    }
}

/// The head that a snapshot makes beside this one; `None` where its name leads to none.
fn next_head(head: &DiskName, version: Version) -> Option<DiskName> {
    match head.head_number().filter(|_| version.wraps_head_numbers()) {
        Some(number) => Some(DiskName::new(format!("volume-head-{:03}.img", number % 10 + 1))),
        None => next_head_name(head.as_str()).map(DiskName::new),
    }
}

/// The head of a new volume.
pub(super) const FIRST_HEAD: &str = "volume-head-000.img";

/// What the snapshot of the n-th join of a start is called here; its real name is made anew each time.
pub(super) fn join_name(n: usize) -> DiskName {
    DiskName::new(format!("volume-snap-<join-{n}>.img"))
}
