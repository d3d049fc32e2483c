// SPDX-License-Identifier: MIT OR Apache-2.0
//! Values between the contract and the wire.

use cap_storage::{SqlError, Value};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{Arguments as _, Column as _, Decode, Postgres, Row as _, Type, TypeInfo as _, ValueRef as _};

/// What a value costs in a component's memory beside its text or bytes: a tag and eight bytes, aligned to eight.
const VALUE_BYTES: u64 = 16;

/// Checks that the values are such that SQL can hold, and as many as are wanted.
pub(crate) fn check(parameters: &[Value], wanted: u16) -> Result<(), SqlError> {
    let (given, wanted) = (parameters.len(), usize::from(wanted));
    if given != wanted {
        return Err(SqlError::Parameter(format!("{given} parameters are given, the statement takes {wanted}")));
    }
    for (value, number) in parameters.iter().zip(1_usize..) {
        match value {
            Value::Real(real) if !real.is_finite() => {
                let text = format!("parameter {number} is `{real}`: only finite numbers can be stored");
                return Err(SqlError::Parameter(text));
            }
            Value::Text(text) if text.as_bytes().contains(&0) => {
                let text = format!("parameter {number} is a text that holds U+0000: use a blob");
                return Err(SqlError::Parameter(text));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The values in the form of the wire. A NULL is bound too, so that the others keep their numbers.
pub(crate) fn bind(parameters: &[Value]) -> Result<PgArguments, SqlError> {
    let mut arguments = PgArguments::default();
    for value in parameters {
        let added = match value {
            Value::Null => arguments.add(None::<&str>),
            Value::Boolean(truth) => arguments.add(truth),
            Value::Integer(integer) => arguments.add(integer),
            Value::Real(real) => arguments.add(real),
            Value::Text(text) => arguments.add(text.as_str()),
            Value::Blob(bytes) => arguments.add(bytes.as_slice()),
        };
        added.map_err(|error| SqlError::Parameter(error.to_string()))?;
    }
    Ok(arguments)
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

/// The size of a value of a row, as it counts against the byte budget.
pub(crate) fn size_bytes(value: &Value) -> u64 {
    let payload = match value {
        Value::Text(text) => text.len() as u64,
        Value::Blob(bytes) => bytes.len() as u64,
        Value::Null | Value::Boolean(_) | Value::Integer(_) | Value::Real(_) => 0,
    };
    payload.saturating_add(VALUE_BYTES)
}

/// The names of a row's columns.
pub(crate) fn names(row: &PgRow) -> Vec<String> {
    row.columns().iter().map(|column| column.name().to_owned()).collect()
}

/// A value of a row, of one of the types that a statement of the subset can return. Truth values come back as integers, as
/// they do from the embedded database.
pub(crate) fn from_row(row: &PgRow, index: usize) -> Result<Value, SqlError> {
    let raw = row.try_get_raw(index).map_err(|error| SqlError::Unavailable(error.to_string()))?;
    if raw.is_null() {
        return Ok(Value::Null);
    }
    let name = raw.type_info().name().to_owned();
    match name.as_str() {
        "INT8" => Ok(Value::Integer(decoded(row, index)?)),
        "INT4" => Ok(Value::Integer(i64::from(decoded::<i32>(row, index)?))),
        "INT2" => Ok(Value::Integer(i64::from(decoded::<i16>(row, index)?))),
        "BOOL" => Ok(Value::Integer(i64::from(decoded::<bool>(row, index)?))),
        "FLOAT8" => real(decoded(row, index)?),
        "FLOAT4" => real(f64::from(decoded::<f32>(row, index)?)),
        "TEXT" | "VARCHAR" | "BPCHAR" | "NAME" | "UNKNOWN" => Ok(Value::Text(decoded(row, index)?)),
        "BYTEA" => Ok(Value::Blob(decoded(row, index)?)),
        other => {
            let message = format!("a column yields `{}`, which is no type of the subset", other.to_ascii_lowercase());
            Err(SqlError::Refused { message, position: None })
        }
    }
}

fn real(real: f64) -> Result<Value, SqlError> {
    if real.is_finite() {
        Ok(Value::Real(real))
    } else {
        Err(SqlError::Arithmetic("the result is no finite number".into()))
    }
}

fn decoded<'r, T: Decode<'r, Postgres> + Type<Postgres>>(row: &'r PgRow, index: usize) -> Result<T, SqlError> {
    row.try_get_unchecked(index).map_err(|error| SqlError::Unavailable(error.to_string()))
}
