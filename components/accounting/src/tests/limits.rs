// SPDX-License-Identifier: MIT OR Apache-2.0
//! The largest amounts, and a database that fails in the middle.

use super::calls::{invoke, ok, refused};
use super::database::{integers, with_current};
use super::invariants::broken;
use super::setup::{ledger, post, simple};
use serde_json::{Value, json};

#[test]
fn the_largest_amount_is_exact_and_sums_do_not_overflow() {
    ledger("functional");
    let largest = "9999999999999999.99";
    for _ in 0..4 {
        post(&simple("2026-01-01", largest));
    }
    let (code, kind, _) = refused("journal.post", json!({ "entry": simple("2026-01-01", largest) }));
    assert_eq!((code.as_str(), kind.as_str()), ("balance-too-large", "limit_exceeded"));
    let balance = ok("reports.account-balance", json!({ "account": "cash" }));
    assert_eq!(balance[0]["balance"], json!("39999999999999999.96"));
    // Months are bounded each; a sum over them goes beyond 64 bits and stays exact: entries, which cannot be taken back, never
    // break a report.
    post(&simple("2026-02-01", largest));
    assert_eq!(
        ok("reports.account-balance", json!({ "account": "cash" }))[0]["balance"],
        json!("49999999999999999.95")
    );
    for month in ["02", "02", "02", "03", "03", "03", "03"] {
        let outcome = invoke("journal.post", json!({ "entry": simple(&format!("2026-{month}-01"), largest) }));
        assert!(outcome.is_ok(), "{outcome:?}");
    }
    let sum = "119999999999999999.88";
    assert_eq!(ok("reports.account-balance", json!({ "account": "cash" }))[0]["balance"], json!(sum));
    let trial_balance = ok("reports.trial-balance", json!({}));
    assert_eq!(trial_balance["totals"][0]["values"]["credit"], json!(sum));
    assert_eq!(ok("reports.balance-sheet", json!({}))["assets"]["totals"][0]["amount"], json!("0.00"));
    let page = |cursor: &Value| {
        ok("reports.general-ledger", json!({ "account": "cash", "period": "2026-03", "limit": 3, "cursor": cursor }))
    };
    let first = page(&Value::Null);
    assert_eq!(page(&first["page"]["next"])["lines"][0]["balance"]["balance"], json!(sum));
    for other in ["trial-balance", "profit-and-loss"] {
        ok(&format!("reports.{other}"), json!({ "period": "2026" }));
    }
    assert_eq!(broken(), [""; 0]);
}

#[test]
fn an_entry_has_as_many_lines_as_documented() {
    ledger("functional");
    let mut entry = simple("2026-01-01", "500");
    let line = |side: &str| json!({ "account": "cash", "side": side, "amount": "1" });
    entry["lines"] =
        json!((0..1_000).map(|index| line(if index % 2 == 0 { "debit" } else { "credit" })).collect::<Vec<_>>());
    let posted = ok("journal.post", json!({ "entry": entry }));
    assert_eq!(posted["lines"][999]["number"], json!(1000));
    assert_eq!(broken(), [""; 0]);
}

/// Wherever the database fails during a post, the call is refused as unavailable, and nothing of it remains.
#[test]
fn a_database_that_fails_leaves_nothing() {
    let statements = [
        "SELECT functional_currency",
        "SELECT id, code, name, kind",
        "UPDATE periods",
        "INSERT INTO balances_daily",
        "INSERT INTO balances_monthly",
        "INSERT INTO entry_numbers",
        "INSERT INTO identifiers",
        "INSERT INTO entries",
        "INSERT INTO entry_lines",
    ];
    ledger("functional");
    for statement in statements {
        with_current(|database| database.fails = Some(statement));
        let (code, kind, _) = refused("journal.post", json!({ "entry": simple("2026-01-01", "1") }));
        assert_eq!((code.as_str(), kind.as_str()), ("unavailable", "unavailable"), "{statement}");
        with_current(|database| database.fails = None);
        assert_eq!(integers("SELECT count(*) FROM entries"), [0], "{statement}");
        assert_eq!(broken(), [""; 0], "{statement}");
    }
    post(&simple("2026-01-01", "1"));
    assert_eq!(integers("SELECT number FROM entries"), [1]);
}
