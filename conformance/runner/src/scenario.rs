// SPDX-License-Identifier: MIT OR Apache-2.0
//! Business scenarios, Markdown with calls in it, run through HTTP. A block ```` ```json call interface.function ```` holds the
//! parameters of a call; the next block ```` ```json expect ```` what the result must contain, ```` ```json refuse ```` what the
//! problem must contain. A call without a block behind it must succeed. Objects match when they have the expected fields;
//! lists item by item, as long as expected.
//!
//! The same files run natively in their component's own tests, where problems are values of `cortex:types/problem`; here they
//! are made of `application/problem+json`.

use crate::client::Answer;
use serde_json::{Value, json};

/// One block of a scenario.
struct Block<'a> {
    line: usize,
    kind: &'a str,
    body: Value,
}

fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let Some(kind) = line.strip_prefix("```json ") else { continue };
        let body =
            lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect::<Vec<_>>().join("\n");
        let line = number + 1;
        let body = serde_json::from_str(&body).unwrap_or_else(|error| panic!("line {line}: {error}"));
        blocks.push(Block { line, kind, body });
    }
    blocks
}

/// Where `actual` lacks something of `expected`.
#[must_use]
pub fn mismatch(expected: &Value, actual: &Value, at: &str) -> Option<String> {
    match (expected, actual) {
        (Value::Object(expected), Value::Object(actual)) => expected.iter().find_map(|(name, value)| {
            let found = actual.get(name).unwrap_or(&Value::Null);
            mismatch(value, found, &format!("{at}/{name}"))
        }),
        (Value::Array(expected), Value::Array(actual)) if expected.len() == actual.len() => {
            let items = expected.iter().zip(actual).enumerate();
            items
                .into_iter()
                .find_map(|(index, (expected, actual))| mismatch(expected, actual, &format!("{at}/{index}")))
        }
        (expected, actual) if expected == actual => None,
        (expected, actual) => Some(format!("at `{at}` expected {expected:#}, found {actual:#}")),
    }
}

/// The problem of a component behind a refusal.
fn problem(answer: &Answer) -> Value {
    let kind = match answer.status {
        422 => "invalid",
        404 => "not_found",
        409 => "conflict",
        403 => "denied",
        429 => "limit_exceeded",
        503 => "unavailable",
        500 => "internal",
        other => panic!("{other} is no status of a component's problem: {answer:?}"),
    };
    let faults = answer.body["errors"].as_array().into_iter().flatten();
    let fields =
        faults.map(|fault| json!({ "path": fault["pointer"], "code": fault["code"], "message": fault["detail"] }));
    let fields: Vec<_> = fields.collect();
    json!({ "kind": kind, "code": answer.code(), "message": answer.detail(), "fields": fields })
}

/// Runs a scenario through `call`, which takes an operation and its parameters, and returns how many calls there were.
pub fn run(text: &str, mut call: impl FnMut(&str, &Value) -> Answer) -> usize {
    let mut calls = 0;
    let mut blocks = blocks(text).into_iter().peekable();
    while let Some(block) = blocks.next() {
        let Some(operation) = block.kind.strip_prefix("call ") else {
            panic!("line {}: a `call` is expected", block.line)
        };
        let answer = call(operation, &block.body);
        calls += 1;
        let expected = blocks.next_if(|next| !next.kind.starts_with("call "));
        let ok = (200..300).contains(&answer.status);
        let fault = match expected {
            None if ok => None,
            Some(Block { kind: "expect", body, .. }) if ok => mismatch(&body, &answer.body, ""),
            Some(Block { kind: "refuse", body, .. }) if !ok => mismatch(&body, &problem(&answer), ""),
            _ => Some(format!("answered {answer:?}")),
        };
        if let Some(fault) = fault {
            panic!("line {}, {operation}: {fault}", block.line);
        }
    }
    calls
}
