// SPDX-License-Identifier: MIT OR Apache-2.0
//! What must hold for every text and every journal.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests fail by panicking"
)]

mod support;

use import_journal::domain::books;
use import_journal::domain::decimal::Decimal;
use import_journal::domain::importer;
use import_journal::domain::limits::{FAULTS_MAX, LINE_BYTES_MAX, POSTINGS_MAX, TEXT_BYTES_MAX};
use import_journal::domain::options::Options;
use proptest::prelude::*;
use std::fmt::Write;
use support::memory::Memory;

/// Pieces of journals, so that random texts get past the first line.
const PIECES: &[&str] = &[
    "2024-01-31",
    "1/2",
    "=",
    "==*",
    "@",
    "@@",
    "(@)",
    "  ",
    " ",
    "\n",
    "\n  ",
    "\t",
    "Assets:A",
    "b c",
    ":",
    "1",
    "1,000.00",
    "-",
    "+",
    "$",
    "EUR",
    "\"a b\"",
    "\"",
    ";",
    "date:",
    "[2024-02-30]",
    "{",
    "}}",
    "*",
    "!",
    "(code)",
    "|",
    "account ",
    "commodity ",
    "D ",
    "Y2024",
    "P ",
    "alias ",
    "/(.*)/=\\1",
    "apply account x",
    "end apply account",
    "comment",
    "end comment",
    "decimal-mark ,",
    "~ monthly",
    "include x",
    "E9",
    "E-38",
    "99999999999999999999999999999999999999",
    "0",
    "é",
    "\u{2003}",
    "\r\n",
    "\0",
];

fn pieces() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES), 0..60).prop_map(|pieces| pieces.concat())
}

/// A transaction that balances: units of accounts in EUR and USD cents, costs in EUR.
fn postings() -> impl Strategy<Value = Vec<(u8, i64, Option<i64>)>> {
    prop::collection::vec((0_u8..5, -10_000_000_i64..10_000_000, prop::option::of(1_i64..100_000)), 1..8)
}

/// Writes a transaction, the last posting with what the others leave open, plus `off`.
fn write(text: &mut String, postings: &[(u8, i64, Option<i64>)], off: i64, elide: bool) {
    let cents = |units: i64| Decimal::new(units.into(), 2).unwrap();
    text.push_str("2024-01-01 generated\n");
    let mut sum = Decimal::ZERO;
    for (account, units, cost) in postings {
        let amount = cents(*units);
        match cost {
            Some(cost) => {
                sum = sum.checked_add(amount.checked_mul(cents(*cost)).unwrap()).unwrap();
                let _ = writeln!(text, "  Assets:A{account}  {amount} USD @ {} EUR", cents(*cost));
            }
            None => {
                sum = sum.checked_add(amount).unwrap();
                let _ = writeln!(text, "  Assets:A{account}  {amount} EUR");
            }
        }
    }
    let rest = sum.checked_neg().unwrap().checked_add(cents(off)).unwrap();
    let _ = if elide { writeln!(text, "  Equity") } else { writeln!(text, "  Equity  {rest} EUR") };
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_panics(text in "(?s).{0,300}") {
        let _ = books::read(&text, None);
    }

    #[test]
    fn no_text_of_pieces_panics(text in pieces()) {
        let read = books::read(&text, Some(2024));
        if let Err(faults) = read {
            prop_assert!(!faults.is_empty() && faults.len() <= FAULTS_MAX + 1);
            let lines = u32::try_from(text.matches('\n').count()).unwrap() + 1;
            for fault in faults {
                prop_assert!((1..=lines).contains(&fault.place.line) && fault.place.column >= 1, "{fault}\n{text}");
            }
        }
    }

    #[test]
    fn balanced_journals_are_taken_whole(transactions in prop::collection::vec((postings(), any::<bool>()), 1..6)) {
        let mut text = String::new();
        for (postings, elide) in &transactions {
            write(&mut text, postings, 0, *elide);
        }
        let (books, _) = books::read(&text, None).map_err(|faults| TestCaseError::fail(format!("{faults:?}\n{text}")))?;
        prop_assert_eq!(books.entries.len(), transactions.len());
        for ((postings, _), entry) in transactions.iter().zip(&books.entries) {
            for ((_, units, _), line) in postings.iter().zip(&entry.lines) {
                prop_assert_eq!(line.amount.quantity, Decimal::new((*units).into(), 2).unwrap());
            }
        }
    }

    #[test]
    fn what_is_off_by_a_cent_or_more_is_refused(postings in postings(), off in prop_oneof![-500_i64..-1, 2_i64..500]) {
        let mut text = String::from("commodity 1000.00 EUR\n");
        write(&mut text, &postings, off, false);
        prop_assert!(books::read(&text, None).is_err(), "{text}");
    }

    #[test]
    fn whatever_is_taken_is_posted_balanced_and_verified(
        transactions in prop::collection::vec(postings(), 1..5),
        per_currency in any::<bool>(),
    ) {
        let mut text = String::from("commodity 1000.00 EUR\n");
        for postings in &transactions {
            write(&mut text, postings, 0, true);
        }
        // The ledger in memory refuses unbalanced entries and amounts with too many decimals.
        let mut ledger = Memory::set_up("EUR", per_currency);
        let report = importer::import(&text, &Options::default(), &mut ledger);
        let report = report.map_err(|problem| TestCaseError::fail(format!("{problem:#?}\n{text}")))?;
        prop_assert!(report.transactions as usize <= transactions.len());
    }
}

#[test]
fn limits_are_told() {
    let codes = |text: &str| -> Vec<String> {
        books::read(text, None).expect_err("a limit").iter().map(|fault| fault.code.as_str().to_owned()).collect()
    };
    assert_eq!(codes(&" ".repeat(TEXT_BYTES_MAX + 1)), ["limit-exceeded"]);
    assert_eq!(codes(&format!("; {}\n", "x".repeat(LINE_BYTES_MAX))), ["limit-exceeded"]);
    assert_eq!(codes(&format!("2024-01-01\n{}", "  a  0\n".repeat(POSTINGS_MAX + 1))), ["limit-exceeded"]);
    let many = codes(&"x\n".repeat(1_000));
    assert_eq!((many.len(), many.last().map(String::as_str)), (FAULTS_MAX + 1, Some("limit-exceeded")));
}
