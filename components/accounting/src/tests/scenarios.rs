// SPDX-License-Identifier: MIT OR Apache-2.0
//! Runs the business scenarios of `scenarios/`. A block ```` ```json call interface.function ```` holds the parameters of a call; the
//! next block ```` ```json expect ```` what the result must contain, ```` ```json refuse ```` what the problem must contain. A call
//! without a block behind it must succeed. Objects match when they have the expected fields; lists item by item, as long as expected.

use super::calls::invoke;
use super::database::reset;
use serde_json::Value;

/// Where `actual` lacks something of `expected`, as a JSON Pointer.
fn mismatch(expected: &Value, actual: &Value, at: &str) -> Option<String> {
    match (expected, actual) {
        (Value::Object(expected), Value::Object(actual)) => expected.iter().find_map(|(name, value)| {
            mismatch(value, actual.get(name).unwrap_or(&Value::Null), &format!("{at}/{name}"))
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
        let body: String =
            lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect::<Vec<_>>().join("\n");
        let body = serde_json::from_str(&body).unwrap_or_else(|error| panic!("line {}: {error}", number + 1));
        blocks.push(Block { line: number + 1, kind, body });
    }
    blocks
}

fn run(text: &str) -> usize {
    reset();
    let mut calls = 0;
    let mut blocks = blocks(text).into_iter().peekable();
    while let Some(block) = blocks.next() {
        let Some(operation) = block.kind.strip_prefix("call ") else {
            panic!("line {}: a `call` is expected", block.line)
        };
        let outcome = invoke(operation, block.body);
        calls += 1;
        let expected = blocks.next_if(|next| !next.kind.starts_with("call "));
        let fault = match (expected, outcome) {
            (None, Ok(_)) => None,
            (None, Err(problem)) => Some(format!("refused: {problem:#}")),
            (Some(Block { kind: "expect", body, .. }), Ok(result)) => mismatch(&body, &result, ""),
            (Some(Block { kind: "refuse", body, .. }), Err(problem)) => mismatch(&body, &problem, ""),
            (Some(_), Ok(result)) => Some(format!("not refused: {result:#}")),
            (Some(_), Err(problem)) => Some(format!("refused: {problem:#}")),
        };
        if let Some(fault) = fault {
            panic!("line {}, {operation}: {fault}", block.line);
        }
    }
    calls
}

#[test]
fn the_first_year() {
    assert!(run(include_str!("../../scenarios/first-year.md")) > 20);
}

#[test]
fn currencies_and_commodities() {
    assert!(run(include_str!("../../scenarios/currencies.md")) > 10);
}

#[test]
#[should_panic(expected = "at `/balancing` expected \"functional\"")]
fn a_scenario_can_fail() {
    let call = "```json call settings.initialise\n{\"setup\":{\"functional_currency\":\"EUR\",\"balancing\":\"per_currency\",\"journals\":[]}}\n```\n";
    run(&format!("{call}```json expect\n{{\"balancing\":\"functional\"}}\n```\n"));
}
