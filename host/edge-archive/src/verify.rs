// SPDX-License-Identifier: MIT OR Apache-2.0
//! Goes through an archive from its header to its end, member for member, each at the only place where it may be. Whatever is
//! out of order, there twice, too long or not named here ends it.

use crate::error::ArchiveError;
use crate::header::{HEADER, Header, INDEX, Index};
use crate::limits::{
    BYTES_MAX, FILE_BYTES_MAX, HEADER_BYTES_MAX, INDEX_BYTES_MAX, MEMBERS_MAX, RATIO_FREE_BYTES, RATIO_MAX,
    ROWS_BYTES_MAX, WINDOW_LOG_MAX,
};
use crate::member::{BLOCK, is_safe, of_file, of_rows, padding, read_entry};
use cap_storage::transfer::Table;
use std::io::Read;
use zstd::stream::read::Decoder;

/// The decompressed bytes, counted.
struct Raw<R: Read> {
    decoder: Decoder<'static, std::io::BufReader<R>>,
    read: u64,
    max: u64,
}

/// What a member is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A file of a bundle: the component's place in the header, the path in the bundle.
    File(usize, String),
    /// Rows of a table, by its place among the tables; the number of the member.
    Rows(usize, u32),
    /// The index.
    Index,
}

/// Where the going has come to.
pub(crate) struct Walk<R: Read> {
    raw: Raw<R>,
    pub(crate) header: Header,
    pub(crate) tables: Vec<Table>,
    /// The header's own bytes.
    pub(crate) header_bytes: Vec<u8>,
    last: Option<Place>,
    count: usize,
}

/// A member as it came.
pub(crate) struct Found {
    pub(crate) place: Place,
    pub(crate) name: String,
    pub(crate) content: Vec<u8>,
}

impl<R: Read> Walk<R> {
    /// Begins with the header. `sealed` is the length of the archive without its seal.
    pub(crate) fn begin(file: R, sealed: u64) -> Result<Self, ArchiveError> {
        let mut decoder = Decoder::new(file)?;
        decoder.window_log_max(WINDOW_LOG_MAX)?;
        let max = sealed.saturating_mul(RATIO_MAX).saturating_add(RATIO_FREE_BYTES).min(BYTES_MAX);
        let mut raw = Raw { decoder, read: 0, max };
        let block = raw.block()?;
        let (name, bytes) = read_entry(&block, 1)?;
        if name != HEADER {
            return Err(ArchiveError::unexpected(&name, format!("`{HEADER}`")));
        }
        let header_bytes = raw.content(&name, bytes, HEADER_BYTES_MAX)?;
        let header = Header::read(&header_bytes)?;
        let tables = header.tables();
        Ok(Self { raw, header, tables, header_bytes, last: None, count: 1 })
    }

    /// The next member; the index is the last.
    pub(crate) fn next(&mut self) -> Result<Found, ArchiveError> {
        let block = self.raw.block()?;
        self.count = self.count.saturating_add(1);
        if self.count > MEMBERS_MAX {
            return Err(ArchiveError::too_large("the list of members", MEMBERS_MAX as u64, "members"));
        }
        let (name, bytes) = read_entry(&block, self.count)?;
        let place = self.place(&name)?;
        let max = match place {
            Place::File(..) => FILE_BYTES_MAX,
            Place::Rows(..) => ROWS_BYTES_MAX,
            Place::Index => INDEX_BYTES_MAX,
        };
        let content = self.raw.content(&name, bytes, max)?;
        self.last = Some(place.clone());
        Ok(Found { place, name, content })
    }

    /// Checks that behind the index there is the end and nothing else.
    pub(crate) fn end(mut self, index: &[u8]) -> Result<(Header, Index), ArchiveError> {
        for _ in 0..2 {
            if self.raw.block()? != [0; BLOCK] {
                return Err(ArchiveError::unexpected("another member", "its end"));
            }
        }
        if self.raw.some(&mut [0; 1])? > 0 {
            return Err(ArchiveError::unexpected("more bytes", "its end"));
        }
        let index = serde_json::from_slice(index).map_err(|e| ArchiveError::document(INDEX, e.to_string()))?;
        Ok((self.header, index))
    }

    /// What a name is, if it may come now.
    fn place(&self, name: &str) -> Result<Place, ArchiveError> {
        let found = if name == INDEX { Some(Place::Index) } else { self.file(name).or_else(|| self.rows(name)) };
        let in_order = match (&self.last, &found) {
            (None, Some(_)) => true,
            (Some(Place::File(one, path)), Some(Place::File(next, later))) => (one, path) < (next, later),
            (Some(Place::File(..)), Some(_)) => true,
            (Some(Place::Rows(one, _)), Some(Place::Rows(next, _))) => one <= next,
            (Some(Place::Rows(..)), Some(Place::Index)) => true,
            _ => false,
        };
        match found {
            Some(place) if in_order => Ok(place),
            _ => Err(ArchiveError::unexpected(name, "a file of its bundles, the next rows, or `index.json`, in order")),
        }
    }

    fn file(&self, name: &str) -> Option<Place> {
        let (id, path) = name.strip_prefix("components/")?.split_once('/')?;
        let component = self.header.components.iter().position(|component| component.id.as_str() == id)?;
        let place = Place::File(component, path.to_owned());
        let id = &self.header.components.get(component)?.id;
        (is_safe(path) && of_file(id, path) == name).then_some(place)
    }

    /// Rows: the next of the same table, or the first of a later one.
    fn rows(&self, name: &str) -> Option<Place> {
        let (same, first) = match &self.last {
            Some(Place::Rows(table, number)) => (Some((*table, number.checked_add(1)?)), table.checked_add(1)?),
            _ => (None, 0),
        };
        if let Some((table, number)) = same
            && of_rows(self.tables.get(table)?, number) == name
        {
            return Some(Place::Rows(table, number));
        }
        let later = self.tables.iter().enumerate().skip(first);
        later.into_iter().find(|(_, table)| of_rows(table, 1) == name).map(|(place, _)| Place::Rows(place, 1))
    }
}

impl<R: Read> Raw<R> {
    fn some(&mut self, buffer: &mut [u8]) -> Result<usize, ArchiveError> {
        let count = self.decoder.read(buffer).map_err(|error| ArchiveError::Compression(error.to_string()))?;
        self.read = self.read.saturating_add(count as u64);
        if self.read <= self.max {
            return Ok(count);
        }
        Err(if self.max == BYTES_MAX {
            ArchiveError::too_large("the whole", BYTES_MAX, "bytes")
        } else {
            ArchiveError::Bomb(RATIO_MAX)
        })
    }

    /// The next block, all of it.
    fn block(&mut self) -> Result<[u8; BLOCK], ArchiveError> {
        let mut block = [0; BLOCK];
        self.exactly(&mut block)?;
        Ok(block)
    }

    fn exactly(&mut self, mut buffer: &mut [u8]) -> Result<(), ArchiveError> {
        while !buffer.is_empty() {
            let count = self.some(buffer)?;
            if count == 0 {
                return Err(ArchiveError::unexpected("nothing more", "its next member or its end"));
            }
            buffer = buffer.get_mut(count..).unwrap_or_default();
        }
        Ok(())
    }

    /// The bytes of a member, with the zeros behind them. Memory is taken as bytes come, not as they are promised.
    fn content(&mut self, name: &str, bytes: u64, max: u64) -> Result<Vec<u8>, ArchiveError> {
        /// Bytes that are asked for at a time.
        const STEP: usize = 1 << 20;
        if bytes > max {
            return Err(ArchiveError::too_large(format!("`{name}`"), max, "bytes"));
        }
        let bytes = usize::try_from(bytes).map_err(|_| ArchiveError::too_large(format!("`{name}`"), max, "bytes"))?;
        let mut content = Vec::new();
        while content.len() < bytes {
            let begun = content.len();
            content.resize(begun.saturating_add(STEP).min(bytes), 0);
            self.exactly(content.get_mut(begun..).unwrap_or_default())?;
        }
        let mut zeros = [0; BLOCK];
        let zeros = zeros.get_mut(..padding(bytes as u64)).unwrap_or_default();
        self.exactly(zeros)?;
        if zeros.iter().any(|byte| *byte != 0) {
            return Err(ArchiveError::Member { name: name.to_owned(), detail: "something else than zeros follows it" });
        }
        Ok(content)
    }
}
