// SPDX-License-Identifier: MIT OR Apache-2.0
//! The trial balance, the general ledger, and the balances of one account.

use super::chart;
use super::rates::parse_date;
use super::settings::require;
use super::{Decimals, Host};
use crate::domain::account::Account;
use crate::domain::balance::Totals;
use crate::domain::date::Date;
use crate::domain::page::{self, Place};
use crate::domain::problem::{Answer, At, Faults, Problem, quote};
use crate::domain::text::is_account_code;
use crate::domain::trial_balance::{self, Total, TrialBalance};
use crate::store::lines::AccountLine;
use crate::store::{self, Database};
use std::collections::BTreeMap;

/// The days of a report: all until `to`, or those from `from` to `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// The first day of the movements; none: since the first entry.
    pub(crate) from: Option<Date>,
    /// The last day.
    pub(crate) to: Date,
}

/// The day of the request.
pub(crate) fn today(host: &mut dyn Host) -> Answer<Date> {
    let now = host.now();
    now.get(..10).and_then(Date::parse).ok_or_else(|| Problem::internal("the time of the request has no date"))
}

/// Which days are wanted, as it was given.
#[derive(Debug, Default)]
pub(crate) struct Days {
    /// The first day.
    pub(crate) from_date: Option<String>,
    /// The last day.
    pub(crate) as_of: Option<String>,
    /// The code of a period or fiscal year.
    pub(crate) period: Option<String>,
}

/// Reads which days are wanted: as of a date or today, perhaps from a date; or by the code of a period or fiscal year.
pub(crate) fn span(host: &mut dyn Host, days: &Days) -> Answer<Span> {
    let top = At::Top;
    let (from_date, as_of) = (days.from_date.as_deref(), days.as_of.as_deref());
    if let Some(code) = &days.period {
        let given = [("as-of-and-period", "as_of", as_of), ("from-date-and-period", "from_date", from_date)];
        let mut faults = Faults::default();
        for (code, name, _) in given.iter().filter(|(_, _, date)| date.is_some()) {
            faults.invalid(&top.key("period"), code, format!("give `{name}` or `period`, not both"));
        }
        faults.into_answer()?;
        return span_of_period(host, code);
    }
    let from = from_date.map(|date| parse_date(date, &top.key("from_date"))).transpose()?;
    let to = as_of.map(|date| parse_date(date, &top.key("as_of"))).transpose()?;
    let to = to.map_or_else(|| today(host), Ok)?;
    if let Some(from) = from.filter(|from| *from > to) {
        let message = format!("`{from}` lies after the last day `{to}`");
        return Err(Problem::invalid(&top.key("from_date"), "from-after-to", message));
    }
    Ok(Span { from, to })
}

fn span_of_period(host: &mut dyn Host, code: &str) -> Answer<Span> {
    if is_account_code(code) {
        if let Some(period) = store::calendar::find_period(host, code)? {
            return Ok(Span { from: Some(period.starts_on), to: period.ends_on });
        }
        if let Some(year) = store::calendar::find(host, code)? {
            return Ok(Span { from: Some(year.starts_on), to: year.ends_on });
        }
    }
    let message = format!("there is no period and no fiscal year {}", quote(code));
    Err(Problem::not_found("unknown-period", message))
}

/// All balances before a day.
pub(crate) fn before(database: &mut dyn Database, day: Option<Date>) -> Answer<Vec<Total>> {
    match day.and_then(Date::previous_day) {
        Some(day) => store::balances::at_end_of(database, day),
        None => Ok(Vec::new()),
    }
}

/// The trial balance of a span; `accounts` are all of the ledger.
pub(crate) fn trial_balance<'a>(
    database: &mut dyn Database,
    span: Span,
    accounts: &'a [Account],
) -> Answer<TrialBalance<'a>> {
    let opening = before(database, span.from)?;
    let closing = store::balances::at_end_of(database, span.to)?;
    trial_balance::build(opening, closing, accounts)
}

/// The decimals of all currencies of a trial balance.
pub(crate) fn decimals_of(database: &mut dyn Database, balance: &TrialBalance<'_>) -> Answer<Decimals> {
    Decimals::load(database, balance.rows.iter().flat_map(|row| [row.currency.as_str(), row.value_currency.as_str()]))
}

/// A balance of one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AccountBalance {
    /// The currency.
    pub(crate) currency: String,
    /// The value currency.
    pub(crate) value_currency: String,
    /// The balance in the currency, debit positive.
    pub(crate) balance: i128,
    /// The balance in the value currency, debit positive.
    pub(crate) value: i128,
}

fn balances(totals: Vec<Total>) -> Vec<AccountBalance> {
    let balance = |total: Total| {
        let Totals { debit, credit, value_debit, value_credit } = total.sums;
        let (balance, value) = (debit - credit, value_debit - value_credit);
        AccountBalance { currency: total.currency, value_currency: total.value_currency, balance, value }
    };
    totals.into_iter().map(balance).collect()
}

/// The balances of one account at the end of a day.
pub(crate) fn account_balance(
    host: &mut dyn Host,
    code: &str,
    as_of: Option<&str>,
) -> Answer<(Vec<AccountBalance>, Decimals)> {
    require(host)?;
    let days = Days { as_of: as_of.map(str::to_owned), ..Days::default() };
    let span = span(host, &days)?;
    let account = chart::get_known(host, code)?;
    let balances = balances(store::balances::of_account_at_end_of(host, account.id, span.to)?);
    let decimals =
        Decimals::load(host, balances.iter().flat_map(|row| [row.currency.as_str(), row.value_currency.as_str()]))?;
    Ok((balances, decimals))
}

/// One account's lines between its opening and its closing balances.
#[derive(Debug)]
pub(crate) struct GeneralLedger {
    /// The account.
    pub(crate) account: Account,
    /// The days.
    pub(crate) span: Span,
    /// The balances before the first day.
    pub(crate) opening: Vec<AccountBalance>,
    /// The lines of this page, each with the balance after it.
    pub(crate) lines: Vec<(AccountLine, AccountBalance)>,
    /// The balances after the last day.
    pub(crate) closing: Vec<AccountBalance>,
    /// The cursor of the next page.
    pub(crate) next: Option<String>,
    /// The decimals of all currencies in it.
    pub(crate) decimals: Decimals,
}

/// The general ledger of one account.
pub(crate) fn general_ledger(
    host: &mut dyn Host,
    code: &str,
    days: &Days,
    limit: Option<u32>,
    cursor: Option<&str>,
) -> Answer<GeneralLedger> {
    require(host)?;
    let limit = page::limit(limit, page::LIMIT_DEFAULT, page::LIMIT_MAX)?;
    let after = cursor.map(Place::parse).transpose()?;
    let span = span(host, days)?;
    if let (Some(place), Some(cursor)) = (after, cursor)
        && (place.date > span.to || span.from.is_some_and(|from| place.date < from))
    {
        return Err(page::invalid_cursor(cursor));
    }
    let account = chart::get_known(host, code)?;
    let opening = account_before(host, account.id, span.from)?;
    let closing = balances(store::balances::of_account_at_end_of(host, account.id, span.to)?);
    let mut running = match after {
        None => running(&opening),
        Some(place) => balances_after(host, account.id, place)?,
    };
    let lines = store::lines::of_account(host, account.id, (span.from, span.to), after, i64::from(limit) + 1)?;
    let page = page::Page::cut(lines, limit, |line| line.place.to_cursor());
    let lines: Vec<_> = page.items.into_iter().map(|line| step(&mut running, line)).collect();
    let rows = opening.iter().chain(&closing).chain(lines.iter().map(|(_, balance)| balance));
    let decimals = Decimals::load(host, rows.flat_map(|row| [row.currency.as_str(), row.value_currency.as_str()]))?;
    Ok(GeneralLedger { account, span, opening, lines, closing, next: page.next, decimals })
}

type Running = BTreeMap<(String, String), (i128, i128)>;

fn running(balances: &[AccountBalance]) -> Running {
    let key = |row: &AccountBalance| (row.currency.clone(), row.value_currency.clone());
    balances.iter().map(|row| (key(row), (row.balance, row.value))).collect()
}

fn account_before(database: &mut dyn Database, account: i64, day: Option<Date>) -> Answer<Vec<AccountBalance>> {
    match day.and_then(Date::previous_day) {
        Some(day) => Ok(balances(store::balances::of_account_at_end_of(database, account, day)?)),
        None => Ok(Vec::new()),
    }
}

/// The balances of an account right after a line.
fn balances_after(database: &mut dyn Database, account: i64, place: Place) -> Answer<Running> {
    let mut running = running(&account_before(database, account, Some(place.date))?);
    for row in balances(store::balances::of_account_on_day(database, account, place)?) {
        let slot = running.entry((row.currency, row.value_currency)).or_default();
        *slot = (slot.0 + row.balance, slot.1 + row.value);
    }
    Ok(running)
}

fn step(running: &mut Running, line: AccountLine) -> (AccountLine, AccountBalance) {
    let (currency, value_currency) = (line.currency.clone(), line.value_currency.clone());
    let slot = running.entry((currency.clone(), value_currency.clone())).or_default();
    slot.0 += i128::from(line.side.signed(line.amount));
    slot.1 += i128::from(line.side.signed(line.value));
    let (balance, value) = *slot;
    (line, AccountBalance { currency, value_currency, balance, value })
}
