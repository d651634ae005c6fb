//! The pages of a database, with the committed frames of its write-ahead log over them.

use super::super::bytes::FsError;
use super::Content;
use super::header::Header;
use super::wal::Frames;

pub(super) struct Pages<'a> {
    database: &'a dyn Content,
    log: Option<(&'a dyn Content, &'a Frames)>,
    pub(super) size: u32,
    /// Pages that there should be.
    pub(super) count: u32,
}

impl<'a> Pages<'a> {
    pub(super) fn new(
        database: &'a dyn Content,
        log: Option<(&'a dyn Content, &'a Frames)>,
        header: &Header,
    ) -> Self {
        Self { database, log, size: header.page_size, count: header.pages }
    }

    /// The header as SQLite would see it, where the log holds one.
    pub(super) fn header(&self) -> Result<Option<Header>, FsError> {
        let Some((wal, frames)) = self.log else { return Ok(None) };
        let Some(pages) = frames.pages else { return Ok(None) };
        let mut bytes = [0; super::header::LENGTH];
        match frames.places.get(&1) {
            Some(at) => wal.read_at(*at, &mut bytes)?,
            None => self.database.read_at(0, &mut bytes)?,
        }
        let header = Header::parse(&bytes, self.database.size());
        // A commit says how many pages there are; a first page that is no header is damage that the check finds.
        Ok(header.filter(|header| header.page_size == self.size).map(|header| Header { pages, ..header }))
    }

    /// Whether a page is stored at all.
    pub(super) fn has(&self, page: u32) -> bool {
        let in_log = self.log.is_some_and(|(_, frames)| frames.places.contains_key(&page));
        in_log || u64::from(page) * u64::from(self.size) <= self.database.size()
    }

    /// Fills `buf` from the start of a page, which is counted from 1.
    pub(super) fn read(&self, page: u32, buf: &mut [u8]) -> Result<(), FsError> {
        if let Some((wal, frames)) = self.log
            && let Some(at) = frames.places.get(&page)
        {
            return wal.read_at(*at, buf);
        }
        self.database.read_at(u64::from(page.saturating_sub(1)) * u64::from(self.size), buf)
    }
}
