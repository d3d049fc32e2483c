// SPDX-License-Identifier: MIT OR Apache-2.0
//! Why an archive is refused, or cannot be made.

use cap_storage::transfer::TransferError;

/// Why. Where an archive is refused nothing of it was used.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The file cannot be read or written.
    #[error("the archive cannot be read or written: {0}")]
    Io(#[from] std::io::Error),
    /// It does not end as an archive ends: it was cut off, or is something else.
    #[error("this is no whole archive: it ends without its seal; fetch it again")]
    Unsealed,
    /// Its bytes are not those that were sealed.
    #[error("the archive is damaged: its bytes do not have the digest of its seal; fetch it again or take another one")]
    Damaged,
    /// It cannot be decompressed.
    #[error("the archive cannot be decompressed: {0}")]
    Compression(String),
    /// It was written in a form that this version does not know.
    #[error("the archive has the form `{found}`; this version of the host reads `{known}`: use one that knows it")]
    Version {
        /// What it says.
        found: String,
        /// What this version knows.
        known: String,
    },
    /// The header or the index is not what it should be.
    #[error("`{member}` of the archive: {detail}")]
    Document {
        /// Which.
        member: &'static str,
        /// What is wrong.
        detail: String,
    },
    /// A member has a name that does not belong at its place: out of order, twice, or none that an archive has.
    #[error("the archive holds `{name}` where it should hold {expected}")]
    Unexpected {
        /// Its name, cut to a hundred characters.
        name: String,
        /// What should be there.
        expected: String,
    },
    /// A member's entry in the tar is not as this format writes it: a link, a directory, an owner, an extension.
    #[error("the archive's entry {0} is no plain file as this format writes them")]
    Entry(usize),
    /// A member is not what the index says of it.
    #[error("`{name}` of the archive is not what the index says: {detail}")]
    Member {
        /// Its name.
        name: String,
        /// What differs.
        detail: &'static str,
    },
    /// Something is larger than it may be.
    #[error("{what} of the archive is too large: {max} {unit} are the most")]
    TooLarge {
        /// What.
        what: String,
        /// The limit.
        max: u64,
        /// What the limit counts.
        unit: &'static str,
    },
    /// It decompresses to far more than its own length.
    #[error("the archive decompresses to more than {0} times its length: no tenant does")]
    Bomb(u64),
    /// A row cannot be read.
    #[error("`{name}` of the archive, line {line}: {detail}")]
    Row {
        /// The member.
        name: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        detail: String,
    },
    /// The rows could not be got or given.
    #[error(transparent)]
    Transfer(#[from] TransferError),
}

/// Characters of a name from outside that an error quotes.
const QUOTED_MAX: usize = 100;

impl ArchiveError {
    pub(crate) fn unexpected(name: &str, expected: impl Into<String>) -> Self {
        let name = name.chars().take(QUOTED_MAX).flat_map(char::escape_default).collect();
        Self::Unexpected { name, expected: expected.into() }
    }

    pub(crate) fn document(member: &'static str, detail: impl Into<String>) -> Self {
        Self::Document { member, detail: detail.into() }
    }

    pub(crate) fn too_large(what: impl Into<String>, max: u64, unit: &'static str) -> Self {
        Self::TooLarge { what: what.into(), max, unit }
    }
}
