//! From the members of an archive to its tree: names, links, and what is kept of the content.

use std::sync::Arc;

use super::archive::{Archived, Backing, Body, Bytes, Stored};
use super::others::Others;
use super::pieces::{Packer, cut, logical, places};
use super::recognise::LOOK;
use super::remarks::Remarks;
use super::spool::{Spool, SpoolError};
use super::tar::{Cut, Head, Walk, What};
use super::tree::{Child, Tree, parts};
use super::{Entry, Kind, Origin, SMALL_FILE_LIMIT, clip, spell};
use crate::ident::Run;

/// Bytes of small files that are kept of one archive; more is a bomb.
const KEPT_LIMIT: u64 = 256 << 20;

/// Memory that the names of one archive may take: more than a million members.
const NAMES_LIMIT: u64 = 512 << 20;

/// Ranges that are kept of all sparse maps of one archive.
const RANGES_LIMIT: usize = 16 << 20;

/// What becomes of the payload.
#[derive(Debug, Clone)]
pub(super) enum Keep {
    /// It can be found again in the archive.
    Places,
    /// It passes by once; image data go to the spool where there is one.
    Stream(Option<Arc<Spool>>),
}

#[derive(Debug)]
struct Node {
    kind: Kind,
    size: u64,
    modified: Option<i128>,
    damage: Option<String>,
    body: Option<Arc<Body>>,
    /// A hard link that came before its target.
    pending: Option<Vec<String>>,
}

/// Everything that an archive holds, as far as it could be read.
#[derive(Debug)]
pub(super) struct Index {
    pub(super) tree: Tree,
    nodes: Vec<Node>,
    pub(super) remarks: Remarks,
    /// Something is missing, so that what is absent proves nothing.
    pub(super) incomplete: bool,
    /// What is wrong with the archive as a whole.
    pub(super) damage: Remarks,
    /// Files that are no replica's, and symbolic links.
    pub(super) others: Others,
}

/// Reads a whole archive.
pub(super) fn index<'a>(walk: Walk<'a>, keep: &'a Keep) -> Result<Index, SpoolError> {
    let mut indexer = Indexer {
        walk,
        keep,
        tree: Tree::new(),
        nodes: Vec::new(),
        kept: 0,
        names: 0,
        ranges: 0,
        outside: None,
        packer: Packer::default(),
        others: Others::default(),
    };
    while let Some(head) = indexer.walk.next() {
        indexer.member(head)?;
        if indexer.names > NAMES_LIMIT {
            let line = format!("names take more than {NAMES_LIMIT} bytes; the rest was not read");
            indexer.walk.stop(line);
            break;
        }
    }
    Ok(indexer.finish())
}

struct Indexer<'a> {
    walk: Walk<'a>,
    keep: &'a Keep,
    tree: Tree,
    nodes: Vec<Node>,
    kept: u64,
    names: u64,
    ranges: usize,
    /// The first name that points out of the archive, and how many do.
    outside: Option<(String, u64)>,
    packer: Packer,
    others: Others,
}

impl Indexer<'_> {
    fn member(&mut self, head: Head) -> Result<(), SpoolError> {
        let (path, odd) = parts(&head.path);
        if odd {
            self.outside.get_or_insert_with(|| (spell(&head.path), 0)).1 += 1;
        }
        let kind = match &head.what {
            What::Directory => {
                let at = self.tree.directory(path.iter().map(String::as_str), &mut self.names);
                self.tree.directories[at].modified = head.modified;
                return Ok(());
            }
            What::HardLink(target) => {
                let (target, _) = parts(target);
                self.link(&path, target, &head);
                return Ok(());
            }
            What::File => Kind::File,
            What::Symlink => Kind::Symlink,
            What::Fifo => Kind::Fifo,
            What::Device => Kind::Device,
        };
        let mut node =
            Node { kind, size: head.size, modified: head.modified, damage: None, body: None, pending: None };
        if kind == Kind::Symlink {
            self.others.link(&path);
        }
        if kind == Kind::File {
            let mut witness = false;
            if Others::wants(&path) {
                // What a sparse member stores first may belong anywhere.
                let stored = match &head.map {
                    None => LOOK,
                    Some(map) => map.first().filter(|run| run.start == 0).map_or(0, |run| run.len() as usize),
                };
                let start = self.walk.ahead(stored.min(LOOK));
                let whole = head.map.is_none() && head.size <= start.len() as u64;
                let start = &start[..if whole { head.size as usize } else { start.len() }];
                witness = self.others.file(&path, start, whole);
            }
            let body = self.body(&head, path.last().map_or("", |name| name), witness)?;
            node.damage = body.missing.as_ref().map(|(_, why)| why.clone());
            node.body = Some(Arc::new(body));
        }
        self.insert(&path, node, &head);
        Ok(())
    }

    /// Gives the node its name; a name that was taken is reported.
    fn insert(&mut self, path: &[String], node: Node, head: &Head) {
        let number = self.nodes.len();
        self.nodes.push(node);
        self.name(path, number, head);
    }

    fn name(&mut self, path: &[String], number: usize, head: &Head) {
        if path.is_empty() {
            let line = format!(
                "{}: the name of the member at byte {} is empty; left out",
                spell(&head.path),
                head.at
            );
            self.walk.stop(line);
        } else if self.tree.insert(path, number, &mut self.names).is_some() {
            let line = format!("{}: stands again at byte {}; the last one counts", path.join("/"), head.at);
            self.walk.remarks.push(line);
        }
    }

    /// A link to what came before shares its node, whatever takes the target's name later.
    fn link(&mut self, path: &[String], target: Vec<String>, head: &Head) {
        match self.tree.get(&target) {
            // A file named twice when the archive was made is stored as a link to itself, which changes nothing.
            Some(child) if self.tree.get(path) == Some(child) && matches!(child, Child::Node(_)) => {}
            Some(Child::Node(number)) if self.nodes[number].pending.is_none() => {
                self.name(path, number, head);
            }
            _ => {
                let node = Node {
                    kind: Kind::File,
                    size: 0,
                    modified: head.modified,
                    damage: None,
                    body: None,
                    pending: Some(target),
                };
                self.insert(path, node, head);
            }
        }
    }

    /// Takes in the payload of a file.
    fn body(&mut self, head: &Head, name: &str, witness: bool) -> Result<Body, SpoolError> {
        let origin = if head.map.is_some() { Origin::SparseMap } else { Origin::Dense };
        let whole = [Run { start: 0, end: head.size }];
        let ranges = head.map.as_deref().unwrap_or(&whole);
        let mut body =
            Body { size: head.size, stored: Stored::Unknown, origin, bytes: Bytes::NotKept, missing: None };
        self.ranges = self.ranges.saturating_add(ranges.len());
        if let Some(damage) = &head.damage {
            body.missing = Some((0, damage.clone()));
        } else if self.ranges > RANGES_LIMIT {
            body.missing = Some((0, format!("sparse maps of more than {RANGES_LIMIT} ranges are not kept")));
        } else {
            // Most members are small and dense, and there may be a million of them: no list for those.
            body.stored = match &head.map {
                Some(map) => Stored::Ranges(clip(map.iter().copied(), head.size)),
                None => Stored::Whole,
            };
            body.bytes = match self.keep {
                Keep::Places if head.map.is_none() => Bytes::Stretch(head.place),
                Keep::Places => Bytes::Pieces(places(ranges, head.place)),
                Keep::Stream(spool) => self.pass(head, name, ranges, spool.as_deref(), witness)?,
            };
        }
        if let Some(Cut(end)) = self.walk.finish() {
            let name = spell(&head.path);
            let why = match self.walk.trouble() {
                Some(trouble) => {
                    format!("the archive cannot be read beyond byte {end}, inside this file: {trouble}")
                }
                None => format!("the archive ends at byte {end}, inside this file"),
            };
            self.walk.stop(format!("{name}: {why}"));
            let from = logical(ranges, end.saturating_sub(head.place));
            if let Bytes::Pieces(pieces) = &mut body.bytes {
                cut(pieces, from);
            }
            body.missing.get_or_insert((from, why));
        }
        Ok(body)
    }

    /// Payload that passes by: kept, put aside, or left to go.
    fn pass(
        &mut self,
        head: &Head,
        name: &str,
        ranges: &[Run],
        spool: Option<&Spool>,
        witness: bool,
    ) -> Result<Bytes, SpoolError> {
        let image = name.ends_with(".img");
        // Logs that were rotated away can fill a disk, and nothing is decided by them.
        let old_log = name.starts_with("replica-") && name.ends_with(".log");
        if !image && !old_log && head.size <= SMALL_FILE_LIMIT {
            if self.kept.saturating_add(head.size) > KEPT_LIMIT {
                let line =
                    format!("{}: not kept, small files take more than {KEPT_LIMIT} bytes", spell(&head.path));
                self.walk.lacks(line);
                return Ok(Bytes::NotKept);
            }
            self.kept += head.size;
            let mut bytes = vec![0; head.size as usize];
            for range in ranges {
                let part = &mut bytes[range.start as usize..range.end as usize];
                if self.walk.payload(part) < part.len() {
                    break;
                }
            }
            return Ok(Bytes::Kept(bytes));
        }
        match spool {
            Some(spool) if image || name == "replica.log" || (witness && spool.can_spare(head.size)) => {
                match self.packer.put_aside(&mut self.walk, ranges, spool) {
                    // A log for which there is no room keeps nothing else from being read.
                    Err(_) if !image => Ok(Bytes::NotKept),
                    put => put.map(Bytes::Pieces),
                }
            }
            _ => Ok(Bytes::NotKept),
        }
    }

    fn finish(mut self) -> Index {
        self.resolve();
        if let Some((first, count)) = self.outside {
            self.walk.remarks.push(format!(
                "{count} names begin with a slash or hold '..', first {first}; they were taken as GNU tar unpacks them"
            ));
        }
        Index {
            tree: self.tree,
            nodes: self.nodes,
            incomplete: self.walk.incomplete,
            remarks: self.walk.remarks,
            damage: self.walk.damage,
            others: self.others,
        }
    }

    /// Finds the targets of links that came before them.
    fn resolve(&mut self) {
        for number in 0..self.nodes.len() {
            let (mut trail, mut at) = (Vec::new(), number);
            let target = loop {
                let Some(path) = &self.nodes[at].pending else { break Some(at) };
                // Each link is followed once: a trail longer than all nodes goes in a circle.
                let next = self.tree.get(path);
                trail.push(at);
                match next {
                    Some(Child::Node(next)) if trail.len() <= self.nodes.len() => at = next,
                    _ => break None,
                }
            };
            self.settle_links(&trail, target);
        }
    }

    fn settle_links(&mut self, trail: &[usize], target: Option<usize>) {
        for &at in trail {
            let Some(path) = self.nodes[at].pending.take() else { continue };
            match target.filter(|&target| target != at) {
                Some(target) => {
                    let node = &self.nodes[target];
                    let (kind, size, modified) = (node.kind, node.size, node.modified);
                    let (damage, body) = (node.damage.clone(), node.body.clone());
                    self.nodes[at] = Node { kind, size, modified, damage, body, pending: None };
                }
                None => {
                    let path = path.join("/");
                    let why = format!("is a hard link to {path}, which the archive does not hold as a file");
                    self.walk.lacks(format!("a member {why}"));
                    self.nodes[at].damage = Some(why);
                }
            }
        }
    }
}

impl Index {
    /// What stands at a name.
    pub(super) fn kind(&self, node: usize) -> Kind {
        self.nodes[node].kind
    }

    /// One file of the archive as a source of its own, if its bytes can be found again.
    pub(super) fn alone(&self, path: &[String], backing: &Arc<Backing>) -> Option<Archived> {
        let Some(Child::Node(number)) = self.tree.get(path) else { return None };
        let node = &self.nodes[number];
        let body = node.body.clone().filter(|body| !matches!(body.bytes, Bytes::NotKept))?;
        let name = path.last()?.as_str().into();
        let entry = Entry { name, kind: node.kind, size: node.size, link: None, damage: node.damage.clone() };
        let times = vec![node.modified];
        Some(Archived { entries: vec![entry], bodies: vec![Some(body)], times, backing: backing.clone() })
    }

    /// One directory of the archive as a source; its names are taken out of the tree.
    pub(super) fn source(&mut self, directory: usize, backing: &Arc<Backing>) -> Archived {
        let children = std::mem::take(&mut self.tree.directories[directory].children);
        let mut entries = Vec::with_capacity(children.len());
        let mut bodies = Vec::with_capacity(children.len());
        let mut times = Vec::with_capacity(children.len());
        for (name, child) in children {
            let (mut kind, mut size, mut damage, mut body) = (Kind::Directory, 0, None, None);
            times.push(match child {
                Child::Directory(number) => self.tree.directories[number].modified,
                Child::Node(number) => {
                    let node = &self.nodes[number];
                    kind = node.kind;
                    size = if kind == Kind::File { node.size } else { 0 };
                    damage.clone_from(&node.damage);
                    body.clone_from(&node.body);
                    node.modified
                }
            });
            entries.push(Entry { name: name.into(), kind, size, link: None, damage });
            bodies.push(body);
        }
        number_links(&mut entries, &bodies);
        Archived { entries, bodies, times, backing: backing.clone() }
    }
}

/// Names that share a body are one inode; the groups are counted in the order of their first names.
fn number_links(entries: &mut [Entry], bodies: &[Option<Arc<Body>>]) {
    let mut order: Vec<(usize, usize)> =
        bodies.iter().enumerate().filter_map(|(n, b)| Some((Arc::as_ptr(b.as_ref()?).addr(), n))).collect();
    order.sort_unstable();
    let mut groups: Vec<&[(usize, usize)]> =
        order.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > 1).collect();
    // Addresses differ from run to run; first names do not.
    groups.sort_unstable_by_key(|group| group[0].1);
    for (number, group) in groups.into_iter().enumerate() {
        for &(_, at) in group {
            entries[at].link = Some(number as u64);
        }
    }
}
