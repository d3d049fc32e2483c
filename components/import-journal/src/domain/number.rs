// SPDX-License-Identifier: MIT OR Apache-2.0
//! Numbers of a journal: digits in groups or not, a decimal mark, an exponent. A number with one mark between two groups of
//! digits (`1,000`) is ambiguous; a declared decimal mark decides, and without one the mark is the decimal mark, as
//! hledger 1.25 has it.

use super::cursor::Cursor;
use super::decimal::Decimal;
use super::fault::{Code, Fault};

/// A decimal mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// `.`
    Period,
    /// `,`
    Comma,
}

impl Mark {
    /// The mark that a character is.
    #[must_use]
    pub(super) const fn from_char(c: char) -> Option<Self> {
        match c {
            '.' => Some(Self::Period),
            ',' => Some(Self::Comma),
            _ => None,
        }
    }
}

/// A number as it was read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number {
    /// Its value.
    pub(super) value: Decimal,
    /// The decimal mark that it was written with.
    pub(super) mark: Option<Mark>,
}

/// The digits of a number before its value is known.
struct Raw<'a> {
    groups: Vec<&'a str>,
    separator: Option<char>,
    mark: Option<(Mark, &'a str)>,
}

/// Reads a number without a sign; `declared` is the decimal mark that a directive declared.
pub(super) fn read(cursor: &mut Cursor<'_>, declared: Option<Mark>) -> Result<Number, Fault> {
    let start = *cursor;
    let raw = disambiguate(read_raw(cursor)?, declared);
    if cursor.peek().and_then(Mark::from_char).is_some() {
        return Err(cursor.fault(Code::Number, "no further separator: this number has its decimal mark already"));
    }
    if cursor.rest().strip_prefix(' ').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())) {
        return Err(
            cursor.fault(Code::Number, "no further digits after a number with another separator than the space")
        );
    }
    let exponent = read_exponent(cursor);
    if exponent.is_some() && raw.separator.is_some() {
        return Err(start.fault(Code::Number, "either digit groups or an exponent, not both in one number"));
    }
    let whole = raw.groups.concat();
    let fraction = raw.mark.map_or("", |(_, digits)| digits);
    let value = exponent
        .map_or(Some(0), |digits| digits.parse().ok())
        .and_then(|exponent| Decimal::from_digits(&whole, fraction, exponent).ok())
        .ok_or_else(|| start.fault(Code::Number, "a number of at most 38 digits"))?;
    Ok(Number { value, mark: raw.mark.map(|(mark, _)| mark) })
}

fn read_raw<'a>(cursor: &mut Cursor<'a>) -> Result<Raw<'a>, Fault> {
    let missing = || cursor.fault(Code::Number, "a number");
    let first = cursor.peek().ok_or_else(missing)?;
    if let Some(mark) = Mark::from_char(first) {
        let fault = missing();
        cursor.next();
        let fraction = cursor.digits();
        return if fraction.is_empty() {
            Err(fault)
        } else {
            Ok(Raw { groups: vec![], separator: None, mark: Some((mark, fraction)) })
        };
    }
    if !first.is_ascii_digit() {
        return Err(missing());
    }
    let mut raw = Raw { groups: vec![cursor.digits()], separator: None, mark: None };
    if let Some((separator, group)) = next_group(cursor, |c| c == ' ' || Mark::from_char(c).is_some()) {
        raw.separator = Some(separator);
        raw.groups.push(group);
        while let Some((_, group)) = next_group(cursor, |c| c == separator) {
            raw.groups.push(group);
        }
    }
    let mark = cursor.peek().filter(|c| Some(*c) != raw.separator).and_then(Mark::from_char);
    if let Some(mark) = mark {
        cursor.next();
        raw.mark = Some((mark, cursor.digits()));
    }
    Ok(raw)
}

/// Takes a separator and the digits after it, if both are there.
fn next_group<'a>(cursor: &mut Cursor<'a>, is_separator: impl Fn(char) -> bool) -> Option<(char, &'a str)> {
    let mut ahead = *cursor;
    let separator = ahead.next().filter(|c| is_separator(*c))?;
    let group = ahead.digits();
    if group.is_empty() {
        return None;
    }
    *cursor = ahead;
    Some((separator, group))
}

/// Decides what the one separator between two groups of digits is.
fn disambiguate(raw: Raw<'_>, declared: Option<Mark>) -> Raw<'_> {
    let (Some(separator), None, [whole, fraction]) =
        (raw.separator.and_then(Mark::from_char), raw.mark, raw.groups.as_slice())
    else {
        return raw;
    };
    if declared.is_none_or(|mark| mark == separator) {
        Raw { groups: vec![whole], separator: None, mark: Some((separator, fraction)) }
    } else {
        raw
    }
}

/// Takes `E-6` and gives back the sign and digits of the exponent; an `E` without digits is left for the commodity.
fn read_exponent<'a>(cursor: &mut Cursor<'a>) -> Option<&'a str> {
    let mut ahead = *cursor;
    ahead.next().filter(|c| matches!(c, 'e' | 'E'))?;
    let start = ahead;
    if !ahead.eat("-") {
        ahead.eat("+");
    }
    if ahead.digits().is_empty() {
        return None;
    }
    *cursor = ahead;
    let length = start.rest().len().saturating_sub(ahead.rest().len());
    start.rest().get(..length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_what_follows() {
        use Mark::{Comma, Period};
        for (text, declared, expected) in [
            ("1", None, "1|"),
            ("1,000", None, "1.000|"),
            ("1,000", Some(Period), "1000|"),
            ("1,000", Some(Comma), "1.000|"),
            ("1.000", Some(Comma), "1000|"),
            ("1,000.00", None, "1000.00|"),
            ("1.000,00", Some(Period), "1000.00|"),
            ("1,00,000", None, "100000|"),
            ("1,00,000.5 EUR", None, "100000.5| EUR"),
            ("1 000", None, "1000|"),
            ("1 000,5", None, "1000.5|"),
            ("1 000.", None, "1000|"),
            (".5", None, "0.5|"),
            (",5", None, "0.5|"),
            ("5.", None, "5|"),
            ("1E3", None, "1000|"),
            ("1,5E3", None, "1500|"),
            ("1e-2", None, "0.01|"),
            ("1E+2", None, "100|"),
            ("1EUR", None, "1|EUR"),
            ("1E", None, "1|E"),
            ("1;c", None, "1|;c"),
            ("00012", None, "12|"),
        ] {
            let mut cursor = Cursor::new(1, text);
            let number = read(&mut cursor, declared).unwrap_or_else(|fault| panic!("{text}: {fault}"));
            assert_eq!(format!("{}|{}", number.value, cursor.rest()), expected, "{text} {declared:?}");
        }
    }

    #[test]
    fn what_is_no_number() {
        for (text, column) in [
            ("", 1),
            ("x", 1),
            (".", 1),
            (",x", 1),
            ("1..2", 3),
            ("1,000.5,3", 8),
            ("1,2,3.4.5", 8),
            ("1.5 000", 4),
            ("1 000E2", 1),
            ("1E99999999999", 1),
            ("9999999999999999999999999999999999999999", 1),
            ("٣", 1),
        ] {
            let mut cursor = Cursor::new(1, text);
            let fault = read(&mut cursor, None).expect_err(text);
            assert_eq!((fault.code, fault.place.column), (Code::Number, column), "{text}: {fault}");
        }
    }
}
