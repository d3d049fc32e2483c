// SPDX-License-Identifier: MIT OR Apache-2.0
//! What an entry is checked against: the parts of the ledger that it names, read beforehand.

use super::calendar::Period;
use super::date::Date;
use super::iso4217;
use super::rate::{DatedRate, newest_on};
use std::collections::{BTreeMap, BTreeSet};

/// In which currencies entries balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Balancing {
    /// In the functional currency only.
    Functional,
    /// In each currency by itself.
    PerCurrency,
}

/// What holds for the ledger as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// The currency of the books.
    pub(crate) functional_currency: String,
    /// In which currencies entries balance.
    pub(crate) balancing: Balancing,
}

/// What a line needs to know of its account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AccountRef {
    /// The account's key in the database.
    pub(crate) id: i64,
    /// Whether it takes no entry.
    pub(crate) closed: bool,
    /// The only currency of its lines.
    pub(crate) currency: Option<String>,
}

/// The parts of the ledger that some entries name. What is not in it does not exist.
#[derive(Clone, Debug)]
pub(crate) struct Books {
    /// What holds for the ledger as a whole.
    pub(crate) settings: Settings,
    /// The journals.
    pub(crate) journals: BTreeSet<String>,
    /// The periods, in order of time.
    pub(crate) periods: Vec<Period>,
    /// The accounts, by code.
    pub(crate) accounts: BTreeMap<String, AccountRef>,
    /// The decimals of the declared commodities, by code.
    pub(crate) commodities: BTreeMap<String, u8>,
    /// The stored rates, by currency, each list in order of time.
    pub(crate) rates: BTreeMap<String, Vec<DatedRate>>,
}

impl Books {
    /// The decimals of a currency; none where it is not known.
    pub(crate) fn decimals(&self, currency: &str) -> Option<u32> {
        let iso = iso4217::find(currency).map(|(decimals, _)| decimals);
        iso.or_else(|| self.commodities.get(currency).copied()).map(u32::from)
    }

    /// The period of a day.
    pub(crate) fn period(&self, date: Date) -> Option<&Period> {
        let after = self.periods.partition_point(|period| period.starts_on <= date);
        after.checked_sub(1).and_then(|index| self.periods.get(index)).filter(|period| date <= period.ends_on)
    }

    /// The stored rate that holds on a day.
    pub(crate) fn rate(&self, currency: &str, date: Date) -> Option<&DatedRate> {
        self.rates.get(currency).and_then(|rates| newest_on(rates, date))
    }
}
