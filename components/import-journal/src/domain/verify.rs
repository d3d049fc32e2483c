// SPDX-License-Identifier: MIT OR Apache-2.0
//! Compares the ledger's balances before and after an import with what was posted: the ledger is asked, not trusted.

use super::decimal::{Decimal, Overflow};
use super::ledger::{FieldProblem, LedgerBalance, LedgerEntry, Problem, ProblemKind};
use super::limits::FAULTS_MAX;
use std::collections::BTreeMap;

/// Balances by account and currency, debit minus credit.
pub(super) type Sums = BTreeMap<(String, String), Decimal>;

/// What entries change.
pub(super) fn changes(entries: &[LedgerEntry]) -> Result<Sums, Overflow> {
    let mut sums = Sums::new();
    for line in entries.iter().flat_map(|entry| &entry.lines) {
        let amount = if line.debit { line.amount } else { line.amount.checked_neg()? };
        add(&mut sums, (line.account.clone(), line.currency.clone()), amount)?;
    }
    Ok(sums)
}

/// Compares: before, plus the changes, must be after. Gives the number of balances that the entries touched.
pub(super) fn verify(before: Vec<LedgerBalance>, changes: Sums, after: Vec<LedgerBalance>) -> Result<usize, Problem> {
    let touched = changes.len();
    let mut expected = changes;
    let mut actual = Sums::new();
    let sum_up = || -> Result<(), Overflow> {
        for balance in before {
            add(&mut expected, (balance.account, balance.currency), balance.balance)?;
        }
        for balance in after {
            add(&mut actual, (balance.account, balance.currency), balance.balance)?;
        }
        Ok(())
    };
    sum_up().map_err(|error| Problem::new(ProblemKind::Internal, "verification-failed", error.to_string()))?;
    let keys = expected.keys().chain(actual.keys().filter(|key| !expected.contains_key(*key)));
    let zero = Decimal::ZERO;
    let differences: Vec<FieldProblem> = keys
        .filter_map(|key| {
            let (expected, actual) = (expected.get(key).unwrap_or(&zero), actual.get(key).unwrap_or(&zero));
            (expected != actual).then(|| FieldProblem {
                path: "/text".to_owned(),
                code: "balance-differs".to_owned(),
                message: format!("the ledger says `{}` has {actual} {}, the text {expected}", key.0, key.1),
            })
        })
        .take(FAULTS_MAX)
        .collect();
    if differences.is_empty() {
        return Ok(touched);
    }
    let message =
        "the ledger's balances are not those of the text: nothing was kept; report this as a defect".to_owned();
    Err(Problem { kind: ProblemKind::Internal, code: "verification-failed".to_owned(), message, fields: differences })
}

fn add(sums: &mut Sums, key: (String, String), amount: Decimal) -> Result<(), Overflow> {
    let sum = sums.entry(key).or_insert(Decimal::ZERO);
    *sum = sum.checked_add(amount)?;
    Ok(())
}
