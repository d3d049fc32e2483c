// SPDX-License-Identifier: MIT OR Apache-2.0
//! The tables `drafts`, `draft_lines` and `draft_line_dimensions`: entries as they were given, faulty as they may be.

use super::lines::{read_side, side_number};
use super::{Database, Row, Value, change_many, select, select_in, take_identifiers};
use crate::domain::dimension::Dimension;
use crate::domain::entry::{EntryInput, LineInput};
use crate::domain::problem::{Answer, Problem};
use std::collections::BTreeMap;

/// When something was done, and by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trace {
    /// When.
    pub(crate) at: String,
    /// By whom.
    pub(crate) by: String,
}

/// A draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Draft {
    /// Its identifier.
    pub(crate) id: i64,
    /// Counts its changes.
    pub(crate) version: u32,
    /// Its creation.
    pub(crate) created: Trace,
    /// Its last change.
    pub(crate) updated: Trace,
    /// The entry as it was given.
    pub(crate) entry: EntryInput,
}

const COLUMNS: &str = "SELECT id, version, created_at, created_by, updated_at, updated_by, journal, posting_date, description, \
    document_date, reference, external_id FROM drafts";

fn read(row: &mut Row) -> Answer<Draft> {
    Ok(Draft {
        id: row.integer()?,
        version: row.small()?,
        created: Trace { at: row.text()?, by: row.text()? },
        updated: Trace { at: row.text()?, by: row.text()? },
        entry: EntryInput {
            journal: row.text()?,
            date: row.text()?,
            description: row.text()?,
            document_date: row.optional_text()?,
            reference: row.optional_text()?,
            external_id: row.optional_text()?,
            lines: Vec::new(),
        },
    })
}

fn read_lines(database: &mut dyn Database, drafts: &mut [Draft]) -> Answer<()> {
    let statement = "SELECT draft_id, line_number, account, side, amount, currency, rate, value, value_currency, description \
        FROM draft_lines WHERE draft_id IN (";
    let ids: Vec<Value> = drafts.iter().map(|draft| draft.id.into()).collect();
    let mut lines = select_in(database, statement, ids, |row| {
        let place = (row.integer()?, row.integer()?);
        let line = LineInput {
            account: row.text()?,
            side: read_side(row)?,
            amount: row.text()?,
            currency: row.optional_text()?,
            rate: row.optional_text()?,
            value: row.optional_text()?,
            value_currency: row.optional_text()?,
            description: row.optional_text()?,
            dimensions: Vec::new(),
        };
        Ok((place, line))
    })?;
    lines.sort_by_key(|(place, _)| *place);
    let mut dimensions = read_dimensions(database, drafts)?;
    for ((id, number), mut line) in lines {
        line.dimensions = dimensions.remove(&(id, number)).unwrap_or_default();
        if let Some(draft) = drafts.iter_mut().find(|draft| draft.id == id) {
            draft.entry.lines.push(line);
        }
    }
    Ok(())
}

fn read_dimensions(database: &mut dyn Database, drafts: &[Draft]) -> Answer<BTreeMap<(i64, i64), Vec<Dimension>>> {
    let statement = "SELECT draft_id, line_number, place, name, value FROM draft_line_dimensions WHERE draft_id IN (";
    let ids: Vec<Value> = drafts.iter().map(|draft| draft.id.into()).collect();
    let mut rows = select_in(database, statement, ids, |row| {
        let place = (row.integer()?, row.integer()?, row.integer()?);
        Ok((place, Dimension { name: row.text()?, value: row.text()? }))
    })?;
    rows.sort_by_key(|(place, _)| *place);
    let mut dimensions = BTreeMap::<_, Vec<_>>::new();
    for ((draft, line, _), dimension) in rows {
        dimensions.entry((draft, line)).or_default().push(dimension);
    }
    Ok(dimensions)
}

/// One draft.
pub(crate) fn find(database: &mut dyn Database, id: i64) -> Answer<Option<Draft>> {
    let mut drafts = select(database, &format!("{COLUMNS} WHERE id = ?1"), &[id.into()], read)?;
    read_lines(database, &mut drafts)?;
    Ok(drafts.pop())
}

/// Up to `count` drafts behind an identifier.
pub(crate) fn list(database: &mut dyn Database, after: i64, count: i64) -> Answer<Vec<Draft>> {
    let statement = format!("{COLUMNS} WHERE id > ?1 ORDER BY id LIMIT ?2");
    let mut drafts = select(database, &statement, &[after.into(), count.into()], read)?;
    read_lines(database, &mut drafts)?;
    Ok(drafts)
}

/// Writes a new draft; returns it with its identifier.
pub(crate) fn insert(database: &mut dyn Database, entry: EntryInput, created: Trace) -> Answer<Draft> {
    let id = take_identifiers(database, "draft", 1)?;
    let draft = Draft { id, version: 1, updated: created.clone(), created, entry };
    let statement = "INSERT INTO drafts (id, version, journal, posting_date, description, document_date, reference, external_id, \
        updated_at, updated_by, created_at, created_by) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?9, ?10)";
    database.execute(statement, &head(&draft, draft.version))?;
    insert_lines(database, &draft)?;
    Ok(draft)
}

/// Writes a draft over the version that was read; refused where it changed meanwhile.
pub(crate) fn update(database: &mut dyn Database, draft: Draft) -> Answer<Draft> {
    let statement = "UPDATE drafts SET version = version + 1, journal = ?3, posting_date = ?4, description = ?5, \
        document_date = ?6, reference = ?7, external_id = ?8, updated_at = ?9, updated_by = ?10 WHERE id = ?1 AND version = ?2";
    if database.execute(statement, &head(&draft, draft.version))? != 1 {
        return Err(changed(draft.id));
    }
    delete_lines(database, draft.id)?;
    insert_lines(database, &draft)?;
    Ok(Draft { version: draft.version.saturating_add(1), ..draft })
}

/// Removes a draft in the version that was read; refused where it changed meanwhile.
pub(crate) fn delete(database: &mut dyn Database, id: i64, version: u32) -> Answer<()> {
    let statement = "DELETE FROM drafts WHERE id = ?1 AND version = ?2";
    if database.execute(statement, &[id.into(), i64::from(version).into()])? != 1 {
        return Err(changed(id));
    }
    delete_lines(database, id)
}

fn delete_lines(database: &mut dyn Database, draft: i64) -> Answer<()> {
    database.execute("DELETE FROM draft_lines WHERE draft_id = ?1", &[draft.into()])?;
    database.execute("DELETE FROM draft_line_dimensions WHERE draft_id = ?1", &[draft.into()])?;
    Ok(())
}

/// The refusal of a version that is not the newest.
pub(crate) fn changed(id: i64) -> Problem {
    Problem::conflict("version-changed", format!("the draft `{id}` was changed since it was read; read it again"))
}

fn head(draft: &Draft, version: u32) -> Vec<Value> {
    let entry = &draft.entry;
    vec![
        draft.id.into(),
        i64::from(version).into(),
        (&entry.journal).into(),
        (&entry.date).into(),
        (&entry.description).into(),
        entry.document_date.as_ref().into(),
        entry.reference.as_ref().into(),
        entry.external_id.as_ref().into(),
        (&draft.updated.at).into(),
        (&draft.updated.by).into(),
    ]
}

fn insert_lines(database: &mut dyn Database, draft: &Draft) -> Answer<()> {
    let rows: Vec<Vec<Value>> = (1_i64..)
        .zip(&draft.entry.lines)
        .map(|(number, line)| {
            vec![
                draft.id.into(),
                number.into(),
                (&line.account).into(),
                side_number(line.side).into(),
                (&line.amount).into(),
                line.currency.as_ref().into(),
                line.rate.as_ref().into(),
                line.value.as_ref().into(),
                line.value_currency.as_ref().into(),
                line.description.as_ref().into(),
            ]
        })
        .collect();
    let statement = "INSERT INTO draft_lines (draft_id, line_number, account, side, amount, currency, rate, value, value_currency, \
        description) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    change_many(database, statement, &rows)?;
    let mut rows: Vec<Vec<Value>> = Vec::new();
    for (number, line) in (1_i64..).zip(&draft.entry.lines) {
        rows.extend((1_i64..).zip(&line.dimensions).map(|(place, dimension)| {
            let (name, value) = ((&dimension.name).into(), (&dimension.value).into());
            vec![draft.id.into(), number.into(), place.into(), name, value]
        }));
    }
    let statement =
        "INSERT INTO draft_line_dimensions (draft_id, line_number, place, name, value) VALUES (?1, ?2, ?3, ?4, ?5)";
    change_many(database, statement, &rows)
}
