// SPDX-License-Identifier: MIT OR Apache-2.0
//! An entry by hand: read, checked, and answered with the same JSON as the component's.

use super::Refusal;
use crate::ledger::CURRENCY;
use serde::{Deserialize, Serialize};

/// The side of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Side {
    /// The left side.
    Debit,
    /// The right side.
    Credit,
}

/// A line as the caller gives it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LineInput {
    account: String,
    side: Side,
    amount: String,
    description: Option<String>,
}

/// An entry as the caller gives it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EntryInput {
    journal: String,
    date: String,
    description: String,
    document_date: Option<String>,
    reference: Option<String>,
    external_id: Option<String>,
    lines: Vec<LineInput>,
}

/// A line whose amount is understood.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) account: String,
    pub(crate) side: Side,
    pub(crate) amount: i64,
    pub(crate) description: Option<String>,
}

/// An entry that balances.
#[derive(Debug)]
pub(crate) struct Valued {
    pub(crate) journal: String,
    pub(crate) date: String,
    pub(crate) description: String,
    pub(crate) document_date: Option<String>,
    pub(crate) reference: Option<String>,
    pub(crate) external_id: Option<String>,
    pub(crate) lines: Vec<Line>,
}

impl Valued {
    /// What can be checked without the database.
    pub(crate) fn check(input: EntryInput) -> Result<Self, Refusal> {
        input.date.parse::<jiff::civil::Date>().map_err(|error| error.to_string())?;
        if let Some(date) = &input.document_date {
            date.parse::<jiff::civil::Date>().map_err(|error| error.to_string())?;
        }
        if input.lines.len() < 2 || input.lines.len() > 1_000 || input.description.chars().count() > 500 {
            return Err("too few lines, too many lines, or too long a description".to_owned());
        }
        let mut difference = 0_i64;
        let mut lines = Vec::with_capacity(input.lines.len());
        for line in input.lines {
            let amount = cents(&line.amount).ok_or("an amount is no amount")?;
            let signed = if line.side == Side::Debit { Some(amount) } else { amount.checked_neg() };
            difference = signed.and_then(|signed| difference.checked_add(signed)).ok_or("the amounts are too large")?;
            lines.push(Line { account: line.account, side: line.side, amount, description: line.description });
        }
        if difference != 0 {
            return Err("the entry does not balance".to_owned());
        }
        let EntryInput { journal, date, description, document_date, reference, external_id, .. } = input;
        Ok(Self { journal, date, description, document_date, reference, external_id, lines })
    }

    /// The month of the posting date.
    pub(crate) fn month(&self) -> &str {
        self.date.get(..7).unwrap_or(&self.date)
    }
}

/// Reads a positive amount of at most two decimals.
fn cents(text: &str) -> Option<i64> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(decimals) || decimals.len() > 2 {
        return None;
    }
    let minor: i64 = format!("{decimals:0<2}").parse().ok()?;
    whole.parse::<i64>().ok()?.checked_mul(100)?.checked_add(minor).filter(|cents| *cents > 0)
}

/// A line of a posted entry.
#[derive(Debug, Serialize)]
pub(crate) struct PostedLine {
    number: usize,
    account: String,
    side: Side,
    amount: String,
    currency: &'static str,
    value: String,
    value_currency: &'static str,
    rate: Option<String>,
    description: Option<String>,
}

/// A posted entry.
#[derive(Debug, Serialize)]
pub(crate) struct Posted {
    id: String,
    journal: String,
    fiscal_year: String,
    number: i64,
    period: String,
    date: String,
    description: String,
    document_date: Option<String>,
    reference: Option<String>,
    external_id: Option<String>,
    posted_at: String,
    posted_by: &'static str,
    reversal_of: Option<String>,
    reversed_by: Option<String>,
    lines: Vec<PostedLine>,
}

/// Where an entry went.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) id: i64,
    pub(crate) number: i64,
    pub(crate) fiscal_year: String,
    pub(crate) period: String,
    pub(crate) posted_at: String,
}

/// Who posts.
pub(crate) const POSTED_BY: &str = "tester";

impl Posted {
    /// The answer.
    pub(crate) fn new(entry: Valued, place: Place) -> Self {
        let text = |cents: i64| format!("{}.{:02}", cents / 100, cents % 100);
        let lines = (1..).zip(entry.lines).map(|(number, line)| PostedLine {
            number,
            account: line.account,
            side: line.side,
            amount: text(line.amount),
            currency: CURRENCY,
            value: text(line.amount),
            value_currency: CURRENCY,
            rate: None,
            description: line.description,
        });
        Self {
            id: place.id.to_string(),
            journal: entry.journal,
            fiscal_year: place.fiscal_year,
            number: place.number,
            period: place.period,
            date: entry.date,
            description: entry.description,
            document_date: entry.document_date,
            reference: entry.reference,
            external_id: entry.external_id,
            posted_at: place.posted_at,
            posted_by: POSTED_BY,
            reversal_of: None,
            reversed_by: None,
            lines: lines.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts() {
        for (text, expected) in [
            ("1", Some(100)),
            ("1.5", Some(150)),
            ("12.34", Some(1_234)),
            ("0", None),
            ("", None),
            (".5", None),
            ("-1", None),
            ("1.234", None),
            ("1.-1", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(cents(text), expected, "{text}");
        }
    }

    #[test]
    fn what_the_bench_posts_is_accepted() {
        for number in 0..100 {
            let input = serde_json::from_value(crate::ledger::entry(number)).expect("an entry");
            Valued::check(input).expect("a balanced entry");
        }
    }
}
