// SPDX-License-Identifier: MIT OR Apache-2.0
//! Why a host function did not answer: an error that the component sees, or a trap that ends it.

use super::wit;
use crate::SqlError;
use crate::session::ConstraintKind;
use kernel_types::Limit;
use wasmtime::component::ResourceTableError;

/// What a host function ends with where it has no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The component is told.
    Told(SqlError),
    /// The component ends: a defect of the host, or a handle that is none.
    Trap(wasmtime::Error),
}

impl From<SqlError> for Failure {
    fn from(error: SqlError) -> Self {
        Self::Told(error)
    }
}

impl From<wasmtime::Error> for Failure {
    fn from(error: wasmtime::Error) -> Self {
        Self::Trap(error)
    }
}

impl From<ResourceTableError> for Failure {
    fn from(error: ResourceTableError) -> Self {
        Self::Trap(error.into())
    }
}

impl From<SqlError> for wit::Error {
    fn from(error: SqlError) -> Self {
        let problem = |message, position| wit::StatementProblem { message, position };
        match error {
            SqlError::Syntax { message, position } => Self::Syntax(problem(message, position)),
            SqlError::Refused { message, position } => Self::Refused(problem(message, position)),
            SqlError::Parameter(text) => Self::Parameter(text),
            SqlError::Constraint { kind, table, columns } => {
                Self::Constraint(wit::ConstraintViolation { kind: kind.into(), table, columns })
            }
            SqlError::Arithmetic(text) => Self::Arithmetic(text),
            SqlError::LimitExceeded { limit, value } => Self::LimitExceeded(limit_text(limit, value)),
            SqlError::Unavailable(text) => Self::Unavailable(text),
        }
    }
}

/// The text of a limit that is used up. What a session counts as bytes is `result-bytes-max`, whatever it calls them.
fn limit_text(limit: &str, left: u64) -> String {
    let known = [Limit::SqlRows, Limit::SqlMs].into_iter().find(|known| known.name() == limit);
    let limit = known.unwrap_or(Limit::ResultBytes);
    let unit = limit.unit();
    format!("`{limit}` is used up: the statement had {left} {unit} left; ask for less, or raise it in the manifest")
}

impl From<ConstraintKind> for wit::ConstraintKind {
    fn from(kind: ConstraintKind) -> Self {
        match kind {
            ConstraintKind::Unique => Self::Unique,
            ConstraintKind::ForeignKey => Self::ForeignKey,
            ConstraintKind::NotNull => Self::NotNull,
            ConstraintKind::Check => Self::Check,
            ConstraintKind::DataType => Self::DataType,
        }
    }
}
