// SPDX-License-Identifier: MIT OR Apache-2.0
//! Operations on exchange rates.

use super::settings::require;
use crate::domain::account::unknown_currency;
use crate::domain::calendar::check_date;
use crate::domain::commodity::Commodity;
use crate::domain::date::Date;
use crate::domain::page::{self, Page};
use crate::domain::problem::{Answer, At, Faults, Problem, quote};
use crate::domain::rate::{DatedRate, Rate, newest_on};
use crate::domain::text::is_commodity_code;
use crate::store::{self, Database};
use std::collections::BTreeSet;

/// Rates that one call stores: a year of forty currencies.
const RATES_AT_ONCE_MAX: usize = 10_000;

/// A rate as the caller gives it.
#[derive(Clone, Debug)]
pub(crate) struct RateInput {
    /// The currency that it values.
    pub(crate) currency: String,
    /// The first day on which it holds.
    pub(crate) date: String,
    /// The rate.
    pub(crate) rate: String,
}

/// Stores rates, given in `rates`.
pub(crate) fn set(database: &mut dyn Database, rates: &[RateInput]) -> Answer<u32> {
    let settings = require(database)?;
    let top = At::Top;
    let at = top.key("rates");
    if rates.len() > RATES_AT_ONCE_MAX {
        let message = format!("{} rates are too many, at most {RATES_AT_ONCE_MAX} at once", rates.len());
        return Err(Problem::invalid(&at, "too-many-rates", message));
    }
    let named: BTreeSet<&str> = rates.iter().map(|rate| rate.currency.as_str()).collect();
    let valid = named.iter().copied().filter(|code| is_commodity_code(code));
    let declared: BTreeSet<String> =
        store::commodities::find(database, valid)?.into_iter().map(|commodity| commodity.code).collect();
    let mut faults = Faults::default();
    let mut checked = Vec::with_capacity(rates.len());
    for (index, input) in rates.iter().enumerate() {
        let at = at.item(index);
        if Commodity::iso(&input.currency).is_none() && !declared.contains(&input.currency) {
            faults.invalid(&at.key("currency"), "unknown-currency", unknown_currency(&input.currency));
        } else if input.currency == settings.functional_currency {
            let message = format!("{} is the functional currency: its rate is 1", quote(&input.currency));
            faults.invalid(&at.key("currency"), "rate-not-needed", message);
        }
        let date = check_date(&input.date, &at.key("date"), &mut faults);
        let rate = Rate::check(&input.rate, &at.key("rate"), &mut faults);
        if let (Some(date), Some(rate)) = (date, rate) {
            checked.push((input.currency.clone(), DatedRate { date, rate }));
        }
    }
    faults.into_answer()?;
    store::rates::upsert(database, &checked)?;
    Ok(u32::try_from(checked.len()).unwrap_or(u32::MAX))
}

/// The rate of a currency that holds on a day.
pub(crate) fn get(database: &mut dyn Database, currency: &str, date: &str) -> Answer<DatedRate> {
    require(database)?;
    let date = parse_date(date, &At::Top.key("date"))?;
    let rates =
        if is_commodity_code(currency) { store::rates::between(database, currency, date, date)? } else { Vec::new() };
    let none = || Problem::not_found("missing-rate", format!("no rate of {} is stored for `{date}`", quote(currency)));
    newest_on(&rates, date).cloned().ok_or_else(none)
}

/// Reads a date that is a parameter of its own.
pub(crate) fn parse_date(text: &str, at: &At<'_>) -> Answer<Date> {
    let mut faults = Faults::default();
    let date = check_date(text, at, &mut faults);
    faults.into_answer()?;
    date.ok_or_else(|| Problem::internal("a date without fault is none"))
}

/// Stored rates.
pub(crate) fn list(
    database: &mut dyn Database,
    currency: Option<&str>,
    (from_date, to_date): (Option<&str>, Option<&str>),
    limit: Option<u32>,
    cursor: Option<&str>,
) -> Answer<Page<(String, DatedRate)>> {
    require(database)?;
    let limit = page::limit(limit, page::LIMIT_DEFAULT, page::LIMIT_MAX)?;
    let top = At::Top;
    from_date.map(|date| parse_date(date, &top.key("from_date"))).transpose()?;
    to_date.map(|date| parse_date(date, &top.key("to_date"))).transpose()?;
    if let Some(currency) = currency.filter(|currency| !is_commodity_code(currency)) {
        return Err(Problem::invalid(&top.key("currency"), "unknown-currency", unknown_currency(currency)));
    }
    // A cursor is a day and a currency, in this order: a currency may hold any character.
    let after = match cursor {
        None => ("", ""),
        Some(cursor) => match cursor.split_once('/') {
            Some((date, currency)) if Date::parse(date).is_some() && is_commodity_code(currency) => (currency, date),
            _ => return Err(page::invalid_cursor(cursor)),
        },
    };
    let days = (from_date.unwrap_or_default(), to_date.unwrap_or_default());
    let items = store::rates::list(database, currency.unwrap_or_default(), days, after, i64::from(limit) + 1)?;
    Ok(Page::cut(items, limit, |(currency, rate)| format!("{}/{currency}", rate.date)))
}
