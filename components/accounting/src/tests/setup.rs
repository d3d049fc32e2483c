// SPDX-License-Identifier: MIT OR Apache-2.0
//! A ledger to begin a test with, and entries to post into it.

use super::calls::ok;
use super::database::reset;
use serde_json::{Value, json};

/// A ledger in euros with the year 2026 by months, the journals `GJ` and `SJ`, the accounts `cash`, `bank`, `sales`, `rent`, and `usd`,
/// which takes dollars only.
pub(super) fn ledger(balancing: &str) {
    reset();
    ok(
        "settings.initialise",
        json!({ "setup": {
        "functional_currency": "EUR", "balancing": balancing,
        "fiscal_year": { "code": "2026", "starts_on": "2026-01-01" },
        "journals": [{ "code": "GJ", "name": "General" }, { "code": "SJ", "name": "Sales" }],
    } }),
    );
    let account = |code: &str, kind: &str, currency: Option<&str>| json!({ "code": code, "name": code, "kind": kind, "currency": currency });
    ok(
        "chart.create-accounts",
        json!({ "accounts": [
        account("cash", "asset", None), account("bank", "asset", None), account("sales", "income", None),
        account("rent", "expense", None), account("usd", "asset", Some("USD")),
    ] }),
    );
}

/// A line in the functional currency.
pub(super) fn line(account: &str, side: &str, amount: &str) -> Value {
    json!({ "account": account, "side": side, "amount": amount })
}

/// An entry in the general journal.
pub(super) fn entry(date: &str, lines: &[Value]) -> Value {
    json!({ "journal": "GJ", "date": date, "description": "test", "lines": lines })
}

/// An entry that moves an amount from `bank` to `cash`.
pub(super) fn simple(date: &str, amount: &str) -> Value {
    entry(date, &[line("cash", "debit", amount), line("bank", "credit", amount)])
}

/// Posts an entry; returns its identifier.
pub(super) fn post(entry: &Value) -> String {
    ok("journal.post", json!({ "entry": entry }))["id"].as_str().expect("an identifier").to_owned()
}
