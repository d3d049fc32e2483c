// SPDX-License-Identifier: MIT OR Apache-2.0
//! The lines of an entry: each is checked by itself, then valued together, then the entry must balance.

use super::account::unknown_currency;
use super::books::{AccountRef, Balancing, Books};
use super::conversion::{self, Rated};
use super::date::Date;
use super::decimal::{AmountFault, Decimal, MINOR_MAX, format_minor};
use super::dimension;
use super::entry::{LINES_MAX, Line, LineInput, Side};
use super::problem::{At, Faults, quote};
use super::rate::Rate;
use std::collections::BTreeMap;

/// How a line gets its value.
enum Worth {
    /// It is what the line says.
    Given(i64),
    /// The rate makes it, together with those of the other lines.
    Rated(Rate),
}

/// A line without fault, before its value is known.
struct Plain<'a> {
    account: &'a AccountRef,
    amount: i64,
    currency: &'a str,
    decimals: u32,
    value_currency: &'a str,
    worth: Worth,
}

/// Checks the lines of an entry on a day (absent where the date itself is at fault).
pub(crate) fn check_lines(
    inputs: &[LineInput],
    date: Option<Date>,
    books: &Books,
    at: &At<'_>,
    faults: &mut Faults,
) -> Option<Vec<Line>> {
    let before = faults.count();
    if inputs.len() < 2 {
        let message = format!("an entry has two lines at the least, this one has {}", inputs.len());
        faults.invalid(at, "too-few-lines", message);
    }
    if inputs.len() > LINES_MAX {
        return None;
    }
    let mut plain = Vec::with_capacity(inputs.len());
    for (index, input) in inputs.iter().enumerate() {
        if let Some(line) = check_line(input, date, books, &at.item(index), faults) {
            plain.push(line);
        }
    }
    if faults.count() > before || plain.len() != inputs.len() {
        return None;
    }
    let values = values(inputs, &plain, books, at, faults)?;
    let lines = inputs
        .iter()
        .zip(plain)
        .zip(values)
        .map(|((input, plain), value)| finish(input, plain, value))
        .collect::<Vec<_>>();
    check_balance(&lines, books, at, faults).then_some(lines)
}

fn finish(input: &LineInput, plain: Plain<'_>, value: i64) -> Line {
    Line {
        account_id: plain.account.id,
        account: input.account.clone(),
        side: input.side,
        amount: plain.amount,
        currency: plain.currency.to_owned(),
        value,
        value_currency: plain.value_currency.to_owned(),
        rate: match plain.worth {
            Worth::Rated(rate) => Some(rate.text),
            Worth::Given(_) => None,
        },
        description: input.description.clone(),
        dimensions: dimension::sorted(input.dimensions.clone()),
    }
}

fn check_line<'a>(
    input: &'a LineInput,
    date: Option<Date>,
    books: &'a Books,
    at: &At<'_>,
    faults: &mut Faults,
) -> Option<Plain<'a>> {
    let account = books.accounts.get(&input.account);
    match account {
        None => {
            let message = format!("there is no account {}", quote(&input.account));
            faults.invalid(&at.key("account"), "unknown-account", message);
        }
        Some(account) if account.closed => {
            faults.conflict(
                &at.key("account"),
                "account-closed",
                format!("the account {} is closed", quote(&input.account)),
            );
        }
        Some(_) => {}
    }
    dimension::check(&input.dimensions, &at.key("dimensions"), faults);
    let functional = books.settings.functional_currency.as_str();
    let fixed = account.and_then(|account| account.currency.as_deref());
    let currency = input.currency.as_deref().or(fixed).unwrap_or(functional);
    if let Some(fixed) = fixed.filter(|fixed| *fixed != currency) {
        let message =
            format!("the account {} takes {} only, not {}", quote(&input.account), quote(fixed), quote(currency));
        faults.invalid(&at.key("currency"), "account-currency", message);
    }
    let decimals = check_currency(currency, books, &at.key("currency"), faults);
    let amount =
        decimals.and_then(|decimals| check_amount(&input.amount, currency, decimals, &at.key("amount"), faults));
    let (value_currency, worth) = check_worth(input, (currency, amount), date, books, at, faults)?;
    let (account, amount, decimals) = (account?, amount?, decimals?);
    if amount == 0 && !matches!(worth, Worth::Given(1..)) {
        let message = "the amount is zero; leave the line out, or give a `value` where only a value moves";
        faults.invalid(&at.key("amount"), "zero-amount", message);
        return None;
    }
    Some(Plain { account, amount, currency, decimals, value_currency, worth })
}

fn check_currency(currency: &str, books: &Books, at: &At<'_>, faults: &mut Faults) -> Option<u32> {
    let decimals = books.decimals(currency);
    if decimals.is_none() {
        faults.invalid(at, "unknown-currency", unknown_currency(currency));
    }
    decimals
}

fn check_amount(text: &str, currency: &str, decimals: u32, at: &At<'_>, faults: &mut Faults) -> Option<i64> {
    let (code, message) = match Decimal::parse(text).map(|decimal| decimal.to_minor(decimals)) {
        Some(Ok(minor)) if minor >= 0 => return Some(minor),
        None => ("not-a-decimal", format!("{} is no decimal number such as `12.34`", quote(text))),
        Some(Ok(_)) => ("negative-amount", format!("{} is negative; write the amount on the other side", quote(text))),
        Some(Err(AmountFault::TooManyDecimals)) => (
            "too-many-decimals",
            format!("{} has more than the {decimals} decimals of {}", quote(text), quote(currency)),
        ),
        Some(Err(AmountFault::TooLarge)) => {
            let max = format_minor(MINOR_MAX.into(), decimals);
            ("amount-too-large", format!("{} is too large: at most {max} {currency} fit in a line", quote(text)))
        }
    };
    faults.invalid(at, code, message);
    None
}

/// In which currency a line counts, and for how much. The amount is absent where it is at fault itself.
fn check_worth<'a>(
    input: &'a LineInput,
    (currency, amount): (&'a str, Option<i64>),
    date: Option<Date>,
    books: &'a Books,
    at: &At<'_>,
    faults: &mut Faults,
) -> Option<(&'a str, Worth)> {
    let functional = books.settings.functional_currency.as_str();
    let nothing_said = input.rate.is_none() && input.value.is_none();
    let target = match (&input.value_currency, books.settings.balancing) {
        (Some(target), _) => target.as_str(),
        (None, Balancing::PerCurrency) if nothing_said => return Some((currency, Worth::Given(amount?))),
        (None, _) => functional,
    };
    if books.settings.balancing == Balancing::Functional && target != functional {
        let message = format!(
            "this ledger balances in {functional}; a value in {} needs one that balances `per-currency`",
            quote(target)
        );
        faults.invalid(&at.key("value_currency"), "value-currency", message);
        return None;
    }
    let decimals = check_currency(target, books, &at.key("value_currency"), faults)?;
    let value = input.value.as_ref().map(|value| check_amount(value, target, decimals, &at.key("value"), faults));
    let rate = input.rate.as_ref().map(|rate| Rate::check(rate, &at.key("rate"), faults));
    match (value, rate) {
        (Some(_), Some(_)) => faults.invalid(&at.key("rate"), "rate-and-value", "give a rate or a value, not both"),
        (Some(value), None) if currency != target => return Some((target, Worth::Given(value?))),
        (Some(value), None) => match (value?, amount?) {
            (value, amount) if value == amount => return Some((target, Worth::Given(value))),
            // An amount of zero with a value: an exchange difference on an account in the value currency itself makes no sense.
            _ => faults.invalid(
                &at.key("value"),
                "value-differs",
                format!("the value differs from the amount, though both are in {target}"),
            ),
        },
        (None, Some(_)) if currency == target => {
            faults.invalid(
                &at.key("rate"),
                "rate-not-needed",
                format!("an amount in {target} needs no rate into {target}"),
            );
        }
        (None, Some(rate)) => return Some((target, Worth::Rated(rate?))),
        (None, None) if currency == target => return Some((target, Worth::Given(amount?))),
        (None, None) => match date.map(|date| (date, books.rate(currency, date))) {
            // The currency itself is at fault, and was reported.
            _ if books.decimals(currency).is_none() => {}
            _ if target != functional => {
                let message =
                    format!("give the `rate` from {} into {}, or the `value`", quote(currency), quote(target));
                faults.invalid(&at.key("rate"), "missing-rate", message);
            }
            Some((_, Some(stored))) => return Some((target, Worth::Rated(stored.rate.clone()))),
            Some((date, None)) => {
                let message = format!(
                    "no rate from {} into {functional} is stored for `{date}`; give a `rate` or a `value`",
                    quote(currency)
                );
                faults.invalid(&at.key("rate"), "missing-rate", message);
            }
            None => {}
        },
    }
    None
}

/// The values of all lines; the rated ones are rounded together, by value currency.
fn values(
    inputs: &[LineInput],
    lines: &[Plain<'_>],
    books: &Books,
    at: &At<'_>,
    faults: &mut Faults,
) -> Option<Vec<i64>> {
    let mut values = vec![0_i64; lines.len()];
    let mut rated: BTreeMap<&str, Vec<(usize, Rated)>> = BTreeMap::new();
    for ((index, line), input) in lines.iter().enumerate().zip(inputs) {
        match &line.worth {
            Worth::Given(value) => {
                if let Some(slot) = values.get_mut(index) {
                    *slot = *value;
                }
            }
            Worth::Rated(rate) => {
                let amount =
                    Rated { amount: input.side.signed(line.amount), decimals: line.decimals, rate: rate.number };
                rated.entry(line.value_currency).or_default().push((index, amount));
            }
        }
    }
    for (currency, group) in rated {
        let amounts: Vec<Rated> = group.iter().map(|(_, amount)| *amount).collect();
        let converted = conversion::convert(&amounts, books.decimals(currency)?);
        for (place, (index, _)) in group.iter().enumerate() {
            let value = converted.as_ref().and_then(|values| values.get(place)).map(|value| value.unsigned_abs());
            match (
                value.and_then(|value| i64::try_from(value).ok()).filter(|value| *value <= MINOR_MAX),
                values.get_mut(*index),
            ) {
                (Some(value), Some(slot)) => *slot = value,
                _ => {
                    let message =
                        format!("the amount at this rate is too large to be valued in {currency}; give a `value`");
                    faults.invalid(&at.item(*index).key("amount"), "amount-too-large", message);
                    return None;
                }
            }
        }
    }
    Some(values)
}

/// Whether debit and credit are equal in every value currency; a fault for each in which they are not.
fn check_balance(lines: &[Line], books: &Books, at: &At<'_>, faults: &mut Faults) -> bool {
    let mut sums: BTreeMap<&str, i128> = BTreeMap::new();
    for line in lines {
        let sum = sums.entry(line.value_currency.as_str()).or_default();
        // At most 1,000 lines of at most 18 digits: the sum fits.
        *sum = sum.saturating_add(i128::from(line.side.signed(line.value)));
    }
    sums.retain(|_, sum| *sum != 0);
    for (currency, sum) in &sums {
        let (more, less) = if *sum > 0 { (Side::Debit, Side::Credit) } else { (Side::Credit, Side::Debit) };
        let difference = format_minor(sum.abs(), books.decimals(currency).unwrap_or_default());
        let message =
            format!("the entry is not balanced: {} {difference} {currency} more than {}", name(more), name(less));
        faults.invalid(at, "unbalanced", message);
    }
    sums.is_empty()
}

const fn name(side: Side) -> &'static str {
    match side {
        Side::Debit => "debit",
        Side::Credit => "credit",
    }
}
