// SPDX-License-Identifier: MIT OR Apache-2.0
//! Values between the component's types and the session's. Texts and bytes are moved, never copied.

use super::wit;
use crate::session::{Parameters, Rows, SqlError, Value};
use crate::statement::Statement;

/// The parameters of one run of a statement.
pub(super) fn parameters(statement: &Statement, given: Vec<wit::Value>) -> Result<Parameters, SqlError> {
    let (needed, count) = (usize::from(statement.placeholders()), given.len());
    if needed != count {
        return Err(SqlError::Parameter(format!(
            "the statement has {needed} placeholders, {count} parameters are given"
        )));
    }
    let numbered = given.into_iter().zip(1_usize..);
    numbered.map(|(value, number)| parameter(value, number)).collect()
}

fn parameter(value: wit::Value, number: usize) -> Result<Value, SqlError> {
    let fault = |what| Err(SqlError::Parameter(format!("parameter {number} is {what}")));
    Ok(match value {
        wit::Value::Null => Value::Null,
        wit::Value::Boolean(truth) => Value::Boolean(truth),
        wit::Value::Integer(integer) => Value::Integer(integer),
        wit::Value::Real(real) if !real.is_finite() => {
            return fault("no finite number: SQL has no NaN and no infinity");
        }
        wit::Value::Real(real) => Value::Real(real),
        wit::Value::Text(text) if text.contains('\0') => return fault("a text with U+0000: pass it as a blob"),
        wit::Value::Text(text) => Value::Text(text),
        wit::Value::Blob(bytes) => Value::Blob(bytes),
    })
}

/// The answer to a query.
pub(super) fn rows(rows: Rows) -> wit::Rows {
    let Rows { columns, rows } = rows;
    let value = |value| match value {
        Value::Null => wit::Value::Null,
        Value::Boolean(truth) => wit::Value::Integer(i64::from(truth)),
        Value::Integer(integer) => wit::Value::Integer(integer),
        Value::Real(real) => wit::Value::Real(real),
        Value::Text(text) => wit::Value::Text(text),
        Value::Blob(bytes) => wit::Value::Blob(bytes),
    };
    wit::Rows { columns, rows: rows.into_iter().map(|row| row.into_iter().map(value).collect()).collect() }
}
