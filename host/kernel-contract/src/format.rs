// SPDX-License-Identifier: MIT OR Apache-2.0
//! The well-known text formats of `cortex:types@1`: what a value must look like, checked whenever it crosses the boundary.
//!
//! Only the form is checked. Whether an amount has as many decimals as its currency allows, or whether a currency exists,
//! is the domain's business.

/// A well-known text format. The definition of each is the documentation in `wit/types-1.0.0/types.wit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// `decimal`
    Decimal,
    /// `currency-code`
    CurrencyCode,
    /// `date`
    Date,
    /// `date-time`
    DateTime,
    /// `uuid`
    Uuid,
}

/// Digits of a decimal, all of the integer part but a lone zero and all after the point: they fit an `i128`.
const DECIMAL_DIGITS_MAX: usize = 38;

impl Format {
    /// Every format.
    pub const ALL: &'static [Self] = &[Self::Decimal, Self::CurrencyCode, Self::Date, Self::DateTime, Self::Uuid];

    /// Its name in `cortex:types`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Decimal => "decimal",
            Self::CurrencyCode => "currency-code",
            Self::Date => "date",
            Self::DateTime => "date-time",
            Self::Uuid => "uuid",
        }
    }

    /// What a right value is, for an error.
    #[must_use]
    pub const fn expected(self) -> &'static str {
        match self {
            Self::Decimal => {
                "a decimal number such as `-12.50`: no exponent, no leading zeros, at most 38 digits, never `-0`"
            }
            Self::CurrencyCode => "a currency code of three upper-case letters such as `EUR` (ISO 4217)",
            Self::Date => "a calendar date such as `2026-02-28` (RFC 3339), years 0001 to 9999",
            Self::DateTime => {
                "an instant in UTC such as `2026-02-28T23:59:59.5Z` (RFC 3339), at most nine decimals of a second"
            }
            Self::Uuid => "a lower-case hyphenated UUID such as `01890a5d-ac96-774b-bcce-b302099a8057` (RFC 9562)",
        }
    }

    /// Whether the text has the format.
    #[must_use]
    pub fn accepts(self, text: &str) -> bool {
        match self {
            Self::Decimal => is_decimal(text),
            Self::CurrencyCode => text.len() == 3 && text.bytes().all(|b| b.is_ascii_uppercase()),
            Self::Date => is_date(text.as_bytes()),
            Self::DateTime => is_date_time(text.as_bytes()),
            Self::Uuid => is_uuid(text.as_bytes()),
        }
    }
}

fn is_decimal(text: &str) -> bool {
    let (negative, number) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (integer, fraction) = match number.split_once('.') {
        Some((_, "")) => return false,
        Some((integer, fraction)) => (integer, fraction),
        None => (number, ""),
    };
    let counted = if integer == "0" { 0 } else { integer.len() };
    !integer.is_empty()
        && (integer == "0" || !integer.starts_with('0'))
        && counted.saturating_add(fraction.len()) <= DECIMAL_DIGITS_MAX
        && integer.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit())
        && !(negative && number.bytes().all(|b| matches!(b, b'0' | b'.')))
}

/// The number that the digits write; `None` where one is no digit.
fn number(digits: &[u8]) -> Option<i16> {
    digits.iter().try_fold(0_i16, |number, digit| match digit {
        b'0'..=b'9' => number.checked_mul(10)?.checked_add(i16::from(*digit - b'0')),
        _ => None,
    })
}

fn small_number(digits: &[u8]) -> Option<i8> {
    number(digits).and_then(|n| i8::try_from(n).ok())
}

fn is_date(text: &[u8]) -> bool {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text else { return false };
    let (Some(year), Some(month), Some(day)) =
        (number(&[*y1, *y2, *y3, *y4]), small_number(&[*m1, *m2]), small_number(&[*d1, *d2]))
    else {
        return false;
    };
    year >= 1 && jiff::civil::Date::new(year, month, day).is_ok()
}

fn is_date_time(text: &[u8]) -> bool {
    let Some((date, rest)) = text.split_at_checked(10) else { return false };
    let [b'T', h1, h2, b':', m1, m2, b':', s1, s2, rest @ .., b'Z'] = rest else { return false };
    let (Some(hour), Some(minute), Some(second)) =
        (small_number(&[*h1, *h2]), small_number(&[*m1, *m2]), small_number(&[*s1, *s2]))
    else {
        return false;
    };
    let fraction = match rest {
        [] => true,
        [b'.', digits @ ..] => (1..=9).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    fraction && is_date(date) && jiff::civil::Time::new(hour, minute, second, 0).is_ok()
}

fn is_uuid(text: &[u8]) -> bool {
    text.len() == 36
        && text.iter().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(format: Format, right: &[&str], wrong: &[&str]) {
        for text in right {
            assert!(format.accepts(text), "{format:?} refuses {text}");
        }
        for text in wrong {
            assert!(!format.accepts(text), "{format:?} accepts {text}");
        }
    }

    #[test]
    fn decimals() {
        let most = "9".repeat(38);
        let small = format!("-0.{}1", "0".repeat(37));
        let long = "1".repeat(39);
        let split = format!("{}.{}", "1".repeat(20), "1".repeat(19));
        check(
            Format::Decimal,
            &["0", "0.0", "1", "-1", "10", "1.50", "-0.01", "0.10", &most, &small],
            &[
                "", "-", ".", "1.", ".5", "-.5", "00", "01", "-0", "-0.0", "-0.00", "+1", "1e3", "1E3", "1,5", " 1",
                "1 ", "1.2.3", "NaN", "１", "--1", "1-", &long, &split,
            ],
        );
    }

    #[test]
    fn currency_codes() {
        check(Format::CurrencyCode, &["EUR", "XXX"], &["", "EU", "EURO", "eur", "E1R", "EÜR", "ÄÖ"]);
    }

    #[test]
    fn dates() {
        check(
            Format::Date,
            &["2026-02-28", "2024-02-29", "0001-01-01", "9999-12-31"],
            &[
                "2026-02-29",
                "1900-02-29",
                "0000-01-01",
                "2026-2-28",
                "20260228",
                "2026-13-01",
                "2026-00-01",
                "2026-01-00",
                "2026-01-32",
                "+2026-01-01",
                "-001-01-01",
                "2026-01-01T00:00:00Z",
                "10000-01-01",
                "",
            ],
        );
    }

    #[test]
    fn instants() {
        check(
            Format::DateTime,
            &["2026-02-28T23:59:59Z", "2026-02-28T00:00:00.0Z", "2026-02-28T23:59:59.123456789Z"],
            &[
                "2026-02-28T23:59:60Z",
                "2026-02-28T24:00:00Z",
                "2026-02-28T23:60:00Z",
                "2026-02-28t23:59:59z",
                "2026-02-28 23:59:59Z",
                "2026-02-28T23:59:59+00:00",
                "2026-02-28T23:59:59.Z",
                "2026-02-28T23:59:59",
                "2026-02-28T23:59:59.1234567890Z",
                "2026-02-30T23:59:59Z",
                "2026-02-28",
                "",
                "äääääääääääääääääää",
            ],
        );
    }

    #[test]
    fn uuids() {
        check(
            Format::Uuid,
            &["01890a5d-ac96-774b-bcce-b302099a8057", "00000000-0000-0000-0000-000000000000"],
            &[
                "01890A5D-AC96-774B-BCCE-B302099A8057",
                "01890a5dac96774bbcceb302099a8057",
                "",
                "{01890a5d-ac96-774b-bcce-b302099a8057}",
                "01890a5d-ac96-774b-bcce-b302099a805g",
            ],
        );
    }
}
