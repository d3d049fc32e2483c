// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tests that need the inside of the crate: reader and schema agree, and no text makes the reader panic.

mod agreement;
mod documents;
mod properties;

use crate::fault::Collector;
use crate::yaml::{self, Content, Node};
use serde_json::Value;

const LEDGER: &str = include_str!("../../tests/examples/ledger.yaml");
const GREETER: &str = include_str!("../../tests/examples/greeter.json");

/// What a JSON Schema sees of a YAML text.
fn to_json(text: &str) -> Value {
    value(&yaml::read(text, &mut Collector::default()).expect("the text is YAML"))
}

fn value(node: &Node) -> Value {
    match &node.content {
        Content::Null => Value::Null,
        Content::Boolean(text) => Value::Bool(text.eq_ignore_ascii_case("true")),
        Content::Number(text) => serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.clone())),
        Content::Text(text) => Value::String(text.clone()),
        Content::List(items) => items.iter().map(value).collect(),
        Content::Map(entries) => entries.iter().map(|entry| (entry.key.clone(), value(&entry.value))).collect(),
    }
}

/// The schema as editors apply it.
fn validator() -> jsonschema::Validator {
    jsonschema::draft202012::new(&crate::json_schema()).expect("the schema is a schema")
}
