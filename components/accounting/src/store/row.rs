// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reads the columns of a row in order. A column of another type than expected is a defect, not a user's fault.

use super::Value;
use crate::domain::date::Date;
use crate::domain::problem::{Answer, Problem};

/// A row, read from left to right. Its methods stay out of line: each row type reads many columns, and the component is to be small.
pub(crate) struct Row(std::vec::IntoIter<Value>);

impl From<Vec<Value>> for Row {
    fn from(values: Vec<Value>) -> Self {
        Self(values.into_iter())
    }
}

fn unexpected(expected: &str) -> Problem {
    Problem::internal(format!("a column of the database holds no {expected}"))
}

impl Row {
    /// The next column, a text.
    #[inline(never)]
    pub(crate) fn text(&mut self) -> Answer<String> {
        self.optional_text()?.ok_or_else(|| unexpected("text"))
    }

    /// The next column, a text or NULL.
    #[inline(never)]
    pub(crate) fn optional_text(&mut self) -> Answer<Option<String>> {
        match self.0.next() {
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(Value::Null) => Ok(None),
            _ => Err(unexpected("text")),
        }
    }

    /// The next column, an integer.
    #[inline(never)]
    pub(crate) fn integer(&mut self) -> Answer<i64> {
        self.optional_integer()?.ok_or_else(|| unexpected("integer"))
    }

    /// The next column, an integer or NULL.
    #[inline(never)]
    pub(crate) fn optional_integer(&mut self) -> Answer<Option<i64>> {
        match self.0.next() {
            Some(Value::Integer(number)) => Ok(Some(number)),
            Some(Value::Null) => Ok(None),
            _ => Err(unexpected("integer")),
        }
    }

    /// The next column, a small integer that is not negative.
    pub(crate) fn small<T: TryFrom<i64>>(&mut self) -> Answer<T> {
        T::try_from(self.integer()?).map_err(|_| unexpected("small integer"))
    }

    /// The next two columns, a sum whose parts are summed by themselves: of the whole thousands of millions, and of what is left.
    /// Amounts have up to 18 digits, so that the sum of ten may exceed 64 bits; the parts fit for as many rows as a table can have.
    #[inline(never)]
    pub(crate) fn sum(&mut self) -> Answer<i128> {
        Ok(i128::from(self.integer()?) * 1_000_000_000 + i128::from(self.integer()?))
    }

    /// The next column, a date.
    #[inline(never)]
    pub(crate) fn date(&mut self) -> Answer<Date> {
        Date::parse(&self.text()?).ok_or_else(|| unexpected("date"))
    }

    /// The next column, a date or NULL.
    pub(crate) fn optional_date(&mut self) -> Answer<Option<Date>> {
        self.optional_text()?.map(|text| Date::parse(&text).ok_or_else(|| unexpected("date"))).transpose()
    }

    /// The next column, read by its name from a fixed list.
    pub(crate) fn named<T>(&mut self, parse: impl FnOnce(&str) -> Option<T>) -> Answer<T> {
        parse(&self.text()?).ok_or_else(|| unexpected("known name"))
    }
}
