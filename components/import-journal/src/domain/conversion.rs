// SPDX-License-Identifier: MIT OR Apache-2.0
//! For a ledger that balances in its functional currency only: turns values in other currencies into values in that one.
//!
//! The rate of a foreign value currency within an entry is the one that the entry itself shows, where an amount in the functional
//! currency was exchanged for it; else the rate that holds on the day. All lines of the currency are rounded together, so that
//! they sum to zero.

use super::balance::Entry;
use super::decimal::{Decimal, Overflow};
use super::fault::{Code, Fault, Place, quote};
use super::names::Commodity;
use super::valuation::{Valued, allocate};
use std::collections::BTreeSet;

/// Decimal places of an intermediate value before it is rounded: far beyond any currency's.
const INTERMEDIATE_PLACES: u8 = 18;

/// The functional currency of an entry's ledger.
#[derive(Clone, Copy, Debug)]
pub(super) struct Functional<'a> {
    /// Its symbol in the text.
    pub(super) commodity: &'a Commodity,
    /// Its decimals.
    pub(super) places: u8,
}

/// Gives every line of an entry a value in the functional currency. `rate` gives the value of one unit of a currency on the
/// entry's day.
pub(super) fn convert(
    entry: &Entry,
    valued: &mut [Valued],
    functional: Functional<'_>,
    mut rate: impl FnMut(&Commodity) -> Option<Decimal>,
) -> Result<(), Fault> {
    let place = Place::line(entry.line);
    let foreign: BTreeSet<Commodity> =
        entry.lines.iter().map(|line| line.value().commodity.clone()).filter(|c| c != functional.commodity).collect();
    for currency in foreign {
        let Group { own, other } = Group::of(entry, valued, &currency, functional.commodity);
        let exchanged = own.iter().try_fold((Decimal::ZERO, Decimal::ZERO), |(amounts, values), (_, amount, value)| {
            Ok::<_, Overflow>((amounts.checked_add(*amount)?, values.checked_add(*value)?))
        });
        let (own_amount, own_value) = exchanged.map_err(|error| super::balance::overflow(place, error))?;
        let shown = (!own_value.is_zero()).then_some((own_amount, own_value));
        let one = Decimal::new(1, 0).unwrap_or(Decimal::ZERO);
        let Some((numerator, denominator)) = shown.or_else(|| rate(&currency).map(|rate| (rate, one))) else {
            return Err(no_rate(entry, &currency, functional.commodity));
        };
        let exact: Result<Vec<Decimal>, Overflow> =
            other.iter().map(|(_, value)| value.proportion(numerator, denominator, INTERMEDIATE_PLACES)).collect();
        let shares = exact.and_then(|exact| allocate(&exact, own_amount.checked_neg()?, functional.places));
        let shares = shares.map_err(|error| super::balance::overflow(place, error))?;
        for (index, _, _) in &own {
            if let Some(line) = valued.get_mut(*index) {
                line.value = None;
            }
        }
        for ((index, _), share) in other.iter().zip(shares) {
            if let Some(line) = valued.get_mut(*index) {
                line.value = Some((share, functional.commodity.clone()));
            }
        }
    }
    Ok(())
}

/// The lines of an entry that count in one foreign currency.
struct Group {
    /// Lines in the functional currency: index, amount, value in the foreign one.
    own: Vec<(usize, Decimal, Decimal)>,
    /// The others: index and value in the foreign currency.
    other: Vec<(usize, Decimal)>,
}

impl Group {
    fn of(entry: &Entry, valued: &[Valued], currency: &Commodity, functional: &Commodity) -> Self {
        let mut group = Self { own: Vec::new(), other: Vec::new() };
        for (index, (line, valued)) in entry.lines.iter().zip(valued).enumerate() {
            if line.value().commodity != *currency {
                continue;
            }
            let value = valued.value.as_ref().map_or(valued.amount, |(value, _)| *value);
            if line.amount.commodity == *functional {
                group.own.push((index, valued.amount, value));
            } else {
                group.other.push((index, value));
            }
        }
        group
    }
}

fn no_rate(entry: &Entry, currency: &Commodity, functional: &Commodity) -> Fault {
    let (currency, functional) = (quote(currency.as_str()), quote(functional.as_str()));
    let message = format!(
        "no rate of {currency} in {functional} is known on {}, and the ledger balances in {functional}: write the cost (`@`), \
         store a rate, or write `P` directives and set `store_prices`",
        entry.date
    );
    Fault::new(Place::line(entry.line), Code::Commodity, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{books, valuation};

    /// Values in EUR of each line, as text; `rate` of every other currency.
    fn check(text: &str, rate: Option<&str>, expected: &[&str]) {
        let (books, _) = books::read(text, None).unwrap();
        let decimals = ["EUR", "USD", "ACME"].into_iter().map(|code| (Commodity::new(code), 2)).collect();
        let functional = Commodity::new("EUR");
        let entry = &books.entries[0];
        let mut valued = valuation::value(entry, &decimals).unwrap();
        let rate = rate.map(|rate| rate.parse().unwrap());
        let result = convert(entry, &mut valued, Functional { commodity: &functional, places: 2 }, |_| rate);
        let values: Vec<String> = match result {
            Err(fault) => vec![fault.code.as_str().to_owned()],
            Ok(()) => {
                valued.iter().map(|v| v.value.as_ref().map_or(v.amount, |(value, _)| *value).to_string()).collect()
            }
        };
        assert_eq!(values, expected, "{text}");
    }

    #[test]
    fn every_line_gets_a_value_in_the_functional_currency() {
        check("2024-01-01\n  a  10 EUR\n  b\n", None, &["10.00", "-10.00"]);
        check("2024-01-01\n  a  10 USD @ 0.9 EUR\n  b\n", None, &["9.00", "-9.00"]);
        check("2024-01-01\n  a  -9 EUR\n  b  10 USD\n", None, &["-9.00", "9.00"]);
        check("2024-01-01\n  a  -9 EUR @@ 10 USD\n  b  7 USD\n  c  3 USD\n", None, &["-9.00", "6.30", "2.70"]);
        check(
            "2024-01-01\n  a  -10 EUR\n  b  1 USD\n  c  1 USD\n  d  1 USD\n",
            None,
            &["-10.00", "3.34", "3.33", "3.33"],
        );
        check("2024-01-01\n  a  10 USD\n  b\n", Some("0.333"), &["3.33", "-3.33"]);
        check("2024-01-01\n  a  2 ACME @ 5 USD\n  b  -10 USD\n", Some("0.9"), &["9.00", "-9.00"]);
        check("2024-01-01\n  a  10 USD\n  b\n", None, &["commodity"]);
    }
}
