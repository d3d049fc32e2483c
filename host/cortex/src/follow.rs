// SPDX-License-Identifier: MIT OR Apache-2.0
//! Following what hosts remember: one task takes note of what changed, another one fetches and compiles what is missing, so
//! that a credential that was taken back need not wait for a compiler.

use crate::host::Host;
use anyhow::Result;
use cap_state::{Revision, StateError};
use parking_lot::Mutex;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

/// How long to wait before a state that did not answer is asked again.
const RETRY: Duration = Duration::from_millis(500);

/// How long until the log says again what is wrong.
const WARNING: Duration = Duration::from_secs(3600);

/// The tasks.
#[derive(Default)]
pub(crate) struct Followers {
    tasks: Mutex<Vec<JoinHandle<()>>>,
    /// There may be something to load.
    work: Arc<Notify>,
}

impl Followers {
    /// Ends the tasks, and waits until they hold nothing of the host any more.
    pub(crate) async fn stop(&self) {
        let tasks = std::mem::take(&mut *self.tasks.lock());
        for task in tasks {
            task.abort();
            let _ = task.await;
        }
    }
}

impl Drop for Followers {
    fn drop(&mut self) {
        for task in self.tasks.get_mut() {
            task.abort();
        }
    }
}

/// Starts the tasks. They end with the host.
pub(crate) fn start(host: &Arc<Host>) {
    let newest = host.remembered.state().watch();
    let tasks = [
        tokio::spawn(warn(Arc::downgrade(host))),
        tokio::spawn(take_note(Arc::downgrade(host), newest)),
        tokio::spawn(load(Arc::downgrade(host), Arc::clone(&host.followers.work))),
    ];
    host.followers.tasks.lock().extend(tasks);
}

/// Says again and again that the list of revocations is too old, for as long as it is.
async fn warn(host: Weak<Host>) {
    loop {
        let Some(host) = host.upgrade() else { return };
        host.warn_of_stale_list();
        drop(host);
        tokio::time::sleep(WARNING).await;
    }
}

async fn take_note(host: Weak<Host>, mut newest: watch::Receiver<Revision>) {
    loop {
        let heard = *newest.borrow_and_update();
        let caught_up = {
            let Some(host) = host.upgrade() else { return };
            heard <= host.known.lock().upto || host.catch_up().await.is_ok()
        };
        if !caught_up {
            tokio::time::sleep(RETRY).await;
        } else if newest.changed().await.is_err() {
            return;
        }
    }
}

async fn load(host: Weak<Host>, work: Arc<Notify>) {
    loop {
        let done = {
            let Some(host) = host.upgrade() else { return };
            host.load_waiting().await
        };
        if done {
            work.notified().await;
        } else {
            tokio::time::sleep(RETRY).await;
        }
    }
}

impl Host {
    /// Takes note of everything that hosts have remembered since this one last did.
    ///
    /// # Errors
    /// Where the state cannot answer; what is known stays in force.
    pub(crate) async fn catch_up(&self) -> Result<(), StateError> {
        loop {
            let after = self.known.lock().upto;
            let changes = self.remembered.state().changes(after).await?;
            for document in &changes.documents {
                self.learn(document);
            }
            let mut known = self.known.lock();
            known.upto = known.upto.max(changes.upto);
            drop(known);
            if !changes.documents.is_empty() {
                self.followers.work.notify_one();
            }
            if !changes.more {
                return Ok(());
            }
        }
    }

    /// Fetches and compiles what is missing, one bundle after another. Returns whether it is done: `false` where the state
    /// cannot answer now.
    pub(crate) async fn load_waiting(&self) -> bool {
        while let Some(bundle) = self.next_to_load() {
            let loaded = self.load(&bundle).await;
            let later =
                |error: &anyhow::Error| matches!(error.downcast_ref::<StateError>(), Some(StateError::Unavailable(_)));
            if loaded.as_ref().err().is_some_and(later) {
                return false;
            }
            self.loaded(&bundle, loaded);
        }
        true
    }
}
