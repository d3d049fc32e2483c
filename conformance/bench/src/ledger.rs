// SPDX-License-Identifier: MIT OR Apache-2.0
//! The books that are measured: 200 accounts, months of 2025 and 2026, entries of three lines. The same entries go to the
//! component and to the ledgers by hand.

use crate::http::{Connection, get, post};
use anyhow::Result;
use serde_json::{Value, json};
use std::net::SocketAddr;

/// The currency of the books.
pub(crate) const CURRENCY: &str = "EUR";
/// The fiscal years of the books, twelve months each.
pub(crate) const YEARS: [&str; 2] = ["2025", "2026"];
/// The journal that entries are written to.
pub(crate) const JOURNAL: &str = "GJ";
/// How many accounts.
pub(crate) const ACCOUNTS: u64 = 200;
/// Lines of an entry.
pub(crate) const LINES: u64 = 3;
/// The kinds of accounts; a fifth of the accounts is of each.
pub(crate) const KINDS: [&str; 5] = ["asset", "liability", "equity", "income", "expense"];

/// The code of an account.
pub(crate) fn account(number: u64) -> String {
    format!("{}", number % ACCOUNTS + 1_000)
}

/// The first and the last day of each month, as dates.
pub(crate) fn months(year: &str) -> impl Iterator<Item = (String, String, String)> {
    const DAYS: [u8; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let months = (1_u8..).zip(DAYS);
    months.map(move |(month, days)| {
        let code = format!("{year}-{month:02}");
        (code.clone(), format!("{code}-01"), format!("{code}-{days}"))
    })
}

/// An entry of three lines. Days, accounts and amounts differ from entry to entry, in an order that jumps about.
pub(crate) fn entry(number: u64) -> Value {
    let spread = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 16;
    let year = if spread.is_multiple_of(2) { "2025" } else { "2026" };
    let (month, day) = (spread / 2 % 12 + 1, spread / 24 % 28 + 1);
    let (net, tax) = (spread % 900_000 + 100, spread % 9_000 + 1);
    let amount = |cents: u64| format!("{}.{:02}", cents / 100, cents % 100);
    let line =
        |account: String, side: &str, cents: u64| json!({"account": account, "side": side, "amount": amount(cents)});
    json!({
        "journal": JOURNAL,
        "date": format!("{year}-{month:02}-{day:02}"),
        "description": format!("Invoice to customer {}", spread % 5_000),
        "reference": format!("INV-{number:08}"),
        "lines": [
            line(account(spread), "debit", net + tax),
            line(account(spread / 200), "credit", net),
            line(account(spread / 40_000), "credit", tax),
        ],
    })
}

/// The path that posts one entry.
pub(crate) const POST: &str = "/api/accounting/v1/journal/post";
/// The path that posts many entries.
pub(crate) const POST_MANY: &str = "/api/accounting/v1/journal/post-many";

/// Requests that post one entry each.
pub(crate) fn posts(token: &str, numbers: std::ops::Range<u64>) -> Vec<String> {
    numbers.map(|number| post(POST, token, &json!({"entry": entry(number)}).to_string())).collect()
}

/// A request that posts many entries.
pub(crate) fn post_many(token: &str, numbers: std::ops::Range<u64>) -> String {
    let entries: Vec<Value> = numbers.map(entry).collect();
    post(POST_MANY, token, &json!({"entries": entries}).to_string())
}

/// The request for the trial balance.
pub(crate) fn trial_balance(token: &str, query: &str) -> String {
    get(&format!("/api/accounting/v1/reports/trial-balance?{query}"), token)
}

/// Sets the books up in a tenant.
pub(crate) async fn set_up(address: SocketAddr, token: &str) -> Result<()> {
    let mut connection = Connection::open(address).await?;
    let year = |code: &&str| json!({"code": code, "starts_on": format!("{code}-01-01")});
    let [first, second] = YEARS.each_ref().map(year);
    let accounts: Vec<Value> = (0..ACCOUNTS)
        .map(|number| {
            let kind = KINDS.iter().cycle().nth(usize::try_from(number).unwrap_or(0));
            json!({"code": account(number), "name": format!("Account number {number}"), "kind": kind})
        })
        .collect();
    let setup = json!({"functional_currency": CURRENCY, "fiscal_year": first, "journals": []});
    for (operation, body) in [
        ("settings/initialise", json!({"setup": setup})),
        ("calendar/create-fiscal-year", json!({"fiscal_year": second})),
        ("chart/create-accounts", json!({"accounts": accounts})),
    ] {
        let request = post(&format!("/api/accounting/v1/{operation}"), token, &body.to_string());
        connection.call(request.as_bytes()).await?.ok()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_balance() {
        for number in 0..1_000 {
            let entry = entry(number);
            let cents = |side: &str| -> u64 {
                let lines = entry["lines"].as_array().expect("lines").iter().filter(|line| line["side"] == side);
                lines
                    .map(|line| line["amount"].as_str().expect("text").replace('.', "").parse::<u64>().expect("cents"))
                    .sum()
            };
            assert_eq!(cents("debit"), cents("credit"), "{entry}");
            assert_eq!(entry["lines"].as_array().map(Vec::len), Some(3));
        }
    }

    #[test]
    fn months_have_their_days() {
        let months: Vec<_> = months("2025").collect();
        assert_eq!(months.len(), 12);
        assert_eq!(months.get(1), Some(&("2025-02".to_owned(), "2025-02-01".to_owned(), "2025-02-28".to_owned())));
    }
}
