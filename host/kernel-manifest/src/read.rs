// SPDX-License-Identifier: MIT OR Apache-2.0
//! The one description of the format: a type that implements [`Read`] says both how it is read from the tree and, through
//! [`JsonSchema`], what an editor is told of it. `record!` makes both from one list of keys, [`Word`] from one set of
//! facts about a piece of text, so that reader and schema cannot drift apart.

use crate::fault::{Collector, Place};
use crate::yaml::{Content, Entry, Node, Position};
use kernel_types::text::quote;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::Value;
use std::borrow::Cow;

/// How many items a list may have. No component needs a hundredth of it in most lists; operations come closest.
pub(crate) const ITEMS_MAX: usize = 1_000;

/// A part of the format.
pub(crate) trait Read: JsonSchema + Sized {
    /// What is expected, as it stands in a fault after the word "expected".
    fn expected() -> Cow<'static, str>;
    /// Reads the node; what is wrong goes to `faults`, what is right comes back, holes and all.
    fn read(node: &Node, path: &str, faults: &mut Collector) -> Option<Self>;
}

/// Text of a certain form.
pub(crate) trait Word: Sized {
    /// What is expected, as it stands in a fault after the word "expected".
    fn expected() -> Cow<'static, str>;
    /// The keywords of JSON Schema that say the same, `type` included.
    fn keywords() -> Value;
    /// The value, or what is wrong with the text where that needs saying.
    fn parse(text: &str) -> Result<Self, Option<String>>;
    /// The words that there are, where they are few.
    fn choices() -> &'static [&'static str] {
        &[]
    }
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) place: Place,
}

pub(crate) fn place(position: Position, path: &str) -> Place {
    Place { line: position.line, column: position.column, path: path.to_owned() }
}

impl<W: Word> At<W> {
    fn of_text(text: &str, place: Place, faults: &mut Collector) -> Option<Self> {
        match W::parse(text) {
            Ok(value) => Some(Self { value, place }),
            Err(why) => {
                let why = why.map_or_else(String::new, |why| format!(": {why}"));
                let near = faults.nearest(text, W::choices().iter().copied());
                faults.add_near(&place, W::expected(), format!("{}{why}", quote(text)), near);
                None
            }
        }
    }
}

impl<W: Word> Read for At<W> {
    fn expected() -> Cow<'static, str> {
        W::expected()
    }

    fn read(node: &Node, path: &str, faults: &mut Collector) -> Option<Self> {
        let place = place(node.position, path);
        match &node.content {
            Content::Text(text) => Self::of_text(text, place, faults),
            other => {
                let plain = match other {
                    Content::Number(text) | Content::Boolean(text) => Some(text),
                    _ => None,
                };
                let remedy = match plain.filter(|text| W::parse(text).is_ok()) {
                    Some(text) => format!("; put it in quotes: `\"{text}\"`"),
                    None => String::new(),
                };
                faults.add(&place, W::expected(), format!("{}{remedy}", other.describe()));
                None
            }
        }
    }
}

impl<W: Word> JsonSchema for At<W> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        W::expected()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        Schema::try_from(W::keywords()).unwrap_or_default()
    }
}

/// A list of `MIN` to [`ITEMS_MAX`] items; items that cannot be read are left out of it.
#[derive(Clone, Debug)]
pub(crate) struct List<T, const MIN: usize = 0>(pub(crate) Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Read, const MIN: usize> Read for List<T, MIN> {
    fn expected() -> Cow<'static, str> {
        "a list".into()
    }

    fn read(node: &Node, path: &str, faults: &mut Collector) -> Option<Self> {
        let Content::List(items) = &node.content else {
            faults.add(&place(node.position, path), Self::expected(), node.content.describe());
            return None;
        };
        if items.len() > ITEMS_MAX {
            faults.add(&place(node.position, path), format!("at most {ITEMS_MAX} items"), items.len().to_string());
            return None;
        }
        if items.len() < MIN {
            faults.add(&place(node.position, path), format!("at least {MIN} item"), "an empty list");
            return None;
        }
        let items = items.iter().enumerate();
        Some(Self(items.filter_map(|(index, item)| T::read(item, &format!("{path}[{index}]"), faults)).collect()))
    }
}

impl<T: JsonSchema, const MIN: usize> JsonSchema for List<T, MIN> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("list of {}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let items = generator.subschema_for::<T>();
        schemars::json_schema!({ "type": "array", "items": items, "minItems": MIN, "maxItems": ITEMS_MAX })
    }
}

/// A mapping from names that the author chooses.
#[derive(Clone, Debug)]
pub(crate) struct Entries<K, V>(pub(crate) Vec<(At<K>, V)>);

impl<K, V> Default for Entries<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: Word, V: Read> Read for Entries<K, V> {
    fn expected() -> Cow<'static, str> {
        "a mapping".into()
    }

    fn read(node: &Node, path: &str, faults: &mut Collector) -> Option<Self> {
        let entries = unique(node, path, &Self::expected(), faults)?;
        if entries.len() > ITEMS_MAX {
            faults.add(&place(node.position, path), format!("at most {ITEMS_MAX} entries"), entries.len().to_string());
            return None;
        }
        let mut read = Vec::with_capacity(entries.len());
        for entry in entries {
            let path = joined(path, &entry.key);
            let key = At::<K>::of_text(&entry.key, place(entry.position, &path), faults);
            let value = V::read(&entry.value, &path, faults);
            read.extend(key.zip(value));
        }
        Some(Self(read))
    }
}

impl<K: Word, V: JsonSchema> JsonSchema for Entries<K, V> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("mapping to {}", V::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let values = generator.subschema_for::<V>();
        schemars::json_schema!({
            "type": "object",
            "propertyNames": K::keywords(),
            "additionalProperties": values,
            "maxProperties": ITEMS_MAX,
        })
    }
}

/// The path of a key: `rest.path`; a key that is no plain word stands in brackets, `operations["journal.post"]`.
pub(crate) fn joined(path: &str, key: &str) -> String {
    let plain = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    match (plain, path.is_empty()) {
        (true, true) => key.to_owned(),
        (true, false) => format!("{path}.{key}"),
        (false, _) => format!("{path}[\"{}\"]", quote(key).trim_matches('`')),
    }
}

/// The entries of a mapping, each key once; a second one is a fault.
pub(crate) fn unique<'n>(node: &'n Node, path: &str, what: &str, faults: &mut Collector) -> Option<Vec<&'n Entry>> {
    let Content::Map(entries) = &node.content else {
        faults.add(&place(node.position, path), what, node.content.describe());
        return None;
    };
    let mut first = std::collections::HashMap::with_capacity(entries.len());
    let mut kept = Vec::with_capacity(entries.len());
    for entry in entries {
        match first.get(entry.key.as_str()) {
            None => {
                first.insert(entry.key.as_str(), entry.position.line);
                kept.push(entry);
            }
            Some(line) => {
                let found = format!("{} again, first in line {line}", quote(&entry.key));
                faults.add(&place(entry.position, &joined(path, &entry.key)), "each key once", found);
            }
        }
    }
    Some(kept)
}

/// The entries of a record, by key; an unknown key is a fault that offers the nearest known one.
pub(crate) fn fields<'n>(
    node: &'n Node,
    path: &str,
    what: &str,
    known: &[&str],
    faults: &mut Collector,
) -> Option<Vec<&'n Entry>> {
    let entries = unique(node, path, what, faults)?;
    for entry in entries.iter().filter(|entry| !known.contains(&entry.key.as_str())) {
        unknown(entry, path, known, faults);
    }
    Some(entries)
}

/// Reports a key that is not known, and the nearest one that is.
pub(crate) fn unknown(entry: &Entry, path: &str, known: &[&str], faults: &mut Collector) {
    let near = faults.nearest(&entry.key, known.iter().copied());
    let expected = match near {
        Some(_) => "a known key".to_owned(),
        None => one_of("one of the keys", known),
    };
    faults.add_near(&place(entry.position, &joined(path, &entry.key)), expected, quote(&entry.key), near);
}

/// `one of a, b, c` in backticks.
pub(crate) fn one_of(what: &str, words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    format!("{what} {}", words.join(", "))
}
