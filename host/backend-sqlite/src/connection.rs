// SPDX-License-Identifier: MIT OR Apache-2.0
//! One configured connection: everything that SQLite offers to limit itself is switched on before the first statement.

use crate::authorizer::Policy;
use crate::guard::{Guard, INSTRUCTIONS_PER_LOOK, Permit};
use crate::settings::Settings;
use crate::stats::{Counters, add};
use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{OpenFlags, Result, ffi};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How deep the parse tree of an expression may be: SQLite's own default. A chain of operators is as deep as it is long,
/// and the subset bounds it at half of this.
const EXPRESSION_DEPTH_MAX: i32 = 1_000;
/// Instructions in one compiled statement: large reports compile to a few thousand.
pub(crate) const INSTRUCTIONS_MAX: i32 = 250_000;
/// The highest placeholder. SQLite's own default.
const PLACEHOLDERS_MAX: i32 = 32_766;
/// Columns of a table, of a result, of an index.
const COLUMNS_MAX: i32 = 500;
/// Terms of a compound SELECT; also the rows of one VALUES.
const COMPOUND_TERMS_MAX: i32 = 500;
/// Arguments of a function.
const ARGUMENTS_MAX: i32 = 100;
/// Bytes of a LIKE or GLOB pattern: matching is quadratic in the worst case.
const PATTERN_BYTES_MAX: i32 = 1_000;
/// Depth of triggers; foreign key actions count as such.
const TRIGGER_DEPTH_MAX: i32 = 20;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The tenant's one writer.
    Write,
    /// Snapshots.
    Read,
}

/// A connection and what its callbacks know.
pub(crate) struct Connection {
    inner: rusqlite::Connection,
    guard: Arc<Guard>,
    counters: Arc<Counters>,
}

impl Connection {
    /// Opens an existing database file.
    pub(crate) fn open(path: &Path, purpose: Purpose, settings: &Settings, counters: Arc<Counters>) -> Result<Self> {
        let access = match purpose {
            Purpose::Write => OpenFlags::SQLITE_OPEN_READ_WRITE,
            Purpose::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
        };
        // No mutex of SQLite's own: a connection is used by one thread at a time, which Rust's types see to.
        let inner = rusqlite::Connection::open_with_flags(
            path,
            access | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW,
        )?;
        if purpose == Purpose::Write && inner.is_readonly("main")? {
            // SQLite opens what it may not write for reading, and says so at the first change only: as the component's fault.
            return Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_READONLY), None));
        }
        let guard = Arc::new(Guard::default());
        inner.busy_timeout(Duration::from_millis(settings.busy_ms_max))?;
        set_limits(&inner, settings)?;
        set_switches(&inner)?;
        let cache_kib = match purpose {
            Purpose::Write => settings.writer_cache_kib,
            Purpose::Read => settings.reader_cache_kib,
        };
        inner.execute_batch(&format!(
            "PRAGMA cache_size = -{cache_kib}; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0;"
        ))?;
        inner.execute_batch("PRAGMA cell_size_check = ON; PRAGMA foreign_keys = ON;")?;
        match purpose {
            Purpose::Write => set_durable(&inner, settings)?,
            Purpose::Read => inner.execute_batch("PRAGMA query_only = ON;")?,
        }
        inner.set_prepared_statement_cache_capacity(settings.statements_per_connection_max);
        let (authorizer, progress) = (Arc::clone(&guard), Arc::clone(&guard));
        inner.authorizer(Some(move |context: rusqlite::hooks::AuthContext<'_>| authorizer.authorize(&context)))?;
        inner.progress_handler(INSTRUCTIONS_PER_LOOK, Some(move || progress.must_stop()))?;
        add(&counters.opened, 1);
        Ok(Self { inner, guard, counters })
    }

    /// Permits what `policy` says until the returned value is dropped.
    pub(crate) fn permit(&self, policy: Policy) -> Permit {
        self.guard.permit(policy)
    }

    /// What the callbacks know.
    pub(crate) fn guard(&self) -> &Guard {
        &self.guard
    }

    /// The engine's connection. Whatever is run on it needs a [`Permit`].
    pub(crate) fn engine(&self) -> &rusqlite::Connection {
        &self.inner
    }

    /// Runs a fixed statement of the host's own that returns no rows.
    pub(crate) fn host(&self, sql: &'static str) -> Result<()> {
        let _permit = self.permit(Policy::Host);
        self.inner.prepare_cached(sql)?.raw_execute().map(|_| ())
    }

    /// Asks a fixed question of the host's own whose answer is one integer.
    pub(crate) fn host_integer(&self, sql: &'static str) -> Result<i64> {
        let _permit = self.permit(Policy::Host);
        self.inner.query_row(sql, [], |row| row.get(0))
    }

    /// Runs several fixed statements of the host's own.
    pub(crate) fn host_batch(&self, sql: &str) -> Result<()> {
        let _permit = self.permit(Policy::Host);
        self.inner.execute_batch(sql)
    }

    /// Whether a transaction is open. SQLite closes it by itself after some failures.
    pub(crate) fn in_transaction(&self) -> bool {
        !self.inner.is_autocommit()
    }

    /// Copies as much of the write-ahead log into the database as no reader needs. Returns whether all of it was copied.
    pub(crate) fn checkpoint(&self) -> Result<bool> {
        let _permit = self.permit(Policy::Host);
        let copied = |row: &rusqlite::Row<'_>| Ok(row.get::<_, i64>(1)? == row.get::<_, i64>(2)?);
        self.inner.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], copied)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // Closing the last connection folds the log into the database, which the engine does by statements of its own.
        self.guard.set_policy(Policy::Host);
        add(&self.counters.closed, 1);
    }
}

fn set_limits(connection: &rusqlite::Connection, settings: &Settings) -> Result<()> {
    let bytes = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
    let limits = [
        (Limit::SQLITE_LIMIT_LENGTH, bytes(settings.value_bytes_max)),
        (Limit::SQLITE_LIMIT_SQL_LENGTH, bytes(settings.statement_bytes_max)),
        (Limit::SQLITE_LIMIT_COLUMN, COLUMNS_MAX),
        (Limit::SQLITE_LIMIT_EXPR_DEPTH, EXPRESSION_DEPTH_MAX),
        (Limit::SQLITE_LIMIT_COMPOUND_SELECT, COMPOUND_TERMS_MAX),
        (Limit::SQLITE_LIMIT_VDBE_OP, INSTRUCTIONS_MAX),
        (Limit::SQLITE_LIMIT_FUNCTION_ARG, ARGUMENTS_MAX),
        (Limit::SQLITE_LIMIT_ATTACHED, 0),
        (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, PATTERN_BYTES_MAX),
        (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, PLACEHOLDERS_MAX),
        (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, TRIGGER_DEPTH_MAX),
        (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
    ];
    limits.into_iter().try_for_each(|(limit, value)| connection.set_limit(limit, value).map(|_| ()))
}

/// A text in double quotes is a name and never a string; the schema is not trusted; nothing writes the catalogue or the
/// engine's shadow tables.
fn set_switches(connection: &rusqlite::Connection) -> Result<()> {
    let switches = [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_WRITABLE_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DDL, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_ATTACH_CREATE, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_ATTACH_WRITE, false),
        (DbConfig::SQLITE_DBCONFIG_LEGACY_ALTER_TABLE, false),
    ];
    switches.into_iter().try_for_each(|(switch, on)| connection.set_db_config(switch, on).map(|_| ()))
}

/// A commit returns after the log is synced. Checkpoints are ours to time; the log keeps its length between them, so that
/// a commit overwrites instead of growing the file, and its length tells how much is in it.
fn set_durable(connection: &rusqlite::Connection, settings: &Settings) -> Result<()> {
    // Of a new database only; the page is the unit of the setting `database_pages_max`, and of most disks.
    connection.execute_batch("PRAGMA page_size = 4096;")?;
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;")?;
    let (log_bytes, pages) = (settings.checkpoint_wal_bytes, settings.database_pages_max);
    connection.execute_batch(&format!("PRAGMA journal_size_limit = {log_bytes}; PRAGMA max_page_count = {pages};"))
}
