// SPDX-License-Identifier: MIT OR Apache-2.0
//! Calendar dates in the proleptic Gregorian calendar, years 1 to 9999, as `cortex:types` has them.

use std::fmt;

/// A date that exists. It sorts by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// The date, if there is such a day.
    #[must_use]
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let valid =
            (1..=9999).contains(&year) && (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day);
        valid.then_some(Self { year, month, day })
    }

    /// The year, 1 to 9999.
    #[must_use]
    pub const fn year(self) -> u16 {
        self.year
    }

    /// The month, 1 to 12.
    #[must_use]
    pub const fn month(self) -> u8 {
        self.month
    }

    /// The day of the month, from 1.
    #[must_use]
    pub const fn day(self) -> u8 {
        self.day
    }

    /// The day before; none before the first day of year 1.
    #[must_use]
    pub fn previous(self) -> Option<Self> {
        if let Some(day) = self.day.checked_sub(1).filter(|day| *day > 0) {
            return Self::new(self.year, self.month, day);
        }
        match self.month.checked_sub(1).filter(|month| *month > 0) {
            Some(month) => Self::new(self.year, month, days_in(self.year, month)),
            None => Self::new(self.year.checked_sub(1)?, 12, 31),
        }
    }
}

/// The days of a month.
fn days_in(year: u16, month: u8) -> u8 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl fmt::Display for Date {
    /// RFC 3339 `full-date`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl std::str::FromStr for Date {
    type Err = ();

    /// Reads RFC 3339 `full-date`.
    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.split('-');
        let mut part =
            |width: usize| parts.next().filter(|part| part.len() == width && part.bytes().all(|b| b.is_ascii_digit()));
        let (year, month, day) = (part(4).ok_or(())?, part(2).ok_or(())?, part(2).ok_or(())?);
        if parts.next().is_some() {
            return Err(());
        }
        let date = (year.parse().ok(), month.parse().ok(), day.parse().ok());
        let (Some(year), Some(month), Some(day)) = date else { return Err(()) };
        Self::new(year, month, day).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_days_that_exist() {
        for (text, exists) in [
            ("2024-02-29", true),
            ("2023-02-29", false),
            ("1900-02-29", false),
            ("2000-02-29", true),
            ("2024-04-31", false),
            ("0001-01-01", true),
            ("0000-01-01", false),
            ("2024-13-01", false),
            ("2024-1-01", false),
            ("2024-01-01-01", false),
            ("+024-01-01", false),
        ] {
            assert_eq!(text.parse::<Date>().is_ok(), exists, "{text}");
        }
    }

    #[test]
    fn the_day_before() {
        for (day, before) in [("2024-03-01", "2024-02-29"), ("2024-01-01", "2023-12-31"), ("2024-05-10", "2024-05-09")]
        {
            assert_eq!(day.parse::<Date>().unwrap().previous().unwrap().to_string(), before);
        }
        assert_eq!("0001-01-01".parse::<Date>().unwrap().previous(), None);
    }

    #[test]
    fn prints_as_it_reads() {
        assert_eq!("0987-06-05".parse::<Date>().unwrap().to_string(), "0987-06-05");
    }
}
