// SPDX-License-Identifier: MIT OR Apache-2.0
//! Drafts: kept as given, however faulty, and never counted.

use super::calls::{invoke, ok, refused};
use super::database::{integers, with_current};
use super::setup::{entry, ledger, line, simple};
use serde_json::json;

#[test]
fn a_draft_is_kept_as_it_was_given() {
    ledger("functional");
    let faulty = json!({ "journal": "?", "date": "soon", "description": "x", "document_date": "y", "reference": "R", "external_id": "E",
        "lines": [{ "account": "??", "side": "credit", "amount": "many", "currency": "c", "rate": "r", "value": "v",
            "value_currency": "vc", "description": "d",
            "dimensions": [{ "name": "p", "value": "2" }, { "name": "p", "value": "" }, { "name": "a", "value": "1" }] }] });
    let draft = ok("journal.create-draft", json!({ "entry": faulty }));
    assert_eq!(draft["entry"], faulty);
    assert_eq!(ok("journal.get-draft", json!({ "id": draft["id"] })), draft);
    let paths: Vec<&str> = draft["faults"]
        .as_array()
        .expect("faults")
        .iter()
        .map(|fault| fault["path"].as_str().expect("a path"))
        .collect();
    for path in [
        "/entry/journal",
        "/entry/date",
        "/entry/document_date",
        "/entry/lines",
        "/entry/lines/0/account",
        "/entry/lines/0/currency",
        "/entry/lines/0/dimensions/1/name",
        "/entry/lines/0/dimensions/1/value",
    ] {
        assert!(paths.contains(&path), "{path}: {paths:?}");
    }
    assert_eq!(integers("SELECT count(*) FROM entries"), [0]);
}

#[test]
fn only_what_cannot_be_kept_is_refused() {
    ledger("functional");
    let mut long = simple("2026-01-01", "1");
    long["lines"][1]["rate"] = json!("1".repeat(201));
    long["journal"] = json!("a\0b");
    let (_, _, faults) = refused("journal.create-draft", json!({ "entry": long }));
    assert_eq!(faults, ["/entry/journal control-character", "/entry/lines/1/rate too-long"]);
    let many = entry("2026-01-01", &vec![line("cash", "debit", "1"); 1_001]);
    assert_eq!(refused("journal.create-draft", json!({ "entry": many })).2, ["/entry/lines too-many-lines"]);
}

#[test]
fn of_two_changes_the_second_must_read_again() {
    ledger("functional");
    let id = ok("journal.create-draft", json!({ "entry": simple("2026-01-01", "1") }))["id"].clone();
    with_current(|database| (database.subject, database.now) = ("ben", "2026-11-21T08:00:00Z"));
    let update = |version: u32| {
        invoke("journal.update-draft", json!({ "id": id, "version": version, "entry": simple("2026-01-02", "2") }))
    };
    let updated = update(1).expect("the newest version");
    assert_eq!(updated["version"], json!(2));
    for (name, expected) in [
        ("created_by", "anna"),
        ("created_at", "2026-11-20T13:21:13.5Z"),
        ("updated_by", "ben"),
        ("updated_at", "2026-11-21T08:00:00Z"),
    ] {
        assert_eq!(updated[name], json!(expected), "{name}");
    }
    for (operation, arguments) in [
        ("journal.update-draft", json!({ "id": id, "version": 1, "entry": simple("2026-01-02", "3") })),
        ("journal.post-draft", json!({ "id": id, "version": 1 })),
        ("journal.discard-draft", json!({ "id": id, "version": 1 })),
    ] {
        let (code, kind, _) = refused(operation, arguments);
        assert_eq!((code.as_str(), kind.as_str()), ("version-changed", "conflict"), "{operation}");
    }
    ok("journal.discard-draft", json!({ "id": id, "version": 2 }));
    assert_eq!(integers("SELECT count(*) FROM draft_lines"), [0]);
}

/// Four eyes: the entry says who made the draft, and who posted it.
#[test]
fn an_entry_says_who_drafted_it() {
    ledger("functional");
    let id = ok("journal.create-draft", json!({ "entry": simple("2026-01-01", "1") }))["id"].clone();
    with_current(|database| database.subject = "ben");
    let posted = ok("journal.post-draft", json!({ "id": id, "version": 1 }));
    assert_eq!((&posted["drafted_by"], &posted["posted_by"]), (&json!("anna"), &json!("ben")));
    assert_eq!(ok("journal.get-entry", json!({ "id": posted["id"] })), posted);
    let at_once = ok("journal.post", json!({ "entry": simple("2026-01-01", "1") }));
    assert_eq!((&at_once["drafted_by"], &at_once["posted_by"]), (&json!(null), &json!("ben")));
    let reversal = ok("journal.reverse", json!({ "id": posted["id"] }));
    assert_eq!((&reversal["drafted_by"], &reversal["posted_by"]), (&json!(null), &json!("ben")));
}

#[test]
fn a_draft_that_cannot_be_posted_stays() {
    ledger("functional");
    let id = ok("journal.create-draft", json!({ "entry": entry("2026-01-01", &[line("cash", "debit", "1")]) }))["id"]
        .clone();
    assert_eq!(refused("journal.post-draft", json!({ "id": id, "version": 1 })).2, ["/entry/lines too-few-lines"]);
    assert_eq!(ok("journal.get-draft", json!({ "id": id }))["version"], json!(1));
    let posted = ok("journal.update-draft", json!({ "id": id, "version": 1, "entry": simple("2026-01-01", "1") }));
    assert_eq!(posted["faults"], json!([]));
    assert_eq!(ok("journal.post-draft", json!({ "id": id, "version": 2 }))["number"], json!(1));
    assert_eq!(refused("journal.post-draft", json!({ "id": id, "version": 2 })).0, "unknown-draft");
}

#[test]
fn drafts_are_listed_oldest_first() {
    ledger("functional");
    for amount in ["1", "2", "x"] {
        ok("journal.create-draft", json!({ "entry": simple("2026-01-01", amount) }));
    }
    let first = ok("journal.list-drafts", json!({ "limit": 2 }));
    assert_eq!(first["drafts"][1]["entry"]["lines"][1]["amount"], json!("2"));
    let second = ok("journal.list-drafts", json!({ "limit": 2, "cursor": first["page"]["next"] }));
    assert_eq!(second["drafts"][0]["faults"].as_array().map(Vec::len), Some(2));
    assert_eq!(refused("journal.list-drafts", json!({ "cursor": "x" })).2, ["/cursor invalid-cursor"]);
    assert_eq!(refused("journal.list-drafts", json!({ "limit": 101 })).2, ["/limit limit-out-of-range"]);
}
