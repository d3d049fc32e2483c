// SPDX-License-Identifier: MIT OR Apache-2.0
//! A store in a database of its own with one tenant and one component's table, and short words for what tests do.

use crate::{PostgresStore, Settings};
use cap_storage::migrations::{MigrateError, Report};
use cap_storage::{
    Budget, Migrations, Parameters, Rows, SavepointStep, Schema as _, SharedSession, SqlError, Statement,
    StatementKind, Value,
};
use kernel_engine::{TransactError, Transactor as _, Verdict};
use kernel_types::{ComponentId, Effect, TenantId};
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub(super) const PLENTY: Budget = Budget { rows: 1_000_000, bytes: 1 << 30, time: Duration::from_secs(60) };

pub(super) struct Fixture {
    pub(super) store: PostgresStore,
    pub(super) tenant: TenantId,
    pub(super) database: services::Database,
}

pub(super) fn component(id: &str) -> ComponentId {
    ComponentId::parse(id).unwrap()
}

pub(super) fn tenant(id: &str) -> TenantId {
    TenantId::parse(id).unwrap()
}

/// The table that most tests use: `shop__item (id, name)`.
pub(super) const ITEM: &str =
    "CREATE TABLE shop__item (id bigint PRIMARY KEY, name text COLLATE \"C\" NOT NULL DEFAULT 'n')";

impl Fixture {
    /// `None`: there is no server.
    pub(super) async fn new(test: &str) -> Option<Self> {
        Self::with(test, Settings::default()).await
    }

    pub(super) async fn with(test: &str, settings: Settings) -> Option<Self> {
        let database = services::postgres(test)?;
        let fixture = Self::open(database, settings).await;
        fixture.migrate("shop", &[("0001_item.sql", &[ITEM])]).await.unwrap();
        Some(fixture)
    }

    pub(super) async fn open(database: services::Database, settings: Settings) -> Self {
        let store = PostgresStore::open(&database.url, settings).await.unwrap();
        let tenant = tenant("demo");
        store.create_tenant(&tenant).await.unwrap();
        Self { store, tenant, database }
    }

    pub(super) async fn migrate(&self, id: &str, files: &[(&str, &[&str])]) -> Result<Report, MigrateError> {
        self.migrate_in("demo", id, files).await
    }

    pub(super) async fn migrate_in(
        &self,
        tenant_id: &str,
        id: &str,
        files: &[(&str, &[&str])],
    ) -> Result<Report, MigrateError> {
        self.store.migrate(&tenant(tenant_id), &Migrations::danger_unchecked(&component(id), files)).await
    }

    /// Runs a unit of work with twenty seconds to go.
    pub(super) async fn unit<F, R>(&self, effect: Effect, work: F) -> Result<Verdict, TransactError>
    where
        F: FnOnce(Sql) -> R + Send + 'static,
        R: Future<Output = Verdict> + Send + 'static,
    {
        self.unit_until(&self.tenant, effect, Instant::now() + Duration::from_secs(20), work).await
    }

    pub(super) fn unit_until<F, R>(
        &self,
        tenant: &TenantId,
        effect: Effect,
        deadline: Instant,
        work: F,
    ) -> kernel_engine::BoxFuture<'static, Result<Verdict, TransactError>>
    where
        F: FnOnce(Sql) -> R + Send + 'static,
        R: Future<Output = Verdict> + Send + 'static,
    {
        let work = Box::new(move |opened: kernel_engine::Extensions| -> kernel_engine::BoxFuture<'static, Verdict> {
            Box::pin(work(Sql { session: opened.get().unwrap(), component: component("shop") }))
        });
        self.store.run(tenant, effect, deadline, work)
    }

    /// Adds an item in a unit of its own, and commits.
    pub(super) async fn add(&self, id: i64) -> Result<Verdict, TransactError> {
        self.unit(Effect::Write, move |sql| async move {
            sql.add(id).await.unwrap();
            Verdict::Commit
        })
        .await
    }

    /// The ids of all items, as a new snapshot sees them.
    pub(super) async fn items(&self) -> Vec<i64> {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let work = move |sql: Sql| async move {
            sender.send(sql.items().await).unwrap();
            Verdict::Commit
        };
        self.unit(Effect::Read, work).await.unwrap();
        receiver.await.unwrap()
    }
}

/// The session of a unit, as one component uses it.
#[derive(Clone)]
pub(super) struct Sql {
    pub(super) session: Arc<SharedSession>,
    pub(super) component: ComponentId,
}

impl Sql {
    pub(super) fn of(&self, id: &str) -> Self {
        Self { session: Arc::clone(&self.session), component: component(id) }
    }

    pub(super) async fn query(&self, sql: &str, parameters: &[Value]) -> Result<Rows, SqlError> {
        self.query_as(sql, StatementKind::Query, parameters, &mut { PLENTY }).await
    }

    pub(super) async fn query_as(
        &self,
        sql: &str,
        kind: StatementKind,
        parameters: &[Value],
        budget: &mut Budget,
    ) -> Result<Rows, SqlError> {
        let placeholders = u16::try_from(parameters.len()).unwrap();
        let statement = Statement::danger_unchecked(sql, kind, placeholders);
        self.session.danger_query(&self.component, &statement, parameters, budget).await
    }

    pub(super) async fn execute(&self, sql: &str, lists: &[Parameters]) -> Result<u64, SqlError> {
        let placeholders = u16::try_from(lists.first().map_or(0, Vec::len)).unwrap();
        let statement = Statement::danger_unchecked(sql, StatementKind::Change, placeholders);
        self.session.danger_execute(&self.component, &statement, lists, &mut { PLENTY }).await
    }

    pub(super) async fn savepoint(&self, step: SavepointStep) -> Result<(), SqlError> {
        self.session.danger_savepoint(step).await
    }

    pub(super) async fn add(&self, id: i64) -> Result<u64, SqlError> {
        let row = vec![Value::Integer(id), Value::Text(format!("item {id}"))];
        self.execute("INSERT INTO shop__item (id, name) VALUES ($1, $2)", &[row]).await
    }

    pub(super) async fn items(&self) -> Vec<i64> {
        integers(&self.query("SELECT id FROM shop__item ORDER BY id", &[]).await.unwrap())
    }
}

/// The first column.
pub(super) fn integers(rows: &Rows) -> Vec<i64> {
    let first = |row: &Vec<Value>| if let Value::Integer(id) = row[0] { id } else { panic!("{row:?}") };
    rows.rows.iter().map(first).collect()
}
