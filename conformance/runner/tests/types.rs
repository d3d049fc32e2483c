// SPDX-License-Identifier: MIT OR Apache-2.0
//! Values of every type go in and come out unchanged: JSON to values, into a component, out of it, and back to JSON.
//!
//! The texts are compared and not what a reader makes of them, so that a number that changes in its last digit is seen.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test is a test"
)]

use conformance::TestHost;
use conformance::bundles::bundle;
use conformance::client::Client;
use conformance::wire::Request;
use contract_samples::values;
use kernel_contract::{Contract, Kind, Operation};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use serde_json::Value;
use std::collections::BTreeSet;
use wasmtime::component::Val;

const TYPES: &str = "conformance/guests/types";

/// Values of each type.
const VALUES: usize = 24;

/// The kinds of types that a contract can have, lists of fixed length left out: the engine does not take them yet.
const KINDS: usize = 15;

/// The operations that take one value and return it. That none is forgotten is checked against the component.
const OPERATIONS: &[&str] = &[
    "of-bool",
    "of-u8",
    "of-u16",
    "of-u32",
    "of-u64",
    "of-s8",
    "of-s16",
    "of-s32",
    "of-s64",
    "of-f32",
    "of-f64",
    "of-char",
    "of-string",
    "of-bytes",
    "of-list",
    "of-lists",
    "of-list-of-bytes",
    "of-option",
    "of-option-of-option",
    "of-three-options",
    "of-list-of-options",
    "of-result",
    "of-result-of-nothing",
    "of-result-or-nothing",
    "of-bare-result",
    "of-option-of-result",
    "of-tuple",
    "of-record",
    "of-variant",
    "of-enum",
    "of-flags",
    "of-many-flags",
    "of-everything",
    "of-list-of-everything",
    "of-decimal",
    "of-alias",
    "of-currency-code",
    "of-money",
    "of-date",
    "of-date-time",
    "of-uuid",
    "of-page-request",
    "of-page",
    "of-problem",
];

fn contract() -> Contract {
    Contract::of_component(&std::fs::read(bundle(TYPES).join("component.wasm")).unwrap()).unwrap()
}

/// What the host writes for a result.
fn written(operation: &Operation, result: &Val) -> String {
    let mut json = Vec::new();
    operation.lower(Some(result), &mut json, usize::MAX).unwrap();
    String::from_utf8(json).unwrap()
}

/// A value as the operation's result, which may hold it in a tuple.
fn result(operation: &Operation, value: &Val) -> (Val, bool) {
    let within = matches!(operation.output.ok().unwrap().kind(), Kind::Tuple(types) if types.len() == 1);
    if within { (Val::Tuple(vec![value.clone()]), true) } else { (value.clone(), false) }
}

fn path(operation: &Operation) -> String {
    format!("/api/values/v1/same/{}", operation.name.function())
}

fn check(client: &Client, operation: &Operation, value: &Val) {
    let (result, within) = result(operation, value);
    let expected = written(operation, &result);
    let input = if within { &expected[1..expected.len() - 1] } else { expected.as_str() };
    let (status, answer) = client.text(&path(operation), &format!("{{\"value\":{input}}}")).unwrap();
    assert_eq!((status, answer.as_str()), (200, expected.as_str()), "{} of {value:?}", operation.name);
}

fn name(kind: &Kind) -> String {
    let text = format!("{kind:?}");
    text.split(['(', ' ', '{']).next().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_value_of_every_type_comes_back_as_it_went_in() {
    let host = TestHost::start(&[TYPES]).await;
    let client = host.client.clone();
    let checked = tokio::task::spawn_blocking(move || {
        let (contract, mut runner, mut kinds) = (contract(), TestRunner::deterministic(), BTreeSet::new());
        let mut left: BTreeSet<_> = OPERATIONS.iter().copied().collect();
        for operation in contract.operations().filter(|operation| operation.parameters.len() == 1) {
            assert!(left.remove(operation.name.function()), "{} is not in the list", operation.name);
            let ty = &operation.parameters[0].ty;
            kinds.insert(name(ty.kind()));
            let strategy = values::value(ty);
            for _ in 0..VALUES {
                check(&client, operation, &strategy.new_tree(&mut runner).unwrap().current());
            }
        }
        assert!(left.is_empty(), "{left:?} are not operations");
        assert!(kinds.len() >= KINDS, "{kinds:?}");
    });
    checked.await.unwrap();
}

/// The ends of every range, and what JSON cannot write as a number.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_ends_of_every_range_come_back() {
    let host = TestHost::start(&[TYPES]).await;
    let client = host.client.clone();
    let checked = tokio::task::spawn_blocking(move || {
        for (function, texts) in [
            ("of-u8", &["0", "255"][..]),
            ("of-s8", &["-128", "127"]),
            ("of-u16", &["0", "65535"]),
            ("of-s16", &["-32768", "32767"]),
            ("of-u32", &["0", "4294967295"]),
            ("of-s32", &["-2147483648", "2147483647"]),
            ("of-u64", &["\"0\"", "\"9007199254740993\"", "\"18446744073709551615\""]),
            ("of-s64", &["\"-9223372036854775808\"", "\"9223372036854775807\""]),
            ("of-f32", &["0.0", "-0.0", "1e-45", "3.4028235e38", "0.1", "\"NaN\"", "\"Infinity\"", "\"-Infinity\""]),
            ("of-f64", &["-0.0", "5e-324", "1.7976931348623157e308", "0.1", "9007199254740993.0", "\"NaN\""]),
            ("of-char", &["\"\\u0000\"", "\"\u{10ffff}\"", "\"\u{d7ff}\"", "\"\u{e000}\"", "\"\\\"\""]),
            ("of-string", &["\"\"", "\"a\\u0000b\"", "\"\\\\\\\"/\"", "\"\u{1f4a3}\u{202e}\""]),
            ("of-bytes", &["\"\"", "\"AA==\"", "\"//79\""]),
            ("of-option-of-option", &["null", "{\"some\":null}", "{\"some\":4294967295}"]),
            (
                "of-three-options",
                &["null", "{\"some\":null}", "{\"some\":{\"some\":null}}", "{\"some\":{\"some\":true}}"],
            ),
            ("of-decimal", &["\"0\"", "\"-0.1\"", "\"1.50\"", "\"99999999999999999999999999999999999999\""]),
            ("of-date", &["\"0001-01-01\"", "\"9999-12-31\"", "\"2024-02-29\""]),
            ("of-date-time", &["\"2026-02-28T23:59:59.123456789Z\"", "\"0001-01-01T00:00:00Z\""]),
            ("of-flags", &["[]", "[\"can_read\",\"can_write\",\"can_delete\"]"]),
            ("of-variant", &["\"empty\"", "{\"circle\":[{\"x\":0.0,\"y\":-0.0},1.5]}", "{\"polygon\":[]}"]),
        ] {
            for text in texts {
                let target = format!("/api/values/v1/same/{function}");
                let (status, answer) = client.text(&target, &format!("{{\"value\":{text}}}")).unwrap();
                assert_eq!(status, 200, "{function} of {text}: {answer}");
                let (given, found): (Value, Value) =
                    (serde_json::from_str(text).unwrap(), serde_json::from_str(&answer).unwrap());
                // Numbers may be written otherwise than they were given, with the same digits.
                assert!(answer == *text || given == found, "{function} of {text} is {answer}");
                let again = client.text(&target, &format!("{{\"value\":{answer}}}")).unwrap();
                assert_eq!(again, (200, answer), "{function}: what was written reads back");
            }
        }
        assert_eq!(client.text("/api/values/v1/same/nothing", "").unwrap(), (204, String::new()));
        assert_eq!(client.text("/api/values/v1/same/nothing", "{}").unwrap(), (204, String::new()));
    });
    checked.await.unwrap();
}

/// A text in a path or a query, byte by byte.
fn encoded(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric();
    text.bytes().map(|byte| if plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// The text of a value that fits an address.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The address of `in-address` with these values, which are those of its result.
fn address(values: &[Value]) -> String {
    let names = ["flag", "small", "large", "number", "letter", "colour", "bytes", "tags", "day", "page"];
    let mut pairs = Vec::new();
    for (name, value) in names.into_iter().zip(&values[1..]) {
        match value {
            Value::Null => {}
            Value::Array(items) => pairs.extend(items.iter().map(|item| (name.to_owned(), text(item)))),
            Value::Object(fields) => {
                let given = fields.iter().filter(|(_, value)| !value.is_null());
                pairs.extend(given.map(|(field, value)| (format!("{name}.{field}"), text(value))));
            }
            other => pairs.push((name.to_owned(), text(other))),
        }
    }
    let query: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    format!("/api/values/v1/address/{}?{}", encoded(&text(&values[0])), query.join("&"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_in_a_path_and_a_query_come_back() {
    let host = TestHost::start(&[TYPES]).await;
    let (client, url) = (host.client.clone(), host.url.clone());
    let checked = tokio::task::spawn_blocking(move || {
        let (contract, mut runner) = (contract(), TestRunner::deterministic());
        let operation = contract.operations().find(|operation| operation.name.function() == "in-address").unwrap();
        let strategies: Vec<_> = operation.parameters.iter().map(|parameter| values::value(&parameter.ty)).collect();
        let mut tried = 0;
        while tried < VALUES {
            let mut values: Vec<_> =
                strategies.iter().map(|one| one.new_tree(&mut runner).unwrap().current()).collect();
            // Readers of JSON differ in the last digit of a double; the texts of all others are compared here.
            values[4] = Val::Float64(f64::from(u16::try_from(tried).unwrap()) / 8.0);
            let written = written(operation, &Val::Tuple(values));
            let values: Vec<Value> = serde_json::from_str(&written).unwrap();
            let no_segment = ["", ".", ".."].contains(&values[0].as_str().unwrap());
            let empty_page = values[10].as_object().is_some_and(|page| page.values().all(Value::is_null));
            if no_segment || empty_page {
                continue;
            }
            tried += 1;
            let target = address(&values);
            let reply = Request::new("GET", &target).token(&client.token).send(&url);
            assert_eq!(reply.answer.status, 200, "{target}: {:?}", reply.answer);
            assert_eq!(reply.answer.body, Value::Array(values), "{target}");
        }
    });
    checked.await.unwrap();
}
