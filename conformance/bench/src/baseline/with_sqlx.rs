// SPDX-License-Identifier: MIT OR Apache-2.0
//! The ledger by hand on sqlx: one writer task, a savepoint for each entry, one commit for a batch.

use super::books::{AccountRow, PeriodRow, Plan, codes};
use super::entry::{POSTED_BY, Place, Posted, Side, Valued};
use super::{BATCH_ENTRIES_MAX, BATCH_TIME_MAX, Job, QUEUE_MAX, Queue, Refusal, books, sql};
use crate::ledger::CURRENCY;
use anyhow::Result;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, SqliteConnection, query, query_as, query_scalar};
use std::path::Path;
use std::time::Instant;
use tokio::sync::mpsc;

/// Makes the database and starts the writer.
pub(crate) async fn start(file: &Path) -> Result<Queue> {
    books::create(file)?;
    let options = SqliteConnectOptions::new()
        .filename(file)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .pragma("cache_size", "-8192");
    let connection = options.connect().await?;
    let (queue, jobs) = mpsc::channel(QUEUE_MAX);
    tokio::spawn(write(connection, jobs));
    Ok(queue)
}

async fn write(mut connection: SqliteConnection, mut jobs: mpsc::Receiver<Job>) {
    while let Some(first) = jobs.recv().await {
        let (begun, mut next) = (Instant::now(), Some(first));
        let mut posted = Vec::new();
        let mut result = run(&mut connection, "BEGIN IMMEDIATE").await;
        while let Some(Job { entry, answer }) = next.take() {
            match in_savepoint(&mut connection, entry).await {
                Ok(entry) => posted.push((entry, answer)),
                Err(refusal) => drop(answer.send(Err(refusal))),
            }
            if posted.len() < BATCH_ENTRIES_MAX && begun.elapsed() < BATCH_TIME_MAX {
                next = jobs.try_recv().ok();
            }
        }
        if result.is_ok() {
            result = run(&mut connection, "COMMIT").await;
        }
        for (entry, answer) in posted {
            let _ = answer.send(result.clone().map(|()| entry));
        }
    }
}

async fn run(connection: &mut SqliteConnection, statement: &'static str) -> Result<(), Refusal> {
    query(statement).execute(connection).await.map(drop).map_err(failed)
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn failed(error: sqlx::Error) -> Refusal {
    error.to_string()
}

async fn in_savepoint(connection: &mut SqliteConnection, entry: Valued) -> Result<Posted, Refusal> {
    run(connection, "SAVEPOINT entry").await?;
    let result = post(connection, entry).await;
    if result.is_err() {
        run(connection, "ROLLBACK TO entry").await?;
    }
    run(connection, "RELEASE entry").await?;
    result
}

async fn post(connection: &mut SqliteConnection, entry: Valued) -> Result<Posted, Refusal> {
    let plan = read(connection, &entry).await.map_err(failed)??;
    let place = change(connection, &entry, plan).await.map_err(failed)??;
    Ok(Posted::new(entry, place))
}

async fn read(connection: &mut SqliteConnection, entry: &Valued) -> Result<Result<Plan, Refusal>, sqlx::Error> {
    let _settings: Option<(String, String)> = query_as(sql::SETTINGS).fetch_optional(&mut *connection).await?;
    let journals = query_as(sql::JOURNALS).bind(&entry.journal).fetch_all(&mut *connection).await?;
    let periods: Vec<PeriodRow> =
        query_as(sql::PERIODS).bind(&entry.date).bind(&entry.date).fetch_all(&mut *connection).await?;
    let codes = match codes(entry) {
        Ok(codes) => codes,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let accounts = codes.into_iter().fold(query_as(sql::ACCOUNTS), |query, code| query.bind(code));
    let accounts: Vec<AccountRow> = accounts.fetch_all(&mut *connection).await?;
    Ok(Plan::check(entry, &journals, periods, &accounts))
}

async fn change(
    connection: &mut SqliteConnection,
    entry: &Valued,
    plan: Plan,
) -> Result<Result<Place, Refusal>, sqlx::Error> {
    let (period, fiscal_year) = plan.period;
    let counted = query(sql::COUNT).bind(&period).bind(1_i64).execute(&mut *connection).await?;
    if counted.rows_affected() != 1 {
        return Ok(Err("the period was closed meanwhile".to_owned()));
    }
    for (statement, span) in [(sql::DAILY, entry.date.as_str()), (sql::MONTHLY, entry.month())] {
        for (account, sums) in &plan.sums {
            let add = query(statement).bind(span).bind(account).bind(CURRENCY).bind(CURRENCY);
            let add = add.bind(sums.debit).bind(sums.credit).bind(sums.debit).bind(sums.credit);
            add.execute(&mut *connection).await?;
        }
    }
    let number = query_scalar(sql::NUMBER).bind(&entry.journal).bind(&fiscal_year).bind(1_i64);
    let number: i64 = number.fetch_one(&mut *connection).await?;
    let id: i64 = query_scalar(sql::IDENTIFIER).bind("entry").bind(1_i64).fetch_one(&mut *connection).await?;
    let insert = query(sql::ENTRY).bind(id).bind(&entry.journal).bind(&fiscal_year).bind(number).bind(&period);
    let insert = insert.bind(&entry.date).bind(&entry.description).bind(&entry.document_date).bind(&entry.reference);
    let insert = insert.bind(&entry.external_id).bind(&plan.posted_at).bind(POSTED_BY);
    insert.execute(&mut *connection).await?;
    for ((line_number, line), account) in (1_i64..).zip(&entry.lines).zip(&plan.accounts) {
        let insert = query(sql::LINE).bind(id).bind(line_number).bind(account).bind(&entry.date);
        let insert = insert.bind(i64::from(line.side == Side::Credit)).bind(line.amount).bind(CURRENCY);
        let insert = insert.bind(line.amount).bind(CURRENCY).bind(None::<String>).bind(&line.description);
        insert.execute(&mut *connection).await?;
    }
    Ok(Ok(Place { id, number, fiscal_year, period, posted_at: plan.posted_at }))
}
