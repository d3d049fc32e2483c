// SPDX-License-Identifier: MIT OR Apache-2.0
//! A connection with one unit's transaction on it: begun with the first statement, switched from component to component.

use crate::failure::{Fault, fault, is_of_connection};
use crate::name::component_schema;
use crate::redo::{Level, Scope};
use crate::store::Inner;
use crate::tenant::Tenant;
use crate::turn::HandedOn;
use cap_storage::SqlError;
use kernel_types::{ComponentId, Effect};
use sqlx::pool::PoolConnection;
use sqlx::{AssertSqlSafe, Executor as _, Postgres};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Why a unit must not commit, whatever its work says.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// It would succeed if it were run again.
    Conflict(String),
    /// The database cannot go on.
    Lost(String),
}

/// The transaction of one unit of work.
pub(crate) struct Lease {
    pub(crate) store: Arc<Inner>,
    pub(crate) tenant: Arc<Tenant>,
    pub(crate) effect: Effect,
    pub(crate) deadline: Instant,
    pub(crate) levels: Vec<Level>,
    pub(crate) scope: Scope,
    pub(crate) failure: Option<Failure>,
    /// There once the transaction has begun.
    connection: Option<PoolConnection<Postgres>>,
    /// A connection that the unit before handed on, until the transaction begins.
    pub(crate) handed_on: Option<HandedOn>,
    /// How often the connection was handed on.
    times: u32,
}

impl Drop for Lease {
    fn drop(&mut self) {
        // Whoever dropped the unit left a transaction open, perhaps with a statement under way: the server rolls back when
        // the connection is closed, and nobody else gets it before.
        if let Some(HandedOn { connection, .. }) = self.handed_on.take_if(|_| !self.store.health.is_up()) {
            drop(connection.detach());
        }
        if let Some(mut connection) = self.connection.take() {
            if self.store.health.is_up() {
                connection.close_on_drop();
            } else {
                // Without a goodbye, for which a line that is stalled would be waited for.
                drop(connection.detach());
            }
        }
    }
}

impl Lease {
    pub(crate) fn new(
        store: Arc<Inner>,
        tenant: Arc<Tenant>,
        effect: Effect,
        deadline: Instant,
        handed_on: Option<HandedOn>,
    ) -> Self {
        let (levels, scope) = (vec![Level::default()], Scope::default());
        Self { store, tenant, effect, deadline, levels, scope, failure: None, connection: None, handed_on, times: 0 }
    }

    /// The connection, where the transaction has begun.
    pub(crate) fn connection(&mut self) -> Result<&mut sqlx::PgConnection, Fault> {
        match &mut self.connection {
            Some(connection) => Ok(&mut *connection),
            None => Err(Fault::Lost("the transaction is not open".to_owned())),
        }
    }

    /// Makes the component's role the one in force, with as much time for a statement as it has. Begins the transaction
    /// where it has not begun. One round trip, or none.
    pub(crate) async fn enter(&mut self, component: &ComponentId, time: Duration) -> Result<(), Fault> {
        let left = self.deadline.saturating_duration_since(Instant::now()).min(time);
        let wanted_ms =
            u64::try_from(left.as_micros().div_ceil(1_000)).unwrap_or(u64::MAX).clamp(TIMEOUT_MS_MIN, TIMEOUT_MS_MAX);
        let current_ms = self.scope.timeout_ms;
        let same = self.scope.component.as_ref() == Some(component);
        // While the time that is left dwindles the server's clock is set anew each time that it has halved.
        if same && wanted_ms <= current_ms && wanted_ms.saturating_mul(2) >= current_ms {
            return Ok(());
        }
        let scope = Scope { component: Some(component.clone()), timeout_ms: wanted_ms };
        let text = self.settings_text(&scope);
        if self.connection.is_none() {
            self.begin(&format!("; {text}")).await?;
        } else {
            self.host(&text).await?;
        }
        self.scope = scope;
        Ok(())
    }

    /// Begins the transaction without any component's role, for a savepoint that comes before any statement.
    pub(crate) async fn begin_bare(&mut self) -> Result<(), Fault> {
        if self.connection.is_none() { self.begin("").await } else { Ok(()) }
    }

    fn settings_text(&self, scope: &Scope) -> String {
        let mut text = String::with_capacity(256);
        if let Some(component) = &scope.component
            && self.scope.component.as_ref() != Some(component)
        {
            let (role, schema) =
                (self.store.role(&self.tenant.id, component), component_schema(&self.tenant.id, component));
            let _ = write!(text, "SET LOCAL ROLE {role}; SET LOCAL search_path TO {schema}, pg_temp; ");
        }
        let _ = write!(text, "SET LOCAL statement_timeout TO {}", scope.timeout_ms);
        text
    }

    /// Takes a connection and begins the transaction on it, with the savepoint that failures return to.
    async fn begin(&mut self, settings: &str) -> Result<(), Fault> {
        let access = match self.effect {
            Effect::Read => "READ ONLY",
            Effect::Write => "READ WRITE",
        };
        let text = format!("BEGIN ISOLATION LEVEL SERIALIZABLE, {access}; SAVEPOINT c0{settings}");
        // Connections that lay idle while the server was started again fail at their first use: as many as there may be.
        let mut attempts = self.store.settings.connections_max;
        let wait = Duration::from_millis(self.store.settings.begin_wait_ms_max);
        loop {
            let (mut connection, times) = match self.handed_on.take() {
                Some(HandedOn { connection, times }) => (connection, times),
                None => (self.store.pool.acquire().await.map_err(|e| Fault::Lost(e.to_string()))?, 0),
            };
            let begin = connection.execute(sqlx::raw_sql(AssertSqlSafe(text.as_str().to_owned())));
            let fault = match tokio::time::timeout(wait, begin).await {
                Ok(Ok(_)) => {
                    self.connection = Some(connection);
                    self.times = times;
                    return Ok(());
                }
                Ok(Err(error)) if !is_of_connection(&error) => {
                    connection.close_on_drop();
                    return Err(begin_fault(&error));
                }
                Ok(Err(error)) => begin_fault(&error),
                Err(_) => Fault::Lost("a transaction was not begun in time".to_owned()),
            };
            drop(connection.detach());
            if attempts == 0 {
                return Err(fault);
            }
            attempts = attempts.saturating_sub(1);
        }
    }

    /// Text of the host's own on the unit's transaction.
    pub(crate) async fn host(&mut self, text: &str) -> Result<(), Fault> {
        let text = AssertSqlSafe(text.to_owned());
        let done = self.connection()?.execute(sqlx::raw_sql(text)).await;
        done.map(drop).map_err(|error| begin_fault(&error))
    }

    /// Notes why the unit cannot commit; the first reason counts, and a conflict before all else.
    pub(crate) fn doom(&mut self, failure: Failure) {
        let conflicts = matches!(failure, Failure::Conflict(_)) && !matches!(self.failure, Some(Failure::Conflict(_)));
        if self.failure.is_none() || conflicts {
            self.failure = Some(failure);
        }
    }

    /// What a component is told of a unit that cannot go on.
    pub(crate) fn doomed(&self) -> Option<SqlError> {
        self.failure.as_ref().map(|failure| match failure {
            Failure::Conflict(detail) | Failure::Lost(detail) => SqlError::Unavailable(detail.clone()),
        })
    }

    /// Ends the transaction and gives the connection back, or to the next unit of the tenant.
    pub(crate) async fn end(&mut self, text: &'static str) -> Result<(), sqlx::Error> {
        // Left in place while it is under way: whoever gives up waiting closes it with the lease.
        let Some(connection) = &mut self.connection else { return Ok(()) };
        connection.execute(sqlx::raw_sql(text)).await?;
        let Some(connection) = self.connection.take() else { return Ok(()) };
        let unwanted = if self.effect == Effect::Write {
            let pool = &self.store.pool;
            let pool_has_more = pool.num_idle() > 0 || pool.size() < self.store.settings.connections_max;
            self.tenant.turns.hand_on(connection, self.times, pool_has_more)
        } else {
            Some(connection)
        };
        if let Some(mut connection) = unwanted {
            let wait = Duration::from_millis(self.store.settings.return_wait_ms_max);
            // It is asked on its way whether it can be used again. One that never answers is dropped, and its place is free.
            tokio::spawn(async move { tokio::time::timeout(wait, connection.return_to_pool()).await });
        }
        Ok(())
    }
}

/// The shortest time that a statement is given, in milliseconds: savepoints are returned to under the same clock.
const TIMEOUT_MS_MIN: u64 = 10;

/// The longest that PostgreSQL can be told a statement may run, in milliseconds.
const TIMEOUT_MS_MAX: u64 = i32::MAX as u64;

/// A fault in what the host itself says. A role that is not there is a component without tables in this tenant.
fn begin_fault(error: &sqlx::Error) -> Fault {
    let code = error.as_database_error().and_then(|error| error.code());
    match code.as_deref() {
        Some("40001" | "40P01" | "55P03") => Fault::Conflict(error.to_string()),
        Some("22023" | "42704") => Fault::Told(SqlError::Refused {
            message: "the component has no tables in this tenant: enable it there".to_owned(),
            position: None,
        }),
        _ => Fault::Lost(error.to_string()),
    }
}

/// What the server said to a statement of a component.
pub(crate) fn of_statement(component: &ComponentId, changes: bool) -> impl Fn(sqlx::Error) -> Fault {
    move |error| fault(component, changes, &error)
}
