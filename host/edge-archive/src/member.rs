// SPDX-License-Identifier: MIT OR Apache-2.0
//! Members: their names, and their entries in the tar. An entry says a name and a length and nothing else; everything that a
//! tar could say beside (owners, times, links, extensions) has one value here, and an entry with another is refused.

use crate::error::ArchiveError;
use crate::limits::NAME_BYTES_MAX;
use cap_storage::transfer::Table;
use kernel_types::ComponentId;

/// Bytes of a block of a tar.
pub(crate) const BLOCK: usize = 512;

/// The name of a file of a component's bundle.
pub(crate) fn of_file(component: &ComponentId, path: &str) -> String {
    format!("components/{component}/{path}")
}

/// The name of the rows of a table, `number` from 1.
pub(crate) fn of_rows(table: &Table, number: u32) -> String {
    format!("rows/{}/{}/{number:06}.jsonl", table.component, table.name)
}

/// Whether a path of a bundle is one: relative, without `.` and `..`, of plain characters.
pub(crate) fn is_safe(path: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    let part = |part: &str| !part.is_empty() && part != "." && part != ".." && part.bytes().all(plain);
    path.len() <= NAME_BYTES_MAX && path.split('/').all(part)
}

/// The entry of a member: nothing of it depends on where or when it was written.
pub(crate) fn entry(name: &str, bytes: u64) -> Result<[u8; BLOCK], ArchiveError> {
    let mut header = tar::Header::new_ustar();
    header
        .set_path(name)
        .map_err(|_| ArchiveError::too_large(format!("the name `{name}`"), NAME_BYTES_MAX as u64, "bytes"))?;
    header.set_size(bytes);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_entry_type(tar::EntryType::Regular);
    header.set_cksum();
    Ok(*header.as_bytes())
}

/// The name and the length that an entry says; only one that this format writes is read.
pub(crate) fn read_entry(block: &[u8; BLOCK], number: usize) -> Result<(String, u64), ArchiveError> {
    let mut header = tar::Header::new_ustar();
    header.as_mut_bytes().copy_from_slice(block);
    let wrong = || ArchiveError::Entry(number);
    let bytes = header.entry_size().map_err(|_| wrong())?;
    let name = String::from_utf8(header.path_bytes().into_owned()).map_err(|_| wrong())?;
    match entry(&name, bytes) {
        Ok(expected) if expected == *block => Ok((name, bytes)),
        _ => Err(wrong()),
    }
}

/// How many zeros follow a member's bytes.
pub(crate) fn padding(bytes: u64) -> usize {
    let over = usize::try_from(bytes % BLOCK as u64).unwrap_or(0);
    if over == 0 { 0 } else { BLOCK.saturating_sub(over) }
}
