// SPDX-License-Identifier: MIT OR Apache-2.0
//! Operations on fiscal years and periods.

use super::settings::require;
use crate::domain::calendar::{self, FiscalYear, FiscalYearInput, Period, PeriodState, Step};
use crate::domain::problem::{Answer, At, Problem, quote};
use crate::domain::text::is_account_code;
use crate::store::{self, Database};

/// Creates a fiscal year, given in `fiscal_year`.
pub(crate) fn create(database: &mut dyn Database, input: &FiscalYearInput) -> Answer<FiscalYear> {
    require(database)?;
    create_at(database, input, &At::Top.key("fiscal_year"))
}

/// Creates a fiscal year, given at a place.
pub(crate) fn create_at(database: &mut dyn Database, input: &FiscalYearInput, at: &At<'_>) -> Answer<FiscalYear> {
    let existing = store::calendar::all(database)?;
    let year = calendar::check(input, &existing, at)?;
    store::calendar::insert(database, &year)?;
    Ok(year)
}

/// One fiscal year.
pub(crate) fn get(database: &mut dyn Database, code: &str) -> Answer<FiscalYear> {
    require(database)?;
    let found = if is_account_code(code) { store::calendar::find(database, code)? } else { None };
    found.ok_or_else(|| Problem::not_found("unknown-fiscal-year", format!("there is no fiscal year {}", quote(code))))
}

/// Every fiscal year.
pub(crate) fn list(database: &mut dyn Database) -> Answer<Vec<FiscalYear>> {
    require(database)?;
    store::calendar::all(database)
}

/// Takes a step with one period.
pub(crate) fn step_period(database: &mut dyn Database, code: &str, step: Step) -> Answer<Period> {
    require(database)?;
    let found = if is_account_code(code) { store::calendar::find_period(database, code)? } else { None };
    let period =
        found.ok_or_else(|| Problem::not_found("unknown-period", format!("there is no period {}", quote(code))))?;
    take(database, period, step)
}

/// Takes a step with every period of a fiscal year; closing passes over those that are closed or locked.
pub(crate) fn step_year(database: &mut dyn Database, code: &str, step: Step) -> Answer<FiscalYear> {
    let mut year = get(database, code)?;
    let periods = std::mem::take(&mut year.periods);
    for period in periods {
        let passed_over = step == Step::Close && period.state != PeriodState::Open;
        year.periods.push(if passed_over { period } else { take(database, period, step)? });
    }
    Ok(year)
}

fn take(database: &mut dyn Database, period: Period, step: Step) -> Answer<Period> {
    let state = calendar::step(&period, step)?;
    if state != period.state {
        store::calendar::set_state(database, &period, state)?;
    }
    Ok(Period { state, ..period })
}
