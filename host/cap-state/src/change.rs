// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is written, and under which condition.

use crate::document::Revision;
use crate::error::StateError;
use crate::key::Key;
use crate::limits::{BLOB_BYTES_MAX, CHANGES_MAX, DOCUMENT_BYTES_MAX};
use std::collections::HashSet;
use std::sync::Arc;

/// What must be there for a change to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Anything or nothing.
    Anything,
    /// No document: none was ever made, or it was removed.
    Absent,
    /// A document.
    Present,
    /// The document as this commit left it.
    At(Revision),
}

impl Expect {
    /// Whether it is met by what was found: the revision of the document, where there is one that was not removed.
    #[must_use]
    pub fn is_met(self, found: Option<Revision>) -> bool {
        match self {
            Self::Anything => true,
            Self::Absent => found.is_none(),
            Self::Present => found.is_some(),
            Self::At(revision) => found == Some(revision),
        }
    }
}

/// What becomes of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// It stays as it is: the change is a condition for the others.
    Keep,
    /// It says this from now on.
    Put(Arc<str>),
    /// It is removed.
    Remove,
}

/// One change of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Of which document.
    pub key: Key,
    /// What must be there.
    pub expect: Expect,
    /// What becomes of it.
    pub write: Write,
}

impl Change {
    /// Writes a document.
    #[must_use]
    pub fn put(key: Key, text: impl Into<Arc<str>>, expect: Expect) -> Self {
        Self { key, expect, write: Write::Put(text.into()) }
    }

    /// Removes a document.
    #[must_use]
    pub const fn remove(key: Key, expect: Expect) -> Self {
        Self { key, expect, write: Write::Remove }
    }

    /// Changes nothing, and lets nothing be changed where the document is not as expected.
    #[must_use]
    pub const fn only_if(key: Key, expect: Expect) -> Self {
        Self { key, expect, write: Write::Keep }
    }
}

/// Checks what every back end must refuse alike, before it touches anything.
///
/// # Errors
/// Where there are too many changes or none, two of one document, or a text is too long or holds U+0000, which not every
/// database can keep.
pub fn check(changes: &[Change]) -> Result<(), StateError> {
    if changes.is_empty() || changes.len() > CHANGES_MAX {
        return Err(StateError::Changes { count: changes.len(), max: CHANGES_MAX });
    }
    let mut keys = HashSet::new();
    for change in changes {
        if !keys.insert(&change.key) {
            return Err(StateError::Twice(change.key.clone()));
        }
        let Write::Put(text) = &change.write else { continue };
        if text.len() > DOCUMENT_BYTES_MAX {
            let what = change.key.to_string();
            return Err(StateError::TooLarge { what, bytes: text.len(), max: DOCUMENT_BYTES_MAX });
        }
        if text.contains('\0') {
            return Err(StateError::Nul(change.key.clone()));
        }
    }
    Ok(())
}

/// Likewise for the length of a blob.
///
/// # Errors
/// Where it is too long.
pub fn check_blob(bytes: usize) -> Result<(), StateError> {
    if bytes > BLOB_BYTES_MAX {
        return Err(StateError::TooLarge { what: "a blob".to_owned(), bytes, max: BLOB_BYTES_MAX });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_back_end_takes_is_refused_before_it_is_asked() {
        let key = |name: &str| Key::new("test", name).unwrap();
        let put = |name: &str, text: &str| Change::put(key(name), text, Expect::Anything);
        let many: Vec<_> = (0..=CHANGES_MAX).map(|number| put(&number.to_string(), "")).collect();
        check(&many[1..]).unwrap();
        check(&[put("a", &"x".repeat(DOCUMENT_BYTES_MAX)), Change::only_if(key("b"), Expect::Absent)]).unwrap();
        assert!(matches!(check(&many), Err(StateError::Changes { .. })));
        assert!(matches!(check(&[]), Err(StateError::Changes { .. })));
        assert!(matches!(check(&[put("a", ""), put("a", "")]), Err(StateError::Twice(_))));
        assert!(matches!(check(&[put("a", "x\0")]), Err(StateError::Nul(_))));
        let long = "x".repeat(DOCUMENT_BYTES_MAX + 1);
        assert!(matches!(check(&[put("a", &long)]), Err(StateError::TooLarge { .. })));
        assert!(matches!(check_blob(BLOB_BYTES_MAX + 1), Err(StateError::TooLarge { .. })));
        check_blob(BLOB_BYTES_MAX).unwrap();
    }

    #[test]
    fn an_expectation_looks_at_what_is_there() {
        let (none, seven) = (None, Some(Revision(7)));
        for (expect, of_none, of_seven) in [
            (Expect::Anything, true, true),
            (Expect::Absent, true, false),
            (Expect::Present, false, true),
            (Expect::At(Revision(7)), false, true),
            (Expect::At(Revision(6)), false, false),
        ] {
            assert_eq!((expect.is_met(none), expect.is_met(seven)), (of_none, of_seven), "{expect:?}");
        }
    }
}
