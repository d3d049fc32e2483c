// SPDX-License-Identifier: MIT OR Apache-2.0
//! A store in a directory of its own with one tenant and one component's table, and short words for what tests do.

use crate::{Settings, SqliteStore};
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
    pub(super) store: SqliteStore,
    pub(super) tenant: TenantId,
    pub(super) directory: Arc<tempfile::TempDir>,
}

pub(super) fn component(id: &str) -> ComponentId {
    ComponentId::parse(id).unwrap()
}

/// The table that most tests use: `shop__item (id, name)`.
pub(super) const ITEM: &str = "CREATE TABLE shop__item (id INTEGER PRIMARY KEY, name TEXT NOT NULL)";

impl Fixture {
    pub(super) async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    pub(super) async fn with(settings: Settings) -> Self {
        let directory = Arc::new(tempfile::tempdir().unwrap());
        let fixture = Self::open(directory, settings).await;
        fixture.migrate("shop", &[("0001_item.sql", &[ITEM])]).await.unwrap();
        fixture
    }

    /// Opens the store of a directory, and the tenant `demo` in it.
    pub(super) async fn open(directory: Arc<tempfile::TempDir>, settings: Settings) -> Self {
        let store = SqliteStore::open(directory.path(), settings).unwrap();
        let tenant = TenantId::parse("demo").unwrap();
        store.create_tenant(&tenant).await.unwrap();
        Self { store, tenant, directory }
    }

    pub(super) async fn migrate(
        &self,
        id: &str,
        files: &[(&str, &[&str])],
    ) -> Result<cap_storage::migrations::Report, cap_storage::migrations::MigrateError> {
        self.store.migrate(&self.tenant, &Migrations::danger_unchecked(&component(id), files)).await
    }

    /// Runs a unit of work with ten seconds to go.
    pub(super) async fn unit<F, R>(&self, effect: Effect, work: F) -> Result<Verdict, TransactError>
    where
        F: FnOnce(Sql) -> R + Send + 'static,
        R: Future<Output = Verdict> + Send + 'static,
    {
        self.unit_until(effect, Instant::now() + Duration::from_secs(10), work).await
    }

    pub(super) fn unit_until<F, R>(
        &self,
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
        self.store.run(&self.tenant, effect, deadline, work)
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
        let statement = Statement::danger_unchecked(sql, kind, 0);
        self.session.danger_query(&self.component, &statement, parameters, budget).await
    }

    pub(super) async fn execute(&self, sql: &str, lists: &[Parameters]) -> Result<u64, SqlError> {
        self.execute_within(sql, lists, &mut { PLENTY }).await
    }

    pub(super) async fn execute_within(
        &self,
        sql: &str,
        lists: &[Parameters],
        budget: &mut Budget,
    ) -> Result<u64, SqlError> {
        let statement = Statement::danger_unchecked(sql, StatementKind::Change, 0);
        self.session.danger_execute(&self.component, &statement, lists, budget).await
    }

    pub(super) async fn savepoint(&self, step: SavepointStep) -> Result<(), SqlError> {
        self.session.danger_savepoint(step).await
    }

    pub(super) async fn add(&self, id: i64) -> Result<u64, SqlError> {
        let row = vec![Value::Integer(id), Value::Text(format!("item {id}"))];
        self.execute("INSERT INTO shop__item (id, name) VALUES (?1, ?2)", &[row]).await
    }

    pub(super) async fn items(&self) -> Vec<i64> {
        let rows = self.query("SELECT id FROM shop__item ORDER BY id", &[]).await.unwrap().rows;
        rows.into_iter().map(|row| if let [Value::Integer(id)] = row[..] { id } else { panic!("{row:?}") }).collect()
    }
}

/// A change that takes for ever.
pub(super) const ENDLESS_CHANGE: &str = "INSERT INTO shop__item (id, name)
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT 1000000 + max(i), 'x' FROM n";

/// A query that takes for ever.
pub(super) const ENDLESS_QUERY: &str =
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";
