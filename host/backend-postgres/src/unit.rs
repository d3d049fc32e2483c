// SPDX-License-Identifier: MIT OR Apache-2.0
//! Drives one unit of work to its end, whatever end that is: a verdict, a panic, the deadline, the store's end. A caller
//! that leaves drops the future, and with it the transaction.

use crate::answers::Book;
use crate::health::SILENT;
use crate::lease::{Failure, Lease};
use crate::session::{Slot, UnitSession};
use crate::store::{Inner, unavailable};
use cap_storage::SharedSession;
use futures_util::FutureExt as _;
use kernel_engine::{AnswerBook, BoxFuture, Extensions, TransactError, Verdict, Work};
use kernel_types::{Effect, TenantId};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// Runs one unit in its tenant's turn, in a transaction of its own.
pub(crate) async fn run(
    store: Arc<Inner>,
    tenant: TenantId,
    effect: Effect,
    deadline: Instant,
    work: Work,
) -> Result<Verdict, TransactError> {
    if !store.health.is_up() {
        return Err(unavailable(SILENT));
    }
    let before = async {
        let tenant = store.tenant(&tenant).await.map_err(|error| unavailable(error.to_string()))?;
        let turn = tenant.turns.take(effect).await?;
        Ok((tenant, turn))
    };
    let before = async {
        tokio::select! {
            biased;
            ready = before => ready,
            () = store.health.down() => Err(unavailable(SILENT)),
        }
    };
    let (tenant, mut turn) = match tokio::time::timeout_at(deadline.into(), before).await {
        Ok(ready) => ready?,
        Err(_) => return Err(late(&store)),
    };
    let handed_on = turn.handed_on.take();
    let lease = Lease::new(Arc::clone(&store), Arc::clone(&tenant), effect, deadline, handed_on);
    let slot: Slot = Arc::new(Mutex::new(Some(lease)));
    let session = Arc::new(SharedSession::new(Box::new(UnitSession(Arc::clone(&slot)))));
    let mut opened = Extensions::default().with(Arc::clone(&session));
    if effect == Effect::Write {
        let (store, session, slot) = (Arc::clone(&store), Arc::clone(&session), Arc::clone(&slot));
        opened = opened.with::<Box<dyn AnswerBook>>(Arc::new(Box::new(Book { store, tenant, session, slot })));
    }
    let end = drive(&store, &session, deadline, work(opened)).await;
    // Nothing of the unit runs any more; what still holds the session finds it empty.
    let lease = slot.try_lock().ok().and_then(|mut lease| lease.take());
    let Some(lease) = lease else { return Err(unavailable("the unit of work left a statement behind")) };
    let done = finish(lease, end).await;
    // The turn ends behind the transaction.
    drop(turn);
    done
}

/// How the work of a unit ended.
enum End {
    Verdict(Verdict),
    /// Its work said commit, but what it left open could not be rolled back.
    Unsettled(String),
    Panicked(String),
    Deadline,
    Stopped,
    /// The database went away.
    Down,
}

/// Why a unit that was not done at its deadline failed: a database that leaves other questions unanswered too is not a unit that
/// took too long.
fn late(store: &Inner) -> TransactError {
    let suspect = Duration::from_millis(store.settings.probe_suspect_ms);
    if store.health.is_suspect(suspect) { unavailable(SILENT) } else { TransactError::Deadline }
}

async fn drive(store: &Inner, session: &SharedSession, deadline: Instant, work: BoxFuture<'static, Verdict>) -> End {
    let work = async {
        let verdict = work.await;
        // A savepoint that its component dropped is rolled back before the rest is kept.
        match verdict {
            Verdict::Commit => match session.settle().await {
                Ok(()) => End::Verdict(verdict),
                Err(error) => End::Unsettled(error.to_string()),
            },
            Verdict::Rollback => End::Verdict(verdict),
        }
    };
    let work = AssertUnwindSafe(work).catch_unwind();
    tokio::select! {
        biased;
        end = work => end.unwrap_or_else(|payload| {
            let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let message = text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default();
            tracing::error!(message, "a unit of work panicked and was rolled back");
            End::Panicked(message)
        }),
        () = store.stopped() => End::Stopped,
        () = store.health.down() => End::Down,
        () = tokio::time::sleep_until(deadline.into()) => End::Deadline,
    }
}

/// Commits or rolls back, and says which.
async fn finish(mut lease: Lease, end: End) -> Result<Verdict, TransactError> {
    let failure = lease.failure.take();
    match (end, failure) {
        (End::Verdict(Verdict::Commit), None) => commit(lease).await,
        (End::Verdict(verdict), failure) => {
            // On a connection that failed nothing is said any more: the server rolls back when it is closed.
            if !matches!(failure, Some(Failure::Lost(_))) {
                roll_back(lease).await;
            }
            match (verdict, failure) {
                (_, Some(Failure::Conflict(detail))) => Err(TransactError::Conflict { detail }),
                (Verdict::Commit, Some(Failure::Lost(detail))) => Err(unavailable(detail)),
                (verdict, _) => Ok(verdict),
            }
        }
        // A statement may be under way: dropping the lease closes the connection, and the server rolls back.
        (End::Unsettled(_) | End::Panicked(_), Some(Failure::Conflict(detail))) => {
            Err(TransactError::Conflict { detail })
        }
        (End::Unsettled(detail), _) => Err(unavailable(detail)),
        (End::Panicked(message), _) => Err(unavailable(format!("the unit of work panicked: {message}"))),
        (End::Deadline, _) => Err(late(&lease.store)),
        (End::Down, _) => Err(unavailable(SILENT)),
        (End::Stopped, _) => Err(unavailable("the store is shutting down")),
    }
}

/// The time of the last component's statements is not the commit's.
const COMMIT: &str = "SET LOCAL statement_timeout TO 0; COMMIT";

async fn commit(mut lease: Lease) -> Result<Verdict, TransactError> {
    let time = Duration::from_millis(lease.store.settings.commit_ms_max);
    let store = Arc::clone(&lease.store);
    let done = tokio::select! {
        biased;
        done = tokio::time::timeout(time, lease.end(COMMIT)) => done.ok(),
        () = store.health.down() => None,
    };
    match done {
        Some(Ok(())) => Ok(Verdict::Commit),
        Some(Err(error)) => {
            let code = error.as_database_error().and_then(|error| error.code());
            if matches!(code.as_deref(), Some("40001" | "40P01")) {
                return Err(TransactError::Conflict { detail: error.to_string() });
            }
            // Of a session that the server ends while it commits (class 57P), it is not said how far it came.
            if code.as_deref().is_some_and(|code| !code.starts_with("57P")) {
                return Err(unavailable(format!("the commit was refused: {error}")));
            }
            Err(TransactError::Unknown(format!("a commit was sent, and the connection failed: {error}")))
        }
        None => Err(TransactError::Unknown("a commit was sent, and not answered in time".to_owned())),
    }
}

/// Rolls back, so that the connection can be used again. Where that fails the connection is closed, which does the same.
async fn roll_back(mut lease: Lease) {
    let time = Duration::from_millis(lease.store.settings.commit_ms_max);
    let store = Arc::clone(&lease.store);
    let done = tokio::select! {
        biased;
        done = tokio::time::timeout(time, lease.end("ROLLBACK")) => done.ok(),
        () = store.health.down() => None,
    };
    match done {
        Some(Ok(())) => {}
        Some(Err(error)) => tracing::debug!(%error, "a rollback failed; the connection was closed"),
        None => tracing::debug!("a rollback was not answered; the connection was closed"),
    }
}
