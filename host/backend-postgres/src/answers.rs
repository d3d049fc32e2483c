// SPDX-License-Identifier: MIT OR Apache-2.0
//! The answers that a tenant's database keeps, so that a request that comes again is not done twice.
//!
//! An answer is looked up beside the unit's transaction and recorded as its last statement, in the host's own role. A
//! look-up inside would be a part of what the server keeps serializable, and two requests with different keys would
//! give way to each other for being neighbours in an index. It need not be inside: when two hosts run the same request
//! at the same time, the key is there for the second one when it records, and it gives way, runs again, and finds the
//! answer. Where the second one fails before it records, because it meets what the first has done, the kernel looks the
//! key up once more.

use crate::failure::{Fault, is_of_connection};
use crate::lease::{Failure, Lease};
use crate::name::tenant_schema;
use crate::session::Slot;
use crate::store::{Inner, unavailable};
use crate::tenant::Tenant;
use crate::turn::HandedOn;
use cap_storage::SharedSession;
use kernel_engine::{AnswerBook, BoxFuture, Recorded, TransactError};
use kernel_types::{Digest, TenantId};
use sqlx::{AssertSqlSafe, Executor as _};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

/// How long an answer is kept at the least, unless there are more than `answers_max`: a day, so that what was sent in
/// the evening can be sent again in the morning.
const KEPT: &str = "interval '1 day'";

/// After how many answers of this host the oldest are looked at.
const PURGE_EVERY: u64 = 256;

/// How many of the oldest are looked at then: more can go than come, also where several hosts record.
const PURGE_ROWS_MAX: u64 = 1_024;

/// What an answer takes beside its own bytes: its digests, its place in two indexes.
const ROW_BYTES: u64 = 256;

/// What all answers take is measured whenever this host has recorded this part of what they may take: it reads the
/// whole table.
const MEASURES: u64 = 16;

/// The longest that PostgreSQL can be told a statement may run, in milliseconds.
const TIMEOUT_MS_MAX: u128 = i32::MAX as u128;

/// What makes the table of a tenant where it is missing. Numbers grow, so that the oldest answers are those with the
/// lowest.
pub(crate) fn table(tenant: &TenantId) -> String {
    format!(
        "CREATE TABLE IF NOT EXISTS {}.cortex_answers (
            number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key bytea NOT NULL UNIQUE,
            fingerprint bytea NOT NULL, answer bytea NOT NULL, recorded_at timestamptz NOT NULL DEFAULT now());",
        tenant_schema(tenant)
    )
}

/// The answers as one unit sees them.
pub(crate) struct Book {
    pub(crate) store: Arc<Inner>,
    pub(crate) tenant: Arc<Tenant>,
    pub(crate) session: Arc<SharedSession>,
    pub(crate) slot: Slot,
}

impl AnswerBook for Book {
    fn recall(&self, key: Digest) -> BoxFuture<'_, Result<Recorded, TransactError>> {
        Box::pin(async move {
            let mut slot = self.slot.lock().await;
            let lease = slot.as_mut().ok_or_else(|| unavailable("the unit of work has ended"))?;
            let found = lease.look_up(key).await.map_err(|error| unavailable(error.to_string()))?;
            let Some((fingerprint, answer)) = found else { return Ok(None) };
            let fingerprint = fingerprint.try_into().map_err(|_| unavailable("a recorded answer is damaged"))?;
            Ok(Some((fingerprint, answer)))
        })
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
            let mut slot = self.slot.lock().await;
            let lease = slot.as_mut().ok_or_else(|| unavailable("the unit of work has ended"))?;
            lease.record(key, fingerprint, answer).await?;
            if self.tenant.answers.fetch_add(1, Relaxed) % PURGE_EVERY == PURGE_EVERY - 1 {
                tokio::spawn(purge(Arc::clone(&self.store), self.tenant.id.clone()));
            }
            let bytes = u64::try_from(answer.len()).unwrap_or(u64::MAX).saturating_add(ROW_BYTES);
            let before = self.tenant.answer_bytes.fetch_add(bytes, Relaxed);
            let step = (self.store.settings.answer_bytes_max / MEASURES).max(1);
            // Also with the first: what is there from before this host began counts.
            if before == 0 || before / step != before.wrapping_add(bytes) / step {
                tokio::spawn(trim(Arc::clone(&self.store), self.tenant.id.clone()));
            }
            Ok(())
        })
    }
}

impl Lease {
    /// Looks a key up beside the transaction, on the connection that the transaction will be begun on: a unit that held
    /// one and waited for another would wait for ever where all do.
    async fn look_up(&mut self, key: Digest) -> Result<Option<(Vec<u8>, Vec<u8>)>, sqlx::Error> {
        let schema = tenant_schema(&self.tenant.id);
        let text: Arc<str> = format!("SELECT fingerprint, answer FROM {schema}.cortex_answers WHERE key = $1").into();
        // Connections that lay idle while the server was started again fail at their first use: as many as there may
        // be.
        let mut attempts = self.store.settings.connections_max;
        loop {
            let (mut connection, times) = match self.handed_on.take() {
                Some(HandedOn { connection, times }) => (connection, times),
                None => (self.store.pool.acquire().await?, 0),
            };
            let query = sqlx::query_as(AssertSqlSafe(Arc::clone(&text))).bind(key.as_bytes().as_slice());
            match query.fetch_optional(&mut *connection).await {
                Err(error) => {
                    connection.close_on_drop();
                    if !is_of_connection(&error) || attempts == 0 {
                        return Err(error);
                    }
                    attempts = attempts.saturating_sub(1);
                }
                found => {
                    self.handed_on = Some(HandedOn { connection, times });
                    return found;
                }
            }
        }
    }

    async fn record(&mut self, key: Digest, fingerprint: Digest, answer: &[u8]) -> Result<(), TransactError> {
        if let Some(error) = self.doomed() {
            return Err(unavailable(error.to_string()));
        }
        // Where another host records the same key, this waits for its commit: as long as the request may.
        let left = self.deadline.saturating_duration_since(Instant::now()).as_millis().clamp(1, TIMEOUT_MS_MAX);
        // One round trip; what is written into the text are hexadecimal digits.
        let text = format!(
            "SET LOCAL ROLE NONE; SET LOCAL statement_timeout TO {left}; \
             INSERT INTO {}.cortex_answers (key, fingerprint, answer) VALUES ({}, {}, {})",
            tenant_schema(&self.tenant.id),
            literal(key.as_bytes()),
            literal(fingerprint.as_bytes()),
            literal(answer)
        );
        let done = match self.begin_bare().await {
            Ok(()) => self.host_or_key(&text).await,
            Err(fault) => Err(fault),
        };
        done.map_err(|fault| match fault {
            Fault::Conflict(detail) => {
                self.doom(Failure::Conflict(detail.clone()));
                TransactError::Conflict { detail }
            }
            other => {
                let detail = format!("the answer cannot be recorded: {other:?}");
                self.doom(Failure::Lost(detail.clone()));
                unavailable(detail)
            }
        })
    }

    /// Text of the host's own, in which a key that is there already means that another host was first.
    async fn host_or_key(&mut self, text: &str) -> Result<(), Fault> {
        let done = self.connection()?.execute(sqlx::raw_sql(AssertSqlSafe(text.to_owned()))).await;
        done.map(drop).map_err(|error| {
            let code = error.as_database_error().and_then(|error| error.code());
            match code.as_deref() {
                Some("40001" | "40P01" | "55P03" | "23505") => Fault::Conflict(error.to_string()),
                _ => Fault::Lost(error.to_string()),
            }
        })
    }
}

/// Bytes as a literal of SQL.
fn literal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(bytes.len().saturating_mul(2).saturating_add(16));
    text.push_str("'\\x");
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text.push_str("'::bytea");
    text
}

/// Removes those of the oldest answers that are older than they must be, or too many. Nobody waits for it; what another
/// host removes at the same time is passed over.
async fn purge(store: Arc<Inner>, tenant: TenantId) {
    let table = format!("{}.cortex_answers", tenant_schema(&tenant));
    let text = format!(
        "DELETE FROM {table} WHERE number IN (
            SELECT number FROM {table} ORDER BY number LIMIT {PURGE_ROWS_MAX} FOR UPDATE SKIP LOCKED)
         AND (recorded_at < now() - {KEPT} OR number <= (SELECT max(number) FROM {table}) - {})",
        store.settings.answers_max
    );
    if let Err(error) = sqlx::query(AssertSqlSafe(text)).persistent(false).execute(&store.pool).await {
        tracing::debug!(%tenant, %error, "old answers were not removed; the next will be");
    }
}

/// Removes the oldest answers where all together take too much. Nobody waits for it.
async fn trim(store: Arc<Inner>, tenant: TenantId) {
    let table = format!("{}.cortex_answers", tenant_schema(&tenant));
    let text = format!(
        "DELETE FROM {table} WHERE number <= (
            SELECT max(number) FROM (
                SELECT number, sum(octet_length(answer) + {ROW_BYTES}) OVER (ORDER BY number DESC) AS bytes FROM {table}
            ) AS from_newest WHERE bytes > {})",
        store.settings.answer_bytes_max
    );
    if let Err(error) = sqlx::query(AssertSqlSafe(text)).persistent(false).execute(&store.pool).await {
        tracing::debug!(%tenant, %error, "answers that take too much were not removed; the next measure does");
    }
}
