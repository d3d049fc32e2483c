// SPDX-License-Identifier: MIT OR Apache-2.0
//! The units that wait for one tenant's writer, and how a caller waits for its answer.

use crate::connection::Connection;
use crate::ticket::Ticket;
use kernel_engine::{TransactError, Verdict, Work};
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// How a unit ended.
pub(crate) type Answer = Result<Verdict, TransactError>;

/// The host's own work on a tenant's connection.
pub(crate) type HostWork = Box<dyn FnOnce(&Connection) -> Verdict + Send>;

/// What is to be done.
pub(crate) enum Job {
    /// The work of a request.
    Unit(Work),
    /// The host's own work.
    Host(HostWork),
    /// The host's own work, in a transaction of its own: definitions of tables.
    Alone(HostWork),
}

/// One unit that waits.
pub(crate) struct Pending {
    pub(crate) job: Job,
    pub(crate) deadline: Instant,
    pub(crate) ticket: Arc<Ticket>,
    pub(crate) answer: oneshot::Sender<Answer>,
}

/// The caller's end of a unit. Dropped before the answer came, it abandons the unit.
pub(crate) struct Waiting {
    answer: oneshot::Receiver<Answer>,
    deadline: Instant,
    ticket: Arc<Ticket>,
}

/// Makes a unit and its caller's end.
pub(crate) fn unit(job: Job, deadline: Instant) -> (Pending, Waiting) {
    let (sender, answer) = oneshot::channel();
    let ticket = Arc::new(Ticket::default());
    let pending = Pending { job, deadline, ticket: Arc::clone(&ticket), answer: sender };
    (pending, Waiting { answer, deadline, ticket })
}

impl Waiting {
    /// Waits for the answer. A unit that has not begun by its deadline never will; one that has begun ends soon, and how
    /// it ended is what the caller must know.
    pub(crate) async fn answer(mut self) -> Answer {
        let answer = tokio::select! {
            biased;
            answer = &mut self.answer => answer,
            () = tokio::time::sleep_until(self.deadline.into()) => {
                if self.ticket.give_up() {
                    return Err(TransactError::Deadline);
                }
                (&mut self.answer).await
            }
        };
        answer.unwrap_or_else(|_| Err(unavailable("the writer ended without an answer".into())))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.ticket.abandon();
    }
}

/// How long a caller should stay away from a database that cannot answer, in milliseconds: long enough for a full disk or
/// a restart to be noticed, short enough for a person to wait.
const UNAVAILABLE_RETRY_MS: u64 = 1_000;

/// The answer where the database failed.
pub(crate) fn unavailable(detail: String) -> TransactError {
    TransactError::Unavailable { detail, retry_after_ms: UNAVAILABLE_RETRY_MS }
}

/// The queue of one tenant's writer.
#[derive(Default)]
pub(crate) struct Queue(Mutex<State>);

#[derive(Default)]
struct State {
    pending: VecDeque<Pending>,
    running: bool,
    /// How long the units of the last batch took, each.
    unit_time: Duration,
}

/// What became of a unit that was offered to the queue.
pub(crate) enum Pushed {
    /// It waits; the writer must be started.
    First,
    /// It waits; the writer runs.
    Queued,
    /// There is no room.
    Full(TransactError),
}

impl Queue {
    /// Adds a unit at the end.
    pub(crate) fn push(&self, unit: Pending, units_max: usize) -> Pushed {
        let mut state = self.0.lock();
        if state.pending.len() >= units_max {
            // Those whose callers left take no room from those that wait.
            state.pending.retain(|pending| !pending.ticket.is_abandoned());
        }
        if state.pending.len() >= units_max {
            let units = u32::try_from(state.pending.len()).unwrap_or(u32::MAX);
            let retry_after_ms = u64::try_from(state.unit_time.saturating_mul(units).as_millis()).unwrap_or(u64::MAX);
            return Pushed::Full(TransactError::Busy { retry_after_ms: retry_after_ms.clamp(1, 60_000) });
        }
        state.pending.push_back(unit);
        if std::mem::replace(&mut state.running, true) { Pushed::Queued } else { Pushed::First }
    }

    /// The next unit.
    pub(crate) fn pop(&self) -> Option<Pending> {
        self.0.lock().pending.pop_front()
    }

    /// The next unit, unless it must have a transaction of its own.
    pub(crate) fn pop_for_batch(&self) -> Option<Pending> {
        let mut state = self.0.lock();
        let alone = matches!(state.pending.front(), Some(Pending { job: Job::Alone(_), .. }));
        if alone { None } else { state.pending.pop_front() }
    }

    /// Marks the writer as ended where nothing waits. False: it must go on.
    pub(crate) fn end_if_empty(&self) -> bool {
        let mut state = self.0.lock();
        state.running = !state.pending.is_empty();
        !state.running
    }

    /// Runs `act` unless the writer runs; it cannot start meanwhile.
    pub(crate) fn while_idle<T>(&self, act: impl FnOnce() -> T) -> Option<T> {
        let state = self.0.lock();
        (!state.running).then(act)
    }

    /// Notes how long a batch took.
    pub(crate) fn note_batch(&self, units: usize, time: Duration) {
        self.0.lock().unit_time = time / u32::try_from(units.max(1)).unwrap_or(u32::MAX);
    }
}
