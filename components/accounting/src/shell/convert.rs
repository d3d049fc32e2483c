// SPDX-License-Identifier: MIT OR Apache-2.0
//! What several interfaces share: refusals, pages, entries.

use super::contract::{chart, ledger};
use crate::bindings::cortex::types::types::{FieldProblem, Page, Problem, ProblemKind};
use crate::domain::account::{AccountInput, AccountKind};
use crate::domain::decimal::format_minor;
use crate::domain::dimension::Dimension;
use crate::domain::entry::{EntryInput, Line, LineInput, Side};
use crate::domain::posted::{Head, Posted};
use crate::domain::problem::{self, Fault, Kind};
use crate::service::Decimals;
use crate::service::entries::Listed;

impl From<Fault> for FieldProblem {
    fn from(fault: Fault) -> Self {
        Self { path: fault.path, code: fault.code.to_owned(), message: fault.message }
    }
}

impl From<problem::Problem> for Problem {
    fn from(problem: problem::Problem) -> Self {
        let kind = match problem.kind {
            Kind::Invalid => ProblemKind::Invalid,
            Kind::NotFound => ProblemKind::NotFound,
            Kind::Conflict => ProblemKind::Conflict,
            Kind::LimitExceeded => ProblemKind::LimitExceeded,
            Kind::Unavailable => ProblemKind::Unavailable,
            Kind::Internal => ProblemKind::Internal,
        };
        let details = *problem.0;
        let fields = details.faults.into_iter().map(FieldProblem::from).collect();
        Self { kind, code: details.code.to_owned(), message: details.message, fields }
    }
}

/// What a page says beside its items.
pub(super) fn page(next: Option<String>) -> Page {
    Page { next }
}

/// The number of an entry: counted from 1, it never gets near the limit of 32 bits.
pub(super) fn number_of(head: &Head) -> u32 {
    u32::try_from(head.number).unwrap_or(u32::MAX)
}

/// An identifier of the database; none is negative.
pub(super) fn unsigned(number: i64) -> u64 {
    number.unsigned_abs()
}

impl From<ledger::AccountKind> for AccountKind {
    fn from(kind: ledger::AccountKind) -> Self {
        match kind {
            ledger::AccountKind::Asset => Self::Asset,
            ledger::AccountKind::Liability => Self::Liability,
            ledger::AccountKind::Equity => Self::Equity,
            ledger::AccountKind::Income => Self::Income,
            ledger::AccountKind::Expense => Self::Expense,
        }
    }
}

impl From<AccountKind> for ledger::AccountKind {
    fn from(kind: AccountKind) -> Self {
        match kind {
            AccountKind::Asset => Self::Asset,
            AccountKind::Liability => Self::Liability,
            AccountKind::Equity => Self::Equity,
            AccountKind::Income => Self::Income,
            AccountKind::Expense => Self::Expense,
        }
    }
}

impl From<chart::AccountInput> for AccountInput {
    fn from(input: chart::AccountInput) -> Self {
        let chart::AccountInput { code, name, kind, parent, currency } = input;
        Self { code, name, kind: kind.into(), parent, currency }
    }
}

impl From<ledger::Side> for Side {
    fn from(side: ledger::Side) -> Self {
        match side {
            ledger::Side::Debit => Self::Debit,
            ledger::Side::Credit => Self::Credit,
        }
    }
}

impl From<Side> for ledger::Side {
    fn from(side: Side) -> Self {
        match side {
            Side::Debit => Self::Debit,
            Side::Credit => Self::Credit,
        }
    }
}

impl From<ledger::Dimension> for Dimension {
    fn from(dimension: ledger::Dimension) -> Self {
        Self { name: dimension.name, value: dimension.value }
    }
}

impl From<Dimension> for ledger::Dimension {
    fn from(dimension: Dimension) -> Self {
        Self { name: dimension.name, value: dimension.value }
    }
}

/// The dimensions of a line.
pub(super) fn dimensions(dimensions: Vec<Dimension>) -> Vec<ledger::Dimension> {
    dimensions.into_iter().map(Into::into).collect()
}

impl From<ledger::LineInput> for LineInput {
    fn from(input: ledger::LineInput) -> Self {
        let dimensions = input.dimensions.unwrap_or_default().into_iter().map(Into::into).collect();
        let ledger::LineInput { account, side, amount, currency, rate, value, value_currency, description, .. } = input;
        Self { account, side: side.into(), amount, currency, rate, value, value_currency, description, dimensions }
    }
}

impl From<LineInput> for ledger::LineInput {
    fn from(input: LineInput) -> Self {
        let dimensions = (!input.dimensions.is_empty()).then(|| dimensions(input.dimensions));
        let LineInput { account, side, amount, currency, rate, value, value_currency, description, .. } = input;
        Self { account, side: side.into(), amount, currency, rate, value, value_currency, description, dimensions }
    }
}

impl From<ledger::EntryInput> for EntryInput {
    fn from(input: ledger::EntryInput) -> Self {
        let ledger::EntryInput { journal, date, description, document_date, reference, external_id, lines } = input;
        let lines = lines.into_iter().map(Into::into).collect();
        Self { journal, date, description, document_date, reference, external_id, lines }
    }
}

impl From<EntryInput> for ledger::EntryInput {
    fn from(input: EntryInput) -> Self {
        let EntryInput { journal, date, description, document_date, reference, external_id, lines } = input;
        let lines = lines.into_iter().map(Into::into).collect();
        Self { journal, date, description, document_date, reference, external_id, lines }
    }
}

/// Sums as decimals, by currency.
pub(super) fn amounts(
    sums: impl IntoIterator<Item = (String, i128)>,
    decimals: &Decimals,
) -> Vec<ledger::CurrencyAmount> {
    let amount = |(currency, minor): (String, i128)| {
        let amount = format_minor(minor, decimals.of(&currency));
        ledger::CurrencyAmount { currency, amount }
    };
    sums.into_iter().map(amount).collect()
}

/// An entry of a list with its sums as decimals.
pub(super) fn summary((head, totals): Listed, decimals: &Decimals) -> ledger::EntrySummary {
    let number = number_of(&head);
    ledger::EntrySummary {
        id: unsigned(head.id),
        journal: head.journal,
        fiscal_year: head.fiscal_year,
        number,
        period: head.period,
        date: head.date.to_string(),
        description: head.description,
        document_date: head.document_date.map(|date| date.to_string()),
        reference: head.reference,
        external_id: head.external_id,
        reversal_of: head.reversal_of.map(unsigned),
        reversed_by: head.reversed_by.map(unsigned),
        totals: amounts(totals, decimals),
    }
}

fn line(number: u32, line: Line, decimals: &Decimals) -> ledger::Line {
    ledger::Line {
        number,
        account: line.account,
        side: line.side.into(),
        amount: format_minor(line.amount.into(), decimals.of(&line.currency)),
        currency: line.currency,
        value: format_minor(line.value.into(), decimals.of(&line.value_currency)),
        value_currency: line.value_currency,
        rate: line.rate,
        description: line.description,
        dimensions: dimensions(line.dimensions),
    }
}

/// A posted entry with its amounts as decimals.
pub(super) fn entry((posted, decimals): (Posted, Decimals)) -> ledger::Entry {
    let Posted { head, posted_at, posted_by, drafted_by, lines } = posted;
    let number = number_of(&head);
    ledger::Entry {
        id: unsigned(head.id),
        journal: head.journal,
        fiscal_year: head.fiscal_year,
        number,
        period: head.period,
        date: head.date.to_string(),
        description: head.description,
        document_date: head.document_date.map(|date| date.to_string()),
        reference: head.reference,
        external_id: head.external_id,
        posted_at,
        posted_by,
        drafted_by,
        reversal_of: head.reversal_of.map(unsigned),
        reversed_by: head.reversed_by.map(unsigned),
        lines: (1..).zip(lines).map(|(number, item)| line(number, item, &decimals)).collect(),
    }
}
