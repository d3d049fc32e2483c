// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a host of its own remembers: one SQLite file beside the tenants' ones. Nobody else writes it, so what is heard
//! of is what was committed here.

mod file;

use cap_state::{BoxFuture, Change, Changes, Document, Key, Revision, State, StateError, Write};
use cap_state::{check, check_blob, limits};
use kernel_types::Digest;
use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// The embedded state. Cheap to clone; all clones are the same.
#[derive(Clone)]
pub struct SqliteState(Arc<Inner>);

struct Inner {
    path: PathBuf,
    /// Gone once it is closed.
    connection: Mutex<Option<Connection>>,
    newest: watch::Sender<Revision>,
}

impl SqliteState {
    /// Opens the file, which is made where it is missing. Whoever calls sees to it that no other process does the same:
    /// the lock of the host's directory does.
    ///
    /// # Errors
    /// Where the file cannot be used, is no state, or is that of a later version.
    pub async fn open(path: &Path) -> Result<Self, StateError> {
        let path = path.to_owned();
        let opened = tokio::task::spawn_blocking(move || {
            let connection = file::open(&path)?;
            let newest = newest(&connection).map_err(|error| file::failure(&path, &error))?;
            let (newest, _) = watch::channel(newest);
            Ok(Self(Arc::new(Inner { path, connection: Mutex::new(Some(connection)), newest })))
        });
        opened.await.unwrap_or_else(|error| Err(StateError::Unavailable(error.to_string())))
    }

    /// Runs `work` on a thread that may wait for the disk.
    fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, Fault> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, StateError>> {
        let inner = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || {
            let mut connection = inner.connection.lock();
            let Some(connection) = &mut *connection else { return Err(closed()) };
            work(connection).map_err(|fault| match fault {
                Fault::State(error) => error,
                Fault::Engine(error) => file::failure(&inner.path, &error),
            })
        });
        Box::pin(async move { done.await.unwrap_or_else(|error| Err(StateError::Unavailable(error.to_string()))) })
    }
}

fn closed() -> StateError {
    StateError::Unavailable("the host is stopping".to_owned())
}

/// Why work on the connection failed.
enum Fault {
    State(StateError),
    Engine(rusqlite::Error),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Engine(error)
    }
}

impl From<StateError> for Fault {
    fn from(error: StateError) -> Self {
        Self::State(error)
    }
}

impl State for SqliteState {
    fn get<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<Option<Document>, StateError>> {
        let key = key.clone();
        self.run(move |connection| {
            let sql = "SELECT revision, text FROM documents WHERE kind = ?1 AND name = ?2 AND text IS NOT NULL";
            let mut statement = connection.prepare_cached(sql)?;
            let row = statement.query_row(params![key.kind(), key.name()], |row| Ok((row.get(0)?, row.get(1)?)));
            let found: Option<(i64, String)> = row.optional()?;
            let document = |(revision, text): (i64, String)| {
                Ok(Document { key, revision: from_engine(revision)?, text: Some(text.into()) })
            };
            found.map(document).transpose()
        })
    }

    fn changes(&self, after: Revision) -> BoxFuture<'_, Result<Changes, StateError>> {
        self.run(move |connection| {
            let newest = newest(connection)?;
            let sql = "SELECT kind, name, revision, text FROM documents WHERE revision > ?1
                ORDER BY revision, kind, name LIMIT ?2";
            let mut statement = connection.prepare_cached(sql)?;
            let limit = i64::try_from(limits::PAGE_DOCUMENTS_MAX.saturating_add(1)).unwrap_or(i64::MAX);
            let mut rows = statement.query(params![to_engine(after), limit])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let (kind, name): (String, String) = (row.get(0)?, row.get(1)?);
                let text: Option<String> = row.get(3)?;
                let (key, revision) = (Key::new(&kind, &name)?, from_engine(row.get(2)?)?);
                found.push(Document { key, revision, text: text.map(Into::into) });
            }
            Ok(Changes::page(found, after, newest, limits::PAGE_DOCUMENTS_MAX))
        })
    }

    fn commit<'a>(&'a self, changes: &'a [Change]) -> BoxFuture<'a, Result<Revision, StateError>> {
        if let Err(error) = check(changes) {
            return Box::pin(async move { Err(error) });
        }
        let changes = changes.to_vec();
        let inner = Arc::clone(&self.0);
        self.run(move |connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let revision = commit(&transaction, &changes)?;
            transaction.commit()?;
            inner.newest.send_replace(revision);
            Ok(revision)
        })
    }

    fn put_blob<'a>(&'a self, bytes: &'a [u8]) -> BoxFuture<'a, Result<Digest, StateError>> {
        if let Err(error) = check_blob(bytes.len()) {
            return Box::pin(async move { Err(error) });
        }
        let bytes = bytes.to_vec();
        self.run(move |connection| {
            let digest = Digest::of(&bytes);
            let sql =
                "INSERT INTO blobs (digest, bytes) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET bytes = excluded.bytes";
            connection.execute(sql, params![digest.to_string(), bytes])?;
            Ok(digest)
        })
    }

    fn blob_within<'a>(
        &'a self,
        digest: &'a Digest,
        _time: Duration,
    ) -> BoxFuture<'a, Result<Option<Vec<u8>>, StateError>> {
        // From the machine's own disk: there is no network to wait for.
        let digest = *digest;
        self.run(move |connection| {
            let mut statement = connection.prepare_cached("SELECT bytes FROM blobs WHERE digest = ?1")?;
            let found: Option<Vec<u8>> = statement.query_row([digest.to_string()], |row| row.get(0)).optional()?;
            if found.as_ref().is_some_and(|bytes| Digest::of(bytes) != digest) {
                return Err(StateError::Damaged(format!("the bytes of `{digest}` are not what was kept")).into());
            }
            Ok(found)
        })
    }

    fn watch(&self) -> watch::Receiver<Revision> {
        self.0.newest.subscribe()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        let inner = Arc::clone(&self.0);
        Box::pin(async move {
            // The last connection that is closed brings the log into the file.
            let _ = tokio::task::spawn_blocking(move || drop(inner.connection.lock().take())).await;
        })
    }
}

fn newest(connection: &Connection) -> rusqlite::Result<Revision> {
    let newest: i64 = connection.query_row("SELECT revision FROM installation", [], |row| row.get(0))?;
    Ok(Revision(u64::try_from(newest).unwrap_or_default()))
}

fn commit(transaction: &Transaction<'_>, changes: &[Change]) -> Result<Revision, Fault> {
    let revision = newest(transaction)?.next();
    for change in changes {
        let key = &change.key;
        let sql = "SELECT revision FROM documents WHERE kind = ?1 AND name = ?2 AND text IS NOT NULL";
        let mut statement = transaction.prepare_cached(sql)?;
        let found = statement.query_row(params![key.kind(), key.name()], |row| row.get(0)).optional()?;
        let found = found.map(from_engine).transpose()?;
        if !change.expect.is_met(found) {
            return Err(StateError::Conflict { key: key.clone(), found }.into());
        }
        let text = match &change.write {
            Write::Keep => continue,
            Write::Put(text) => Some(text.as_ref()),
            Write::Remove if found.is_none() => continue,
            Write::Remove => None,
        };
        let sql = "INSERT INTO documents (kind, name, revision, text) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT DO UPDATE SET revision = excluded.revision, text = excluded.text";
        transaction.prepare_cached(sql)?.execute(params![key.kind(), key.name(), to_engine(revision), text])?;
    }
    transaction.execute("UPDATE installation SET revision = ?1", [to_engine(revision)])?;
    Ok(revision)
}

fn to_engine(revision: Revision) -> i64 {
    i64::try_from(revision.0).unwrap_or(i64::MAX)
}

fn from_engine(revision: i64) -> Result<Revision, Fault> {
    let revision = u64::try_from(revision);
    Ok(Revision(revision.map_err(|_| StateError::Damaged(String::from("a document has a negative revision")))?))
}

#[cfg(test)]
mod tests;
