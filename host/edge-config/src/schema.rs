// SPDX-License-Identifier: MIT OR Apache-2.0
//! The JSON Schema of the configuration file, for editors. What concerns more than one key only the reader checks.

use crate::key::{Key, Kind, Places};
use crate::list::KEYS;
use serde_json::{Map, Value, json};

/// The JSON Schema (2020-12) of a configuration file. The copy in `schema/configuration.schema.json` is what editors read.
#[must_use]
pub fn json_schema() -> Value {
    let mut properties = Map::new();
    for key in KEYS.iter().filter(|key| key.places == Places::Everywhere) {
        match key.name.split_once('.') {
            None => {
                properties.insert(key.name.to_owned(), property(key));
            }
            Some((section, name)) => {
                let empty = || json!({ "type": "object", "additionalProperties": false, "properties": {} });
                let section = properties.entry(section).or_insert_with(empty);
                if let Some(Value::Object(below)) = section.get_mut("properties") {
                    below.insert(name.to_owned(), property(key));
                }
            }
        }
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The configuration of a Cortex host",
        "type": ["object", "null"],
        "additionalProperties": false,
        "properties": properties,
    })
}

fn property(key: &Key) -> Value {
    let mut property = match key.kind {
        Kind::Boolean => json!({ "type": "boolean" }),
        Kind::Integer(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Kind::Choice(words) => json!({ "enum": words }),
        Kind::Paths(most) => {
            json!({ "type": "array", "items": { "type": "string", "minLength": 1 }, "maxItems": most })
        }
        Kind::Duration(..) => json!({ "type": "string", "pattern": "^[0-9]+[smhd]$" }),
        Kind::Address | Kind::Text | Kind::Path | Kind::Secret => json!({ "type": "string", "minLength": 1 }),
    };
    let unit = if key.unit.is_empty() { String::new() } else { format!(" In {}.", key.unit) };
    property["description"] = format!("{}{unit}", key.summary()).into();
    if let Some(default) = (!key.default.is_empty()).then(|| key.kind.parse(key.default)).flatten() {
        property["default"] = match key.kind {
            Kind::Duration(..) => default.text().into(),
            _ => default.json(),
        };
    }
    property
}
