// SPDX-License-Identifier: MIT OR Apache-2.0
//! Takes a tenant in: its schemas, tables and rows in one transaction, so that no other unit of work, of this host or of
//! another, sees a part of it. Rows go in by COPY.

use crate::layout::create_tenant_locked;
use crate::migrate::{Place, remove_locked, run_pending_locked};
use crate::name::{component_schema, tenant_schema};
use crate::snapshot::snapshot;
use crate::store::{Inner, PostgresStore};
use crate::tables::{Known, list, quoted, tables, unavailable};
use cap_storage::transfer::{Batch, Loaded, Plan, RowReceiver, Snapshot, Transfer, TransferError, check_shape};
use cap_storage::{BoxFuture, Value, physical_name};
use kernel_types::{ComponentId, TenantId};
use sqlx::{AssertSqlSafe, Executor as _, PgConnection};
use std::fmt::Write as _;

impl Transfer for PostgresStore {
    fn snapshot<'a>(
        &'a self,
        tenant: &'a TenantId,
        components: &'a [ComponentId],
    ) -> BoxFuture<'a, Result<Snapshot, TransferError>> {
        Box::pin(async move { snapshot(&self.0, tenant, components).await })
    }

    fn load<'a>(
        &'a self,
        tenant: &'a TenantId,
        plan: Plan,
        mut rows: RowReceiver,
    ) -> BoxFuture<'a, Result<Loaded, TransferError>> {
        Box::pin(async move {
            let mut connection = self.0.pool.acquire().await.map_err(unavailable)?;
            // With the connection go the transaction and the lock, whatever happens.
            connection.close_on_drop();
            tokio::select! {
                loaded = take_in(&self.0, &mut connection, tenant, &plan, &mut rows) => loaded,
                () = self.0.stopped() => Err(TransferError::Interrupted("the store is shutting down".to_owned())),
            }
        })
    }
}

/// The lock of definitions (see `layout`), held by the connection and not to the end of the transaction: others need not wait
/// until the rows are in.
const LOCK: &str = "SELECT pg_catalog.pg_advisory_lock(1129468504)";
const UNLOCK: &str = "SELECT pg_catalog.pg_advisory_unlock(1129468504)";

async fn take_in(
    store: &Inner,
    connection: &mut PgConnection,
    tenant: &TenantId,
    plan: &Plan,
    rows: &mut RowReceiver,
) -> Result<Loaded, TransferError> {
    connection.execute(LOCK).await.map_err(unavailable)?;
    connection.execute("BEGIN").await.map_err(unavailable)?;
    if !create_tenant_locked(connection, tenant).await.map_err(unavailable)? {
        clear(store, connection, tenant, plan.replace).await?;
    }
    let mut known = Vec::new();
    for migrations in &plan.migrations {
        let component = migrations.component();
        let place = Place::named(store, tenant, component);
        let made = run_pending_locked(connection, &place, migrations).await;
        made.map_err(|source| TransferError::Migrate { component: component.clone(), source })?;
        known.extend(tables(connection, component, &place.schema).await?);
    }
    known.sort_by(|one, next| (&one.table.component, &one.table.name).cmp(&(&next.table.component, &next.table.name)));
    let made: Vec<_> = known.iter().map(|known| known.table.clone()).collect();
    check_shape(&made, &plan.tables)?;
    connection.execute(UNLOCK).await.map_err(unavailable)?;
    let keys = foreign_keys(connection, tenant, plan).await?;
    // Rows come table by table, whatever refers to what: foreign keys are looked at when all are there.
    for key in &keys {
        host(connection, format!("{key} DEFERRABLE INITIALLY DEFERRED")).await?;
    }
    empty(connection, tenant, &known).await?;
    let mut loaded = Loaded::default();
    while let Some(batch) = rows.next().await? {
        let table = plan.tables.get(batch.table);
        let found = known.iter().find(|known| Some(&known.table) == table);
        let table = found.ok_or_else(|| TransferError::Interrupted("rows of a table that was not named".to_owned()))?;
        copy(connection, tenant, table, &batch).await?;
        loaded.rows = loaded.rows.saturating_add(batch.rows.len() as u64);
    }
    let checked = connection.execute("SET CONSTRAINTS ALL IMMEDIATE").await;
    checked.map_err(|error| match error.as_database_error() {
        Some(told) => TransferError::Reference(told.message().to_owned()),
        None => unavailable(error),
    })?;
    for key in &keys {
        host(connection, format!("{key} NOT DEFERRABLE")).await?;
    }
    connection.execute("COMMIT").await.map_err(unavailable)?;
    if let Ok(known) = store.tenant(tenant).await {
        known.self_references.lock().clear();
    }
    Ok(loaded)
}

/// Text of the host's own. Every name in it was made by this crate or is quoted.
async fn host(connection: &mut PgConnection, text: String) -> Result<(), TransferError> {
    connection.execute(sqlx::raw_sql(AssertSqlSafe(text))).await.map(drop).map_err(unavailable)
}

/// Removes what a tenant has that is there already.
async fn clear(
    store: &Inner,
    connection: &mut PgConnection,
    tenant: &TenantId,
    replace: bool,
) -> Result<(), TransferError> {
    let text = format!("SELECT DISTINCT component FROM {}.cortex_migrations", tenant_schema(tenant));
    let components = sqlx::query_scalar::<_, String>(AssertSqlSafe(text)).persistent(false);
    let components = components.fetch_all(&mut *connection).await.map_err(unavailable)?;
    if !components.is_empty() && !replace {
        return Err(TransferError::NotEmpty(tenant.clone()));
    }
    for component in components.iter().filter_map(|component| ComponentId::parse(component).ok()) {
        let removed = remove_locked(connection, &Place::named(store, tenant, &component)).await;
        removed.map_err(|source| TransferError::Migrate { component, source })?;
    }
    if replace {
        // What was answered under a key is gone with what it answered for.
        host(connection, format!("DELETE FROM {}.cortex_answers", tenant_schema(tenant))).await?;
    }
    Ok(())
}

/// The beginning of a definition for each foreign key of the tenant's tables.
async fn foreign_keys(
    connection: &mut PgConnection,
    tenant: &TenantId,
    plan: &Plan,
) -> Result<Vec<String>, TransferError> {
    let schemas: Vec<_> =
        plan.migrations.iter().map(|migrations| component_schema(tenant, migrations.component())).collect();
    let query = sqlx::query_scalar::<_, String>(
        "SELECT format('ALTER TABLE %I.%I ALTER CONSTRAINT %I', n.nspname, c.relname, k.conname)
         FROM pg_catalog.pg_constraint k
         JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE k.contype = 'f' AND n.nspname = ANY ($1::text[]) ORDER BY 1",
    );
    query.bind(schemas).fetch_all(connection).await.map_err(unavailable)
}

/// Removes the rows that migrations made: they come with the others again.
async fn empty(connection: &mut PgConnection, tenant: &TenantId, known: &[Known]) -> Result<(), TransferError> {
    if known.is_empty() {
        return Ok(());
    }
    let names = known.iter().map(|known| place_of(tenant, known)).collect::<Vec<_>>().join(", ");
    host(connection, format!("TRUNCATE {names}")).await
}

/// The table's name with its schema.
fn place_of(tenant: &TenantId, Known { table, .. }: &Known) -> String {
    let schema = component_schema(tenant, &table.component);
    format!("{schema}.{}", quoted(&physical_name(&table.component, &table.name)))
}

async fn copy(
    connection: &mut PgConnection,
    tenant: &TenantId,
    known: &Known,
    batch: &Batch,
) -> Result<(), TransferError> {
    let table = &known.table;
    let mut lines = String::new();
    for row in &batch.rows {
        if row.len() != table.columns.len() {
            return Err(table.row("it has another number of values than the table has columns"));
        }
        for (index, (value, truth)) in row.iter().zip(&known.truths).enumerate() {
            if index > 0 {
                lines.push('\t');
            }
            append(&mut lines, value, *truth).map_err(|detail| table.row(detail))?;
        }
        lines.push('\n');
    }
    let columns = list(table.columns.iter().map(|column| column.name.as_str()));
    let text = format!("COPY {} ({columns}) FROM STDIN", place_of(tenant, known));
    let refused = |error: sqlx::Error| match error.as_database_error() {
        Some(told) => table.row(told.message()),
        None => unavailable(error),
    };
    let mut copy = connection.copy_in_raw(&text).await.map_err(refused)?;
    copy.send(lines.as_bytes()).await.map_err(refused)?;
    copy.finish().await.map(drop).map_err(refused)
}

/// Appends a value in the text format of COPY.
fn append(line: &mut String, value: &Value, truth: bool) -> Result<(), String> {
    match value {
        Value::Null => line.push_str("\\N"),
        Value::Boolean(value) if truth => line.push(if *value { 't' } else { 'f' }),
        Value::Integer(value @ (0 | 1)) if truth => line.push(if *value == 1 { 't' } else { 'f' }),
        _ if truth => return Err("a truth value is 0 or 1".to_owned()),
        Value::Boolean(value) => line.push(if *value { '1' } else { '0' }),
        // Writing to a text cannot fail.
        Value::Integer(integer) => drop(write!(line, "{integer}")),
        Value::Real(real) => drop(write!(line, "{real:e}")),
        Value::Text(text) => {
            for character in text.chars() {
                match character {
                    '\0' => return Err("a text holds U+0000".to_owned()),
                    '\\' => line.push_str("\\\\"),
                    '\n' => line.push_str("\\n"),
                    '\r' => line.push_str("\\r"),
                    '\t' => line.push_str("\\t"),
                    other => line.push(other),
                }
            }
        }
        Value::Blob(bytes) => {
            line.push_str("\\\\x");
            for byte in bytes {
                let _ = write!(line, "{byte:02x}");
            }
        }
    }
    Ok(())
}
