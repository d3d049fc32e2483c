// SPDX-License-Identifier: MIT OR Apache-2.0
//! What hledger says of a journal, compared with what the ledger says after its import.

use conformance::books::path;
use conformance::client::Client;
use conformance::program::available;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::Command;

/// Balances by account and commodity, in units of 10^-12, zero ones left out.
type Balances = BTreeMap<(String, String), i128>;

/// Decimals that are kept; hledger keeps all, the ledger those of the commodity.
const PLACES: usize = 12;

/// The accounts whose balances hledger keeps with fractions of a cent, because a cost has more decimals than the currency,
/// may differ by so much for each of their lines: half a cent.
const ROUNDING: i128 = 5 * 10_i128.pow(9);

/// Compares the ledger's trial balance with hledger's balances, account by account and commodity by commodity.
pub(crate) fn assert_agrees(client: &Client, text: &str) {
    if !available("hledger", "--version", "the ledger's balances with hledger's") {
        return;
    }
    let (ours, theirs) = (ledger(client), hledger(text));
    assert!(theirs.len() > 5, "{theirs:?}");
    assert_eq!(ours.keys().collect::<Vec<_>>(), theirs.keys().collect::<Vec<_>>());
    let mut inexact = 0;
    for (key, balance) in &ours {
        let difference = (balance - theirs[key]).abs();
        if difference == 0 {
            continue;
        }
        inexact += 1;
        let lines = text.matches(&key.0).count();
        let allowed = ROUNDING * i128::try_from(lines).unwrap();
        let whole_cents = theirs[key] % 10_i128.pow(10) == 0;
        assert!(!whole_cents && difference <= allowed, "{key:?}: {balance} in the ledger, {} in hledger", theirs[key]);
    }
    assert!(inexact * 5 <= ours.len(), "{inexact} of {} balances differ by fractions of a cent", ours.len());
}

fn ledger(client: &Client) -> Balances {
    let report = client.call(&path("reports/trial-balance"), &json!({ "as_of": "9999-12-31" })).unwrap().ok();
    let mut balances = Balances::new();
    for row in report["rows"].as_array().unwrap() {
        let text = |key: &str| row[key].as_str().unwrap().to_owned();
        let closing = decimal(row["amounts"]["closing"].as_str().unwrap());
        *balances.entry((text("account"), text("currency"))).or_default() += closing;
    }
    balances.retain(|_, balance| *balance != 0);
    balances
}

fn decimal(text: &str) -> i128 {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    assert!(part.len() <= PLACES, "{text}");
    format!("{whole}{part:0<PLACES$}").parse().unwrap()
}

fn hledger(text: &str) -> Balances {
    let mut file = tempfile::Builder::new().suffix(".journal").tempfile().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let mut command = Command::new("hledger");
    command.env("LANG", "C.UTF-8").arg("-f").arg(file.path()).args(["bal", "-N", "--flat", "-O", "json"]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut balances = Balances::new();
    for row in report[0].as_array().unwrap() {
        for amount in row[3].as_array().unwrap() {
            let key = (row[0].as_str().unwrap().to_owned(), amount["acommodity"].as_str().unwrap().to_owned());
            let quantity = &amount["aquantity"];
            let places = usize::try_from(quantity["decimalPlaces"].as_u64().unwrap()).unwrap();
            assert!(places <= PLACES, "{amount}");
            let scale = 10_i128.pow(u32::try_from(PLACES - places).unwrap());
            *balances.entry(key).or_default() += i128::from(quantity["decimalMantissa"].as_i64().unwrap()) * scale;
        }
    }
    balances.retain(|_, balance| *balance != 0);
    balances
}

/// The program `bean-example`, or another place of it in `CORTEX_BEAN_EXAMPLE`.
pub(crate) fn bean_example_program() -> String {
    std::env::var("CORTEX_BEAN_EXAMPLE").unwrap_or_else(|_| "bean-example".to_owned())
}

/// Three years of beancount's example, as a journal: transactions only, costs in braces as prices.
pub(crate) fn bean_example() -> String {
    let arguments = ["--date-begin=2021-01-01", "--date-end=2023-12-31", "--date-birth=1980-05-12", "--seed=1"];
    let output = Command::new(bean_example_program()).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut journal = String::new();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        match words.as_slice() {
            [date, flag @ ("*" | "!"), ..] if line.starts_with(|first: char| first.is_ascii_digit()) => {
                let texts: Vec<_> = line.split('"').skip(1).step_by(2).collect();
                journal.push_str(&format!("\n{date} {flag} {}\n", texts.join(" | ")));
            }
            [account, rest @ ..] if line.starts_with("  ") && account.starts_with(char::is_uppercase) => {
                let amount = rest.join(" ");
                let amount = amount.split_once('{').map_or(amount.clone(), |(units, cost)| {
                    format!("{units} @ {}", cost.split(['}', ',']).next().unwrap_or_default())
                });
                journal.push_str(&format!("  {account}  {amount}\n"));
            }
            _ => {}
        }
    }
    journal
}
