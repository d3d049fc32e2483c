// SPDX-License-Identifier: MIT OR Apache-2.0
//! Dates as journals write them: `2024-01-31`, `2024/1/31`, `2024.1.31`, and without the year where a default year is known.

use super::cursor::Cursor;
use super::date::Date;
use super::fault::{Code, Fault};

const EXPECTED: &str = "a date such as `2024-01-31`";

/// Reads a date. `default_year` is the year of one that names none.
pub(super) fn read(cursor: &mut Cursor<'_>, default_year: Option<u16>) -> Result<Date, Fault> {
    let start = *cursor;
    let first = cursor.digits();
    if first.is_empty() {
        return Err(cursor.fault(Code::Date, EXPECTED));
    }
    let separator = read_separator(cursor)?;
    let second = read_digits(cursor)?;
    let (year, month, day) = if first.len() >= 4 {
        if read_separator(cursor)? != separator {
            return Err(start.fault(Code::Date, "a date with the same separator twice, such as `2024-01-31`"));
        }
        (first.parse().ok(), second, read_digits(cursor)?)
    } else {
        let year = default_year.ok_or_else(|| {
            start.fault(
                Code::Date,
                "a date with a year: write one, add a line `Y2024` above, or set the option `default_year`",
            )
        })?;
        (Some(year), first, second)
    };
    let date = (year, month.parse().ok(), day.parse().ok());
    let (Some(year), Some(month), Some(day)) = date else {
        return Err(start.fault(Code::Date, "a day that exists in the years 1 to 9999"));
    };
    Date::new(year, month, day).ok_or_else(|| start.fault(Code::Date, "a day that exists in the years 1 to 9999"))
}

/// Reads `=2024-02-03`, the secondary date, if there is one; it takes its year from the primary date.
pub(super) fn read_secondary(cursor: &mut Cursor<'_>, primary: Date) -> Result<Option<Date>, Fault> {
    if cursor.eat("=") { read(cursor, Some(primary.year())).map(Some) } else { Ok(None) }
}

fn read_separator(cursor: &mut Cursor<'_>) -> Result<char, Fault> {
    match cursor.peek() {
        Some(c @ ('-' | '/' | '.')) => {
            cursor.next();
            Ok(c)
        }
        _ => Err(cursor.fault(Code::Date, "a separator of the date, `-`, `/` or `.`")),
    }
}

fn read_digits<'a>(cursor: &mut Cursor<'a>) -> Result<&'a str, Fault> {
    let digits = cursor.digits();
    if digits.is_empty() { Err(cursor.fault(Code::Date, "the digits of a date")) } else { Ok(digits) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, default_year: Option<u16>, expected: Result<&str, u32>) {
        let mut cursor = Cursor::new(1, text);
        let read = read(&mut cursor, default_year);
        let read = read.as_ref().map(ToString::to_string).map_err(|fault| fault.place.column);
        assert_eq!(read.as_deref().map_err(|column| *column), expected, "{text}");
    }

    #[test]
    fn dates() {
        for (text, year, expected) in [
            ("2024-01-31", None, Ok("2024-01-31")),
            ("2024/1/2 x", None, Ok("2024-01-02")),
            ("2024.1.2", None, Ok("2024-01-02")),
            ("1/2", Some(2020), Ok("2020-01-02")),
            ("1/2", None, Err(1)),
            ("2024-1/2", None, Err(1)),
            ("2024-02-30", None, Err(1)),
            ("2024-13-01", None, Err(1)),
            ("202-01-01", Some(2020), Err(1)),
            ("20201-01-01", None, Err(1)),
            ("2024-01", None, Err(8)),
            ("20240101", None, Err(9)),
            ("2024-", None, Err(6)),
            ("x", None, Err(1)),
        ] {
            check(text, year, expected);
        }
    }
}
