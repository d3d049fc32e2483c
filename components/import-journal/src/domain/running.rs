// SPDX-License-Identifier: MIT OR Apache-2.0
//! Running balances of accounts, exclusive and with the accounts below, and the balance assertions against them.

use super::decimal::{Decimal, Overflow};
use super::fault::{Code, Fault, quote};
use super::journal::{Amount, Assertion};
use super::names::{Account, Commodity};
use std::collections::{BTreeMap, HashMap};

/// Sums by commodity; a commodity whose sum is zero may be there or not.
pub type Mixed = BTreeMap<Commodity, Decimal>;

/// Adds a quantity of a commodity to sums.
///
/// # Errors
/// The sum does not fit.
pub fn add(sums: &mut Mixed, commodity: &Commodity, quantity: Decimal) -> Result<(), Overflow> {
    match sums.get_mut(commodity) {
        Some(sum) => *sum = sum.checked_add(quantity)?,
        None => {
            sums.insert(commodity.clone(), quantity);
        }
    }
    Ok(())
}

/// The balances after the postings so far, in order of their dates.
#[derive(Debug, Default)]
pub(super) struct Running {
    exclusive: HashMap<String, Mixed>,
    inclusive: HashMap<String, Mixed>,
    /// By how much a failed assertion was missed: later ones that fail by the same are its consequence and not told again.
    gaps: HashMap<(Account, bool, Commodity), Decimal>,
}

impl Running {
    /// Adds a posting's amount to its account.
    pub(super) fn post(&mut self, account: &Account, commodity: &Commodity, quantity: Decimal) -> Result<(), Overflow> {
        add(entry(&mut self.exclusive, account.as_str()), commodity, quantity)?;
        for above in account.lineage() {
            add(entry(&mut self.inclusive, above), commodity, quantity)?;
        }
        Ok(())
    }

    /// What a balance assignment adds to its account: the asserted balance less the present one.
    pub(super) fn assigned(&self, account: &Account, assertion: &Assertion) -> Result<Mixed, Overflow> {
        let own = self.exclusive.get(account.as_str());
        let mut target = if assertion.total { Mixed::new() } else { own.cloned().unwrap_or_default() };
        target.insert(assertion.amount.commodity.clone(), assertion.amount.quantity);
        let present = if assertion.inclusive { self.inclusive.get(account.as_str()) } else { own };
        for (commodity, quantity) in present.into_iter().flatten() {
            add(&mut target, commodity, quantity.checked_neg()?)?;
        }
        target.retain(|_, quantity| !quantity.is_zero());
        Ok(target)
    }

    /// Checks an assertion against the balance; gives the fault, unless it is the consequence of one given before.
    pub(super) fn check(&mut self, account: &Account, assertion: &Assertion) -> Result<Option<Fault>, Overflow> {
        let own = self.exclusive.get(account.as_str());
        let present = if assertion.inclusive { self.inclusive.get(account.as_str()) } else { own };
        let mut asserted = vec![assertion.amount.clone()];
        if assertion.total {
            let others = own.into_iter().flatten().filter(|(commodity, _)| **commodity != assertion.amount.commodity);
            asserted
                .extend(others.map(|(commodity, _)| Amount { quantity: Decimal::ZERO, commodity: commodity.clone() }));
        }
        let mut fault = None;
        for expected in asserted {
            let actual = present.and_then(|sums| sums.get(&expected.commodity)).copied().unwrap_or(Decimal::ZERO);
            let gap = actual.checked_sub(expected.quantity)?;
            let key = (account.clone(), assertion.inclusive, expected.commodity.clone());
            let known = self.gaps.insert(key, gap).unwrap_or(Decimal::ZERO);
            if !gap.is_zero() && gap != known && fault.is_none() {
                fault = Some(failed(account, assertion, &expected, actual, gap));
            }
        }
        Ok(fault)
    }
}

fn entry<'a>(balances: &'a mut HashMap<String, Mixed>, name: &str) -> &'a mut Mixed {
    if !balances.contains_key(name) {
        balances.insert(name.to_owned(), Mixed::new());
    }
    balances.entry(name.to_owned()).or_default()
}

fn failed(account: &Account, assertion: &Assertion, expected: &Amount, actual: Decimal, gap: Decimal) -> Fault {
    let below = if assertion.inclusive { " and the accounts below it" } else { "" };
    let message = format!(
        "the balance of {}{below} is {}, expected {}: {} too {}",
        quote(account.as_str()),
        written(actual, &expected.commodity),
        written(expected.quantity, &expected.commodity),
        written(if gap.signum() < 0 { gap.checked_neg().unwrap_or(gap) } else { gap }, &expected.commodity),
        if gap.signum() < 0 { "little" } else { "much" },
    );
    Fault::new(assertion.place, Code::AssertionFailed, message)
}

/// An amount for a message.
#[must_use]
pub fn written(quantity: Decimal, commodity: &Commodity) -> String {
    let text =
        if commodity.as_str().is_empty() { quantity.to_string() } else { format!("{quantity} {}", commodity.as_str()) };
    quote(&text)
}
