// SPDX-License-Identifier: MIT OR Apache-2.0
//! The JSON Schema of the configuration file, for editors. What concerns more than one key only the reader checks.

use crate::key::{Key, Kind, Places};
use crate::list::KEYS;
use serde_json::{Map, Value, json};

/// The JSON Schema (2020-12) of a configuration file. The copy in `schema/configuration.schema.json` is what editors
/// read.
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
    let mut property = Map::new();
    let mut say = |keyword: &str, value: Value| drop(property.insert(keyword.to_owned(), value));
    match key.kind {
        Kind::Boolean => say("type", "boolean".into()),
        Kind::Integer(least, most) => {
            say("type", "integer".into());
            say("minimum", least.into());
            say("maximum", most.into());
        }
        Kind::Choice(words) => say("enum", words.into()),
        Kind::Paths(most) => {
            say("type", "array".into());
            say("items", json!({ "type": "string", "minLength": 1 }));
            say("maxItems", most.into());
        }
        Kind::Duration(..) => {
            say("type", "string".into());
            say("pattern", "^[0-9]+[smhd]$".into());
        }
        Kind::Address | Kind::Text | Kind::Path | Kind::Secret => {
            say("type", "string".into());
            say("minLength", 1.into());
        }
    }
    let unit = if key.unit.is_empty() { String::new() } else { format!(" In {}.", key.unit) };
    say("description", format!("{}{unit}", key.summary()).into());
    if let Some(default) = (!key.default.is_empty()).then(|| key.kind.parse(key.default)).flatten() {
        let as_text = matches!(key.kind, Kind::Duration(..));
        say("default", if as_text { default.text().into() } else { default.json() });
    }
    Value::Object(property)
}
