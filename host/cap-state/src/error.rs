// SPDX-License-Identifier: MIT OR Apache-2.0
//! Why the state could not be read or written. The texts are for the operator.

use crate::document::Revision;
use crate::key::Key;

/// Why an operation failed. Nothing was changed, except as [`StateError::Unavailable`] says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// A document is not as the commit expected: somebody else was first. Read again and decide again.
    #[error("{key} was changed by another meanwhile: read it again")]
    Conflict {
        /// The first document that is not as expected.
        key: Key,
        /// Its revision, where it is there.
        found: Option<Revision>,
    },
    /// The store cannot answer now. A commit whose answer was lost may have been made; asking again tells.
    #[error("what the host remembers cannot be reached: {0}")]
    Unavailable(String),
    /// What is kept is not what was written.
    #[error("what the host remembers is damaged: {0}")]
    Damaged(String),
    /// The store was made by a later version of Cortex.
    #[error("what the host remembers has layout {found}; this version knows layouts up to {known}: use a newer one")]
    Layout {
        /// The layout that it says.
        found: i64,
        /// The newest that this version knows.
        known: i64,
    },
    /// A key that is not plain.
    #[error("`{kind}` and `{name}` are no kind and name: a lower-case word, and at most 200 visible ASCII characters")]
    Key {
        /// The kind.
        kind: String,
        /// The name.
        name: String,
    },
    /// Something is too long.
    #[error("{what} has {bytes} bytes, at most {max}")]
    TooLarge {
        /// What.
        what: String,
        /// How long it is.
        bytes: usize,
        /// How long it may be.
        max: usize,
    },
    /// A commit of nothing, or of too much.
    #[error("a commit of {count} changes: at least 1, at most {max}")]
    Changes {
        /// How many there are.
        count: usize,
        /// How many there may be.
        max: usize,
    },
    /// A commit changes a document twice.
    #[error("{0} is changed twice in one commit")]
    Twice(Key),
    /// A text that not every database can keep.
    #[error("{0} holds the character U+0000")]
    Nul(Key),
}

impl StateError {
    /// A kind and a name that make no key, cut to what a log line can hold.
    pub(crate) fn key(kind: &str, name: &str) -> Self {
        let cut = |text: &str| text.chars().take(80).collect();
        Self::Key { kind: cut(kind), name: cut(name) }
    }
}
