// SPDX-License-Identifier: MIT OR Apache-2.0
//! Limits of a manifest: some of the kernel's limits, by their names, each above 0 and at most the host's maximum. The list
//! is the kernel's own; a limit added there is read here.

use crate::fault::Collector;
use crate::read::{At, Read, joined, place, unique, unknown};
use crate::yaml::{Content, Node};
use kernel_types::text::quote;
use kernel_types::{Limit, Limits};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Value, json};
use std::borrow::Cow;

/// Limits that differ from what would otherwise hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct LimitsRecord(Vec<(Limit, At<u64>)>);

impl LimitsRecord {
    /// `limits` with these over them.
    pub(crate) fn over(&self, mut limits: Limits) -> Limits {
        for (limit, amount) in &self.0 {
            limits.set(*limit, amount.value);
        }
        limits
    }
}

/// The limits that a component may set: all but the stack's, which the engine has for the whole host.
fn settable() -> impl Iterator<Item = Limit> {
    Limits::ALL.iter().copied().filter(|limit| *limit != Limit::StackBytes)
}

const UNITS: [(&str, u32); 3] = [("KiB", 10), ("MiB", 20), ("GiB", 30)];

fn expected(limit: Limit) -> String {
    let maximum = Limits::HOST_MAXIMUM.get(limit);
    match limit.unit() {
        "bytes" => format!("a number of bytes from 1 to {maximum}, or a text such as `64 MiB`"),
        unit => format!("a whole number of {unit} from 1 to {maximum}"),
    }
}

/// A plain decimal number; a text with a unit where the limit counts bytes.
fn amount(limit: Limit, content: &Content) -> Option<u64> {
    let decimal = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if digits && (text == "0" || !text.starts_with('0')) { text.parse::<u64>().ok() } else { None }
    };
    match content {
        Content::Number(text) => decimal(text),
        Content::Text(text) if limit.unit() == "bytes" => UNITS.iter().find_map(|(unit, shift)| {
            let number = decimal(text.strip_suffix(unit)?.trim_end_matches(' '))?;
            number.checked_mul(1 << shift)
        }),
        _ => None,
    }
}

impl Read for LimitsRecord {
    fn expected() -> Cow<'static, str> {
        "a mapping of limits".into()
    }

    fn read(node: &Node, path: &str, faults: &mut Collector) -> Option<Self> {
        let known: Vec<&str> = settable().map(Limit::name).collect();
        let mut limits = Vec::new();
        for entry in unique(node, path, &Self::expected(), faults)? {
            let Some(limit) = settable().find(|limit| limit.name() == entry.key) else {
                if entry.key == Limit::StackBytes.name() {
                    let found = format!("{}, which belongs to the whole host", quote(&entry.key));
                    faults.add(&place(entry.position, &joined(path, &entry.key)), "limits of the component", found);
                } else {
                    unknown(entry, path, &known, faults);
                }
                continue;
            };
            let place = place(entry.value.position, &joined(path, &entry.key));
            match amount(limit, &entry.value.content) {
                Some(value) if (1..=Limits::HOST_MAXIMUM.get(limit)).contains(&value) => {
                    limits.push((limit, At { value, place }));
                }
                _ => faults.add(&place, expected(limit), entry.value.content.describe()),
            }
        }
        Some(Self(limits))
    }
}

impl JsonSchema for LimitsRecord {
    fn schema_name() -> Cow<'static, str> {
        "limits".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let property = |limit: Limit| {
            let maximum = Limits::HOST_MAXIMUM.get(limit);
            let number = json!({ "type": "integer", "minimum": 1, "maximum": maximum });
            let mut schema = match limit.unit() {
                "bytes" => {
                    json!({ "anyOf": [number, { "type": "string", "pattern": "^[1-9][0-9]{0,9} *(KiB|MiB|GiB)$" }] })
                }
                _ => number,
            };
            if let Some(schema) = schema.as_object_mut() {
                let default = Limits::DEFAULT.get(limit);
                schema.insert(
                    "description".to_owned(),
                    json!(format!("In {}; the host's default is {default}.", limit.unit())),
                );
            }
            (limit.name().to_owned(), schema)
        };
        let properties: serde_json::Map<String, Value> = settable().map(property).collect();
        schemars::json_schema!({
            "type": "object",
            "description": "What one invocation may use at the most.",
            "properties": properties,
            "additionalProperties": false,
        })
    }
}
