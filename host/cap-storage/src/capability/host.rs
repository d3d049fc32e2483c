// SPDX-License-Identifier: MIT OR Apache-2.0
//! The host functions of `cortex:storage/sql`.

use super::failure::Failure;
use super::{convert, wit};
use crate::savepoint::Savepoint;
use crate::session::{Budget, Parameters, SqlError};
use crate::shared::{SharedSession, State};
use crate::{Compiler, Statement, StatementKind};
use kernel_engine::Invocation;
use kernel_types::{Effect, Limit};
use std::sync::Arc;
use std::time::Duration;
use wasmtime::component::Resource;

impl wit::Host for Invocation {
    async fn query(&mut self, statement: String, parameters: Vec<wit::Value>) -> Result<wit::Rows, Failure> {
        let statement = compiled(self, &statement)?;
        match statement.kind() {
            StatementKind::Query => {}
            StatementKind::ChangeReturning => may_change(self)?,
            StatementKind::Change => return Err(refused("the statement returns no rows: use `execute`, or RETURNING")),
        }
        let parameters = convert::parameters(&statement, parameters)?;
        let (shared, component) = (session(self)?, self.component().clone());
        let mut state = shared.lock().await?;
        if statement.kind() != StatementKind::Query {
            state.before_change().await?;
        }
        let before = budget(self, &state);
        let mut left = before;
        let result = state.session.query(&component, &statement, &parameters, &mut left).await;
        charge(self, &mut state, before, left)?;
        Ok(convert::rows(result?))
    }

    async fn execute(&mut self, statement: String, parameters: Vec<wit::Value>) -> Result<u64, Failure> {
        let statement = change(self, &statement)?;
        let parameters = convert::parameters(&statement, parameters)?;
        run(self, &statement, &[parameters]).await
    }

    async fn execute_many(&mut self, statement: String, parameters: Vec<Vec<wit::Value>>) -> Result<u64, Failure> {
        let statement = change(self, &statement)?;
        let numbered = parameters.into_iter().zip(1_usize..);
        let lists = numbered.map(|(list, number)| {
            convert::parameters(&statement, list).map_err(|error| match error {
                SqlError::Parameter(text) => SqlError::Parameter(format!("list {number}: {text}")),
                other => other,
            })
        });
        let lists = lists.collect::<Result<Vec<Parameters>, SqlError>>()?;
        if lists.is_empty() {
            return Ok(0);
        }
        run(self, &statement, &lists).await
    }

    fn convert_error(&mut self, failure: Failure) -> wasmtime::Result<wit::Error> {
        match failure {
            Failure::Told(error) => Ok(error.into()),
            Failure::Trap(error) => Err(error),
        }
    }
}

impl wit::HostSavepoint for Invocation {
    async fn open(&mut self) -> Result<Resource<Savepoint>, Failure> {
        if self.effect() == Effect::Read {
            return Err(refused("an operation that only reads has nothing to return to: it needs no savepoint"));
        }
        let savepoint = Savepoint::open(&session(self)?).await?;
        Ok(self.table().push(savepoint)?)
    }

    async fn release(&mut self, this: Resource<Savepoint>) -> Result<(), Failure> {
        Ok(self.table().delete(this)?.end(true).await?)
    }

    async fn rollback(&mut self, this: Resource<Savepoint>) -> Result<(), Failure> {
        Ok(self.table().delete(this)?.end(false).await?)
    }

    async fn drop(&mut self, this: Resource<Savepoint>) -> wasmtime::Result<()> {
        drop(self.table().delete(this)?);
        let Ok(shared) = session(self) else { return Ok(()) };
        shared.settle().await.map_err(wasmtime::Error::new)
    }
}

/// Runs a change once for each list of parameters.
async fn run(invocation: &mut Invocation, statement: &Statement, lists: &[Parameters]) -> Result<u64, Failure> {
    let (shared, component) = (session(invocation)?, invocation.component().clone());
    let mut state = shared.lock().await?;
    state.before_change().await?;
    let before = budget(invocation, &state);
    let mut left = before;
    let result = state.session.execute(&component, statement, lists, &mut left).await;
    charge(invocation, &mut state, before, left)?;
    Ok(result?)
}

/// The session that the back end opened for the unit of work.
fn session(invocation: &Invocation) -> Result<Arc<SharedSession>, Failure> {
    let shared = invocation.unit().extensions().get::<SharedSession>();
    shared.ok_or_else(|| Failure::Trap(wasmtime::Error::msg("the unit of work has no database session")))
}

fn compiled(invocation: &Invocation, sql: &str) -> Result<Arc<Statement>, Failure> {
    let compiler = invocation.host().get::<Compiler>();
    let compiler =
        compiler.ok_or_else(|| Failure::Trap(wasmtime::Error::msg("the host has no compiler of statements")))?;
    Ok(compiler.compile(invocation.component(), sql)?)
}

/// A statement for `execute`, in an operation that may run it.
fn change(invocation: &Invocation, sql: &str) -> Result<Arc<Statement>, Failure> {
    may_change(invocation)?;
    let statement = compiled(invocation, sql)?;
    match statement.kind() {
        StatementKind::Change => Ok(statement),
        StatementKind::Query | StatementKind::ChangeReturning => {
            Err(refused("the statement returns rows: use `query`"))
        }
    }
}

fn may_change(invocation: &Invocation) -> Result<(), Failure> {
    match invocation.effect() {
        Effect::Write => Ok(()),
        Effect::Read => Err(refused("the operation is declared `effect: read`: it can change nothing")),
    }
}

/// What the component's limits leave for one statement.
fn budget(invocation: &Invocation, state: &State) -> Budget {
    Budget {
        rows: invocation.remaining(Limit::SqlRows),
        bytes: invocation.remaining(Limit::ResultBytes),
        time: Duration::from_millis(invocation.remaining(Limit::SqlMs)).saturating_sub(state.uncharged),
    }
}

/// Counts what a statement used. What is less than a millisecond waits for the next one; a session that overruns its
/// time is charged to the limit and not beyond, because using it up is an error and not a trap.
fn charge(invocation: &mut Invocation, state: &mut State, before: Budget, left: Budget) -> wasmtime::Result<()> {
    let time = before.time.saturating_sub(left.time).saturating_add(state.uncharged);
    let milliseconds = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    state.uncharged = time.saturating_sub(Duration::from_millis(milliseconds));
    for (limit, used) in [
        (Limit::SqlMs, milliseconds),
        (Limit::SqlRows, before.rows.saturating_sub(left.rows)),
        (Limit::ResultBytes, before.bytes.saturating_sub(left.bytes)),
    ] {
        invocation.charge(limit, used.min(invocation.remaining(limit)))?;
    }
    Ok(())
}

fn refused(message: &str) -> Failure {
    Failure::Told(SqlError::Refused { message: message.to_owned(), position: None })
}
