// SPDX-License-Identifier: MIT OR Apache-2.0
//! The resource `savepoint` of `cortex:storage/sql`.

use crate::limits::SAVEPOINTS_MAX;
use crate::session::{SavepointStep, SqlError};
use crate::shared::SharedSession;
use std::sync::Arc;

/// One savepoint that a component opened. Dropped while open, it is rolled back before the session's next step.
pub struct Savepoint {
    shared: Arc<SharedSession>,
    depth: u32,
    serial: u64,
    ended: bool,
}

impl Savepoint {
    /// Opens a savepoint inside the newest open one.
    pub(crate) async fn open(shared: &Arc<SharedSession>) -> Result<Self, SqlError> {
        let mut state = shared.lock().await?;
        if state.component_savepoints() >= SAVEPOINTS_MAX {
            return Err(refused(format!("{SAVEPOINTS_MAX} savepoints are open: end some first")));
        }
        state.before_change().await?;
        let (depth, serial) = state.open_next().await?;
        Ok(Self { shared: Arc::clone(shared), depth, serial, ended: false })
    }

    /// Ends the savepoint: keeps its changes, or undoes them. Where a newer one is open the step is refused, and this
    /// one, which its component has given away with the call, is rolled back together with the newer ones.
    pub(crate) async fn end(mut self, keep: bool) -> Result<(), SqlError> {
        let shared = Arc::clone(&self.shared);
        let mut state = shared.lock().await?;
        let depth = self.depth;
        if !state.is_open(depth, self.serial) {
            self.ended = true;
            return Err(refused("the savepoint is gone: one that surrounds it was rolled back".to_owned()));
        }
        if state.depth() != depth {
            let message = "a newer savepoint is open: this one is rolled back with it; end the newest first";
            return Err(refused(message.to_owned()));
        }
        state.close(if keep { SavepointStep::Release { depth } } else { SavepointStep::Rollback { depth } }).await?;
        self.ended = true;
        Ok(())
    }

    /// Marks it to be rolled back, as dropping it would.
    pub(crate) fn abandon(&mut self) {
        if !self.ended {
            self.ended = true;
            self.shared.abandon(self.depth, self.serial);
        }
    }
}

impl Drop for Savepoint {
    fn drop(&mut self) {
        self.abandon();
    }
}

fn refused(message: String) -> SqlError {
    SqlError::Refused { message, position: None }
}
