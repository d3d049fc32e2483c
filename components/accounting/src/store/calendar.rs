// SPDX-License-Identifier: MIT OR Apache-2.0
//! The tables `fiscal_years` and `periods`.

use super::{Database, Row, Value, change_many, select};
use crate::domain::calendar::{FiscalYear, Period, PeriodState};
use crate::domain::date::Date;
use crate::domain::problem::{Answer, Problem};

const STATES: [(PeriodState, &str); 3] =
    [(PeriodState::Open, "open"), (PeriodState::Closed, "closed"), (PeriodState::Locked, "locked")];
const COLUMNS: &str = "SELECT code, fiscal_year, starts_on, ends_on, state FROM periods";

fn name(state: PeriodState) -> &'static str {
    STATES.iter().find(|(known, _)| *known == state).map_or("", |(_, name)| name)
}

fn read(row: &mut Row) -> Answer<Period> {
    Ok(Period {
        code: row.text()?,
        fiscal_year: row.text()?,
        starts_on: row.date()?,
        ends_on: row.date()?,
        state: row.named(|name| STATES.iter().find(|(_, known)| *known == name).map(|(state, _)| *state))?,
    })
}

/// Every fiscal year with its periods, in order of time.
pub(crate) fn all(database: &mut dyn Database) -> Answer<Vec<FiscalYear>> {
    let years = "SELECT code, starts_on, ends_on FROM fiscal_years ORDER BY starts_on";
    let mut years = select(database, years, &[], |row| {
        Ok(FiscalYear { code: row.text()?, starts_on: row.date()?, ends_on: row.date()?, periods: Vec::new() })
    })?;
    for period in select(database, &format!("{COLUMNS} ORDER BY starts_on"), &[], read)? {
        if let Some(year) = years.iter_mut().find(|year| year.code == period.fiscal_year) {
            year.periods.push(period);
        }
    }
    Ok(years)
}

/// The periods that some day from `first` to `last` falls into, in order of time.
pub(crate) fn periods_between(database: &mut dyn Database, first: Date, last: Date) -> Answer<Vec<Period>> {
    let statement = format!("{COLUMNS} WHERE ends_on >= ?1 AND starts_on <= ?2 ORDER BY starts_on");
    select(database, &statement, &[first.to_string().into(), last.to_string().into()], read)
}

/// One period.
pub(crate) fn find_period(database: &mut dyn Database, code: &str) -> Answer<Option<Period>> {
    Ok(select(database, &format!("{COLUMNS} WHERE code = ?1"), &[code.into()], read)?.pop())
}

/// One fiscal year.
pub(crate) fn find(database: &mut dyn Database, code: &str) -> Answer<Option<FiscalYear>> {
    let year = "SELECT code, starts_on, ends_on FROM fiscal_years WHERE code = ?1";
    let mut years = select(database, year, &[code.into()], |row| {
        Ok(FiscalYear { code: row.text()?, starts_on: row.date()?, ends_on: row.date()?, periods: Vec::new() })
    })?;
    let Some(mut year) = years.pop() else { return Ok(None) };
    year.periods =
        select(database, &format!("{COLUMNS} WHERE fiscal_year = ?1 ORDER BY starts_on"), &[code.into()], read)?;
    Ok(Some(year))
}

/// The first and the last day of the fiscal year of a day.
pub(crate) fn year_of(database: &mut dyn Database, date: Date) -> Answer<Option<(Date, Date)>> {
    let statement = "SELECT starts_on, ends_on FROM fiscal_years WHERE starts_on <= ?1 AND ends_on >= ?1";
    Ok(select(database, statement, &[date.to_string().into()], |row| Ok((row.date()?, row.date()?)))?.pop())
}

/// Writes a new fiscal year.
pub(crate) fn insert(database: &mut dyn Database, year: &FiscalYear) -> Answer<()> {
    let days = |starts_on: Date, ends_on: Date| [Value::from(starts_on.to_string()), Value::from(ends_on.to_string())];
    let [starts_on, ends_on] = days(year.starts_on, year.ends_on);
    let statement = "INSERT INTO fiscal_years (code, starts_on, ends_on) VALUES (?1, ?2, ?3)";
    database.execute(statement, &[(&year.code).into(), starts_on, ends_on])?;
    let rows: Vec<Vec<Value>> = year
        .periods
        .iter()
        .map(|period| {
            let [starts_on, ends_on] = days(period.starts_on, period.ends_on);
            vec![(&period.code).into(), (&year.code).into(), starts_on, ends_on, name(period.state).into()]
        })
        .collect();
    change_many(
        database,
        "INSERT INTO periods (code, fiscal_year, starts_on, ends_on, state) VALUES (?1, ?2, ?3, ?4, ?5)",
        &rows,
    )
}

/// Writes the state of a period over the one that was read.
pub(crate) fn set_state(database: &mut dyn Database, period: &Period, state: PeriodState) -> Answer<()> {
    let statement = "UPDATE periods SET state = ?3 WHERE code = ?1 AND state = ?2";
    let parameters = [(&period.code).into(), name(period.state).into(), name(state).into()];
    if database.execute(statement, &parameters)? != 1 {
        return Err(Problem::conflict(
            "changed-meanwhile",
            "the period was changed by another request meanwhile; repeat the request",
        ));
    }
    Ok(())
}

/// Counts entries into a period, under the condition that it is open. Between this and the end of the unit of work nobody can close
/// the period: the row is locked.
pub(crate) fn count_entries(database: &mut dyn Database, period: &str, count: i64) -> Answer<()> {
    let statement = "UPDATE periods SET entry_count = entry_count + ?2 WHERE code = ?1 AND state = 'open'";
    if database.execute(statement, &[period.into(), count.into()])? != 1 {
        return Err(Problem::conflict(
            "period-closed",
            format!("the period `{period}` was closed by another request meanwhile"),
        ));
    }
    Ok(())
}
