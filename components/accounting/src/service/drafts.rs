// SPDX-License-Identifier: MIT OR Apache-2.0
//! Operations on drafts.

use super::settings::require;
use super::{Decimals, Host, posting};
use crate::domain::entry::{EntryInput, check_draft};
use crate::domain::page::{self, Page};
use crate::domain::posted::Posted;
use crate::domain::problem::{Answer, At, Fault, Faults, Problem};
use crate::store::Database;
use crate::store::drafts::{self, Draft, Trace, changed};

/// Drafts of one page: each is checked anew.
const LIMIT_MAX: u32 = 100;
const LIMIT_DEFAULT: u32 = 20;

/// A draft and what stands in the way of posting it.
pub(crate) type DraftAndFaults = (Draft, Vec<Fault>);

fn with_faults(database: &mut dyn Database, drafts: Vec<Draft>) -> Answer<Vec<DraftAndFaults>> {
    let entries: Vec<EntryInput> = drafts.iter().map(|draft| draft.entry.clone()).collect();
    let faults = posting::faults_of(database, &entries)?;
    Ok(drafts.into_iter().zip(faults.into_iter().map(Faults::into_list)).collect())
}

fn one(database: &mut dyn Database, draft: Draft) -> Answer<DraftAndFaults> {
    with_faults(database, vec![draft])?.pop().ok_or_else(|| Problem::internal("a draft vanished"))
}

fn check(entry: &EntryInput) -> Answer<()> {
    let mut faults = Faults::default();
    check_draft(entry, &At::Top.key("entry"), &mut faults);
    faults.into_answer()
}

fn find(database: &mut dyn Database, id: u64) -> Answer<Draft> {
    let none = || Problem::not_found("unknown-draft", format!("there is no draft `{id}`"));
    let key = i64::try_from(id).map_err(|_| none())?;
    drafts::find(database, key)?.ok_or_else(none)
}

fn find_version(database: &mut dyn Database, id: u64, version: u32) -> Answer<Draft> {
    let draft = find(database, id)?;
    if draft.version == version { Ok(draft) } else { Err(changed(draft.id)) }
}

fn trace(host: &mut dyn Host) -> Trace {
    Trace { at: host.now(), by: host.subject() }
}

/// Keeps an entry as a draft.
pub(crate) fn create(host: &mut dyn Host, entry: EntryInput) -> Answer<DraftAndFaults> {
    require(host)?;
    check(&entry)?;
    let trace = trace(host);
    let draft = drafts::insert(host, entry, trace)?;
    one(host, draft)
}

/// One draft.
pub(crate) fn get(database: &mut dyn Database, id: u64) -> Answer<DraftAndFaults> {
    require(database)?;
    let draft = find(database, id)?;
    one(database, draft)
}

/// Replaces a draft.
pub(crate) fn update(host: &mut dyn Host, id: u64, version: u32, entry: EntryInput) -> Answer<DraftAndFaults> {
    require(host)?;
    check(&entry)?;
    let draft = find_version(host, id, version)?;
    let updated = trace(host);
    let draft = drafts::update(host, Draft { entry, updated, ..draft })?;
    one(host, draft)
}

/// Throws a draft away.
pub(crate) fn discard(database: &mut dyn Database, id: u64, version: u32) -> Answer<()> {
    require(database)?;
    let draft = find_version(database, id, version)?;
    drafts::delete(database, draft.id, version)
}

/// Drafts, oldest first.
pub(crate) fn list(
    database: &mut dyn Database,
    limit: Option<u32>,
    cursor: Option<&str>,
) -> Answer<Page<DraftAndFaults>> {
    require(database)?;
    let limit = page::limit(limit, LIMIT_DEFAULT, LIMIT_MAX)?;
    let after = match cursor {
        None => 0,
        Some(cursor) => cursor.parse().map_err(|_| page::invalid_cursor(cursor))?,
    };
    let page = Page::cut(drafts::list(database, after, i64::from(limit) + 1)?, limit, |draft| draft.id.to_string());
    Ok(Page { items: with_faults(database, page.items)?, next: page.next })
}

/// Posts a draft; the draft is gone then.
pub(crate) fn post(host: &mut dyn Host, id: u64, version: u32) -> Answer<(Posted, Decimals)> {
    require(host)?;
    let draft = find_version(host, id, version)?;
    drafts::delete(host, draft.id, version)?;
    posting::post(host, draft.entry, Some(draft.updated.by), &At::Top.key("entry"))
}
