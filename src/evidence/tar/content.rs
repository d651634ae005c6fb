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
                head.place = self.feed.offset();
                self.expect(stored);
                return Ok(());
            }
            Ok(Form::Records) if header.kind() == b'S' => {
                head.size = header.real_size()?;
                self.old_map(header)?
            }
            Ok(Form::Records) => {
                head.size = pax.sparse.real_size.unwrap_or(stored);
                pax.sparse.records()
            }
            Ok(Form::Payload) => {
                head.size = pax.sparse.real_size.unwrap_or(stored);
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

    /// The map of an old GNU header and of the blocks that carry it on.
    fn old_map(&mut self, header: &Header<'_>) -> Result<Result<Map, String>, HeaderError> {
        let mut map = header.sparse()?;
        let mut goes_on = header.sparse_goes_on();
        let mut error = None;
        while goes_on {
            let at = self.feed.offset();
            let block = self.feed.peek(BLOCK);
            if block.len() < BLOCK {
                return Ok(Err("sparse map: the archive ends inside it".to_owned()));
            }
            let (entries, more) = Header::sparse_extension(block, at)?;
            self.feed.consume(BLOCK);
            // The blocks must be passed even where the map is given up: payload follows them.
            if map.len() + entries.len() <= MAP_LIMIT {
                map.extend(entries);
            } else {
                error = Some(format!("sparse map: more entries than the limit of {MAP_LIMIT}"));
            }
            goes_on = more;
        }
        Ok(error.map_or(Ok(map), Err))
    }
}
