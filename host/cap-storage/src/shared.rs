// SPDX-License-Identifier: MIT OR Apache-2.0
//! The session of one unit of work as its components share it: statements one after another, and one stack of savepoints
//! over all of them.
//!
//! A call from component to component that may write has a savepoint of its own, so that an error of the callee undoes
//! what the callee did. It is opened when the callee first changes something: most calls never do.

use crate::session::{SavepointStep, Session, SqlError};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::{Mutex, MutexGuard};

/// No savepoint was dropped without being ended.
const NONE_ABANDONED: u32 = u32::MAX;

/// The session of a unit of work, as the back end puts it into the unit's extensions. A unit runs one thing at a time, so
/// the lock is never waited for; it is there because a store's data must be `Sync`.
pub struct SharedSession {
    state: Mutex<State>,
    /// The depth of the outermost savepoint that was dropped without being ended. Dropping is not asynchronous: it is
    /// marked here, and rolled back before anything else touches the session.
    abandoned: AtomicU32,
}

/// What the lock of a [`SharedSession`] guards.
pub(crate) struct State {
    pub(crate) session: Box<dyn Session>,
    /// The serial numbers of the open savepoints, outermost first. The place in the list is the depth less one.
    open: Vec<u64>,
    /// The calls that are under way, outermost first: the depth of their savepoint once they have one.
    calls: Vec<Option<u32>>,
    serial: u64,
    /// Time spent that was not charged yet because it is less than a millisecond.
    pub(crate) uncharged: Duration,
}

impl SharedSession {
    /// Wraps what a back end opened.
    #[must_use]
    pub fn new(session: Box<dyn Session>) -> Self {
        let state = State { session, open: Vec::new(), calls: Vec::new(), serial: 0, uncharged: Duration::ZERO };
        Self { state: Mutex::new(state), abandoned: AtomicU32::new(NONE_ABANDONED) }
    }

    /// Rolls back the savepoints that were dropped without release. Every statement does so first; a back end calls it
    /// once more before it commits.
    ///
    /// # Errors
    /// Where the session cannot roll back: the unit of work must not commit.
    pub async fn settle(&self) -> Result<(), SqlError> {
        self.lock().await.map(drop)
    }

    /// The session, with nothing abandoned on it.
    pub(crate) async fn lock(&self) -> Result<MutexGuard<'_, State>, SqlError> {
        let mut state = self.state.lock().await;
        let abandoned = self.abandoned.load(Ordering::Acquire);
        if abandoned != NONE_ABANDONED {
            state.roll_back_to(abandoned).await?;
            self.abandoned.store(NONE_ABANDONED, Ordering::Release);
        }
        Ok(state)
    }

    /// Marks a savepoint to be rolled back. One that is gone already, its place taken by another, is left alone. The lock
    /// is free whenever a component drops a savepoint; where it is not, the whole unit is being torn down.
    pub(crate) fn abandon(&self, depth: u32, serial: u64) {
        let gone = self.state.try_lock().is_ok_and(|state| !state.is_open(depth, serial));
        if !gone {
            self.abandoned.fetch_min(depth, Ordering::AcqRel);
        }
    }

    /// A call to a component that may write begins.
    pub(crate) async fn begin_call(&self) -> Result<(), SqlError> {
        self.lock().await?.calls.push(None);
        Ok(())
    }

    /// The call ended: what it changed is kept, or undone. Savepoints that it left open are rolled back either way.
    pub(crate) async fn end_call(&self, keep: bool) -> Result<(), SqlError> {
        let mut state = self.lock().await?;
        let Some(Some(depth)) = state.calls.pop() else { return Ok(()) };
        if !keep {
            return state.roll_back_to(depth).await;
        }
        state.roll_back_to(depth.saturating_add(1)).await?;
        state.close(SavepointStep::Release { depth }).await
    }
}

impl State {
    /// How many savepoints are open.
    pub(crate) fn depth(&self) -> u32 {
        u32::try_from(self.open.len()).unwrap_or(u32::MAX)
    }

    /// How many of them components opened.
    pub(crate) fn component_savepoints(&self) -> usize {
        self.open.len().saturating_sub(self.calls.iter().flatten().count())
    }

    /// Whether the savepoint of that number is open at that depth.
    pub(crate) fn is_open(&self, depth: u32, serial: u64) -> bool {
        let index = usize::try_from(depth.saturating_sub(1)).unwrap_or(usize::MAX);
        self.open.get(index) == Some(&serial)
    }

    /// Gives each call that is under way its savepoint: something is about to change.
    pub(crate) async fn before_change(&mut self) -> Result<(), SqlError> {
        for index in 0..self.calls.len() {
            if self.calls.get(index) == Some(&None) {
                let (depth, _) = self.open_next().await?;
                if let Some(call) = self.calls.get_mut(index) {
                    *call = Some(depth);
                }
            }
        }
        Ok(())
    }

    /// Opens a savepoint inside the newest one; returns its depth and its number.
    pub(crate) async fn open_next(&mut self) -> Result<(u32, u64), SqlError> {
        let depth = self.depth().saturating_add(1);
        self.session.savepoint(SavepointStep::Open { depth }).await?;
        self.serial = self.serial.saturating_add(1);
        self.open.push(self.serial);
        Ok((depth, self.serial))
    }

    /// Releases or rolls back the newest savepoint.
    pub(crate) async fn close(&mut self, step: SavepointStep) -> Result<(), SqlError> {
        self.session.savepoint(step).await?;
        self.open.pop();
        Ok(())
    }

    /// Rolls back the savepoint at `depth` and with it all that are inside.
    async fn roll_back_to(&mut self, depth: u32) -> Result<(), SqlError> {
        while self.depth() >= depth.max(1) {
            let depth = self.depth();
            self.close(SavepointStep::Rollback { depth }).await?;
        }
        Ok(())
    }
}
