// SPDX-License-Identifier: MIT OR Apache-2.0
//! Closes what is idle, so that thousands of tenants cost little, and closes everything at the end.

use crate::store::{Inner, SqliteStore};
use std::sync::Arc;
use std::sync::atomic::Ordering::Release;
use std::time::{Duration, Instant};

/// The shortest time between two looks, in milliseconds.
const PERIOD_MS_MIN: u64 = 100;

/// Grace for units that were told to end, beyond the deadline of a shutdown: a statement that runs looks up every few
/// microseconds, a component every epoch.
const GRACE: Duration = Duration::from_secs(5);

/// Starts the one task that looks for idle tenants. It ends with the store.
pub(crate) fn start(store: &Arc<Inner>) {
    let (weak, mut stop) = (Arc::downgrade(store), store.stop.clone());
    let period = Duration::from_millis((store.settings.idle_ms / 2).max(PERIOD_MS_MIN));
    let runtime = store.runtime.clone();
    store.runtime.spawn(async move {
        loop {
            tokio::select! {
                () = tokio::time::sleep(period) => {}
                // An error means that the store is gone.
                _ = stop.wait_for(|stop| *stop) => return,
            }
            let Some(store) = weak.upgrade() else { return };
            if runtime.spawn_blocking(move || store.sweep(Instant::now())).await.is_err() {
                return;
            }
        }
    });
}

impl SqliteStore {
    /// Ends the store: refuses new units, finishes those that wait until `deadline`, rolls back what is left, folds the
    /// write-ahead logs into the databases and closes them. Returns whether everything ended in time.
    pub async fn shutdown(&self, deadline: Instant) -> bool {
        self.0.closing.store(true, Release);
        let finished = tokio::time::timeout_at(deadline.into(), self.0.quiet()).await.is_ok();
        self.0.stopper.send_replace(true);
        let quiet = finished || tokio::time::timeout(GRACE, self.0.quiet()).await.is_ok();
        let store = Arc::clone(&self.0);
        let closed = self.0.runtime.spawn_blocking(move || store.close_all()).await.is_ok();
        finished && quiet && closed
    }
}
