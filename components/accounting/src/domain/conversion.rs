// SPDX-License-Identifier: MIT OR Apache-2.0
//! Conversion by rates without losing a unit: the values of all rated lines of an entry are rounded together, half to even, and
//! the units left over go to the largest remainders (the method of Hamilton). See `journal` in the contract.

use super::decimal::{Decimal, power_of_ten};

/// An amount to convert.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rated {
    /// Minor units of the amount's currency; negative on the credit side.
    pub(crate) amount: i64,
    /// Decimals of the amount's currency.
    pub(crate) decimals: u32,
    /// Value of one whole unit of the amount's currency, positive.
    pub(crate) rate: Decimal,
}

/// The values in minor units of a currency with `value_decimals`, in order and with the signs of the amounts. None where a
/// number on the way does not fit 128 bits.
pub(crate) fn convert(lines: &[Rated], value_decimals: u32) -> Option<Vec<i128>> {
    let (numerators, denominator) = exact(lines, value_decimals)?;
    let sum = numerators.iter().try_fold(0_i128, |sum, numerator| sum.checked_add(*numerator))?;
    let target = round_half_even(sum, denominator)?;
    let mut values: Vec<i128> = numerators.iter().map(|numerator| numerator.div_euclid(denominator)).collect();
    let floor = values.iter().try_fold(0_i128, |sum, value| sum.checked_add(*value))?;
    let missing = usize::try_from(target.checked_sub(floor)?).ok()?;
    let mut order: Vec<(i128, usize)> =
        numerators.iter().enumerate().map(|(index, numerator)| (numerator.rem_euclid(denominator), index)).collect();
    order.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    for (_, index) in order.into_iter().take(missing) {
        if let Some(value) = values.get_mut(index) {
            *value = value.checked_add(1)?;
        }
    }
    Some(values)
}

/// The exact values over one common denominator, a power of ten.
fn exact(lines: &[Rated], value_decimals: u32) -> Option<(Vec<i128>, i128)> {
    let exponent_of =
        |line: &Rated| (line.rate.scale.checked_add(line.decimals)).map(|sum| sum.saturating_sub(value_decimals));
    let largest = lines.iter().try_fold(0, |largest, line| Some(exponent_of(line)?.max(largest)))?;
    let numerator = |line: &Rated| {
        // value = amount * mantissa * 10^(value_decimals - scale - decimals), brought to the denominator 10^largest.
        let shift = largest.checked_add(value_decimals)?.checked_sub(line.rate.scale)?.checked_sub(line.decimals)?;
        i128::from(line.amount).checked_mul(line.rate.mantissa)?.checked_mul(power_of_ten(shift)?)
    };
    Some((lines.iter().map(numerator).collect::<Option<Vec<_>>>()?, power_of_ten(largest)?))
}

/// `numerator / denominator` to the nearest integer, to the even one where two are as near. The denominator is positive.
pub(crate) fn round_half_even(numerator: i128, denominator: i128) -> Option<i128> {
    let (floor, remainder) = (numerator.div_euclid(denominator), numerator.rem_euclid(denominator));
    let up = match remainder.cmp(&denominator.checked_sub(remainder)?) {
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Equal => floor % 2 != 0,
    };
    floor.checked_add(i128::from(up))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rated(amount: i64, decimals: u32, rate: &str) -> Rated {
        Rated { amount, decimals, rate: Decimal::parse(rate).expect(rate) }
    }

    #[test]
    fn halves_go_to_the_even_neighbour() {
        let cases = [
            (25, 10, 2),
            (35, 10, 4),
            (-25, 10, -2),
            (-35, 10, -4),
            (26, 10, 3),
            (-26, 10, -3),
            (24, 10, 2),
            (0, 10, 0),
        ];
        for (numerator, denominator, expected) in cases {
            assert_eq!(round_half_even(numerator, denominator), Some(expected), "{numerator}/{denominator}");
        }
    }

    #[test]
    fn values_are_rounded_together() {
        // (lines, decimals of the value) -> values
        let cases: &[(&[Rated], u32, &[i128])] = &[
            (&[rated(10_000, 2, "0.9")], 2, &[9_000]),
            (
                &[rated(10_000, 2, "0.9"), rated(-3_333, 2, "0.9"), rated(-3_333, 2, "0.9"), rated(-3_334, 2, "0.9")],
                2,
                &[9_000, -3_000, -3_000, -3_000],
            ),
            (&[rated(100, 2, "0.5"), rated(-99, 2, "0.5"), rated(-1, 2, "0.5")], 2, &[50, -49, -1]),
            (&[rated(100, 0, "0.0061")], 2, &[61]),
            (&[rated(1, 3, "33.333"), rated(2, 3, "33.3335")], 2, &[3, 7]),
            (&[rated(5, 0, "1234567890.5")], 0, &[6_172_839_452]),
            (&[], 2, &[]),
        ];
        for (lines, decimals, expected) in cases {
            assert_eq!(convert(lines, *decimals).as_deref(), Some(*expected), "{lines:?}");
        }
    }

    #[test]
    fn numbers_beyond_128_bits_are_refused() {
        let lines = [rated(999_999_999_999_999_999, 0, "99999999999999999999"), rated(1, 12, "0.000000000000000001")];
        assert_eq!(convert(&lines, 2), None);
    }

    fn any_rated() -> impl Strategy<Value = Rated> {
        (-1_000_000_000_000_i64..1_000_000_000_000, 0_u32..=6, 1_i128..1_000_000_000, 0_u32..=9).prop_map(
            |(amount, decimals, mantissa, scale)| Rated { amount, decimals, rate: Decimal { mantissa, scale } },
        )
    }

    proptest! {
        #[test]
        fn no_unit_is_lost(lines in proptest::collection::vec(any_rated(), 0..20), decimals in 0_u32..=4) {
            let values = convert(&lines, decimals).expect("fits");
            let (numerators, denominator) = exact(&lines, decimals).expect("fits");
            let sum: i128 = numerators.iter().sum();
            prop_assert_eq!(values.iter().sum::<i128>(), round_half_even(sum, denominator).expect("fits"));
            for (value, numerator) in values.iter().zip(&numerators) {
                let off = (value * denominator - numerator).abs();
                prop_assert!(off < denominator, "within one unit");
                prop_assert!(*value == 0 || value.signum() == numerator.signum(), "no value changes its side");
            }
        }

        #[test]
        fn what_balances_in_one_currency_balances_converted(
            amounts in proptest::collection::vec(-1_000_000_i64..1_000_000, 1..20), mantissa in 1_i128..1_000_000, scale in 0_u32..=6,
        ) {
            let rate = Decimal { mantissa, scale };
            let mut lines: Vec<Rated> = amounts.iter().map(|amount| Rated { amount: *amount, decimals: 2, rate }).collect();
            lines.push(Rated { amount: -amounts.iter().sum::<i64>(), decimals: 2, rate });
            prop_assert_eq!(convert(&lines, 2).expect("fits").iter().sum::<i128>(), 0);
        }
    }
}
