// SPDX-License-Identifier: MIT OR Apache-2.0
//! A layout as one run of bytes, for stores that keep bytes and no folders: the name and the content of each file, in
//! the order of the names, each behind its length in 64 bits, the lowest byte first.

use super::{Fault, Layout, Memory, ReadError, Step};

impl Layout {
    /// The layout as one run of bytes; the same for the same package and attachments.
    #[must_use]
    pub fn pack(&self) -> Vec<u8> {
        let mut packed = Vec::new();
        for (name, content) in &self.content().0 {
            for part in [name.as_bytes(), content.as_slice()] {
                packed.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
                packed.extend_from_slice(part);
            }
        }
        packed
    }

    /// Reads what [`Layout::pack`] wrote, with every check of [`Layout::read`].
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn unpack(packed: &[u8]) -> Result<Self, ReadError> {
        let files = files(packed).ok_or_else(|| ReadError::new(Step::Layout, "the packed layout", Fault::Packed))?;
        Self::read_from(&files)
    }
}

fn files(mut packed: &[u8]) -> Option<Memory> {
    let mut files = Memory::default();
    while !packed.is_empty() {
        let (name, rest) = part(packed)?;
        let (content, rest) = part(rest)?;
        packed = rest;
        let twice = files.0.insert(std::str::from_utf8(name).ok()?.to_owned(), content.to_vec());
        if twice.is_some() {
            return None;
        }
    }
    Some(files)
}

/// The first part, and what comes after it.
fn part(packed: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = packed.split_first_chunk::<8>()?;
    rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)
}
