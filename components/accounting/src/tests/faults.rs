// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a post refuses: every fault by its place and code.

use super::calls::{ok, refused};
use super::database::integers;
use super::setup::{entry, ledger, line, post, simple};
use serde_json::{Value, json};

fn check(name: &str, entry: &Value, expected: &[&str]) {
    let (_, _, faults) = refused("journal.post", json!({ "entry": entry }));
    assert_eq!(faults, expected, "{name}");
    assert_eq!(integers("SELECT count(*) FROM entries"), [0], "{name}");
}

fn with(mut entry: Value, name: &str, value: Value) -> Value {
    entry[name] = value;
    entry
}

#[test]
fn what_an_entry_says_is_checked() {
    ledger("functional");
    let good = || simple("2026-03-01", "10");
    let cases = [
        ("journal", with(good(), "journal", json!("XX")), "/entry/journal unknown-journal"),
        ("journal", with(good(), "journal", json!("a\0b")), "/entry/journal unknown-journal"),
        ("date", with(good(), "date", json!("2026-02-29")), "/entry/date not-a-date"),
        ("date", with(good(), "date", json!("2025-12-31")), "/entry/date no-period"),
        ("date", with(good(), "date", json!("2027-01-01")), "/entry/date no-period"),
        ("document date", with(good(), "document_date", json!("today")), "/entry/document_date not-a-date"),
        ("description", with(good(), "description", json!("x".repeat(501))), "/entry/description too-long"),
        ("description", with(good(), "description", json!("a\0b")), "/entry/description control-character"),
        ("reference", with(good(), "reference", json!("")), "/entry/reference empty"),
        ("external id", with(good(), "external_id", json!("x".repeat(101))), "/entry/external_id too-long"),
        ("no lines", with(good(), "lines", json!([])), "/entry/lines too-few-lines"),
        ("one line", with(good(), "lines", json!([line("cash", "debit", "1")])), "/entry/lines too-few-lines"),
        (
            "many lines",
            with(good(), "lines", json!(vec![line("cash", "debit", "1"); 1_001])),
            "/entry/lines too-many-lines",
        ),
    ];
    for (name, entry, expected) in cases {
        check(name, &entry, &[expected]);
    }
}

#[test]
fn each_line_is_checked() {
    ledger("functional");
    ok("chart.close-account", json!({ "code": "rent" }));
    let cases: [(Value, &[&str]); 17] = [
        (json!({ "account": "nowhere" }), &["account unknown-account"]),
        (json!({ "account": "\0" }), &["account unknown-account"]),
        (json!({ "account": "rent" }), &["account account-closed"]),
        (json!({ "amount": "ten" }), &["amount not-a-decimal"]),
        (json!({ "amount": "1e3" }), &["amount not-a-decimal"]),
        (json!({ "amount": "-10" }), &["amount negative-amount"]),
        (json!({ "amount": "10.001" }), &["amount too-many-decimals"]),
        (json!({ "amount": "10000000000000000" }), &["amount amount-too-large"]),
        (json!({ "amount": "0" }), &["amount zero-amount"]),
        (json!({ "currency": "XYZ" }), &["currency unknown-currency"]),
        (json!({ "currency": "USD" }), &["rate missing-rate"]),
        (json!({ "currency": "USD", "rate": "0" }), &["rate rate-not-positive"]),
        (json!({ "currency": "USD", "rate": "1", "value": "10" }), &["rate rate-and-value"]),
        (json!({ "currency": "USD", "value": "10", "value_currency": "GBP" }), &["value_currency value-currency"]),
        (json!({ "rate": "1" }), &["rate rate-not-needed"]),
        (json!({ "value": "9" }), &["value value-differs"]),
        (
            json!({ "account": "usd", "currency": "EUR", "amount": "x", "description": "x".repeat(501) }),
            &["description too-long", "currency account-currency", "amount not-a-decimal"],
        ),
    ];
    for (fields, expected) in cases {
        let mut faulty = line("cash", "debit", "10");
        faulty.as_object_mut().expect("an object").extend(fields.as_object().expect("fields").clone());
        let expected: Vec<String> = expected.iter().map(|fault| format!("/entry/lines/0/{fault}")).collect();
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        check(&fields.to_string(), &entry("2026-03-01", &[faulty, line("bank", "credit", "10")]), &expected);
    }
}

#[test]
fn an_entry_must_balance_in_the_functional_currency() {
    ledger("functional");
    let dollars = |side: &str, amount: &str, rate: &str| json!({ "account": "usd", "side": side, "amount": amount, "currency": "USD", "rate": rate });
    let cases = [
        (vec![line("cash", "debit", "10"), line("bank", "credit", "9.99")], "debit 0.01 EUR more than credit"),
        (vec![line("cash", "debit", "10"), line("bank", "debit", "10")], "debit 20.00 EUR more than credit"),
        // 10.00 USD on both sides, but at two rates: the difference must be a line of its own.
        (vec![dollars("debit", "10", "0.9"), dollars("credit", "10", "0.91")], "credit 0.10 EUR more than debit"),
        (vec![line("cash", "debit", "9.01"), dollars("credit", "10", "0.9")], "debit 0.01 EUR more than credit"),
    ];
    for (lines, difference) in cases {
        let entry = entry("2026-03-01", &lines);
        check(difference, &entry, &["/entry/lines unbalanced"]);
        let problem = super::calls::invoke("journal.post", json!({ "entry": entry })).expect_err("unbalanced");
        assert_eq!(problem["message"], json!(format!("the entry is not balanced: {difference}")));
    }
}

#[test]
fn stored_rates_hold_from_their_day_and_entries_keep_them() {
    ledger("functional");
    let rate = |date: &str, rate: &str| json!({ "currency": "USD", "date": date, "rate": rate });
    ok("rates.set-rates", json!({ "rates": [rate("2026-03-01", "0.5"), rate("2026-03-10", "0.25")] }));
    let dollars = |date: &str, euros: &str| entry(date, &[line("usd", "debit", "100"), line("bank", "credit", euros)]);
    check("before the first", &dollars("2026-02-28", "50"), &["/entry/lines/0/rate missing-rate"]);
    let first = post(&dollars("2026-03-09", "50"));
    post(&dollars("2026-03-10", "25"));
    post(&dollars("2026-12-31", "25"));
    ok("rates.set-rates", json!({ "rates": [rate("2026-03-01", "0.75")] }));
    let kept = ok("journal.get-entry", json!({ "id": first }));
    assert_eq!((&kept["lines"][0]["rate"], &kept["lines"][0]["value"]), (&json!("0.5"), &json!("50.00")));
    assert_eq!(ok("rates.get-rate", json!({ "currency": "USD", "date": "2026-03-05" }))["rate"], json!("0.75"));
    assert_eq!(refused("rates.get-rate", json!({ "currency": "USD", "date": "2026-02-05" })).0, "missing-rate");
    let (_, _, faults) = refused(
        "rates.set-rates",
        json!({ "rates": [
        { "currency": "EUR", "date": "x", "rate": "-1" }, { "currency": "?", "date": "2026-01-01", "rate": "1" } ] }),
    );
    let expected = [
        "/rates/0/currency rate-not-needed",
        "/rates/0/date not-a-date",
        "/rates/0/rate rate-not-positive",
        "/rates/1/currency unknown-currency",
    ];
    assert_eq!(faults, expected);
    let page = ok("rates.list-rates", json!({ "limit": 1 }));
    assert_eq!(page["rates"], json!([rate("2026-03-01", "0.75")]));
    let next = ok("rates.list-rates", json!({ "limit": 1, "cursor": page["page"]["next"] }));
    assert_eq!((&next["rates"], &next["page"]["next"]), (&json!([rate("2026-03-10", "0.25")]), &Value::Null));
}

#[test]
fn an_external_identifier_is_taken_once() {
    ledger("functional");
    let good = || with(simple("2026-03-01", "10"), "external_id", json!("a-1"));
    let twice = refused("journal.post-many", json!({ "entries": [good(), good()] }));
    assert_eq!(twice.2, ["/entries/1/external_id duplicate-external-id"]);
    post(&good());
    let (code, kind, faults) = refused("journal.post", json!({ "entry": good() }));
    assert_eq!((code.as_str(), kind.as_str()), ("external-id-taken", "conflict"));
    assert_eq!(faults, ["/entry/external_id external-id-taken"]);
    assert_eq!(integers("SELECT number FROM entries"), [1]);
}

#[test]
fn many_are_posted_all_or_none_and_each_fault_is_named() {
    ledger("functional");
    let mut entries = vec![simple("2026-03-01", "10"); 20];
    entries[17]["lines"][0]["account"] = json!("nowhere");
    entries[19]["lines"][1]["amount"] = json!("11");
    let (code, kind, faults) = refused("journal.post-many", json!({ "entries": entries }));
    assert_eq!((code.as_str(), kind.as_str()), ("invalid-input", "invalid"));
    assert_eq!(faults, ["/entries/17/lines/0/account unknown-account", "/entries/19/lines unbalanced"]);
    assert_eq!(integers("SELECT count(*) FROM entries"), [0]);
    assert_eq!(refused("journal.post-many", json!({ "entries": [] })).2, ["/entries no-entries"]);
    let receipts = ok("journal.post-many", json!({ "entries": vec![simple("2026-03-01", "10"); 20] }));
    assert_eq!(receipts[19], json!({ "id": "20", "journal": "GJ", "fiscal_year": "2026", "number": 20 }));
    let wrong = vec![entry("2026-03-01", &[line("x", "debit", "1"), line("y", "credit", "1")]); 200];
    let (_, _, faults) = refused("journal.post-many", json!({ "entries": wrong }));
    assert_eq!((faults.len(), faults[99].as_str()), (100, "/entries/49/lines/1/account unknown-account"));
}

#[test]
fn nothing_works_before_the_ledger_is_set_up() {
    super::database::reset();
    let calls = [
        ("settings.get-settings", json!({})),
        ("chart.create-account", json!({ "account": { "code": "1", "name": "x", "kind": "asset" } })),
        ("chart.list-accounts", json!({})),
        ("chart.load-template", json!({ "template": "trading" })),
        ("chart.load-csv", json!({ "csv": "" })),
        ("commodities.list-commodities", json!({})),
        ("calendar.list-fiscal-years", json!({})),
        ("journals.list-journals", json!({})),
        ("journal.post", json!({ "entry": simple("2026-01-01", "1") })),
        ("journal.post-many", json!({ "entries": [simple("2026-01-01", "1")] })),
        ("journal.create-draft", json!({ "entry": simple("2026-01-01", "1") })),
        ("journal.reverse", json!({ "id": "1" })),
        ("journal.list-entries", json!({})),
        ("rates.set-rates", json!({ "rates": [] })),
        ("reports.trial-balance", json!({})),
        ("reports.balance-sheet", json!({})),
        ("reports.profit-and-loss", json!({})),
        ("reports.account-balance", json!({ "account": "x" })),
        ("reports.general-ledger", json!({ "account": "x" })),
    ];
    for (operation, arguments) in calls {
        assert_eq!(refused(operation, arguments).0, "ledger-not-initialised", "{operation}");
    }
    let (_, _, faults) = refused(
        "settings.initialise",
        json!({ "setup": {
        "functional_currency": "XXX", "template": "none", "fiscal_year": { "code": "x", "starts_on": "y" },
        "journals": [{ "code": "GJ", "name": "" }, { "code": "GJ", "name": "b" }] } }),
    );
    let expected = [
        "/setup/functional_currency unknown-currency",
        "/setup/journals/0/name empty",
        "/setup/journals/1/code journal-exists",
        "/setup/template unknown-template",
        "/setup/fiscal_year/code invalid-code",
        "/setup/fiscal_year/starts_on not-a-date",
    ];
    assert_eq!(faults, expected);
    assert_eq!(refused("settings.get-settings", json!({})).0, "ledger-not-initialised");
}
