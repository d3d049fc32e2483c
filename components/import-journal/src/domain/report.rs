// SPDX-License-Identifier: MIT OR Apache-2.0
//! What an import tells of itself.

use super::date::Date;
use super::decimal::Decimal;

/// One commodity of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommodityTotal {
    /// Its symbol in the text.
    pub symbol: String,
    /// What it is in the ledger.
    pub commodity: String,
    /// How many lines have it.
    pub lines: u32,
    /// The sum of what is debited.
    pub debit: Decimal,
    /// The sum of what is credited.
    pub credit: Decimal,
}

/// What was created, or would be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Created {
    /// Whether the ledger was set up.
    pub ledger: bool,
    /// Whether the journal was created.
    pub journal: bool,
    /// How many accounts.
    pub accounts: u32,
    /// The commodities.
    pub commodities: Vec<String>,
    /// The fiscal years.
    pub fiscal_years: Vec<String>,
    /// How many exchange rates were stored.
    pub rates: u32,
}

/// What was read and posted, or would be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How many transactions.
    pub transactions: u32,
    /// How many lines.
    pub lines: u32,
    /// How many balance assertions and assignments hold.
    pub assertions: u32,
    /// The first date.
    pub first_date: Option<Date>,
    /// The last date.
    pub last_date: Option<Date>,
    /// The commodities, by symbol.
    pub totals: Vec<CommodityTotal>,
    /// What the ledger lacked.
    pub created: Created,
    /// How many balances were found to be the same.
    pub verified_balances: u32,
    /// What was left out or changed.
    pub warnings: Vec<String>,
}

/// A count for a report.
#[must_use]
pub fn count(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
