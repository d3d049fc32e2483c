// SPDX-License-Identifier: MIT OR Apache-2.0
//! The answers that a tenant's database keeps, so that a request that comes again is not done twice. The writer's units
//! see them; components cannot name the table. An answer is a change of its unit like any other: rolled back, restored
//! and committed with it.

use crate::authorizer::Policy;
use crate::connection::Connection;
use crate::queue::unavailable;
use crate::session::{Lease, Slot};
use crate::settings::Settings;
use cap_storage::{SharedSession, SqlError};
use kernel_engine::{AnswerBook, BoxFuture, Recorded, TransactError};
use kernel_types::Digest;
use rusqlite::{ErrorCode, OptionalExtension as _, params};
use std::sync::Arc;
use std::time::SystemTime;

/// The table. Numbers grow, so that the oldest answers are those with the lowest. `bytes_upto` is what this answer and
/// all before it take, so that the difference of two says what lies between them, without reading it.
pub(crate) const TABLE: &str = "
    CREATE TABLE cortex_answers (
        number INTEGER PRIMARY KEY,
        key BLOB NOT NULL UNIQUE,
        fingerprint BLOB NOT NULL,
        answer BLOB NOT NULL,
        recorded_at_ms INTEGER NOT NULL,
        bytes_upto INTEGER NOT NULL DEFAULT 0
    ) STRICT;";

/// What the table of the layout before lacks. Its answers count nothing, and are over in a day.
pub(crate) const ADD_BYTES: &str = "ALTER TABLE cortex_answers ADD COLUMN bytes_upto INTEGER NOT NULL DEFAULT 0;";

/// How long an answer is kept at the least, in milliseconds, unless there are more than [`Bounds`] admit: a day, so
/// that what was sent in the evening can be sent again in the morning.
const KEPT_MS: i64 = 86_400_000;

/// After how many answers the oldest are looked at.
const PURGE_EVERY: i64 = 64;

/// How many of the oldest are looked at then: more can go than come, and no unit pays for many.
const PURGE_ROWS_MAX: i64 = 128;

/// What an answer takes beside its own bytes: its digests, its place in two trees.
const ROW_BYTES: i64 = 160;

/// The oldest are also looked at whenever so many bytes have come: less than a hundred answers of the largest kind.
const PURGE_EVERY_BYTES: i64 = 4 << 20;

/// How many of the oldest are looked at where they take too much room: more bytes can go than come between two looks,
/// however small they are.
const PURGE_ROWS_FOR_ROOM_MAX: i64 = PURGE_EVERY_BYTES / ROW_BYTES + PURGE_ROWS_MAX;

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    rows_max: i64,
    bytes_max: i64,
}

impl Bounds {
    pub(crate) fn of(settings: &Settings) -> Self {
        let bytes_max = i64::try_from(settings.answer_bytes_max).unwrap_or(i64::MAX);
        Self { rows_max: settings.answers_max.into(), bytes_max }
    }
}

/// Where an answer stands in the table.
struct Place {
    number: i64,
    bytes_upto: i64,
}

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
            let record = Record { key, fingerprint, answer: answer.to_vec(), recorded_at_ms: now_ms() };
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
        let done = insert(&self.connection, &record).and_then(|place| {
            if is_time(&place, &record) {
                purge(&self.connection, &place, record.recorded_at_ms, self.answers).map(drop)
            } else {
                Ok(())
            }
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

    /// The engine failed at the host's own table: the unit cannot go on, and where its transaction is gone, nor can the
    /// batch.
    fn broken(&mut self, error: &rusqlite::Error) -> SqlError {
        let failure = format!("the answers cannot be read or written: {error}");
        self.lost |= !self.connection.in_transaction();
        self.full |= error.sqlite_error_code() == Some(ErrorCode::DiskFull);
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

fn insert(connection: &Connection, record: &Record) -> rusqlite::Result<Place> {
    let _permit = connection.permit(Policy::Host);
    let before = newest(connection)?.map_or(0, |newest| newest.bytes_upto);
    let bytes_upto = before.saturating_add(bytes(record));
    let sql = "INSERT INTO cortex_answers (key, fingerprint, answer, recorded_at_ms, bytes_upto)
        VALUES (?1, ?2, ?3, ?4, ?5)";
    let mut statement = connection.engine().prepare_cached(sql)?;
    let Record { key, fingerprint, answer, recorded_at_ms } = record;
    let values = params![key.as_bytes(), fingerprint.as_bytes(), answer, recorded_at_ms, bytes_upto];
    Ok(Place { number: statement.insert(values)?, bytes_upto })
}

/// What an answer counts.
fn bytes(record: &Record) -> i64 {
    i64::try_from(record.answer.len()).unwrap_or(i64::MAX).saturating_add(ROW_BYTES)
}

fn newest(connection: &Connection) -> rusqlite::Result<Option<Place>> {
    let sql = "SELECT number, bytes_upto FROM cortex_answers ORDER BY number DESC LIMIT 1";
    let mut statement = connection.engine().prepare_cached(sql)?;
    statement.query_row([], |row| Ok(Place { number: row.get(0)?, bytes_upto: row.get(1)? })).optional()
}

/// Whether the oldest are to be looked at behind this answer.
fn is_time(place: &Place, record: &Record) -> bool {
    let before = place.bytes_upto.saturating_sub(bytes(record));
    place.number % PURGE_EVERY == 0 || place.bytes_upto / PURGE_EVERY_BYTES != before / PURGE_EVERY_BYTES
}

/// Removes those of the oldest answers that are older than they must be, too many, or too large together. Returns how
/// many.
fn purge(connection: &Connection, newest: &Place, now_ms: i64, bounds: Bounds) -> rusqlite::Result<usize> {
    let _permit = connection.permit(Policy::Host);
    let engine = connection.engine();
    let bytes_last = newest.bytes_upto.saturating_sub(bounds.bytes_max);
    let oldest = engine
        .prepare_cached("SELECT bytes_upto FROM cortex_answers ORDER BY number LIMIT 1")?
        .query_row([], |row| row.get::<_, i64>(0))
        .optional()?;
    let for_room = bytes_last > 0 && oldest.is_some_and(|oldest| oldest <= bytes_last);
    let rows_max = if for_room { PURGE_ROWS_FOR_ROOM_MAX } else { PURGE_ROWS_MAX };
    let sql = "DELETE FROM cortex_answers WHERE (recorded_at_ms < ?1 OR number <= ?2 OR (?3 > 0 AND bytes_upto <= ?3))
        AND number IN (SELECT number FROM cortex_answers ORDER BY number LIMIT ?4)";
    let before_ms = now_ms.saturating_sub(KEPT_MS);
    let last = newest.number.saturating_sub(bounds.rows_max);
    engine.prepare_cached(sql)?.execute(params![before_ms, last, bytes_last, rows_max])
}

/// Removes what of the answers need not be kept from a database that has no room, in the transaction that is open:
/// while nothing can be written nothing would be removed by the way. Returns how many went.
pub(crate) fn make_room(connection: &Connection, bounds: Bounds) -> rusqlite::Result<usize> {
    let newest = {
        let _permit = connection.permit(Policy::Host);
        newest(connection)?
    };
    newest.map_or(Ok(0), |newest| purge(connection, &newest, now_ms(), bounds))
}

/// Milliseconds since 1970.
fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}
