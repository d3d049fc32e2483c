// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which fiscal years books need beyond those that the ledger has: calendar years, or years that begin on the day on which
//! the ledger's other years begin.

use super::date::Date;
use super::ledger::FiscalYear;

/// The year that holds a day, if none of `existing` does.
///
/// # Errors
/// A year made by the rule would overlap with one that exists, or its code is taken.
pub(super) fn missing(existing: &[FiscalYear], day: Date) -> Result<Option<FiscalYear>, String> {
    if existing.iter().any(|year| (year.starts_on..=year.ends_on).contains(&day)) {
        return Ok(None);
    }
    let begin = existing.first().map_or((1, 1), |year| (year.starts_on.month(), year.starts_on.day()));
    let year =
        made(begin, day).ok_or_else(|| format!("no fiscal year can be made for {day}: create one that holds it"))?;
    let clash = existing
        .iter()
        .find(|other| other.code == year.code || (other.starts_on <= year.ends_on && year.starts_on <= other.ends_on));
    match clash {
        None => Ok(Some(year)),
        Some(other) => Err(format!(
            "no fiscal year holds {day}, and one from {} to {} would clash with `{}`: create one that holds it",
            year.starts_on, year.ends_on, other.code
        )),
    }
}

/// The year that begins on that month and day and holds `day`.
fn made((month, first): (u8, u8), day: Date) -> Option<FiscalYear> {
    let start = |year: u16| Date::new(year, month, first).or_else(|| Date::new(year, month, 28));
    let this = start(day.year())?;
    let starts_on = if this <= day { this } else { start(day.year().checked_sub(1)?)? };
    let next = starts_on.year().checked_add(1)?;
    let ends_on = match start(next) {
        Some(next) => next.previous()?,
        None => Date::new(starts_on.year(), 12, 31)?,
    };
    let code = if (month, first) == (1, 1) {
        format!("{:04}", starts_on.year())
    } else {
        format!("FY{:04}-{:02}", starts_on.year(), next % 100)
    };
    Some(FiscalYear { code, starts_on, ends_on })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn year(code: &str, starts_on: &str, ends_on: &str) -> FiscalYear {
        FiscalYear { code: code.to_owned(), starts_on: starts_on.parse().unwrap(), ends_on: ends_on.parse().unwrap() }
    }

    fn check(existing: &[FiscalYear], day: &str, expected: Result<Option<FiscalYear>, ()>) {
        assert_eq!(missing(existing, day.parse().unwrap()).map_err(|_| ()), expected, "{day}");
    }

    #[test]
    fn years_follow_the_ledger() {
        check(&[], "2024-05-06", Ok(Some(year("2024", "2024-01-01", "2024-12-31"))));
        check(&[], "9999-05-06", Ok(Some(year("9999", "9999-01-01", "9999-12-31"))));
        let calendar = [year("2024", "2024-01-01", "2024-12-31")];
        check(&calendar, "2024-12-31", Ok(None));
        check(&calendar, "2023-01-01", Ok(Some(year("2023", "2023-01-01", "2023-12-31"))));
        let july = [year("A", "2024-07-01", "2025-06-30")];
        check(&july, "2024-06-30", Ok(Some(year("FY2023-24", "2023-07-01", "2024-06-30"))));
        check(&july, "2025-07-01", Ok(Some(year("FY2025-26", "2025-07-01", "2026-06-30"))));
        check(&[year("short", "2024-01-01", "2024-06-30")], "2024-07-01", Err(()));
        check(&[year("2023", "2024-01-01", "2024-12-31")], "2023-07-01", Err(()));
    }
}
