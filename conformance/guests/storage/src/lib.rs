// SPDX-License-Identifier: MIT OR Apache-2.0
//! A component that runs the statements that a test gives it, and returns what came of each.

mod bindings {
    wit_bindgen::generate!({
        path: ["../../../wit/types-1.0.0", "../../../wit/storage-1.0.0", "wit"],
        world: "cortex:storage-cases/guest",
        generate_all,
    });
}

use bindings::cortex::storage::sql;
use bindings::exports::cortex::storage_cases::cases::{Failure, Guest, Outcome, Statement, Step, Table, Value};

struct Cases;

impl Guest for Cases {
    fn run(steps: Vec<Step>) -> Vec<Outcome> {
        take(steps)
    }

    fn run_and_undo(steps: Vec<Step>) -> Result<(), Vec<Outcome>> {
        Err(take(steps))
    }
}

fn take(steps: Vec<Step>) -> Vec<Outcome> {
    let mut open = Vec::new();
    steps.into_iter().map(|step| one(step, &mut open).unwrap_or_else(|error| Outcome::Failed(failure(error)))).collect()
}

fn one(step: Step, open: &mut Vec<sql::Savepoint>) -> Result<Outcome, sql::Error> {
    match step {
        Step::Query(statement) => {
            let parameters = lists(&statement).into_iter().next().unwrap_or_default();
            let sql::Rows { columns, rows } = sql::query(&statement.sql, &parameters)?;
            let rows = rows.into_iter().map(|row| row.into_iter().map(outside).collect()).collect();
            Ok(Outcome::Rows(Table { columns, rows }))
        }
        Step::Execute(statement) => {
            let lists = lists(&statement);
            let touched = match lists.as_slice() {
                [only] => sql::execute(&statement.sql, only)?,
                many => sql::execute_many(&statement.sql, many)?,
            };
            Ok(Outcome::Touched(touched))
        }
        Step::Open => {
            open.push(sql::Savepoint::open()?);
            Ok(Outcome::Done)
        }
        Step::Keep => open.pop().map_or(Ok(()), sql::Savepoint::release).map(|()| Outcome::Done),
        Step::Undo => open.pop().map_or(Ok(()), sql::Savepoint::rollback).map(|()| Outcome::Done),
    }
}

fn lists(statement: &Statement) -> Vec<Vec<sql::Value>> {
    statement.parameters.iter().map(|list| list.iter().cloned().map(inside).collect()).collect()
}

fn inside(value: Value) -> sql::Value {
    match value {
        Value::Null => sql::Value::Null,
        Value::Boolean(truth) => sql::Value::Boolean(truth),
        Value::Integer(integer) => sql::Value::Integer(integer),
        Value::Real(real) => sql::Value::Real(real),
        Value::Text(text) => sql::Value::Text(text),
        Value::Blob(bytes) => sql::Value::Blob(bytes),
    }
}

fn outside(value: sql::Value) -> Value {
    match value {
        sql::Value::Null => Value::Null,
        sql::Value::Boolean(truth) => Value::Boolean(truth),
        sql::Value::Integer(integer) => Value::Integer(integer),
        sql::Value::Real(real) => Value::Real(real),
        sql::Value::Text(text) => Value::Text(text),
        sql::Value::Blob(bytes) => Value::Blob(bytes),
    }
}

fn failure(error: sql::Error) -> Failure {
    let told = |kind: &str, text: String| Failure { kind: kind.into(), text, columns: Vec::new() };
    match error {
        sql::Error::Syntax(problem) => told("syntax", problem.message),
        sql::Error::Refused(problem) => told("refused", problem.message),
        sql::Error::Parameter(text) => told("parameter", text),
        sql::Error::Arithmetic(text) => told("arithmetic", text),
        sql::Error::LimitExceeded(text) => told("limit-exceeded", text),
        sql::Error::Unavailable(text) => told("unavailable", text),
        sql::Error::Constraint(sql::ConstraintViolation { kind, table, columns }) => {
            let kind = match kind {
                sql::ConstraintKind::Unique => "unique",
                sql::ConstraintKind::ForeignKey => "foreign-key",
                sql::ConstraintKind::NotNull => "not-null",
                sql::ConstraintKind::Check => "check",
                sql::ConstraintKind::DataType => "data-type",
            };
            Failure { kind: kind.into(), text: table, columns }
        }
    }
}

#[expect(unsafe_code, reason = "the canonical ABI's glue, generated")]
mod exported {
    use super::Cases;
    super::bindings::export!(Cases with_types_in super::bindings);
}
