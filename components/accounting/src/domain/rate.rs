// SPDX-License-Identifier: MIT OR Apache-2.0
//! Exchange rates: what may be one, and which one holds on a day.

use super::date::Date;
use super::decimal::Decimal;
use super::problem::{At, Faults, quote};

/// Decimals of a rate: more than any source of rates quotes, and small enough that amount times rate fits 128 bits.
const DECIMALS_MAX: u32 = 18;

/// A rate as it was given, and as a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    /// As it was given.
    pub(crate) text: String,
    /// The number, positive.
    pub(crate) number: Decimal,
}

impl Rate {
    /// Reads a rate: a positive decimal with at most 18 decimals.
    pub(crate) fn check(text: &str, at: &At<'_>, faults: &mut Faults) -> Option<Self> {
        match Decimal::parse(text) {
            None => {
                faults.invalid(at, "not-a-decimal", format!("{} is no decimal number such as `1.0825`", quote(text)))
            }
            Some(number) if number.mantissa <= 0 => {
                faults.invalid(at, "rate-not-positive", format!("the rate {} is not above zero", quote(text)));
            }
            Some(number) if number.scale > DECIMALS_MAX => {
                let message =
                    format!("the rate {} has more than {DECIMALS_MAX} decimals; give a `value` instead", quote(text));
                faults.invalid(at, "rate-too-precise", message);
            }
            Some(number) => return Some(Self { text: text.to_owned(), number }),
        }
        None
    }
}

/// A stored rate of one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DatedRate {
    /// The first day on which it holds.
    pub(crate) date: Date,
    /// The rate.
    pub(crate) rate: Rate,
}

/// The newest rate on or before the day. The rates are in order of their days.
pub(crate) fn newest_on(rates: &[DatedRate], date: Date) -> Option<&DatedRate> {
    let after = rates.partition_point(|rate| rate.date <= date);
    after.checked_sub(1).and_then(|index| rates.get(index))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_positive_and_bounded() {
        for (text, code) in [
            ("1.0825", None),
            ("0.000000000000000001", None),
            ("0", Some("rate-not-positive")),
            ("-1", Some("rate-not-positive")),
            ("0.0000000000000000001", Some("rate-too-precise")),
            ("1,08", Some("not-a-decimal")),
        ] {
            let mut faults = Faults::default();
            let rate = Rate::check(text, &At::Top, &mut faults);
            assert_eq!(rate.is_some(), code.is_none(), "{text}");
            assert_eq!(faults.into_list().first().map(|fault| fault.code), code, "{text}");
        }
    }

    #[test]
    fn the_newest_rate_on_or_before_the_day_holds() {
        let rate = |day| DatedRate {
            date: Date::new(2026, 1, day).expect("exists"),
            rate: Rate::check(&day.to_string(), &At::Top, &mut Faults::default()).expect("a rate"),
        };
        let rates = [rate(5), rate(10)];
        for (day, expected) in [(4, None), (5, Some("5")), (9, Some("5")), (10, Some("10")), (31, Some("10"))] {
            let found = newest_on(&rates, Date::new(2026, 1, day).expect("exists"));
            assert_eq!(found.map(|rate| rate.rate.text.as_str()), expected, "{day}");
        }
    }
}
