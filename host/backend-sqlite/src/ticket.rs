// SPDX-License-Identifier: MIT OR Apache-2.0
//! Who decides how a waiting unit ends: the caller that gives up, or the thread that begins it. Exactly one of them wins.

use std::sync::atomic::{AtomicU8, Ordering::AcqRel, Ordering::Acquire};

const WAITING: u8 = 0;
const BEGUN: u8 = 1;
const ABANDONED: u8 = 2;

/// The state of one unit, shared by its caller and the thread that runs it.
#[derive(Debug, Default)]
pub(crate) struct Ticket(AtomicU8);

impl Ticket {
    /// Taken by the thread that runs the unit. False: its caller gave up before.
    pub(crate) fn begin(&self) -> bool {
        self.0.compare_exchange(WAITING, BEGUN, AcqRel, Acquire).is_ok()
    }

    /// Taken by a caller whose deadline passed. False: the unit has begun, and its end must be awaited.
    pub(crate) fn give_up(&self) -> bool {
        self.0.compare_exchange(WAITING, ABANDONED, AcqRel, Acquire).is_ok()
    }

    /// The caller left, whatever the state.
    pub(crate) fn abandon(&self) {
        self.0.store(ABANDONED, std::sync::atomic::Ordering::Release);
    }

    pub(crate) fn is_abandoned(&self) -> bool {
        self.0.load(Acquire) == ABANDONED
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_the_caller_or_the_runner_wins() {
        let ticket = Ticket::default();
        assert!(ticket.begin());
        assert!(!ticket.give_up());
        assert!(!ticket.is_abandoned());
        ticket.abandon();
        assert!(ticket.is_abandoned());

        let ticket = Ticket::default();
        assert!(ticket.give_up());
        assert!(!ticket.begin());
    }
}
