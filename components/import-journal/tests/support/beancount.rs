// SPDX-License-Identifier: MIT OR Apache-2.0
//! Books of beancount's `bean-example`, turned into a journal: the few kinds of lines that it prints, no more.

use std::fmt::Write;
use std::process::Command;

/// What `bean-example` prints for a seed; none where it is not installed, which is then said aloud.
pub fn example(seed: u32, comparisons: usize) -> Option<String> {
    let program = std::env::var("CORTEX_BEAN_EXAMPLE").unwrap_or_else(|_| "bean-example".to_owned());
    let arguments = ["--date-begin=2021-01-01", "--date-end=2023-12-31", "--date-birth=1980-05-12"];
    let output = Command::new(&program).args(arguments).arg(format!("--seed={seed}")).output();
    let text = output
        .ok()
        .filter(|output| output.status.success())
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    if text.is_none() {
        println!(
            "NOT COMPARED: {comparisons} comparisons with books of beancount's `bean-example` were not made (not installed)"
        );
    }
    text
}

/// The journal of a beancount file. Costs in braces become costs (`@`), which hledger counts and lots not; a balance is
/// asserted at the end of the day before, behind everything else.
pub fn to_journal(text: &str) -> String {
    let mut journal = String::new();
    let mut assertions = String::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let dated = line.starts_with(|c: char| c.is_ascii_digit());
        match words.as_slice() {
            [date, flag @ ("*" | "!"), ..] if dated => {
                let texts: Vec<&str> = line.split('"').skip(1).step_by(2).collect();
                let _ = writeln!(journal, "\n{date} {flag} {}", texts.join(" | "));
            }
            [date, "balance", account, number, commodity] if dated => {
                let day =
                    date.parse::<import_journal::domain::date::Date>().expect("a date").previous().expect("a day");
                let _ = writeln!(assertions, "\n{day} balance\n  {account}  0 {commodity} = {number} {commodity}");
            }
            [account, rest @ ..]
                if line.starts_with("  ") && account.contains(':') && account.starts_with(char::is_uppercase) =>
            {
                let _ = writeln!(journal, "  {account}  {}", posting(&rest.join(" ")));
            }
            _ => {}
        }
    }
    journal + &assertions
}

/// `13 ITOT {136.70 USD, 2024-09-17} @ 141.07 USD` costs 136.70 USD each.
fn posting(amount: &str) -> String {
    let Some((units, rest)) = amount.split_once('{') else { return amount.to_owned() };
    let cost = rest.split(['}', ',']).next().unwrap_or_default();
    format!("{units} @ {cost}")
}
