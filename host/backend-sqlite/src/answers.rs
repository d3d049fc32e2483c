// SPDX-License-Identifier: MIT OR Apache-2.0
//! The answers that a tenant's database keeps, so that a request that comes again is not done twice. The writer's units see
//! them; components cannot name the table. An answer is a change of its unit like any other: rolled back, restored and
//! committed with it.

use crate::authorizer::Policy;
use crate::connection::Connection;
use crate::queue::unavailable;
use crate::session::{Lease, Slot};
use cap_storage::{SharedSession, SqlError};
use kernel_engine::{AnswerBook, BoxFuture, Recorded, TransactError};
use kernel_types::Digest;
use rusqlite::{OptionalExtension as _, params};
use std::sync::Arc;
use std::time::SystemTime;

/// The table. Numbers grow, so that the oldest answers are those with the lowest.
pub(crate) const TABLE: &str = "
    CREATE TABLE cortex_answers (
        number INTEGER PRIMARY KEY,
        key BLOB NOT NULL UNIQUE,
        fingerprint BLOB NOT NULL,
        answer BLOB NOT NULL,
        recorded_at_ms INTEGER NOT NULL
    ) STRICT;";

/// How long an answer is kept at the least, in milliseconds, unless there are more than `answers_max`: a day, so that what was
/// sent in the evening can be sent again in the morning.
const KEPT_MS: i64 = 86_400_000;

/// After how many answers the oldest are looked at.
const PURGE_EVERY: i64 = 64;

/// How many of the oldest are looked at then: more can go than come, and no unit pays for many.
const PURGE_ROWS_MAX: i64 = 128;

/// An answer on its way into the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) key: Digest,
    pub(crate) fingerprint: Digest,
    pub(crate) answer: Vec<u8>,
    pub(crate) recorded_at_ms: i64,
}

/// The answers as one unit sees them.
pub(crate) struct Book {
    pub(crate) session: Arc<SharedSession>,
    pub(crate) slot: Slot,
}

impl Book {
    fn with<T>(&self, act: impl FnOnce(&mut Lease) -> Result<T, SqlError>) -> Result<T, TransactError> {
        let mut slot = self.slot.lock();
        let lease = slot.as_mut().ok_or_else(|| unavailable("the unit of work has ended".into()))?;
        act(lease).map_err(|error| unavailable(error.to_string()))
    }
}

impl AnswerBook for Book {
    fn recall(&self, key: Digest) -> BoxFuture<'_, Result<Recorded, TransactError>> {
        Box::pin(async move { self.with(|lease| lease.recall(key)) })
    }

    fn record<'a>(
        &'a self,
        key: Digest,
        fingerprint: Digest,
        answer: &'a [u8],
    ) -> BoxFuture<'a, Result<(), TransactError>> {
        Box::pin(async move {
            // What a component dropped is rolled back before: the answer must not go with it.
            self.session.settle().await.map_err(|error| unavailable(error.to_string()))?;
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            let recorded_at_ms = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
            let record = Record { key, fingerprint, answer: answer.to_vec(), recorded_at_ms };
            self.with(|lease| lease.record(record))
        })
    }
}

impl Lease {
    fn recall(&mut self, key: Digest) -> Result<Recorded, SqlError> {
        self.sound()?;
        recall(&self.connection, key).map_err(|error| self.broken(&error))
    }

    fn record(&mut self, record: Record) -> Result<(), SqlError> {
        self.sound()?;
        let done = insert(&self.connection, &record).and_then(|number| {
            if number % PURGE_EVERY == 0 { purge(&self.connection, &record, number, self.answers_max) } else { Ok(()) }
        });
        done.map_err(|error| self.broken(&error))?;
        self.redo.note_answer(record);
        Ok(())
    }

    /// Records an answer once more, behind a transaction that the engine threw away. What was purged with it may stay.
    pub(crate) fn record_again(&mut self, record: &Record) -> Result<(), SqlError> {
        insert(&self.connection, record).map(drop).map_err(|error| self.broken(&error))
    }

    fn sound(&self) -> Result<(), SqlError> {
        self.failure.as_ref().map_or(Ok(()), |failure| Err(SqlError::Unavailable(failure.clone())))
    }

    /// The engine failed at the host's own table: the unit cannot go on, and where its transaction is gone, nor can the batch.
    fn broken(&mut self, error: &rusqlite::Error) -> SqlError {
        let failure = format!("the answers cannot be read or written: {error}");
        self.lost |= !self.connection.in_transaction();
        self.failure = Some(failure.clone());
        SqlError::Unavailable(failure)
    }
}

fn recall(connection: &Connection, key: Digest) -> rusqlite::Result<Recorded> {
    let _permit = connection.permit(Policy::Host);
    let sql = "SELECT fingerprint, answer FROM cortex_answers WHERE key = ?1";
    let mut statement = connection.engine().prepare_cached(sql)?;
    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    statement.query_row(params![key.as_bytes()], row).optional()
}

/// Returns the answer's number.
fn insert(connection: &Connection, record: &Record) -> rusqlite::Result<i64> {
    let _permit = connection.permit(Policy::Host);
    let sql = "INSERT INTO cortex_answers (key, fingerprint, answer, recorded_at_ms) VALUES (?1, ?2, ?3, ?4)";
    let mut statement = connection.engine().prepare_cached(sql)?;
    let Record { key, fingerprint, answer, recorded_at_ms } = record;
    statement.insert(params![key.as_bytes(), fingerprint.as_bytes(), answer, recorded_at_ms])
}

/// Removes those of the oldest answers that are older than they must be, or too many.
fn purge(connection: &Connection, newest: &Record, number: i64, answers_max: u32) -> rusqlite::Result<()> {
    let _permit = connection.permit(Policy::Host);
    let sql = "DELETE FROM cortex_answers WHERE (recorded_at_ms < ?1 OR number <= ?2)
        AND number IN (SELECT number FROM cortex_answers ORDER BY number LIMIT ?3)";
    let mut statement = connection.engine().prepare_cached(sql)?;
    let before_ms = newest.recorded_at_ms.saturating_sub(KEPT_MS);
    let last = number.saturating_sub(i64::from(answers_max));
    statement.execute(params![before_ms, last, PURGE_ROWS_MAX]).map(drop)
}
