// SPDX-License-Identifier: MIT OR Apache-2.0
//! Small journals under `cases/`: beside each its balances or its faults, and its warnings. `UPDATE_EXPECT=1` writes them.
//! Where hledger is installed it must say the same.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests fail by panicking"
)]

mod support;

use import_journal::domain::books;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use support::hledger;

fn cases() -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let files = std::fs::read_dir(folder).expect("the cases").map(|file| file.expect("a file").path());
    let mut files: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|extension| extension == "journal")).collect();
    files.sort();
    assert!(files.len() >= 7, "the cases are there: {}", files.len());
    files.into_iter().map(|path| (path.clone(), std::fs::read_to_string(path).expect("a journal"))).collect()
}

fn told(text: &str) -> String {
    let mut told = String::new();
    match books::read(text, None) {
        Err(faults) => {
            for fault in faults {
                let _ = writeln!(told, "{}\n  {fault}", fault.code.as_str());
            }
        }
        Ok((books, warnings)) => {
            let _ = writeln!(told, "{} transactions, {} assertions", books.entries.len(), books.assertions);
            for ((account, commodity), balance) in books.closing_balances().expect("sums fit") {
                let _ = writeln!(told, "{account}  {balance} {}", commodity.as_str());
            }
            for warning in warnings.lines() {
                let _ = writeln!(told, "warning: {warning}");
            }
        }
    }
    told
}

#[test]
fn cases_say_what_is_expected() {
    for (path, text) in cases() {
        expect_test::expect_file![path.with_extension("expected")].assert_eq(&told(&text));
    }
}

#[test]
fn cases_agree_with_hledger() {
    let cases = cases();
    if hledger::available(cases.len()) {
        for (path, text) in cases {
            hledger::assert_agree(&path.display().to_string(), &text);
        }
    }
}
