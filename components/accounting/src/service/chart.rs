// SPDX-License-Identifier: MIT OR Apache-2.0
//! Operations on the chart of accounts.

use super::settings::require;
use crate::domain::account::{self, ACCOUNTS_AT_ONCE_MAX, Account, AccountInput, AccountKind, Given, Surroundings};
use crate::domain::chart_file;
use crate::domain::iso4217;
use crate::domain::page::{self, Page};
use crate::domain::problem::{Answer, At, Faults, Problem, quote};
use crate::domain::template;
use crate::domain::text::{ACCOUNT_NAME_CHARACTERS_MAX, check_name, is_account_code, is_commodity_code};
use crate::store::{self, Database};
use std::collections::{BTreeMap, BTreeSet};

/// Creates the accounts of a shipped chart, named in `template`.
pub(crate) fn load_template(database: &mut dyn Database, name: &str) -> Answer<u32> {
    require(database)?;
    load_template_at(database, name, &At::Top.key("template"))
}

/// Creates the accounts of a shipped chart, named at a place.
pub(crate) fn load_template_at(database: &mut dyn Database, name: &str, at: &At<'_>) -> Answer<u32> {
    create(database, &template::load(name, at)?.accounts, Given::Template(at))
}

/// Creates the accounts of a CSV text, given in `csv`.
pub(crate) fn load_csv(database: &mut dyn Database, csv: &str) -> Answer<u32> {
    require(database)?;
    let file = chart_file::read(csv)?;
    create(database, &file.accounts, Given::Csv(&file.lines))
}

/// Creates one account, given in `account`.
pub(crate) fn create_one(database: &mut dyn Database, input: AccountInput) -> Answer<Account> {
    require(database)?;
    create(database, std::slice::from_ref(&input), Given::One)?;
    get_known(database, &input.code)
}

/// Creates many accounts, given in `accounts`.
pub(crate) fn create_many(database: &mut dyn Database, accounts: &[AccountInput]) -> Answer<u32> {
    require(database)?;
    if accounts.len() > ACCOUNTS_AT_ONCE_MAX {
        let message = format!("{} accounts are too many, at most {ACCOUNTS_AT_ONCE_MAX} at once", accounts.len());
        return Err(Problem::invalid(&At::Top.key("accounts"), "too-many-accounts", message));
    }
    create(database, accounts, Given::Many)
}

fn create(database: &mut dyn Database, accounts: &[AccountInput], given: Given<'_>) -> Answer<u32> {
    let around = surroundings(database, accounts)?;
    let mut faults = Faults::default();
    account::check(accounts, given, &around, &mut faults);
    faults.into_answer()?;
    store::accounts::insert(database, accounts)?;
    Ok(u32::try_from(accounts.len()).unwrap_or(u32::MAX))
}

/// Reads what new accounts depend on. One that has no parent outside the new ones needs no look at the whole chart.
fn surroundings(database: &mut dyn Database, accounts: &[AccountInput]) -> Answer<Surroundings> {
    let codes: BTreeSet<&str> = accounts.iter().map(|account| account.code.as_str()).collect();
    let outside = accounts.iter().filter_map(|account| account.parent.as_deref()).any(|parent| !codes.contains(parent));
    let mut around = Surroundings::default();
    if outside {
        let chart = store::accounts::all(database)?;
        let parents: BTreeMap<&str, &Account> = chart.iter().map(|account| (account.code.as_str(), account)).collect();
        for account in &chart {
            let above =
                std::iter::successors(Some(account), |account| parents.get(account.parent.as_deref()?).copied());
            around.existing.insert(account.code.clone(), (account.kind, above.skip(1).count()));
        }
    } else {
        let known = codes.into_iter().filter(|code| is_account_code(code));
        let found = store::accounts::find(database, known)?;
        around.existing = found.into_iter().map(|account| (account.code, (account.kind, 0))).collect();
    }
    let currencies: BTreeSet<&str> = accounts.iter().filter_map(|account| account.currency.as_deref()).collect();
    let iso = currencies.iter().filter(|code| iso4217::find(code).is_some()).map(|code| (*code).to_owned());
    around.currencies.extend(iso);
    let declared = store::commodities::find(database, currencies.into_iter().filter(|code| is_commodity_code(code)))?;
    around.currencies.extend(declared.into_iter().map(|commodity| commodity.code));
    Ok(around)
}

/// One account.
pub(crate) fn get(database: &mut dyn Database, code: &str) -> Answer<Account> {
    require(database)?;
    get_known(database, code)
}

/// One account of a ledger that is known to be set up.
pub(crate) fn get_known(database: &mut dyn Database, code: &str) -> Answer<Account> {
    let found = if is_account_code(code) { store::accounts::find(database, [code])?.pop() } else { None };
    found.ok_or_else(|| Problem::not_found("unknown-account", format!("there is no account {}", quote(code))))
}

/// Gives an account another name and parent.
pub(crate) fn update(
    database: &mut dyn Database,
    code: &str,
    version: u32,
    name: String,
    parent: Option<String>,
) -> Answer<Account> {
    let account = get(database, code)?;
    if account.version != version {
        let message = format!("the account {} was changed since it was read; read it again", quote(code));
        return Err(Problem::conflict("version-changed", message));
    }
    let mut faults = Faults::default();
    check_name(&name, ACCOUNT_NAME_CHARACTERS_MAX, &At::Top.key("name"), &mut faults);
    if let Some(parent) = &parent {
        let chart = store::accounts::all(database)?;
        let parents = chart.into_iter().map(|account| (account.code, (account.kind, account.parent))).collect();
        account::check_parent(&account, parent, &parents, &At::Top.key("parent"), &mut faults);
    }
    faults.into_answer()?;
    store::accounts::update(database, &Account { name, parent, ..account })
}

/// Closes or opens an account; one that is so already stays as it is.
pub(crate) fn set_closed(database: &mut dyn Database, code: &str, closed: bool) -> Answer<Account> {
    let account = get(database, code)?;
    if account.closed == closed {
        return Ok(account);
    }
    store::accounts::update(database, &Account { closed, ..account })
}

/// Accounts by code.
pub(crate) fn list(
    database: &mut dyn Database,
    kind: Option<AccountKind>,
    closed: Option<bool>,
    limit: Option<u32>,
    cursor: Option<&str>,
) -> Answer<Page<Account>> {
    require(database)?;
    let limit = page::limit(limit, page::LIMIT_DEFAULT, page::LIMIT_MAX)?;
    let after = cursor.unwrap_or_default();
    if cursor.is_some() && !is_account_code(after) {
        return Err(page::invalid_cursor(after));
    }
    let items = store::accounts::list(database, kind, closed, after, i64::from(limit) + 1)?;
    Ok(Page::cut(items, limit, |account| account.code.clone()))
}
