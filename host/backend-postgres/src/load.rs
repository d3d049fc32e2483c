// SPDX-License-Identifier: MIT OR Apache-2.0
//! Takes a tenant in: its schemas, tables and rows in one transaction, so that no other unit of work, of this host or
//! of another, sees a part of it. Rows go in by COPY.

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
use std::sync::atomic::{AtomicBool, Ordering};

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
            let committing = AtomicBool::new(false);
            tokio::select! {
                loaded = take_in(&self.0, &mut connection, tenant, &plan, &mut rows, &committing) => loaded,
                () = self.0.stopped() => {
                    let stopping = "the store is shutting down".to_owned();
                    let committing = committing.load(Ordering::Acquire);
                    Err(if committing { TransferError::Unknown(stopping) } else { TransferError::Interrupted(stopping) })
                }
            }
        })
    }
}

/// The lock of definitions (see `layout`), held by the connection and not to the end of the transaction: others need
/// not wait until the rows are in.
const LOCK: &str = "SELECT pg_catalog.pg_advisory_lock(1129468504)";
const UNLOCK: &str = "SELECT pg_catalog.pg_advisory_unlock(1129468504)";

/// Held to the end of the transaction: one taking in of a tenant at a time, over all hosts. With the tenant's name as a
/// number; two that have the same one wait for each other, which does no harm.
const TENANT_LOCK: &str = "SELECT pg_catalog.pg_advisory_xact_lock(1129468505, pg_catalog.hashtext($1))";

async fn take_in(
    store: &Inner,
    connection: &mut PgConnection,
    tenant: &TenantId,
    plan: &Plan,
    rows: &mut RowReceiver,
    committing: &AtomicBool,
) -> Result<Loaded, TransferError> {
    let wait_ms = store.settings.transfer_lock_ms_max;
    host(connection, format!("BEGIN; SET LOCAL lock_timeout TO {wait_ms}")).await?;
    let late = |error| locked(error, wait_ms);
    sqlx::query(TENANT_LOCK).bind(tenant.as_str()).execute(&mut *connection).await.map_err(late)?;
    // Units of work that still use what is given up are waited for here, and not while others wait for the definitions.
    if plan.replace {
        hold_tables(connection, tenant).await.map_err(late)?;
    }
    connection.execute(LOCK).await.map_err(late)?;
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
    (plan.confirm)().await?;
    committing.store(true, Ordering::Release);
    connection.execute("COMMIT").await.map_err(uncertain)?;
    if let Ok(known) = store.tenant(tenant).await {
        known.self_references.lock().clear();
    }
    Ok(loaded)
}

/// What it means that a commit failed: the server refused it, or its answer was lost.
fn uncertain(error: sqlx::Error) -> TransferError {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    match code {
        // Class 57: the server was told to end, at whatever moment.
        Some(code) if !code.starts_with("57") => unavailable(error),
        _ => TransferError::Unknown(error.to_string()),
    }
}

/// Text of the host's own. Every name in it was made by this crate or is quoted.
async fn host(connection: &mut PgConnection, text: String) -> Result<(), TransferError> {
    connection.execute(sqlx::raw_sql(AssertSqlSafe(text))).await.map(drop).map_err(unavailable)
}

/// What it means that a lock was not had: whoever holds it may need long.
fn locked(error: sqlx::Error, wait_ms: u64) -> TransferError {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    if code.is_some_and(|code| code == "55P03") {
        let detail = format!("others use the tenant, or change definitions, for longer than {wait_ms} ms; try again");
        return TransferError::Unavailable(detail);
    }
    unavailable(error)
}

/// Takes every table of a tenant that is there already for this transaction alone.
async fn hold_tables(connection: &mut PgConnection, tenant: &TenantId) -> Result<(), sqlx::Error> {
    let record = format!("{}.cortex_migrations", tenant_schema(tenant));
    let exists = sqlx::query_scalar::<_, bool>("SELECT pg_catalog.to_regclass($1) IS NOT NULL").bind(&record);
    if !exists.fetch_one(&mut *connection).await? {
        return Ok(());
    }
    let components = sqlx::query_scalar::<_, String>(AssertSqlSafe(format!("SELECT DISTINCT component FROM {record}")));
    let components = components.persistent(false).fetch_all(&mut *connection).await?;
    let components = components.iter().filter_map(|component| ComponentId::parse(component).ok());
    let schemas: Vec<_> = components.map(|component| component_schema(tenant, &component)).collect();
    let tables = sqlx::query_scalar::<_, String>(
        "SELECT pg_catalog.format('%I.%I', schemaname, tablename) FROM pg_catalog.pg_tables
         WHERE schemaname = ANY ($1::text[]) ORDER BY 1",
    );
    let tables = tables.bind(schemas).fetch_all(&mut *connection).await?;
    if tables.is_empty() {
        return Ok(());
    }
    let text = format!("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", tables.join(", "));
    connection.execute(sqlx::raw_sql(AssertSqlSafe(text))).await.map(drop)
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
