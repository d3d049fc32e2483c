// SPDX-License-Identifier: MIT OR Apache-2.0
//! Values of the contract and of the domain: kinds, problems, entries.

use crate::bindings::cortex::accounting::ledger as contract;
use crate::domain::journal::Kind;
use crate::domain::ledger::{EntryLine, FieldProblem, LedgerEntry, Problem, ProblemKind};
use cortex_sdk::types;

pub(super) const fn kind_to_domain(kind: contract::AccountKind) -> Kind {
    match kind {
        contract::AccountKind::Asset => Kind::Asset,
        contract::AccountKind::Liability => Kind::Liability,
        contract::AccountKind::Equity => Kind::Equity,
        contract::AccountKind::Income => Kind::Income,
        contract::AccountKind::Expense => Kind::Expense,
    }
}

pub(super) const fn kind_to_contract(kind: Kind) -> contract::AccountKind {
    match kind {
        Kind::Asset => contract::AccountKind::Asset,
        Kind::Liability => contract::AccountKind::Liability,
        Kind::Equity => contract::AccountKind::Equity,
        Kind::Income => contract::AccountKind::Income,
        Kind::Expense => contract::AccountKind::Expense,
    }
}

pub(super) fn problem_to_domain(problem: types::Problem) -> Problem {
    let kind = match problem.kind {
        types::ProblemKind::Invalid => ProblemKind::Invalid,
        types::ProblemKind::NotFound => ProblemKind::NotFound,
        types::ProblemKind::Conflict => ProblemKind::Conflict,
        types::ProblemKind::Denied => ProblemKind::Denied,
        types::ProblemKind::LimitExceeded => ProblemKind::LimitExceeded,
        types::ProblemKind::Unavailable => ProblemKind::Unavailable,
        types::ProblemKind::Internal => ProblemKind::Internal,
    };
    let field =
        |field: types::FieldProblem| FieldProblem { path: field.path, code: field.code, message: field.message };
    Problem {
        kind,
        code: problem.code,
        message: problem.message,
        fields: problem.fields.into_iter().map(field).collect(),
    }
}

pub(super) fn problem_to_contract(problem: Problem) -> types::Problem {
    let kind = match problem.kind {
        ProblemKind::Invalid => types::ProblemKind::Invalid,
        ProblemKind::NotFound => types::ProblemKind::NotFound,
        ProblemKind::Conflict => types::ProblemKind::Conflict,
        ProblemKind::Denied => types::ProblemKind::Denied,
        ProblemKind::LimitExceeded => types::ProblemKind::LimitExceeded,
        ProblemKind::Unavailable => types::ProblemKind::Unavailable,
        ProblemKind::Internal => types::ProblemKind::Internal,
    };
    let field =
        |field: FieldProblem| types::FieldProblem { path: field.path, code: field.code, message: field.message };
    types::Problem {
        kind,
        code: problem.code,
        message: problem.message,
        fields: problem.fields.into_iter().map(field).collect(),
    }
}

pub(super) fn entry_to_contract(journal: &str, entry: &LedgerEntry) -> contract::EntryInput {
    contract::EntryInput {
        journal: journal.to_owned(),
        date: entry.date.to_string(),
        description: entry.description.clone(),
        document_date: entry.document_date.map(|date| date.to_string()),
        reference: entry.reference.clone(),
        external_id: Some(entry.external_id.clone()),
        lines: entry.lines.iter().map(line_to_contract).collect(),
    }
}

fn line_to_contract(line: &EntryLine) -> contract::LineInput {
    contract::LineInput {
        account: line.account.clone(),
        side: if line.debit { contract::Side::Debit } else { contract::Side::Credit },
        amount: line.amount.to_string(),
        currency: Some(line.currency.clone()),
        rate: None,
        value: line.value.as_ref().map(|(value, _)| value.to_string()),
        value_currency: line.value.as_ref().map(|(_, currency)| currency.clone()),
        description: line.description.clone(),
        dimensions: None,
    }
}
