// SPDX-License-Identifier: MIT OR Apache-2.0
//! A document as it was read.

use crate::key::Key;
use std::fmt;
use std::sync::Arc;

/// A point in the life of a store: each commit has the next one. Zero is before the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub u64);

impl Revision {
    /// The one after it.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// What it is found by.
    pub key: Key,
    /// The commit that wrote or removed it.
    pub revision: Revision,
    /// What it says; [`None`] where it was removed. Removed ones are told of for ever, so that nobody who was away for
    /// long goes on with them.
    pub text: Option<Arc<str>>,
}

/// What changed after a revision.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The documents, each as it is now, in the order of their revisions.
    pub documents: Vec<Document>,
    /// Up to where this answer tells everything: what to ask with next.
    pub upto: Revision,
    /// Whether there is more to be asked for at once.
    pub more: bool,
    /// The newest revision of the store, read before the documents. One below the revision that was asked with says
    /// that the store went back: it was restored from a backup, or a copy took over that had not heard of everything.
    /// What is known of it is then worth nothing, and everything is asked for anew.
    pub newest: Revision,
}

impl Changes {
    /// An answer from what a back end found after a revision, in the order of their revisions: at most one document
    /// more than a page has. A page that is not the last ends with a whole commit; the last one tells up to the newest
    /// revision, which the back end read before.
    #[must_use]
    pub fn page(mut found: Vec<Document>, after: Revision, newest: Revision, page_max: usize) -> Self {
        let more = found.len() > page_max;
        if more {
            // The last commit may go on beyond the page; its documents come with the next one.
            let last = found.last().map_or(after, |document| document.revision);
            found.retain(|document| document.revision < last);
        }
        let last = found.last().map_or(after, |document| document.revision);
        let upto = if more { last } else { last.max(newest) };
        Self { documents: found, upto, more, newest }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_ends_with_a_whole_commit() {
        let page = |revisions: &[u64], newest: u64| {
            let found = revisions.iter().map(|revision| Document {
                key: Key::new("x", "y").unwrap(),
                revision: Revision(*revision),
                text: None,
            });
            let page = Changes::page(found.collect(), Revision(2), Revision(newest), 3);
            (page.documents.len(), page.upto.0, page.more)
        };
        assert_eq!(page(&[], 2), (0, 2, false));
        assert_eq!(page(&[], 7), (0, 7, false));
        assert_eq!(page(&[3, 4, 4], 3), (3, 4, false));
        assert_eq!(page(&[3, 4, 4], 6), (3, 6, false));
        assert_eq!(page(&[3, 4, 4, 4], 6), (1, 3, true));
        assert_eq!(page(&[3, 4, 4, 5], 6), (3, 4, true));
    }
}
