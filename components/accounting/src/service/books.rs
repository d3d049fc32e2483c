// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reads the parts of the ledger that some entries name: a few statements however many entries there are.

use crate::domain::books::{AccountRef, Balancing, Books};
use crate::domain::date::Date;
use crate::domain::entry::EntryInput;
use crate::domain::problem::Answer;
use crate::domain::text::{is_account_code, is_commodity_code, is_short_code};
use crate::store::{self, Database};
use std::collections::{BTreeMap, BTreeSet};

/// Reads the books for these entries.
pub(crate) fn load(database: &mut dyn Database, entries: &[EntryInput]) -> Answer<Books> {
    let settings = super::settings::require(database)?;
    let journals: BTreeSet<&str> =
        entries.iter().map(|entry| entry.journal.as_str()).filter(|code| is_short_code(code)).collect();
    let journals = store::journals::find(database, journals)?.into_iter().map(|journal| journal.code).collect();
    let dates: Vec<Date> = entries.iter().filter_map(|entry| Date::parse(&entry.date)).collect();
    let days = dates.iter().min().copied().zip(dates.iter().max().copied());
    let periods = match days {
        Some((first, last)) => store::calendar::periods_between(database, first, last)?,
        None => Vec::new(),
    };
    let lines = || entries.iter().flat_map(|entry| &entry.lines);
    let accounts: BTreeSet<&str> =
        lines().map(|line| line.account.as_str()).filter(|code| is_account_code(code)).collect();
    let accounts: BTreeMap<String, AccountRef> = store::accounts::find(database, accounts)?
        .into_iter()
        .map(|account| {
            (account.code, AccountRef { id: account.id, closed: account.closed, currency: account.currency })
        })
        .collect();
    let named = lines().flat_map(|line| [line.currency.as_deref(), line.value_currency.as_deref()]).flatten();
    let fixed = accounts.values().filter_map(|account| account.currency.as_deref());
    let currencies: BTreeSet<&str> = named.chain(fixed).filter(|code| is_commodity_code(code)).collect();
    let commodities = store::commodities::decimals(database, currencies.iter().copied())?;
    let mut books = Books { settings, journals, periods, accounts, commodities, rates: BTreeMap::new() };
    if let Some(days) = days.filter(|_| books.settings.balancing == Balancing::Functional) {
        books.rates = load_rates(database, entries, &books, days)?;
    }
    Ok(books)
}

/// The stored rates of the currencies of lines that say neither rate nor value.
fn load_rates(
    database: &mut dyn Database,
    entries: &[EntryInput],
    books: &Books,
    (first, last): (Date, Date),
) -> Answer<BTreeMap<String, Vec<crate::domain::rate::DatedRate>>> {
    let functional = books.settings.functional_currency.as_str();
    let silent =
        entries.iter().flat_map(|entry| &entry.lines).filter(|line| line.rate.is_none() && line.value.is_none());
    let currencies: BTreeSet<&str> = silent
        .filter_map(|line| {
            let fixed = || books.accounts.get(&line.account).and_then(|account| account.currency.as_deref());
            line.currency.as_deref().or_else(fixed)
        })
        .filter(|currency| *currency != functional && books.decimals(currency).is_some())
        .collect();
    let mut rates = BTreeMap::new();
    for currency in currencies {
        rates.insert(currency.to_owned(), store::rates::between(database, currency, first, last)?);
    }
    Ok(rates)
}
