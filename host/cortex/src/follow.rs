// SPDX-License-Identifier: MIT OR Apache-2.0
//! Following what hosts remember: one task takes note of what changed, another one fetches and compiles what is
//! missing, so that a credential that was taken back need not wait for a compiler.

use crate::host::Host;
use crate::known::Next;
use cap_state::{Revision, StateError};
use edge_installer::Refusal;
use edge_registry::InstallError;
use parking_lot::Mutex;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

/// How long to wait before a state that did not answer is asked again.
const RETRY: Duration = Duration::from_millis(500);

/// How long until the log says again what is wrong.
const WARNING: Duration = Duration::from_secs(3600);
/// How often what hosts remember is looked at though nobody said that it changed: a file that was exchanged under the
/// host says nothing.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// What became of a bundle that was missing.
pub(crate) enum Step {
    /// It can be used, or never.
    Done,
    /// It is asked for again, and others before it.
    Later,
    /// Nothing is to be done before that moment.
    Wait(Instant),
    /// Nothing is missing.
    Idle,
}

/// The tasks.
#[derive(Default)]
pub(crate) struct Followers {
    tasks: Mutex<Vec<JoinHandle<()>>>,
    /// There may be something to load.
    work: Arc<Notify>,
}

impl Followers {
    /// There may be something to load.
    pub(crate) fn wake(&self) {
        self.work.notify_one();
    }

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
    let mut look = true;
    loop {
        let heard = *newest.borrow_and_update();
        let caught_up = {
            let Some(host) = host.upgrade() else { return };
            (!look && heard == host.known.lock().upto) || host.catch_up().await.is_ok()
        };
        if !caught_up {
            tokio::time::sleep(RETRY).await;
            continue;
        }
        look = match tokio::time::timeout(LOOK_EVERY, newest.changed()).await {
            Ok(Ok(())) => false,
            Ok(Err(_)) => return,
            Err(_) => true,
        };
    }
}

async fn load(host: Weak<Host>, work: Arc<Notify>) {
    loop {
        let step = {
            let Some(host) = host.upgrade() else { return };
            host.load_next().await
        };
        match step {
            Step::Done | Step::Later => {}
            Step::Wait(until) => drop(tokio::time::timeout_at(until.into(), work.notified()).await),
            Step::Idle => work.notified().await,
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
            if changes.newest < after {
                return self.begin_anew(after, changes.newest).await;
            }
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

    /// Learns everything anew, because what hosts remember is older than what this one knows.
    async fn begin_anew(&self, knew: Revision, found: Revision) -> Result<(), StateError> {
        tracing::error!(%knew, %found,
            "what hosts remember went back to an earlier revision: it was restored from a backup, or a copy took over that had not \
             heard of everything; this host takes it as it is now, and what was changed after that revision is lost");
        let (mut documents, mut after) = (Vec::new(), Revision::default());
        loop {
            let changes = self.remembered.state().changes(after).await?;
            after = changes.upto;
            documents.extend(changes.documents);
            if !changes.more {
                break;
            }
        }
        self.learn_anew(&documents, after);
        self.followers.work.notify_one();
        Ok(())
    }

    /// Fetches and compiles what is missing, until nothing is or something cannot be had now: that is for the follower.
    pub(crate) async fn load_waiting(&self) {
        while matches!(self.load_next().await, Step::Done) {}
    }

    /// Fetches and compiles one bundle that is missing.
    async fn load_next(&self) -> Step {
        let (bundle, patience) = match self.next_to_load() {
            Next::Load(bundle, patience) => (bundle, patience),
            Next::Wait(until) => return Step::Wait(until),
            Next::Nothing => return Step::Idle,
        };
        match self.load(&bundle, patience).await {
            Err(error) if passes(&error) => {
                self.not_loaded(&bundle, &error);
                Step::Later
            }
            loaded => {
                self.loaded(&bundle, loaded);
                Step::Done
            }
        }
    }
}

/// Whether a failure says nothing of the bundle's bytes: the database or this machine's disk could not do their part.
fn passes(error: &anyhow::Error) -> bool {
    let unavailable = |cause: &(dyn std::error::Error + 'static)| {
        matches!(cause.downcast_ref::<StateError>(), Some(StateError::Unavailable(_)))
    };
    let full = |cause: &(dyn std::error::Error + 'static)| {
        matches!(cause.downcast_ref::<Refusal>(), Some(Refusal::Install(InstallError::NoRoom { .. })))
    };
    error.chain().any(|cause| unavailable(cause) || full(cause) || cause.is::<std::io::Error>())
}
