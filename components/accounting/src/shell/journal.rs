// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cortex:accounting/journal`.

use super::contract::journal::{Draft, DraftPage, EntryPage, Guest, Receipt};
use super::contract::ledger::{Entry, EntryInput};
use super::convert::{entry, number_of, page, summary, unsigned};
use super::{Platform, Problem};
use crate::Component;
use crate::domain::entry;
use crate::domain::posted::Posted;
use crate::domain::problem::At;
use crate::service::drafts::{self, DraftAndFaults};
use crate::service::entries::{self, Wanted};
use crate::service::posting;

fn draft((draft, faults): DraftAndFaults) -> Draft {
    let faults = faults.into_iter().map(Into::into).collect();
    Draft {
        id: unsigned(draft.id),
        version: draft.version,
        created_at: draft.created.at,
        created_by: draft.created.by,
        updated_at: draft.updated.at,
        updated_by: draft.updated.by,
        entry: draft.entry.into(),
        faults,
    }
}

fn receipt(posted: Posted) -> Receipt {
    let head = posted.head;
    let number = number_of(&head);
    Receipt { id: unsigned(head.id), journal: head.journal, fiscal_year: head.fiscal_year, number }
}

impl Guest for Component {
    fn create_draft(entry: EntryInput) -> Result<Draft, Problem> {
        Ok(draft(drafts::create(&mut Platform, entry.into())?))
    }

    fn get_draft(id: u64) -> Result<Draft, Problem> {
        Ok(draft(drafts::get(&mut Platform, id)?))
    }

    fn update_draft(id: u64, version: u32, entry: EntryInput) -> Result<Draft, Problem> {
        Ok(draft(drafts::update(&mut Platform, id, version, entry.into())?))
    }

    fn discard_draft(id: u64, version: u32) -> Result<(), Problem> {
        Ok(drafts::discard(&mut Platform, id, version)?)
    }

    fn list_drafts(limit: Option<u32>, cursor: Option<String>) -> Result<DraftPage, Problem> {
        let found = drafts::list(&mut Platform, limit, cursor.as_deref())?;
        Ok(DraftPage { drafts: found.items.into_iter().map(draft).collect(), page: page(found.next) })
    }

    fn post_draft(id: u64, version: u32) -> Result<Entry, Problem> {
        Ok(entry(drafts::post(&mut Platform, id, version)?))
    }

    fn post(input: EntryInput) -> Result<Entry, Problem> {
        Ok(entry(posting::post(&mut Platform, input.into(), None, &At::Top.key("entry"))?))
    }

    fn post_many(entries: Vec<EntryInput>) -> Result<Vec<Receipt>, Problem> {
        let entries: Vec<entry::EntryInput> = entries.into_iter().map(Into::into).collect();
        Ok(posting::post_many(&mut Platform, &entries)?.into_iter().map(receipt).collect())
    }

    fn reverse(id: u64, date: Option<String>, description: Option<String>) -> Result<Entry, Problem> {
        Ok(entry(entries::reverse(&mut Platform, id, date.as_deref(), description)?))
    }

    fn get_entry(id: u64) -> Result<Entry, Problem> {
        Ok(entry(entries::get(&mut Platform, id)?))
    }

    fn find_entry(journal: String, fiscal_year: String, number: u32) -> Result<Entry, Problem> {
        Ok(entry(entries::find_number(&mut Platform, &journal, &fiscal_year, number)?))
    }

    fn list_entries(
        journal: Option<String>,
        account: Option<String>,
        from_date: Option<String>,
        to_date: Option<String>,
        reference: Option<String>,
        external_id: Option<String>,
        limit: Option<u32>,
        cursor: Option<String>,
    ) -> Result<EntryPage, Problem> {
        let wanted = Wanted { journal, account, from_date, to_date, reference, external_id };
        let (found, decimals) = entries::list(&mut Platform, wanted, limit, cursor.as_deref())?;
        let entries = found.items.into_iter().map(|listed| summary(listed, &decimals)).collect();
        Ok(EntryPage { entries, page: page(found.next) })
    }
}
