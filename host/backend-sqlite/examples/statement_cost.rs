// SPDX-License-Identifier: MIT OR Apache-2.0
//! What one statement costs through rusqlite, with and without the callbacks of the second wall, and through sqlx, on the
//! same SQLite, the same file settings and the same statements. It printed the numbers of decision 0004.
//!
//! It does not measure commits: each round is one transaction, so that what is left is the way to the engine and back.
//! Run it with `cargo run -p backend-sqlite --example statement_cost`.

#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use rusqlite::hooks::{AuthContext, Authorization};
use sqlx::Connection as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

/// Statements of each kind in one round.
const STATEMENTS: u32 = 10_000;
/// Rounds; the median is printed.
const ROUNDS: usize = 9;

const TABLE: &str =
    "CREATE TABLE entry (id INTEGER PRIMARY KEY, account TEXT NOT NULL, amount INTEGER NOT NULL, note TEXT)";
const INSERT: &str = "INSERT INTO entry (id, account, amount, note) VALUES (?1, ?2, ?3, ?4)";
const SELECT: &str = "SELECT account, amount FROM entry WHERE id = ?1";

/// The time of one insert and of one select by key.
type Costs = (Duration, Duration);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    let bare = through_rusqlite(&directory.path().join("bare.sqlite"), false)?;
    let guarded = through_rusqlite(&directory.path().join("guarded.sqlite"), true)?;
    let sqlx = through_sqlx(&directory.path().join("sqlx.sqlite")).await?;
    println!("SQLite {}, medians of {ROUNDS} rounds of {STATEMENTS}", rusqlite::version());
    println!("{:<42}{:>12}{:>12}", "one statement, in one transaction", "insert", "select");
    for (name, (insert, select)) in [
        ("rusqlite, statement cache", bare),
        ("the same with authorizer, progress handler", guarded),
        ("sqlx, statement cache", sqlx),
    ] {
        println!("{name:<42}{:>12}{:>12}", microseconds(insert), microseconds(select));
    }
    Ok(())
}

fn microseconds(time: Duration) -> String {
    let tenths = time.as_nanos() / 100;
    format!("{}.{} us", tenths / 10, tenths % 10)
}

fn median(mut rounds: Vec<Costs>) -> Costs {
    let middle = |mut times: Vec<Duration>| {
        times.sort_unstable();
        times.get(times.len() / 2).copied().unwrap_or_default()
    };
    let selects = rounds.iter().map(|(_, select)| *select).collect();
    let inserts = rounds.drain(..).map(|(insert, _)| insert).collect();
    (middle(inserts), middle(selects))
}

fn through_rusqlite(path: &Path, guarded: bool) -> rusqlite::Result<Costs> {
    let connection = rusqlite::Connection::open(path)?;
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")?;
    connection.execute_batch(TABLE)?;
    if guarded {
        connection.authorizer(Some(|_: AuthContext<'_>| Authorization::Allow))?;
        let until = Instant::now() + Duration::from_secs(3_600);
        connection.progress_handler(1_000, Some(move || Instant::now() > until))?;
    }
    let mut rounds = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        connection.execute_batch("BEGIN IMMEDIATE")?;
        let begun = Instant::now();
        for id in 0..STATEMENTS {
            connection.prepare_cached(INSERT)?.execute((id, "assets:bank", 1_234_i64, "a note of some length"))?;
        }
        let inserts = begun.elapsed();
        let begun = Instant::now();
        for id in 0..STATEMENTS {
            let mut statement = connection.prepare_cached(SELECT)?;
            statement.query_row([id], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))?;
        }
        rounds.push((inserts / STATEMENTS, begun.elapsed() / STATEMENTS));
        connection.execute_batch("ROLLBACK")?;
    }
    Ok(median(rounds))
}

async fn through_sqlx(path: &Path) -> sqlx::Result<Costs> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    sqlx::query(TABLE).execute(&mut connection).await?;
    let mut rounds = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let mut transaction = connection.begin().await?;
        let begun = Instant::now();
        for id in 0..STATEMENTS {
            let query = sqlx::query(INSERT).bind(id).bind("assets:bank").bind(1_234_i64).bind("a note of some length");
            query.execute(&mut *transaction).await?;
        }
        let inserts = begun.elapsed();
        let begun = Instant::now();
        for id in 0..STATEMENTS {
            let query = sqlx::query_as::<_, (String, i64)>(SELECT).bind(id);
            query.fetch_one(&mut *transaction).await?;
        }
        rounds.push((inserts / STATEMENTS, begun.elapsed() / STATEMENTS));
        transaction.rollback().await?;
    }
    Ok(median(rounds))
}
