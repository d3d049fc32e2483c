// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a text says, before anything is computed: transactions as written, declarations, prices, warnings.

use super::date::Date;
use super::decimal::Decimal;
use super::fault::{Place, Warnings};
use super::names::{Account, Commodity};
use std::collections::BTreeMap;

/// A number of a commodity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amount {
    /// How many, with the places as written.
    pub quantity: Decimal,
    /// Of what.
    pub commodity: Commodity,
}

/// What an amount costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cost {
    /// `@`: for each unit.
    Unit(Amount),
    /// `@@`: for the whole amount, with the amount's sign.
    Total(Amount),
}

impl Cost {
    /// The amount as written.
    #[must_use]
    pub const fn amount(&self) -> &Amount {
        match self {
            Self::Unit(amount) | Self::Total(amount) => amount,
        }
    }
}

/// `= 12 EUR` and its relatives: what the account's balance must be after the posting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assertion {
    /// Where the sign stands.
    pub place: Place,
    /// The balance in one commodity.
    pub amount: Amount,
    /// A cost behind the balance: only a balance assignment uses it.
    pub cost: Option<Cost>,
    /// `==`: there is no other commodity in the account.
    pub total: bool,
    /// `=*`: the accounts below count too.
    pub inclusive: bool,
}

/// Whether a transaction or a posting was reconciled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// No mark.
    #[default]
    Unmarked,
    /// `!`
    Pending,
    /// `*`
    Cleared,
}

/// One posting as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// Where its account stands.
    pub place: Place,
    /// The mark before the account.
    pub status: Status,
    /// The account, with aliases and applied accounts.
    pub account: Account,
    /// The amount; absent: to be computed.
    pub amount: Option<Amount>,
    /// The amount's cost.
    pub cost: Option<Cost>,
    /// The balance assertion, or assignment where there is no amount.
    pub assertion: Option<Assertion>,
    /// A date of its own, from its comment.
    pub date: Option<Date>,
    /// Its comment, tags included, lines joined by a space.
    pub comment: String,
}

/// One transaction as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// The line of its date.
    pub line: u32,
    /// Its date.
    pub date: Date,
    /// The secondary date.
    pub secondary_date: Option<Date>,
    /// The mark behind the date.
    pub status: Status,
    /// The code in parentheses.
    pub code: String,
    /// Payee and note.
    pub description: String,
    /// Its comment, tags included, lines joined by a space.
    pub comment: String,
    /// Its postings, in order.
    pub postings: Vec<Posting>,
}

impl Transaction {
    /// What stands before the first `|` of the description, or all of it.
    #[must_use]
    pub fn payee(&self) -> &str {
        self.description.split_once('|').map_or(self.description.as_str(), |(payee, _)| payee).trim()
    }
}

/// Where an account stands in the statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// What is owned.
    Asset,
    /// What is owed.
    Liability,
    /// What remains for the owners.
    Equity,
    /// What is earned.
    Income,
    /// What is spent.
    Expense,
}

/// A market price: on a day, one unit of a commodity was worth an amount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Price {
    /// The line of the directive.
    pub line: u32,
    /// The day.
    pub date: Date,
    /// What is priced.
    pub commodity: Commodity,
    /// The price of one unit.
    pub price: Amount,
}

/// Everything that a text says.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    /// The transactions, as written, in order of the text.
    pub transactions: Vec<Transaction>,
    /// Types that `account` directives declare.
    pub declared_kinds: BTreeMap<Account, Kind>,
    /// Market prices, in order of the text.
    pub prices: Vec<Price>,
    /// The decimal places with which each commodity is displayed, and so balanced: those of its `commodity` directive, else
    /// of its `D` directive, else the most in any posting's amount. A commodity that occurs in prices only has none.
    pub display_places: BTreeMap<Commodity, u8>,
    /// What was left out or changed.
    pub warnings: Warnings,
}
