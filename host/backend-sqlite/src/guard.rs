// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the callbacks of one connection know: who may do what right now, and until when. The connection's owner switches
//! it around each statement; between statements nothing is permitted.

use crate::authorizer::Policy;
use crate::ticket::Ticket;
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Instant;

/// Virtual machine instructions between two looks at the clock. A look costs some 40 ns, a thousand instructions several
/// tens of microseconds: under a thousandth, and still far finer than the milliseconds that limits are given in.
pub(crate) const INSTRUCTIONS_PER_LOOK: i32 = 1_000;

/// Shared by a connection and its callbacks. The locks are only ever taken by the thread that runs the statement.
#[derive(Default)]
pub(crate) struct Guard {
    policy: Mutex<Policy>,
    watch: Mutex<Watch>,
}

/// Until when the running statement may run.
#[derive(Default)]
struct Watch {
    until: Option<Instant>,
    deadline: Option<Instant>,
    caller: Option<Arc<Ticket>>,
    stopped: Option<Stop>,
}

/// Why a statement was interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The time that the component may use is used up.
    Time,
    /// The request's deadline passed.
    Deadline,
    /// Nobody waits for the answer any more.
    Abandoned,
}

impl Guard {
    /// Asked by the engine while it compiles a statement.
    pub(crate) fn authorize(&self, context: &rusqlite::hooks::AuthContext<'_>) -> rusqlite::hooks::Authorization {
        let mut policy = self.policy.lock();
        let answer = policy.decide(context);
        if answer == rusqlite::hooks::Authorization::Deny {
            tracing::warn!(?context, ?policy, "the engine was asked for something that is not permitted");
        }
        answer
    }

    /// Asked by the engine every [`INSTRUCTIONS_PER_LOOK`]: whether to interrupt.
    pub(crate) fn must_stop(&self) -> bool {
        let mut watch = self.watch.lock();
        let stop = if watch.caller.as_ref().is_some_and(|ticket| ticket.is_abandoned()) {
            Some(Stop::Abandoned)
        } else if watch.until.is_none() && watch.deadline.is_none() {
            None
        } else {
            let now = Instant::now();
            let passed = |at: Option<Instant>| at.is_some_and(|at| now >= at);
            if passed(watch.until) {
                Some(Stop::Time)
            } else if passed(watch.deadline) {
                Some(Stop::Deadline)
            } else {
                None
            }
        };
        watch.stopped = stop.or(watch.stopped);
        stop.is_some()
    }

    /// Why the last statement was interrupted.
    pub(crate) fn stopped(&self) -> Option<Stop> {
        self.watch.lock().stopped
    }

    /// Sets what is permitted until it is set again.
    pub(crate) fn set_policy(&self, policy: Policy) {
        *self.policy.lock() = policy;
    }

    /// Permits what `policy` says until the returned value is dropped.
    pub(crate) fn permit(self: &Arc<Self>, policy: Policy) -> Permit {
        *self.policy.lock() = policy;
        Permit(Arc::clone(self))
    }

    /// Interrupts a statement at `until` (its own time is used up), at `deadline`, or once `caller` left. A change is
    /// not interrupted for a caller that left: it ends soon, and interrupting it would cost its neighbours in the batch.
    pub(crate) fn watch(&self, until: Option<Instant>, deadline: Option<Instant>, caller: Option<Arc<Ticket>>) {
        *self.watch.lock() = Watch { until, deadline, caller, stopped: None };
    }
}

impl Guard {
    /// Stops watching the clock. Why the last statement was interrupted stays known.
    pub(crate) fn unwatch(&self) {
        let mut watch = self.watch.lock();
        (watch.until, watch.deadline, watch.caller) = (None, None, None);
    }
}

/// While it lives, its policy is in force.
pub(crate) struct Permit(Arc<Guard>);

impl Drop for Permit {
    fn drop(&mut self) {
        *self.0.policy.lock() = Policy::Nothing;
    }
}
