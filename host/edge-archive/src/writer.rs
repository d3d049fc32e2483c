// SPDX-License-Identifier: MIT OR Apache-2.0
//! Writes an archive in one pass: header, bundles, rows, index, seal.

use crate::envelope::{Sealing, finished};
use crate::error::ArchiveError;
use crate::header::{HEADER, Header, INDEX, Index, Member};
use crate::limits::{
    BYTES_MAX, FILE_BYTES_MAX, HEADER_BYTES_MAX, INDEX_BYTES_MAX, MEMBERS_MAX, RATIO_FREE_BYTES, RATIO_MAX, ROWS_BYTES,
    ROWS_BYTES_MAX,
};
use crate::member::{BLOCK, entry, is_safe, of_file, of_rows, padding};
use crate::row::write_row;
use cap_storage::Value;
use cap_storage::transfer::Table;
use kernel_types::{ComponentId, Digest};
use sha2::Digest as _;
use std::io::Write;
use zstd::stream::write::Encoder;

/// How hard the compressor tries: its own default.
const LEVEL: i32 = 3;

/// An archive that is being written. One that is not finished has no seal and is refused by every reader.
pub struct Writer<W: Write> {
    out: Encoder<'static, Sealing<W>>,
    raw: u64,
    index: Index,
    tables: Vec<Table>,
    /// The table whose rows are gathered, and the number of the member they go to.
    current: Option<(usize, u32)>,
    lines: Vec<u8>,
    rows: u64,
}

impl<W: Write> Writer<W> {
    /// Begins an archive with its header.
    ///
    /// # Errors
    /// Where the header contradicts itself, or the output fails.
    pub fn new(out: W, header: &Header) -> Result<Self, ArchiveError> {
        header.check()?;
        let mut out = Encoder::new(Sealing::new(out), LEVEL)?;
        out.include_checksum(true)?;
        let tables = header.tables();
        let (index, lines) = (Index::default(), Vec::new());
        let mut writer = Self { out, raw: 0, index, tables, current: None, lines, rows: 0 };
        let text = serde_json::to_vec(header).map_err(std::io::Error::from)?;
        writer.member(HEADER.to_owned(), &text, HEADER_BYTES_MAX, None)?;
        Ok(writer)
    }

    /// Adds a file of a component's bundle: component after component as the header has them, paths in order.
    ///
    /// # Errors
    /// Where its name or length is beyond what an archive holds, or the output fails.
    pub fn file(&mut self, component: &ComponentId, path: &str, content: &[u8]) -> Result<(), ArchiveError> {
        if !is_safe(path) {
            return Err(ArchiveError::unexpected(path, "a relative path of letters, digits, `.`, `_` and `-`"));
        }
        self.member(of_file(component, path), content, FILE_BYTES_MAX, None)
    }

    /// Adds rows of a table, by its place in [`Header::tables`]: table after table, rows in the order of the key.
    ///
    /// # Errors
    /// Where a row cannot be written, or the output fails.
    pub fn rows(&mut self, table: usize, rows: &[Vec<Value>]) -> Result<(), ArchiveError> {
        if self.current.is_none_or(|(current, _)| current != table) {
            self.flush_rows()?;
            self.current = Some((table, 0));
        }
        for row in rows {
            if let Err(detail) = write_row(&mut self.lines, row) {
                let error = self.tables.get(table).map(|table| table.row(detail.clone()));
                return Err(error.map_or_else(|| ArchiveError::document(HEADER, detail), ArchiveError::from));
            }
            self.rows = self.rows.saturating_add(1);
            if self.lines.len() >= ROWS_BYTES {
                self.flush_rows()?;
            }
        }
        Ok(())
    }

    /// Writes the index and the seal; returns the digest in the seal, which names the archive, the index, and the output.
    ///
    /// # Errors
    /// Where the output fails.
    pub fn finish(mut self) -> Result<(Digest, Index, W), ArchiveError> {
        self.flush_rows()?;
        let text = serde_json::to_vec(&self.index).map_err(std::io::Error::from)?;
        let index = self.index.clone();
        self.member(INDEX.to_owned(), &text, INDEX_BYTES_MAX, None)?;
        self.write(&[0; BLOCK])?;
        self.write(&[0; BLOCK])?;
        let mut out = self.out.finish()?;
        let wanted = self.raw.saturating_sub(RATIO_FREE_BYTES) / RATIO_MAX;
        out.fill(wanted.saturating_sub(out.written))?;
        let (digest, out) = out.seal()?;
        Ok((digest, index, out))
    }

    fn flush_rows(&mut self) -> Result<(), ArchiveError> {
        let Some((place, number)) = self.current else { return Ok(()) };
        let Some(table) = self.tables.get(place).filter(|_| self.rows > 0) else { return Ok(()) };
        let number = number.saturating_add(1);
        let name = of_rows(table, number);
        let (lines, rows) = (std::mem::take(&mut self.lines), std::mem::take(&mut self.rows));
        self.current = Some((place, number));
        self.member(name, &lines, ROWS_BYTES_MAX, Some(rows))?;
        if lines.capacity() <= ROWS_BYTES.saturating_mul(2) {
            self.lines = lines;
            self.lines.clear();
        }
        Ok(())
    }

    fn member(&mut self, name: String, content: &[u8], max: u64, rows: Option<u64>) -> Result<(), ArchiveError> {
        let bytes = content.len() as u64;
        if bytes > max {
            return Err(ArchiveError::too_large(format!("`{name}`"), max, "bytes"));
        }
        if self.index.members.len() >= MEMBERS_MAX {
            return Err(ArchiveError::too_large("the list of members", MEMBERS_MAX as u64, "members"));
        }
        self.write(&entry(&name, bytes)?)?;
        self.write(content)?;
        self.write([0; BLOCK].get(..padding(bytes)).unwrap_or_default())?;
        let mut hash = sha2::Sha256::new();
        hash.update(content);
        self.index.members.push(Member { name, bytes, digest: finished(hash), rows });
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), ArchiveError> {
        self.raw = self.raw.saturating_add(bytes.len() as u64);
        if self.raw > BYTES_MAX {
            return Err(ArchiveError::too_large("the whole", BYTES_MAX, "bytes"));
        }
        Ok(self.out.write_all(bytes)?)
    }
}
