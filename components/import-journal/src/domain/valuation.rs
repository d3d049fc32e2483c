// SPDX-License-Identifier: MIT OR Apache-2.0
//! From exact numbers to the units of currencies, without losing or making one: amounts in their own currency, and values
//! that sum to zero in every value currency.
//!
//! Rounding is half to even where a missing amount takes up the difference; where there is none, the values made by costs are
//! rounded down and the units left over go to the largest remainders, so that they meet what the other lines say.

use super::balance::{Entry, Line, Origin};
use super::decimal::{Decimal, Overflow};
use super::fault::{Code, Fault, Place};
use super::limits::AMOUNT_DIGITS_MAX;
use super::names::Commodity;
use super::running::written;
use std::collections::{BTreeMap, BTreeSet};

/// The decimals of commodities in the ledger.
pub type Decimals = BTreeMap<Commodity, u8>;

/// One line in units: positive is debit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Valued {
    /// The amount, with the commodity's decimals.
    pub amount: Decimal,
    /// The value, where it is not the amount itself.
    pub value: Option<(Decimal, Commodity)>,
}

/// The units of every line of an entry, in order.
///
/// # Errors
/// An amount was written with more decimals than its commodity has; the entry balances only when rounded; a number does
/// not fit.
pub fn value(entry: &Entry, decimals: &Decimals) -> Result<Vec<Valued>, Fault> {
    let mut amounts = Vec::with_capacity(entry.lines.len());
    for line in &entry.lines {
        amounts.push(own_units(line, places_of(decimals, &line.amount.commodity))?);
    }
    let currencies: BTreeSet<&Commodity> = entry.lines.iter().map(|line| &line.value().commodity).collect();
    let mut values: Vec<Option<Decimal>> = vec![None; entry.lines.len()];
    for currency in currencies {
        let group = Group { entry, currency, places: places_of(decimals, currency) };
        group.settle(&mut amounts, &mut values).map_err(|error| error.into_fault(entry, currency))?;
    }
    let lines = entry.lines.iter().zip(amounts).zip(values);
    lines.map(|((line, amount), value)| finish(line, amount, value)).collect()
}

fn places_of(decimals: &Decimals, commodity: &Commodity) -> u8 {
    decimals.get(commodity).copied().unwrap_or(0)
}

/// The amount of a line in its commodity's units; a written one must be exact.
fn own_units(line: &Line, places: u8) -> Result<Decimal, Fault> {
    if line.origin == Origin::Written {
        return line.amount.quantity.with_places(places).map_err(|_| {
            let message = format!(
                "{} cannot be kept: the ledger keeps {places} decimals of it and 18 digits in all",
                written(line.amount.quantity, &line.amount.commodity)
            );
            Fault::new(line.place, Code::Precision, message)
        });
    }
    let rounded = line.amount.quantity.round(places).with_places(places);
    rounded.map_err(|error| super::balance::overflow(line.place, error))
}

/// The lines of an entry that count in one value currency.
struct Group<'a> {
    entry: &'a Entry,
    currency: &'a Commodity,
    places: u8,
}

enum Unsettled {
    Open(Decimal),
    Overflow(Overflow),
}

impl From<Overflow> for Unsettled {
    fn from(error: Overflow) -> Self {
        Self::Overflow(error)
    }
}

impl Unsettled {
    fn into_fault(self, entry: &Entry, currency: &Commodity) -> Fault {
        let place = Place::line(entry.line);
        match self {
            Self::Overflow(error) => super::balance::overflow(place, error),
            Self::Open(sum) => {
                let message = format!(
                    "the transaction balances only when rounded, exactly its postings sum to {}: the ledger needs zero",
                    written(sum, currency)
                );
                Fault::new(place, Code::Unbalanced, message)
            }
        }
    }
}

impl Group<'_> {
    /// Makes the values of the group's lines sum to zero.
    fn settle(&self, amounts: &mut [Decimal], values: &mut [Option<Decimal>]) -> Result<(), Unsettled> {
        let lines = || self.entry.lines.iter().enumerate().filter(|(_, line)| line.value().commodity == *self.currency);
        let mut fixed = Decimal::ZERO;
        let mut costs: Vec<(usize, Decimal)> = Vec::new();
        let mut elided = None;
        for (index, line) in lines() {
            match &line.cost {
                Some(cost) => costs.push((index, cost.quantity)),
                None if line.origin == Origin::Elided => elided = Some(index),
                None => fixed = fixed.checked_add(amounts.get(index).copied().unwrap_or(Decimal::ZERO))?,
            }
        }
        if let Some(elided) = elided {
            let mut sum = fixed;
            for (index, exact) in costs {
                let rounded = exact.round(self.places).with_places(self.places)?;
                sum = sum.checked_add(rounded)?;
                set(values, index, Some(rounded));
            }
            set(amounts, elided, sum.checked_neg()?.with_places(self.places)?);
            return Ok(());
        }
        if costs.is_empty() {
            return if fixed.is_zero() { Ok(()) } else { Err(Unsettled::Open(fixed)) };
        }
        let exact: Vec<Decimal> = costs.iter().map(|(_, exact)| *exact).collect();
        let shares = allocate(&exact, fixed.checked_neg()?, self.places)?;
        for ((index, _), share) in costs.into_iter().zip(shares) {
            set(values, index, Some(share));
        }
        Ok(())
    }
}

fn set<T>(list: &mut [T], index: usize, value: T) {
    if let Some(place) = list.get_mut(index) {
        *place = value;
    }
}

/// Rounds exact numbers to `places` so that they sum to `target`: each down, the units left over to those with the largest
/// remainders, the first where they are equal. What a target further off leaves goes to the largest number.
///
/// # Errors
/// A number does not fit.
pub fn allocate(exact: &[Decimal], target: Decimal, places: u8) -> Result<Vec<Decimal>, Overflow> {
    let unit = Decimal::new(1, places)?;
    let mut shares = Vec::with_capacity(exact.len());
    let mut remainders = Vec::with_capacity(exact.len());
    let mut rest = target;
    for (index, number) in exact.iter().enumerate() {
        let mut down = number.round(places).with_places(places)?;
        if number.checked_sub(down)?.signum() < 0 {
            down = down.checked_sub(unit)?;
        }
        rest = rest.checked_sub(down)?;
        let remainder = number.checked_sub(down)?;
        remainders.push((index, remainder.with_places(remainder.places().max(places))?));
        shares.push(down);
    }
    // Remainders lie in [0, 1) units; brought to the same places, their integers compare.
    let most = remainders.iter().map(|(_, remainder)| remainder.places()).max().unwrap_or(places);
    let mut order = Vec::with_capacity(remainders.len());
    for (index, remainder) in remainders {
        order.push((remainder.with_places(most)?.mantissa(), index));
    }
    order.sort_by(|(left, first), (right, second)| right.cmp(left).then(first.cmp(second)));
    for (_, index) in order {
        if rest.signum() <= 0 {
            break;
        }
        if let Some(share) = shares.get_mut(index) {
            *share = share.checked_add(unit)?;
            rest = rest.checked_sub(unit)?;
        }
    }
    let largest = shares.iter_mut().max_by_key(|share| share.mantissa().unsigned_abs());
    if let (false, Some(share)) = (rest.is_zero(), largest) {
        *share = share.checked_add(rest)?;
    }
    Ok(shares)
}

/// A line's units, checked: amount and value stand on the same side.
fn finish(line: &Line, amount: Decimal, value: Option<Decimal>) -> Result<Valued, Fault> {
    for (number, commodity) in [(Some(amount), &line.amount.commodity), (value, &line.value().commodity)] {
        if let Some(number) = number.filter(|number| number.mantissa().unsigned_abs() >= 10_u128.pow(AMOUNT_DIGITS_MAX))
        {
            let message = format!(
                "{} is too large: the ledger keeps {AMOUNT_DIGITS_MAX} digits, {} of them decimals",
                written(number, commodity),
                number.places()
            );
            return Err(Fault::new(line.place, Code::Precision, message));
        }
    }
    let Some(value) = value else { return Ok(Valued { amount, value: None }) };
    let currency = line.value().commodity.clone();
    if currency == line.amount.commodity {
        let message = format!("{} cannot cost an amount of the same commodity", written(amount, &currency));
        return Err(Fault::new(line.place, Code::Unsupported, message));
    }
    if amount.signum() * value.signum() < 0 {
        let message = format!(
            "{} costs {}, which the ledger cannot hold: a negative price",
            written(amount, &line.amount.commodity),
            written(value, &currency)
        );
        return Err(Fault::new(line.place, Code::Unsupported, message));
    }
    Ok(Valued { amount, value: Some((value, currency)) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn units_left_over_go_to_the_largest_remainders() {
        for (exact, target, places, expected) in [
            (&["0.333", "0.333", "0.334"][..], "1.00", 2, &["0.33", "0.33", "0.34"][..]),
            (&["0.335", "0.335", "0.33"], "1.00", 2, &["0.34", "0.33", "0.33"]),
            (&["-0.335", "-0.335", "-0.33"], "-1.00", 2, &["-0.33", "-0.34", "-0.33"]),
            (&["1.004"], "1", 2, &["1.00"]),
            (&["10.957"], "10.96", 2, &["10.96"]),
            (&["1.30", "5"], "6", 2, &["1.30", "4.70"]),
        ] {
            let exact: Vec<_> = exact.iter().map(|text| decimal(text)).collect();
            let shares = allocate(&exact, decimal(target), places).unwrap();
            let shares: Vec<_> = shares.iter().map(ToString::to_string).collect();
            assert_eq!(shares, expected, "{exact:?} to {target}");
        }
    }

    proptest! {
        #[test]
        fn shares_always_sum_to_the_target(exact in prop::collection::vec(-1_000_000_i64..1_000_000, 1..20), off in -3_i64..3) {
            let exact: Vec<_> = exact.into_iter().map(|value| Decimal::new(value.into(), 4).unwrap()).collect();
            let sum = exact.iter().fold(Decimal::ZERO, |sum, value| sum.checked_add(*value).unwrap());
            let target = sum.round(2).checked_add(Decimal::new(off.into(), 2).unwrap()).unwrap();
            let shares = allocate(&exact, target, 2).unwrap();
            let total = shares.iter().fold(Decimal::ZERO, |sum, value| sum.checked_add(*value).unwrap());
            prop_assert_eq!(total, target);
        }
    }
}
