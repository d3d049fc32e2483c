// SPDX-License-Identifier: MIT OR Apache-2.0
//! Maintained balances: what a post adds to them.

use super::date::Date;
use super::entry::{Line, Side};
use std::collections::BTreeMap;

/// Sums of one account in one currency, in minor units; none is negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    /// What was debited, in the currency.
    pub(crate) debit: i64,
    /// What was credited, in the currency.
    pub(crate) credit: i64,
    /// What was debited, in the value currency.
    pub(crate) value_debit: i64,
    /// What was credited, in the value currency.
    pub(crate) value_credit: i64,
}

impl Sums {
    /// Adds a line; none where a sum does not fit 64 bits.
    pub(crate) fn add_line(&mut self, side: Side, amount: i64, value: i64) -> Option<()> {
        let (amounts, values) = match side {
            Side::Debit => (&mut self.debit, &mut self.value_debit),
            Side::Credit => (&mut self.credit, &mut self.value_credit),
        };
        *amounts = amounts.checked_add(amount)?;
        *values = values.checked_add(value)?;
        Some(())
    }

    fn add(&mut self, other: &Self) -> Option<()> {
        self.debit = self.debit.checked_add(other.debit)?;
        self.credit = self.credit.checked_add(other.credit)?;
        self.value_debit = self.value_debit.checked_add(other.value_debit)?;
        self.value_credit = self.value_credit.checked_add(other.value_credit)?;
        Some(())
    }
}

/// Sums of one account in one currency over any time, in minor units: what the ledger can hold never exceeds 128 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    /// What was debited, in the currency.
    pub(crate) debit: i128,
    /// What was credited, in the currency.
    pub(crate) credit: i128,
    /// What was debited, in the value currency.
    pub(crate) value_debit: i128,
    /// What was credited, in the value currency.
    pub(crate) value_credit: i128,
}

/// Which balance: an account in a currency and a value currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct BalanceKey<'a> {
    /// The account's key in the database.
    pub(crate) account_id: i64,
    /// The currency.
    pub(crate) currency: &'a str,
    /// The value currency.
    pub(crate) value_currency: &'a str,
}

/// What some entries add to the balances of their days.
pub(crate) type Daily<'a> = BTreeMap<(Date, BalanceKey<'a>), Sums>;

/// Sums up the lines of entries by day and balance; none where a sum does not fit 64 bits.
pub(crate) fn by_day<'a>(entries: impl Iterator<Item = (Date, &'a [Line])>) -> Option<Daily<'a>> {
    let mut daily = Daily::new();
    for (date, lines) in entries {
        for line in lines {
            let key = BalanceKey {
                account_id: line.account_id,
                currency: &line.currency,
                value_currency: &line.value_currency,
            };
            daily.entry((date, key)).or_default().add_line(line.side, line.amount, line.value)?;
        }
    }
    Some(daily)
}

/// Sums up days to months; none where a sum does not fit 64 bits.
pub(crate) fn by_month<'a>(daily: &Daily<'a>) -> Option<BTreeMap<(Date, BalanceKey<'a>), Sums>> {
    let mut monthly = BTreeMap::<_, Sums>::new();
    for ((date, key), sums) in daily {
        monthly.entry((date.first_of_month(), *key)).or_default().add(sums)?;
    }
    Some(monthly)
}
