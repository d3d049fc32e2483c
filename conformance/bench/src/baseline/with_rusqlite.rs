// SPDX-License-Identifier: MIT OR Apache-2.0
//! The ledger by hand on rusqlite: one writer thread, a savepoint for each entry, one commit for a batch. The fastest that
//! this work can reasonably be done.

use super::books::{AccountRow, PeriodRow, Plan, codes};
use super::entry::{POSTED_BY, Place, Posted, Side, Valued};
use super::{BATCH_ENTRIES_MAX, BATCH_TIME_MAX, Job, QUEUE_MAX, Queue, Refusal, books, sql};
use crate::ledger::CURRENCY;
use anyhow::Result;
use rusqlite::{Connection, Row, params, params_from_iter};
use std::path::Path;
use std::time::Instant;
use tokio::sync::mpsc;

/// Statements that are kept prepared.
const STATEMENTS: usize = 64;

/// Makes the database and starts the writer.
pub(crate) fn start(file: &Path) -> Result<Queue> {
    books::create(file)?;
    let connection = Connection::open(file)?;
    connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -8192;")?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    let (queue, jobs) = mpsc::channel(QUEUE_MAX);
    std::thread::Builder::new().name("writer".to_owned()).spawn(move || write(&connection, jobs))?;
    Ok(queue)
}

fn write(connection: &Connection, mut jobs: mpsc::Receiver<Job>) {
    while let Some(first) = jobs.blocking_recv() {
        let (begun, mut next) = (Instant::now(), Some(first));
        let mut posted = Vec::new();
        let mut result = run(connection, "BEGIN IMMEDIATE");
        while let Some(Job { entry, answer }) = next.take() {
            match in_savepoint(connection, entry) {
                Ok(entry) => posted.push((entry, answer)),
                Err(refusal) => drop(answer.send(Err(refusal))),
            }
            if posted.len() < BATCH_ENTRIES_MAX && begun.elapsed() < BATCH_TIME_MAX {
                next = jobs.try_recv().ok();
            }
        }
        if result.is_ok() {
            result = run(connection, "COMMIT");
        }
        for (entry, answer) in posted {
            let _ = answer.send(result.clone().map(|()| entry));
        }
    }
}

fn run(connection: &Connection, statement: &str) -> Result<(), Refusal> {
    connection.prepare_cached(statement).and_then(|mut statement| statement.execute([])).map(drop).map_err(failed)
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn failed(error: rusqlite::Error) -> Refusal {
    error.to_string()
}

fn in_savepoint(connection: &Connection, entry: Valued) -> Result<Posted, Refusal> {
    run(connection, "SAVEPOINT entry")?;
    let result = post(connection, entry);
    if result.is_err() {
        run(connection, "ROLLBACK TO entry")?;
    }
    run(connection, "RELEASE entry")?;
    result
}

fn post(connection: &Connection, entry: Valued) -> Result<Posted, Refusal> {
    let plan = read(connection, &entry)?;
    let place = change(connection, &entry, plan).map_err(failed)??;
    Ok(Posted::new(entry, place))
}

fn select<T>(
    connection: &Connection,
    statement: &str,
    parameters: impl rusqlite::Params,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, Refusal> {
    let mut statement = connection.prepare_cached(statement).map_err(failed)?;
    let rows = statement.query_map(parameters, read).map_err(failed)?;
    rows.collect::<rusqlite::Result<_>>().map_err(failed)
}

fn read(connection: &Connection, entry: &Valued) -> Result<Plan, Refusal> {
    let two = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let _settings: Vec<(String, String)> = select(connection, sql::SETTINGS, [], two)?;
    let journals = select(connection, sql::JOURNALS, [&entry.journal], two)?;
    let periods: Vec<PeriodRow> = select(connection, sql::PERIODS, [&entry.date, &entry.date], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
    })?;
    let accounts: Vec<AccountRow> = select(connection, sql::ACCOUNTS, params_from_iter(codes(entry)?), |row| {
        let (id, code, name, kind) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        Ok((id, code, name, kind, row.get(4)?, row.get(5)?, row.get(6)?, row.get(7)?))
    })?;
    Plan::check(entry, &journals, periods, &accounts)
}

fn change(connection: &Connection, entry: &Valued, plan: Plan) -> rusqlite::Result<Result<Place, Refusal>> {
    let (period, fiscal_year) = plan.period;
    if connection.prepare_cached(sql::COUNT)?.execute(params![period, 1])? != 1 {
        return Ok(Err("the period was closed meanwhile".to_owned()));
    }
    for (statement, span) in [(sql::DAILY, entry.date.as_str()), (sql::MONTHLY, entry.month())] {
        let mut add = connection.prepare_cached(statement)?;
        for (account, sums) in &plan.sums {
            let values = (sums.debit, sums.credit, sums.debit, sums.credit);
            add.execute(params![span, account, CURRENCY, CURRENCY, values.0, values.1, values.2, values.3])?;
        }
    }
    let first = |row: &Row<'_>| row.get::<_, i64>(0);
    let number = connection.prepare_cached(sql::NUMBER)?.query_row(params![entry.journal, fiscal_year, 1], first)?;
    let id = connection.prepare_cached(sql::IDENTIFIER)?.query_row(params!["entry", 1], first)?;
    connection.prepare_cached(sql::ENTRY)?.execute(params![
        id,
        entry.journal,
        fiscal_year,
        number,
        period,
        entry.date,
        entry.description,
        entry.document_date,
        entry.reference,
        entry.external_id,
        plan.posted_at,
        POSTED_BY,
    ])?;
    let mut insert = connection.prepare_cached(sql::LINE)?;
    for ((line_number, line), account) in (1_i64..).zip(&entry.lines).zip(&plan.accounts) {
        insert.execute(params![
            id,
            line_number,
            account,
            entry.date,
            i64::from(line.side == Side::Credit),
            line.amount,
            CURRENCY,
            line.amount,
            CURRENCY,
            None::<String>,
            line.description,
        ])?;
    }
    Ok(Ok(Place { id, number, fiscal_year, period, posted_at: plan.posted_at }))
}
