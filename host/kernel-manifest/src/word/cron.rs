// SPDX-License-Identifier: MIT OR Apache-2.0
//! Cron expressions of five fields as POSIX describes them for `crontab`, with the steps and names that are in general
//! use. It says which minutes are meant; when the next one comes, on whose clock, is the scheduler's to compute.

use super::{at_most, shown_as_written};
use crate::read::Word;
use kernel_types::text::quote;
use serde_json::{Value, json};
use std::borrow::Cow;

/// How long an expression may be, in characters: all 60 minutes written out are 169.
const CHARACTERS_MAX: usize = 300;

/// The minutes at which a schedule is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron {
    text: String,
    minutes: CronField,
    hours: CronField,
    days: CronField,
    months: CronField,
    weekdays: CronField,
}

shown_as_written!(Cron);

/// The values of one field, a bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CronField {
    bits: u64,
    restricted: bool,
}

impl CronField {
    /// Whether the value is among them.
    #[must_use]
    pub fn contains(self, value: u8) -> bool {
        value < 64 && self.bits & (1 << value) != 0
    }
}

impl Cron {
    /// Whether the schedule is due in a minute: `minute` 0-59, `hour` 0-23, `day` 1-31, `month` 1-12, `weekday` 0-6 from
    /// Sunday. Where both day and weekday are restricted, either suffices.
    #[must_use]
    pub fn is_due(&self, minute: u8, hour: u8, day: u8, month: u8, weekday: u8) -> bool {
        let (by_day, by_weekday) = (self.days.contains(day), self.weekdays.contains(weekday));
        let both = self.days.restricted && self.weekdays.restricted;
        let day_fits = if both { by_day || by_weekday } else { by_day && by_weekday };
        self.minutes.contains(minute) && self.hours.contains(hour) && self.months.contains(month) && day_fits
    }
}

struct Rule {
    what: &'static str,
    first: u8,
    last: u8,
    /// Names of the values from `first` on, where they have any.
    names: &'static [&'static str],
}

const MINUTE: Rule = Rule { what: "minute", first: 0, last: 59, names: &[] };
const HOUR: Rule = Rule { what: "hour", first: 0, last: 23, names: &[] };
const DAY: Rule = Rule { what: "day of the month", first: 1, last: 31, names: &[] };
const MONTH: Rule = Rule {
    what: "month",
    first: 1,
    last: 12,
    names: &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
};
const WEEKDAY: Rule =
    Rule { what: "weekday", first: 0, last: 7, names: &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"] };

impl Rule {
    fn value(&self, text: &str) -> Result<u8, String> {
        let named = self.names.iter().zip(self.first..).find(|(name, _)| name.eq_ignore_ascii_case(text));
        if let Some((_, value)) = named {
            return Ok(value);
        }
        let digits = !text.is_empty() && text.len() <= 2 && text.bytes().all(|b| b.is_ascii_digit());
        match text.parse() {
            Ok(value) if digits && (self.first..=self.last).contains(&value) => Ok(value),
            _ => Err(format!("{} is no {} from {} to {}", quote(text), self.what, self.first, self.last)),
        }
    }

    /// One part of a list: `*`, `*/5`, `3`, `1-5`, `1-5/2`.
    fn part(&self, text: &str) -> Result<u64, String> {
        let (range, step) = match text.split_once('/') {
            None => (text, 1),
            Some((range, step)) => match step.parse::<u8>() {
                Ok(step) if step > 0 && step <= self.last && (range == "*" || range.contains('-')) => (range, step),
                _ => return Err(format!("{} is no range with a step, such as `*/5` or `1-9/2`", quote(text))),
            },
        };
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (self.first, self.last),
            Some((first, last)) => (self.value(first)?, self.value(last)?),
            None => (self.value(range)?, self.value(range)?),
        };
        if first > last {
            return Err(format!("the range {} runs backwards", quote(range)));
        }
        Ok((first..=last).step_by(usize::from(step)).fold(0, |bits, value| bits | 1 << value))
    }

    fn field(&self, text: &str) -> Result<CronField, String> {
        let mut parts = text.split(',').map(|part| self.part(part));
        let bits = parts.try_fold(0, |bits, part| part.map(|part| bits | part))?;
        Ok(CronField { bits, restricted: text != "*" })
    }
}

/// The longest each month gets, from January.
const MONTH_DAYS: [u8; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

impl Word for Cron {
    fn expected() -> Cow<'static, str> {
        "a cron expression of five fields: minute, hour, day of the month, month, weekday, such as `0 3 1 * *`".into()
    }

    fn keywords() -> Value {
        let field = "[0-9A-Za-z*/,-]+";
        json!({ "type": "string", "pattern": format!("^ *{field}( +{field}){{4}} *$"), "maxLength": CHARACTERS_MAX })
    }

    fn parse(text: &str) -> Result<Self, Option<String>> {
        at_most(CHARACTERS_MAX, text)?;
        let fields: Vec<&str> = text.split(' ').filter(|field| !field.is_empty()).collect();
        let [minutes, hours, days, months, weekdays] = fields.as_slice() else {
            return Err(Some(format!("{} field{}", fields.len(), if fields.len() == 1 { "" } else { "s" })));
        };
        let mut cron = Self {
            text: text.to_owned(),
            minutes: MINUTE.field(minutes)?,
            hours: HOUR.field(hours)?,
            days: DAY.field(days)?,
            months: MONTH.field(months)?,
            weekdays: WEEKDAY.field(weekdays)?,
        };
        if cron.weekdays.contains(7) {
            cron.weekdays.bits |= 1;
        }
        let happens =
            |(month, last): (u8, &u8)| cron.months.contains(month) && (1..=*last).any(|d| cron.days.contains(d));
        if !cron.weekdays.restricted && !(1..).zip(&MONTH_DAYS).any(happens) {
            return Err(Some("no month that it names has such a day".to_owned()));
        }
        Ok(cron)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    #[test]
    fn a_schedule_is_due_when_it_says() {
        // minute, hour, day, month, weekday
        let cases: &[(&str, [u8; 5], bool)] = &[
            ("* * * * *", [0, 0, 1, 1, 0], true),
            ("0 3 1 * *", [0, 3, 1, 7, 4], true),
            ("0 3 1 * *", [1, 3, 1, 7, 4], false),
            ("0 3 1 * *", [0, 3, 2, 7, 4], false),
            ("*/15 * * * *", [45, 9, 9, 9, 1], true),
            ("*/15 * * * *", [50, 9, 9, 9, 1], false),
            ("5-10/2,59 * * * *", [9, 0, 1, 1, 0], true),
            ("5-10/2,59 * * * *", [10, 0, 1, 1, 0], false),
            ("5-10/2,59 * * * *", [59, 0, 1, 1, 0], true),
            ("0 8 * * mon-FRI", [0, 8, 9, 9, 5], true),
            ("0 8 * * mon-FRI", [0, 8, 9, 9, 6], false),
            ("0 8 * * 7", [0, 8, 9, 9, 0], true),
            ("0 8 * * 5-7", [0, 8, 9, 9, 0], true),
            ("0 0 1 JAN,jul *", [0, 0, 1, 7, 3], true),
            ("0 0 13 * FRI", [0, 0, 13, 1, 2], true),
            ("0 0 13 * FRI", [0, 0, 14, 1, 5], true),
            ("0 0 13 * FRI", [0, 0, 14, 1, 6], false),
            ("0 0 29 2 *", [0, 0, 29, 2, 6], true),
        ];
        for (text, [minute, hour, day, month, weekday], due) in cases {
            let cron = Cron::parse(text).unwrap();
            assert_eq!(
                cron.is_due(*minute, *hour, *day, *month, *weekday),
                *due,
                "{text} {minute} {hour} {day} {month}"
            );
        }
    }

    #[track_caller]
    fn check(text: &str, fault: Expect) {
        fault.assert_eq(&Cron::parse(text).unwrap_err().unwrap());
    }

    #[test]
    fn faults_say_which_field() {
        check("", expect!["0 fields"]);
        check("* * * *", expect!["4 fields"]);
        check("@daily", expect!["1 field"]);
        check("60 * * * *", expect!["`60` is no minute from 0 to 59"]);
        check("* 24 * * *", expect!["`24` is no hour from 0 to 23"]);
        check("* * 0 * *", expect!["`0` is no day of the month from 1 to 31"]);
        check("* * * 13 *", expect!["`13` is no month from 1 to 12"]);
        check("* * * * 8", expect!["`8` is no weekday from 0 to 7"]);
        check("* * * * MOON", expect!["`MOON` is no weekday from 0 to 7"]);
        check("-1 * * * *", expect!["`` is no minute from 0 to 59"]);
        check("1, * * * *", expect!["`` is no minute from 0 to 59"]);
        check("9-5 * * * *", expect!["the range `9-5` runs backwards"]);
        check("*/0 * * * *", expect!["`*/0` is no range with a step, such as `*/5` or `1-9/2`"]);
        check("3/2 * * * *", expect!["`3/2` is no range with a step, such as `*/5` or `1-9/2`"]);
        check("0 0 31 2,4 *", expect!["no month that it names has such a day"]);
        check(&"1,".repeat(200), expect!["longer than 300 characters"]);
    }
}
