// SPDX-License-Identifier: MIT OR Apache-2.0
//! The tables `balances_daily` and `balances_monthly`. A balance at the end of a day is the sum of the months before it and of the
//! days of its own month: never of lines.

use super::{Database, ROWS_AT_ONCE_MAX, Row, Value, select};
use crate::bindings::cortex::storage::sql::{ConstraintKind, Error};
use crate::domain::balance::{BalanceKey, Daily, Sums, Totals};
use crate::domain::date::Date;
use crate::domain::page::Place;
use crate::domain::problem::{Answer, Kind, Problem};
use crate::domain::trial_balance::Total;

/// Adds what entries changed.
pub(crate) fn add(database: &mut dyn Database, daily: &Daily<'_>) -> Answer<()> {
    let monthly = crate::domain::balance::by_month(daily).ok_or_else(too_large)?;
    let row = |span: String, key: &BalanceKey<'_>, sums: &Sums| -> Vec<Value> {
        vec![
            span.into(),
            key.account_id.into(),
            key.currency.into(),
            key.value_currency.into(),
            sums.debit.into(),
            sums.credit.into(),
            sums.value_debit.into(),
            sums.value_credit.into(),
        ]
    };
    let days: Vec<_> = daily.iter().map(|((date, key), sums)| row(date.to_string(), key, sums)).collect();
    let months: Vec<_> = monthly.iter().map(|((date, key), sums)| row(date.month_text(), key, sums)).collect();
    raise(database, &upsert("balances_daily", "posting_date"), &days)?;
    raise(database, &upsert("balances_monthly", "month"), &months)
}

/// The refusal of a sum that a row cannot hold.
pub(crate) fn too_large() -> Problem {
    let message = "the sums of an account in one month would exceed 4 x 10^18 minor units; post to another account";
    Problem::new(Kind::LimitExceeded, "balance-too-large", message)
}

/// Runs an upsert for many rows. The only CHECKs of these tables bound the sums, and not every engine says whose CHECK failed.
fn raise(database: &mut dyn Database, statement: &str, rows: &[Vec<Value>]) -> Answer<()> {
    for chunk in rows.chunks(ROWS_AT_ONCE_MAX) {
        database.execute_many(statement, chunk).map_err(|error| match error {
            Error::Constraint(violation) if violation.kind == ConstraintKind::Check => too_large(),
            error => error.into(),
        })?;
    }
    Ok(())
}

fn upsert(table: &str, span: &str) -> String {
    format!(
        "INSERT INTO {table} ({span}, account_id, currency, value_currency, debit, credit, value_debit, value_credit) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT ({span}, account_id, currency, value_currency) DO UPDATE SET \
        debit = debit + excluded.debit, credit = credit + excluded.credit, \
        value_debit = value_debit + excluded.value_debit, value_credit = value_credit + excluded.value_credit"
    )
}

const SUMS: &str = "account_id, currency, value_currency, debit, credit, value_debit, value_credit";
/// Sums in two parts: see [`Row::sum`].
const TOTALS: &str = "SELECT b.account_id, b.currency, b.value_currency, \
    sum(b.debit / 1000000000), sum(b.debit % 1000000000), sum(b.credit / 1000000000), sum(b.credit % 1000000000), \
    sum(b.value_debit / 1000000000), sum(b.value_debit % 1000000000), \
    sum(b.value_credit / 1000000000), sum(b.value_credit % 1000000000)";
const GROUPS: &str =
    "GROUP BY b.account_id, b.currency, b.value_currency ORDER BY b.account_id, b.currency, b.value_currency";

fn read(row: &mut Row) -> Answer<Total> {
    Ok(Total {
        account_id: row.integer()?,
        currency: row.text()?,
        value_currency: row.text()?,
        sums: Totals { debit: row.sum()?, credit: row.sum()?, value_debit: row.sum()?, value_credit: row.sum()? },
    })
}

/// Which months and days make up the balance at the end of a day: months before the first, days from the second to the third.
fn spans(date: Date) -> [Value; 3] {
    match date.is_last_of_month().then(|| date.next_day()).flatten() {
        // The whole month counts: no days.
        Some(next) => [next.month_text().into(), "x".into(), "".into()],
        None => [date.month_text().into(), date.first_of_month().to_string().into(), date.to_string().into()],
    }
}

/// All balances at the end of a day.
pub(crate) fn at_end_of(database: &mut dyn Database, date: Date) -> Answer<Vec<Total>> {
    let statement = format!(
        "{TOTALS} FROM (SELECT {SUMS} FROM balances_monthly WHERE month < ?1 UNION ALL \
        SELECT {SUMS} FROM balances_daily WHERE posting_date >= ?2 AND posting_date <= ?3) AS b {GROUPS}"
    );
    select(database, &statement, &spans(date), read)
}

/// The balances of one account at the end of a day.
pub(crate) fn of_account_at_end_of(database: &mut dyn Database, account: i64, date: Date) -> Answer<Vec<Total>> {
    let statement = format!(
        "{TOTALS} FROM (SELECT {SUMS} FROM balances_monthly WHERE account_id = ?4 AND month < ?1 UNION ALL \
        SELECT {SUMS} FROM balances_daily WHERE posting_date >= ?2 AND posting_date <= ?3 AND account_id = ?4) AS b {GROUPS}"
    );
    let [months, first, last] = spans(date);
    select(database, &statement, &[months, first, last, account.into()], read)
}

/// What the lines of one account up to a place, the place included, add on its day.
pub(crate) fn of_account_on_day(database: &mut dyn Database, account: i64, place: Place) -> Answer<Vec<Total>> {
    let statement = format!(
        "{TOTALS} FROM (SELECT account_id, currency, value_currency, \
        CASE WHEN side = 0 THEN amount ELSE 0 END AS debit, CASE WHEN side = 1 THEN amount ELSE 0 END AS credit, \
        CASE WHEN side = 0 THEN value ELSE 0 END AS value_debit, CASE WHEN side = 1 THEN value ELSE 0 END AS value_credit \
        FROM entry_lines WHERE account_id = ?1 AND posting_date = ?2 \
        AND (entry_id < ?3 OR (entry_id = ?3 AND line_number <= ?4))) AS b {GROUPS}"
    );
    let parameters = [account.into(), place.date.to_string().into(), place.entry.into(), place.line.into()];
    select(database, &statement, &parameters, read)
}
