// SPDX-License-Identifier: MIT OR Apache-2.0
//! An archive that is whole and sound. It is made by reading the file to its end; only then can anything of it be used.

use crate::envelope::seal_of;
use crate::error::ArchiveError;
use crate::header::{Header, Index, Member};
use crate::row::read_row;
use crate::verify::{Found, Place, Walk};
use cap_storage::Value;
use cap_storage::transfer::{BATCH_BYTES, BATCH_ROWS_MAX, Batch, RowSender, Table, row_bytes};
use kernel_types::{ComponentId, Digest};
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};

/// A sound archive. The file is read again for what is wanted of it, and compared with the index again.
#[derive(Debug)]
pub struct Archive {
    file: File,
    sealed: u64,
    digest: Digest,
    header: Header,
    index: Index,
}

impl Archive {
    /// Reads a file to its end: the seal, the order of members, each member's length and digest, each row and its types.
    ///
    /// # Errors
    /// See [`ArchiveError`].
    pub fn open(mut file: File) -> Result<Self, ArchiveError> {
        let (digest, sealed) = seal_of(&mut file)?;
        file.seek(SeekFrom::Start(0))?;
        let mut walk = Walk::begin((&file).take(sealed), sealed)?;
        let mut found = vec![member("archive.json".to_owned(), &walk.header_bytes, None)];
        let index = loop {
            let Found { place, name, content } = walk.next()?;
            let rows = match place {
                Place::Index => break content,
                Place::File(..) => None,
                Place::Rows(table, _) => Some(count(walk.tables.get(table), &name, &content)?),
            };
            found.push(member(name, &content, rows));
        };
        let (header, index) = walk.end(&index)?;
        compare(&index, &found)?;
        Ok(Self { file, sealed, digest, header, index })
    }

    /// What it says of itself.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// What is in it.
    #[must_use]
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// The digest in its seal, which names it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Bytes of the file.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.sealed.saturating_add(crate::envelope::SEAL_BYTES)
    }

    /// Gives out the files of the bundles, with the component and the path in its bundle, which is a safe one.
    ///
    /// # Errors
    /// Where the file is not any more what it was, or what `take` returns.
    pub fn files(
        &self,
        mut take: impl FnMut(&ComponentId, &str, &[u8]) -> std::io::Result<()>,
    ) -> Result<(), ArchiveError> {
        self.again(|walk, found| {
            let Place::File(component, path) = &found.place else { return Ok(false) };
            if let Some(component) = walk.header.components.get(*component) {
                take(&component.id, path, &found.content)?;
            }
            Ok(true)
        })
    }

    /// Gives the rows to whoever takes them, and says how it ended.
    pub fn feed(&self, sender: RowSender) {
        let fed = self.again(|walk, found| {
            let Place::Rows(place, _) = found.place else { return Ok(!matches!(found.place, Place::Index)) };
            let Some(table) = walk.tables.get(place) else { return Ok(true) };
            let (mut rows, mut bytes) = (Vec::with_capacity(BATCH_ROWS_MAX), 0_usize);
            for_each_row(table, &found.name, &found.content, |row| {
                bytes = bytes.saturating_add(row_bytes(&row));
                rows.push(row);
                if rows.len() < BATCH_ROWS_MAX && bytes < BATCH_BYTES {
                    return Ok(());
                }
                bytes = 0;
                Ok(sender.blocking_send(Batch { table: place, rows: std::mem::take(&mut rows) })?)
            })?;
            if !rows.is_empty() {
                sender.blocking_send(Batch { table: place, rows })?;
            }
            Ok(true)
        });
        sender.blocking_end(fed.map_err(|error| match error {
            ArchiveError::Transfer(error) => error,
            other => cap_storage::transfer::TransferError::Interrupted(other.to_string()),
        }));
    }

    /// Goes through the members again, as long as `act` wants more.
    fn again(
        &self,
        mut act: impl FnMut(&Walk<std::io::Take<&File>>, &Found) -> Result<bool, ArchiveError>,
    ) -> Result<(), ArchiveError> {
        (&self.file).seek(SeekFrom::Start(0))?;
        let mut walk = Walk::begin((&self.file).take(self.sealed), self.sealed)?;
        if walk.header != self.header {
            return Err(ArchiveError::Damaged);
        }
        for known in self.index.members.iter().skip(1) {
            let found = walk.next()?;
            if found.name != known.name || Digest::of(&found.content) != known.digest {
                return Err(ArchiveError::Damaged);
            }
            if !act(&walk, &found)? {
                break;
            }
        }
        Ok(())
    }
}

fn member(name: String, content: &[u8], rows: Option<u64>) -> Member {
    Member { name, bytes: content.len() as u64, digest: Digest::of(content), rows }
}

fn compare(index: &Index, found: &[Member]) -> Result<(), ArchiveError> {
    let differs = |name: &str, detail| Err(ArchiveError::Member { name: name.to_owned(), detail });
    for (known, found) in index.members.iter().zip(found) {
        match () {
            () if known.name != found.name => return differs(&found.name, "it names another one at this place"),
            () if known.bytes != found.bytes => return differs(&found.name, "its length"),
            () if known.digest != found.digest => return differs(&found.name, "its digest"),
            () if known.rows != found.rows => return differs(&found.name, "the number of its rows"),
            () => {}
        }
    }
    match (index.members.get(found.len()), found.get(index.members.len())) {
        (None, None) => Ok(()),
        (Some(missing), _) => differs(&missing.name, "it is missing"),
        (None, Some(more)) => differs(&more.name, "it is not named there"),
    }
}

fn count(table: Option<&Table>, name: &str, content: &[u8]) -> Result<u64, ArchiveError> {
    let mut rows = 0_u64;
    if let Some(table) = table {
        for_each_row(table, name, content, |_| {
            rows = rows.saturating_add(1);
            Ok(())
        })?;
    }
    Ok(rows)
}

fn for_each_row(
    table: &Table,
    name: &str,
    content: &[u8],
    mut act: impl FnMut(Vec<Value>) -> Result<(), ArchiveError>,
) -> Result<(), ArchiveError> {
    let wrong = |line, detail| ArchiveError::Row { name: name.to_owned(), line, detail };
    let Some(lines) = content.strip_suffix(b"\n") else {
        return Err(wrong(1, "it holds no rows, or does not end with a line".to_owned()));
    };
    for (line, number) in lines.split(|byte| *byte == b'\n').zip(1..) {
        act(read_row(line, &table.columns).map_err(|detail| wrong(number, detail))?)?;
    }
    Ok(())
}
