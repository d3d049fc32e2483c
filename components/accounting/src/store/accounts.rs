// SPDX-License-Identifier: MIT OR Apache-2.0
//! The table `accounts`.

use super::{Database, Row, Value, change_many, select, select_in, take_identifiers};
use crate::domain::account::{Account, AccountInput, AccountKind};
use crate::domain::problem::{Answer, Problem};
use std::collections::BTreeSet;

const COLUMNS: &str = "SELECT id, code, name, kind, parent, currency, closed, version FROM accounts";

fn read(row: &mut Row) -> Answer<Account> {
    Ok(Account {
        id: row.integer()?,
        code: row.text()?,
        name: row.text()?,
        kind: row.named(AccountKind::parse)?,
        parent: row.optional_text()?,
        currency: row.optional_text()?,
        closed: row.integer()? != 0,
        version: row.small()?,
    })
}

/// The existing ones among some codes.
pub(crate) fn find<'a>(database: &mut dyn Database, codes: impl IntoIterator<Item = &'a str>) -> Answer<Vec<Account>> {
    let codes: BTreeSet<&str> = codes.into_iter().collect();
    select_in(database, &format!("{COLUMNS} WHERE code IN ("), codes.into_iter().map(Value::from), read)
}

/// Every account.
pub(crate) fn all(database: &mut dyn Database) -> Answer<Vec<Account>> {
    select(database, COLUMNS, &[], read)
}

/// Up to `count` accounts behind a code.
pub(crate) fn list(
    database: &mut dyn Database,
    kind: Option<AccountKind>,
    closed: Option<bool>,
    after: &str,
    count: i64,
) -> Answer<Vec<Account>> {
    let statement = format!(
        "{COLUMNS} WHERE code > ?1 AND (?2 = '' OR kind = ?2) AND (?3 < 0 OR closed = ?3) ORDER BY code LIMIT ?4"
    );
    let closed = closed.map_or(-1, i64::from);
    let parameters = [after.into(), kind.map_or("", AccountKind::name).into(), closed.into(), count.into()];
    select(database, &statement, &parameters, read)
}

/// Writes new accounts.
pub(crate) fn insert(database: &mut dyn Database, accounts: &[AccountInput]) -> Answer<()> {
    if accounts.is_empty() {
        return Ok(());
    }
    let first = take_identifiers(database, "account", accounts.len())?;
    let rows: Vec<Vec<Value>> = (first..)
        .zip(accounts)
        .map(|(id, account)| {
            let (parent, currency) = (account.parent.as_ref(), account.currency.as_ref());
            vec![
                id.into(),
                (&account.code).into(),
                (&account.name).into(),
                account.kind.name().into(),
                parent.into(),
                currency.into(),
            ]
        })
        .collect();
    let statement = "INSERT INTO accounts (id, code, name, kind, parent, currency) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    change_many(database, statement, &rows)
}

/// Writes a changed account over the version that was read; refused where it changed meanwhile.
pub(crate) fn update(database: &mut dyn Database, account: &Account) -> Answer<Account> {
    let statement =
        "UPDATE accounts SET name = ?3, parent = ?4, closed = ?5, version = version + 1 WHERE id = ?1 AND version = ?2";
    let (id, version) = (account.id, i64::from(account.version));
    let parameters = [
        id.into(),
        version.into(),
        (&account.name).into(),
        account.parent.as_ref().into(),
        i64::from(account.closed).into(),
    ];
    if database.execute(statement, &parameters)? != 1 {
        return Err(Problem::conflict(
            "version-changed",
            "the account was changed by another request meanwhile; read it again",
        ));
    }
    Ok(Account { version: account.version.saturating_add(1), ..account.clone() })
}
