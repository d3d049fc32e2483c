// SPDX-License-Identifier: MIT OR Apache-2.0
//! Exact decimal numbers: an integer and a count of decimal places, with checked arithmetic. What does not fit is an
//! error, never a rounded result; rounding happens only in [`Decimal::round`], by the rule that it names.

use std::cmp::Ordering;
use std::fmt;

/// Decimal places that a number can have: 10^38 is the largest power of ten in 128 bits.
pub const PLACES_MAX: u8 = 38;

/// The exact result has more digits than 128 bits hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the number has more digits than can be kept exactly")]
pub struct Overflow;

/// `mantissa * 10^-places`. The places are as written (`1.50` has two); equality is by value.
#[derive(Clone, Copy, Debug)]
pub struct Decimal {
    mantissa: i128,
    places: u8,
}

impl Decimal {
    /// Zero without places.
    pub const ZERO: Self = Self { mantissa: 0, places: 0 };

    /// A number of so many units of the last place.
    ///
    /// # Errors
    /// More places than [`PLACES_MAX`].
    pub const fn new(mantissa: i128, places: u8) -> Result<Self, Overflow> {
        if places > PLACES_MAX { Err(Overflow) } else { Ok(Self { mantissa, places }) }
    }

    /// A number of decimal digits before and after the mark, times ten to the `exponent`.
    ///
    /// # Errors
    /// More digits than 128 bits hold.
    pub fn from_digits(whole: &str, fraction: &str, exponent: i32) -> Result<Self, Overflow> {
        let mut mantissa: i128 = 0;
        for digit in whole.chars().chain(fraction.chars()).filter_map(|c| c.to_digit(10)) {
            mantissa =
                mantissa.checked_mul(10).and_then(|value| value.checked_add(i128::from(digit))).ok_or(Overflow)?;
        }
        let places = i32::try_from(fraction.len()).map_err(|_| Overflow)?.checked_sub(exponent).ok_or(Overflow)?;
        match u8::try_from(places) {
            Ok(places) => Self::new(mantissa, places),
            Err(_) if places < 0 => {
                let shift = u8::try_from(places.unsigned_abs()).map_err(|_| Overflow)?;
                Ok(Self { mantissa: scale_up(mantissa, shift)?, places: 0 })
            }
            Err(_) => Err(Overflow),
        }
    }

    /// The integer of last places.
    #[must_use]
    pub const fn mantissa(self) -> i128 {
        self.mantissa
    }

    /// The count of decimal places.
    #[must_use]
    pub const fn places(self) -> u8 {
        self.places
    }

    /// Whether it is zero.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.mantissa == 0
    }

    /// -1, 0 or 1.
    #[must_use]
    pub const fn signum(self) -> i128 {
        self.mantissa.signum()
    }

    /// The number without trailing zeros after the mark.
    #[must_use]
    pub fn normalised(mut self) -> Self {
        while self.places > 0 && self.mantissa % 10 == 0 {
            self.mantissa /= 10;
            self.places = self.places.saturating_sub(1);
        }
        self
    }

    /// The same value with exactly so many places.
    ///
    /// # Errors
    /// Digits other than zero would be lost, or the value does not fit.
    pub fn with_places(self, places: u8) -> Result<Self, Overflow> {
        let value = self.normalised();
        let shift = places.checked_sub(value.places).ok_or(Overflow)?;
        Self::new(scale_up(value.mantissa, shift)?, places)
    }

    /// The sum, with the larger count of places.
    ///
    /// # Errors
    /// The sum does not fit.
    pub fn checked_add(self, other: Self) -> Result<Self, Overflow> {
        let places = self.places.max(other.places);
        match (self.with_places(places), other.with_places(places)) {
            (Ok(left), Ok(right)) => Self::new(left.mantissa.checked_add(right.mantissa).ok_or(Overflow)?, places),
            _ => Err(Overflow),
        }
    }

    /// The difference.
    ///
    /// # Errors
    /// The difference does not fit.
    pub fn checked_sub(self, other: Self) -> Result<Self, Overflow> {
        self.checked_add(other.checked_neg()?)
    }

    /// The number with the other sign.
    ///
    /// # Errors
    /// Only for the smallest integer of 128 bits.
    pub fn checked_neg(self) -> Result<Self, Overflow> {
        Ok(Self { mantissa: self.mantissa.checked_neg().ok_or(Overflow)?, places: self.places })
    }

    /// The product, exact.
    ///
    /// # Errors
    /// The product does not fit.
    pub fn checked_mul(self, other: Self) -> Result<Self, Overflow> {
        let product = |left: Self, right: Self| {
            let mantissa = left.mantissa.checked_mul(right.mantissa)?;
            Self::new(mantissa, left.places.checked_add(right.places)?).ok()
        };
        product(self, other).or_else(|| product(self.normalised(), other.normalised())).ok_or(Overflow)
    }

    /// `self * numerator / denominator`, rounded to `places` places, half to even.
    ///
    /// # Errors
    /// A product does not fit, or the denominator is zero.
    pub fn proportion(self, numerator: Self, denominator: Self, places: u8) -> Result<Self, Overflow> {
        let product = self.checked_mul(numerator)?.normalised();
        let denominator = denominator.normalised();
        // (p * 10^-a) / (d * 10^-b) in units of 10^-places is p * 10^(places + b) / (d * 10^a)
        let (mut up, mut down) = (product.mantissa, denominator.mantissa);
        let gain = i32::from(places) + i32::from(denominator.places) - i32::from(product.places);
        let shift = u8::try_from(gain.unsigned_abs()).map_err(|_| Overflow)?;
        if gain >= 0 {
            up = scale_up(up, shift)?;
        } else {
            down = scale_up(down, shift)?;
        }
        Self::new(divide_half_even(up, down).ok_or(Overflow)?, places)
    }

    /// The number with at most so many places, rounded half to even (IEEE 754 roundTiesToEven).
    #[must_use]
    pub fn round(self, places: u8) -> Self {
        let Some(lost) = self.places.checked_sub(places) else { return self };
        let Ok(divisor) = scale_up(1, lost) else { return Self { mantissa: 0, places } };
        Self { mantissa: divide_half_even(self.mantissa, divisor).unwrap_or(self.mantissa), places }
    }

    /// Whether the number, rounded half to even to so many places, is zero.
    #[must_use]
    pub fn looks_zero(self, places: u8) -> bool {
        self.round(places).is_zero()
    }
}

/// `mantissa * 10^places`.
fn scale_up(mantissa: i128, places: u8) -> Result<i128, Overflow> {
    if mantissa == 0 {
        return Ok(0);
    }
    10_i128.checked_pow(u32::from(places)).and_then(|power| mantissa.checked_mul(power)).ok_or(Overflow)
}

/// The quotient, rounded half to even; nothing where it does not fit or the denominator is zero.
fn divide_half_even(numerator: i128, denominator: i128) -> Option<i128> {
    let quotient = numerator.checked_div(denominator)?;
    let remainder = numerator.checked_rem(denominator)?.unsigned_abs();
    let half = denominator.unsigned_abs() - remainder;
    let away = match remainder.cmp(&half) {
        Ordering::Less => false,
        Ordering::Equal => quotient % 2 != 0,
        Ordering::Greater => true,
    };
    if !away {
        return Some(quotient);
    }
    let direction = if (numerator < 0) == (denominator < 0) { 1 } else { -1 };
    quotient.checked_add(direction)
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        let (left, right) = (self.normalised(), other.normalised());
        left.mantissa == right.mantissa && left.places == right.places
    }
}

impl Eq for Decimal {}

impl fmt::Display for Decimal {
    /// `-?digits(.digits)?`, as `cortex:types` writes a decimal; never `-0`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.mantissa < 0 { "-" } else { "" };
        let width = usize::from(self.places) + 1;
        let digits = format!("{:0>width$}", self.mantissa.unsigned_abs());
        let (whole, fraction) = digits.split_at(digits.len().saturating_sub(usize::from(self.places)));
        if fraction.is_empty() { write!(f, "{sign}{whole}") } else { write!(f, "{sign}{whole}.{fraction}") }
    }
}

impl std::str::FromStr for Decimal {
    type Err = Overflow;

    /// Reads what [`Display`](fmt::Display) writes; anything else is an [`Overflow`] as well: the text comes from another
    /// component whose contract is this form.
    fn from_str(text: &str) -> Result<Self, Overflow> {
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !plain(whole) || !plain(fraction) {
            return Err(Overflow);
        }
        let value = Self::from_digits(whole, fraction, 0)?;
        if negative { value.checked_neg() } else { Ok(value) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn rounds_half_to_even() {
        for (value, places, expected) in [
            ("0.5", 0, "0"),
            ("1.5", 0, "2"),
            ("2.5", 0, "2"),
            ("-2.5", 0, "-2"),
            ("-3.5", 0, "-4"),
            ("2.501", 0, "3"),
            ("1.005", 2, "1.00"),
            ("1.015", 2, "1.02"),
            ("1.2", 3, "1.2"),
        ] {
            assert_eq!(decimal(value).round(places).to_string(), expected, "{value} to {places}");
        }
    }

    #[test]
    fn proportions_are_rounded_once() {
        for (value, numerator, denominator, places, expected) in [
            ("100", "1", "3", 2, "33.33"),
            ("100", "2", "3", 2, "66.67"),
            ("-100", "2", "3", 2, "-66.67"),
            ("1", "1", "-8", 2, "-0.12"),
            ("0.001", "1000", "0.5", 0, "2"),
        ] {
            let result = decimal(value).proportion(decimal(numerator), decimal(denominator), places).unwrap();
            assert_eq!(result.to_string(), expected, "{value} * {numerator} / {denominator}");
        }
        assert_eq!(decimal("1").proportion(decimal("1"), Decimal::ZERO, 2), Err(Overflow));
    }

    #[test]
    fn exponents_move_the_mark() {
        for (whole, fraction, exponent, expected) in
            [("1", "", 3, "1000"), ("1", "5", 3, "1500"), ("1", "", -6, "0.000001"), ("12", "34", 1, "123.4")]
        {
            assert_eq!(Decimal::from_digits(whole, fraction, exponent).unwrap().to_string(), expected);
        }
        assert_eq!(Decimal::from_digits("1", "", 39), Err(Overflow));
        assert_eq!(Decimal::from_digits("1", "", -39), Err(Overflow));
        assert_eq!(Decimal::from_digits("1", "", i32::MIN), Err(Overflow));
    }

    proptest! {
        #[test]
        fn text_and_back(mantissa in any::<i64>(), places in 0_u8..20) {
            let value = Decimal::new(i128::from(mantissa), places).unwrap();
            prop_assert_eq!(decimal(&value.to_string()), value);
        }

        #[test]
        fn sums_and_differences_undo_each_other(a in any::<i64>(), p in 0_u8..12, b in any::<i64>(), q in 0_u8..12) {
            let (a, b) = (Decimal::new(a.into(), p).unwrap(), Decimal::new(b.into(), q).unwrap());
            prop_assert_eq!(a.checked_add(b).unwrap().checked_sub(b).unwrap(), a);
        }

        #[test]
        fn nothing_panics(a in any::<i128>(), p in 0_u8..=38, b in any::<i128>(), q in 0_u8..=38, places in 0_u8..=38) {
            let (a, b) = (Decimal::new(a, p).unwrap(), Decimal::new(b, q).unwrap());
            let _ = (a.checked_add(b), a.checked_mul(b), a.checked_sub(b), a.proportion(b, a, places), a.proportion(a, b, places));
            let _ = (a.round(places), a.to_string(), a == b, a.normalised(), a.with_places(places));
        }
    }
}
