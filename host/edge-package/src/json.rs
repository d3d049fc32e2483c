// SPDX-License-Identifier: MIT OR Apache-2.0
//! JSON read strictly, and written in one form only.
//!
//! Two readers may take different values where a key stands twice, so that what was checked is not what is used: such a text
//! is refused, and so are numbers that are not whole. The written form is that of RFC 8785 for values without fractions.

use serde::Serialize;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;

/// Why a text is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct JsonFault(String);

/// Reads a text strictly.
///
/// # Errors
/// Where it is no JSON, nests deeper than 128, or has a key twice or a number that is not whole.
pub fn parse(bytes: &[u8]) -> Result<Value, JsonFault> {
    serde_json::from_slice::<Strict>(bytes).map(|strict| strict.0).map_err(|error| JsonFault(error.to_string()))
}

/// Reads a text strictly into a type.
///
/// # Errors
/// As [`parse`], and where it is none of the type.
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, JsonFault> {
    serde_json::from_value(parse(bytes)?).map_err(|error| JsonFault(error.to_string()))
}

/// Writes a value in its one form: no spaces, keys in order of their UTF-16.
#[must_use]
pub fn canonical(value: &Value) -> Vec<u8> {
    // A `Value` has no keys that are no text, which is all that can fail.
    serde_json::to_vec(&sorted(value)).unwrap_or_default()
}

/// As [`canonical`], for whatever can be a value.
pub(crate) fn write(value: &impl Serialize) -> Vec<u8> {
    canonical(&serde_json::to_value(value).unwrap_or_default())
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(sorted).collect(),
        Value::Object(entries) => {
            let mut entries: Vec<_> = entries.iter().collect();
            entries.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            Value::Object(entries.into_iter().map(|(key, value)| (key.clone(), sorted(value))).collect())
        }
        other => other.clone(),
    }
}

struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Strict)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON with whole numbers")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if map.contains_key(&key) {
                let key: String = key.chars().take(80).collect();
                return Err(A::Error::custom(format_args!("the key `{key}` stands twice in one object")));
            }
            let Strict(value) = entries.next_value()?;
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ambiguous_is_refused() {
        let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
        for (text, expected) in [
            (r#"{"a":1,"a":2}"#, "the key `a` stands twice"),
            (r#"[{"b":{"a":1,"\u0061":2}}]"#, "the key `a` stands twice"),
            ("1.5", "whole numbers"),
            ("1e3", "whole numbers"),
            ("123456789012345678901234567890", "whole numbers"),
            ("{} {}", "trailing"),
            (&deep, "recursion limit"),
            ("", "EOF"),
        ] {
            let error = parse(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
        assert!(parse(&[0x22, 0xff, 0x22]).is_err());
    }

    #[test]
    fn there_is_one_form() {
        let value = parse("{ \"b\": [1, -2, null, true], \"a\": {\"\u{e9}\\n\": \"\\u0041\"} }".as_bytes()).unwrap();
        let bytes = canonical(&value);
        assert_eq!(String::from_utf8(bytes.clone()).unwrap(), "{\"a\":{\"\u{e9}\\n\":\"A\"},\"b\":[1,-2,null,true]}");
        assert_eq!(canonical(&parse(&bytes).unwrap()), bytes);
    }
}
