// SPDX-License-Identifier: MIT OR Apache-2.0
//! Units that read: each on a snapshot of its own, beside the writer and beside each other.

use crate::answers::Bounds;
use crate::authorizer::{Access, Policy};
use crate::connection::{Connection, Purpose};
use crate::drive::{End, Terms, catch_panic, drive};
use crate::queue::{Answer, Job, Pending, unavailable};
use crate::redo::Redo;
use crate::session::Lease;
use crate::stats::add;
use crate::store::Inner;
use crate::tenant::Tenant;
use kernel_engine::TransactError;
use std::time::Instant;

/// Runs one unit on a snapshot.
pub(crate) fn run(store: &Inner, tenant: &Tenant, mut pending: Pending) {
    if !pending.ticket.begin() {
        return;
    }
    tenant.touch(store.now_ms());
    let result = match begin(store, tenant) {
        Ok(_) if Instant::now() >= pending.deadline => Err(TransactError::Deadline),
        Ok(connection) => {
            let terms = Terms {
                runtime: &store.runtime,
                access: Access::Read,
                deadline: pending.deadline,
                ticket: &pending.ticket,
                stop: &store.stop,
                answers: Bounds::of(&store.settings),
            };
            let (end, connection, failure) = match pending.job {
                Job::Unit(work) => match drive(work, connection, Redo::new(0), &terms, &mut pending.answer) {
                    (end, Some(Lease { connection, failure, .. })) => (end, Some(connection), failure),
                    (end, None) => (end, None, Some("the connection is gone".into())),
                },
                Job::Host(work) | Job::Alone(work) => {
                    let end = catch_panic(|| {
                        let _permit = connection.permit(Policy::Host);
                        work(&connection)
                    });
                    connection.guard().unwatch();
                    (end.map_or_else(End::Panicked, End::Verdict), Some(connection), None)
                }
            };
            add(&store.counters.read_units, 1);
            give_back(tenant, connection, failure.is_some());
            match (end, failure) {
                (End::Verdict(verdict), None) => Ok(verdict),
                (end, failure) => end.rolled_back(failure),
            }
        }
        Err(detail) => Err(unavailable(detail)),
    };
    tenant.touch(store.now_ms());
    answer(pending.answer, result);
}

fn answer(sender: tokio::sync::oneshot::Sender<Answer>, result: Answer) {
    let _ = sender.send(result);
}

/// A connection with a snapshot on it, which is taken by the first statement that reads: no older than this moment.
fn begin(store: &Inner, tenant: &Tenant) -> Result<Connection, String> {
    let connection = match tenant.take_reader() {
        Some(connection) => connection,
        None => store.open(tenant, Purpose::Read).map_err(|e| e.to_string())?,
    };
    connection.host("BEGIN DEFERRED").map_err(|e| e.to_string())?;
    Ok(connection)
}

/// Lets go of the snapshot. A connection that failed is closed.
fn give_back(tenant: &Tenant, connection: Option<Connection>, failed: bool) {
    if let Some(connection) = connection.filter(|connection| !failed && connection.host("ROLLBACK").is_ok()) {
        tenant.put_reader(connection);
    }
}
