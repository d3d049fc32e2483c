// SPDX-License-Identifier: MIT OR Apache-2.0
//! From a type to its schema. Types with names become definitions, each once.

use super::format;
use kernel_contract::{Case, Field, Format, Integer, Kind, Label, Members, Parameter, Type, TypeName};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// Which way a value goes. What is written is stricter than what is read: 64-bit integers are always strings, and options
/// are always there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Direction {
    /// From the caller to the component.
    Input,
    /// From the component to the caller.
    Output,
}

/// How definitions are called and referred to.
pub(crate) trait Naming {
    /// The key of a type. `differs`: whether its two directions have different schemas. Called once for each type and
    /// direction.
    fn key(&mut self, name: &TypeName, direction: Direction, differs: bool) -> String;

    /// The value of `$ref`.
    fn reference(&self, key: &str) -> String;
}

/// Derives schemas and gathers the definitions that they refer to.
pub(crate) struct Builder<N> {
    naming: N,
    keys: HashMap<(TypeName, Direction), String>,
    definitions: Map<String, Value>,
    differing: HashMap<TypeName, bool>,
}

type Schema = Map<String, Value>;

/// An object with parameters or fields.
pub(crate) trait Member {
    fn label(&self) -> &Label;
    fn ty(&self) -> &Type;
}

impl Member for Field {
    fn label(&self) -> &Label {
        &self.label
    }

    fn ty(&self) -> &Type {
        &self.ty
    }
}

impl Member for Parameter {
    fn label(&self) -> &Label {
        &self.label
    }

    fn ty(&self) -> &Type {
        &self.ty
    }
}

impl<N: Naming> Builder<N> {
    pub(crate) fn new(naming: N) -> Self {
        Self { naming, keys: HashMap::new(), definitions: Map::new(), differing: HashMap::new() }
    }

    /// The definitions, by key.
    pub(crate) fn finish(self) -> Map<String, Value> {
        let mut definitions: Vec<(String, Value)> = self.definitions.into_iter().collect();
        definitions.sort_by(|(a, _), (b, _)| a.cmp(b));
        definitions.into_iter().collect()
    }

    /// The schema of a type: a reference where it has a name.
    pub(crate) fn ty(&mut self, ty: &Type, direction: Direction) -> Schema {
        let Some(name) = ty.name() else { return self.kind(ty.kind(), direction) };
        let differs = self.differs(ty);
        // One definition serves both directions where they are the same.
        let direction = if differs { direction } else { Direction::Output };
        let id = (name.clone(), direction);
        let key = match self.keys.get(&id) {
            Some(key) => key.clone(),
            None => {
                let key = self.naming.key(name, direction, differs);
                self.keys.insert(id, key.clone());
                let mut schema = object([("title", json!(super::pascal(&name.name)))]);
                schema.extend(self.kind(ty.kind(), direction));
                describe(&mut schema, ty.definition().docs.as_deref());
                self.definitions.insert(key.clone(), Value::Object(schema));
                key
            }
        };
        object([("$ref", json!(self.naming.reference(&key)))])
    }

    /// The schema of what may be nothing, whose JSON is then `null`.
    pub(crate) fn maybe(&mut self, ty: Option<&Type>, direction: Direction) -> Schema {
        ty.map_or_else(|| object([("type", json!("null"))]), |ty| self.ty(ty, direction))
    }

    fn value(&mut self, ty: &Type, direction: Direction) -> Value {
        Value::Object(self.ty(ty, direction))
    }

    /// Whether the schemas of the two directions differ, for a type or anything in it.
    fn differs(&mut self, ty: &Type) -> bool {
        if let Some(known) = ty.name().and_then(|name| self.differing.get(name)) {
            return *known;
        }
        let mut differs = match ty.kind() {
            Kind::Integer(integer) => integer.is_wide(),
            Kind::Record(fields) => fields.iter().any(|field| field.ty.is_nullable()),
            _ => false,
        };
        ty.kind().each_inner(&mut |inner| differs = differs || self.differs(inner));
        if let Some(name) = ty.name() {
            self.differing.insert(name.clone(), differs);
        }
        differs
    }

    fn kind(&mut self, kind: &Kind, direction: Direction) -> Schema {
        match kind {
            Kind::Bool => object([("type", json!("boolean"))]),
            Kind::Integer(integer) => integer_schema(*integer, direction),
            Kind::Float32 | Kind::Float64 => object([(
                "anyOf",
                json!([{ "type": "number" }, { "type": "string", "enum": ["NaN", "Infinity", "-Infinity"] }]),
            )]),
            Kind::Char => object([("type", json!("string")), ("minLength", json!(1)), ("maxLength", json!(1))]),
            Kind::Text(format) => text_schema(*format),
            Kind::Bytes => object([
                ("type", json!("string")),
                ("contentEncoding", json!("base64")),
                ("pattern", json!("^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$")),
            ]),
            Kind::List(element) => {
                let items = self.value(element, direction);
                object([("type", json!("array")), ("items", items)])
            }
            Kind::FixedList(element, length) => {
                let items = self.value(element, direction);
                let length = json!(length);
                object([("type", json!("array")), ("items", items), ("minItems", length.clone()), ("maxItems", length)])
            }
            Kind::Option(inner) => {
                let mut some = self.ty(inner, direction);
                if inner.is_nullable() {
                    some = single("some", Value::Object(some), None);
                }
                object([("anyOf", json!([some, { "type": "null" }]))])
            }
            Kind::Result { ok, error } => {
                let ok = self.maybe(ok.as_ref(), direction);
                let error = self.maybe(error.as_ref(), direction);
                let cases = [single("ok", Value::Object(ok), None), single("error", Value::Object(error), None)];
                object([("oneOf", json!(cases))])
            }
            Kind::Tuple(types) => {
                let items: Vec<Value> = types.iter().map(|ty| self.value(ty, direction)).collect();
                let length = json!(items.len());
                object([
                    ("type", json!("array")),
                    ("prefixItems", Value::Array(items)),
                    ("items", json!(false)),
                    ("minItems", length.clone()),
                    ("maxItems", length),
                ])
            }
            Kind::Record(fields) => self.object(fields.iter(), direction),
            Kind::Variant(cases) => self.variant(cases, direction),
            Kind::Enum(cases) => names_schema(cases),
            Kind::Flags(names) => {
                let items = Value::Object(names_schema(names));
                object([("type", json!("array")), ("items", items), ("uniqueItems", json!(true))])
            }
        }
    }

    /// The schema of a record, or of the parameters of an operation.
    pub(crate) fn object<'m, T: Member + 'm>(
        &mut self,
        members: impl IntoIterator<Item = &'m T>,
        direction: Direction,
    ) -> Schema {
        let (mut properties, mut required) = (Map::new(), Vec::new());
        for member in members {
            let mut schema = self.ty(member.ty(), direction);
            describe(&mut schema, member.label().docs.as_deref());
            properties.insert(member.label().json.clone(), Value::Object(schema));
            if direction == Direction::Output || !member.ty().is_nullable() {
                required.push(json!(member.label().json));
            }
        }
        let mut schema = object([("type", json!("object")), ("properties", Value::Object(properties))]);
        if !required.is_empty() {
            schema.insert("required".to_owned(), Value::Array(required));
        }
        schema.insert("additionalProperties".to_owned(), json!(false));
        schema
    }

    fn variant(&mut self, cases: &Members<Case>, direction: Direction) -> Schema {
        let cases = cases.iter().map(|case| {
            let docs = case.label.docs.as_deref();
            Value::Object(match &case.ty {
                Some(ty) => single(&case.label.json, self.value(ty, direction), docs),
                None => {
                    let mut schema = object([("const", json!(case.label.json))]);
                    describe(&mut schema, docs);
                    schema
                }
            })
        });
        let cases: Vec<Value> = cases.collect();
        object([("oneOf", Value::Array(cases))])
    }
}

fn object<const N: usize>(members: [(&str, Value); N]) -> Schema {
    members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// An object with exactly one member.
fn single(name: &str, value: Value, docs: Option<&str>) -> Schema {
    let mut schema = object([
        ("type", json!("object")),
        ("properties", json!({ name: value })),
        ("required", json!([name])),
        ("additionalProperties", json!(false)),
    ]);
    describe(&mut schema, docs);
    schema
}

/// Adds the documentation, in place of a description that was there.
pub(crate) fn describe(schema: &mut Schema, docs: Option<&str>) {
    let Some(docs) = docs.map(str::trim).filter(|docs| !docs.is_empty()) else { return };
    let description = match schema.remove("description") {
        // A list of cases follows the sentence on the type.
        Some(Value::String(cases)) if cases.starts_with("- ") => format!("{docs}\n\n{cases}"),
        _ => docs.to_owned(),
    };
    schema.insert("description".to_owned(), Value::String(description));
}

fn integer_schema(integer: Integer, direction: Direction) -> Schema {
    let bound = |bound: i128| match u64::try_from(bound) {
        Ok(bound) => json!(bound),
        Err(_) => i64::try_from(bound).map_or(Value::Null, |bound| json!(bound)),
    };
    let range = [("minimum", bound(integer.minimum)), ("maximum", bound(integer.maximum))];
    if !integer.is_wide() {
        let [minimum, maximum] = range;
        return object([("type", json!("integer")), minimum, maximum]);
    }
    let unsigned = integer.minimum == 0;
    let format = ("format", json!(if unsigned { "uint64" } else { "int64" }));
    let pattern = ("pattern", json!(if unsigned { "^(?:0|[1-9][0-9]{0,19})$" } else { "^(?:0|-?[1-9][0-9]{0,18})$" }));
    match direction {
        Direction::Output => object([("type", json!("string")), format, pattern]),
        Direction::Input => {
            let [minimum, maximum] = range;
            object([("type", json!(["string", "integer"])), format, pattern, minimum, maximum])
        }
    }
}

fn text_schema(format: Option<Format>) -> Schema {
    let mut schema = object([("type", json!("string"))]);
    if let Some(format) = format {
        if let Some(name) = format::name(format) {
            schema.insert("format".to_owned(), json!(name));
        }
        schema.insert("pattern".to_owned(), json!(format::pattern(format)));
        schema.insert("examples".to_owned(), json!([format::example(format)]));
    }
    schema
}

/// One of some names, and what each means.
fn names_schema(labels: &Members<Label>) -> Schema {
    let names: Vec<&str> = labels.json_names().collect();
    let mut schema = object([("type", json!("string")), ("enum", json!(names))]);
    let meanings: Vec<String> = labels
        .iter()
        .filter_map(|label| Some(format!("- `{}`: {}", label.json, label.docs.as_deref()?.trim().replace('\n', " "))))
        .collect();
    if !meanings.is_empty() {
        schema.insert("description".to_owned(), json!(meanings.join("\n")));
    }
    schema
}
