// SPDX-License-Identifier: MIT OR Apache-2.0
//! The trial balance, from the balances at two moments. The statements are built on it.

use super::account::Account;
use super::balance::Totals;
use super::problem::{Answer, Problem};
use std::collections::BTreeMap;

/// The balance of an account in a currency, since the first entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Total {
    /// The account's key in the database.
    pub(crate) account_id: i64,
    /// The currency.
    pub(crate) currency: String,
    /// The value currency.
    pub(crate) value_currency: String,
    /// The sums.
    pub(crate) sums: Totals,
}

/// How a balance moved, in minor units; opening is signed, debit positive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Movement {
    /// The balance before.
    pub(crate) opening: i128,
    /// What was debited.
    pub(crate) debit: i128,
    /// What was credited.
    pub(crate) credit: i128,
}

impl Movement {
    const fn between(before: (i128, i128), after: (i128, i128)) -> Self {
        Self { opening: before.0 - before.1, debit: after.0 - before.0, credit: after.1 - before.1 }
    }

    /// The balance after.
    pub(crate) const fn closing(&self) -> i128 {
        self.opening + self.debit - self.credit
    }

    /// What the movement changed, debit positive.
    pub(crate) const fn change(&self) -> i128 {
        self.debit - self.credit
    }

    fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    fn add(&mut self, other: &Self) {
        // A part is a sum of at most 2^63 numbers of 62 bits; an answer holds fewer rows than would overflow.
        self.opening += other.opening;
        self.debit += other.debit;
        self.credit += other.credit;
    }
}

/// One account in one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row<'a> {
    /// The account.
    pub(crate) account: &'a Account,
    /// The currency.
    pub(crate) currency: String,
    /// The value currency.
    pub(crate) value_currency: String,
    /// The movement in the currency.
    pub(crate) amounts: Movement,
    /// The movement in the value currency.
    pub(crate) values: Movement,
}

/// A trial balance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TrialBalance<'a> {
    /// The rows that are not all zero, by account code and currency.
    pub(crate) rows: Vec<Row<'a>>,
    /// The sums by value currency.
    pub(crate) totals: BTreeMap<String, Movement>,
}

/// Builds the trial balance of what happened between two moments.
pub(crate) fn build(before: Vec<Total>, after: Vec<Total>, accounts: &[Account]) -> Answer<TrialBalance<'_>> {
    let by_id: BTreeMap<i64, &Account> = accounts.iter().map(|account| (account.id, account)).collect();
    let key = |total: &Total| (total.account_id, total.currency.clone(), total.value_currency.clone());
    let before: BTreeMap<_, Totals> = before.iter().map(|total| (key(total), total.sums)).collect();
    let mut rows = Vec::with_capacity(after.len());
    let mut totals = BTreeMap::<String, Movement>::new();
    for total in after {
        let opening = before.get(&key(&total)).copied().unwrap_or_default();
        let closing = total.sums;
        let amounts = Movement::between((opening.debit, opening.credit), (closing.debit, closing.credit));
        let values =
            Movement::between((opening.value_debit, opening.value_credit), (closing.value_debit, closing.value_credit));
        if amounts.is_nothing() && values.is_nothing() {
            continue;
        }
        totals.entry(total.value_currency.clone()).or_default().add(&values);
        let account = *by_id.get(&total.account_id).ok_or_else(|| Problem::internal("a balance has no account"))?;
        rows.push(Row { account, currency: total.currency, value_currency: total.value_currency, amounts, values });
    }
    if totals.values().any(|total| total.opening != 0 || total.debit != total.credit) {
        return Err(Problem::internal("the maintained balances do not add up to zero"));
    }
    rows.sort_by(|a, b| {
        (&a.account.code, &a.currency, &a.value_currency).cmp(&(&b.account.code, &b.currency, &b.value_currency))
    });
    Ok(TrialBalance { rows, totals })
}
