// SPDX-License-Identifier: MIT OR Apache-2.0
//! Whole books imported through HTTP and through the command line, and what the ledger then says compared with hledger.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test is a test"
)]

#[allow(clippy::arithmetic_side_effects, dead_code, reason = "shared with the tests of import-journal")]
#[path = "../../../components/import-journal/tests/support/generator.rs"]
mod generator;
#[path = "import/hledger.rs"]
mod hledger;
#[path = "import/line.rs"]
mod line;

use conformance::TestHost;
use conformance::backend::Backend;
use conformance::books::{self, ACCOUNTING, assert_gapless, path};
use conformance::bundles::workspace;
use conformance::client::{Answer, Client};
use generator::{Wish, generate};
use serde_json::{Value, json};

conformance::on_each_backend!(
    the_demonstrations_books_are_reported_as_hledger_reports_them,
    ten_thousand_transactions_go_through_one_request,
    one_fault_in_the_middle_refuses_the_whole_file_and_names_its_line,
    books_of_beancount_are_imported,
);

const IMPORT: &str = "components/import-journal";

/// The demonstration's books.
fn demo() -> String {
    std::fs::read_to_string(workspace().join(IMPORT).join("demo/studio.journal")).unwrap()
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
}

fn import(client: &Client, text: &str) -> Answer {
    let input = json!({ "text": text, "options": { "initialise": "EUR" } });
    client.call("/api/import-journal/v1/importer/import", &input).unwrap()
}

/// What must hold of a ledger after the import of a file into an empty one.
fn assert_imported(client: &Client, text: &str, report: &Value) {
    let entries = books::entries(client).unwrap();
    assert_eq!(report["transactions"], entries.len());
    assert!(report["verified_balances"].as_u64().unwrap() > 0, "{report}");
    assert_gapless(&entries);
    hledger::assert_agrees(client, text);
}

async fn the_demonstrations_books_are_reported_as_hledger_reports_them(backend: Backend) {
    let host = TestHost::start_on(&backend, &[ACCOUNTING, IMPORT]).await;
    let client = host.client.clone();
    blocking(move || {
        let report = import(&client, &demo()).ok();
        assert_eq!(report["transactions"], 2_000);
        assert_imported(&client, &demo(), &report);
        let before = books::entries(&client).unwrap();
        let again = import(&client, &demo());
        assert_eq!((again.status, again.code()), (409, "already-imported"), "{again:?}");
        assert_eq!(books::entries(&client).unwrap(), before);
    })
    .await;
}

async fn ten_thousand_transactions_go_through_one_request(backend: Backend) {
    let host = TestHost::start_on(&backend, &[ACCOUNTING, IMPORT]).await;
    let client = host.client.clone();
    blocking(move || {
        let wish = Wish { seed: 7, transactions: 10_000, first_year: 2016, years: 10, decimal_comma: true };
        let text = generate(wish);
        let report = import(&client, &text).ok();
        assert_eq!(report["transactions"], 10_000);
        assert_imported(&client, &text, &report);
    })
    .await;
}

/// A file is all or nothing: one fault in the middle of many transactions, of each kind.
async fn one_fault_in_the_middle_refuses_the_whole_file_and_names_its_line(backend: Backend) {
    let host = TestHost::start_on(&backend, &[ACCOUNTING, IMPORT]).await;
    let client = host.client.clone();
    blocking(move || {
        let wish = Wish { seed: 9, transactions: 500, first_year: 2024, years: 1, decimal_comma: false };
        let good = generate(wish);
        let middle = good.match_indices("\n\n2024-06").map(|(place, _)| place + 2).next().unwrap();
        let line = good[..middle].lines().count() + 1;
        for (name, fault, at, code) in [
            (
                "an unbalanced transaction",
                "2024-06-01 x\n  Assets:Cash  1 EUR\n  Income:Sales  -2 EUR\n\n",
                line,
                "invalid-journal",
            ),
            (
                "a day that does not exist",
                "2024-06-31 x\n  Assets:Cash  1 EUR\n  Income:Sales\n\n",
                line,
                "invalid-journal",
            ),
            ("a wrong assertion", "2024-06-01 x\n  Assets:Cash  0 EUR = 123456 EUR\n\n", line + 1, "invalid-journal"),
            ("a virtual posting", "2024-06-01 x\n  (Assets:Cash)  1 EUR\n\n", line + 1, "invalid-journal"),
            ("an unknown directive", "frobnicate x\n\n", line, "invalid-journal"),
        ] {
            let text = format!("{}{fault}{}", &good[..middle], &good[middle..]);
            let answer = import(&client, &text);
            assert_eq!((answer.status, answer.code()), (422, code), "{name}: {answer:?}");
            let faults = answer.body["errors"].as_array().unwrap();
            let place = format!("line {at}, column ");
            let named = faults
                .iter()
                .any(|fault| fault["pointer"] == "/text" && fault["detail"].as_str().unwrap().starts_with(&place));
            assert!(named, "{name}: {place} is not in {answer:?}");
            let settings = client.call(&path("settings/get-settings"), &json!({})).unwrap();
            assert_eq!(settings.code(), "ledger-not-initialised", "{name} left something");
        }
        let report = import(&client, &good).ok();
        assert_imported(&client, &good, &report);
    })
    .await;
}

/// Texts that are no journal, or a monstrous one: an answer, never a failure of the component.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odd_texts_are_refused_or_hold_nothing() {
    let host = TestHost::start(&[ACCOUNTING, IMPORT]).await;
    let client = host.client.clone();
    blocking(move || {
        let deep = format!("2024-01-01 x\n  {}  1 EUR\n  b\n", "a:".repeat(50_000));
        for (name, text) in [
            ("nothing", String::new()),
            ("lines without content", "\n".repeat(100_000)),
            ("a zero byte", "2024-01-01 x\n  a\0  1 EUR\n  b\n".to_owned()),
            ("one long line", "x".repeat(1_000_000)),
            ("one long comment", format!("; {}", "x".repeat(1_000_000))),
            ("a deep account", deep),
            ("a long number", format!("2024-01-01 x\n  a  {} EUR\n  b\n", "9".repeat(10_000))),
            ("an exponent", "2024-01-01 x\n  a  1E9999999 EUR\n  b\n".to_owned()),
            ("carriage returns", "2024-01-01 x\r\n  a  1 EUR\r\n  b\r\n".to_owned()),
            ("a mark of order", "\u{feff}2024-01-01 x\n  a  1 EUR\n  b\n".to_owned()),
            ("a transaction without postings", "2024-01-01 x\n".to_owned()),
            ("a transaction of many postings", format!("2024-01-01 x\n{}  b\n", "  a  1 EUR\n".repeat(2_000))),
        ] {
            let input = json!({ "text": text, "options": { "initialise": "EUR" } });
            let answer = client.call("/api/import-journal/v1/importer/check", &input).unwrap();
            assert!([200, 422].contains(&answer.status), "{name}: {answer:?}");
            assert!(answer.body.to_string().len() < 100_000, "{name} is answered at length");
        }
    })
    .await;
}

/// Books that beancount makes, where it is installed.
async fn books_of_beancount_are_imported(backend: Backend) {
    let program = hledger::bean_example_program();
    if !conformance::program::installed(&program, "--help", "the import of books made by beancount") {
        return;
    }
    let host = TestHost::start_on(&backend, &[ACCOUNTING, IMPORT]).await;
    let client = host.client.clone();
    blocking(move || {
        let text = hledger::bean_example();
        let report = import(&client, &text).ok();
        assert_imported(&client, &text, &report);
    })
    .await;
}
