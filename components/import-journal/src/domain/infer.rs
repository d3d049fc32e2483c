// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a transaction leaves unsaid: the one missing amount, and the cost where exactly two commodities are exchanged.

use super::balance::{Line, Origin, overflow};
use super::decimal::{Decimal, Overflow};
use super::fault::{Code, Fault, Place};
use super::journal::{Amount, Transaction};
use super::limits::POSTINGS_MAX;
use super::names::{Account, Commodity};
use super::running::{Mixed, add, written};
use std::collections::{BTreeMap, BTreeSet};

/// Completes the lines of a transaction, one group per posting; the posting without lines is the one left to be computed.
pub(super) fn complete(
    transaction: &Transaction,
    given: Vec<Option<Vec<Line>>>,
    display_places: &BTreeMap<Commodity, u8>,
) -> Result<Vec<Line>, Fault> {
    let place = Place::line(transaction.line);
    let missing: Vec<_> = transaction.postings.iter().zip(&given).filter(|(_, lines)| lines.is_none()).collect();
    if let Some((posting, _)) = missing.get(1) {
        let message = format!(
            "a second posting without an amount, {}: at most one can be computed; two spaces stand between account and amount",
            super::fault::quote(posting.account.as_str())
        );
        return Err(Fault::new(posting.place, Code::Unbalanced, message));
    }
    let elided = missing.first().map(|(posting, _)| *posting);
    let mut lines: Vec<Line> = Vec::with_capacity(given.len());
    match elided {
        None => {
            lines.extend(given.into_iter().flatten().flatten());
            infer_cost(&mut lines, display_places).map_err(|error| overflow(place, error))?;
        }
        Some(posting) => {
            let mut sums = Mixed::new();
            for value in given.iter().flatten().flatten().map(Line::value) {
                add(&mut sums, &value.commodity, value.quantity).map_err(|error| overflow(place, error))?;
            }
            let template = (posting.place, posting.account.clone(), posting.comment.as_str());
            for group in given {
                match group {
                    Some(group) => lines.extend(group),
                    None => lines.extend(elided_lines(&template, &sums).map_err(|error| overflow(place, error))?),
                }
            }
        }
    }
    if lines.len() > POSTINGS_MAX {
        let message =
            format!("the transaction has more than {POSTINGS_MAX} postings, each commodity counted: split it");
        return Err(Fault::new(place, Code::LimitExceeded, message));
    }
    Ok(lines)
}

/// The missing amount, one line for each commodity.
fn elided_lines((place, account, comment): &(Place, Account, &str), sums: &Mixed) -> Result<Vec<Line>, Overflow> {
    let open = sums.iter().filter(|(_, sum)| !sum.is_zero());
    open.map(|(commodity, sum)| {
        Ok(Line {
            place: *place,
            account: account.clone(),
            amount: Amount { quantity: sum.checked_neg()?, commodity: commodity.clone() },
            cost: None,
            origin: Origin::Elided,
            comment: (*comment).to_owned(),
        })
    })
    .collect()
}

/// Where no cost is written and the sums of exactly two commodities are open, with opposite signs, the one was exchanged for
/// the other: the lines of the commodity that comes first get the other's sum as their cost, in proportion.
fn infer_cost(lines: &mut [Line], display_places: &BTreeMap<Commodity, u8>) -> Result<(), Overflow> {
    if lines.iter().any(|line| line.cost.is_some() && !line.amount.quantity.is_zero()) {
        return Ok(());
    }
    let mut sums = Mixed::new();
    for line in lines.iter() {
        add(&mut sums, &line.amount.commodity, line.amount.quantity)?;
    }
    sums.retain(|_, sum| !sum.is_zero());
    let first =
        lines.iter().map(|line| &line.amount.commodity).find(|commodity| sums.contains_key(*commodity)).cloned();
    let Some((from, from_sum)) = first.and_then(|commodity| sums.remove_entry(&commodity)) else { return Ok(()) };
    let (Some((to, to_sum)), None) = (sums.pop_first(), sums.pop_first()) else { return Ok(()) };
    if from_sum.signum() == to_sum.signum() {
        return Ok(());
    }
    let total = to_sum.checked_neg()?;
    let places = display_places.get(&to).copied().unwrap_or(0).max(to_sum.places());
    let mut rest = total;
    let mut exchanged: Vec<&mut Line> = lines.iter_mut().filter(|line| line.amount.commodity == from).collect();
    let last = exchanged.pop();
    for line in exchanged {
        let share = total.proportion(line.amount.quantity, from_sum, places)?;
        rest = rest.checked_sub(share)?;
        set_cost(line, share, &to);
    }
    if let Some(line) = last {
        set_cost(line, rest, &to);
    }
    Ok(())
}

fn set_cost(line: &mut Line, quantity: Decimal, commodity: &Commodity) {
    line.cost = Some(Amount { quantity, commodity: commodity.clone() });
}

/// Checks that sums are zero, each rounded half to even to the places of its commodity: those with which it is displayed,
/// or, where it occurs in costs only, those of the transaction's costs.
pub(super) fn check_zero(
    transaction: &Transaction,
    sums: &Mixed,
    display_places: &BTreeMap<Commodity, u8>,
) -> Result<(), Fault> {
    let cost_places = |commodity: &Commodity| {
        let costs =
            transaction.postings.iter().filter_map(|posting| posting.cost.as_ref()).map(super::journal::Cost::amount);
        costs.filter(|cost| cost.commodity == *commodity).map(|cost| cost.quantity.places()).max().unwrap_or(0)
    };
    let places =
        |commodity: &Commodity| display_places.get(commodity).copied().unwrap_or_else(|| cost_places(commodity));
    let open: Vec<_> = sums.iter().filter(|(commodity, sum)| !sum.looks_zero(places(commodity))).collect();
    if open.is_empty() {
        return Ok(());
    }
    let sums: Vec<String> = open.iter().take(4).map(|(commodity, sum)| written(**sum, commodity)).collect();
    let signs: BTreeSet<i128> = open.iter().map(|(_, sum)| sum.signum()).collect();
    let remedy = if open.len() > 1 && signs.len() > 1 {
        "write costs (`@`) where commodities are exchanged"
    } else {
        "mend an amount, or leave one out to have it computed"
    };
    let message = format!("the transaction does not balance, its postings sum to {}: {remedy}", sums.join(" and "));
    Err(Fault::new(Place::line(transaction.line), Code::Unbalanced, message))
}
