//! One page of a tree, taken apart: its header, its cells, what lies outside of it.

use super::super::bytes::Fields;

/// Which kind of tree a page belongs to, and where in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    InteriorIndex,
    InteriorTable,
    LeafIndex,
    LeafTable,
}

impl Kind {
    pub(super) fn is_table(self) -> bool {
        matches!(self, Self::InteriorTable | Self::LeafTable)
    }

    pub(super) fn is_leaf(self) -> bool {
        matches!(self, Self::LeafIndex | Self::LeafTable)
    }
}

/// A cell of a page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cell {
    /// The page below, of an interior page.
    pub(super) child: Option<u32>,
    /// The row, of a table.
    pub(super) rowid: Option<i64>,
    /// Where the payload begins in the page, how many bytes of it lie there, and how many it has.
    pub(super) payload: Option<(usize, usize, u64)>,
    /// The first page of the rest of the payload.
    pub(super) overflow: Option<u32>,
    /// Bytes of the page that it takes.
    pub(super) len: usize,
}

/// A page of a tree.
pub(super) struct TreePage<'a> {
    pub(super) kind: Kind,
    /// The last page below, of an interior page.
    pub(super) right: Option<u32>,
    pub(super) cells: usize,
    bytes: &'a [u8],
    at: usize,
    usable: usize,
}

impl<'a> TreePage<'a> {
    /// The page in these bytes; the header of the first page of a database comes after that of the database.
    pub(super) fn of(bytes: &'a [u8], is_first: bool, usable: usize) -> Result<Self, String> {
        let at = if is_first { 100 } else { 0 };
        let fields = Fields(bytes);
        let kind = match fields.u8(at) {
            2 => Kind::InteriorIndex,
            5 => Kind::InteriorTable,
            10 => Kind::LeafIndex,
            13 => Kind::LeafTable,
            other => return Err(format!("is of no kind that a tree has ({other})")),
        };
        let cells = usize::from(fields.be16(at + 3));
        let right = (!kind.is_leaf()).then(|| fields.be32(at + 8));
        let out = Self { kind, right, cells, bytes, at, usable };
        if out.pointers() + 2 * cells > usable {
            return Err(format!("claims {cells} cells, more than it has room for"));
        }
        Ok(out)
    }

    fn pointers(&self) -> usize {
        self.at + if self.kind.is_leaf() { 8 } else { 12 }
    }

    /// Where the cells begin: 0 stands for the end of the largest page.
    fn content(&self) -> usize {
        match Fields(self.bytes).be16(self.at + 5) {
            0 => 65_536,
            start => usize::from(start),
        }
    }

    /// A cell, by its number.
    pub(super) fn cell(&self, number: usize) -> Result<(usize, Cell), String> {
        let fields = Fields(self.bytes);
        let at = usize::from(fields.be16(self.pointers() + 2 * number));
        if at < self.content().max(self.pointers() + 2 * self.cells) || at + 4 > self.usable {
            return Err(format!("cell {number} lies at byte {at}, where none can"));
        }
        let mut next = at;
        let child = (!self.kind.is_leaf()).then(|| {
            next += 4;
            fields.be32(next - 4)
        });
        let mut number_at = |what: &str| {
            let (value, len) = varint(self.bytes.get(next..self.usable).unwrap_or_default())
                .ok_or_else(|| format!("cell {number} ends before its {what}"))?;
            next += len;
            Ok::<u64, String>(value)
        };
        let size = if self.kind == Kind::InteriorTable { None } else { Some(number_at("length")?) };
        let rowid = if self.kind.is_table() { Some(number_at("row")? as i64) } else { None };
        let mut overflow = None;
        let payload = match size {
            None => None,
            Some(size) => {
                let here = self.local(size).ok_or_else(|| format!("cell {number} claims {size} bytes"))?;
                let start = next;
                next += here;
                if (here as u64) < size {
                    overflow = Some(fields.be32(next));
                    next += 4;
                }
                Some((start, here, size))
            }
        };
        if next > self.usable {
            return Err(format!("cell {number} goes beyond the end of the page"));
        }
        Ok((at, Cell { child, rowid, payload, overflow, len: (next - at).max(4) }))
    }

    /// How many bytes of a payload lie in the page itself.
    fn local(&self, size: u64) -> Option<usize> {
        let size = usize::try_from(size).ok().filter(|size| *size <= i32::MAX as usize)?;
        let index = |share: usize| (self.usable - 12) * share / 255 - 23;
        let most = if self.kind.is_table() { self.usable - 35 } else { index(64) };
        if size <= most {
            return Some(size);
        }
        let least = index(32);
        let fitting = least + (size - least) % (self.usable - 4);
        Some(if fitting <= most { fitting } else { least })
    }

    /// The free stretches of the page, start and length each.
    pub(super) fn free(&self) -> Result<Vec<(usize, usize)>, String> {
        let fields = Fields(self.bytes);
        let mut out = Vec::new();
        let mut next = usize::from(fields.be16(self.at + 1));
        while next != 0 {
            let len = usize::from(fields.be16(next + 2));
            // They ascend, so a chain of them ends.
            let before = out.last().map_or(self.content(), |(at, len)| at + len);
            if next < before || len < 4 || next + len > self.usable {
                return Err(format!("a free stretch at byte {next} is where none can be"));
            }
            out.push((next, len));
            next = usize::from(fields.be16(next));
        }
        Ok(out)
    }
}

/// A number of one to nine bytes, and its length.
pub(super) fn varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0u64;
    for (at, byte) in bytes.iter().take(9).enumerate() {
        if at == 8 {
            return Some((value << 8 | u64::from(*byte), 9));
        }
        value = value << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((value, at + 1));
        }
    }
    None
}

/// The root page that a row of the schema names, from the start of the row's payload; `None` for a row without one.
pub(super) fn root_page(payload: &[u8]) -> Result<Option<u32>, &'static str> {
    const ROOT: usize = 3;
    let (header, mut at) = varint(payload).ok_or("has no header")?;
    let header = usize::try_from(header).unwrap_or(usize::MAX).min(payload.len());
    let mut body = header;
    for column in 0..=ROOT {
        let (kind, len) = payload.get(at..header).and_then(varint).ok_or("has too few columns")?;
        at += len;
        let width = match kind {
            0 | 8 | 9 => 0,
            1..=4 => kind as usize,
            5 => 6,
            6 | 7 => 8,
            10 | 11 => return Err("has a column of no kind"),
            text => usize::try_from((text - 12) / 2).unwrap_or(usize::MAX),
        };
        if column < ROOT {
            body = body.saturating_add(width);
            continue;
        }
        return match kind {
            0 | 8 => Ok(None),
            9 => Ok(Some(1)),
            1..=6 => {
                let bytes = body.checked_add(width).and_then(|end| payload.get(body..end)).ok_or("is cut")?;
                let value = bytes.iter().fold(0u64, |value, byte| value << 8 | u64::from(*byte));
                match u32::try_from(value) {
                    Ok(0) => Ok(None),
                    Ok(page) => Ok(Some(page)),
                    Err(_) => Err("names a page that no database has"),
                }
            }
            _ => Err("names no page as its root"),
        };
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_one_to_nine_bytes() {
        for (bytes, expected) in [
            (&[][..], None),
            (&[0x7f], Some((127, 1))),
            (&[0x81, 0x00], Some((128, 2))),
            (&[0x81], None),
            (&[0xff; 9], Some((u64::MAX, 9))),
            (&[0xff; 8], None),
        ] {
            assert_eq!(varint(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn rows_of_the_schema_name_their_roots() {
        // Lengths of type, name, table, root and text; `table`, `t`, `t`, 2, and no text.
        let row = [6, 23, 15, 15, 1, 13, b't', b'a', b'b', b'l', b'e', b't', b't', 2];
        assert_eq!(root_page(&row), Ok(Some(2)));
        assert_eq!(root_page(&row[..13]), Err("is cut"));
        assert_eq!(root_page(&row[..4]), Err("has too few columns"));
        assert_eq!(root_page(&[5, 0, 0, 0, 0]), Ok(None));
        assert_eq!(root_page(&[]), Err("has no header"));
        assert_eq!(root_page(&[5, 0, 0, 0, 15]), Err("names no page as its root"));
    }
}
