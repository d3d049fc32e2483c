// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reader and schema agree: what the reader accepts, the schema accepts; what is wrong with keys and types, both refuse;
//! what only the reader refuses stands in one table, and on the page.

use super::{GREETER, LEDGER, to_json, validator};
use crate::Manifest;
use serde_json::{Value, json};

#[test]
fn valid_manifests_validate() {
    for text in [LEDGER, GREETER] {
        let json = to_json(text);
        let errors: Vec<String> =
            validator().iter_errors(&json).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert_eq!(errors, Vec::<String>::new());
    }
}

#[test]
fn a_manifest_means_the_same_in_json() {
    let yaml = Manifest::parse(LEDGER).unwrap();
    let json = Manifest::parse(&serde_json::to_string_pretty(&to_json(LEDGER)).unwrap()).unwrap();
    assert_eq!(json.operations.keys().collect::<Vec<_>>(), yaml.operations.keys().collect::<Vec<_>>());
    assert_eq!((json.limits, json.description, json.licence), (yaml.limits, yaml.description, yaml.licence));
}

/// The JSON Pointers of every value in the document.
fn pointers(value: &Value, at: String, all: &mut Vec<String>) {
    let inner = |key: &str| format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| pointers(value, inner(key), all)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, value)| pointers(value, inner(&index.to_string()), all));
        }
        _ => {}
    }
    all.push(at);
}

/// Whether reader and schema accept the document.
fn verdicts(document: &Value, validator: &jsonschema::Validator) -> (bool, bool) {
    (Manifest::parse(&document.to_string()).is_ok(), validator.is_valid(document))
}

#[test]
fn a_value_of_another_type_is_refused_by_both_wherever_it_stands() {
    let (document, validator) = (to_json(LEDGER), validator());
    let mut all = Vec::new();
    pointers(&document, String::new(), &mut all);
    assert!(all.len() > 100, "{}", all.len());
    for pointer in &all {
        for other in
            [json!(null), json!(true), json!(-1), json!(1.5), json!(""), json!([[]]), json!({ "Unknown key": 1 })]
        {
            let mut changed = document.clone();
            *changed.pointer_mut(pointer).unwrap() = other.clone();
            assert_eq!(verdicts(&changed, &validator), (false, false), "{pointer}: {other}");
        }
    }
}

#[test]
fn an_unknown_key_is_refused_by_both_in_every_mapping() {
    let (document, validator) = (to_json(LEDGER), validator());
    let mut all = Vec::new();
    pointers(&document, String::new(), &mut all);
    for pointer in &all {
        let mut changed = document.clone();
        let Some(Value::Object(map)) = changed.pointer_mut(pointer) else { continue };
        map.insert("Unknown key".to_owned(), json!("x"));
        assert_eq!(verdicts(&changed, &validator), (false, false), "{pointer}");
    }
}

#[test]
fn a_missing_key_is_refused_by_both_or_by_none() {
    let (document, validator) = (to_json(LEDGER), validator());
    let mut all = Vec::new();
    pointers(&document, String::new(), &mut all);
    let mut refused = 0;
    for pointer in all.iter().filter(|pointer| !pointer.is_empty()) {
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        let mut changed = document.clone();
        let Some(Value::Object(map)) = changed.pointer_mut(parent) else { continue };
        map.remove(&key.replace("~1", "/").replace("~0", "~"));
        let (reader, schema) = verdicts(&changed, &validator);
        refused += usize::from(!schema);
        // Only the reader knows that a view or a schedule names the operation, and which interfaces need a scope.
        let crosswise = parent == "/operations" || key == "operations" || key == "scope" || key == "secrets";
        assert!(reader == schema || (crosswise && !reader), "{pointer}: reader {reader}, schema {schema}");
    }
    assert!(refused > 40, "{refused}");
}

/// What only the reader refuses: a pointer, and a value that the schema accepts there.
fn only_the_reader() -> Vec<(&'static str, Value)> {
    let rest = "/operations/journal.get-entry/rest";
    vec![
        ("/version", json!("99999999999999999999.0.0")),
        ("/title", json!("   ")),
        ("/title", json!("two\nlines")),
        ("/description", json!("a\u{7}b")),
        ("/licence", json!("MIT OR")),
        ("/licence", json!("(MIT")),
        ("/world", json!("a".repeat(65))),
        ("/operations/journal.post/permission", json!(format!("a.{}", "b".repeat(65)))),
        ("/operations/journal.post/rest/method", json!("GET")),
        ("/operations/journal.get-entry/rest/method", json!("PUT")),
        ("/operations/journal.get-entry/rest/path", json!("/a/{id}/{id}")),
        ("/operations/journal.get-entry/rest/path", json!("/a/..")),
        ("/operations/journal.get-entry/rest/path", json!("/accounts")),
        (rest, json!({ "method": "POST", "path": "/journal/post" })),
        (rest, json!({ "method": "GET", "path": "/a/{id}", "query": ["id"] })),
        (rest, json!({ "method": "GET", "path": "/a", "query": ["id", "id"] })),
        ("/capabilities/1/interface", json!("cortex:storage/sql")),
        ("/capabilities/1/interface", json!("cortex:types/types")),
        ("/capabilities/1/interface", json!("cortex:http/client")),
        ("/capabilities/2/scope", json!({ "hosts": ["example.com"] })),
        ("/capabilities/2/scope", json!({ "secrets": ["a"], "hosts": ["example.com"] })),
        ("/capabilities/2/interface", json!("cortex:log/log")),
        ("/calls/0/interface", json!("cortex:log/log")),
        ("/calls/0/interface", json!("cortex:ledger/hooks")),
        ("/calls/0/reason", json!("two   \u{7}words")),
        ("/schedules/0/operation", json!("journal.unknown")),
        ("/schedules/0/cron", json!("60 * * * *")),
        ("/schedules/0/cron", json!("0 0 31 2 *")),
        ("/views/0/operation", json!("journal.unknown")),
        ("/views/0/operation", json!("journal.post")),
        ("/views/0/id", json!("new-account")),
        ("/limits/memory-bytes-max", json!("2 GiB")),
    ]
}

#[test]
fn what_only_the_reader_refuses() {
    let (document, validator) = (to_json(LEDGER), validator());
    for (pointer, value) in only_the_reader() {
        let mut changed = document.clone();
        let place = changed.pointer_mut(pointer);
        match place {
            Some(place) => *place = value.clone(),
            None => {
                let (parent, key) = pointer.rsplit_once('/').unwrap();
                changed.pointer_mut(parent).unwrap()[key] = value.clone();
            }
        }
        assert_eq!(verdicts(&changed, &validator), (false, true), "{pointer}: {value}");
    }
}

#[test]
fn what_is_wrong_with_a_text_both_refuse() {
    let (document, validator) = (to_json(LEDGER), validator());
    let cases: &[(&str, Value)] = &[
        ("/id", json!("Ledger")),
        ("/id", json!("a".repeat(41))),
        ("/version", json!("1.0")),
        ("/version", json!("01.0.0")),
        ("/title", json!("t".repeat(81))),
        ("/description", json!("d".repeat(2_001))),
        ("/licence", json!("MIT/Apache-2.0")),
        ("/world", json!("The World")),
        ("/operations/account.create/permission", json!("manage")),
        ("/operations/journal.post/effect", json!("none")),
        ("/operations/journal.post/rest/method", json!("post")),
        ("/operations/journal.post/rest/path", json!("entries")),
        ("/operations/journal.post/rest/path", json!("/a/{entry_id}")),
        ("/operations/journal.post/rest/path", json!("/a".repeat(17))),
        ("/operations/account.list/rest/query/0", json!("dry_run")),
        ("/capabilities/0/interface", json!("cortex:storage")),
        ("/capabilities/0/reason", json!("because")),
        ("/capabilities/0/reason", json!("becausebecause")),
        ("/capabilities/2/scope/secrets", json!([])),
        ("/schedules/0/cron", json!("@daily")),
        ("/schedules/0/time-zone", json!("+01:00")),
        ("/schedules/0/missed", json!("never")),
        ("/views/0/kind", json!("table")),
        ("/limits/memory-bytes-max", json!(0)),
        ("/limits/memory-bytes-max", json!(1_u64 << 40)),
        ("/limits/memory-bytes-max", json!("64 MB")),
        ("/limits/cpu-ms-max", json!("1 MiB")),
        ("/migrations", json!("../migrations")),
        ("/schemas/chart-of-accounts", json!("../chart.json")),
    ];
    for (pointer, value) in cases {
        let mut changed = document.clone();
        *changed.pointer_mut(pointer).unwrap() = value.clone();
        assert_eq!(verdicts(&changed, &validator), (false, false), "{pointer}: {value}");
    }
}
