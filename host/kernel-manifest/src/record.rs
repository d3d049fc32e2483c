// SPDX-License-Identifier: MIT OR Apache-2.0
//! `record!`: a mapping with known keys. From one list of keys come the struct, its reading and its JSON Schema.

use crate::read::one_of;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};

/// A mapping with known keys: a struct whose fields are all optional (a fault leaves a hole), how it is read, and its
/// schema. `required` and `optional` say what the author must write.
macro_rules! record {
    (
        $(#[doc = $doc:literal])*
        $name:ident = $what:literal {
            $($(#[doc = $field_doc:literal])* $presence:ident $field:ident $key:literal: $type:ty $(= $default:literal)?;)*
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Debug)]
        pub(crate) struct $name {
            /// Where it stands.
            pub(crate) place: $crate::fault::Place,
            /// Where each of its keys stands that the author wrote, also where the value could not be read.
            pub(crate) keys: std::collections::BTreeMap<&'static str, $crate::fault::Place>,
            $($(#[doc = $field_doc])* pub(crate) $field: Option<$type>,)*
        }

        impl $crate::read::Read for $name {
            fn expected() -> std::borrow::Cow<'static, str> {
                $crate::record::mapping_with($what, &[$($key),*]).into()
            }

            fn read(
                node: &$crate::yaml::Node,
                path: &str,
                faults: &mut $crate::fault::Collector,
            ) -> Option<Self> {
                let known = [$($key),*];
                let entries = $crate::read::fields(node, path, &Self::expected(), &known, faults)?;
                let place = $crate::read::place(node.position, path);
                let mut record = Self { place, keys: std::collections::BTreeMap::new(), $($field: None,)* };
                $(
                    match entries.iter().find(|entry| entry.key == $key) {
                        Some(entry) => {
                            let path = $crate::read::joined(path, $key);
                            record.keys.insert($key, $crate::read::place(entry.position, &path));
                            record.$field = $crate::read::Read::read(&entry.value, &path, faults);
                        }
                        None if $crate::record::record!(@required $presence) => {
                            let missing = $crate::fault::Place { path: $crate::read::joined(path, $key), ..record.place.clone() };
                            let expected = format!("the key `{}`, {}", $key, <$type as $crate::read::Read>::expected());
                            faults.add(&missing, expected, "no such key");
                        }
                        None => {}
                    }
                )*
                Some(record)
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $crate::record::without_article($what).into()
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let mut properties = serde_json::Map::new();
                let presence: &[(&str, bool)] = &[$(($key, $crate::record::record!(@required $presence))),*];
                let required: Vec<&str> = presence.iter().filter(|(_, required)| *required).map(|(key, _)| *key).collect();
                $(
                    let default: Option<serde_json::Value> = None $(.or(Some(serde_json::json!($default))))?;
                    let schema = $crate::record::property::<$type>(generator, &[$($field_doc),*], default);
                    properties.insert($key.to_owned(), schema);
                )*
                schemars::json_schema!({
                    "type": "object",
                    "description": $crate::record::sentence(&[$($doc),*]),
                    "properties": properties,
                    "required": required,
                    "additionalProperties": false,
                })
            }
        }
    };
    (@required required) => { true };
    (@required optional) => { false };
}
pub(crate) use record;

/// The schema of one key: what the type says and the doc comment beside it.
pub(crate) fn property<T: JsonSchema>(generator: &mut SchemaGenerator, doc: &[&str], default: Option<Value>) -> Value {
    let mut schema = generator.subschema_for::<T>();
    schema.insert("description".to_owned(), json!(sentence(doc)));
    if let Some(default) = default {
        schema.insert("default".to_owned(), default);
    }
    schema.to_value()
}

/// What a record is, and the first of its keys.
pub(crate) fn mapping_with(what: &str, keys: &[&str]) -> String {
    /// As many keys as tell an author what is meant.
    const SHOWN_MAX: usize = 5;
    let more = if keys.len() > SHOWN_MAX { " and so on" } else { "" };
    let shown: Vec<&str> = keys.iter().copied().take(SHOWN_MAX).collect();
    format!("{what}: {}{more}", one_of("a mapping with the keys", &shown))
}

/// `an operation` to `operation`; a name in the schema has no spaces.
pub(crate) fn without_article(what: &str) -> String {
    what.trim_start_matches("a ").trim_start_matches("an ").replace(' ', "-")
}

/// The lines of a doc comment as one text.
pub(crate) fn sentence(doc: &[&str]) -> String {
    doc.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")
}
