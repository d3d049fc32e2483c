// SPDX-License-Identifier: MIT OR Apache-2.0
//! Posted entries, as they are read back. Nothing here changes one.

use super::date::Date;
use super::entry::Line;

/// What of a posted entry stands in lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// Its identifier.
    pub(crate) id: i64,
    /// Its journal.
    pub(crate) journal: String,
    /// Its fiscal year.
    pub(crate) fiscal_year: String,
    /// Its number in its journal and fiscal year.
    pub(crate) number: i64,
    /// Its period.
    pub(crate) period: String,
    /// The posting date.
    pub(crate) date: Date,
    /// What happened.
    pub(crate) description: String,
    /// The date of the document.
    pub(crate) document_date: Option<Date>,
    /// The number of the document.
    pub(crate) reference: Option<String>,
    /// The caller's own identifier.
    pub(crate) external_id: Option<String>,
    /// The entry that this one reverses.
    pub(crate) reversal_of: Option<i64>,
    /// The entry that reverses this one.
    pub(crate) reversed_by: Option<i64>,
}

/// A posted entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Posted {
    /// What stands in lists.
    pub(crate) head: Head,
    /// When it was posted.
    pub(crate) posted_at: String,
    /// Who posted it.
    pub(crate) posted_by: String,
    /// Who last changed the draft that it comes from.
    pub(crate) drafted_by: Option<String>,
    /// The lines.
    pub(crate) lines: Vec<Line>,
}
