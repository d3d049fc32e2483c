// SPDX-License-Identifier: MIT OR Apache-2.0
//! Exact decimal numbers: from the text of `cortex:types/decimal` to integers and back. No arithmetic beyond that.

/// The largest amount of one line, in minor units: 18 digits. Nine of them add up within 64 bits.
pub(crate) const MINOR_MAX: i64 = 999_999_999_999_999_999;

/// The most significant digits of a decimal, as `cortex:types/decimal` says.
const DIGITS_MAX: usize = 38;

/// A decimal number: `mantissa / 10^scale`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    /// All digits, with the sign.
    pub(crate) mantissa: i128,
    /// How many of the digits are decimals.
    pub(crate) scale: u32,
}

/// Why a decimal is no amount of a currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AmountFault {
    /// It has non-zero digits beyond the currency's decimals.
    TooManyDecimals,
    /// It has more than 18 digits in minor units.
    TooLarge,
}

impl Decimal {
    /// Reads `-?(0|[1-9][0-9]*)(\.[0-9]+)?` with at most 38 significant digits; `-0` is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, decimals) = match digits.split_once('.') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (digits, ""),
        };
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty()
            || (whole.len() > 1 && whole.starts_with('0'))
            || !all_digits(whole)
            || !all_digits(decimals)
        {
            return None;
        }
        if decimals.len() > DIGITS_MAX || whole.len().saturating_add(decimals.len()) > DIGITS_MAX + 1 {
            return None;
        }
        let mantissa = whole
            .bytes()
            .chain(decimals.bytes())
            .try_fold(0_i128, |sum, byte| sum.checked_mul(10)?.checked_add(i128::from(byte.checked_sub(b'0')?)))?;
        if significant_digits(mantissa) > DIGITS_MAX || (negative && mantissa == 0) {
            return None;
        }
        Some(Self { mantissa: if negative { -mantissa } else { mantissa }, scale: u32::try_from(decimals.len()).ok()? })
    }

    /// The number in minor units of a currency with that many decimals.
    pub(crate) fn to_minor(self, decimals: u32) -> Result<i64, AmountFault> {
        let mut mantissa = self.mantissa;
        if let Some(excess) = self.scale.checked_sub(decimals) {
            let divisor = power_of_ten(excess).ok_or(AmountFault::TooManyDecimals)?;
            if mantissa % divisor != 0 {
                return Err(AmountFault::TooManyDecimals);
            }
            mantissa /= divisor;
        } else {
            let factor = power_of_ten(decimals - self.scale).ok_or(AmountFault::TooLarge)?;
            mantissa = mantissa.checked_mul(factor).ok_or(AmountFault::TooLarge)?;
        }
        match i64::try_from(mantissa) {
            Ok(minor) if (-MINOR_MAX..=MINOR_MAX).contains(&minor) => Ok(minor),
            _ => Err(AmountFault::TooLarge),
        }
    }
}

fn significant_digits(mantissa: i128) -> usize {
    mantissa.checked_ilog10().map_or(1, |log| log as usize + 1)
}

/// `10^exponent`, where it fits.
pub(crate) fn power_of_ten(exponent: u32) -> Option<i128> {
    10_i128.checked_pow(exponent)
}

/// Minor units as a decimal with exactly that many decimals: `(-5, 2)` is `-0.05`.
pub(crate) fn format_minor(minor: i128, decimals: u32) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    let magnitude = minor.unsigned_abs();
    match 10_u128.checked_pow(decimals) {
        Some(unit) if decimals > 0 => {
            format!("{sign}{}.{:0width$}", magnitude / unit, magnitude % unit, width = decimals as usize)
        }
        _ => format!("{sign}{magnitude}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn decimals_are_read_as_the_type_says() {
        let cases: &[(&str, Option<(i128, u32)>)] = &[
            ("0", Some((0, 0))),
            ("12.30", Some((1230, 2))),
            ("-0.05", Some((-5, 2))),
            ("0.0", Some((0, 1))),
            ("99999999999999999999999999999999999999", Some((10_i128.pow(38) - 1, 0))),
            ("999999999999999999999999999999999999999", None),
            ("100000000000000000000000000000000000000", None),
            ("0.00000000000000000000000000000000000001", Some((1, 38))),
            ("0.000000000000000000000000000000000000001", None),
            ("", None),
            ("-", None),
            ("-0", None),
            ("-0.00", None),
            ("01", None),
            ("+1", None),
            ("1.", None),
            (".5", None),
            ("1e3", None),
            ("1_000", None),
            ("1,5", None),
            ("NaN", None),
            ("1.2.3", None),
            (" 1", None),
            ("١", None),
        ];
        for (text, expected) in cases {
            let parsed = Decimal::parse(text).map(|d| (d.mantissa, d.scale));
            assert_eq!(parsed, *expected, "{text}");
        }
    }

    #[test]
    fn amounts_fit_their_currency_or_are_refused() {
        let cases: &[(&str, u32, Result<i64, AmountFault>)] = &[
            ("12.3", 2, Ok(1230)),
            ("12.3400", 2, Ok(1234)),
            ("12.345", 2, Err(AmountFault::TooManyDecimals)),
            ("7", 0, Ok(7)),
            ("7.5", 0, Err(AmountFault::TooManyDecimals)),
            ("0.00000000000000000000000000000000000001", 2, Err(AmountFault::TooManyDecimals)),
            ("9999999999999999.99", 2, Ok(MINOR_MAX)),
            ("10000000000000000.00", 2, Err(AmountFault::TooLarge)),
            ("99999999999999999999999999999999999999", 12, Err(AmountFault::TooLarge)),
            ("9007199254740993", 2, Ok(900_719_925_474_099_300)),
        ];
        for (text, decimals, expected) in cases {
            assert_eq!(Decimal::parse(text).expect(text).to_minor(*decimals), *expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn minor_units_survive_text(minor in -MINOR_MAX..=MINOR_MAX, decimals in 0_u32..=12) {
            let text = format_minor(minor.into(), decimals);
            prop_assert_eq!(Decimal::parse(&text).expect("a decimal").to_minor(decimals), Ok(minor));
        }
    }
}
