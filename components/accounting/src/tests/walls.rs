// SPDX-License-Identifier: MIT OR Apache-2.0
//! The last walls, which only a second request at the same time would reach: the tables refuse what the rules did not see.

use super::calls::ok;
use super::database::{call, integers, with_current};
use super::setup::{ledger, post, simple};
use crate::domain::problem::Answer;
use crate::store::{self, Database};
use serde_json::json;

fn refused(work: impl FnOnce(&mut dyn Database) -> Answer<()>) -> &'static str {
    call(|| with_current(|database| work(database))).expect_err("a refusal").code
}

#[test]
fn a_period_that_was_closed_meanwhile_counts_no_entry() {
    ledger("functional");
    for step in ["close", "lock"] {
        ok(&format!("calendar.{step}-period"), json!({ "code": "2026-01" }));
        assert_eq!(refused(|database| store::calendar::count_entries(database, "2026-01", 1)), "period-closed");
    }
    with_current(|database| store::calendar::count_entries(database, "2026-02", 2)).expect("an open period");
    assert_eq!(integers("SELECT entry_count FROM periods WHERE entry_count > 0"), [2]);
}

#[test]
fn a_period_that_was_changed_meanwhile_is_not_changed_again() {
    ledger("functional");
    let period =
        with_current(|database| store::calendar::find_period(database, "2026-01")).expect("rows").expect("a period");
    ok("calendar.close-period", json!({ "code": "2026-01" }));
    let closed = crate::domain::calendar::PeriodState::Closed;
    assert_eq!(refused(|database| store::calendar::set_state(database, &period, closed)), "changed-meanwhile");
}

#[test]
fn an_entry_is_reversed_once() {
    ledger("functional");
    for _ in 0..3 {
        post(&simple("2026-01-01", "1"));
    }
    with_current(|database| store::entries::link_reversal(database, 1, 2)).expect("the first");
    assert_eq!(refused(|database| store::entries::link_reversal(database, 1, 3)), "changed-meanwhile");
    assert_eq!(refused(|database| store::entries::link_reversal(database, 3, 2)), "changed-meanwhile");
}

#[test]
fn numbers_go_on_where_they_ended() {
    ledger("functional");
    let take =
        |count| with_current(|database| store::journals::take_numbers(database, "GJ", "2026", count)).expect("numbers");
    assert_eq!((take(1), take(500), take(1)), (1, 2, 502));
    let other = with_current(|database| store::journals::take_numbers(database, "GJ", "2027", 1)).expect("numbers");
    assert_eq!(other, 1);
}

#[test]
fn a_number_or_an_external_identifier_is_in_the_table_once() {
    ledger("functional");
    let mut entry = simple("2026-01-01", "1");
    entry["external_id"] = json!("a");
    post(&entry);
    let copy = |columns: &str| {
        format!(
            "INSERT INTO entries SELECT 99, journal, fiscal_year, {columns}, posted_at, posted_by, drafted_by FROM entries"
        )
    };
    let rest = "period, posting_date, description, document_date, reference";
    for columns in [format!("number, {rest}, NULL"), format!("number + 1, {rest}, external_id")] {
        let statement = copy(&columns);
        let outcome = call(|| with_current(|database| database.execute(&statement, &[])));
        assert!(
            matches!(outcome, Err(crate::bindings::cortex::storage::sql::Error::Constraint(_))),
            "{statement}: {outcome:?}"
        );
    }
}
