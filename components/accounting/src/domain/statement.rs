// SPDX-License-Identifier: MIT OR Apache-2.0
//! Sections of statements: the accounts of one kind as a tree, each with its own value and the total of all below it.

use super::account::{Account, AccountKind};
use std::collections::{BTreeMap, BTreeSet};

/// Values in minor units, by value currency.
pub(crate) type ByCurrency = BTreeMap<String, i128>;

/// What a row stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RowKind {
    /// An account.
    Account,
    /// What the fiscal years before the current one came to.
    EarlierYearsResult,
    /// What the current fiscal year came to so far.
    CurrentYearResult,
}

impl RowKind {
    /// The name of a computed row.
    const fn name(self) -> &'static str {
        match self {
            Self::Account => "",
            Self::EarlierYearsResult => "result of earlier fiscal years",
            Self::CurrentYearResult => "result of the current fiscal year",
        }
    }
}

/// A row of a section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StatementRow {
    /// What it stands for.
    pub(crate) kind: RowKind,
    /// The account; none in a computed row.
    pub(crate) account: Option<String>,
    /// Its name.
    pub(crate) name: String,
    /// How deep it stands.
    pub(crate) level: u32,
    /// The value currency.
    pub(crate) currency: String,
    /// The account's own value, positive on the side on which the section grows.
    pub(crate) amount: i128,
    /// The value with those of the accounts below.
    pub(crate) total: i128,
}

/// A section of a statement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Section {
    /// The rows, each before its children.
    pub(crate) rows: Vec<StatementRow>,
    /// The sums.
    pub(crate) totals: ByCurrency,
}

/// Signed values (debit positive) of accounts, by the account's key and the value currency.
pub(crate) type Values = BTreeMap<(i64, String), i128>;

/// Builds the section of one kind.
pub(crate) fn section(kind: AccountKind, accounts: &[Account], values: &Values) -> Section {
    let sign: i128 = if kind.grows_on_debit() { 1 } else { -1 };
    let mut children: BTreeMap<Option<&str>, Vec<&Account>> = BTreeMap::new();
    for account in accounts.iter().filter(|account| account.kind == kind) {
        children.entry(account.parent.as_deref()).or_default().push(account);
    }
    for siblings in children.values_mut() {
        siblings.sort_by(|a, b| a.code.cmp(&b.code));
    }
    let mut section = Section::default();
    for account in children.get(&None).into_iter().flatten() {
        let totals = add_rows(account, 0, sign, &children, values, &mut section.rows);
        for (currency, total) in totals {
            *section.totals.entry(currency).or_default() += total;
        }
    }
    section
}

/// Adds the rows of an account and of those below it; returns the totals. Depth is bounded where accounts are created.
fn add_rows(
    account: &Account,
    level: u32,
    sign: i128,
    children: &BTreeMap<Option<&str>, Vec<&Account>>,
    values: &Values,
    rows: &mut Vec<StatementRow>,
) -> ByCurrency {
    let own: ByCurrency = values
        .range((account.id, String::new())..)
        .take_while(|((id, _), _)| *id == account.id)
        .filter(|(_, value)| **value != 0)
        .map(|((_, currency), value)| (currency.clone(), sign * value))
        .collect();
    let mut totals = own.clone();
    let mut below = Vec::new();
    for child in children.get(&Some(account.code.as_str())).into_iter().flatten() {
        for (currency, total) in add_rows(child, level + 1, sign, children, values, &mut below) {
            *totals.entry(currency).or_default() += total;
        }
    }
    let currencies: BTreeSet<&String> = totals.keys().collect();
    for currency in currencies {
        rows.push(StatementRow {
            kind: RowKind::Account,
            account: Some(account.code.clone()),
            name: account.name.clone(),
            level,
            currency: currency.clone(),
            amount: own.get(currency).copied().unwrap_or_default(),
            total: totals.get(currency).copied().unwrap_or_default(),
        });
    }
    rows.append(&mut below);
    totals
}

/// Adds a computed row (the result of some years) where it is not zero.
pub(crate) fn add_computed(section: &mut Section, kind: RowKind, amounts: &ByCurrency) {
    for (currency, amount) in amounts.iter().filter(|(_, amount)| **amount != 0) {
        section.rows.push(StatementRow {
            kind,
            account: None,
            name: kind.name().to_owned(),
            level: 0,
            currency: currency.clone(),
            amount: *amount,
            total: *amount,
        });
        *section.totals.entry(currency.clone()).or_default() += amount;
    }
}

/// `left` plus `factor` times `right`, by currency, zeros kept out.
pub(crate) fn combine(left: &ByCurrency, factor: i128, right: &ByCurrency) -> ByCurrency {
    let mut sums = left.clone();
    for (currency, amount) in right {
        *sums.entry(currency.clone()).or_default() += factor * amount;
    }
    sums.retain(|_, sum| *sum != 0);
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(id: i64, code: &str, kind: AccountKind, parent: Option<&str>) -> Account {
        let parent = parent.map(str::to_owned);
        Account {
            id,
            code: code.into(),
            name: format!("name {code}"),
            kind,
            parent,
            currency: None,
            closed: false,
            version: 1,
        }
    }

    #[test]
    fn a_section_is_a_tree_with_totals() {
        use AccountKind::{Asset, Income};
        let accounts = [
            account(1, "1", Income, None),
            account(2, "12", Income, Some("1")),
            account(3, "11", Income, Some("1")),
            account(4, "2", Income, None),
            account(5, "9", Asset, None),
        ];
        let values = Values::from([
            ((1, "EUR".into()), -5),
            ((2, "EUR".into()), -100),
            ((3, "EUR".into()), 30),
            ((3, "USD".into()), -7),
            ((5, "EUR".into()), 75),
        ]);
        let built = section(Income, &accounts, &values);
        let rows: Vec<_> = built
            .rows
            .iter()
            .map(|r| (r.account.as_deref().unwrap(), r.level, r.currency.as_str(), r.amount, r.total))
            .collect();
        assert_eq!(
            rows,
            [
                ("1", 0, "EUR", 5, 75),
                ("1", 0, "USD", 0, 7),
                ("11", 1, "EUR", -30, -30),
                ("11", 1, "USD", 7, 7),
                ("12", 1, "EUR", 100, 100)
            ]
        );
        assert_eq!(built.totals, ByCurrency::from([("EUR".into(), 75), ("USD".into(), 7)]));
        assert_eq!(section(Asset, &accounts, &values).totals, ByCurrency::from([("EUR".into(), 75)]));
    }
}
