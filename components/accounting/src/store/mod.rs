// SPDX-License-Identifier: MIT OR Apache-2.0
//! The ledger's tables: every SQL statement of the component stands in this folder. No rules: what may be written was decided before.

pub(crate) mod accounts;
pub(crate) mod balances;
pub(crate) mod calendar;
pub(crate) mod commodities;
pub(crate) mod drafts;
pub(crate) mod entries;
pub(crate) mod journals;
pub(crate) mod lines;
pub(crate) mod rates;
mod row;
pub(crate) mod settings;

pub(crate) use crate::bindings::cortex::storage::sql::Value;
use crate::bindings::cortex::storage::sql::{ConstraintKind, Error};
use crate::domain::problem::{Answer, Kind, Problem};
pub(crate) use row::Row;

/// Rows of one `execute-many`: a few megabytes of parameters.
const ROWS_AT_ONCE_MAX: usize = 5_000;
/// Values of one `IN`: well under the placeholders that a statement may have.
const VALUES_AT_ONCE_MAX: usize = 512;

/// The database as the component sees it, `cortex:storage/sql` or a stand-in of the tests.
pub(crate) trait Database {
    /// Runs a statement that returns rows.
    fn query(&mut self, statement: &str, parameters: &[Value]) -> Result<Vec<Vec<Value>>, Error>;
    /// Runs a change; returns the rows touched.
    fn execute(&mut self, statement: &str, parameters: &[Value]) -> Result<u64, Error>;
    /// Runs a change once for each list of parameters; returns the rows touched.
    fn execute_many(&mut self, statement: &str, parameters: &[Vec<Value>]) -> Result<u64, Error>;
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Constraint(violation) if violation.kind == ConstraintKind::Unique => Self::conflict(
                "changed-meanwhile",
                "another request made the same at the same time; repeat the request",
            ),
            Error::Arithmetic(text) => Self::internal(text),
            Error::LimitExceeded(text) => Self::new(Kind::LimitExceeded, "limit-exceeded", text),
            Error::Unavailable(_) => {
                Self::new(Kind::Unavailable, "unavailable", "the ledger's database cannot answer now; try again")
            }
            Error::Constraint(violation) => {
                Self::internal(format!("a rule of the table `{}` is broken: {:?}", violation.table, violation.kind))
            }
            Error::Syntax(problem) | Error::Refused(problem) => Self::internal(problem.message),
            Error::Parameter(text) => Self::internal(text),
        }
    }
}

/// Runs a query and reads each row.
pub(crate) fn select<T>(
    database: &mut dyn Database,
    statement: &str,
    parameters: &[Value],
    read: impl FnMut(&mut Row) -> Answer<T>,
) -> Answer<Vec<T>> {
    let mut read = read;
    let rows = database.query(statement, parameters)?;
    rows.into_iter().map(|row| read(&mut Row::from(row))).collect()
}

/// Runs a query `... WHERE column IN (` for some values, closed by `)`. Lengths are padded to powers of two, so that the host caches
/// few statements.
pub(crate) fn select_in<T>(
    database: &mut dyn Database,
    statement: &str,
    values: impl IntoIterator<Item = Value>,
    read: impl FnMut(&mut Row) -> Answer<T>,
) -> Answer<Vec<T>> {
    select_in_then(database, statement, values, "", read)
}

/// The same with a rest of the statement behind the `)`. Values must be different: a group must lie in one piece.
pub(crate) fn select_in_then<T>(
    database: &mut dyn Database,
    statement: &str,
    values: impl IntoIterator<Item = Value>,
    rest: &str,
    mut read: impl FnMut(&mut Row) -> Answer<T>,
) -> Answer<Vec<T>> {
    let values: Vec<Value> = values.into_iter().collect();
    let mut found = Vec::new();
    for chunk in values.chunks(VALUES_AT_ONCE_MAX) {
        let mut parameters = chunk.to_vec();
        if let Some(last) = chunk.last() {
            parameters.resize(chunk.len().next_power_of_two(), last.clone());
        }
        let places: Vec<String> = (1..=parameters.len()).map(|number| format!("?{number}")).collect();
        found.append(&mut select(
            database,
            &format!("{statement}{}){rest}", places.join(", ")),
            &parameters,
            &mut read,
        )?);
    }
    Ok(found)
}

/// Runs a change for many rows.
pub(crate) fn change_many(database: &mut dyn Database, statement: &str, rows: &[Vec<Value>]) -> Answer<()> {
    for chunk in rows.chunks(ROWS_AT_ONCE_MAX) {
        database.execute_many(statement, chunk)?;
    }
    Ok(())
}

/// Takes `count` identifiers of a kind; returns the first.
pub(crate) fn take_identifiers(database: &mut dyn Database, kind: &str, count: usize) -> Answer<i64> {
    let count = i64::try_from(count).map_err(|_| Problem::internal("too many identifiers at once"))?;
    let statement = "INSERT INTO identifiers (kind, last_id) VALUES (?1, ?2) \
        ON CONFLICT (kind) DO UPDATE SET last_id = last_id + excluded.last_id RETURNING last_id";
    let last = select(database, statement, &[kind.into(), count.into()], Row::integer)?;
    last.first().map(|last| last - count + 1).ok_or_else(|| Problem::internal("no identifier was given"))
}
