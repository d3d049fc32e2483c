// SPDX-License-Identifier: MIT OR Apache-2.0
//! The session of one unit of work. It borrows the connection from the thread that runs the unit: once the unit ended,
//! the connection is taken back, and whatever still holds the session finds it empty.

use crate::answers::Bounds;
use crate::authorizer::Access;
use crate::connection::Connection;
use crate::failure::{is_unavailable, says_full};
use crate::guard::Stop;
use crate::redo::Redo;
use crate::run::{Run, used_up};
use crate::ticket::Ticket;
use cap_storage::{
    BoxFuture, Budget, Parameters, Rows, SavepointStep, Session, SqlError, Statement, StatementKind, Value,
};
use kernel_types::{ComponentId, Limit};
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A connection lent to one unit of work, and what happened on it.
pub(crate) struct Lease {
    pub(crate) connection: Connection,
    pub(crate) access: Access,
    pub(crate) deadline: Instant,
    pub(crate) ticket: Arc<Ticket>,
    pub(crate) redo: Redo,
    /// Savepoints of components that are open.
    pub(crate) depth: u32,
    /// Why the unit must not commit, whatever its work says.
    pub(crate) failure: Option<String>,
    /// The engine threw the transaction away and it could not be restored: the finished units of the batch are lost.
    pub(crate) lost: bool,
    /// How often the transaction was thrown away and restored.
    pub(crate) restored: u64,
    /// How many answers are kept.
    pub(crate) answers: Bounds,
    /// Whether a change found no room.
    pub(crate) full: bool,
}

/// Where the connection lies while the unit runs.
pub(crate) type Slot = Arc<Mutex<Option<Lease>>>;

/// The session that components see, through cap-storage.
pub(crate) struct UnitSession(pub(crate) Slot);

impl UnitSession {
    fn with<T>(&self, act: impl FnOnce(&mut Lease) -> Result<T, SqlError>) -> Result<T, SqlError> {
        match self.0.lock().as_mut() {
            Some(lease) => act(lease),
            None => Err(SqlError::Unavailable("the unit of work has ended".into())),
        }
    }
}

impl Session for UnitSession {
    fn query<'a>(
        &'a mut self,
        component: &'a ComponentId,
        statement: &'a Statement,
        parameters: &'a [Value],
        budget: &'a mut Budget,
    ) -> BoxFuture<'a, Result<Rows, SqlError>> {
        Box::pin(async move { self.with(|lease| lease.query(component, statement, parameters, budget)) })
    }

    fn execute<'a>(
        &'a mut self,
        component: &'a ComponentId,
        statement: &'a Statement,
        parameters: &'a [Parameters],
        budget: &'a mut Budget,
    ) -> BoxFuture<'a, Result<u64, SqlError>> {
        Box::pin(async move { self.with(|lease| lease.execute(component, statement, parameters, budget)) })
    }

    fn savepoint(&mut self, step: SavepointStep) -> BoxFuture<'_, Result<(), SqlError>> {
        Box::pin(async move { self.with(|lease| lease.savepoint(step)) })
    }
}

impl Lease {
    fn query(
        &mut self,
        component: &ComponentId,
        statement: &Statement,
        parameters: &[Value],
        budget: &mut Budget,
    ) -> Result<Rows, SqlError> {
        let reads = match statement.kind() {
            StatementKind::Query => true,
            StatementKind::ChangeReturning if self.access == Access::Read => return Err(reads_only()),
            StatementKind::ChangeReturning => false,
            StatementKind::Change => {
                return Err(SqlError::Refused {
                    message: "the statement returns no rows: use `execute`".into(),
                    position: None,
                });
            }
        };
        let access = if reads { Access::Read } else { self.access };
        self.timed(reads, budget, |lease, budget| {
            if reads {
                Run::prepare(&lease.connection, component, access, statement)?.rows(parameters, budget)
            } else {
                let rows = lease.all_or_none(|lease| {
                    Run::prepare(&lease.connection, component, access, statement)?.rows(parameters, budget)
                })?;
                lease.redo.note(
                    component,
                    statement,
                    &[parameters],
                    u64::try_from(rows.rows.len()).unwrap_or(u64::MAX),
                );
                Ok(rows)
            }
        })
    }

    fn execute(
        &mut self,
        component: &ComponentId,
        statement: &Statement,
        lists: &[Parameters],
        budget: &mut Budget,
    ) -> Result<u64, SqlError> {
        if self.access == Access::Read {
            return Err(reads_only());
        }
        if statement.kind() != StatementKind::Change {
            return Err(SqlError::Refused {
                message: "the statement returns rows: use `query`".into(),
                position: None,
            });
        }
        self.timed(false, budget, |lease, _| {
            let touched = match lists {
                [] => 0,
                // One change is all or none by itself.
                [one] => Run::prepare(&lease.connection, component, lease.access, statement)?.change(one)?,
                many => lease.all_or_none(|lease| {
                    let mut run = Run::prepare(&lease.connection, component, lease.access, statement)?;
                    many.iter().try_fold(0_u64, |touched, list| Ok(touched.saturating_add(run.change(list)?)))
                })?,
            };
            let lists: Vec<&[Value]> = lists.iter().map(Vec::as_slice).collect();
            lease.redo.note(component, statement, &lists, touched);
            Ok(touched)
        })
    }

    /// Runs a statement while the clock runs, counts its time, and mends or notes what a failure did to the
    /// transaction.
    fn timed<T>(
        &mut self,
        reads: bool,
        budget: &mut Budget,
        act: impl FnOnce(&mut Self, &mut Budget) -> Result<T, SqlError>,
    ) -> Result<T, SqlError> {
        if let Some(failure) = &self.failure {
            return Err(SqlError::Unavailable(failure.clone()));
        }
        let (begin, allowed) = (Instant::now(), budget.time);
        if allowed.is_zero() {
            return Err(used_up(Limit::SqlMs, 0));
        }
        let caller = reads.then(|| Arc::clone(&self.ticket));
        self.connection.guard().watch(begin.checked_add(allowed), Some(self.deadline), caller);
        let result = act(self, budget);
        self.connection.guard().unwatch();
        budget.time = allowed.saturating_sub(begin.elapsed());
        match result {
            Ok(value) => Ok(value),
            Err(error) => Err(self.after_failure(error, allowed)),
        }
    }

    /// An interruption is named by its cause. A transaction that is gone is restored, or the unit is doomed.
    fn after_failure(&mut self, error: SqlError, allowed: Duration) -> SqlError {
        let stopped = if is_unavailable(&error) { self.connection.guard().stopped() } else { None };
        let error = match stopped {
            Some(Stop::Time) => used_up(Limit::SqlMs, u64::try_from(allowed.as_millis()).unwrap_or(u64::MAX)),
            Some(Stop::Deadline) => SqlError::Unavailable("the deadline passed".into()),
            Some(Stop::Abandoned) => SqlError::Unavailable("the caller left".into()),
            None => error,
        };
        if !self.connection.in_transaction() {
            if stopped.is_some() {
                self.restore();
            } else {
                self.lost = true;
            }
            if self.lost {
                self.failure = Some(format!("the transaction was lost: {error}"));
            }
        }
        self.full |= says_full(&error);
        if is_unavailable(&error) && self.failure.is_none() {
            if stopped.is_none() {
                tracing::error!(%error, "a database failed under a statement: its file or its disk is at fault");
            }
            self.failure = Some(error.to_string());
        }
        error
    }

    /// Runs several steps so that a failure of one undoes all.
    pub(crate) fn all_or_none<T>(&mut self, act: impl FnOnce(&mut Self) -> Result<T, SqlError>) -> Result<T, SqlError> {
        self.host("SAVEPOINT cortex_statement")?;
        let result = act(self);
        // After a failure that ended the transaction there is nothing left to return to.
        if self.connection.in_transaction() {
            if result.is_err() {
                self.connection.guard().unwatch();
                self.host("ROLLBACK TO cortex_statement")?;
            }
            self.host("RELEASE cortex_statement")?;
        }
        result
    }

    fn savepoint(&mut self, step: SavepointStep) -> Result<(), SqlError> {
        if let Some(failure) = &self.failure {
            return Err(SqlError::Unavailable(failure.clone()));
        }
        let (depth, after) = match step {
            SavepointStep::Open { depth } => (depth.checked_sub(1), Some(depth)),
            SavepointStep::Release { depth } | SavepointStep::Rollback { depth } => (Some(depth), depth.checked_sub(1)),
        };
        let (Some(_), Some(after)) = (depth.filter(|depth| *depth == self.depth), after) else {
            return Err(SqlError::Refused {
                message: "the newest open savepoint must be ended first".into(),
                position: None,
            });
        };
        self.savepoint_step(step)?;
        self.depth = after;
        self.redo.note_savepoint(step);
        Ok(())
    }

    /// Carries the step out. Savepoints of the same name nest: the newest one is meant.
    pub(crate) fn savepoint_step(&mut self, step: SavepointStep) -> Result<(), SqlError> {
        match step {
            SavepointStep::Open { .. } => self.host("SAVEPOINT cortex_component"),
            SavepointStep::Release { .. } => self.host("RELEASE cortex_component"),
            SavepointStep::Rollback { .. } => {
                self.host("ROLLBACK TO cortex_component")?;
                self.host("RELEASE cortex_component")
            }
        }
    }

    /// A statement of the host's own on the unit's transaction. Where it fails, the unit cannot go on.
    pub(crate) fn host(&mut self, sql: &'static str) -> Result<(), SqlError> {
        self.connection.host(sql).map_err(|error| {
            let failure = format!("`{sql}` failed: {error}");
            self.failure = Some(failure.clone());
            SqlError::Unavailable(failure)
        })
    }
}

fn reads_only() -> SqlError {
    SqlError::Refused {
        message: "the operation only reads: declare `effect: write` in the manifest to change rows".into(),
        position: None,
    }
}
