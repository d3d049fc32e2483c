// SPDX-License-Identifier: MIT OR Apache-2.0
//! Profit and loss, and the balance sheet. Both are made from the trial balance, in values.

use super::reports::{self, Days, Span};
use super::settings::require;
use super::{Decimals, Host};
use crate::domain::account::AccountKind;
use crate::domain::date::Date;
use crate::domain::problem::{Answer, Problem};
use crate::domain::statement::{ByCurrency, RowKind, Section, Values, add_computed, combine, section};
use crate::domain::trial_balance::{Movement, TrialBalance};
use crate::store::{self, Database};

/// A profit and loss statement.
#[derive(Debug)]
pub(crate) struct ProfitAndLoss {
    /// The first day.
    pub(crate) from: Date,
    /// The last day.
    pub(crate) to: Date,
    /// What was earned.
    pub(crate) income: Section,
    /// What was spent.
    pub(crate) expenses: Section,
    /// Income less expenses.
    pub(crate) profit: ByCurrency,
    /// The decimals of all currencies in it.
    pub(crate) decimals: Decimals,
}

/// A balance sheet.
#[derive(Debug)]
pub(crate) struct BalanceSheet {
    /// The day.
    pub(crate) as_of: Date,
    /// What is owned.
    pub(crate) assets: Section,
    /// What is owed.
    pub(crate) liabilities: Section,
    /// What remains.
    pub(crate) equity: Section,
    /// Liabilities and equity together.
    pub(crate) liabilities_and_equity: ByCurrency,
    /// The decimals of all currencies in it.
    pub(crate) decimals: Decimals,
}

/// Profit and loss of a period, or of the fiscal year so far.
pub(crate) fn profit_and_loss(host: &mut dyn Host, days: &Days) -> Answer<ProfitAndLoss> {
    require(host)?;
    let span = reports::span(host, days)?;
    let from = match span.from {
        Some(from) => from,
        None => year_start(host, span.to)?,
    };
    let accounts = store::accounts::all(host)?;
    let balance = reports::trial_balance(host, Span { from: Some(from), to: span.to }, &accounts)?;
    let decimals = reports::decimals_of(host, &balance)?;
    let changes = values(&balance, Movement::change);
    let income = section(AccountKind::Income, &accounts, &changes);
    let expenses = section(AccountKind::Expense, &accounts, &changes);
    let profit = combine(&income.totals, -1, &expenses.totals);
    Ok(ProfitAndLoss { from, to: span.to, income, expenses, profit, decimals })
}

/// The balance sheet at the end of a day.
pub(crate) fn balance_sheet(host: &mut dyn Host, days: &Days) -> Answer<BalanceSheet> {
    require(host)?;
    let to = reports::span(host, days)?.to;
    let from = Some(year_start(host, to)?);
    let accounts = store::accounts::all(host)?;
    let balance = reports::trial_balance(host, Span { from, to }, &accounts)?;
    let decimals = reports::decimals_of(host, &balance)?;
    let closing = values(&balance, Movement::closing);
    let assets = section(AccountKind::Asset, &accounts, &closing);
    let liabilities = section(AccountKind::Liability, &accounts, &closing);
    let mut equity = section(AccountKind::Equity, &accounts, &closing);
    add_computed(&mut equity, RowKind::EarlierYearsResult, &result(&balance, |movement| movement.opening));
    add_computed(&mut equity, RowKind::CurrentYearResult, &result(&balance, Movement::change));
    let liabilities_and_equity = combine(&liabilities.totals, 1, &equity.totals);
    if !combine(&assets.totals, -1, &liabilities_and_equity).is_empty() {
        return Err(Problem::internal("the balance sheet does not balance"));
    }
    Ok(BalanceSheet { as_of: to, assets, liabilities, equity, liabilities_and_equity, decimals })
}

/// The first day of the fiscal year of a day; of the calendar year where there is none.
fn year_start(database: &mut dyn Database, date: Date) -> Answer<Date> {
    let year = store::calendar::year_of(database, date)?;
    let calendar_year = || Date::new(date.year(), 1, 1).ok_or_else(|| Problem::internal("a year has no first day"));
    year.map_or_else(calendar_year, |(first, _)| Ok(first))
}

fn values(balance: &TrialBalance<'_>, figure: impl Fn(&Movement) -> i128) -> Values {
    let mut values = Values::new();
    for row in &balance.rows {
        *values.entry((row.account.id, row.value_currency.clone())).or_default() += figure(&row.values);
    }
    values
}

/// What income and expense accounts amount to: a profit is positive.
fn result(balance: &TrialBalance<'_>, figure: impl Fn(&Movement) -> i128) -> ByCurrency {
    let mut result = ByCurrency::new();
    for row in balance.rows.iter().filter(|row| matches!(row.account.kind, AccountKind::Income | AccountKind::Expense))
    {
        *result.entry(row.value_currency.clone()).or_default() -= figure(&row.values);
    }
    result
}
