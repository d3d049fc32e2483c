// SPDX-License-Identifier: MIT OR Apache-2.0
//! What must always hold in the tables, whatever happened. Each check is shown to find a fault when the tables are damaged by hand.

use super::database::{integers, with_current};
use super::setup::{ledger, post, simple};

/// Statements that return a row where an invariant is broken.
const BROKEN: [(&str, &str); 6] = [
    (
        "an entry that is not balanced",
        "SELECT entry_id FROM entry_lines GROUP BY entry_id, value_currency HAVING sum(CASE side WHEN 0 THEN value ELSE -value END) <> 0",
    ),
    (
        "an entry with fewer than two lines",
        "SELECT e.id FROM entries e LEFT JOIN entry_lines l ON l.entry_id = e.id GROUP BY e.id HAVING count(l.entry_id) < 2",
    ),
    (
        "numbers with a gap or twice",
        "SELECT count(*) FROM entries GROUP BY journal, fiscal_year HAVING min(number) <> 1 OR max(number) <> count(*) \
        OR count(DISTINCT number) <> count(*)",
    ),
    (
        "a posting date outside of the entry's period",
        "SELECT e.id FROM entries e JOIN periods p ON p.code = e.period WHERE e.posting_date < p.starts_on OR e.posting_date > p.ends_on \
        UNION ALL SELECT e.id FROM entries e JOIN entry_lines l ON l.entry_id = e.id WHERE l.posting_date <> e.posting_date",
    ),
    (
        "daily balances that differ from the lines",
        "SELECT count(*) FROM (SELECT posting_date, account_id, currency, value_currency, debit, credit, value_debit, value_credit \
        FROM balances_daily UNION ALL SELECT posting_date, account_id, currency, value_currency, sum((side = 0) * amount), \
        sum((side = 1) * amount), sum((side = 0) * value), sum((side = 1) * value) FROM entry_lines GROUP BY 1, 2, 3, 4) \
        GROUP BY posting_date, account_id, currency, value_currency, debit, credit, value_debit, value_credit HAVING count(*) <> 2",
    ),
    (
        "monthly balances that differ from the lines",
        "SELECT count(*) FROM (SELECT month, account_id, currency, value_currency, debit, credit, value_debit, value_credit \
        FROM balances_monthly UNION ALL SELECT substr(posting_date, 1, 7) AS month, account_id, currency, value_currency, \
        sum((side = 0) * amount), sum((side = 1) * amount), sum((side = 0) * value), sum((side = 1) * value) \
        FROM entry_lines GROUP BY 1, 2, 3, 4) \
        GROUP BY month, account_id, currency, value_currency, debit, credit, value_debit, value_credit HAVING count(*) <> 2",
    ),
];

/// The invariants that are broken.
pub(super) fn broken() -> Vec<&'static str> {
    BROKEN.into_iter().filter(|(_, statement)| !integers(statement).is_empty()).map(|(name, _)| name).collect()
}

#[test]
fn each_invariant_finds_its_fault() {
    let damages = [
        ("UPDATE entry_lines SET value = value + 1 WHERE line_number = 1", "an entry that is not balanced"),
        ("DELETE FROM entry_lines WHERE line_number = 1", "an entry with fewer than two lines"),
        ("UPDATE entries SET number = 7 WHERE id = 2", "numbers with a gap or twice"),
        ("UPDATE entries SET posting_date = '2026-06-01'", "a posting date outside of the entry's period"),
        ("UPDATE balances_daily SET credit = credit + 1 WHERE credit > 0", "daily balances that differ from the lines"),
        ("DELETE FROM balances_monthly", "monthly balances that differ from the lines"),
    ];
    for (damage, expected) in damages {
        ledger("functional");
        post(&simple("2026-01-31", "10"));
        post(&simple("2026-02-01", "0.01"));
        assert_eq!(broken(), [""; 0]);
        with_current(|database| database.connection.execute_batch(damage).expect(damage));
        assert!(broken().contains(&expected), "{damage}: {:?}", broken());
    }
}

/// What is posted is inserted and never touched again: no statement of the component says otherwise.
#[test]
fn no_statement_changes_what_is_posted() {
    let sources = [
        include_str!("../store/entries.rs"),
        include_str!("../store/lines.rs"),
        include_str!("../store/balances.rs"),
        include_str!("../store/drafts.rs"),
        include_str!("../store/journals.rs"),
        include_str!("../store/calendar.rs"),
        include_str!("../store/accounts.rs"),
        include_str!("../store/mod.rs"),
        include_str!("../store/rates.rs"),
        include_str!("../store/settings.rs"),
        include_str!("../store/commodities.rs"),
    ];
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store");
    let files = std::fs::read_dir(folder).expect("the folder").count();
    assert_eq!(files, sources.len() + 1, "a new file of statements must be listed here; row.rs has none");
    for table in ["entries", "entry_lines", "line_dimensions", "reversals"] {
        for change in ["UPDATE", "DELETE FROM"] {
            let statement = format!("{change} {table}");
            assert!(!sources.iter().any(|source| source.contains(&statement)), "{statement}");
        }
    }
}
