// SPDX-License-Identifier: MIT OR Apache-2.0
//! Runs one statement of a component: bind, run, count; and what follows when it fails.

use crate::batch::{Insert, ROWS_MAX};
use crate::failure::Fault;
use crate::lease::{Failure, Lease, of_statement};
use crate::name::component_schema;
use crate::redo::{Change, Way};
use crate::text::typed;
use crate::value::{bind, from_row, names, parameter_bytes, size_bytes};
use cap_storage::{Budget, ConstraintKind, Parameters, Rows, SqlError, Statement, Value};
use futures_util::TryStreamExt as _;
use kernel_types::{ComponentId, Limit};
use sqlx::{AssertSqlSafe, Column as _, Connection as _, Executor as _, SqlSafeStr as _, Statement as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

impl Lease {
    /// Runs a statement that returns rows; counts rows and bytes against the budget while they come.
    pub(crate) async fn fetch(
        &mut self,
        component: &ComponentId,
        statement: &Statement,
        parameters: &[Value],
        changes: bool,
        budget: &mut Budget,
    ) -> Result<Rows, Fault> {
        let (text, arguments) = (self.text(component, statement, parameters), bind(parameters)?);
        let (rows_max, bytes_max) = (budget.rows, budget.bytes);
        let to_fault = of_statement(component, changes);
        let connection = self.connection()?;
        let mut found = Rows::default();
        let query = sqlx::query_with(AssertSqlSafe(Arc::clone(&text)), arguments);
        let mut stream = query.fetch(&mut *connection);
        while let Some(row) = stream.try_next().await.map_err(&to_fault)? {
            if found.rows.is_empty() {
                found.columns = names(&row);
            }
            budget.rows = budget.rows.checked_sub(1).ok_or_else(|| used_up(Limit::SqlRows, rows_max))?;
            let mut values = Vec::with_capacity(found.columns.len());
            for index in 0..found.columns.len() {
                let value = from_row(&row, index)?;
                let left = budget.bytes.checked_sub(size_bytes(&value));
                budget.bytes = left.ok_or_else(|| used_up(Limit::ResultBytes, bytes_max))?;
                values.push(value);
            }
            found.rows.push(values);
        }
        drop(stream);
        if found.rows.is_empty() {
            // It was prepared a moment ago: no round trip.
            let prepared = connection.prepare(AssertSqlSafe(text).into_sql_str()).await.map_err(&to_fault)?;
            found.columns = prepared.columns().iter().map(|column| column.name().to_owned()).collect();
        }
        Ok(found)
    }

    /// Runs a change for each list. The server's clock is for one statement: over many, the sum is looked at between them.
    pub(crate) async fn within(
        &mut self,
        component: &ComponentId,
        statement: &Statement,
        lists: &[Parameters],
        allowed: Duration,
        way: Way,
    ) -> Result<u64, Fault> {
        let begin = Instant::now();
        let mut touched = 0_u64;
        let size = if way == Way::AtOnce { ROWS_MAX } else { LISTS_PER_LOOK };
        for chunk in lists.chunks(size) {
            if begin.elapsed() >= allowed {
                return Err(Fault::Cancelled);
            }
            let at_once = match way {
                Way::AtOnce => self.change_at_once(component, statement, chunk).await?,
                Way::Each => None,
            };
            let more = match at_once {
                Some(more) => more,
                None => self.change(component, statement, chunk).await?,
            };
            touched = touched.saturating_add(more);
        }
        Ok(touched)
    }

    /// Runs a change once for each list of parameters; returns how many rows it touched in all.
    async fn change(
        &mut self,
        component: &ComponentId,
        statement: &Statement,
        lists: &[Parameters],
    ) -> Result<u64, Fault> {
        let mut touched = 0_u64;
        for parameters in lists {
            let (text, arguments) = (self.text(component, statement, parameters), bind(parameters)?);
            let connection = self.connection()?;
            let done = sqlx::query_with(AssertSqlSafe(text), arguments).execute(connection).await;
            touched = touched.saturating_add(done.map_err(of_statement(component, true))?.rows_affected());
        }
        Ok(touched)
    }

    /// Runs a change for each list of parameters, many lists in one statement. None: it is not one that can run so.
    pub(crate) async fn change_at_once(
        &mut self,
        component: &ComponentId,
        statement: &Statement,
        lists: &[Parameters],
    ) -> Result<Option<u64>, Fault> {
        let Some(insert) = Insert::parse(statement.sql()) else { return Ok(None) };
        let schema = component_schema(&self.tenant.id, component);
        let Some(made) = insert.of(lists, &schema) else { return Ok(None) };
        if self.points_to_itself(component, &schema, insert.table).await? {
            return Ok(None);
        }
        let (text, arguments) = made?;
        let done = sqlx::query_with(AssertSqlSafe(text), arguments).execute(self.connection()?).await;
        Ok(Some(done.map_err(of_statement(component, true))?.rows_affected()))
    }

    /// Whether a foreign key of the table points to the table itself. The server is asked once.
    async fn points_to_itself(&mut self, component: &ComponentId, schema: &str, table: &str) -> Result<bool, Fault> {
        let name = format!("{schema}.{table}");
        if let Some(known) = self.tenant.self_references.lock().get(&name) {
            return Ok(*known);
        }
        let query = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_constraint k
             JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             WHERE k.contype = 'f' AND k.confrelid = k.conrelid AND n.nspname = $1::text AND c.relname = $2::text)",
        );
        let found = query.bind(schema).bind(table).fetch_one(self.connection()?).await;
        let found = found.map_err(of_statement(component, false))?;
        self.tenant.self_references.lock().insert(name, found);
        Ok(found)
    }

    fn text(&self, component: &ComponentId, statement: &Statement, parameters: &[Value]) -> Arc<str> {
        typed(statement.sql(), parameters, &component_schema(&self.tenant.id, component)).into()
    }

    /// Makes ready for a statement: the component's role, and a savepoint where one is better than doing changes again.
    pub(crate) async fn prepare(&mut self, component: &ComponentId, time: Duration) -> Result<(), Fault> {
        self.enter(component, time).await?;
        let depth = self.levels.len().saturating_sub(1);
        let scope = self.scope.clone();
        match self.levels.last_mut().filter(|level| level.fails && !level.changes.is_empty()) {
            Some(level) => {
                let text = level.advance(depth, &scope);
                self.host(&text).await
            }
            None => Ok(()),
        }
    }

    /// Notes a change that succeeded, or moves the savepoint behind it.
    pub(crate) async fn note(
        &mut self,
        component: &ComponentId,
        statement: &Statement,
        lists: &[&[Value]],
        way: Way,
    ) -> Result<(), Fault> {
        let values = lists.iter().flat_map(|list| list.iter());
        let size = values.map(parameter_bytes).sum::<usize>().saturating_add(CHANGE_BYTES);
        let (depth, bytes_max) = (self.levels.len().saturating_sub(1), self.store.settings.redo_bytes_max);
        let scope = self.scope.clone();
        let Some(level) = self.levels.last_mut() else { return Ok(()) };
        if level.bytes.saturating_add(size) > bytes_max {
            let text = level.advance(depth, &scope);
            return self.host(&text).await;
        }
        level.bytes = level.bytes.saturating_add(size);
        let lists = lists.iter().map(|list| list.to_vec()).collect();
        level.changes.push(Change { component: component.clone(), statement: statement.clone(), lists, way });
        Ok(())
    }

    /// Brings the transaction back to where it was before the statement that failed, and says what the component is told.
    pub(crate) async fn after(&mut self, component: &ComponentId, fault: Fault, allowed: Duration) -> SqlError {
        let fault = match fault {
            Fault::Cancelled if Instant::now() >= self.deadline => Fault::Lost("the deadline passed".to_owned()),
            Fault::Cancelled => used_up(Limit::SqlMs, u64::try_from(allowed.as_millis()).unwrap_or(u64::MAX)),
            other => other,
        };
        let restored = match &fault {
            Fault::Told(_) | Fault::Key { .. } => self.restore(false).await,
            _ => Ok(()),
        };
        if let Err(fault) = restored {
            return self.give_up(fault);
        }
        match fault {
            Fault::Told(error) => error,
            Fault::Key { table, index } => match self.key_columns(component, &index).await {
                Ok(columns) => SqlError::Constraint { kind: ConstraintKind::Unique, table, columns },
                Err(fault) => self.give_up(fault),
            },
            other => self.give_up(other),
        }
    }

    fn give_up(&mut self, fault: Fault) -> SqlError {
        let failure = match fault {
            Fault::Conflict(detail) => Failure::Conflict(detail),
            Fault::Lost(detail) => Failure::Lost(detail),
            Fault::Cancelled => Failure::Lost("the deadline passed".to_owned()),
            Fault::Told(error) => Failure::Lost(format!("a failed statement could not be undone: {error}")),
            Fault::Key { .. } | Fault::Stale => Failure::Lost("a failed statement could not be undone".to_owned()),
        };
        self.doom(failure);
        self.doomed().unwrap_or_else(|| SqlError::Unavailable(String::new()))
    }

    /// Makes ready to run a statement again that was prepared for tables as they are no more.
    pub(crate) async fn refresh(&mut self, component: &ComponentId, time: Duration) -> Result<(), Fault> {
        tracing::debug!(%component, "tables were changed under prepared statements: they are prepared anew");
        self.restore(true).await?;
        self.prepare(component, time).await
    }

    /// Makes ready to run a statement in another way behind its failure.
    pub(crate) async fn again(&mut self, component: &ComponentId, time: Duration) -> Result<(), Fault> {
        self.restore(false).await?;
        self.prepare(component, time).await
    }

    /// Returns to the newest savepoint and runs again what was changed since. `forget`: after every prepared statement of the
    /// connection was given up.
    async fn restore(&mut self, forget: bool) -> Result<(), Fault> {
        if self.connection().is_err() {
            // It failed before there was a transaction.
            return Ok(());
        }
        let depth = self.levels.len().saturating_sub(1);
        let Some(level) = self.levels.last_mut() else { return Ok(()) };
        let text = format!("ROLLBACK TO SAVEPOINT {}", level.savepoint(depth));
        let (changes, scope) = (level.changes.clone(), level.scope.clone());
        level.fails = true;
        if let Err(first) = self.host(&text).await {
            // What is left of rows that nobody wanted may end in an error of its own, which is read in the place of ours.
            tracing::debug!(?first, "a savepoint is returned to for the second time");
            self.host(&text).await?;
        }
        self.scope = scope;
        if forget {
            let forgotten = self.connection()?.clear_cached_statements().await;
            forgotten.map_err(|error| Fault::Lost(error.to_string()))?;
        }
        for Change { component, statement, lists, way } in &changes {
            let time = self.deadline.saturating_duration_since(Instant::now());
            self.enter(component, time).await?;
            self.within(component, statement, lists, time, *way).await?;
        }
        Ok(())
    }

    /// The columns of a key, in order.
    async fn key_columns(&mut self, component: &ComponentId, index: &str) -> Result<Vec<String>, Fault> {
        let schema = component_schema(&self.tenant.id, component);
        let query = sqlx::query_scalar(
            "SELECT a.attname::text FROM pg_catalog.pg_class c
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
             CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k (number, place)
             JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
             WHERE n.nspname = $1::text AND c.relname = $2::text ORDER BY k.place",
        );
        let rows = query.bind(schema).bind(index).fetch_all(self.connection()?).await;
        rows.map_err(of_statement(component, false))
    }
}

/// Runs of a change between two looks at the clock.
const LISTS_PER_LOOK: usize = 16;

/// What a noted change costs beside its parameters.
const CHANGE_BYTES: usize = 128;

/// A limit of which nothing is left. `value` is what was left when the statement began.
pub(crate) fn used_up(limit: Limit, value: u64) -> Fault {
    Fault::Told(SqlError::LimitExceeded { limit: limit.name(), value })
}
