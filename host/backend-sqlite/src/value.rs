// SPDX-License-Identifier: MIT OR Apache-2.0
//! Values between the contract and the engine.

use cap_storage::{SqlError, Value};
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};

/// What a value costs in a component's memory beside its text or bytes: a tag and eight bytes, aligned to eight.
const VALUE_BYTES: u64 = 16;

/// A checked parameter, bound without a copy of ours.
pub(crate) struct Bound<'a>(&'a Value);

impl<'a> Bound<'a> {
    /// Checks that the value is one that SQL can hold.
    pub(crate) fn new(index: usize, value: &'a Value) -> Result<Self, SqlError> {
        let number = index.saturating_add(1);
        match value {
            Value::Real(real) if !real.is_finite() => {
                Err(SqlError::Parameter(format!("parameter {number} is `{real}`: only finite numbers can be stored")))
            }
            Value::Text(text) if text.as_bytes().contains(&0) => {
                Err(SqlError::Parameter(format!("parameter {number} is a text that holds U+0000: use a blob")))
            }
            _ => Ok(Self(value)),
        }
    }
}

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::Boolean(truth) => ValueRef::Integer(i64::from(*truth)),
            Value::Integer(integer) => ValueRef::Integer(*integer),
            Value::Real(real) => ValueRef::Real(*real),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// The size of a value of a row, as it counts against the byte budget.
pub(crate) fn size_bytes(value: ValueRef<'_>) -> u64 {
    let payload = match value {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.len() as u64,
        ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => 0,
    };
    payload.saturating_add(VALUE_BYTES)
}

/// The size of a parameter, as it counts in the redo log.
pub(crate) fn parameter_bytes(value: &Value) -> usize {
    let payload = match value {
        Value::Text(text) => text.len(),
        Value::Blob(bytes) => bytes.len(),
        Value::Null | Value::Boolean(_) | Value::Integer(_) | Value::Real(_) => 0,
    };
    payload.saturating_add(size_of::<Value>())
}

/// A value of a row.
pub(crate) fn from_engine(value: ValueRef<'_>) -> Result<Value, SqlError> {
    match value {
        ValueRef::Null => Ok(Value::Null),
        ValueRef::Integer(integer) => Ok(Value::Integer(integer)),
        ValueRef::Real(real) if real.is_finite() => Ok(Value::Real(real)),
        ValueRef::Real(_) => Err(SqlError::Arithmetic("the result is no finite number".into())),
        ValueRef::Blob(bytes) => Ok(Value::Blob(bytes.to_vec())),
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) if !bytes.contains(&0) => Ok(Value::Text(text.to_owned())),
            _ => Err(SqlError::Refused {
                message: "a column yields bytes that are no text: do not cast a blob to text".into(),
                position: None,
            }),
        },
    }
}
