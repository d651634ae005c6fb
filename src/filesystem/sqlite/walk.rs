//! Whether the pages of a database hang together: every page in one place, trees of one depth, rows in order.

use serde::Serialize;

use super::super::bytes::{Fields, FsError};
use super::MOST;
use super::cell::{Cell, Kind, TreePage, root_page};
use super::header::Header;
use super::pages::Pages;

/// Whether the pages of a database hang together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Structure {
    /// Pages that were looked at.
    pub pages: u32,
    /// What is wrong, a sentence each; a long list is cut.
    pub problems: Vec<String>,
    /// How many more there are.
    #[serde(skip_serializing_if = "is_zero")]
    pub more_problems: u64,
    /// Whether all pages were looked at: a database of more than 1 GiB is not.
    pub complete: bool,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Structure {
    /// Whether nothing wrong was seen.
    pub fn is_sound(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Problems that are named.
const NAMED: usize = 8;
/// Trees that SQLite opens are no deeper.
const DEEPEST: usize = 20;
/// Pages of the largest database that is checked.
const PAGES: u32 = 1 << 25;
/// Bytes of a row of the schema in which its root page stands.
const ROW: usize = 1 << 16;
/// The byte that SQLite locks; its page is never used.
const LOCKED: u64 = 1 << 30;

/// Checks a database.
pub(super) fn structure(pages: &Pages<'_>, header: &Header) -> Result<Structure, FsError> {
    let mut walk = Walk {
        pages,
        usable: header.usable() as usize,
        used: Vec::new(),
        room: MOST,
        out: Structure { complete: true, ..Structure::default() },
    };
    if header.pages > PAGES {
        walk.out.complete = false;
        return Ok(walk.out);
    }
    walk.used = vec![0; header.pages as usize / 64 + 1];
    walk.reserved(header);
    walk.free_list(header)?;
    let mut roots = Vec::new();
    walk.tree(1, Some(&mut roots))?;
    for root in roots {
        walk.tree(root, None)?;
    }
    walk.unused(header);
    Ok(walk.out)
}

struct Walk<'a> {
    pages: &'a Pages<'a>,
    usable: usize,
    /// A bit for each page that was met.
    used: Vec<u64>,
    /// Bytes that may yet be read.
    room: u64,
    out: Structure,
}

/// What is known of a tree while it is walked.
struct Tree<'r> {
    is_table: bool,
    /// The depth of its leaves, once one was met.
    leaves: Option<usize>,
    /// The last row that was met.
    row: Option<i64>,
    roots: Option<&'r mut Vec<u32>>,
}

impl Walk<'_> {
    fn problem(&mut self, text: impl FnOnce() -> String) {
        if self.out.problems.len() < NAMED {
            self.out.problems.push(text());
        } else {
            self.out.more_problems += 1;
        }
    }

    fn is_used(&self, page: u32) -> bool {
        self.used[page as usize / 64] >> (page % 64) & 1 == 1
    }

    /// Takes note of a page; false where it is not there, or belongs to something else already.
    fn mark(&mut self, page: u32, by: &str) -> bool {
        if page == 0 || page > self.pages.count || !self.pages.has(page) {
            self.problem(|| format!("{by} leads to page {page}, which is not there"));
            return false;
        }
        if self.is_used(page) {
            self.problem(|| format!("{by} leads to page {page}, which is in use elsewhere"));
            return false;
        }
        self.used[page as usize / 64] |= 1 << (page % 64);
        true
    }

    /// Reads the start of a page; `None` where as much was read as may be.
    fn read(&mut self, page: u32, len: usize) -> Result<Option<Vec<u8>>, FsError> {
        // A piece of a page costs as much as a small block.
        let Some(left) = self.room.checked_sub(len.max(512) as u64) else {
            self.out.complete = false;
            return Ok(None);
        };
        self.room = left;
        let mut bytes = vec![0; len];
        self.pages.read(page, &mut bytes)?;
        self.out.pages += 1;
        Ok(Some(bytes))
    }

    /// Pages that belong to no tree: the one with the locked byte, and the maps of pages where the database shrinks by itself.
    fn reserved(&mut self, header: &Header) {
        let locked = u32::try_from(LOCKED / u64::from(self.pages.size) + 1).unwrap_or(u32::MAX);
        if locked <= header.pages {
            self.used[locked as usize / 64] |= 1 << (locked % 64);
        }
        if header.largest_root == 0 {
            return;
        }
        let each = self.usable as u32 / 5 + 1;
        for first in (2..=header.pages).step_by(each as usize) {
            let map = if first == locked { first + 1 } else { first };
            if map <= header.pages {
                self.used[map as usize / 64] |= 1 << (map % 64);
            }
        }
    }

    fn free_list(&mut self, header: &Header) -> Result<(), FsError> {
        let (mut trunk, mut found) = (header.first_free, 0u32);
        while trunk != 0 {
            if !self.mark(trunk, "the list of free pages") {
                return Ok(());
            }
            let Some(bytes) = self.read(trunk, self.pages.size as usize)? else { return Ok(()) };
            found += 1;
            let fields = Fields(&bytes);
            let leaves = fields.be32(4) as usize;
            if leaves > self.usable / 4 - 2 {
                self.problem(|| {
                    format!("page {trunk} claims {leaves} free pages, more than it has room for")
                });
                return Ok(());
            }
            for leaf in 0..leaves {
                found += u32::from(self.mark(fields.be32(8 + 4 * leaf), "the list of free pages"));
            }
            trunk = fields.be32(0);
        }
        if found != header.free_pages {
            self.problem(|| format!("{found} free pages are listed, {} are counted", header.free_pages));
        }
        Ok(())
    }

    fn tree(&mut self, root: u32, roots: Option<&mut Vec<u32>>) -> Result<(), FsError> {
        let by = if root == 1 { "the header".to_owned() } else { "the schema".to_owned() };
        let mut tree = Tree { is_table: true, leaves: None, row: None, roots };
        if self.mark(root, &by) {
            self.page(root, 1, &mut tree)?;
        }
        Ok(())
    }

    /// Walks one page of a tree and what is below.
    fn page(&mut self, number: u32, depth: usize, tree: &mut Tree<'_>) -> Result<(), FsError> {
        if depth > DEEPEST {
            self.problem(|| format!("the tree of page {number} is deeper than any"));
            return Ok(());
        }
        let Some(bytes) = self.read(number, self.pages.size as usize)? else { return Ok(()) };
        let page = match TreePage::of(&bytes, number == 1, self.usable) {
            Ok(page) => page,
            Err(wrong) => {
                self.problem(|| format!("page {number} {wrong}"));
                return Ok(());
            }
        };
        if depth == 1 {
            tree.is_table = page.kind.is_table();
            if number == 1 && !tree.is_table {
                self.problem(|| "page 1 is of no table".to_owned());
                return Ok(());
            }
        } else if page.kind.is_table() != tree.is_table {
            self.problem(|| format!("page {number} is of another kind than its tree"));
            return Ok(());
        }
        if page.kind.is_leaf() && tree.leaves.replace(depth).is_some_and(|leaves| leaves != depth) {
            self.problem(|| format!("page {number} is a leaf at another depth than others of its tree"));
        }
        let mut taken = page.free().unwrap_or_else(|wrong| {
            self.problem(|| format!("page {number}: {wrong}"));
            Vec::new()
        });
        for at in 0..page.cells {
            match page.cell(at) {
                Err(wrong) => self.problem(|| format!("page {number}: {wrong}")),
                Ok((start, cell)) => {
                    taken.push((start, cell.len));
                    self.cell(number, depth, &page, &cell, &bytes, tree)?;
                }
            }
        }
        taken.sort_unstable();
        if let Some(pair) = taken.windows(2).find(|pair| pair[0].0 + pair[0].1 > pair[1].0) {
            self.problem(|| format!("page {number}: what lies at byte {} runs into what follows", pair[0].0));
        }
        if let Some(right) = page.right
            && self.mark(right, &format!("page {number}"))
        {
            self.page(right, depth + 1, tree)?;
        }
        Ok(())
    }

    fn cell(
        &mut self,
        number: u32,
        depth: usize,
        page: &TreePage<'_>,
        cell: &Cell,
        bytes: &[u8],
        tree: &mut Tree<'_>,
    ) -> Result<(), FsError> {
        if let Some(child) = cell.child
            && self.mark(child, &format!("page {number}"))
        {
            self.page(child, depth + 1, tree)?;
        }
        if let Some(row) = cell.rowid {
            // Rows ascend; the key above a page is that of its last row or more.
            let wrong = match page.kind {
                Kind::LeafTable => tree.row.is_some_and(|before| before >= row),
                _ => tree.row.is_some_and(|before| before > row),
            };
            if wrong {
                self.problem(|| format!("page {number}: row {row} is out of order"));
            }
            tree.row = Some(row);
        }
        let Some((start, here, size)) = cell.payload else { return Ok(()) };
        let mut row = tree.roots.as_ref().map(|_| bytes[start..start + here].to_vec());
        if let Some(first) = cell.overflow {
            self.overflow(number, first, size - here as u64, row.as_mut())?;
        }
        if let (Some(roots), Some(row), Kind::LeafTable) = (&mut tree.roots, row, page.kind) {
            match root_page(&row) {
                Ok(root) => roots.extend(root),
                Err(wrong) => self.problem(|| format!("page {number}: a row of the schema {wrong}")),
            }
        }
        Ok(())
    }

    /// Follows the rest of a payload through its pages.
    fn overflow(
        &mut self,
        number: u32,
        first: u32,
        mut rest: u64,
        mut row: Option<&mut Vec<u8>>,
    ) -> Result<(), FsError> {
        let each = self.usable as u64 - 4;
        let mut next = first;
        while rest > 0 {
            if !self.mark(next, &format!("a long value of page {number}")) {
                return Ok(());
            }
            let wanted = row.as_ref().is_some_and(|row| row.len() < ROW);
            let len = if wanted { self.usable } else { 4 };
            let Some(bytes) = self.read(next, len)? else { return Ok(()) };
            if let Some(row) = row.as_mut().filter(|_| wanted) {
                row.extend_from_slice(&bytes[4..4 + rest.min(each) as usize]);
            }
            rest = rest.saturating_sub(each);
            next = Fields(&bytes).be32(0);
        }
        if next != 0 {
            self.problem(|| format!("a long value of page {number} has more pages than it fills"));
        }
        Ok(())
    }

    /// Pages that nothing leads to.
    fn unused(&mut self, header: &Header) {
        if !self.out.complete || !self.out.problems.is_empty() {
            // What was not walked is not unused.
            return;
        }
        let unused: Vec<u32> = (1..=header.pages).filter(|page| !self.is_used(*page)).collect();
        if let Some(first) = unused.first() {
            let count = unused.len();
            self.problem(|| {
                format!("{count} pages are in no tree and not listed as free; the first is page {first}")
            });
        }
    }
}
