// SPDX-License-Identifier: MIT OR Apache-2.0
//! From a text to books in one step, and what can be asked of books: balances, first and last day, kinds of accounts.

use super::balance::{Books, balance};
use super::date::Date;
use super::decimal::{Decimal, Overflow};
use super::fault::{Fault, Faults, Place, Warnings};
use super::journal::Kind;
use super::names::{Account, Commodity};
use super::parser::parse;
use std::collections::BTreeMap;

/// Balances by account and commodity.
pub type Balances = BTreeMap<(Account, Commodity), Decimal>;

/// Reads a text: parses it, balances its transactions, checks its assertions.
///
/// # Errors
/// All faults that could be found, by place.
pub fn read(text: &str, default_year: Option<u16>) -> Result<(Books, Warnings), Vec<Fault>> {
    let (mut journal, faults) = parse(text, default_year);
    let warnings = std::mem::take(&mut journal.warnings);
    let (books, faults) = balance(journal, faults);
    if faults.is_empty() { Ok((books, warnings)) } else { Err(told(faults)) }
}

/// The faults by place; where there were more than are kept, a last one says so.
#[must_use]
pub fn told(faults: Faults) -> Vec<Fault> {
    let more = faults.overflown() || faults.is_full();
    let mut list = faults.into_sorted();
    if more && let Some(last) = list.last().cloned() {
        let message = "reading stopped here, more faults may follow: mend these and import again";
        list.push(Fault::new(last.place, super::fault::Code::LimitExceeded, message));
    }
    list
}

impl Books {
    /// The balances after all entries; those that are zero are left out.
    ///
    /// # Errors
    /// A sum does not fit.
    pub fn closing_balances(&self) -> Result<Balances, Fault> {
        let mut balances = Balances::new();
        for entry in &self.entries {
            for line in &entry.lines {
                let key = (line.account.clone(), line.amount.commodity.clone());
                add(&mut balances, key, line.amount.quantity)
                    .map_err(|error| super::balance::overflow(Place::line(entry.line), error))?;
            }
        }
        balances.retain(|_, balance| !balance.is_zero());
        Ok(balances)
    }

    /// The first and the last date of any entry.
    #[must_use]
    pub fn date_range(&self) -> Option<(Date, Date)> {
        let dates = || self.entries.iter().map(|entry| entry.date);
        Some((dates().min()?, dates().max()?))
    }

    /// The kind of an account: the nearest declaration of it or of an account above it, else what its name says.
    #[must_use]
    pub fn kind(&self, account: &Account) -> Option<Kind> {
        let declared = account.lineage().find_map(|name| {
            let account = Account::new(name).ok()?;
            self.declared_kinds.get(&account).copied()
        });
        declared.or_else(|| kind_of_name(account.first_part()))
    }
}

/// The kind that hledger infers from a top-level name.
fn kind_of_name(name: &str) -> Option<Kind> {
    match name.to_lowercase().as_str() {
        "asset" | "assets" => Some(Kind::Asset),
        "debt" | "debts" | "liability" | "liabilities" => Some(Kind::Liability),
        "equity" => Some(Kind::Equity),
        "income" | "incomes" | "revenue" | "revenues" => Some(Kind::Income),
        "expense" | "expenses" => Some(Kind::Expense),
        _ => None,
    }
}

/// Adds to a balance.
///
/// # Errors
/// The sum does not fit.
pub fn add(balances: &mut Balances, key: (Account, Commodity), quantity: Decimal) -> Result<(), Overflow> {
    let balance = balances.entry(key).or_insert(Decimal::ZERO);
    *balance = balance.checked_add(quantity)?;
    Ok(())
}
