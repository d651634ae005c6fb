//! Where the bytes of a file member are: its map, its payload, its real size.

use super::BLOCK;
use super::header::{Header, HeaderError};
use super::pax::Pax;
use super::sparse::{self, Form, MAP_LIMIT, Map};
use super::walk::{Head, Walk};
use crate::evidence::spell;

impl Walk<'_> {
    /// Finds the map, the payload and the real size of a file.
    pub(super) fn content(
        &mut self,
        header: &Header<'_>,
        head: &mut Head,
        pax: &mut Pax,
        stored: u64,
    ) -> Result<(), HeaderError> {
        head.size = stored;
        head.stored = stored;
        let form = if header.kind() == b'S' { Ok(Form::Records) } else { pax.sparse.form() };
        let map = match form {
            Ok(Form::Dense) => {
                // Where stored bytes belong in a larger file, only a map could tell.
                match pax.sparse.star_size.filter(|real| *real != stored) {
                    Some(real) => {
                        head.size = real;
                        Err(format!("SCHILY.realsize: {real} bytes, and {stored} are stored without a map"))
                    }
                    None => {
                        head.place = self.feed.offset();
                        self.expect(stored);
                        return Ok(());
                    }
                }
            }
            Ok(Form::Records) if header.kind() == b'S' && header.is_star() => {
                head.size = match pax.sparse.star_size {
                    Some(real) => real,
                    None => header.star_real_size()?,
                };
                let (map, goes_on) = header.star_sparse()?;
                let (map, used) = self.map_carried_on(map, goes_on)?;
                // Unlike GNU tar, star counts the blocks of the map as part of the member.
                head.stored = stored.saturating_sub(used);
                map.map(|mut map| {
                    // So star spells an unused entry.
                    map.retain(|entry| *entry != (0, 0));
                    map
                })
            }
            Ok(Form::Records) if header.kind() == b'S' => {
                head.size = header.real_size()?;
                self.map_carried_on(header.sparse()?, header.sparse_goes_on())?.0
            }
            Ok(Form::Records) => {
                head.size = pax.sparse.real_size.or(pax.sparse.star_size).unwrap_or(stored);
                pax.sparse.records()
            }
            Ok(Form::Payload) => {
                head.size = pax.sparse.real_size.or(pax.sparse.star_size).unwrap_or(stored);
                let (map, used) = sparse::from_payload(&mut self.feed, stored);
                head.stored = stored - used;
                map
            }
            Err(error) => Err(error),
        };
        head.place = self.feed.offset();
        self.expect(head.stored);
        let checked = map.and_then(|map| sparse::check(&map, head.size, head.stored));
        match checked {
            Ok(runs) => head.map = Some(runs),
            Err(error) => {
                let name = spell(&head.path);
                self.remarks.push(format!("{name}: {error} (header at byte {})", head.at));
                head.damage.get_or_insert(error);
            }
        }
        Ok(())
    }

    /// The map that a header begins and the blocks behind it carry on, and how many bytes these take.
    fn map_carried_on(
        &mut self,
        mut map: Map,
        mut goes_on: bool,
    ) -> Result<(Result<Map, String>, u64), HeaderError> {
        let mut error = None;
        let mut used = 0;
        while goes_on {
            let at = self.feed.offset();
            let block = self.feed.peek(BLOCK);
            if block.len() < BLOCK {
                return Ok((Err("sparse map: the archive ends inside it".to_owned()), used));
            }
            let (entries, more) = Header::sparse_extension(block, at)?;
            self.feed.consume(BLOCK);
            used += BLOCK as u64;
            // The blocks must be passed even where the map is given up: payload follows them.
            if map.len() + entries.len() <= MAP_LIMIT {
                map.extend(entries);
            } else {
                error = Some(format!("sparse map: more entries than the limit of {MAP_LIMIT}"));
            }
            goes_on = more;
        }
        Ok((error.map_or(Ok(map), Err), used))
    }
}
