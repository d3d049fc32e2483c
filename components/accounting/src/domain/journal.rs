// SPDX-License-Identifier: MIT OR Apache-2.0
//! Journals, the books of original entry.

use super::problem::{At, Faults, quote};
use super::text::{NAME_CHARACTERS_MAX, check_name, check_short_code};
use std::collections::BTreeSet;

/// Journals of one ledger: each has numbers to keep and all are listed in one answer.
pub(crate) const JOURNALS_MAX: usize = 500;

/// A journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Journal {
    /// Its code.
    pub(crate) code: String,
    /// Its name.
    pub(crate) name: String,
}

/// Checks a journal that is to be created.
pub(crate) fn check(journal: &Journal, taken: &BTreeSet<String>, at: &At<'_>, faults: &mut Faults) {
    check_short_code(&journal.code, &at.key("code"), faults);
    if taken.contains(&journal.code) {
        faults.conflict(
            &at.key("code"),
            "journal-exists",
            format!("there is a journal {} already", quote(&journal.code)),
        );
    }
    if taken.len() >= JOURNALS_MAX {
        faults.conflict(
            &at.key("code"),
            "too-many-journals",
            format!("the ledger has {JOURNALS_MAX} journals, the most that it can have"),
        );
    }
    check_name(&journal.name, NAME_CHARACTERS_MAX, &at.key("name"), faults);
}
