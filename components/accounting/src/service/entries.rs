// SPDX-License-Identifier: MIT OR Apache-2.0
//! Operations on posted entries: read them, list them, reverse them.

use super::rates::parse_date;
use super::settings::require;
use super::{Decimals, Host, chart, posting};
use crate::domain::books::{AccountRef, Books};
use crate::domain::entry::{Checked, Line, check_period};
use crate::domain::page::{self, Page, Place};
use crate::domain::posted::{Head, Posted};
use crate::domain::problem::{Answer, At, Faults, Problem, quote};
use crate::domain::text::{DESCRIPTION_CHARACTERS_MAX, check_text, is_short_code};
use crate::store::entries::Filter;
use crate::store::{self, Database};
use std::collections::{BTreeMap, BTreeSet};

fn unknown(id: impl std::fmt::Display) -> Problem {
    Problem::not_found("unknown-entry", format!("there is no entry `{id}`"))
}

fn find(database: &mut dyn Database, id: u64) -> Answer<Posted> {
    let key = i64::try_from(id).map_err(|_| unknown(id))?;
    let mut entry = store::entries::find(database, key)?.ok_or_else(|| unknown(id))?;
    entry.lines = store::lines::of_entry(database, key)?;
    Ok(entry)
}

/// One entry.
pub(crate) fn get(database: &mut dyn Database, id: u64) -> Answer<(Posted, Decimals)> {
    require(database)?;
    let entry = find(database, id)?;
    let decimals = Decimals::load(database, posting::currencies(&entry))?;
    Ok((entry, decimals))
}

/// The entry with a number.
pub(crate) fn find_number(
    database: &mut dyn Database,
    journal: &str,
    fiscal_year: &str,
    number: u32,
) -> Answer<(Posted, Decimals)> {
    require(database)?;
    let known = is_short_code(journal) && is_short_code(fiscal_year);
    let id = if known { store::entries::find_number(database, journal, fiscal_year, number.into())? } else { None };
    let none = || {
        let message =
            format!("the journal {} has no entry `{number}` in the fiscal year {}", quote(journal), quote(fiscal_year));
        Problem::not_found("unknown-entry", message)
    };
    get(database, id.and_then(|id| u64::try_from(id).ok()).ok_or_else(none)?)
}

/// What narrows a list of entries, as it was given.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    /// The journal.
    pub(crate) journal: Option<String>,
    /// An account that a line names.
    pub(crate) account: Option<String>,
    /// The first posting date.
    pub(crate) from_date: Option<String>,
    /// The last posting date.
    pub(crate) to_date: Option<String>,
    /// The number of the document.
    pub(crate) reference: Option<String>,
    /// The caller's own identifier.
    pub(crate) external_id: Option<String>,
}

/// An entry of a list, with what its lines debit by value currency.
pub(crate) type Listed = (Head, Vec<(String, i128)>);

/// Entries by posting date and identifier.
pub(crate) fn list(
    database: &mut dyn Database,
    wanted: Wanted,
    limit: Option<u32>,
    cursor: Option<&str>,
) -> Answer<(Page<Listed>, Decimals)> {
    require(database)?;
    let limit = page::limit(limit, page::LIMIT_DEFAULT, page::LIMIT_MAX)?;
    let after = cursor.map(Place::parse).transpose()?;
    let top = At::Top;
    wanted.from_date.as_deref().map(|date| parse_date(date, &top.key("from_date"))).transpose()?;
    wanted.to_date.as_deref().map(|date| parse_date(date, &top.key("to_date"))).transpose()?;
    let texts = [&wanted.journal, &wanted.reference, &wanted.external_id];
    let account = wanted.account.as_deref().map(|code| chart::get_known(database, code)).transpose()?;
    if texts.into_iter().flatten().any(|text| text.contains('\0')) {
        return Ok((Page { items: Vec::new(), next: None }, Decimals::default()));
    }
    let filter = Filter {
        journal: wanted.journal,
        account_id: account.map(|account| account.id),
        from_date: wanted.from_date,
        to_date: wanted.to_date,
        reference: wanted.reference,
        external_id: wanted.external_id,
    };
    let heads = store::entries::list(database, &filter, after, i64::from(limit) + 1)?;
    let page = Page::cut(heads, limit, |head| Place { date: head.date, entry: head.id, line: 0 }.to_cursor());
    let mut totals = store::lines::totals(database, page.items.iter().map(|head| head.id))?;
    let decimals = Decimals::load(database, totals.values().flatten().map(|(currency, _)| currency.as_str()))?;
    let with_totals = |head: Head| {
        let totals = totals.remove(&head.id).unwrap_or_default();
        (head, totals)
    };
    Ok((Page { items: page.items.into_iter().map(with_totals).collect(), next: page.next }, decimals))
}

/// Posts the opposite of an entry.
pub(crate) fn reverse(
    host: &mut dyn Host,
    id: u64,
    date: Option<&str>,
    description: Option<String>,
) -> Answer<(Posted, Decimals)> {
    let settings = require(host)?;
    let entry = find(host, id)?;
    if let Some(reversal) = entry.head.reversed_by {
        return Err(Problem::conflict(
            "already-reversed",
            format!("the entry `{id}` is reversed by the entry `{reversal}` already"),
        ));
    }
    if let Some(original) = entry.head.reversal_of {
        let message = format!("the entry `{id}` is itself the reversal of `{original}`; post the entry anew instead");
        return Err(Problem::conflict("is-reversal", message));
    }
    let date = date.map(|date| parse_date(date, &At::Top.key("date"))).transpose()?.unwrap_or(entry.head.date);
    let mut faults = Faults::default();
    if date < entry.head.date {
        let message = format!("`{date}` lies before the entry itself, which is of `{}`", entry.head.date);
        faults.invalid(&At::Top.key("date"), "reversal-before-entry", message);
    }
    let head = &entry.head;
    let description =
        description.unwrap_or_else(|| format!("Reversal of {} {} no. {}", head.journal, head.fiscal_year, head.number));
    check_text(&description, DESCRIPTION_CHARACTERS_MAX, &At::Top.key("description"), &mut faults);
    let periods = store::calendar::periods_between(host, date, date)?;
    let accounts = accounts_of(host, &entry.lines)?;
    let (journals, commodities, rates) = (BTreeSet::new(), BTreeMap::new(), BTreeMap::new());
    let books = Books { settings, journals, periods, accounts, commodities, rates };
    let period = check_period(date, &books, &At::Top.key("date"), &mut faults);
    note_closed(&books, &mut faults);
    faults.into_answer()?;
    let period = period.ok_or_else(|| Problem::internal("a reversal has no period"))?;
    let decimals = Decimals::load(host, posting::currencies(&entry))?;
    let (key, journal, reference) = (head.id, head.journal.clone(), head.reference.clone());
    let checked = Checked::reversal(journal, description, reference, (date, period), entry.lines);
    let mut posted =
        posting::write(host, vec![checked])?.pop().ok_or_else(|| Problem::internal("a reversal was not posted"))?;
    store::entries::link_reversal(host, key, posted.head.id)?;
    posted.head.reversal_of = Some(key);
    Ok((posted, decimals))
}

fn accounts_of(database: &mut dyn Database, lines: &[Line]) -> Answer<BTreeMap<String, AccountRef>> {
    let found = store::accounts::find(database, lines.iter().map(|line| line.account.as_str()))?;
    let entry = |account: crate::domain::account::Account| {
        (account.code, AccountRef { id: account.id, closed: account.closed, currency: account.currency })
    };
    Ok(found.into_iter().map(entry).collect())
}

fn note_closed(books: &Books, faults: &mut Faults) {
    for (code, _) in books.accounts.iter().filter(|(_, account)| account.closed) {
        let message = format!("the account {} is closed; open it again to reverse the entry", quote(code));
        faults.conflict(&At::Top.key("id"), "account-closed", message);
    }
}
