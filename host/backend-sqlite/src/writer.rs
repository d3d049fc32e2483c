// SPDX-License-Identifier: MIT OR Apache-2.0
//! The one writer of a tenant: takes units from the queue, runs them one after another in one transaction, commits it
//! once, and only then answers. It runs on a thread of its own as long as units wait, and no longer.

use crate::answers::{self, Bounds};
use crate::authorizer::{Access, Policy};
use crate::connection::{Connection, Purpose};
use crate::drive::{End, Terms, catch_panic, drive};
use crate::failure::{is_certain, is_full, remedy};
use crate::queue::{Answer, HostWork, Job, Pending, unavailable};
use crate::redo::Redo;
use crate::session::Lease;
use crate::stats::{add, add_time};
use crate::store::Inner;
use crate::tenant::Tenant;
use kernel_engine::{TransactError, Verdict};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// What runs the batches of one tenant.
pub(crate) struct Writer<'a> {
    pub(crate) store: &'a Inner,
    pub(crate) tenant: &'a Tenant,
}

/// A transaction and the units that it holds.
struct Batch {
    connection: Connection,
    redo: Redo,
    /// The units that ended with commit, and wait for it.
    kept: Vec<oneshot::Sender<Answer>>,
    wrote: bool,
    /// Whether a unit found no room.
    full: bool,
    begun: Instant,
    /// Why the transaction is gone.
    lost: Option<String>,
}

impl Writer<'_> {
    /// Runs batches until nothing waits, or, where other tenants wait for a thread, after one. Returns whether it must
    /// be started again.
    pub(crate) fn run(&self) -> bool {
        loop {
            self.tenant.touch(self.store.now_ms());
            match self.tenant.queue.pop() {
                Some(first) => {
                    self.batch(first);
                    if self.store.writers_wait() {
                        return !self.tenant.queue.end_if_empty();
                    }
                }
                None => {
                    self.checkpoint(self.store.settings.checkpoint_wal_bytes);
                    if self.tenant.queue.end_if_empty() {
                        return false;
                    }
                }
            }
        }
    }

    /// Runs one transaction, beginning with `first`.
    fn batch(&self, first: Pending) {
        let connection = match self.begin() {
            Ok(connection) => connection,
            Err(detail) => {
                tracing::error!(tenant = %self.tenant.id, detail, "a transaction could not be begun");
                add(&self.store.counters.failed, 1);
                return reply(first.answer, Err(unavailable(detail)));
            }
        };
        let settings = &self.store.settings;
        let redo = Redo::new(settings.redo_bytes_max);
        let mut batch =
            Batch { connection, redo, kept: Vec::new(), wrote: false, full: false, begun: Instant::now(), lost: None };
        let window = Duration::from_millis(settings.batch_ms_max);
        let (mut units, mut next) = (0_usize, Some(first));
        while let Some(pending) = next.take() {
            let alone = matches!(pending.job, Job::Alone(_));
            let (after, complete) = self.unit(batch, pending);
            let Some(after) = after else { return };
            batch = after;
            units = units.saturating_add(1);
            let full = units >= settings.batch_units_max || batch.begun.elapsed() >= window;
            if batch.lost.is_none() && complete && !alone && !full {
                next = self.tenant.queue.pop_for_batch();
            }
        }
        self.tenant.queue.note_batch(units, batch.begun.elapsed());
        let full = batch.full;
        if self.commit(batch) || full {
            self.make_room();
        }
        self.checkpoint(settings.checkpoint_wal_bytes_max);
    }

    /// The writer's connection with a transaction open on it.
    fn begin(&self) -> Result<Connection, String> {
        let connection = match self.tenant.take_writer() {
            Some(connection) => connection,
            None => self.store.open(self.tenant, Purpose::Write).map_err(|e| e.to_string())?,
        };
        connection.host("BEGIN IMMEDIATE").map_err(|error| format!("{error}{}", remedy(&error)))?;
        Ok(connection)
    }

    /// Runs one unit in a savepoint of its own. The flag: the unit, if it was kept, can be restored, so that others may
    /// follow. No batch: its connection is gone, and everyone was told.
    fn unit(&self, mut batch: Batch, mut pending: Pending) -> (Option<Batch>, bool) {
        if !pending.ticket.begin() {
            return (Some(batch), true);
        }
        if Instant::now() >= pending.deadline {
            reply(pending.answer, Err(TransactError::Deadline));
            return (Some(batch), true);
        }
        add(&self.store.counters.write_units, 1);
        let before = batch.connection.engine().total_changes();
        if let Err(error) = batch.connection.host("SAVEPOINT cortex_unit") {
            batch.lost = Some(error.to_string());
            reply(pending.answer, Err(unavailable(error.to_string())));
            return (Some(batch), false);
        }
        let (end, failure, of_host) = match pending.job {
            Job::Unit(work) => {
                let terms = Terms {
                    runtime: &self.store.runtime,
                    access: Access::Write,
                    deadline: pending.deadline,
                    ticket: &pending.ticket,
                    stop: &self.store.stop,
                    answers: Bounds::of(&self.store.settings),
                };
                let (end, lease) = drive(work, batch.connection, batch.redo, &terms, &mut pending.answer);
                let Some(lease) = lease else {
                    return (self.fail(batch.kept, pending.answer, "the connection is gone"), false);
                };
                let Lease { connection, redo, failure, lost, restored, full, .. } = lease;
                batch.full |= full;
                add(&self.store.counters.restored, restored);
                (batch.connection, batch.redo) = (connection, redo);
                if lost {
                    batch.lost = failure.clone().or_else(|| Some("the transaction was lost".into()));
                }
                (end, failure, false)
            }
            Job::Host(work) | Job::Alone(work) => (host_work(&batch.connection, &mut batch.redo, work), None, true),
        };
        let keep = matches!(end, End::Verdict(Verdict::Commit)) && failure.is_none();
        self.end_savepoint(&mut batch, keep);
        if let Some(lost) = &batch.lost {
            add(&self.store.counters.failed, 1);
            let answer = end.rolled_back(Some(lost.clone()));
            reply(pending.answer, answer);
            return (Some(batch), false);
        }
        if keep {
            // Definitions of tables are not counted by the engine; rows are, those of foreign key actions included.
            batch.wrote |= of_host || batch.connection.engine().total_changes() > before;
            batch.kept.push(pending.answer);
            let complete = batch.redo.finish();
            return (Some(batch), complete);
        }
        batch.redo.forget();
        add(&self.store.counters.rollbacks, 1);
        reply(pending.answer, end.rolled_back(failure));
        (Some(batch), true)
    }

    /// Keeps or undoes what the unit changed. Where that fails, or the transaction is not there any more, all is lost.
    fn end_savepoint(&self, batch: &mut Batch, keep: bool) {
        if batch.lost.is_some() {
            return;
        }
        let connection = &batch.connection;
        let undone = if keep { Ok(()) } else { connection.host("ROLLBACK TO cortex_unit") };
        let result = undone.and_then(|()| connection.host("RELEASE cortex_unit"));
        if let Err(error) = result {
            batch.lost = Some(format!("the transaction was lost: {error}"));
        }
    }

    /// Gives up answers that need not be kept, behind a batch that found no room: the next one may.
    fn make_room(&self) {
        let made = self.begin().map(|connection| {
            let removed = answers::make_room(&connection, Bounds::of(&self.store.settings));
            let end = if removed.as_ref().is_ok_and(|removed| *removed > 0) { "COMMIT" } else { "ROLLBACK" };
            let ended = connection.host(end);
            if ended.is_ok() {
                self.tenant.put_writer(connection);
            }
            removed.and_then(|removed| ended.map(|()| removed)).map_err(|error| error.to_string())
        });
        match made.and_then(std::convert::identity) {
            Ok(removed) => {
                tracing::warn!(tenant = %self.tenant.id, removed, "the database is full; old answers were removed")
            }
            Err(detail) => {
                tracing::warn!(tenant = %self.tenant.id, detail, "the database is full, and old answers could not be removed");
            }
        }
    }

    /// Makes the transaction durable and answers its units, or tells them that it is not. Returns whether there was no
    /// room for it.
    fn commit(&self, batch: Batch) -> bool {
        let Batch { connection, kept, wrote, lost, .. } = batch;
        add(&self.store.counters.batches, 1);
        let begun = Instant::now();
        // Rows that were written and rolled back are still marked as changed: a commit would write and sync them.
        let end = if wrote { "COMMIT" } else { "ROLLBACK" };
        let mut full = false;
        let committed = match lost {
            Some(lost) => Err((lost, true)),
            None => connection.host(end).map_err(|error| {
                full = is_full(&error);
                (format!("the commit failed: {error}{}", remedy(&error)), is_certain(&error))
            }),
        };
        match committed {
            Ok(()) => {
                if wrote {
                    add(&self.store.counters.commits, 1);
                    add_time(&self.store.counters.commit_us, begun.elapsed());
                }
                self.tenant.put_writer(connection);
                for answer in kept {
                    reply(answer, Ok(Verdict::Commit));
                }
            }
            Err((detail, certain)) => {
                tracing::error!(tenant = %self.tenant.id, detail, units = kept.len(), "a batch was lost");
                if connection.in_transaction()
                    && let Err(error) = connection.host("ROLLBACK")
                {
                    tracing::error!(tenant = %self.tenant.id, %error, "a lost batch could not be rolled back");
                }
                // A connection that failed is not used again: opening it anew recovers what the disk holds.
                drop(connection);
                if certain {
                    self.fail(kept, None, &detail);
                } else {
                    for answer in kept {
                        add(&self.store.counters.failed, 1);
                        reply(answer, Err(TransactError::Unknown(detail.clone())));
                    }
                }
            }
        }
        full
    }

    /// Tells everyone that nothing of their units remains.
    fn fail(
        &self,
        kept: Vec<oneshot::Sender<Answer>>,
        running: impl Into<Option<oneshot::Sender<Answer>>>,
        detail: &str,
    ) -> Option<Batch> {
        for answer in kept.into_iter().chain(running.into()) {
            add(&self.store.counters.failed, 1);
            reply(answer, Err(unavailable(detail.to_owned())));
        }
        None
    }

    /// Folds the log into the database where it is longer than `bytes`. Nobody waits for it but units that come now.
    fn checkpoint(&self, bytes: u64) {
        let log = self.tenant.path.with_extension("sqlite-wal");
        if std::fs::metadata(log).map_or(0, |file| file.len()) <= bytes {
            return;
        }
        let Some(connection) = self.tenant.take_writer() else { return };
        match connection.checkpoint() {
            Ok(_) => add(&self.store.counters.checkpoints, 1),
            Err(error) => {
                tracing::warn!(tenant = %self.tenant.id, %error, "a checkpoint failed; the log keeps growing")
            }
        }
        self.tenant.put_writer(connection);
    }
}

/// The host's own work, under the host's policy. It is not noted, so it cannot be restored.
fn host_work(connection: &Connection, redo: &mut Redo, work: HostWork) -> End {
    redo.give_up_current();
    let end = catch_panic(|| {
        let _permit = connection.permit(Policy::Host);
        work(connection)
    });
    connection.guard().unwatch();
    end.map_or_else(End::Panicked, End::Verdict)
}

/// Answers a caller; one that left does not mind.
fn reply(answer: oneshot::Sender<Answer>, result: Answer) {
    let _ = answer.send(result);
}

/// Starts the writer of a tenant that has something to do.
pub(crate) fn start(store: Arc<Inner>, tenant: Arc<Tenant>) {
    match Arc::clone(&store.writers).try_acquire_owned() {
        Ok(permit) => start_on_thread(store, tenant, permit),
        Err(_) => {
            let runtime = store.runtime.clone();
            let waiting = store.writer_waits();
            runtime.spawn(async move {
                let permit = Arc::clone(&store.writers).acquire_owned().await;
                drop(waiting);
                // The semaphore is never closed.
                if let Ok(permit) = permit {
                    start_on_thread(store, tenant, permit);
                }
            });
        }
    }
}

fn start_on_thread(store: Arc<Inner>, tenant: Arc<Tenant>, permit: tokio::sync::OwnedSemaphorePermit) {
    let runtime = store.runtime.clone();
    let busy = store.busy();
    runtime.spawn_blocking(move || {
        let again = Writer { store: &store, tenant: &tenant }.run();
        drop(permit);
        if again {
            start(store, tenant);
        } else {
            drop((store, tenant));
        }
        // Last: whoever waits for quiet finds nothing of the store in use.
        drop(busy);
    });
}
