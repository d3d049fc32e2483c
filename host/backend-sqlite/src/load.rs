// SPDX-License-Identifier: MIT OR Apache-2.0
//! Takes a tenant in: its database is made beside its place (`tenants/demo.part/`), filled, closed, synced, and only
//! then put there by renaming. A directory of that name is never a tenant's; one that a kill left behind goes with the
//! next start.
//!
//! A tenant that is replaced is exchanged in one step, at a moment when nobody has its files open.

use crate::authorizer::Policy;
use crate::connection::{Connection, Purpose};
use crate::directory;
use crate::error::StoreError;
use crate::failure::sql_error;
use crate::host_tables;
use crate::migrate::run_pending;
use crate::queue::Job;
use crate::snapshot::TransferFailure;
use crate::store::{Inner, SqliteStore};
use crate::tables::{list, quoted, tables, unavailable};
use crate::value::Bound;
use cap_storage::transfer::{Loaded, Plan, RowReceiver, Snapshot, Table, Transfer, TransferError, check_shape};
use cap_storage::{BoxFuture, Value, physical_name};
use kernel_types::{ComponentId, Effect, TenantId};
use rusqlite::params_from_iter;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often it is looked whether the writer of a tenant that is replaced has come to rest.
const REST: Duration = Duration::from_millis(5);

impl Transfer for SqliteStore {
    fn snapshot<'a>(
        &'a self,
        tenant: &'a TenantId,
        components: &'a [ComponentId],
    ) -> BoxFuture<'a, Result<Snapshot, TransferError>> {
        Box::pin(async move { self.open_snapshot(tenant, components).await.map_err(|failure| failure.0) })
    }

    fn load<'a>(
        &'a self,
        tenant: &'a TenantId,
        plan: Plan,
        rows: RowReceiver,
    ) -> BoxFuture<'a, Result<Loaded, TransferError>> {
        Box::pin(async move { self.take_in(tenant, plan, rows).await.map_err(|failure| failure.0) })
    }
}

impl SqliteStore {
    async fn take_in(&self, tenant: &TenantId, plan: Plan, rows: RowReceiver) -> Result<Loaded, TransferFailure> {
        let exists = self.has_tenant(tenant);
        if exists && !plan.replace && self.has_components(tenant).await? {
            return Err(TransferFailure(TransferError::NotEmpty(tenant.clone())));
        }
        let (inner, id, busy) = (Arc::clone(&self.0), tenant.clone(), self.0.busy());
        let confirm = Arc::clone(&plan.confirm);
        let made = self.0.runtime.spawn_blocking(move || {
            let made = make_beside(&inner, &id, &plan, rows);
            drop((inner, busy));
            made
        });
        let made = made.await.map_err(|error| TransferError::Unavailable(error.to_string())).and_then(|made| made);
        let made = match made {
            Ok(loaded) => confirm().await.map(|()| loaded),
            error => error,
        };
        let loaded = match made {
            Ok(loaded) => loaded,
            Err(error) => {
                self.0.layout.remove_part(tenant)?;
                return Err(TransferFailure(error));
            }
        };
        if exists {
            self.0.exchange(tenant).await?
        } else {
            self.0.layout.put_part(tenant)?
        }
        // It is there; what a crash of the machine leaves is known when the directory is on the disk.
        self.0.layout.sync().map_err(|error| TransferFailure(TransferError::Unknown(error.to_string())))?;
        if let Err(error) = self.0.layout.remove_part(tenant) {
            tracing::warn!(%tenant, %error, "what a tenant had before it was replaced was not removed; the next start does");
        }
        Ok(loaded)
    }

    async fn has_components(&self, tenant: &TenantId) -> Result<bool, TransferFailure> {
        let time = Duration::from_millis(self.0.settings.host_ms_max);
        let count = |connection: &Connection| {
            let count = connection.engine().query_row("SELECT count(*) FROM cortex_migrations", [], |row| row.get(0));
            count.map_err(|e| TransferFailure(unavailable(&e)))
        };
        let count: i64 = self.host_job(tenant, Effect::Read, time, Job::Host, count).await?;
        Ok(count > 0)
    }
}

/// Makes and fills the database beside its place.
fn make_beside(store: &Inner, tenant: &TenantId, plan: &Plan, mut rows: RowReceiver) -> Result<Loaded, TransferError> {
    let store_error = |error: StoreError| TransferError::Unavailable(error.to_string());
    let path = store.layout.make_part(tenant).map_err(store_error)?;
    let counters = Arc::clone(&store.counters);
    let connection = Connection::open(&path, Purpose::Write, &store.settings, counters).map_err(|e| unavailable(&e))?;
    host_tables::prepare(&connection, tenant).map_err(store_error)?;
    let loaded = {
        let _permit = connection.permit(Policy::Host);
        let execute = |sql: &str| connection.engine().execute_batch(sql);
        // Nothing counts before the directory has its name: one sync at the end instead of one for each transaction.
        execute("PRAGMA synchronous = OFF; BEGIN IMMEDIATE").map_err(|e| unavailable(&e))?;
        let loaded = fill(&connection, store, plan, &mut rows)?;
        execute("COMMIT").map_err(|error| match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::ConstraintViolation) => TransferError::Reference(error.to_string()),
            _ => unavailable(&error),
        })?;
        loaded
    };
    // Closing the last connection folds the log into the database.
    drop(connection);
    directory::sync_file(&path).map_err(store_error)?;
    Ok(loaded)
}

fn fill(connection: &Connection, store: &Inner, plan: &Plan, rows: &mut RowReceiver) -> Result<Loaded, TransferError> {
    let mut components = Vec::new();
    for migrations in &plan.migrations {
        let component = migrations.component();
        run_pending(connection, migrations)
            .map_err(|source| TransferError::Migrate { component: component.clone(), source })?;
        components.push(component.clone());
    }
    check_shape(&tables(connection, &components)?, &plan.tables)?;
    // Rows come table by table, whatever refers to what: foreign keys are looked at when all are there.
    let execute = |sql: &str| connection.engine().execute_batch(sql).map_err(|e| unavailable(&e));
    execute("PRAGMA defer_foreign_keys = ON")?;
    for table in &plan.tables {
        // What a migration put there comes with the rows again.
        execute(&format!("DELETE FROM {}", quoted(&physical_name(&table.component, &table.name))))?;
    }
    let mut loaded = Loaded::default();
    while let Some(batch) = rows.blocking_next()? {
        if *store.stop.borrow() {
            return Err(TransferError::Interrupted("the store is shutting down".to_owned()));
        }
        let table = plan.tables.get(batch.table);
        let table = table.ok_or_else(|| TransferError::Interrupted("rows of a table that was not named".to_owned()))?;
        insert(connection, table, &batch.rows)?;
        loaded.rows = loaded.rows.saturating_add(batch.rows.len() as u64);
    }
    Ok(loaded)
}

fn insert(connection: &Connection, table: &Table, rows: &[Vec<Value>]) -> Result<(), TransferError> {
    let columns = list(table.columns.iter().map(|column| column.name.as_str()));
    let places = (1..=table.columns.len()).map(|number| format!("?{number}")).collect::<Vec<_>>().join(", ");
    let into = quoted(&physical_name(&table.component, &table.name));
    let sql = format!("INSERT INTO {into} ({columns}) VALUES ({places})");
    let mut statement = connection.engine().prepare_cached(&sql).map_err(|e| unavailable(&e))?;
    for row in rows {
        if row.len() != table.columns.len() {
            return Err(table.row("it has another number of values than the table has columns"));
        }
        let values = row.iter().enumerate().map(|(index, value)| Bound::new(index, value));
        let values = values.collect::<Result<Vec<_>, _>>().map_err(|error| table.row(error.to_string()))?;
        let inserted = statement.execute(params_from_iter(values));
        inserted.map_err(|error| table.row(sql_error(&table.component, &error).to_string()))?;
    }
    Ok(())
}

impl Inner {
    /// Puts the database that was made beside it in the place of a tenant's. Units that come meanwhile wait.
    async fn exchange(&self, id: &TenantId) -> Result<(), TransferFailure> {
        let tenant = self.tenant(id)?;
        let time = Duration::from_millis(self.settings.host_ms_max);
        let deadline = Instant::now().checked_add(time).unwrap_or_else(Instant::now);
        let late = || TransferFailure(TransferError::Unavailable("its units of work do not come to an end".to_owned()));
        let all = u32::try_from(self.settings.readers_per_tenant_max).unwrap_or(u32::MAX);
        let readers = Arc::clone(&tenant.readers).acquire_many_owned(all);
        let _readers = match tokio::time::timeout_at(deadline.into(), readers).await {
            Ok(Ok(permits)) => permits,
            _ => {
                self.layout.remove_part(id)?;
                return Err(late());
            }
        };
        loop {
            // The writer cannot start while this runs, and no reader can: nobody has the files open.
            let exchanged = tenant.queue.while_idle(|| {
                tenant.close_for_exchange();
                self.layout.exchange_part(id)
            });
            match exchanged {
                Some(Ok(())) => return Ok(()),
                Some(Err(error)) => return Err(error.into()),
                None if Instant::now() >= deadline => {
                    self.layout.remove_part(id)?;
                    return Err(late());
                }
                None => tokio::time::sleep(REST).await,
            }
        }
    }
}
