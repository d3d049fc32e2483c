// SPDX-License-Identifier: MIT OR Apache-2.0
//! SQLite in memory with the component's own migrations, in the place of `cortex:storage`. Each call of the component runs in a
//! savepoint that is rolled back where the call is refused, as the host does it.

use crate::bindings::cortex::storage::sql::{ConstraintKind, ConstraintViolation, Error, StatementProblem};
use crate::service::Host;
use crate::store::{Database, Value};
use rusqlite::types::{ToSqlOutput, Value as Sql, ValueRef};
use rusqlite::{Connection, ErrorCode, ToSql, params_from_iter};
use std::cell::RefCell;

thread_local! {
    static CURRENT: RefCell<TestDatabase> = RefCell::new(TestDatabase::new());
}

/// The database of this thread's test.
pub(crate) struct TestDatabase {
    pub(crate) connection: Connection,
    /// The statements of the component so far.
    pub(crate) statements: Vec<String>,
    /// The caller.
    pub(crate) subject: &'static str,
    /// The time of the request.
    pub(crate) now: &'static str,
    /// Makes the statement fail that begins so.
    pub(crate) fails: Option<&'static str>,
}

/// Gives the thread's database to the work.
pub(crate) fn with_current<T>(work: impl FnOnce(&mut TestDatabase) -> T) -> T {
    CURRENT.with_borrow_mut(work)
}

/// Begins a test with an empty database.
pub(crate) fn reset() {
    CURRENT.set(TestDatabase::new());
}

/// Runs a call of the component as the host does: a refusal changes nothing.
pub(crate) fn call<T, E>(work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    with_current(|database| database.connection.execute_batch("SAVEPOINT unit").expect("a savepoint"));
    let outcome = work();
    let end = if outcome.is_ok() { "RELEASE unit" } else { "ROLLBACK TO unit; RELEASE unit" };
    with_current(|database| database.connection.execute_batch(end).expect("the end of a savepoint"));
    outcome
}

/// The first column of the rows of a query, as integers.
pub(crate) fn integers(statement: &str) -> Vec<i64> {
    with_current(|database| {
        let mut prepared = database.connection.prepare(statement).expect(statement);
        let rows = prepared.query_map([], |row| row.get(0)).expect(statement);
        rows.collect::<Result<_, _>>().expect(statement)
    })
}

impl TestDatabase {
    fn new() -> Self {
        let connection = Connection::open_in_memory().expect("a database");
        // As the host makes them.
        let tables = include_str!("../../migrations/0001_ledger.sql").replace("\n);", "\n) STRICT, WITHOUT ROWID;");
        connection.execute_batch("PRAGMA foreign_keys = ON").expect("a pragma");
        connection.execute_batch(&tables).expect("the migration");
        Self { connection, statements: Vec::new(), subject: "anna", now: "2026-11-20T13:21:13.5Z", fails: None }
    }

    fn note(&mut self, statement: &str) -> Result<(), Error> {
        self.statements.push(statement.to_owned());
        match self.fails {
            Some(start) if statement.starts_with(start) => Err(Error::Unavailable("the disk is full".to_owned())),
            _ => Ok(()),
        }
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Owned(Sql::Null),
            Self::Boolean(value) => ToSqlOutput::Owned(Sql::Integer((*value).into())),
            Self::Integer(value) => ToSqlOutput::Owned(Sql::Integer(*value)),
            Self::Real(value) => ToSqlOutput::Owned(Sql::Real(*value)),
            Self::Text(value) => ToSqlOutput::Borrowed(ValueRef::Text(value.as_bytes())),
            Self::Blob(value) => ToSqlOutput::Borrowed(ValueRef::Blob(value)),
        })
    }
}

fn value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(value) => Value::Integer(value),
        ValueRef::Real(value) => Value::Real(value),
        ValueRef::Text(value) => Value::Text(String::from_utf8(value.to_vec()).expect("UTF-8")),
        ValueRef::Blob(value) => Value::Blob(value.to_vec()),
    }
}

fn error(error: rusqlite::Error) -> Error {
    let rusqlite::Error::SqliteFailure(failure, message) = &error else {
        return Error::Syntax(StatementProblem { message: error.to_string(), position: None });
    };
    let message = message.clone().unwrap_or_default();
    let broken = |kind| {
        let named = message.rsplit(": ").next().unwrap_or_default();
        Error::Constraint(ConstraintViolation {
            kind,
            table: named.split('.').next().unwrap_or_default().to_owned(),
            columns: vec![],
        })
    };
    match (failure.code, failure.extended_code) {
        (ErrorCode::ConstraintViolation, rusqlite::ffi::SQLITE_CONSTRAINT_CHECK) => {
            // SQLite names the expression, not the table, and so the host does not know it either.
            Error::Constraint(ConstraintViolation {
                kind: ConstraintKind::Check,
                table: String::new(),
                columns: vec![],
            })
        }
        (ErrorCode::ConstraintViolation, rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY) => {
            broken(ConstraintKind::ForeignKey)
        }
        (ErrorCode::ConstraintViolation, rusqlite::ffi::SQLITE_CONSTRAINT_NOTNULL) => broken(ConstraintKind::NotNull),
        (ErrorCode::ConstraintViolation, rusqlite::ffi::SQLITE_CONSTRAINT_DATATYPE) => broken(ConstraintKind::DataType),
        (ErrorCode::ConstraintViolation, _) => broken(ConstraintKind::Unique),
        _ if message.contains("integer overflow") => Error::Arithmetic(message),
        _ => Error::Syntax(StatementProblem { message, position: None }),
    }
}

impl Database for TestDatabase {
    fn query(&mut self, statement: &str, parameters: &[Value]) -> Result<Vec<Vec<Value>>, Error> {
        self.note(statement)?;
        let mut prepared = self.connection.prepare_cached(statement).map_err(error)?;
        let columns = prepared.column_count();
        let read = |row: &rusqlite::Row<'_>| (0..columns).map(|column| row.get_ref(column).map(value)).collect();
        let rows = prepared.query_map(params_from_iter(parameters), read).map_err(error)?;
        rows.collect::<Result<_, _>>().map_err(error)
    }

    fn execute(&mut self, statement: &str, parameters: &[Value]) -> Result<u64, Error> {
        self.note(statement)?;
        let mut prepared = self.connection.prepare_cached(statement).map_err(error)?;
        prepared.execute(params_from_iter(parameters)).map(|rows| rows as u64).map_err(error)
    }

    fn execute_many(&mut self, statement: &str, parameters: &[Vec<Value>]) -> Result<u64, Error> {
        self.note(statement)?;
        let mut prepared = self.connection.prepare_cached(statement).map_err(error)?;
        let mut touched = 0;
        for row in parameters {
            touched += prepared.execute(params_from_iter(row)).map_err(error)? as u64;
        }
        Ok(touched)
    }
}

impl Host for TestDatabase {
    fn now(&mut self) -> String {
        self.now.to_owned()
    }

    fn subject(&mut self) -> String {
        self.subject.to_owned()
    }
}
