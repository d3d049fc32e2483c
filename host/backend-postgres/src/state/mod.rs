// SPDX-License-Identifier: MIT OR Apache-2.0
//! What hosts beside one database remember and share: the tables of the schema `cortex_host`, and a listener that hears
//! of what other hosts commit.
//!
//! Every commit takes the row of `cortex_host.installation` first and keeps it to its end: commits stand in a line,
//! their revisions appear in order, and whoever asks for what came after one misses nothing. Changes are an
//! administrator's, so the line is short. It has connections of its own, a few: units of work that fill the pool do not
//! keep a host from hearing that a component was taken away.

mod blob;
mod commit;
mod layout;
mod listen;

use crate::error::StoreError;
use crate::store::PostgresStore;
use cap_state::{BoxFuture, Change, Changes, Document, Key, Revision, State, StateError, check, check_blob, limits};
use kernel_types::Digest;
use sqlx::postgres::{PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, Executor as _, PgConnection};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Connections of one host for its state, beside the one that listens: a blob takes one for a while.
const CONNECTIONS_MAX: u32 = 2;

/// How long reading or writing documents may take, waiting for a connection included.
const TIME_MAX: Duration = Duration::from_secs(10);

/// How long a blob may take: hundreds of megabytes through a network.
const BLOB_TIME_MAX: Duration = Duration::from_secs(120);

/// How long to wait for a connection of the pool.
const CONNECTION_WAIT: Duration = Duration::from_secs(5);

/// After how long without use a connection is closed.
const IDLE: Duration = Duration::from_secs(30);

/// The state in a database. Cheap to clone; all clones are the same.
#[derive(Clone)]
pub struct PostgresState(Arc<Inner>);

struct Inner {
    pool: PgPool,
    newest: watch::Receiver<Revision>,
    heard: watch::Sender<Revision>,
    listener: JoinHandle<()>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

impl PostgresStore {
    /// What the hosts beside this database remember. Its tables are made where they are missing; any number of hosts
    /// may do so at once.
    ///
    /// # Errors
    /// Where the database cannot answer or refuses, or a later version of Cortex has been here.
    pub async fn state(&self) -> Result<PostgresState, StoreError> {
        let options = (*self.0.pool.connect_options()).clone();
        let settings = Arc::<str>::from(crate::layout::connection_settings(&self.0.settings));
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS_MAX)
            .acquire_timeout(CONNECTION_WAIT)
            .idle_timeout(IDLE)
            .test_before_acquire(true)
            .after_connect(move |connection, _| {
                let text = AssertSqlSafe(Arc::clone(&settings));
                Box::pin(async move { connection.execute(sqlx::raw_sql(text)).await.map(drop) })
            })
            .connect_lazy_with(options.clone());
        let newest = layout::prepare(&pool).await?;
        let (heard, newest) = watch::channel(newest);
        let listener = tokio::spawn(listen::listen(options, heard.clone()));
        Ok(PostgresState(Arc::new(Inner { pool, newest, heard, listener })))
    }
}

impl PostgresState {
    /// Runs `work` on a connection. One that did not answer in time is closed: what it was asked may still be under
    /// way.
    async fn on<T>(
        &self,
        time: Duration,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, Fault>,
    ) -> Result<T, StateError> {
        let mut connection = self.0.pool.acquire().await.map_err(unavailable)?;
        match tokio::time::timeout(time, work(&mut connection)).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(Fault::State(error))) => Err(error),
            Ok(Err(Fault::Engine(error))) => {
                connection.close_on_drop();
                Err(unavailable(error))
            }
            Err(_) => {
                connection.close_on_drop();
                Err(StateError::Unavailable(format!("the database did not answer within {} seconds", time.as_secs())))
            }
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err hands over")]
fn unavailable(error: sqlx::Error) -> StateError {
    StateError::Unavailable(error.to_string())
}

/// Why work on a connection failed.
enum Fault {
    State(StateError),
    Engine(sqlx::Error),
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        Self::Engine(error)
    }
}

impl From<StateError> for Fault {
    fn from(error: StateError) -> Self {
        Self::State(error)
    }
}

impl State for PostgresState {
    fn get<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<Option<Document>, StateError>> {
        Box::pin(self.on(TIME_MAX, async move |connection| {
            let query = sqlx::query_as::<_, (i64, String)>(
                "SELECT revision, text FROM cortex_host.documents WHERE kind = $1 AND name = $2 AND text IS NOT NULL",
            );
            let row = query.bind(key.kind()).bind(key.name()).fetch_optional(connection).await?;
            let document = |(revision, text): (i64, String)| {
                Ok(Document { key: key.clone(), revision: from_engine(revision)?, text: Some(text.into()) })
            };
            row.map(document).transpose()
        }))
    }

    fn changes(&self, after: Revision) -> BoxFuture<'_, Result<Changes, StateError>> {
        Box::pin(self.on(TIME_MAX, async move |connection| {
            let ask = sqlx::query_scalar::<_, i64>("SELECT revision FROM cortex_host.installation");
            let newest = from_engine(ask.fetch_one(&mut *connection).await?)?;
            let query = sqlx::query_as::<_, (String, String, i64, Option<String>)>(
                "SELECT kind, name, revision, text FROM cortex_host.documents WHERE revision > $1
                 ORDER BY revision, kind, name LIMIT $2",
            );
            let limit = i64::try_from(limits::PAGE_DOCUMENTS_MAX.saturating_add(1)).unwrap_or(i64::MAX);
            let rows = query.bind(to_engine(after)).bind(limit).fetch_all(connection).await?;
            let document = |(kind, name, revision, text): (String, String, i64, Option<String>)| {
                let (key, revision) = (Key::new(&kind, &name)?, from_engine(revision)?);
                Ok::<_, Fault>(Document { key, revision, text: text.map(Into::into) })
            };
            let found = rows.into_iter().map(document).collect::<Result<_, _>>()?;
            Ok(Changes::page(found, after, newest, limits::PAGE_DOCUMENTS_MAX))
        }))
    }

    fn commit<'a>(&'a self, changes: &'a [Change]) -> BoxFuture<'a, Result<Revision, StateError>> {
        Box::pin(async move {
            check(changes)?;
            let revision = self.on(TIME_MAX, async |connection| commit::commit(connection, changes).await).await?;
            // The notification comes as well; whoever waits in this host need not wait for it.
            listen::heard(&self.0.heard, revision);
            Ok(revision)
        })
    }

    fn put_blob<'a>(&'a self, bytes: &'a [u8]) -> BoxFuture<'a, Result<Digest, StateError>> {
        Box::pin(async move {
            check_blob(bytes.len())?;
            self.on(BLOB_TIME_MAX, async |connection| blob::put(connection, bytes).await).await
        })
    }

    fn blob_within<'a>(
        &'a self,
        digest: &'a Digest,
        time: Duration,
    ) -> BoxFuture<'a, Result<Option<Vec<u8>>, StateError>> {
        Box::pin(self.on(time.min(BLOB_TIME_MAX), async move |connection| blob::get(connection, digest).await))
    }

    fn watch(&self) -> watch::Receiver<Revision> {
        self.0.newest.clone()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.0.listener.abort();
            // A connection that a stalled network holds is not waited for.
            let closing: std::pin::Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(self.0.pool.close());
            let _ = tokio::time::timeout(CONNECTION_WAIT, closing).await;
        })
    }
}

fn to_engine(revision: Revision) -> i64 {
    i64::try_from(revision.0).unwrap_or(i64::MAX)
}

fn from_engine(revision: i64) -> Result<Revision, StateError> {
    u64::try_from(revision)
        .map(Revision)
        .map_err(|_| StateError::Damaged("a document has a negative revision".to_owned()))
}
