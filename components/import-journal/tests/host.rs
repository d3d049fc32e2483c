// SPDX-License-Identifier: MIT OR Apache-2.0
//! The component in a whole host, beside the accounting component: a file over HTTP, into a ledger, and its balances out again.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests fail by panicking"
)]

mod support;

use conformance::TestHost;
use conformance::client::Client;
use import_journal::domain::books;
use import_journal::domain::decimal::Decimal;
use import_journal::domain::names::{Account, Commodity};
use serde_json::{Value, json};
use support::generator::{Wish, generate};

const COMPONENTS: &[&str] = &["components/accounting", "components/import-journal"];
const IMPORT: &str = "/api/import-journal/v1/importer/import";
const CHECK: &str = "/api/import-journal/v1/importer/check";

fn wanted(text: &str) -> Value {
    json!({ "text": text, "options": { "initialise": "EUR" } })
}

/// The balances of the ledger, zero ones left out.
async fn ledger(client: &Client) -> books::Balances {
    let report = client.get("/api/accounting/v1/reports/trial-balance?as_of=9999-12-31").await.ok();
    let mut balances = books::Balances::new();
    for row in report["rows"].as_array().expect("rows") {
        let account = Account::new(row["account"].as_str().expect("an account")).expect("a name");
        let commodity = Commodity::new(row["currency"].as_str().expect("a currency"));
        let closing: Decimal = row["amounts"]["closing"].as_str().expect("a decimal").parse().expect("a decimal");
        books::add(&mut balances, (account, commodity), closing).expect("fits");
    }
    balances.retain(|_, balance| !balance.is_zero());
    balances
}

/// What the file says, in the cents of the ledger.
fn file(text: &str) -> books::Balances {
    let (read, _) = books::read(text, None).expect("a journal");
    read.closing_balances().expect("sums fit")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_is_imported_and_reported_back() {
    let host = TestHost::start(COMPONENTS).await;
    let text = include_str!("../demo/studio.journal");

    let told = host.client.post(CHECK, &wanted(text)).await.ok();
    let not_yet = host.client.get("/api/accounting/v1/reports/trial-balance").await;
    assert_eq!(not_yet.code(), "ledger-not-initialised", "a check changes nothing");

    let report = host.client.post(IMPORT, &wanted(text)).await.ok();
    assert_eq!(report["transactions"], 2_000);
    assert_eq!(report["created"]["fiscal_years"], json!(["2024", "2025"]));
    assert_eq!(report["created"]["commodities"], json!(["VTI"]));
    assert!(report["verified_balances"].as_u64().expect("a number") > 25, "{report}");
    for key in ["transactions", "lines", "assertions", "first_date", "last_date", "totals"] {
        assert_eq!(told[key], report[key], "{key}");
    }

    // Only accounts that took up rounded costs differ from the file, by less than a cent for each of their lines.
    let (ledger, file) = (ledger(&host.client).await, file(text));
    assert_eq!(ledger.keys().collect::<Vec<_>>(), file.keys().collect::<Vec<_>>());
    let differing = ledger.iter().filter(|(key, balance)| file[*key] != **balance);
    let differing: Vec<_> = differing.map(|((account, _), _)| account.as_str()).collect();
    assert_eq!(differing, ["Income:Licences", "Liabilities:Credit card"]);

    let again = host.client.post(IMPORT, &wanted(text)).await;
    assert_eq!((again.status, again.code()), (409, "already-imported"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_faulty_file_leaves_nothing() {
    let host = TestHost::start(COMPONENTS).await;
    let good = "2024-01-01\n  Assets:Cash  1 EUR\n  Income\n";
    for (text, status, code, message) in [
        (
            "2024-01-01\n  Assets:Cash  1 EUR\n",
            422,
            "invalid-journal",
            "line 1, column 1: the transaction does not balance",
        ),
        ("include x\n", 422, "invalid-journal", "line 1, column 1: `include x` cannot be followed"),
        ("2024-01-01\n  Assets  1 EUR @@ 1 EUR\n  Income\n", 422, "invalid-journal", "line 2, column 3: "),
    ] {
        let answer = host.client.post(IMPORT, &wanted(&format!("{text}\n{good}"))).await;
        assert_eq!((answer.status, answer.code()), (status, code), "{answer:?}");
        assert!(answer.body.to_string().contains(message), "{answer:?}");
        assert_eq!(host.client.get("/api/accounting/v1/reports/trial-balance").await.code(), "ledger-not-initialised");
    }
    let _ = host.client.post(IMPORT, &wanted(good)).await.ok();

    // Refused by the ledger in the middle of its work: a closed period.
    let closed = host.client.post("/api/accounting/v1/calendar/close-period", &json!({ "code": "2024-03" })).await.ok();
    assert_eq!(closed["state"], "closed");
    let before = ledger(&host.client).await;
    let late = "2024-02-01\n  Assets:New  1 EUR\n  Income\n\n2024-03-01\n  Assets:Cash  2 EUR\n  Income\n";
    let answer = host.client.post(IMPORT, &wanted(late)).await;
    assert_eq!(answer.status, 409, "{answer:?}");
    assert!(answer.body.to_string().contains("line 5, column 1: `2024-03-01` lies in the period"), "{answer:?}");
    assert_eq!(ledger(&host.client).await, before);
    let account = host.client.get("/api/accounting/v1/accounts/Assets:New").await;
    assert_eq!(account.status, 404, "{account:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_needs_its_permission() {
    let host = TestHost::start(COMPONENTS).await;
    let checker = host.with_permissions(&["import-journal.check"]).await;
    assert_eq!(checker.post(IMPORT, &wanted("")).await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_transactions_fit_the_limits() {
    let host = TestHost::start(COMPONENTS).await;
    let text = generate(Wish { seed: 3, transactions: 10_000, first_year: 2015, years: 10, decimal_comma: true });
    let report = host.client.post(IMPORT, &wanted(&text)).await.ok();
    assert_eq!(report["transactions"], 10_000);
}
