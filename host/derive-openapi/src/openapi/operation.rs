// SPDX-License-Identifier: MIT OR Apache-2.0
//! One operation in the document: its canonical and its REST route.

use super::naming::Shared;
use super::{ComponentDescription, OperationDescription, problem};
use crate::schema::{Builder, Direction, describe};
use crate::snake;
use kernel_contract::{Binding, Failure, Kind, Leaf, Operation, Output, Source};
use kernel_types::Effect;
use serde_json::{Map, Value, json};

/// Method, path and item of each route of the operation.
pub(super) fn items(
    builder: &mut Builder<Shared>,
    component: &ComponentDescription<'_>,
    description: &OperationDescription<'_>,
    operation: &Operation,
    tag: &str,
) -> Vec<(String, String, Map<String, Value>)> {
    let id = format!("{}.{}.{}", snake(component.id.as_str()), operation.name.interface(), operation.name.function());
    let id = snake(&id);
    let base = common(builder, description, operation, tag);
    let mut items = Vec::new();
    let canonical = Binding::canonical(operation);
    let path = format!(
        "/api/{}/v{}/{}/{}",
        component.id,
        operation.interface.major(),
        operation.name.interface(),
        operation.name.function()
    );
    items.push(("post".to_owned(), path, item(builder, &base, &id, operation, (&canonical, description.effect))));
    if let Some(rest) = &description.rest {
        let path = template(rest.path);
        let item = item(builder, &base, &format!("{id}.rest"), operation, (rest.binding, description.effect));
        items.push((rest.method.to_ascii_lowercase(), path, item));
    }
    items
}

/// The path with its placeholders as the parameters are called in JSON.
fn template(path: &str) -> String {
    let segments = path.split('/').map(|segment| match segment.strip_prefix('{').and_then(|s| s.strip_suffix('}')) {
        Some(placeholder) => format!("{{{}}}", snake(placeholder)),
        None => segment.to_owned(),
    });
    segments.collect::<Vec<_>>().join("/")
}

/// What both routes share.
fn common(
    builder: &mut Builder<Shared>,
    description: &OperationDescription<'_>,
    operation: &Operation,
    tag: &str,
) -> Map<String, Value> {
    let mut item = Map::new();
    let mut add = |key: &str, value: Value| item.insert(key.to_owned(), value);
    add("tags", json!([tag]));
    if let Some(docs) = operation.docs.as_deref() {
        add("summary", json!(summary(docs)));
        add("description", json!(docs.trim()));
    }
    if operation.deprecated {
        add("deprecated", json!(true));
    }
    // Permissions stand where OpenAPI 3.1 lets roles stand for schemes that are no OAuth.
    add("security", json!([{ "bearer": [description.permission] }]));
    add("x-cortex-effect", json!(if description.effect == Effect::Read { "read" } else { "write" }));
    add("responses", responses(builder, operation, description.effect));
    item
}

/// The first sentence, where it ends within the first paragraph.
fn summary(docs: &str) -> String {
    let paragraph = docs.trim().split("\n\n").next().unwrap_or_default().replace('\n', " ");
    match paragraph.find(". ") {
        Some(end) => paragraph.get(..end).unwrap_or(&paragraph).to_owned(),
        None => paragraph.trim_end_matches('.').to_owned(),
    }
}

fn item(
    builder: &mut Builder<Shared>,
    base: &Map<String, Value>,
    id: &str,
    operation: &Operation,
    (binding, effect): (&Binding, Effect),
) -> Map<String, Value> {
    let mut item = base.clone();
    item.insert("operationId".to_owned(), json!(id));
    let mut parameters: Vec<Value> = binding.leaves().iter().map(|leaf| parameter(builder, leaf)).collect();
    parameters.extend((effect == Effect::Write).then(problem::idempotency_key_reference));
    if !parameters.is_empty() {
        item.insert("parameters".to_owned(), Value::Array(parameters));
    }
    let in_body = operation.parameters.iter().enumerate().filter(|(index, _)| binding.source(*index) == Source::Body);
    let in_body: Vec<_> = in_body.map(|(_, parameter)| parameter).collect();
    if !in_body.is_empty() {
        let required = in_body.iter().any(|parameter| !parameter.ty.is_nullable());
        let schema = builder.object(in_body, Direction::Input);
        let body = json!({ "required": required, "content": { "application/json": { "schema": schema } } });
        item.insert("requestBody".to_owned(), body);
    }
    item
}

fn parameter(builder: &mut Builder<Shared>, leaf: &Leaf) -> Value {
    // Absence says what `null` says in a body.
    let ty = match leaf.ty.kind() {
        Kind::Option(inner) => inner,
        _ => &leaf.ty,
    };
    let mut parameter = Map::new();
    let mut add = |key: &str, value: Value| parameter.insert(key.to_owned(), value);
    add("name", json!(leaf.name));
    add("in", json!(leaf.source.name()));
    add("required", json!(leaf.required));
    add("schema", Value::Object(builder.ty(ty, Direction::Input)));
    if matches!(ty.kind(), Kind::List(_)) {
        add("style", json!("form"));
        add("explode", json!(true));
    }
    describe(&mut parameter, leaf.docs.as_deref());
    Value::Object(parameter)
}

fn responses(builder: &mut Builder<Shared>, operation: &Operation, effect: Effect) -> Value {
    let mut responses = Map::new();
    match operation.output.ok() {
        Some(ty) => {
            let schema = builder.ty(ty, Direction::Output);
            let answer =
                json!({ "description": "The answer.", "content": { "application/json": { "schema": schema } } });
            responses.insert("200".to_owned(), answer);
        }
        None => {
            responses.insert("204".to_owned(), json!({ "description": "Done; there is nothing to say." }));
        }
    }
    let (refuses, refuses_with_problem) = match &operation.output {
        Output::Value(_) => (false, false),
        Output::Fallible { failure, .. } => (true, matches!(failure, Failure::Problem(_))),
    };
    for (status, name) in problem::STATUSES {
        let applies = match *status {
            // Also of an operation that only reads: a ledger that is not set up yet is a state, too.
            "404" => refuses_with_problem,
            // Whatever writes can meet a key that was used before.
            "409" => refuses_with_problem || effect == Effect::Write,
            "422" => refuses,
            _ => true,
        };
        if applies {
            responses.insert((*status).to_owned(), problem::reference(name));
        }
    }
    if let Output::Fallible { failure: Failure::Other(Some(ty)), .. } = &operation.output {
        let value = builder.ty(ty, Direction::Output);
        responses.insert("422".to_owned(), problem::with_value(value));
    }
    Value::Object(responses)
}
