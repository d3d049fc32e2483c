// SPDX-License-Identifier: MIT OR Apache-2.0
//! The tables `entries` and `reversals`. There is no UPDATE and no DELETE of them in this component.

use super::{Database, Row, Value, change_many, select, select_in};
use crate::domain::page::Place;
use crate::domain::posted::{Head, Posted};
use crate::domain::problem::Answer;

const HEAD: &str = "SELECT e.id, e.journal, e.fiscal_year, e.number, e.period, e.posting_date, e.description, \
    e.document_date, e.reference, e.external_id, undone.entry_id, undoing.reversal_id";
const FROM: &str = "FROM entries AS e LEFT JOIN reversals AS undone ON undone.reversal_id = e.id \
    LEFT JOIN reversals AS undoing ON undoing.entry_id = e.id";

fn read_head(row: &mut Row) -> Answer<Head> {
    Ok(Head {
        id: row.integer()?,
        journal: row.text()?,
        fiscal_year: row.text()?,
        number: row.integer()?,
        period: row.text()?,
        date: row.date()?,
        description: row.text()?,
        document_date: row.optional_date()?,
        reference: row.optional_text()?,
        external_id: row.optional_text()?,
        reversal_of: row.optional_integer()?,
        reversed_by: row.optional_integer()?,
    })
}

/// Writes entries, without their lines.
pub(crate) fn insert(database: &mut dyn Database, entries: &[Posted]) -> Answer<()> {
    let rows: Vec<Vec<Value>> = entries
        .iter()
        .map(|entry| {
            let head = &entry.head;
            vec![
                head.id.into(),
                (&head.journal).into(),
                (&head.fiscal_year).into(),
                head.number.into(),
                (&head.period).into(),
                head.date.to_string().into(),
                (&head.description).into(),
                head.document_date.map(|date| date.to_string()).into(),
                head.reference.as_ref().into(),
                head.external_id.as_ref().into(),
                (&entry.posted_at).into(),
                (&entry.posted_by).into(),
                entry.drafted_by.as_ref().into(),
            ]
        })
        .collect();
    let statement = "INSERT INTO entries (id, journal, fiscal_year, number, period, posting_date, description, document_date, \
        reference, external_id, posted_at, posted_by, drafted_by) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
    change_many(database, statement, &rows)
}

/// Links an entry and the one that reverses it. The key refuses a second.
pub(crate) fn link_reversal(database: &mut dyn Database, entry: i64, reversal: i64) -> Answer<()> {
    database
        .execute("INSERT INTO reversals (entry_id, reversal_id) VALUES (?1, ?2)", &[entry.into(), reversal.into()])?;
    Ok(())
}

/// An entry without its lines.
pub(crate) fn find(database: &mut dyn Database, id: i64) -> Answer<Option<Posted>> {
    let statement = format!("{HEAD}, e.posted_at, e.posted_by, e.drafted_by {FROM} WHERE e.id = ?1");
    let read = |row: &mut Row| {
        Ok(Posted {
            head: read_head(row)?,
            posted_at: row.text()?,
            posted_by: row.text()?,
            drafted_by: row.optional_text()?,
            lines: Vec::new(),
        })
    };
    Ok(select(database, &statement, &[id.into()], read)?.pop())
}

/// The identifier of the entry with a number.
pub(crate) fn find_number(
    database: &mut dyn Database,
    journal: &str,
    fiscal_year: &str,
    number: i64,
) -> Answer<Option<i64>> {
    let statement = "SELECT id FROM entries WHERE journal = ?1 AND fiscal_year = ?2 AND number = ?3";
    Ok(select(database, statement, &[journal.into(), fiscal_year.into(), number.into()], Row::integer)?.pop())
}

/// The taken ones among some external identifiers, each with its entry.
pub(crate) fn find_external<'a>(
    database: &mut dyn Database,
    ids: impl IntoIterator<Item = &'a str>,
) -> Answer<Vec<(String, i64)>> {
    let statement = "SELECT external_id, id FROM entries WHERE external_id IN (";
    select_in(database, statement, ids.into_iter().map(Value::from), |row| Ok((row.text()?, row.integer()?)))
}

/// What narrows a list of entries.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    /// The journal.
    pub(crate) journal: Option<String>,
    /// The key of an account that a line names.
    pub(crate) account_id: Option<i64>,
    /// The first posting date.
    pub(crate) from_date: Option<String>,
    /// The last posting date.
    pub(crate) to_date: Option<String>,
    /// The number of the document.
    pub(crate) reference: Option<String>,
    /// The caller's own identifier.
    pub(crate) external_id: Option<String>,
}

/// Up to `count` entries behind a place, by posting date and identifier.
pub(crate) fn list(
    database: &mut dyn Database,
    filter: &Filter,
    after: Option<Place>,
    count: i64,
) -> Answer<Vec<Head>> {
    let mut conditions: Vec<String> = Vec::new();
    let mut parameters: Vec<Value> = Vec::new();
    let mut add = |condition: &str, values: &[Value]| {
        let mut condition = condition.to_owned();
        for value in values {
            parameters.push(value.clone());
            condition = condition.replacen("??", &format!("?{}", parameters.len()), 1);
        }
        conditions.push(condition);
    };
    let texts = [
        ("e.journal = ??", &filter.journal),
        ("e.posting_date >= ??", &filter.from_date),
        ("e.posting_date <= ??", &filter.to_date),
        ("e.reference = ??", &filter.reference),
        ("e.external_id = ??", &filter.external_id),
    ];
    for (condition, value) in texts {
        if let Some(value) = value {
            add(condition, &[value.into()]);
        }
    }
    if let Some(account) = filter.account_id {
        add("e.id IN (SELECT l.entry_id FROM entry_lines AS l WHERE l.account_id = ??)", &[account.into()]);
    }
    if let Some(place) = after {
        let date: Value = place.date.to_string().into();
        add("e.posting_date >= ?? AND (e.posting_date > ?? OR e.id > ??)", &[date.clone(), date, place.entry.into()]);
    }
    parameters.push(count.into());
    let filtered = if conditions.is_empty() { String::new() } else { format!("WHERE {}", conditions.join(" AND ")) };
    let statement = format!("{HEAD} {FROM} {filtered} ORDER BY e.posting_date, e.id LIMIT ?{}", parameters.len());
    select(database, &statement, &parameters, read_head)
}
