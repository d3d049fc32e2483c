// SPDX-License-Identifier: MIT OR Apache-2.0
//! Whether the database answers. It is asked at a fixed pace on a connection of its own, so that a pool full of work is not
//! taken for a database that is gone, and a database that takes packets and answers nothing is noticed without anybody's
//! request having to wait for it. While it does not answer, no unit of work begins and those that run are ended: callers hear
//! it at once, and no connection that may be dead is used again.

use crate::store::Inner;
use parking_lot::Mutex;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Connection as _};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// What is told of a database that does not answer, with what to do.
pub(crate) const SILENT: &str = "the database does not answer: see whether the server runs and its network is whole";

/// What is known of the database.
pub(crate) struct Health {
    up: watch::Sender<bool>,
    /// When the question was put that has not been answered yet.
    asked: Mutex<Option<Instant>>,
}

impl Health {
    /// Of a database that has just answered.
    pub(crate) fn new() -> Self {
        Self { up: watch::Sender::new(true), asked: Mutex::new(None) }
    }

    /// Whether it answered when it was asked last.
    pub(crate) fn is_up(&self) -> bool {
        *self.up.borrow()
    }

    /// Whether it does not answer, or has left a question unanswered for long enough to suspect it.
    pub(crate) fn is_suspect(&self, after: Duration) -> bool {
        !self.is_up() || self.asked.lock().is_some_and(|asked| asked.elapsed() >= after)
    }

    /// Resolves when it does not answer.
    pub(crate) async fn down(&self) {
        // The sender lives as long as this does.
        let _ = self.up.subscribe().wait_for(|up| !up).await;
    }
}

/// Asks until the store is gone or shut down.
pub(crate) async fn watch(store: Weak<Inner>, options: PgConnectOptions) {
    let mut connection = None;
    let mut since: Option<Instant> = None;
    loop {
        let Some(store) = store.upgrade() else { return };
        if store.pool.is_closed() {
            return;
        }
        let wait = Duration::from_millis(store.settings.probe_wait_ms_max);
        *store.health.asked.lock() = Some(Instant::now());
        let answered = tokio::time::timeout(wait, ask(&mut connection, &options)).await;
        *store.health.asked.lock() = None;
        let fault = match answered {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some(format!("no answer within {} ms", wait.as_millis())),
        };
        match (fault, since) {
            (None, None) => {}
            (None, Some(begin)) => {
                since = None;
                store.health.up.send_replace(true);
                tracing::info!(after_ms = begin.elapsed().as_millis(), "the database answers again");
            }
            (Some(fault), _) => {
                connection = None;
                if since.is_none() {
                    since = Some(Instant::now());
                    store.health.up.send_replace(false);
                    tracing::error!(fault, "{SILENT}; requests are answered 503 until it does");
                }
                forget_idle(&store);
            }
        }
        let pause = Duration::from_millis(store.settings.probe_ms);
        drop(store);
        tokio::time::sleep(pause).await;
    }
}

/// One question, on a new connection where there is none or the old one does not serve.
async fn ask(connection: &mut Option<PgConnection>, options: &PgConnectOptions) -> Result<(), sqlx::Error> {
    if let Some(open) = connection {
        match open.ping().await {
            Ok(()) => return Ok(()),
            Err(_) => *connection = None,
        }
    }
    match options.connect().await {
        Ok(open) => *connection = Some(open),
        Err(error) if lives(&error) => {}
        Err(error) => return Err(error),
    }
    Ok(())
}

/// Whether a refusal comes from a server that serves others: it is full, or turns this role away. What starts or stops (class
/// 57P) does not.
fn lives(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| !code.starts_with("57P"))
}

/// Lets go of the connections that nobody uses: the next unit of work is to find out nothing about dead ones.
fn forget_idle(store: &Inner) {
    while let Some(connection) = store.pool.try_acquire() {
        // Without a goodbye, for which a line that is stalled would be waited for.
        drop(connection.detach());
    }
}

/// Starts asking; ends with the store.
pub(crate) fn start(store: &Arc<Inner>, options: PgConnectOptions) {
    tokio::spawn(watch(Arc::downgrade(store), options));
}
