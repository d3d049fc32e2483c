// SPDX-License-Identifier: MIT OR Apache-2.0
//! Fiscal years and periods: how a year is divided, and what may happen to a period.

use super::date::Date;
use super::problem::{Answer, At, Faults, Problem, quote};
use super::text::check_short_code;

/// Fiscal years of one ledger: all are listed in one answer.
pub(crate) const FISCAL_YEARS_MAX: usize = 500;
/// Months of a fiscal year: the longest that any company law allows, with room.
const MONTHS_MAX: u16 = 24;

/// How a fiscal year is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PeriodLength {
    /// By months.
    Monthly,
    /// By three months.
    Quarterly,
}

/// What may happen in a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PeriodState {
    /// It takes entries.
    Open,
    /// It takes none and may be opened again.
    Closed,
    /// It takes none, for good.
    Locked,
}

/// A fiscal year as the caller gives it.
#[derive(Clone, Debug)]
pub(crate) struct FiscalYearInput {
    /// Its code.
    pub(crate) code: String,
    /// Its first day.
    pub(crate) starts_on: String,
    /// Its last day.
    pub(crate) ends_on: Option<String>,
    /// How it is divided.
    pub(crate) periods: PeriodLength,
}

/// A period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Period {
    /// Its code.
    pub(crate) code: String,
    /// Its fiscal year.
    pub(crate) fiscal_year: String,
    /// Its first day.
    pub(crate) starts_on: Date,
    /// Its last day.
    pub(crate) ends_on: Date,
    /// What may happen in it.
    pub(crate) state: PeriodState,
}

/// A fiscal year.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FiscalYear {
    /// Its code.
    pub(crate) code: String,
    /// Its first day.
    pub(crate) starts_on: Date,
    /// Its last day.
    pub(crate) ends_on: Date,
    /// Its periods, in order.
    pub(crate) periods: Vec<Period>,
}

/// Checks a fiscal year that is to be created beside the existing ones, and divides it.
pub(crate) fn check(input: &FiscalYearInput, existing: &[FiscalYear], at: &At<'_>) -> Answer<FiscalYear> {
    let mut faults = Faults::default();
    check_short_code(&input.code, &at.key("code"), &mut faults);
    if existing.iter().any(|year| year.code == input.code) {
        faults.conflict(
            &at.key("code"),
            "fiscal-year-exists",
            format!("there is a fiscal year {} already", quote(&input.code)),
        );
    }
    let taken = |code: &str| existing.iter().flat_map(|year| &year.periods).any(|period| period.code == code);
    if taken(&input.code) {
        let message = format!("{} is the code of a period; choose another code", quote(&input.code));
        faults.conflict(&at.key("code"), "period-exists", message);
    }
    if existing.len() >= FISCAL_YEARS_MAX {
        let message = format!("the ledger has {FISCAL_YEARS_MAX} fiscal years, the most that it can have");
        faults.conflict(&at.key("code"), "too-many-fiscal-years", message);
    }
    let days = check_days(input, at, &mut faults);
    if let Some((first, last)) = days
        && let Some(other) = existing.iter().find(|year| year.starts_on <= last && first <= year.ends_on)
    {
        let message = format!(
            "{first} to {last} overlaps the fiscal year {}, {} to {}",
            quote(&other.code),
            other.starts_on,
            other.ends_on
        );
        faults.conflict(&at.key("starts_on"), "fiscal-year-overlaps", message);
    }
    faults.into_answer()?;
    let (starts_on, ends_on) = days.ok_or_else(|| Problem::internal("a fiscal year without days passed its check"))?;
    let periods = divide(&input.code, starts_on, ends_on, input.periods);
    let mut faults = Faults::default();
    // Reports take the code of a period or of a fiscal year: no two may be the same.
    let clash = |code: &str| taken(code) || existing.iter().any(|year| year.code == code);
    if let Some(period) = periods.iter().find(|period| clash(&period.code)) {
        let message = format!(
            "the period {} would have the code of an existing period or fiscal year; choose another code",
            quote(&period.code)
        );
        faults.conflict(&at.key("code"), "period-exists", message);
    }
    faults.into_answer()?;
    Ok(FiscalYear { code: input.code.clone(), starts_on, ends_on, periods })
}

fn check_days(input: &FiscalYearInput, at: &At<'_>, faults: &mut Faults) -> Option<(Date, Date)> {
    let first = check_date(&input.starts_on, &at.key("starts_on"), faults);
    let last = match &input.ends_on {
        Some(text) => check_date(text, &at.key("ends_on"), faults),
        None => first.and_then(|first| twelve_months_from(first, &at.key("starts_on"), faults)),
    };
    let (first, last) = (first?, last?);
    if last < first {
        faults.invalid(&at.key("ends_on"), "ends-before-start", format!("{last} lies before the first day {first}"));
        return None;
    }
    if first.add_months(MONTHS_MAX).is_some_and(|limit| last >= limit) {
        faults.invalid(
            &at.key("ends_on"),
            "fiscal-year-too-long",
            format!("{first} to {last} is longer than {MONTHS_MAX} months"),
        );
        return None;
    }
    Some((first, last))
}

/// The last day of twelve months; a fault where the calendar ends before.
fn twelve_months_from(first: Date, at: &At<'_>, faults: &mut Faults) -> Option<Date> {
    let last = match first.add_months(12) {
        Some(next) => next.previous_day(),
        // The year 9999 as a whole ends with the calendar.
        None => Date::new(9999, 12, 31).filter(|_| first.to_string() == "9999-01-01"),
    };
    if last.is_none() {
        let message = format!("twelve months from {first} end after 9999-12-31; give `ends_on`");
        faults.invalid(at, "date-out-of-range", message);
    }
    last
}

/// Reads a date of the input.
pub(crate) fn check_date(text: &str, at: &At<'_>, faults: &mut Faults) -> Option<Date> {
    let date = Date::parse(text);
    if date.is_none() {
        faults.invalid(at, "not-a-date", format!("{} is no date such as `2026-02-28`", quote(text)));
    }
    date
}

fn divide(code: &str, first: Date, last: Date, length: PeriodLength) -> Vec<Period> {
    let months: u16 = match length {
        PeriodLength::Monthly => 1,
        PeriodLength::Quarterly => 3,
    };
    let start_of = |number: u16| first.add_months(number.saturating_mul(months)).filter(|start| *start <= last);
    let mut periods = Vec::new();
    for number in 0..=MONTHS_MAX {
        let Some(starts_on) = start_of(number) else { break };
        let ends_on = start_of(number + 1).and_then(Date::previous_day).unwrap_or(last);
        let ordinal = number + 1;
        let code = match length {
            PeriodLength::Monthly => format!("{code}-{ordinal:02}"),
            PeriodLength::Quarterly => format!("{code}-Q{ordinal}"),
        };
        periods.push(Period { code, fiscal_year: String::new(), starts_on, ends_on, state: PeriodState::Open });
    }
    for period in &mut periods {
        code.clone_into(&mut period.fiscal_year);
    }
    periods
}

/// What a user asks of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Take no further entry.
    Close,
    /// Take entries again.
    Open,
    /// Take none for good.
    Lock,
}

/// The state after a step; refused where the period's state forbids it.
pub(crate) fn step(period: &Period, step: Step) -> Answer<PeriodState> {
    match (period.state, step) {
        (PeriodState::Locked, Step::Lock) | (PeriodState::Closed, Step::Lock) => Ok(PeriodState::Locked),
        (PeriodState::Locked, Step::Close | Step::Open) => {
            Err(Problem::conflict("period-locked", format!("the period {} is locked for good", quote(&period.code))))
        }
        (PeriodState::Open, Step::Lock) => {
            let message = format!("the period {} is open; close it first, then lock it", quote(&period.code));
            Err(Problem::conflict("period-open", message))
        }
        (PeriodState::Open | PeriodState::Closed, Step::Close) => Ok(PeriodState::Closed),
        (PeriodState::Open | PeriodState::Closed, Step::Open) => Ok(PeriodState::Open),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn input(code: &str, starts_on: &str, ends_on: Option<&str>, periods: PeriodLength) -> FiscalYearInput {
        FiscalYearInput { code: code.into(), starts_on: starts_on.into(), ends_on: ends_on.map(Into::into), periods }
    }

    fn check_case(starts_on: &str, ends_on: Option<&str>, length: PeriodLength, expected: &str) {
        let outcome = match check(&input("FY", starts_on, ends_on, length), &[], &At::Top) {
            Ok(year) => {
                let periods: Vec<String> = year
                    .periods
                    .iter()
                    .map(|period| format!("{} {}..{}", period.code, period.starts_on, period.ends_on))
                    .collect();
                format!("{} periods; {}; {}", periods.len(), periods[0], periods[periods.len() - 1])
            }
            Err(problem) => problem.code.to_owned(),
        };
        assert_eq!(outcome, expected, "{starts_on} {ends_on:?} {length:?}");
    }

    #[test]
    fn years_are_divided() {
        use PeriodLength::{Monthly, Quarterly};
        check_case(
            "2026-01-01",
            None,
            Monthly,
            "12 periods; FY-01 2026-01-01..2026-01-31; FY-12 2026-12-01..2026-12-31",
        );
        check_case(
            "2026-04-06",
            None,
            Quarterly,
            "4 periods; FY-Q1 2026-04-06..2026-07-05; FY-Q4 2027-01-06..2027-04-05",
        );
        check_case(
            "2026-08-31",
            Some("2026-12-31"),
            Monthly,
            "5 periods; FY-01 2026-08-31..2026-09-29; FY-05 2026-12-31..2026-12-31",
        );
        check_case(
            "2026-01-01",
            Some("2026-01-01"),
            Quarterly,
            "1 periods; FY-Q1 2026-01-01..2026-01-01; FY-Q1 2026-01-01..2026-01-01",
        );
        check_case(
            "2026-01-01",
            Some("2027-12-31"),
            Monthly,
            "24 periods; FY-01 2026-01-01..2026-01-31; FY-24 2027-12-01..2027-12-31",
        );
        check_case("2026-01-01", Some("2028-01-01"), Monthly, "fiscal-year-too-long");
        check_case("2026-01-02", Some("2026-01-01"), Monthly, "ends-before-start");
        check_case("2026-02-30", None, Monthly, "not-a-date");
        // The calendar ends with the year 9999.
        check_case(
            "9999-01-01",
            None,
            Monthly,
            "12 periods; FY-01 9999-01-01..9999-01-31; FY-12 9999-12-01..9999-12-31",
        );
        check_case("9999-06-01", None, Monthly, "date-out-of-range");
        check_case(
            "9999-06-01",
            Some("9999-12-31"),
            Quarterly,
            "3 periods; FY-Q1 9999-06-01..9999-08-31; FY-Q3 9999-12-01..9999-12-31",
        );
    }

    #[test]
    fn years_do_not_overlap() {
        let year = |code, start| input(code, start, None, PeriodLength::Monthly);
        let first = check(&year("A", "2026-01-01"), &[], &At::Top).expect("valid");
        for (code, start, expected) in [
            ("B", "2027-01-01", None),
            ("B", "2025-01-01", None),
            ("B", "2026-12-31", Some("fiscal-year-overlaps")),
            ("B", "2025-01-02", Some("fiscal-year-overlaps")),
            ("A", "2027-01-01", Some("fiscal-year-exists")),
            ("A-01", "2027-01-01", Some("period-exists")),
            ("A-13", "2027-01-01", None),
        ] {
            let outcome = check(&year(code, start), std::slice::from_ref(&first), &At::Top);
            assert_eq!(outcome.err().map(|problem| problem.code), expected, "{code} {start}");
        }
        // The other way round, too: the periods of a year must not have the code of a year.
        let odd = check(&year("B-12", "2030-01-01"), &[], &At::Top).expect("valid");
        let outcome = check(&year("B", "2027-01-01"), &[odd], &At::Top);
        assert_eq!(outcome.err().map(|problem| problem.code), Some("period-exists"));
    }

    #[test]
    fn states_change_as_documented() {
        use PeriodState::{Closed, Locked, Open};
        let cases = [
            (Open, Step::Close, Ok(Closed)),
            (Open, Step::Open, Ok(Open)),
            (Open, Step::Lock, Err("period-open")),
            (Closed, Step::Close, Ok(Closed)),
            (Closed, Step::Open, Ok(Open)),
            (Closed, Step::Lock, Ok(Locked)),
            (Locked, Step::Close, Err("period-locked")),
            (Locked, Step::Open, Err("period-locked")),
            (Locked, Step::Lock, Ok(Locked)),
        ];
        let day = Date::new(2026, 1, 1).expect("exists");
        for (state, wanted, expected) in cases {
            let period = Period { code: "P".into(), fiscal_year: "F".into(), starts_on: day, ends_on: day, state };
            assert_eq!(step(&period, wanted).map_err(|problem| problem.code), expected, "{state:?} {wanted:?}");
        }
    }

    proptest! {
        #[test]
        fn every_day_of_a_year_lies_in_one_period(
            year in 1900_u16..2200, month in 1_u8..=12, day in 1_u8..=31, months in 1_u16..=24, quarterly: bool,
        ) {
            let Some(first) = Date::new(year, month, day) else { return Ok(()) };
            let last = first.add_months(months).and_then(Date::previous_day).expect("in range");
            let length = if quarterly { PeriodLength::Quarterly } else { PeriodLength::Monthly };
            let periods = divide("FY", first, last, length);
            let mut expected = first;
            for period in &periods {
                prop_assert_eq!(period.starts_on, expected);
                prop_assert!(period.ends_on >= period.starts_on);
                expected = period.ends_on.next_day().expect("in range");
            }
            prop_assert_eq!(expected.previous_day(), Some(last));
        }
    }
}
