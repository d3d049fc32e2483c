// SPDX-License-Identifier: MIT OR Apache-2.0
//! The session of one unit of work, as components see it through cap-storage. It borrows the transaction: once the unit
//! has ended it is taken back, and whatever still holds the session finds it empty.

use crate::failure::Fault;
use crate::lease::{Failure, Lease};
use crate::redo::{Level, Way};
use crate::statement::used_up;
use crate::{text, value};
use cap_storage::{
    BoxFuture, Budget, Parameters, Rows, SavepointStep, Session, SqlError, Statement, StatementKind, Value,
};
use kernel_types::{ComponentId, Effect, Limit};
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::Mutex;

/// Where the transaction lies while the unit runs.
pub(crate) type Slot = Arc<Mutex<Option<Lease>>>;

/// The session that components see.
pub(crate) struct UnitSession(pub(crate) Slot);

fn ended() -> SqlError {
    SqlError::Unavailable("the unit of work has ended".to_owned())
}

impl Session for UnitSession {
    fn query<'a>(
        &'a mut self,
        component: &'a ComponentId,
        statement: &'a Statement,
        parameters: &'a [Value],
        budget: &'a mut Budget,
    ) -> BoxFuture<'a, Result<Rows, SqlError>> {
        Box::pin(async move {
            let mut slot = self.0.lock().await;
            slot.as_mut().ok_or_else(ended)?.query(component, statement, parameters, budget).await
        })
    }

    fn execute<'a>(
        &'a mut self,
        component: &'a ComponentId,
        statement: &'a Statement,
        parameters: &'a [Parameters],
        budget: &'a mut Budget,
    ) -> BoxFuture<'a, Result<u64, SqlError>> {
        Box::pin(async move {
            let mut slot = self.0.lock().await;
            slot.as_mut().ok_or_else(ended)?.execute(component, statement, parameters, budget).await
        })
    }

    fn savepoint(&mut self, step: SavepointStep) -> BoxFuture<'_, Result<(), SqlError>> {
        Box::pin(async move {
            let mut slot = self.0.lock().await;
            slot.as_mut().ok_or_else(ended)?.savepoint(step).await
        })
    }
}

impl Lease {
    async fn query(
        &mut self,
        component: &ComponentId,
        statement: &Statement,
        parameters: &[Value],
        budget: &mut Budget,
    ) -> Result<Rows, SqlError> {
        let changes = match statement.kind() {
            StatementKind::Query => false,
            StatementKind::ChangeReturning if self.effect == Effect::Read => return Err(reads_only()),
            StatementKind::ChangeReturning => true,
            StatementKind::Change => return Err(refused("the statement returns no rows: use `execute`")),
        };
        self.check(statement, &[parameters], budget)?;
        let (begin, allowed) = (Instant::now(), budget.time);
        let mut done = match self.prepare(component, allowed).await {
            Ok(()) => self.fetch(component, statement, parameters, changes, budget).await,
            Err(fault) => Err(fault),
        };
        if done == Err(Fault::Stale) {
            done = match self.refresh(component, allowed).await {
                Ok(()) => self.fetch(component, statement, parameters, changes, budget).await,
                Err(fault) => Err(fault),
            };
        }
        if changes
            && done.is_ok()
            && let Err(fault) = self.note(component, statement, &[parameters], Way::Each).await
        {
            done = Err(fault);
        }
        budget.time = allowed.saturating_sub(begin.elapsed());
        match done {
            Ok(rows) => Ok(rows),
            Err(fault) => Err(self.after(component, fault, allowed).await),
        }
    }

    async fn execute(
        &mut self,
        component: &ComponentId,
        statement: &Statement,
        lists: &[Parameters],
        budget: &mut Budget,
    ) -> Result<u64, SqlError> {
        if self.effect == Effect::Read {
            return Err(reads_only());
        }
        if statement.kind() != StatementKind::Change {
            return Err(refused("the statement returns rows: use `query`"));
        }
        let borrowed: Vec<&[Value]> = lists.iter().map(Vec::as_slice).collect();
        self.check(statement, &borrowed, budget)?;
        let (begin, allowed) = (Instant::now(), budget.time);
        let mut way = if lists.len() > 1 { Way::AtOnce } else { Way::Each };
        let mut done = match self.prepare(component, allowed).await {
            Ok(()) => self.within(component, statement, lists, allowed, way).await,
            Err(fault) => Err(fault),
        };
        if done == Err(Fault::Stale) {
            done = match self.refresh(component, allowed).await {
                Ok(()) => self.within(component, statement, lists, allowed, way).await,
                Err(fault) => Err(fault),
            };
        }
        if way == Way::AtOnce && matches!(done, Err(Fault::Told(_) | Fault::Key { .. })) {
            // Only row by row it shows which was the first to fail, and whether it does.
            way = Way::Each;
            let left = allowed.saturating_sub(begin.elapsed());
            done = match self.again(component, left).await {
                Ok(()) => self.within(component, statement, lists, left, way).await,
                Err(fault) => Err(fault),
            };
        }
        if done.is_ok()
            && let Err(fault) = self.note(component, statement, &borrowed, way).await
        {
            done = Err(fault);
        }
        budget.time = allowed.saturating_sub(begin.elapsed());
        match done {
            Ok(touched) => Ok(touched),
            Err(fault) => Err(self.after(component, fault, allowed).await),
        }
    }

    /// What is refused before the server is asked.
    fn check(&self, statement: &Statement, lists: &[&[Value]], budget: &Budget) -> Result<(), SqlError> {
        if let Some(error) = self.doomed() {
            return Err(error);
        }
        text::check_first_word(statement.sql())?;
        for parameters in lists {
            value::check(parameters, statement.placeholders())?;
        }
        match used_up(Limit::SqlMs, 0) {
            Fault::Told(error) if budget.time.is_zero() => Err(error),
            _ => Ok(()),
        }
    }

    async fn savepoint(&mut self, step: SavepointStep) -> Result<(), SqlError> {
        if let Some(error) = self.doomed() {
            return Err(error);
        }
        let nested = self.levels.len().saturating_sub(1);
        let expected = match step {
            SavepointStep::Open { depth } => usize::try_from(depth).ok().and_then(|depth| depth.checked_sub(1)),
            SavepointStep::Release { depth } | SavepointStep::Rollback { depth } => {
                usize::try_from(depth).ok().filter(|depth| *depth > 0)
            }
        };
        if expected != Some(nested) {
            return Err(refused("the newest open savepoint must be ended first"));
        }
        let done = match step {
            SavepointStep::Open { .. } => self.open_level(nested.saturating_add(1)).await,
            SavepointStep::Release { .. } => self.release_level(nested).await,
            SavepointStep::Rollback { .. } => self.roll_back_level(nested).await,
        };
        done.map_err(|fault| {
            let detail = format!("a savepoint failed: {fault:?}");
            self.doom(match fault {
                Fault::Conflict(detail) => Failure::Conflict(detail),
                _ => Failure::Lost(detail.clone()),
            });
            SqlError::Unavailable(detail)
        })
    }

    async fn open_level(&mut self, depth: usize) -> Result<(), Fault> {
        self.begin_bare().await?;
        self.host(&format!("SAVEPOINT c{depth}")).await?;
        self.levels.push(Level::at(&self.scope));
        Ok(())
    }

    /// Keeps a level's changes as a part of what surrounds it, which must be able to run them again.
    async fn release_level(&mut self, depth: usize) -> Result<(), Fault> {
        let (Some(inner), scope) = (self.levels.pop(), self.scope.clone()) else { return Ok(()) };
        let mut text = format!("RELEASE SAVEPOINT c{depth}");
        let bytes_max = self.store.settings.redo_bytes_max;
        if let Some(outer) = self.levels.last_mut() {
            outer.fails |= inner.fails;
            let bytes = outer.bytes.saturating_add(inner.bytes);
            if inner.moved || bytes > bytes_max {
                text.push_str("; ");
                text.push_str(&outer.advance(depth.saturating_sub(1), &scope));
            } else {
                outer.bytes = bytes;
                outer.changes.extend(inner.changes);
            }
        }
        self.host(&text).await
    }

    async fn roll_back_level(&mut self, depth: usize) -> Result<(), Fault> {
        let Some(level) = self.levels.pop() else { return Ok(()) };
        self.host(&format!("ROLLBACK TO SAVEPOINT c{depth}; RELEASE SAVEPOINT c{depth}")).await?;
        self.scope = level.first;
        Ok(())
    }
}

fn refused(message: &str) -> SqlError {
    SqlError::Refused { message: message.to_owned(), position: None }
}

fn reads_only() -> SqlError {
    refused("the operation only reads: declare `effect: write` in the manifest to change rows")
}
