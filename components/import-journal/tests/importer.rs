// SPDX-License-Identifier: MIT OR Apache-2.0
//! What an import does to a ledger: what it creates, posts, refuses, and what it tells.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests fail by panicking"
)]

mod support;

use import_journal::domain::importer::{check, import};
use import_journal::domain::journal::Kind;
use import_journal::domain::ledger::{FiscalYear, LedgerAccount, Problem, ProblemKind};
use import_journal::domain::names::Account;
use import_journal::domain::options::{Creation, Options, RawOptions};
use import_journal::domain::report::Report;
use std::collections::BTreeMap;
use support::memory::Memory;

const SIMPLE: &str = "2024-01-31 * (17) Shop | tea  ; note\n  Expenses:Food  1.50 EUR  ; green\n  Assets:Cash\n";

fn done(text: &str, options: &Options, ledger: &mut Memory) -> Report {
    import(text, options, ledger).unwrap_or_else(|problem| panic!("{problem:#?}\n{text}"))
}

fn refused(text: &str, options: &Options, ledger: &mut Memory) -> Problem {
    let posted = ledger.entries.len();
    let problem = import(text, options, ledger).expect_err(text);
    assert_eq!(ledger.entries.len(), posted, "nothing is posted: {text}");
    problem
}

/// Posts a text to a ledger and compares its lines.
fn check_lines(functional: Option<&str>, text: &str, expected: &[&str]) {
    let mut ledger = Memory::set_up(functional.unwrap_or("EUR"), functional.is_none());
    done(text, &Options { store_prices: true, ..Options::default() }, &mut ledger);
    assert_eq!(ledger.lines(), expected, "{text}");
}

/// Refuses a text: the codes and the beginnings of the messages of its faults.
fn check_faults(text: &str, options: &Options, ledger: &mut Memory, expected: &[(&str, &str)]) {
    let problem = refused(text, options, ledger);
    let found: Vec<_> = problem.fields.iter().map(|field| (field.code.as_str(), field.message.as_str())).collect();
    assert_eq!(found.len(), expected.len(), "{problem:#?}\n{text}");
    for ((code, message), (expected_code, beginning)) in found.into_iter().zip(expected) {
        assert!(
            code == *expected_code && message.starts_with(beginning),
            "{code}: {message}\nexpected {expected_code}: {beginning}"
        );
    }
    assert!(problem.fields.iter().all(|field| field.path == "/text"));
}

#[test]
fn an_entry_carries_what_the_transaction_says() {
    let mut ledger = Memory::set_up("EUR", true);
    let report = done(SIMPLE, &Options::default(), &mut ledger);
    let entry = &ledger.entries[0];
    assert_eq!((entry.description.as_str(), entry.reference.as_deref()), ("Shop | tea", Some("17")));
    assert_eq!(entry.lines[0].description.as_deref(), Some("green"));
    assert_eq!(entry.date.to_string(), "2024-01-31");
    assert!(entry.external_id.starts_with("journal:"));
    assert_eq!((report.transactions, report.lines, report.verified_balances), (1, 2, 2));
    assert_eq!(report.created.fiscal_years, ["2024"]);
    assert_eq!(report.created.accounts, 4);
    assert_eq!(report.totals[0].debit.to_string(), "1.50");
    assert_eq!(ledger.parents["Assets:Cash"].as_deref(), Some("Assets"));
    assert_eq!(ledger.accounts["Expenses:Food"].kind, Kind::Expense);
}

#[test]
fn costs_become_values() {
    check_lines(
        None,
        "2024-01-01\n  Assets:Fund  3 VTI @ 33.333 USD\n  Assets:Cash\n",
        &["Assets:Fund D 3 VTI = 100.00 USD", "Assets:Cash C 100.00 USD"],
    );
    check_lines(
        None,
        "2024-01-01\n  Assets:A  1 VTI @ 0.335 USD\n  Assets:B  1 VTI @ 0.335 USD\n  Assets:Cash  -0.67 USD\n",
        &["Assets:A D 1 VTI = 0.34 USD", "Assets:B D 1 VTI = 0.33 USD", "Assets:Cash C 0.67 USD"],
    );
    check_lines(
        None,
        "2024-01-01\n  Assets:Cash  -10 EUR\n  Assets:Dollars  11 USD\n",
        &["Assets:Cash C 10.00 EUR = 11.00 USD", "Assets:Dollars D 11.00 USD"],
    );
    check_lines(
        Some("EUR"),
        "2024-01-01\n  Assets:Cash  -10 EUR\n  Assets:Dollars  11 USD\n",
        &["Assets:Cash C 10.00 EUR", "Assets:Dollars D 11.00 USD = 10.00 EUR"],
    );
    check_lines(
        Some("EUR"),
        "P 2023-12-31 USD 0.90 EUR\n2024-01-01\n  Assets:Fund  2 VTI @ 5 USD\n  Assets:Dollars\n",
        &["Assets:Fund D 2 VTI = 9.00 EUR", "Assets:Dollars C 10.00 USD = 9.00 EUR"],
    );
    check_lines(
        None,
        "2024-01-01\n  Assets:A  1 USD\n  Assets:B  2 GBP\n  Equity:Opening\n",
        &["Assets:A D 1.00 USD", "Assets:B D 2.00 GBP", "Equity:Opening C 2.00 GBP", "Equity:Opening C 1.00 USD"],
    );
    check_lines(
        None,
        "2024-01-01\n  Assets:A  0 EUR @@ 5 USD\n  Assets:B  1 EUR\n  Assets:C  0\n  Equity\n",
        &["Assets:A D 0.00 EUR = 5.00 USD", "Assets:B D 1.00 EUR", "Equity C 1.00 EUR", "Equity C 5.00 USD"],
    );
}

#[test]
fn what_the_ledger_cannot_hold_is_refused_with_its_place() {
    let options = Options::default();
    for (text, code, message) in [
        (
            "2024-01-01\n  Assets:A  1.005 EUR\n  Assets:B\n",
            "precision",
            "line 2, column 3: `1.005 EUR` cannot be kept",
        ),
        (
            "2024-01-01\n  Assets:A  1E16 EUR\n  Assets:B\n",
            "precision",
            "line 2, column 3: `10000000000000000.00 EUR` is too large",
        ),
        (
            "2024-01-01\n  Assets:A  1 VTI @@ 1E16 EUR\n  Assets:B\n",
            "precision",
            "line 2, column 3: `10000000000000000.00 EUR` is too large",
        ),
        ("2024-01-01\n  Assets:A  1\n  Assets:B\n", "commodity", "line 2, column 3: amounts without a commodity"),
        (
            "2024-01-01\n  Assets:A/B  1 EUR\n  Assets:B\n",
            "account-name",
            "line 2, column 3: the account name `Assets:A/B`",
        ),
        ("2024-01-01\n  Bank  1 EUR\n  Till\n", "account-type", "line 2, column 3: the type of `Bank` is not known"),
        (
            "commodity 1. EUR\n2024-01-01\n  Assets:A  1.30 EUR\n  Assets:B  -1 EUR\n",
            "unbalanced",
            "line 2, column 1: the transaction balances only when rounded, exactly its postings sum to `0.30 EUR`",
        ),
        (
            "2024-01-01\n  Assets:A  1 EUR @ -2 USD\n  Assets:B\n",
            "unsupported",
            "line 2, column 3: `1.00 EUR` costs `-2.00 USD`",
        ),
        (
            "2024-01-01\n  Assets:A  1 VTI @ 0 EUR\n",
            "unsupported",
            "line 1, column 1: the transaction moves one account only",
        ),
        (
            "2024-01-01\n  Assets:A  1 \"a commodity whose name is far too long\"\n  Assets:B\n",
            "commodity",
            "line 2, column 3: `a commodity whose",
        ),
    ] {
        let mut ledger = Memory::set_up("EUR", true);
        let expected = [(code, message), ("account-type", "line 3, column 3: the type of `Till`")];
        let count = if message.contains("`Bank`") { 2 } else { 1 };
        check_faults(text, &options, &mut ledger, &expected[..count]);
    }
    let mut ledger = Memory::set_up("EUR", false);
    let text = "2024-01-01\n  Assets:A  1 USD\n  Assets:B\n";
    check_faults(
        text,
        &options,
        &mut ledger,
        &[("commodity", "line 1, column 1: no rate of `USD` in `EUR` is known on 2024-01-01")],
    );
}

#[test]
fn the_same_transaction_is_not_posted_twice() {
    let mut ledger = Memory::set_up("EUR", true);
    done(SIMPLE, &Options::default(), &mut ledger);
    let again = format!("\n{}", SIMPLE.replace("; note", "").replace('*', "!"));
    for attempt in [import, check] {
        let problem = attempt(&again, &Options::default(), &mut ledger).unwrap_err();
        assert_eq!((problem.kind, problem.code.as_str()), (ProblemKind::Conflict, "already-imported"));
        assert!(problem.fields[0].message.starts_with("line 2, column 1: "), "{problem:#?}");
    }
    assert_eq!(ledger.entries.len(), 1);
    let other = Options { source: "second till".to_owned(), ..Options::default() };
    done(SIMPLE, &other, &mut ledger);
    done(&format!("{SIMPLE}\n{SIMPLE}").replace("1.50", "1.60"), &Options::default(), &mut ledger);
    assert_eq!(ledger.entries.len(), 4, "two that are alike in one text are two");
}

#[test]
fn a_check_changes_nothing_and_tells_the_same() {
    let mut ledger = Memory::set_up("EUR", true);
    let before = format!("{ledger:?}");
    let told = check(SIMPLE, &Options::default(), &mut ledger).unwrap();
    assert_eq!(format!("{ledger:?}"), before);
    let report = done(SIMPLE, &Options::default(), &mut ledger);
    assert_eq!(Report { verified_balances: 2, ..told }, report);
}

#[test]
fn a_ledger_is_set_up_only_where_wanted() {
    let problem = refused(SIMPLE, &Options::default(), &mut Memory::default());
    assert_eq!((problem.kind, problem.code.as_str()), (ProblemKind::Conflict, "ledger-not-initialised"));
    let options = Options { initialise: Some("EUR".to_owned()), journal: "IMP".to_owned(), ..Options::default() };
    let mut ledger = Memory::default();
    let told = check(SIMPLE, &options, &mut ledger).unwrap();
    assert!(told.created.ledger && ledger.settings.is_none());
    assert!(done(SIMPLE, &options, &mut ledger).created.ledger);
    let settings = ledger.settings.clone().unwrap();
    assert!(settings.per_currency && settings.functional_currency == "EUR");
    assert!(!done(&SIMPLE.replace("tea", "bread"), &options, &mut ledger).created.ledger);
}

#[test]
fn nothing_is_created_without_permission() {
    let none = Creation { accounts: false, commodities: false, fiscal_years: false, journal: false };
    let text = "2024-01-01\n  Assets:A  1 VTI\n  Assets:B\n";
    let options = |create, journal: &str| Options { create, journal: journal.to_owned(), ..Options::default() };
    let mut ledger = Memory::set_up("EUR", true);
    let faults = [
        ("date", "line 1, column 1: 2024-01-01 lies in no fiscal year"),
        ("commodity", "line 2, column 3: the ledger has no commodity `VTI`"),
        ("account-name", "line 2, column 3: the ledger has no account `Assets:A`"),
        ("account-name", "line 3, column 3: the ledger has no account `Assets:B`"),
    ];
    check_faults(text, &options(none, "GJ"), &mut ledger, &faults);
    let all_but_years = Creation { fiscal_years: false, ..Creation::ALL };
    check_faults(text, &options(all_but_years, "GJ"), &mut ledger, &faults[..1]);
    let problem = refused(text, &options(Creation { journal: false, ..Creation::ALL }, "NEW"), &mut ledger);
    assert_eq!((problem.code.as_str(), problem.fields[0].path.as_str()), ("unknown-journal", "/options/journal"));
    assert!(done(text, &options(Creation::ALL, "NEW"), &mut ledger).created.journal);
    assert_eq!(ledger.commodities["VTI"], 0);
}

#[test]
fn kinds_come_from_options_then_declarations_then_names() {
    let text = "account Till  ; type:C\naccount Assets:Loan  ; type:L\n2024-01-01\n  Till  1 EUR\n  Assets:Loan:X  2 EUR\n  Kasse:Y  -3 EUR\n  income  -1 EUR\n  Expenses  1 EUR\n";
    let account_types = BTreeMap::from([(Account::new("Kasse").unwrap(), Kind::Equity)]);
    let mut ledger = Memory::set_up("EUR", true);
    done(text, &Options { account_types, ..Options::default() }, &mut ledger);
    let kinds: Vec<_> = ledger.accounts.values().map(|account| (account.code.as_str(), account.kind)).collect();
    let expected = [
        ("Assets", Kind::Asset),
        ("Assets:Loan", Kind::Liability),
        ("Assets:Loan:X", Kind::Liability),
        ("Expenses", Kind::Expense),
        ("Kasse", Kind::Equity),
        ("Kasse:Y", Kind::Equity),
        ("Till", Kind::Asset),
        ("income", Kind::Income),
    ];
    assert_eq!(kinds, expected);
    assert_eq!(ledger.parents["Assets:Loan"], None, "a parent has the same kind");
}

#[test]
fn accounts_of_the_ledger_are_used_as_they_are() {
    let account = |code: &str, kind, closed| (code.to_owned(), LedgerAccount { code: code.to_owned(), kind, closed });
    let mut ledger = Memory::set_up("EUR", true);
    ledger.accounts.extend([
        account("Assets:Cash", Kind::Expense, false),
        account("Expenses:Food", Kind::Expense, true),
        account("Till", Kind::Asset, false),
    ]);
    let faults = [
        ("account-name", "line 2, column 3: the ledger's account `Expenses:Food` is closed"),
        (
            "account-type",
            "line 3, column 3: the account `Assets:Cash` is an expense in the ledger and an asset in the text",
        ),
    ];
    check_faults(SIMPLE, &Options::default(), &mut ledger, &faults);
    done("2024-01-01\n  Till  1 EUR\n  Assets:Bank\n", &Options::default(), &mut ledger);
}

#[test]
fn symbols_are_mapped() {
    let commodities = BTreeMap::from([("$".to_owned(), "USD".to_owned()), (String::new(), "EUR".to_owned())]);
    let mut ledger = Memory::set_up("EUR", true);
    let text = "2024-01-01\n  Assets:A  $5\n  Assets:B  -5 USD\n2024-01-02\n  Assets:A  7\n  Assets:B\n";
    // Two symbols of one currency cannot be exchanged for each other.
    let options = Options { commodities, ..Options::default() };
    check_faults(text, &options, &mut ledger, &[("unsupported", "line 2, column 3: `5.00 USD` cannot cost")]);
    let report = done(&text.replace("5 USD", "$5").replace("-$", "$-"), &options, &mut ledger);
    assert_eq!(
        ledger.lines(),
        ["Assets:A D 5.00 USD", "Assets:B C 5.00 USD", "Assets:A D 7.00 EUR", "Assets:B C 7.00 EUR"]
    );
    let totals: Vec<_> = report.totals.iter().map(|total| (total.symbol.as_str(), total.commodity.as_str())).collect();
    assert_eq!(totals, [("", "EUR"), ("$", "USD")]);
    assert!(report.created.commodities.is_empty());
}

#[test]
fn fiscal_years_follow_those_of_the_ledger() {
    let mut ledger = Memory::set_up("EUR", true);
    let year = |code: &str, from: &str, to: &str| FiscalYear {
        code: code.to_owned(),
        starts_on: from.parse().unwrap(),
        ends_on: to.parse().unwrap(),
    };
    ledger.years.push(year("FY24", "2024-04-01", "2025-03-31"));
    let report = done(&format!("{SIMPLE}{}", SIMPLE.replace("2024-01", "2025-05")), &Options::default(), &mut ledger);
    assert_eq!(report.created.fiscal_years, ["FY2023-24", "FY2025-26"]);
    let far = SIMPLE.replace("2024-01-31", "0001-01-31");
    check_faults(
        &far,
        &Options::default(),
        &mut ledger,
        &[("date", "line 1, column 1: no fiscal year can be made for 0001-01-31")],
    );
}

#[test]
fn refusals_of_the_ledger_name_places_of_the_text() {
    let mut ledger = Memory::set_up("EUR", true);
    done(SIMPLE, &Options::default(), &mut ledger);
    // The ledger knows it, but does not list it: the import is refused by the post itself.
    let mut hidden = ledger.clone();
    hidden.entries[0].date = "2020-01-01".parse().unwrap();
    let text = format!("2024-01-30\n  Assets:Cash  1 EUR\n  Income\n\n{SIMPLE}");
    let problem = refused(&text, &Options::default(), &mut hidden);
    assert_eq!(problem.fields[0].message, "line 5, column 1: taken");
    assert_eq!(problem.fields[0].path, "/text");
}

#[test]
fn a_ledger_that_keeps_something_else_is_found_out() {
    let mut ledger = Memory { loses_a_line: true, ..Memory::set_up("EUR", true) };
    let problem = import(SIMPLE, &Options::default(), &mut ledger).unwrap_err();
    assert_eq!((problem.kind, problem.code.as_str()), (ProblemKind::Internal, "verification-failed"));
    assert!(problem.fields[0].message.contains("`Expenses:Food` has 0 EUR, the text 1.50"), "{problem:#?}");
}

#[test]
fn prices_and_zeros_and_long_texts_are_warned_of() {
    let mut ledger = Memory::set_up("EUR", true);
    let long = "x".repeat(501);
    let text = format!(
        "P 2024-01-01 VTI 5 EUR\n2024-01-01 {long}\n  Assets:A  1 EUR\n  Assets:B\n2024-01-01 zero\n  Assets:A  0 EUR\n"
    );
    let report = done(&text, &Options::default(), &mut ledger);
    assert_eq!(report.transactions, 1);
    assert_eq!(ledger.entries[0].description.len(), 500);
    let beginnings = ["line 1: 1 market prices", "line 2: `xxx", "line 5: a transaction without any amount"];
    assert_eq!(report.warnings.len(), 3, "{:#?}", report.warnings);
    assert!(
        report.warnings.iter().zip(beginnings).all(|(warning, beginning)| warning.starts_with(beginning)),
        "{:#?}",
        report.warnings
    );
}

#[test]
fn an_empty_text_imports_nothing() {
    let mut ledger = Memory::set_up("EUR", true);
    let report = done("; nothing\n", &Options::default(), &mut ledger);
    assert_eq!((report.transactions, report.first_date, report.verified_balances), (0, None, 0));
}

#[test]
fn options_are_checked_together() {
    let raw = RawOptions {
        source: Some(String::new()),
        default_year: Some(0),
        account_types: vec![
            ("a:".to_owned(), Kind::Asset),
            ("b".to_owned(), Kind::Asset),
            ("b".to_owned(), Kind::Asset),
        ],
        commodities: vec![("$".to_owned(), "USD".to_owned()), ("$".to_owned(), "CAD".to_owned())],
        ..RawOptions::default()
    };
    let problem = raw.check().unwrap_err();
    let paths: Vec<_> = problem.fields.iter().map(|field| field.path.as_str()).collect();
    let expected = [
        "/options/source",
        "/options/default_year",
        "/options/account_types/0/account",
        "/options/account_types/2/account",
        "/options/commodities/1/symbol",
    ];
    assert_eq!(paths, expected);
    assert_eq!(RawOptions::default().check().unwrap(), Options::default());
}
