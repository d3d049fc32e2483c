// SPDX-License-Identifier: MIT OR Apache-2.0
//! The chart of accounts, journals, commodities and the calendar, as the caller sees them.

use super::calls::{ok, refused};
use super::setup::{entry, ledger, line, post, simple};
use serde_json::{Value, json};

#[test]
fn templates_load_once_and_whole() {
    ledger("functional");
    for template in ok("chart.list-templates", json!({})).as_array().expect("templates") {
        ledger("functional");
        let name = &template["name"];
        assert_eq!(ok("chart.load-template", json!({ "template": name })), template["accounts"], "{name}");
        let (code, kind, faults) = refused("chart.load-template", json!({ "template": name }));
        assert_eq!((code.as_str(), kind.as_str()), ("account-exists", "conflict"), "{name}");
        assert_eq!(faults.len(), template["accounts"].as_u64().expect("a count").min(100) as usize, "{name}");
    }
}

#[test]
fn an_account_is_renamed_moved_closed_and_opened() {
    ledger("functional");
    ok("chart.create-account", json!({ "account": { "code": "money", "name": "Money", "kind": "asset" } }));
    let changed =
        ok("chart.update-account", json!({ "code": "cash", "version": 1, "name": "Cash box", "parent": "money" }));
    assert_eq!(
        (&changed["name"], &changed["parent"], &changed["version"]),
        (&json!("Cash box"), &json!("money"), &json!(2))
    );
    let update = |version: u32, name: &str, parent: &str| json!({ "code": "cash", "version": version, "name": name, "parent": parent });
    let cases = [
        (update(1, "x", "money"), "version-changed", vec![]),
        (update(2, " ", "nowhere"), "invalid-input", vec!["/name empty", "/parent unknown-parent"]),
        (update(2, "x", "rent"), "parent-kind", vec!["/parent parent-kind"]),
        (update(2, "x", "cash"), "parent-cycle", vec!["/parent parent-cycle"]),
        (
            json!({ "code": "money", "version": 1, "name": "x", "parent": "cash" }),
            "parent-cycle",
            vec!["/parent parent-cycle"],
        ),
    ];
    for (arguments, code, faults) in cases {
        let refusal = refused("chart.update-account", arguments.clone());
        assert_eq!(
            (refusal.0.as_str(), refusal.2),
            (code, faults.iter().map(ToString::to_string).collect()),
            "{arguments}"
        );
    }
    assert_eq!(ok("chart.close-account", json!({ "code": "cash" }))["closed"], json!(true));
    assert_eq!(ok("chart.close-account", json!({ "code": "cash" }))["version"], json!(3));
    let (code, kind, _) = refused("journal.post", json!({ "entry": simple("2026-01-01", "1") }));
    assert_eq!((code.as_str(), kind.as_str()), ("account-closed", "conflict"));
    ok("chart.reopen-account", json!({ "code": "cash" }));
    post(&simple("2026-01-01", "1"));
}

#[test]
fn lists_come_in_pages() {
    ledger("functional");
    let codes = |page: &Value| -> Vec<String> {
        page["accounts"]
            .as_array()
            .expect("accounts")
            .iter()
            .map(|account| account["code"].as_str().expect("a code").to_owned())
            .collect()
    };
    let first = ok("chart.list-accounts", json!({ "kind": "asset", "limit": 2 }));
    assert_eq!(codes(&first), ["bank", "cash"]);
    let second = ok("chart.list-accounts", json!({ "kind": "asset", "limit": 2, "cursor": first["page"]["next"] }));
    assert_eq!((codes(&second), &second["page"]["next"]), (vec!["usd".to_owned()], &Value::Null));
    ok("chart.close-account", json!({ "code": "bank" }));
    for (closed, expected) in
        [(json!(false), &["cash", "usd"][..]), (json!(true), &["bank"]), (json!(null), &["bank", "cash", "usd"])]
    {
        assert_eq!(
            codes(&ok("chart.list-accounts", json!({ "closed": closed, "kind": "asset" }))),
            expected,
            "{closed}"
        );
    }
    assert_eq!(refused("chart.list-accounts", json!({ "limit": 0 })).2, ["/limit limit-out-of-range"]);
    assert_eq!(refused("chart.list-accounts", json!({ "limit": 1001 })).2, ["/limit limit-out-of-range"]);
    for cursor in ["a/b", ""] {
        assert_eq!(refused("chart.list-accounts", json!({ "cursor": cursor })).2, ["/cursor invalid-cursor"]);
    }
}

#[test]
fn what_does_not_exist_is_not_found() {
    ledger("functional");
    let calls = [
        ("chart.get-account", json!({ "code": "nowhere" }), "unknown-account"),
        ("chart.get-account", json!({ "code": "a\0" }), "unknown-account"),
        ("chart.close-account", json!({ "code": "" }), "unknown-account"),
        ("commodities.get-commodity", json!({ "code": "VTI" }), "unknown-currency"),
        ("calendar.get-fiscal-year", json!({ "code": "2031" }), "unknown-fiscal-year"),
        ("calendar.close-period", json!({ "code": "2026-13" }), "unknown-period"),
        ("calendar.lock-fiscal-year", json!({ "code": "\0" }), "unknown-fiscal-year"),
        ("journals.get-journal", json!({ "code": "gj" }), "unknown-journal"),
        ("journal.get-entry", json!({ "id": "1" }), "unknown-entry"),
        ("journal.get-entry", json!({ "id": "18446744073709551615" }), "unknown-entry"),
        ("journal.find-entry", json!({ "journal": "GJ", "fiscal_year": "2026", "number": 1 }), "unknown-entry"),
        ("journal.get-draft", json!({ "id": "1" }), "unknown-draft"),
        ("journal.reverse", json!({ "id": "1" }), "unknown-entry"),
        ("journal.list-entries", json!({ "account": "nowhere" }), "unknown-account"),
        ("reports.trial-balance", json!({ "period": "2031" }), "unknown-period"),
        ("reports.general-ledger", json!({ "account": "nowhere" }), "unknown-account"),
    ];
    for (operation, arguments, expected) in calls {
        let (code, kind, _) = refused(operation, arguments.clone());
        assert_eq!((code.as_str(), kind.as_str()), (expected, "not_found"), "{operation} {arguments}");
    }
    assert_eq!(ok("commodities.get-commodity", json!({ "code": "JPY" }))["decimals"], json!(0));
}

#[test]
fn entries_are_found_by_what_they_say() {
    ledger("functional");
    for (date, reference) in [("2026-02-01", "A"), ("2026-01-01", "B"), ("2026-01-01", "A")] {
        let mut entry = simple(date, "1");
        entry["reference"] = json!(reference);
        post(&entry);
    }
    post(&entry("2026-03-01", &[line("rent", "debit", "5"), line("bank", "credit", "5")]));
    let ids = |arguments: Value| -> Vec<String> {
        let page = ok("journal.list-entries", arguments);
        page["entries"]
            .as_array()
            .expect("entries")
            .iter()
            .map(|entry| entry["id"].as_str().expect("an id").to_owned())
            .collect()
    };
    assert_eq!(ids(json!({})), ["2", "3", "1", "4"]);
    assert_eq!(ids(json!({ "reference": "A" })), ["3", "1"]);
    assert_eq!(ids(json!({ "account": "rent" })), ["4"]);
    assert_eq!(ids(json!({ "account": "bank", "from_date": "2026-01-02", "to_date": "2026-02-28" })), ["1"]);
    assert_eq!(ids(json!({ "journal": "SJ" })), [""; 0]);
    assert_eq!(ids(json!({ "journal": "\0" })), [""; 0]);
    let mut found = Vec::new();
    let mut cursor = Value::Null;
    loop {
        let page = ok("journal.list-entries", json!({ "limit": 1, "cursor": cursor }));
        found.push(page["entries"][0]["id"].as_str().expect("an id").to_owned());
        cursor = page["page"]["next"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!(found, ["2", "3", "1", "4"]);
    assert_eq!(
        ok("journal.find-entry", json!({ "journal": "GJ", "fiscal_year": "2026", "number": 3 }))["reference"],
        json!("A")
    );
    assert_eq!(refused("journal.list-entries", json!({ "to_date": "now" })).2, ["/to_date not-a-date"]);
    assert_eq!(refused("journal.list-entries", json!({ "cursor": "now" })).2, ["/cursor invalid-cursor"]);
}

#[test]
fn the_number_of_things_is_bounded() {
    ledger("functional");
    let year = |number: usize| {
        json!({ "fiscal_year": {
        "code": format!("Y{number}"), "starts_on": format!("{:04}-01-01", number), "periods": "quarterly" } })
    };
    for number in 1000..1499 {
        ok("calendar.create-fiscal-year", year(number));
    }
    assert_eq!(refused("calendar.create-fiscal-year", year(1600)).0, "too-many-fiscal-years");
    for number in 0..498 {
        ok("journals.create-journal", json!({ "journal": { "code": format!("J{number}"), "name": "x" } }));
    }
    assert_eq!(
        refused("journals.create-journal", json!({ "journal": { "code": "JX", "name": "x" } })).0,
        "too-many-journals"
    );
    let commodity = json!({ "code": "VTI", "name": "Fund", "decimals": 13 });
    let (_, _, faults) = refused("commodities.create-commodities", json!({ "commodities": [commodity] }));
    assert_eq!(faults, ["/commodities/0/decimals too-many-decimals"]);
    let many = vec![json!({ "code": "VTI", "name": "Fund", "decimals": 1 }); 1_001];
    assert_eq!(refused("commodities.create-commodities", json!({ "commodities": many })).0, "too-many-commodities");
}
