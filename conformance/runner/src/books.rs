// SPDX-License-Identifier: MIT OR Apache-2.0
//! A ledger for tests: how it is set up, what an entry looks like, and what must always hold of what is in it.

use crate::client::Client;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The component.
pub const ACCOUNTING: &str = "components/accounting";

/// The path of an operation of accounting, `journal/post`.
#[must_use]
pub fn path(operation: &str) -> String {
    format!("/api/accounting/v1/{operation}")
}

/// The setup of a ledger in euros with the template `trading`, the fiscal years 2026 and 2027, and two journals.
///
/// # Errors
/// Where the host does not answer.
pub fn set_up(client: &Client) -> anyhow::Result<()> {
    let setup = json!({ "setup": {
        "functional_currency": "EUR",
        "template": "trading",
        "fiscal_year": { "code": "2026", "starts_on": "2026-01-01" },
        "journals": [{ "code": "GJ", "name": "General journal" }, { "code": "SJ", "name": "Sales journal" }],
    }});
    client.call(&path("settings/initialise"), &setup)?.ok();
    let next = json!({ "fiscal_year": { "code": "2027", "starts_on": "2027-01-01" } });
    client.call(&path("calendar/create-fiscal-year"), &next)?.ok();
    Ok(())
}

/// An entry of 119.00 on the accounts of the template.
#[must_use]
pub fn entry(date: &str, external_id: &str) -> Value {
    json!({ "journal": "GJ", "date": date, "description": "Cash sale", "external_id": external_id, "lines": [
        { "account": "1010", "side": "debit", "amount": "119.00" },
        { "account": "4010", "side": "credit", "amount": "100.00" },
        { "account": "2050", "side": "credit", "amount": "19.00" },
    ]})
}

/// All entries without their lines, in the order of the list.
///
/// # Errors
/// Where the host does not answer.
pub fn entries(client: &Client) -> anyhow::Result<Vec<Value>> {
    pages(client, "journal/list-entries", &json!({ "limit": 1000 }), "entries")
}

/// Every item of a list that comes in pages.
///
/// # Errors
/// Where the host does not answer.
pub fn pages(client: &Client, operation: &str, filter: &Value, items: &str) -> anyhow::Result<Vec<Value>> {
    let (mut all, mut request) = (Vec::new(), filter.clone());
    loop {
        let mut page = client.call(&path(operation), &request)?.ok();
        all.append(page[items].as_array_mut().expect("a list"));
        match page["page"]["next"].take() {
            Value::Null => return Ok(all),
            next => request["cursor"] = next,
        }
    }
}

/// Numbers are 1, 2, 3 ... in each journal and fiscal year, none missing, none twice.
pub fn assert_gapless<'a>(entries: impl IntoIterator<Item = &'a Value>) {
    let mut numbers: BTreeMap<(String, String), BTreeSet<u64>> = BTreeMap::new();
    for entry in entries {
        let text = |key: &str| entry[key].as_str().expect("a text").to_owned();
        let number = entry["number"].as_u64().expect("a number");
        let new = numbers.entry((text("journal"), text("fiscal_year"))).or_default().insert(number);
        assert!(new, "number {number} is given twice: {entry}");
    }
    for (journal, numbers) in numbers {
        let last = u64::try_from(numbers.len()).expect("few entries");
        assert!(numbers.iter().copied().eq(1..=last), "{journal:?} has a gap: {numbers:?}");
    }
}

/// An amount with two decimals, in cents.
#[must_use]
pub fn cents(amount: &Value) -> i64 {
    let text = amount.as_str().expect("an amount");
    let (whole, part) = text.split_once('.').expect("an amount with decimals");
    assert_eq!(part.len(), 2, "{text}");
    format!("{whole}{part}").parse().expect("an amount")
}

/// The trial balance as of a late day, after checking that debit equals credit, and each account's balance in cents.
///
/// # Errors
/// Where the host does not answer.
pub fn balances(client: &Client) -> anyhow::Result<BTreeMap<String, i64>> {
    let report = client.call(&path("reports/trial-balance"), &json!({ "as_of": "2099-12-31" }))?.ok();
    for total in report["totals"].as_array().expect("totals") {
        let values = &total["values"];
        assert_eq!(values["debit"], values["credit"], "{total}");
        assert_eq!((cents(&values["opening"]), cents(&values["closing"])), (0, 0), "{total}");
    }
    let rows = report["rows"].as_array().expect("rows").iter();
    Ok(rows
        .map(|row| (row["account"].as_str().expect("a code").to_owned(), cents(&row["values"]["closing"])))
        .collect())
}
