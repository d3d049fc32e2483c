// SPDX-License-Identifier: MIT OR Apache-2.0
//! Operations on journals.

use super::settings::require;
use crate::domain::journal::{self, Journal};
use crate::domain::problem::{Answer, At, Faults, Problem, quote};
use crate::domain::text::is_short_code;
use crate::store::{self, Database};
use std::collections::BTreeSet;

/// Creates one journal, given in `journal`.
pub(crate) fn create(database: &mut dyn Database, journal: Journal) -> Answer<Journal> {
    require(database)?;
    let mut faults = Faults::default();
    let taken = taken(database)?;
    journal::check(&journal, &taken, &At::Top.key("journal"), &mut faults);
    faults.into_answer()?;
    store::journals::insert(database, std::slice::from_ref(&journal))?;
    Ok(journal)
}

/// Creates a list of journals, given at a place.
pub(crate) fn create_at(database: &mut dyn Database, journals: &[Journal], at: &At<'_>) -> Answer<()> {
    let mut faults = Faults::default();
    let mut taken = taken(database)?;
    for (index, journal) in journals.iter().enumerate() {
        journal::check(journal, &taken, &at.item(index), &mut faults);
        taken.insert(journal.code.clone());
    }
    faults.into_answer()?;
    store::journals::insert(database, journals)
}

fn taken(database: &mut dyn Database) -> Answer<BTreeSet<String>> {
    Ok(store::journals::all(database)?.into_iter().map(|journal| journal.code).collect())
}

/// One journal.
pub(crate) fn get(database: &mut dyn Database, code: &str) -> Answer<Journal> {
    require(database)?;
    let found = if is_short_code(code) { store::journals::find(database, [code])?.pop() } else { None };
    found.ok_or_else(|| Problem::not_found("unknown-journal", format!("there is no journal {}", quote(code))))
}

/// Every journal.
pub(crate) fn list(database: &mut dyn Database) -> Answer<Vec<Journal>> {
    require(database)?;
    store::journals::all(database)
}
