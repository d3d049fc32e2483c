// SPDX-License-Identifier: MIT OR Apache-2.0
//! Whole books: generated ones, the demo, and those of beancount's example, read by hledger and by us.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests fail by panicking"
)]

mod support;

use import_journal::domain::books;
use import_journal::domain::importer;
use import_journal::domain::options::Options;
use support::generator::{Wish, generate};
use support::memory::Memory;
use support::{beancount, hledger};

/// `demo/studio.journal`, as `examples/generate_books.rs` prints it.
const DEMO: Wish = Wish { seed: 1, transactions: 2_000, first_year: 2024, years: 2, decimal_comma: false };

#[test]
fn the_demo_is_what_the_generator_makes() {
    let demo = include_str!("../demo/studio.journal");
    assert!(
        demo == generate(DEMO),
        "make it anew: cargo run -p import-journal --example generate_books > demo/studio.journal"
    );
    assert!(demo.len() <= 400_000, "{} bytes", demo.len());
}

#[test]
fn generated_books_agree_with_hledger() {
    let wishes: Vec<Wish> = (1..=12)
        .map(|seed| Wish { seed, transactions: 300, first_year: 2019, years: 3, decimal_comma: seed % 2 == 0 })
        .chain([DEMO])
        .collect();
    if hledger::available(wishes.len()) {
        for wish in wishes {
            hledger::assert_agree(&format!("{wish:?}"), &generate(wish));
        }
    }
}

#[test]
fn one_changed_digit_is_found_by_both() {
    let text = generate(Wish { seed: 99, transactions: 60, first_year: 2020, years: 1, decimal_comma: false });
    let places: Vec<usize> = text.match_indices(" = ").map(|(at, _)| at + 3).collect();
    assert!(places.len() >= 5, "the books have assertions: {}", places.len());
    if hledger::available(places.len()) {
        for at in places {
            let digit = at + text[at..].find(|c: char| c.is_ascii_digit()).expect("a digit");
            let other = if text[digit..].starts_with('1') { "2" } else { "1" };
            let changed = format!("{}{other}{}", &text[..digit], &text[digit + 1..]);
            assert!(books::read(&changed, None).is_err(), "byte {digit} changed");
            hledger::assert_agree(&format!("byte {digit} changed"), &changed);
        }
    }
}

#[test]
fn books_of_beancount_agree_with_hledger() {
    const SEEDS: std::ops::Range<u32> = 1..4;
    for seed in SEEDS {
        let Some(example) = beancount::example(seed, SEEDS.len()) else { return };
        let journal = beancount::to_journal(&example);
        let (read, _) = books::read(&journal, None).unwrap_or_else(|faults| panic!("seed {seed}: {faults:#?}"));
        assert!(read.entries.len() > 500 && read.assertions > 30, "{} {}", read.entries.len(), read.assertions);
        let mut ledger = Memory::set_up("USD", true);
        let report = importer::import(&journal, &Options::default(), &mut ledger)
            .unwrap_or_else(|problem| panic!("{problem:#?}"));
        assert!(report.verified_balances > 30, "{report:#?}");
        if hledger::available(1) {
            hledger::assert_agree(&format!("bean-example, seed {seed}"), &journal);
        }
    }
}

#[test]
fn ten_thousand_transactions_are_imported_and_verified() {
    let wish = Wish { seed: 7, transactions: 10_000, first_year: 2016, years: 10, decimal_comma: true };
    let mut ledger = Memory { settings: None, ..Memory::default() };
    let options = Options { initialise: Some("EUR".to_owned()), ..Options::default() };
    let report =
        importer::import(&generate(wish), &options, &mut ledger).unwrap_or_else(|problem| panic!("{problem:#?}"));
    assert_eq!(report.transactions, 10_000);
    assert_eq!(report.created.fiscal_years.len(), 10);
    assert!(report.created.ledger && report.verified_balances > 30, "{report:#?}");
    assert_eq!(ledger.reports.first(), Some(&(0, 10_000)));
    assert_eq!(ledger.reports.last(), Some(&(10_000, 10_000)));
}
