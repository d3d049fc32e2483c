// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reports over dates, periods and pages.

use super::calls::{ok, refused};
use super::setup::{entry, ledger, line, post, simple};
use serde_json::{Value, json};

#[test]
fn the_days_of_a_report_are_given_in_one_way() {
    ledger("functional");
    assert_eq!(
        refused("reports.trial-balance", json!({ "as_of": "2026-01-01", "period": "2026" })).2,
        ["/period as-of-and-period"]
    );
    assert_eq!(
        refused(
            "reports.profit-and-loss",
            json!({ "from_date": "2026-01-01", "as_of": "2026-01-01", "period": "2026" })
        )
        .2,
        ["/period as-of-and-period", "/period from-date-and-period"]
    );
    assert_eq!(refused("reports.balance-sheet", json!({ "as_of": "2026-1-1" })).2, ["/as_of not-a-date"]);
    assert_eq!(refused("reports.trial-balance", json!({ "from_date": "2026-1-1" })).2, ["/from_date not-a-date"]);
    let backwards = json!({ "account": "cash", "from_date": "2026-01-02", "as_of": "2026-01-01" });
    assert_eq!(refused("reports.general-ledger", backwards).2, ["/from_date from-after-to"]);
    let span = |arguments: Value| {
        let report = ok("reports.trial-balance", arguments);
        (report["from_date"].clone(), report["to_date"].clone())
    };
    assert_eq!(span(json!({})), (Value::Null, json!("2026-11-20")));
    assert_eq!(span(json!({ "as_of": "2026-05-05" })), (Value::Null, json!("2026-05-05")));
    assert_eq!(span(json!({ "period": "2026-02" })), (json!("2026-02-01"), json!("2026-02-28")));
    assert_eq!(span(json!({ "period": "2026" })), (json!("2026-01-01"), json!("2026-12-31")));
    assert_eq!(
        span(json!({ "from_date": "2026-01-15", "as_of": "2026-02-14" })),
        (json!("2026-01-15"), json!("2026-02-14"))
    );
    assert_eq!(span(json!({ "from_date": "2026-11-20" })), (json!("2026-11-20"), json!("2026-11-20")));
    // Outside of every fiscal year, profit and loss begins with the calendar year.
    assert_eq!(ok("reports.profit-and-loss", json!({ "as_of": "2031-05-05" }))["from_date"], json!("2031-01-01"));
}

/// Each page goes on where the one before ended: lines, their order, and the balance after each.
#[test]
fn the_general_ledger_pages_without_losing_a_line() {
    ledger("functional");
    ok("rates.set-rates", json!({ "rates": [{ "currency": "USD", "date": "2026-01-01", "rate": "0.5" }] }));
    for (day, amount) in
        [("2026-01-31", "1"), ("2026-02-01", "2"), ("2026-02-01", "4"), ("2026-02-15", "8"), ("2026-03-01", "16")]
    {
        post(&simple(day, amount));
        let mut dollars = line("cash", "credit", amount);
        dollars["currency"] = json!("USD");
        post(&entry(day, &[dollars, line("usd", "debit", amount)]));
    }
    let whole = ok("reports.general-ledger", json!({ "account": "cash", "period": "2026-02" }));
    assert_eq!(
        whole["opening"][0],
        json!({ "currency": "EUR", "balance": "1.00", "value_currency": "EUR", "value": "1.00" })
    );
    assert_eq!(
        whole["opening"][1],
        json!({ "currency": "USD", "balance": "-1.00", "value_currency": "EUR", "value": "-0.50" })
    );
    assert_eq!(whole["closing"][0]["balance"], json!("15.00"));
    let lines = whole["lines"].as_array().expect("lines");
    let balances: Vec<&str> =
        lines.iter().map(|line| line["balance"]["balance"].as_str().expect("a balance")).collect();
    assert_eq!(balances, ["3.00", "-3.00", "7.00", "-7.00", "15.00", "-15.00"]);
    for limit in 1..=6 {
        let mut paged = Vec::new();
        let mut cursor = Value::Null;
        loop {
            let page = ok(
                "reports.general-ledger",
                json!({ "account": "cash", "period": "2026-02", "limit": limit, "cursor": cursor }),
            );
            assert_eq!((&page["opening"], &page["closing"]), (&whole["opening"], &whole["closing"]));
            paged.extend(page["lines"].as_array().expect("lines").clone());
            cursor = page["page"]["next"].clone();
            if cursor.is_null() {
                break;
            }
        }
        assert_eq!(&paged, lines, "{limit}");
    }
    let elsewhere = json!({ "account": "cash", "period": "2026-02", "cursor": "2026-03-01.9.1" });
    assert_eq!(refused("reports.general-ledger", elsewhere).2, ["/cursor invalid-cursor"]);
}

/// Any span of days, over months and years.
#[test]
fn reports_take_any_span_of_days() {
    ledger("functional");
    for (day, amount) in [("2026-01-14", "1"), ("2026-01-15", "2"), ("2026-02-14", "4"), ("2026-02-15", "8")] {
        post(&entry(day, &[line("cash", "debit", amount), line("sales", "credit", amount)]));
    }
    let days = json!({ "account": "cash", "from_date": "2026-01-15", "as_of": "2026-02-14" });
    let ledger = ok("reports.general-ledger", days.clone());
    assert_eq!((&ledger["opening"][0]["balance"], &ledger["closing"][0]["balance"]), (&json!("1.00"), &json!("7.00")));
    assert_eq!(ledger["lines"].as_array().map(Vec::len), Some(2));
    let row = ok("reports.trial-balance", days.clone())["rows"][0]["values"].clone();
    assert_eq!(row, json!({ "opening": "1.00", "debit": "6.00", "credit": "0.00", "closing": "7.00" }));
    assert_eq!(ok("reports.profit-and-loss", days)["profit"], json!([{ "currency": "EUR", "amount": "6.00" }]));
}

#[test]
fn dimensions_stay_with_their_line() {
    ledger("functional");
    let dimensions = |list: &[(&str, &str)]| {
        json!(list.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect::<Vec<_>>())
    };
    let mut sale =
        entry("2026-01-15", &[line("cash", "debit", "3"), line("sales", "credit", "1"), line("sales", "credit", "2")]);
    sale["lines"][1]["dimensions"] = dimensions(&[("project", "P-1"), ("customer", "K'7")]);
    sale["lines"][2]["dimensions"] = dimensions(&[("project", "P-2")]);
    let none = json!([]);
    let expected = [none, dimensions(&[("customer", "K'7"), ("project", "P-1")]), dimensions(&[("project", "P-2")])];
    let of_entry = |entry: &Value| {
        entry["lines"].as_array().expect("lines").iter().map(|line| line["dimensions"].clone()).collect::<Vec<_>>()
    };
    let posted = ok("journal.post", json!({ "entry": sale }));
    assert_eq!(of_entry(&posted), expected);
    assert_eq!(ok("journal.get-entry", json!({ "id": posted["id"] })), posted);
    let reversal = ok("journal.reverse", json!({ "id": posted["id"] }));
    assert_eq!(of_entry(&reversal), expected);
    let draft = ok("journal.create-draft", json!({ "entry": sale }));
    assert_eq!(draft["entry"]["lines"][2]["dimensions"], expected[2]);
    assert_eq!(of_entry(&ok("journal.post-draft", json!({ "id": draft["id"], "version": 1 }))), expected);
    let mut paged = Vec::new();
    let mut cursor = Value::Null;
    for _ in 0..3 {
        let arguments = json!({ "account": "sales", "limit": 2, "cursor": cursor });
        let page = ok("reports.general-ledger", arguments);
        paged.extend(page["lines"].as_array().expect("lines").iter().map(|line| line["dimensions"].clone()));
        cursor = page["page"]["next"].clone();
    }
    assert_eq!(paged, [&expected[1..], &expected[1..], &expected[1..]].concat());
    sale["lines"][0]["dimensions"] = dimensions(&[("a", "1"), ("a", "2")]);
    assert_eq!(
        refused("journal.post", json!({ "entry": sale })).2,
        ["/entry/lines/0/dimensions/1/name duplicate-dimension"]
    );
}

#[test]
fn a_list_of_entries_says_what_they_amount_to() {
    ledger("per_currency");
    let mut dollars = [line("cash", "debit", "7"), line("bank", "credit", "7")];
    dollars.iter_mut().for_each(|line| line["currency"] = json!("USD"));
    let [debit, credit] = dollars;
    post(&entry(
        "2026-01-15",
        &[line("cash", "debit", "3"), line("bank", "credit", "1"), line("sales", "credit", "2"), debit, credit],
    ));
    // As many lines of the largest amount as 64 bits could not hold.
    let largest: Vec<Value> = (0..40)
        .map(|index| line("cash", if index % 2 == 0 { "debit" } else { "credit" }, "9999999999999999.99"))
        .collect();
    let refusal = refused("journal.post", json!({ "entry": entry("2026-01-16", &largest) })).0;
    assert_eq!(refusal, "balance-too-large");
    let entries: Vec<Value> = ["cash", "bank", "sales", "rent"]
        .iter()
        .flat_map(|account| {
            [line(account, "debit", "9999999999999999.99"), line(account, "debit", "9999999999999999.99")]
        })
        .collect();
    let credits =
        entries.iter().map(|debit| line(debit["account"].as_str().expect("a code"), "credit", "9999999999999999.99"));
    post(&entry(
        "2026-01-16",
        &entries
            .iter()
            .cloned()
            .chain(credits)
            .chain((0..4).flat_map(|_| [line("cash", "debit", "0.01"), line("cash", "credit", "0.01")]))
            .collect::<Vec<_>>(),
    ));
    let list = ok("journal.list-entries", json!({}));
    assert_eq!(
        list["entries"][0]["totals"],
        json!([{ "currency": "EUR", "amount": "3.00" }, { "currency": "USD", "amount": "7.00" }])
    );
    assert_eq!(list["entries"][1]["totals"], json!([{ "currency": "EUR", "amount": "79999999999999999.96" }]));
    assert_eq!(list["entries"][1]["period"], json!("2026-01"));
}

#[test]
fn a_result_moves_to_earlier_years_by_itself() {
    ledger("functional");
    ok("calendar.create-fiscal-year", json!({ "fiscal_year": { "code": "2027", "starts_on": "2027-01-01" } }));
    post(&entry("2026-12-31", &[line("cash", "debit", "100"), line("sales", "credit", "100")]));
    post(&entry("2027-01-01", &[line("rent", "debit", "30"), line("cash", "credit", "30")]));
    let computed = |as_of: &str| {
        let sheet = ok("reports.balance-sheet", json!({ "as_of": as_of }));
        let rows = sheet["equity"]["rows"].as_array().expect("rows").clone();
        rows.iter()
            .map(|row| {
                format!("{} {}", row["name"].as_str().expect("a name"), row["amount"].as_str().expect("an amount"))
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(computed("2026-12-30"), [""; 0]);
    assert_eq!(computed("2026-12-31"), ["result of the current fiscal year 100.00"]);
    assert_eq!(
        computed("2027-01-01"),
        ["result of earlier fiscal years 100.00", "result of the current fiscal year -30.00"]
    );
    let profit = |period: &str| ok("reports.profit-and-loss", json!({ "period": period }))["profit"].clone();
    assert_eq!(profit("2026"), json!([{ "currency": "EUR", "amount": "100.00" }]));
    assert_eq!(profit("2026-01"), json!([]));
    assert_eq!(profit("2027-01"), json!([{ "currency": "EUR", "amount": "-30.00" }]));
}
