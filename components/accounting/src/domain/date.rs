// SPDX-License-Identifier: MIT OR Apache-2.0
//! Calendar dates of the proleptic Gregorian calendar, years 0001 to 9999. No clock and no time zones.

use std::fmt;

/// A date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// A date that exists.
    pub(crate) fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let exists =
            (1..=9999).contains(&year) && (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day);
        exists.then_some(Self { year, month, day })
    }

    /// Reads RFC 3339 `full-date`: `2026-02-28`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let [_, _, _, _, b'-', _, _, b'-', _, _] = bytes else { return None };
        let number = |range| {
            let digits: &str = text.get(range)?;
            digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<u16>().ok()).flatten()
        };
        let (month, day) = (u8::try_from(number(5..7)?).ok()?, u8::try_from(number(8..10)?).ok()?);
        Self::new(number(0..4)?, month, day)
    }

    /// The year.
    pub(crate) const fn year(self) -> u16 {
        self.year
    }

    /// The first day of its month.
    pub(crate) const fn first_of_month(self) -> Self {
        Self { day: 1, ..self }
    }

    /// Whether it is the last day of its month.
    pub(crate) fn is_last_of_month(self) -> bool {
        self.day == days_in(self.year, self.month)
    }

    /// Its month as text that sorts by time: `2026-02`.
    pub(crate) fn month_text(self) -> String {
        format!("{:04}-{:02}", self.year, self.month)
    }

    /// The day after; none after 9999-12-31.
    pub(crate) fn next_day(self) -> Option<Self> {
        Self::new(self.year, self.month, self.day + 1).or_else(|| self.first_of_month().add_months(1))
    }

    /// The day before; none before 0001-01-01.
    pub(crate) fn previous_day(self) -> Option<Self> {
        if self.day > 1 {
            return Some(Self { day: self.day - 1, ..self });
        }
        let (year, month) = if self.month > 1 { (self.year, self.month - 1) } else { (self.year - 1, 12) };
        Self::new(year, month, days_in(year, month))
    }

    /// The same day that many months later; the last of the month where it is shorter.
    pub(crate) fn add_months(self, months: u16) -> Option<Self> {
        let since_zero = u32::from(self.year) * 12 + u32::from(self.month) - 1 + u32::from(months);
        let (year, month) = (u16::try_from(since_zero / 12).ok()?, u8::try_from(since_zero % 12).ok()? + 1);
        Self::new(year, month, self.day.min(days_in(year, month)))
    }
}

const fn days_in(year: u16, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_dates_that_exist_are_read() {
        for text in ["2026-02-28", "2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31"] {
            assert_eq!(Date::parse(text).expect(text).to_string(), text);
        }
        let wrong = [
            "",
            "2026-2-8",
            "2026-02-29",
            "1900-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-04-31",
            "0000-01-01",
            "2026/01/01",
            "2026-01-01T00:00:00Z",
            "20260101",
            "+026-01-01",
            "2026-+1-01",
            "２０２６-01",
            "ab26-01-01",
        ];
        for text in wrong {
            assert_eq!(Date::parse(text), None, "{text}");
        }
    }

    #[test]
    fn months_are_added_and_clamped() {
        let cases = [
            ("2026-01-31", 1, Some("2026-02-28")),
            ("2024-01-31", 1, Some("2024-02-29")),
            ("2026-04-06", 12, Some("2027-04-06")),
            ("2026-12-01", 1, Some("2027-01-01")),
            ("9999-12-31", 1, None),
        ];
        for (from, months, expected) in cases {
            let sum = Date::parse(from).expect(from).add_months(months).map(|date| date.to_string());
            assert_eq!(sum.as_deref(), expected, "{from} + {months}");
        }
        assert_eq!(Date::new(9999, 12, 31).and_then(Date::next_day), None);
        assert_eq!(Date::new(1, 1, 1).and_then(Date::previous_day), None);
    }

    proptest! {
        #[test]
        fn next_and_previous_are_opposite(year in 1_u16..9999, month in 1_u8..=12, day in 1_u8..=28) {
            let date = Date::new(year, month, day).expect("exists");
            let next = date.next_day().expect("not the last");
            prop_assert!(next > date && next.to_string() > date.to_string());
            prop_assert_eq!(next.previous_day(), Some(date));
        }
    }
}
