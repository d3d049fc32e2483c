// SPDX-License-Identifier: MIT OR Apache-2.0
//! The databases that statements are written for, and the grammar that components write in.

/// The database that rewritten statements are meant for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// SQLite 3.44 or newer.
    Sqlite,
    /// PostgreSQL 15 or newer, one schema for each tenant and component.
    Postgres,
}

/// What sqlparser is told of the language that components write: names are ASCII and plain, or in double quotes; every
/// extension that a dialect must ask for stays off.
#[derive(Debug)]
pub(crate) struct Grammar;

impl sqlparser::dialect::Dialect for Grammar {
    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        ch == '"'
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        ch.is_ascii_alphabetic() || ch == '_'
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        ch.is_ascii_alphanumeric() || ch == '_'
    }

    fn supports_filter_during_aggregation(&self) -> bool {
        true
    }

    /// Read in order to be refused: what sqlparser is not told of here it would read over.
    fn supports_asc_desc_in_column_definition(&self) -> bool {
        true
    }

    fn supports_comma_separated_trim(&self) -> bool {
        true
    }
}
