// SPDX-License-Identifier: MIT OR Apache-2.0
//! Hearing of what other hosts commit. A notification is the fast way; the revision is asked for as well, so that one
//! that was lost, or a server or proxy that knows none, costs half a second and nothing else.

use super::from_engine;
use cap_state::Revision;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;

/// Where commits are told of. Channels belong to a database.
pub(super) const CHANNEL: &str = "cortex_host";

/// How often the revision is asked for while nothing is heard.
const ASK_EVERY: Duration = Duration::from_millis(500);

/// How long the server may take to answer that before its connection counts as lost.
const ANSWER_WAIT: Duration = Duration::from_secs(5);

/// Listens until it is aborted, over one connection, and another whenever that one fails.
pub(super) async fn listen(options: PgConnectOptions, newest: watch::Sender<Revision>) {
    let mut told = false;
    loop {
        let Err(error) = follow(&options, &newest, &mut told).await;
        if !std::mem::replace(&mut told, true) {
            tracing::warn!(%error, "what other hosts change is not heard of until the database answers again");
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
}

async fn follow(
    options: &PgConnectOptions,
    newest: &watch::Sender<Revision>,
    told: &mut bool,
) -> Result<std::convert::Infallible, sqlx::Error> {
    let late = |_| sqlx::Error::Protocol("the database does not answer".to_owned());
    // A pool of its own for each connection: one that hangs in a dead network holds up nobody but itself.
    let pool =
        PgPoolOptions::new().max_connections(1).acquire_timeout(ANSWER_WAIT).idle_timeout(None).max_lifetime(None);
    let pool = pool.connect_lazy_with(options.clone());
    let mut listener = timeout(ANSWER_WAIT, PgListener::connect_with(&pool)).await.map_err(late)??;
    listener.ignore_pool_close_event(true);
    if let Err(error) = timeout(ANSWER_WAIT, listener.listen(CHANNEL)).await.map_err(late)? {
        // A database of the same protocol that has no notifications: asking does.
        if !matches!(error, sqlx::Error::Database(_)) {
            return Err(error);
        }
    }
    loop {
        let ask = sqlx::query_scalar::<_, i64>("SELECT revision FROM cortex_host.installation");
        let revision = timeout(ANSWER_WAIT, ask.fetch_one(&mut listener)).await.map_err(late)??;
        if std::mem::take(told) {
            tracing::info!("what other hosts change is heard of again");
        }
        heard(newest, from_engine(revision).unwrap_or_default());
        // What a notification says is not believed: whoever may connect can send one. It only makes this ask sooner.
        if let Ok(received) = timeout(ASK_EVERY, listener.recv()).await {
            received?;
        }
    }
}

/// Says what was heard, where it is something else than before: lower as well, which says that the database went back,
/// or that this was asked just before a commit of this host.
pub(super) fn heard(newest: &watch::Sender<Revision>, revision: Revision) {
    newest.send_if_modified(|known| std::mem::replace(known, revision) != revision);
}
