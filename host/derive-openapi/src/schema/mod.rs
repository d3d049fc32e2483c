// SPDX-License-Identifier: MIT OR Apache-2.0
//! JSON Schema (draft 2020-12) of what an operation takes and gives.
//!
//! Whatever lifts is valid; the reverse is nearly true (a schema cannot say that `1.0` is not written for an integer, or count
//! the digits of both parts of a decimal in every engine). So the schema is for people, tools and editors, and the typed lift
//! is the guard.

mod derive;
pub mod format;

pub(crate) use derive::{Builder, Direction, Naming, describe};

use kernel_contract::{Failure, Operation, Output, Type, TypeName};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// The dialect, as `$schema` names it.
pub const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The schema of the body of the canonical route: an object of the parameters.
#[must_use]
pub fn input(operation: &Operation) -> Value {
    let mut builder = Builder::new(Local::default());
    let mut schema = builder.object(operation.parameters.iter(), Direction::Input);
    describe(&mut schema, operation.docs.as_deref());
    complete(builder, schema, operation, "input")
}

/// The schema of the answer when all went well.
#[must_use]
pub fn output(operation: &Operation) -> Value {
    answer(operation, operation.output.ok(), "output")
}

/// The schema of the answer of an operation whose error is no `problem`.
#[must_use]
pub fn error(operation: &Operation) -> Option<Value> {
    match &operation.output {
        Output::Fallible { failure: Failure::Other(ty), .. } => Some(answer(operation, ty.as_ref(), "error")),
        Output::Fallible { failure: Failure::Problem(_), .. } | Output::Value(_) => None,
    }
}

fn answer(operation: &Operation, ty: Option<&Type>, what: &str) -> Value {
    let mut builder = Builder::new(Local::default());
    let schema = builder.maybe(ty, Direction::Output);
    complete(builder, schema, operation, what)
}

fn complete(builder: Builder<Local>, schema: Map<String, Value>, operation: &Operation, what: &str) -> Value {
    let mut document = Map::new();
    document.insert("$schema".to_owned(), json!(DIALECT));
    document.insert("title".to_owned(), json!(format!("{} {what}", operation.name)));
    document.extend(schema);
    let definitions = builder.finish();
    if !definitions.is_empty() {
        document.insert("$defs".to_owned(), Value::Object(definitions));
    }
    Value::Object(document)
}

/// Short names within one schema: `Entry`, or `JournalEntry` where two interfaces have one.
#[derive(Default)]
struct Local {
    taken: HashMap<String, TypeName>,
}

impl Naming for Local {
    fn key(&mut self, name: &TypeName, _: Direction, _: bool) -> String {
        let interface = name.interface.split_once('@').map_or(&*name.interface, |(path, _)| path);
        let interface_name = interface.rsplit_once('/').map_or(interface, |(_, last)| last);
        let candidates = [
            pascal(&name.name),
            format!("{}{}", pascal(interface_name), pascal(&name.name)),
            format!("{}{}", pascal(interface), pascal(&name.name)),
            format!("{}{}", pascal(&name.interface), pascal(&name.name)),
        ];
        let free = |key: &&String| self.taken.get(*key).is_none_or(|owner| owner == name);
        let key = candidates.iter().find(free).cloned().unwrap_or_else(|| format!("{}.{}", name.interface, name.name));
        self.taken.insert(key.clone(), name.clone());
        key
    }

    fn reference(&self, key: &str) -> String {
        format!("#/$defs/{key}")
    }
}

/// `journal-entry` -> `JournalEntry`: the form that code generators keep as it is.
pub(crate) fn pascal(kebab: &str) -> String {
    let mut pascal = String::with_capacity(kebab.len());
    for word in kebab.split(|character: char| !character.is_ascii_alphanumeric()) {
        let mut characters = word.chars();
        pascal.extend(characters.next().map(|first| first.to_ascii_uppercase()));
        pascal.push_str(characters.as_str());
    }
    pascal
}
