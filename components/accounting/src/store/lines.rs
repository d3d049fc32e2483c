// SPDX-License-Identifier: MIT OR Apache-2.0
//! The tables `entry_lines` and `line_dimensions`. There is no UPDATE and no DELETE of them in this component.

use super::{Database, Row, Value, change_many, select, select_in_then};
use crate::domain::date::Date;
use crate::domain::dimension::Dimension;
use crate::domain::entry::{Line, Side};
use crate::domain::page::Place;
use crate::domain::posted::Posted;
use crate::domain::problem::Answer;
use std::collections::BTreeMap;

/// The side as the tables hold it.
pub(crate) const fn side_number(side: Side) -> i64 {
    match side {
        Side::Debit => 0,
        Side::Credit => 1,
    }
}

/// The side from a table.
pub(crate) fn read_side(row: &mut Row) -> Answer<Side> {
    Ok(if row.integer()? == 0 { Side::Debit } else { Side::Credit })
}

/// Writes the lines of entries.
pub(crate) fn insert(database: &mut dyn Database, entries: &[Posted]) -> Answer<()> {
    let mut rows: Vec<Vec<Value>> = Vec::with_capacity(entries.iter().map(|entry| entry.lines.len()).sum());
    let mut dimensions: Vec<Vec<Value>> = Vec::new();
    for entry in entries {
        let date = entry.head.date.to_string();
        for (number, line) in (1_i64..).zip(&entry.lines) {
            rows.push(vec![
                entry.head.id.into(),
                number.into(),
                line.account_id.into(),
                (&date).into(),
                side_number(line.side).into(),
                line.amount.into(),
                (&line.currency).into(),
                line.value.into(),
                (&line.value_currency).into(),
                line.rate.as_ref().into(),
                line.description.as_ref().into(),
            ]);
            dimensions.extend(line.dimensions.iter().map(|dimension| {
                vec![entry.head.id.into(), number.into(), (&dimension.name).into(), (&dimension.value).into()]
            }));
        }
    }
    let statement = "INSERT INTO entry_lines (entry_id, line_number, account_id, posting_date, side, amount, currency, value, \
        value_currency, rate, description) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    change_many(database, statement, &rows)?;
    let statement = "INSERT INTO line_dimensions (entry_id, line_number, name, value) VALUES (?1, ?2, ?3, ?4)";
    change_many(database, statement, &dimensions)
}

/// Dimensions of lines, by entry and line.
type Dimensions = BTreeMap<(i64, i64), Vec<Dimension>>;

fn read_dimensions(database: &mut dyn Database, statement: &str, parameters: &[Value]) -> Answer<Dimensions> {
    let read =
        |row: &mut Row| Ok(((row.integer()?, row.integer()?), Dimension { name: row.text()?, value: row.text()? }));
    let mut dimensions = Dimensions::new();
    for (line, dimension) in select(database, statement, parameters, read)? {
        dimensions.entry(line).or_default().push(dimension);
    }
    dimensions.values_mut().for_each(|of_line| of_line.sort());
    Ok(dimensions)
}

/// What the lines of entries debit, by entry and value currency.
pub(crate) fn totals(
    database: &mut dyn Database,
    entries: impl IntoIterator<Item = i64>,
) -> Answer<BTreeMap<i64, Vec<(String, i128)>>> {
    let statement = "SELECT l.entry_id, l.value_currency, sum(l.value / 1000000000), sum(l.value % 1000000000) \
        FROM entry_lines AS l WHERE l.side = 0 AND l.entry_id IN (";
    let rest = " GROUP BY l.entry_id, l.value_currency ORDER BY l.entry_id, l.value_currency";
    let rows = select_in_then(database, statement, entries.into_iter().map(Value::from), rest, |row| {
        Ok((row.integer()?, (row.text()?, row.sum()?)))
    })?;
    let mut totals = BTreeMap::<i64, Vec<_>>::new();
    for (entry, total) in rows {
        totals.entry(entry).or_default().push(total);
    }
    Ok(totals)
}

/// The lines of an entry, in order.
pub(crate) fn of_entry(database: &mut dyn Database, entry: i64) -> Answer<Vec<Line>> {
    let statement = "SELECT l.account_id, a.code, l.side, l.amount, l.currency, l.value, l.value_currency, l.rate, l.description \
        FROM entry_lines AS l JOIN accounts AS a ON a.id = l.account_id WHERE l.entry_id = ?1 ORDER BY l.line_number";
    let mut lines = select(database, statement, &[entry.into()], |row| {
        Ok(Line {
            account_id: row.integer()?,
            account: row.text()?,
            side: read_side(row)?,
            amount: row.integer()?,
            currency: row.text()?,
            value: row.integer()?,
            value_currency: row.text()?,
            rate: row.optional_text()?,
            description: row.optional_text()?,
            dimensions: Vec::new(),
        })
    })?;
    let statement = "SELECT entry_id, line_number, name, value FROM line_dimensions WHERE entry_id = ?1";
    let mut dimensions = read_dimensions(database, statement, &[entry.into()])?;
    for (number, line) in (1..).zip(&mut lines) {
        line.dimensions = dimensions.remove(&(entry, number)).unwrap_or_default();
    }
    Ok(lines)
}

/// A line of one account, with what the general ledger shows of its entry.
#[derive(Clone, Debug)]
pub(crate) struct AccountLine {
    /// Where it stands in the list.
    pub(crate) place: Place,
    /// The entry's journal.
    pub(crate) journal: String,
    /// The entry's fiscal year.
    pub(crate) fiscal_year: String,
    /// The entry's number.
    pub(crate) number: i64,
    /// The line's description, else the entry's.
    pub(crate) description: String,
    /// The number of the document.
    pub(crate) reference: Option<String>,
    /// The side.
    pub(crate) side: Side,
    /// Minor units of `currency`.
    pub(crate) amount: i64,
    /// The currency of the amount.
    pub(crate) currency: String,
    /// Minor units of `value_currency`.
    pub(crate) value: i64,
    /// The currency of the value.
    pub(crate) value_currency: String,
    /// What the line belongs to beside its account.
    pub(crate) dimensions: Vec<Dimension>,
}

/// Up to `count` lines of an account on the days `first` to `last`, behind a place.
pub(crate) fn of_account(
    database: &mut dyn Database,
    account: i64,
    (first, last): (Option<Date>, Date),
    after: Option<Place>,
    count: i64,
) -> Answer<Vec<AccountLine>> {
    const WANTED: &str = "WHERE l.account_id = ?1 AND l.posting_date >= ?2 AND l.posting_date <= ?3 AND (l.posting_date > ?2 \
        OR l.entry_id > ?4 OR (l.entry_id = ?4 AND l.line_number > ?5)) \
        ORDER BY l.posting_date, l.entry_id, l.line_number LIMIT ?6";
    let statement = format!(
        "SELECT l.posting_date, l.entry_id, l.line_number, e.journal, e.fiscal_year, e.number, \
        coalesce(l.description, e.description), e.reference, l.side, l.amount, l.currency, l.value, l.value_currency \
        FROM entry_lines AS l JOIN entries AS e ON e.id = l.entry_id {WANTED}"
    );
    let start = after.map(|place| place.date).or(first).map_or(String::new(), |date| date.to_string());
    let (entry, line) = after.map_or((0, 0), |place| (place.entry, place.line));
    let parameters = [account.into(), start.into(), last.to_string().into(), entry.into(), line.into(), count.into()];
    let mut lines = select(database, &statement, &parameters, |row| {
        Ok(AccountLine {
            place: Place { date: row.date()?, entry: row.integer()?, line: row.integer()? },
            journal: row.text()?,
            fiscal_year: row.text()?,
            number: row.integer()?,
            description: row.text()?,
            reference: row.optional_text()?,
            side: read_side(row)?,
            amount: row.integer()?,
            currency: row.text()?,
            value: row.integer()?,
            value_currency: row.text()?,
            dimensions: Vec::new(),
        })
    })?;
    let statement = format!(
        "SELECT d.entry_id, d.line_number, d.name, d.value \
        FROM (SELECT l.entry_id, l.line_number FROM entry_lines AS l {WANTED}) AS page \
        JOIN line_dimensions AS d ON d.entry_id = page.entry_id AND d.line_number = page.line_number"
    );
    let mut dimensions = read_dimensions(database, &statement, &parameters)?;
    for line in &mut lines {
        line.dimensions = dimensions.remove(&(line.place.entry, line.place.line)).unwrap_or_default();
    }
    Ok(lines)
}
