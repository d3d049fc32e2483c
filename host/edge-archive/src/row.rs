// SPDX-License-Identifier: MIT OR Apache-2.0
//! A row as a line of JSON: an array with a value for each column. What JSON has no word for stands in an object with one key.
//!
//! | value | written |
//! |---|---|
//! | NULL | `null` |
//! | integer of 64 bits | `-12`, without fraction or exponent; a truth value is `0` or `1` |
//! | text | `"text"` |
//! | real | `{"real":"1.5"}`, the shortest decimal text that gives the same 64 bits back |
//! | bytes | `{"blob":"AP8="}`, Base64 with padding (RFC 4648, section 4) |

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cap_storage::Value;
use cap_storage::transfer::{Column, Kind};
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::io::Write as _;

/// Appends a row and the end of its line.
///
/// # Errors
/// Where a value is none that can be kept: a real that is not finite, a text with U+0000.
pub fn write_row(line: &mut Vec<u8>, row: &[Value]) -> Result<(), String> {
    line.push(b'[');
    for (index, value) in row.iter().enumerate() {
        if index > 0 {
            line.push(b',');
        }
        write_value(line, value)?;
    }
    line.extend_from_slice(b"]\n");
    Ok(())
}

fn write_value(line: &mut Vec<u8>, value: &Value) -> Result<(), String> {
    // Writing to a vector cannot fail.
    match value {
        Value::Null => line.extend_from_slice(b"null"),
        Value::Boolean(truth) => line.push(if *truth { b'1' } else { b'0' }),
        Value::Integer(integer) => drop(write!(line, "{integer}")),
        Value::Real(real) if real.is_finite() => drop(write!(line, "{{\"real\":\"{real:e}\"}}")),
        Value::Real(real) => return Err(format!("`{real}` is no finite number")),
        Value::Text(text) if text.as_bytes().contains(&0) => return Err("a text holds U+0000".to_owned()),
        Value::Text(text) => serde_json::to_writer(line, text).map_err(|error| error.to_string())?,
        Value::Blob(bytes) => {
            line.extend_from_slice(b"{\"blob\":\"");
            line.extend_from_slice(STANDARD.encode(bytes).as_bytes());
            line.extend_from_slice(b"\"}");
        }
    }
    Ok(())
}

/// Reads a line.
///
/// # Errors
/// Where it is no row of a table with these columns.
pub fn read_row(line: &[u8], columns: &[Column]) -> Result<Vec<Value>, String> {
    let Row(row) = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    if row.len() != columns.len() {
        return Err(format!("it has {} values, the table has {} columns", row.len(), columns.len()));
    }
    for (value, column) in row.iter().zip(columns) {
        let fits = matches!(
            (value, column.kind),
            (Value::Null, _)
                | (Value::Integer(_), Kind::Integer)
                | (Value::Real(_), Kind::Real)
                | (Value::Text(_), Kind::Text)
                | (Value::Blob(_), Kind::Blob)
        );
        if !fits {
            return Err(format!("the value of the column `{}` has another type than the column", column.name));
        }
    }
    Ok(row)
}

struct Row(Vec<Value>);
struct Cell(Value);

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Cells;
        impl<'de> Visitor<'de> for Cells {
            type Value = Row;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array with a value for each column")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Row, A::Error> {
                let mut row = Vec::new();
                while let Some(Cell(value)) = seq.next_element()? {
                    if row.len() >= crate::limits::COLUMNS_MAX {
                        return Err(de::Error::custom("more values than a table may have columns"));
                    }
                    row.push(value);
                }
                Ok(Row(row))
            }
        }
        deserializer.deserialize_seq(Cells)
    }
}

impl<'de> Deserialize<'de> for Cell {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneValue;
        impl<'de> Visitor<'de> for OneValue {
            type Value = Cell;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("null, an integer of 64 bits, a text, or an object with the key `real` or `blob`")
            }
            fn visit_unit<E: de::Error>(self) -> Result<Cell, E> {
                Ok(Cell(Value::Null))
            }
            fn visit_i64<E: de::Error>(self, integer: i64) -> Result<Cell, E> {
                Ok(Cell(Value::Integer(integer)))
            }
            fn visit_u64<E: de::Error>(self, integer: u64) -> Result<Cell, E> {
                i64::try_from(integer).map(|integer| Cell(Value::Integer(integer))).map_err(E::custom)
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Cell, E> {
                self.visit_string(text.to_owned())
            }
            fn visit_string<E: de::Error>(self, text: String) -> Result<Cell, E> {
                if text.as_bytes().contains(&0) {
                    return Err(E::custom("a text holds U+0000"));
                }
                Ok(Cell(Value::Text(text)))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Cell, A::Error> {
                let unknown = || de::Error::custom("an object is `{\"real\":\"..\"}` or `{\"blob\":\"..\"}`");
                let (key, text): (String, String) = map.next_entry()?.ok_or_else(unknown)?;
                if map.next_key::<String>()?.is_some() {
                    return Err(unknown());
                }
                let value = match key.as_str() {
                    "real" => {
                        let real = text.parse::<f64>().ok().filter(|real| real.is_finite());
                        Value::Real(real.ok_or_else(|| de::Error::custom("a real is a finite number"))?)
                    }
                    "blob" => Value::Blob(STANDARD.decode(text).map_err(de::Error::custom)?),
                    _ => return Err(unknown()),
                };
                Ok(Cell(value))
            }
        }
        deserializer.deserialize_any(OneValue)
    }
}
