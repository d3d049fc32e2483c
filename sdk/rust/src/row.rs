// SPDX-License-Identifier: MIT OR Apache-2.0
//! Rows with typed access by the column's name. A wrong name or type is a defect of the component, not of the caller: the
//! error becomes a problem of kind `internal`.

use crate::sql;
use crate::value::Value;
use std::fmt;
use std::rc::Rc;

/// The answer to a query.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows {
    columns: Rc<[String]>,
    rows: Vec<Vec<Value>>,
}

/// One row of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    columns: Rc<[String]>,
    values: Vec<Value>,
}

/// Why a column could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowError {
    /// The row has no column of that name.
    Missing {
        /// The name.
        column: String,
    },
    /// The value is of another type.
    Type {
        /// The column's name.
        column: String,
        /// What was asked for.
        expected: &'static str,
        /// What is there.
        found: &'static str,
    },
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { column } => write!(f, "the row has no column `{column}`"),
            Self::Type { column, expected, found } => write!(f, "column `{column}` holds {found}, not {expected}"),
        }
    }
}

impl std::error::Error for RowError {}

impl From<sql::Rows> for Rows {
    fn from(rows: sql::Rows) -> Self {
        Self { columns: rows.columns.into(), rows: rows.rows }
    }
}

impl Rows {
    /// How many rows there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

impl IntoIterator for Rows {
    type Item = Row;
    type IntoIter = RowsIterator;

    fn into_iter(self) -> RowsIterator {
        RowsIterator { columns: self.columns, rows: self.rows.into_iter() }
    }
}

/// The rows of an answer, one after another.
#[derive(Debug)]
pub struct RowsIterator {
    columns: Rc<[String]>,
    rows: std::vec::IntoIter<Vec<Value>>,
}

impl Iterator for RowsIterator {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        self.rows.next().map(|values| Row { columns: Rc::clone(&self.columns), values })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.rows.size_hint()
    }
}

impl Row {
    /// The value of a column.
    ///
    /// # Errors
    /// Where there is no such column, or its value is of another type.
    pub fn get<T: FromValue>(&self, column: &str) -> Result<T, RowError> {
        let missing = || RowError::Missing { column: column.to_owned() };
        let index = self.columns.iter().position(|name| name == column).ok_or_else(missing)?;
        let value = self.values.get(index).ok_or_else(missing)?;
        T::from_value(value).ok_or_else(|| RowError::Type {
            column: column.to_owned(),
            expected: T::EXPECTED,
            found: kind(value),
        })
    }

    /// A text.
    ///
    /// # Errors
    /// As [`Row::get`].
    pub fn text(&self, column: &str) -> Result<String, RowError> {
        self.get(column)
    }

    /// A signed 64-bit integer.
    ///
    /// # Errors
    /// As [`Row::get`].
    pub fn i64(&self, column: &str) -> Result<i64, RowError> {
        self.get(column)
    }

    /// A truth value: a boolean, or the integer 0 or 1 as which tables hold it.
    ///
    /// # Errors
    /// As [`Row::get`].
    pub fn bool(&self, column: &str) -> Result<bool, RowError> {
        self.get(column)
    }

    /// A text, or nothing where the column is NULL.
    ///
    /// # Errors
    /// As [`Row::get`].
    pub fn optional_text(&self, column: &str) -> Result<Option<String>, RowError> {
        self.get(column)
    }

    /// An integer, or nothing where the column is NULL.
    ///
    /// # Errors
    /// As [`Row::get`].
    pub fn optional_i64(&self, column: &str) -> Result<Option<i64>, RowError> {
        self.get(column)
    }
}

/// A type of Rust that a value of SQL can be read as.
pub trait FromValue: Sized {
    /// What is expected, for errors: `an integer`.
    const EXPECTED: &'static str;

    /// The value, where it is of this type.
    fn from_value(value: &Value) -> Option<Self>;
}

impl FromValue for String {
    const EXPECTED: &'static str = "a text";

    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        }
    }
}

impl FromValue for bool {
    const EXPECTED: &'static str = "a truth value";

    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Boolean(value) => Some(*value),
            Value::Integer(0) => Some(false),
            Value::Integer(1) => Some(true),
            _ => None,
        }
    }
}

impl FromValue for f64 {
    const EXPECTED: &'static str = "a real number";

    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Real(value) => Some(*value),
            _ => None,
        }
    }
}

impl FromValue for Vec<u8> {
    const EXPECTED: &'static str = "bytes";

    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Blob(bytes) => Some(bytes.clone()),
            _ => None,
        }
    }
}

impl<T: FromValue> FromValue for Option<T> {
    const EXPECTED: &'static str = T::EXPECTED;

    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            value => T::from_value(value).map(Some),
        }
    }
}

macro_rules! integers {
    ($($ty:ty => $expected:literal,)*) => {
        $(impl FromValue for $ty {
            const EXPECTED: &'static str = $expected;

            fn from_value(value: &Value) -> Option<Self> {
                match value {
                    Value::Integer(value) => Self::try_from(*value).ok(),
                    _ => None,
                }
            }
        })*
    };
}

integers! {
    i64 => "an integer",
    i32 => "an integer of 32 bits",
    u64 => "an integer that is not negative",
    u32 => "an integer of 32 bits that is not negative",
    u16 => "an integer of 16 bits that is not negative",
    u8 => "an integer from 0 to 255",
}

/// What a value is, for errors; the value itself may be a secret.
const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "NULL",
        Value::Boolean(_) => "a truth value",
        Value::Integer(_) => "an integer",
        Value::Real(_) => "a real number",
        Value::Text(_) => "a text",
        Value::Blob(_) => "bytes",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> Row {
        let columns = ["id", "name", "closed", "note", "large"].map(str::to_owned).to_vec();
        let large = Value::Integer(i64::MAX);
        let values = vec![Value::Integer(7), Value::Text("cash".into()), Value::Integer(1), Value::Null, large];
        let mut rows = Rows::from(sql::Rows { columns, rows: vec![values] });
        assert!((rows.len(), rows.is_empty()) == (1, false));
        rows = rows.clone();
        rows.into_iter().next().unwrap()
    }

    #[test]
    fn columns_are_read_by_name_as_the_type_that_is_asked_for() {
        let row = row();
        assert_eq!(row.i64("id"), Ok(7));
        assert_eq!(row.get::<u8>("id"), Ok(7));
        assert_eq!(row.text("name").as_deref(), Ok("cash"));
        assert_eq!(row.bool("closed"), Ok(true));
        assert_eq!(row.optional_text("note"), Ok(None));
        assert_eq!(row.optional_i64("id"), Ok(Some(7)));
        assert_eq!(row.get::<Option<Option<i64>>>("note"), Ok(None));
    }

    #[test]
    fn a_wrong_name_or_type_is_said() {
        fn check<T: FromValue + std::fmt::Debug>(column: &str, message: &str) {
            assert_eq!(row().get::<T>(column).unwrap_err().to_string(), message);
        }
        check::<i64>("amount", "the row has no column `amount`");
        check::<i64>("name", "column `name` holds a text, not an integer");
        check::<String>("note", "column `note` holds NULL, not a text");
        check::<bool>("id", "column `id` holds an integer, not a truth value");
        check::<u32>("large", "column `large` holds an integer, not an integer of 32 bits that is not negative");
        check::<f64>("id", "column `id` holds an integer, not a real number");
        check::<Vec<u8>>("name", "column `name` holds a text, not bytes");
    }
}
