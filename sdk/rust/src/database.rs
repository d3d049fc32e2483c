// SPDX-License-Identifier: MIT OR Apache-2.0
//! Statements over the component's own tables. Thin: the words of `cortex:storage/sql` with rows that can be read.

use crate::problem::Problem;
use crate::row::{Row, Rows};
use crate::sql::{self, Error, Savepoint};
use crate::value::Value;

/// Runs a statement that returns rows.
///
/// # Errors
/// As `cortex:storage/sql#query` says.
pub fn query(statement: &str, parameters: &[Value]) -> Result<Rows, Error> {
    sql::query(statement, parameters).map(Rows::from)
}

/// Runs a statement that returns a row or none; rows after the first are an error.
///
/// # Errors
/// As [`query`]; a problem of kind `internal` where there are several rows.
pub fn query_optional(statement: &str, parameters: &[Value]) -> Result<Option<Row>, Problem> {
    let mut rows = query(statement, parameters)?.into_iter();
    let first = rows.next();
    match rows.next() {
        None => Ok(first),
        Some(_) => Err(Problem::internal("unexpected-row", "the statement returned more than one row")),
    }
}

/// Runs a statement that returns exactly one row, such as an aggregate without GROUP BY.
///
/// # Errors
/// As [`query`]; a problem of kind `internal` where there is another number of rows.
pub fn query_one(statement: &str, parameters: &[Value]) -> Result<Row, Problem> {
    query_optional(statement, parameters)?
        .ok_or_else(|| Problem::internal("unexpected-row", "the statement returned no row"))
}

/// Runs a change; returns how many rows it touched.
///
/// # Errors
/// As `cortex:storage/sql#execute` says.
pub fn execute(statement: &str, parameters: &[Value]) -> Result<u64, Error> {
    sql::execute(statement, parameters)
}

/// Runs a change once for each list of parameters, all or none; returns how many rows it touched in all.
///
/// # Errors
/// As `cortex:storage/sql#execute-many` says.
pub fn execute_many(statement: &str, parameters: &[Vec<Value>]) -> Result<u64, Error> {
    sql::execute_many(statement, parameters)
}

/// Does the work within a savepoint: kept where it returns ok, undone where it returns an error.
///
/// # Errors
/// The work's own; and where the savepoint cannot be opened, kept or undone.
pub fn in_savepoint<T, E: From<Error>>(work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    let savepoint = Savepoint::open()?;
    match work() {
        Ok(value) => {
            Savepoint::release(savepoint)?;
            Ok(value)
        }
        Err(error) => {
            Savepoint::rollback(savepoint)?;
            Err(error)
        }
    }
}
