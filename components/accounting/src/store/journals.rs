// SPDX-License-Identifier: MIT OR Apache-2.0
//! The tables `journals` and `entry_numbers`.

use super::{Database, Row, Value, change_many, select, select_in};
use crate::domain::journal::Journal;
use crate::domain::problem::{Answer, Problem};
use std::collections::BTreeSet;

fn read(row: &mut Row) -> Answer<Journal> {
    Ok(Journal { code: row.text()?, name: row.text()? })
}

/// Every journal, by code.
pub(crate) fn all(database: &mut dyn Database) -> Answer<Vec<Journal>> {
    select(database, "SELECT code, name FROM journals ORDER BY code", &[], read)
}

/// The existing ones among some codes.
pub(crate) fn find<'a>(database: &mut dyn Database, codes: impl IntoIterator<Item = &'a str>) -> Answer<Vec<Journal>> {
    let codes: BTreeSet<&str> = codes.into_iter().collect();
    select_in(database, "SELECT code, name FROM journals WHERE code IN (", codes.into_iter().map(Value::from), read)
}

/// Writes new journals.
pub(crate) fn insert(database: &mut dyn Database, journals: &[Journal]) -> Answer<()> {
    let rows: Vec<Vec<Value>> =
        journals.iter().map(|journal| vec![(&journal.code).into(), (&journal.name).into()]).collect();
    change_many(database, "INSERT INTO journals (code, name) VALUES (?1, ?2)", &rows)
}

/// Takes `count` numbers of a journal in a fiscal year; returns the first. The row stays locked until the unit of work ends, so that
/// no other can take the same or leave a gap.
pub(crate) fn take_numbers(database: &mut dyn Database, journal: &str, fiscal_year: &str, count: i64) -> Answer<i64> {
    let statement = "INSERT INTO entry_numbers (journal, fiscal_year, last_number) VALUES (?1, ?2, ?3) \
        ON CONFLICT (journal, fiscal_year) DO UPDATE SET last_number = last_number + excluded.last_number RETURNING last_number";
    let last = select(database, statement, &[journal.into(), fiscal_year.into(), count.into()], Row::integer)?;
    last.first().map(|last| last - count + 1).ok_or_else(|| Problem::internal("no number was given"))
}
