// SPDX-License-Identifier: MIT OR Apache-2.0
//! A statement that passed the portable subset and was rewritten into its component's namespace.

use std::sync::Arc;

/// What a statement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatementKind {
    /// Returns rows and changes nothing.
    Query,
    /// Changes rows and returns how many.
    Change,
    /// Changes rows and returns some of them (RETURNING).
    ChangeReturning,
}

/// A checked and rewritten statement. Only the subset's parser makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    pub(crate) sql: Arc<str>,
    pub(crate) kind: StatementKind,
    pub(crate) placeholders: u16,
}

impl Statement {
    /// The statement for the engine, with physical table names.
    #[must_use]
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// What it does.
    #[must_use]
    pub fn kind(&self) -> StatementKind {
        self.kind
    }

    /// The highest placeholder number; as many parameters are needed.
    #[must_use]
    pub fn placeholders(&self) -> u16 {
        self.placeholders
    }
}

#[cfg(feature = "danger-unchecked")]
impl Statement {
    /// A statement as it stands, checked by nothing: with the first wall out of the way, tests of back ends show that
    /// their second one holds. Only dev-dependencies switch the feature on.
    #[doc(hidden)]
    #[must_use]
    pub fn danger_unchecked(sql: &str, kind: StatementKind, placeholders: u16) -> Self {
        Self { sql: sql.into(), kind, placeholders }
    }
}
