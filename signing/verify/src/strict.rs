// SPDX-License-Identifier: MIT OR Apache-2.0
//! JSON that leaves no room for two readings: bounded in bytes, depth and values, no key twice. Everything that others
//! wrote passes here before a library sees it.

use crate::refused::{Refused, Step};
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;

/// The depth of a document: a bundle needs 7, and an SBOM may nest components.
const DEPTH_MAX: usize = 48;
/// How many values a document holds: room for an SBOM of thousands of components; each value costs more memory than text.
const VALUES_MAX: usize = 200_000;

/// The document, where it has at most so many bytes and is strict JSON.
pub(crate) fn read(step: Step, bytes: &[u8], bytes_max: usize) -> Result<Value, Refused> {
    if bytes.len() > bytes_max {
        return Err(step.refuse(format_args!("{} bytes, at most {bytes_max}", bytes.len())));
    }
    let mut values = 0;
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = Strict { values: &mut values, depth: 0 }.deserialize(&mut json);
    let value = value.and_then(|value| json.end().map(|()| value));
    value.map_err(step.because())
}

/// The document as a type of ours.
pub(crate) fn typed<T: DeserializeOwned>(step: Step, bytes: &[u8], bytes_max: usize) -> Result<T, Refused> {
    let value = read(step, bytes, bytes_max)?;
    serde_json::from_value(value).map_err(step.because())
}

/// Whether the bytes are the one canonical text of the value, RFC 8785.
pub(crate) fn is_canonical(bytes: &[u8], value: &Value) -> bool {
    serde_json_canonicalizer::to_vec(value).is_ok_and(|canonical| canonical == bytes)
}

struct Strict<'a> {
    values: &'a mut usize,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        *self.values += 1;
        if *self.values > VALUES_MAX {
            return Err(D::Error::custom(format_args!("more than {VALUES_MAX} values")));
        }
        if self.depth > DEPTH_MAX {
            return Err(D::Error::custom(format_args!("nested deeper than {DEPTH_MAX}")));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Strict { values: self.values, depth: self.depth + 1 })? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            if map.contains_key(&key) {
                return Err(A::Error::custom(format_args!("the key `{key}` stands twice")));
            }
            let value = members.next_value_seed(Strict { values: self.values, depth: self.depth + 1 })?;
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}
