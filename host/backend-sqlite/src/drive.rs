// SPDX-License-Identifier: MIT OR Apache-2.0
//! Drives the work of one unit to its end on the current thread, whatever end that is: a verdict, a panic, the
//! deadline, a caller that left, the store's end.

use crate::answers::{Book, Bounds};
use crate::authorizer::Access;
use crate::connection::Connection;
use crate::queue::{Answer, unavailable};
use crate::redo::Redo;
use crate::session::{Lease, Slot, UnitSession};
use crate::ticket::Ticket;
use cap_storage::SharedSession;
use kernel_engine::{AnswerBook, Extensions, TransactError, Verdict, Work};
use parking_lot::Mutex;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;
use tokio::runtime::Handle;
use tokio::sync::{oneshot, watch};

/// How the work of a unit ended.
#[derive(Debug)]
pub(crate) enum End {
    /// As its work said.
    Verdict(Verdict),
    /// Its work said commit, but what it left open could not be rolled back.
    Unsettled(String),
    /// Its work panicked.
    Panicked(String),
    /// Its deadline passed.
    Deadline,
    /// Its caller left.
    Abandoned,
    /// The store ends.
    Stopped,
}

impl End {
    /// What the caller is told of a unit that left no trace; `failure` is why it could not commit.
    pub(crate) fn rolled_back(self, failure: Option<String>) -> Answer {
        match (self, failure) {
            (Self::Verdict(Verdict::Rollback), _) => Ok(Verdict::Rollback),
            (Self::Verdict(Verdict::Commit), failure) => {
                Err(unavailable(failure.unwrap_or_else(|| "the unit could not be kept".into())))
            }
            (Self::Unsettled(failure), _) => Err(unavailable(failure)),
            (Self::Panicked(message), _) => Err(unavailable(format!("the unit of work panicked: {message}"))),
            (Self::Deadline | Self::Abandoned, _) => Err(TransactError::Deadline),
            (Self::Stopped, _) => Err(unavailable("the store is shutting down".into())),
        }
    }
}

/// What a unit runs under.
pub(crate) struct Terms<'a> {
    pub(crate) runtime: &'a Handle,
    pub(crate) access: Access,
    pub(crate) deadline: Instant,
    pub(crate) ticket: &'a Arc<Ticket>,
    pub(crate) stop: &'a watch::Receiver<bool>,
    pub(crate) answers: Bounds,
}

/// Lends the connection to the work, runs it, and takes the connection back. `None`: the connection is gone.
pub(crate) fn drive(
    work: Work,
    connection: Connection,
    redo: Redo,
    terms: &Terms<'_>,
    answer: &mut oneshot::Sender<Answer>,
) -> (End, Option<Lease>) {
    let lease = Lease {
        connection,
        access: terms.access,
        deadline: terms.deadline,
        ticket: Arc::clone(terms.ticket),
        redo,
        depth: 0,
        failure: None,
        lost: false,
        restored: 0,
        answers: terms.answers,
        full: false,
    };
    let slot: Slot = Arc::new(Mutex::new(Some(lease)));
    let session = Arc::new(SharedSession::new(Box::new(UnitSession(Arc::clone(&slot)))));
    let mut opened = Extensions::default().with(Arc::clone(&session));
    if terms.access == Access::Write {
        let book = Book { session: Arc::clone(&session), slot: Arc::clone(&slot) };
        opened = opened.with::<Box<dyn AnswerBook>>(Arc::new(Box::new(book)));
    }
    let mut stop = terms.stop.clone();
    let end = catch_panic(|| {
        terms.runtime.block_on(async {
            let work = async {
                let verdict = work(opened).await;
                // A savepoint that its component dropped is rolled back before the rest is kept.
                match verdict {
                    Verdict::Commit => session
                        .settle()
                        .await
                        .map_or_else(|e| End::Unsettled(e.to_string()), |()| End::Verdict(verdict)),
                    Verdict::Rollback => End::Verdict(verdict),
                }
            };
            tokio::select! {
                biased;
                end = work => end,
                () = answer.closed() => End::Abandoned,
                _ = stop.wait_for(|stop| *stop) => End::Stopped,
                () = tokio::time::sleep_until(terms.deadline.into()) => End::Deadline,
            }
        })
    });
    let lease = slot.lock().take();
    (end.unwrap_or_else(End::Panicked), lease)
}

/// Runs `act`; a panic in it becomes its message.
pub(crate) fn catch_panic<T>(act: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(act)).map_err(|payload| {
        let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let message = text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default();
        tracing::error!(message, "a unit of work panicked and was rolled back");
        message
    })
}
