// SPDX-License-Identifier: MIT OR Apache-2.0
//! Posting: the one way by which an entry gets into the ledger. Numbers, lines and balances are written together, in one unit of work.

use super::{Decimals, Host, books};
use crate::domain::balance;
use crate::domain::books::Books;
use crate::domain::entry::{self, Checked, EntryInput};
use crate::domain::posted::{Head, Posted};
use crate::domain::problem::{Answer, At, Faults, Problem, quote};
use crate::store::{self, Database, take_identifiers};
use std::collections::{BTreeMap, BTreeSet};

/// Entries of one call: a large import is several calls of this size.
const ENTRIES_AT_ONCE_MAX: usize = 10_000;
/// Lines of all entries of one call: they and their rows fit the memory limit of the manifest.
const LINES_AT_ONCE_MAX: usize = 100_000;

/// Posts one entry, given at a place; `drafted_by` is who last changed the draft that it comes from.
pub(crate) fn post(
    host: &mut dyn Host,
    input: EntryInput,
    drafted_by: Option<String>,
    at: &At<'_>,
) -> Answer<(Posted, Decimals)> {
    let inputs = [input];
    let (books, mut checked, mut faults) = check(host, &inputs, |_| *at)?;
    note_external_ids(host, &inputs, |_| *at, &mut faults)?;
    faults.into_answer()?;
    for entry in &mut checked {
        entry.drafted_by.clone_from(&drafted_by);
    }
    let posted = write(host, checked)?.pop();
    let posted = posted.ok_or_else(|| Problem::internal("a checked entry was not posted"))?;
    Ok((posted, Decimals::declared(books.commodities)))
}

/// Posts many entries, given in `entries`, all or none.
pub(crate) fn post_many(host: &mut dyn Host, inputs: &[EntryInput]) -> Answer<Vec<Posted>> {
    let top = At::Top;
    let list = top.key("entries");
    let lines: usize = inputs.iter().map(|entry| entry.lines.len()).sum();
    if inputs.is_empty() {
        return Err(Problem::invalid(&list, "no-entries", "give one entry at the least"));
    }
    if inputs.len() > ENTRIES_AT_ONCE_MAX || lines > LINES_AT_ONCE_MAX {
        let message = format!(
            "{} entries with {lines} lines are too many at once; give at most {ENTRIES_AT_ONCE_MAX} with {LINES_AT_ONCE_MAX} lines",
            inputs.len()
        );
        return Err(Problem::invalid(&list, "too-many-entries", message));
    }
    let (_, checked, mut faults) = check(host, inputs, |index| list.item(index))?;
    note_external_ids(host, inputs, |index| list.item(index), &mut faults)?;
    faults.into_answer()?;
    write(host, checked)
}

/// What stands in the way of posting each of these drafts today; paths begin with `/entry`.
pub(crate) fn faults_of(database: &mut dyn Database, inputs: &[EntryInput]) -> Answer<Vec<Faults>> {
    let books = books::load(database, inputs)?;
    let top = At::Top;
    let at = top.key("entry");
    let mut all = Vec::with_capacity(inputs.len());
    for input in inputs {
        let mut faults = Faults::default();
        entry::check(input, &books, &at, &mut faults);
        note_external_ids(database, std::slice::from_ref(input), |_| at, &mut faults)?;
        all.push(faults);
    }
    Ok(all)
}

fn check<'a>(
    database: &mut dyn Host,
    inputs: &[EntryInput],
    place: impl Fn(usize) -> At<'a>,
) -> Answer<(Books, Vec<Checked>, Faults)> {
    let books = books::load(database, inputs)?;
    let mut faults = Faults::default();
    let mut checked = Vec::with_capacity(inputs.len());
    for (index, input) in inputs.iter().enumerate() {
        checked.extend(entry::check(input, &books, &place(index), &mut faults));
    }
    Ok((books, checked, faults))
}

/// Notes external identifiers that are given twice or taken by posted entries.
fn note_external_ids<'a>(
    database: &mut dyn Database,
    inputs: &[EntryInput],
    place: impl Fn(usize) -> At<'a>,
    faults: &mut Faults,
) -> Answer<()> {
    let mut given: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, input) in inputs.iter().enumerate() {
        let Some(id) = input.external_id.as_deref() else { continue };
        if let Some(first) = given.insert(id, index) {
            let message = format!("{} is given by the entry at index {first} too", quote(id));
            faults.invalid(&place(index).key("external_id"), "duplicate-external-id", message);
        }
    }
    let valid = given.keys().copied().filter(|id| !id.contains('\0'));
    let taken = store::entries::find_external(database, valid)?;
    for (id, entry) in taken {
        if let Some(index) = given.get(id.as_str()) {
            let message = format!("the entry `{entry}` has the external identifier {} already", quote(&id));
            faults.conflict(&place(*index).key("external_id"), "external-id-taken", message);
        }
    }
    Ok(())
}

/// Writes checked entries in their order.
pub(crate) fn write(host: &mut dyn Host, entries: Vec<Checked>) -> Answer<Vec<Posted>> {
    let mut by_period: BTreeMap<&str, i64> = BTreeMap::new();
    for entry in &entries {
        *by_period.entry(&entry.period).or_default() += 1;
    }
    for (period, count) in by_period {
        store::calendar::count_entries(host, period, count)?;
    }
    let daily = balance::by_day(entries.iter().map(|entry| (entry.date, entry.lines())));
    store::balances::add(host, &daily.ok_or_else(store::balances::too_large)?)?;
    let posted = number(host, entries)?;
    store::entries::insert(host, &posted)?;
    store::lines::insert(host, &posted)?;
    Ok(posted)
}

/// Gives identifiers and numbers, in the order of the entries.
fn number(host: &mut dyn Host, entries: Vec<Checked>) -> Answer<Vec<Posted>> {
    let series = |entry: &Checked| (entry.journal.clone(), entry.fiscal_year.clone());
    let mut counts: BTreeMap<(String, String), i64> = BTreeMap::new();
    for entry in &entries {
        *counts.entry(series(entry)).or_default() += 1;
    }
    let mut next: BTreeMap<(String, String), i64> = BTreeMap::new();
    for ((journal, fiscal_year), count) in counts {
        let first = store::journals::take_numbers(host, &journal, &fiscal_year, count)?;
        next.insert((journal, fiscal_year), first);
    }
    let first = take_identifiers(host, "entry", entries.len())?;
    let (posted_at, posted_by) = (host.now(), host.subject());
    let mut posted = Vec::with_capacity(entries.len());
    for (id, entry) in (first..).zip(entries) {
        let number = next.get_mut(&series(&entry)).ok_or_else(|| Problem::internal("an entry has no number"))?;
        let lines = entry.lines().to_vec();
        let head = Head {
            id,
            journal: entry.journal,
            fiscal_year: entry.fiscal_year,
            number: *number,
            period: entry.period,
            date: entry.date,
            description: entry.description,
            document_date: entry.document_date,
            reference: entry.reference,
            external_id: entry.external_id,
            reversal_of: None,
            reversed_by: None,
        };
        *number += 1;
        let (posted_at, posted_by) = (posted_at.clone(), posted_by.clone());
        posted.push(Posted { head, posted_at, posted_by, drafted_by: entry.drafted_by, lines });
    }
    Ok(posted)
}

/// The currencies of the lines of an entry.
pub(crate) fn currencies(entry: &Posted) -> BTreeSet<&str> {
    entry.lines.iter().flat_map(|line| [line.currency.as_str(), line.value_currency.as_str()]).collect()
}
