// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a storage back end implements: one open transaction on one tenant's database.

use crate::statement::Statement;
use kernel_types::ComponentId;
use std::time::Duration;

pub use kernel_engine::BoxFuture;

/// A value of the portable subset.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// SQL NULL.
    Null,
    /// A truth value; stored as 0 or 1 where the engine has no type of its own.
    Boolean(bool),
    /// A signed 64-bit integer.
    Integer(i64),
    /// A finite IEEE 754 double.
    Real(f64),
    /// UTF-8 text without U+0000.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

/// The parameters of one statement.
pub type Parameters = Vec<Value>;

/// The answer to a query.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// The names of the columns, in order.
    pub columns: Vec<String>,
    /// The rows, each with one value per column.
    pub rows: Vec<Vec<Value>>,
}

/// Which rule of a table a statement broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConstraintKind {
    /// A primary key or unique index already holds the value.
    Unique,
    /// A referenced row is missing, or a referenced row would go.
    ForeignKey,
    /// NULL in a column that must hold a value.
    NotNull,
    /// A CHECK expression is false.
    Check,
    /// A value of another type than the column's.
    DataType,
}

/// Why a statement failed. The same set on every back end; table names are the component's own.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SqlError {
    /// The statement cannot be parsed, or names what does not exist.
    #[error("{message}")]
    Syntax {
        /// What is wrong.
        message: String,
        /// Offset in the component's statement in bytes, where known.
        position: Option<u32>,
    },
    /// The statement is outside the portable subset, or a change in an operation that only reads.
    #[error("{message}")]
    Refused {
        /// What is refused and what to write instead.
        message: String,
        /// Offset in the component's statement in bytes, where known.
        position: Option<u32>,
    },
    /// The parameters do not fit the statement.
    #[error("{0}")]
    Parameter(String),
    /// A rule of a table is broken.
    #[error("{kind:?} constraint of `{table}` on {columns:?} is broken")]
    Constraint {
        /// The class of the rule.
        kind: ConstraintKind,
        /// The table as the component named it; empty where the engine does not say.
        table: String,
        /// The columns; empty where the engine does not say.
        columns: Vec<String>,
    },
    /// An integer overflow or a division by zero.
    #[error("{0}")]
    Arithmetic(String),
    /// The budget is used up; `limit` names it as the manifest does.
    #[error("`{limit}` is used up: more than {value}")]
    LimitExceeded {
        /// The limit's name in the manifest.
        limit: &'static str,
        /// The limit's value.
        value: u64,
    },
    /// The database cannot answer now; the unit of work will not commit.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
}

/// What is left for a component's statements in this invocation. The session counts down what it uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Rows that may still be returned.
    pub rows: u64,
    /// Bytes of values that may still be returned, counted against `result-bytes-max`: they will be copied into the
    /// component's memory.
    pub bytes: u64,
    /// Time that the engine may still spend.
    pub time: Duration,
}

/// A step of a savepoint. They nest; `depth` counts from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SavepointStep {
    /// Opens the savepoint at this depth.
    Open {
        /// Its depth.
        depth: u32,
    },
    /// Keeps the changes since `Open`.
    Release {
        /// Its depth.
        depth: u32,
    },
    /// Undoes the changes since `Open`.
    Rollback {
        /// Its depth.
        depth: u32,
    },
}

/// One open transaction (or snapshot) of one tenant. Statements arrive parsed, checked and rewritten.
///
/// An implementation enforces the second wall by itself: whatever a statement says, the engine lets `component` reach its
/// own tables only (SQLite: the authorizer; PostgreSQL: the role).
pub trait Session: Send {
    /// Runs a statement that returns rows.
    fn query<'a>(
        &'a mut self,
        component: &'a ComponentId,
        statement: &'a Statement,
        parameters: &'a [Value],
        budget: &'a mut Budget,
    ) -> BoxFuture<'a, Result<Rows, SqlError>>;

    /// Runs a change once per list of parameters, all or none; returns how many rows it touched in all.
    fn execute<'a>(
        &'a mut self,
        component: &'a ComponentId,
        statement: &'a Statement,
        parameters: &'a [Parameters],
        budget: &'a mut Budget,
    ) -> BoxFuture<'a, Result<u64, SqlError>>;

    /// Takes a step of a savepoint.
    fn savepoint(&mut self, step: SavepointStep) -> BoxFuture<'_, Result<(), SqlError>>;
}
