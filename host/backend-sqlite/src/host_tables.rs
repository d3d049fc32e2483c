// SPDX-License-Identifier: MIT OR Apache-2.0
//! The host's own tables in a tenant's database, which no component can name: the record of migrations, the answers
//! that are kept, and documents (which components are enabled, what was granted). It does not know what the documents
//! mean.

use crate::answers;
use crate::connection::Connection;
use crate::error::StoreError;
use crate::queue::{Job, unavailable};
use crate::settings::Settings;
use crate::store::SqliteStore;
use kernel_engine::Verdict;
use kernel_types::{Effect, TenantId};
use rusqlite::{OptionalExtension as _, params};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// `CRTX` in ASCII, in the header of each database: `file` and people see what it is.
const APPLICATION_ID: i64 = 0x4352_5458;
/// The layout of the host's tables. Raised by a version that changes them.
const LAYOUT: i64 = 3;

const TABLES: &str = "
    CREATE TABLE cortex_migrations (
        component TEXT NOT NULL,
        number INTEGER NOT NULL,
        name TEXT NOT NULL,
        digest TEXT NOT NULL,
        applied_at_ms INTEGER NOT NULL,
        PRIMARY KEY (component, number)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE cortex_documents (
        kind TEXT NOT NULL,
        key TEXT NOT NULL,
        json TEXT NOT NULL CHECK (json_valid(json)),
        PRIMARY KEY (kind, key)
    ) STRICT;";

/// Makes the host's tables in a new database, brings those of an earlier version to where they are now, and refuses
/// those of a later one.
pub(crate) fn prepare(connection: &Connection, tenant: &TenantId) -> Result<(), StoreError> {
    let error = |e: rusqlite::Error| StoreError::database(tenant, &e);
    let found = connection.host_integer("PRAGMA user_version").map_err(error)?;
    let missing = match found {
        LAYOUT => return Ok(()),
        0 => format!("{TABLES} {}", answers::TABLE),
        // Without the answers.
        1 => answers::TABLE.to_owned(),
        // Without what the answers take.
        2 => answers::ADD_BYTES.to_owned(),
        _ => return Err(StoreError::Layout { tenant: tenant.clone(), found, known: LAYOUT }),
    };
    let header = format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {LAYOUT};");
    connection.host_batch(&format!("BEGIN IMMEDIATE; {missing} {header} COMMIT;")).map_err(error)
}

/// The host's documents of one tenant, inside one transaction.
pub struct HostTables<'a> {
    connection: &'a Connection,
    tenant: &'a TenantId,
    settings: &'a Settings,
}

impl HostTables<'_> {
    /// The document as JSON text, where there is one.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn get(&self, kind: &str, key: &str) -> Result<Option<String>, StoreError> {
        let sql = "SELECT json FROM cortex_documents WHERE kind = ?1 AND key = ?2";
        let mut statement = self.connection.engine().prepare_cached(sql).map_err(|e| self.error(&e))?;
        statement.query_row(params![kind, key], |row| row.get(0)).optional().map_err(|e| self.error(&e))
    }

    /// All documents of a kind as (key, JSON text), sorted by key.
    ///
    /// # Errors
    /// Where the database fails, or there are more than `documents_max`.
    pub fn list(&self, kind: &str) -> Result<Vec<(String, String)>, StoreError> {
        let sql = "SELECT key, json FROM cortex_documents WHERE kind = ?1 ORDER BY key LIMIT ?2";
        let limit = i64::try_from(self.settings.documents_max.saturating_add(1)).unwrap_or(i64::MAX);
        let mut statement = self.connection.engine().prepare_cached(sql).map_err(|e| self.error(&e))?;
        let rows = statement.query_map(params![kind, limit], |row| Ok((row.get(0)?, row.get(1)?)));
        let list: Vec<(String, String)> = rows.and_then(Iterator::collect).map_err(|e| self.error(&e))?;
        if list.len() > self.settings.documents_max {
            let rule = format!("there are more than {} of this kind", self.settings.documents_max);
            return Err(StoreError::Document { kind: kind.into(), key: String::new(), rule });
        }
        Ok(list)
    }

    /// Writes a document, in the place of an older one of the same kind and key.
    ///
    /// # Errors
    /// Where the text is no JSON, is longer than `document_bytes_max`, or the database fails.
    pub fn put(&self, kind: &str, key: &str, json: &str) -> Result<(), StoreError> {
        let refused = |rule: String| StoreError::Document { kind: kind.into(), key: key.into(), rule };
        if json.len() > self.settings.document_bytes_max {
            return Err(refused(format!("it is longer than {} bytes", self.settings.document_bytes_max)));
        }
        let sql = "INSERT INTO cortex_documents (kind, key, json) VALUES (?1, ?2, ?3)
            ON CONFLICT (kind, key) DO UPDATE SET json = excluded.json";
        let mut statement = self.connection.engine().prepare_cached(sql).map_err(|e| self.error(&e))?;
        match statement.execute(params![kind, key, json]) {
            Ok(_) => Ok(()),
            Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation) => {
                Err(refused("it is no JSON".into()))
            }
            Err(error) => Err(self.error(&error)),
        }
    }

    /// Removes a document. Returns whether there was one.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn delete(&self, kind: &str, key: &str) -> Result<bool, StoreError> {
        let sql = "DELETE FROM cortex_documents WHERE kind = ?1 AND key = ?2";
        let mut statement = self.connection.engine().prepare_cached(sql).map_err(|e| self.error(&e))?;
        statement.execute(params![kind, key]).map(|rows| rows > 0).map_err(|e| self.error(&e))
    }

    fn error(&self, error: &rusqlite::Error) -> StoreError {
        StoreError::database(self.tenant, error)
    }
}

impl SqliteStore {
    /// Runs the host's own work on a tenant's host tables, in a transaction: durable when this returns `Ok`, without a
    /// trace when it returns an error.
    ///
    /// # Errors
    /// What `work` returns; or where the tenant is unknown or its database cannot answer.
    pub async fn write_host<T, F>(&self, tenant: &TenantId, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&HostTables<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.on_host_tables(tenant, Effect::Write, work).await
    }

    /// Runs the host's own work on a snapshot of a tenant's host tables.
    ///
    /// # Errors
    /// What `work` returns; or where the tenant is unknown or its database cannot answer.
    pub async fn read_host<T, F>(&self, tenant: &TenantId, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&HostTables<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.on_host_tables(tenant, Effect::Read, work).await
    }

    async fn on_host_tables<T, F>(&self, tenant: &TenantId, effect: Effect, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&HostTables<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let (id, settings) = (tenant.clone(), self.0.settings.clone());
        let time = Duration::from_millis(settings.host_ms_max);
        let work = move |connection: &Connection| {
            let tables = HostTables { connection, tenant: &id, settings: &settings };
            work(&tables)
        };
        self.host_job(tenant, effect, time, Job::Host, work).await
    }

    /// Runs the host's own work on a connection, and brings its result back once it is in force.
    pub(crate) async fn host_job<T, E, F>(
        &self,
        tenant: &TenantId,
        effect: Effect,
        time: Duration,
        job: fn(crate::queue::HostWork) -> Job,
        work: F,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    {
        let found = self.0.tenant(tenant)?;
        let deadline = Instant::now().checked_add(time).unwrap_or_else(Instant::now);
        let (sender, mut result) = oneshot::channel();
        let job = job(Box::new(move |connection| {
            connection.guard().watch(None, Some(deadline), None);
            let result = work(connection);
            let verdict = if result.is_ok() { Verdict::Commit } else { Verdict::Rollback };
            let _ = sender.send(result);
            verdict
        }));
        let answer = Arc::clone(&self.0).submit(found, effect, deadline, job).await;
        match (answer, result.try_recv()) {
            (_, Ok(Err(error))) => Err(error),
            (Ok(_), Ok(Ok(value))) => Ok(value),
            (Err(error), _) => Err(StoreError::from(error).into()),
            (Ok(_), Err(_)) => Err(StoreError::from(unavailable("the host's work left no result".into())).into()),
        }
    }
}

#[cfg(test)]
impl HostTables<'_> {
    /// Runs whatever it is told.
    pub(crate) fn danger_batch(&self, sql: &str) -> Result<(), StoreError> {
        self.connection.engine().execute_batch(sql).map_err(|e| self.error(&e))
    }

    /// What the engine finds when it looks at every page.
    pub(crate) fn integrity(&self) -> Result<String, StoreError> {
        self.connection.engine().query_row("PRAGMA integrity_check", [], |row| row.get(0)).map_err(|e| self.error(&e))
    }

    /// The one number that a query finds.
    pub(crate) fn integer(&self, sql: &str) -> Result<i64, StoreError> {
        self.connection.engine().query_row(sql, [], |row| row.get(0)).map_err(|e| self.error(&e))
    }

    /// A setting of the connection.
    pub(crate) fn pragma(&self, name: &str) -> Result<cap_storage::Value, StoreError> {
        let value = |row: &rusqlite::Row<'_>| Ok(crate::value::from_engine(row.get_ref(0)?).unwrap());
        self.connection.engine().query_row(&format!("PRAGMA {name}"), [], value).map_err(|e| self.error(&e))
    }
}
