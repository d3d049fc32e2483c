// SPDX-License-Identifier: MIT OR Apache-2.0
//! What Cortex is compared with: the same operations, written by hand in axum, as a careful team would write them for one
//! program. No tenants, no permissions, no limits, no contract: that is the difference that is measured.

pub(crate) mod books;
pub(crate) mod echo;
pub(crate) mod entry;
pub(crate) mod sql;
pub(crate) mod with_rusqlite;
pub(crate) mod with_sqlx;

use crate::role::{self, Listening};
use anyhow::Result;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::serve::ListenerExt as _;
use entry::{EntryInput, Posted, Valued};
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};

/// Entries in one transaction, as in Cortex.
const BATCH_ENTRIES_MAX: usize = 256;
/// How long a transaction may gather entries, as in Cortex.
const BATCH_TIME_MAX: Duration = Duration::from_millis(20);
/// Entries that may wait for the writer, as in Cortex.
const QUEUE_MAX: usize = 1_024;

/// Why an entry is not posted: the text for the caller.
pub(crate) type Refusal = String;

/// An entry on its way to the writer, and where its answer goes: after the commit.
pub(crate) struct Job {
    /// The entry.
    pub(crate) entry: Valued,
    /// Who waits.
    pub(crate) answer: oneshot::Sender<Result<Posted, Refusal>>,
}

/// Where entries wait for the writer.
pub(crate) type Queue = mpsc::Sender<Job>;

/// Serves the ledger of a writer until the input ends.
pub(crate) fn serve<F: Future<Output = Result<Queue>>>(runtime: &Runtime, start: impl FnOnce() -> F) -> Result<()> {
    let queue = runtime.block_on(start())?;
    listen(runtime, Router::new().route(crate::ledger::POST, post(post_entry)).with_state(queue))
}

/// Serves routes until the input ends.
fn listen(runtime: &Runtime, routes: Router) -> Result<()> {
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    runtime.spawn(async move { axum::serve(listener, routes).await });
    role::answer(&Listening { address })?;
    role::wait_for_end()
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct PostInput {
    entry: EntryInput,
}

async fn post_entry(State(queue): State<Queue>, body: Bytes) -> Response {
    match try_post(&queue, &body).await {
        Ok(posted) => json(&posted),
        Err(refusal) => (StatusCode::BAD_REQUEST, refusal).into_response(),
    }
}

async fn try_post(queue: &Queue, body: &[u8]) -> Result<Posted, Refusal> {
    let input: PostInput = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let entry = Valued::check(input.entry)?;
    let (answer, posted) = oneshot::channel();
    queue.send(Job { entry, answer }).await.map_err(|_| "the writer has ended")?;
    posted.await.map_err(|_| "the writer has ended")?
}

fn json(value: &impl serde::Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(text) => ([(header::CONTENT_TYPE, "application/json")], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
