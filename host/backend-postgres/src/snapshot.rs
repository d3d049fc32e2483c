// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reads a tenant out: one REPEATABLE READ, READ ONLY transaction on a connection of its own, which sees everything as it was
//! when it began and holds nobody up.

use crate::error::StoreError;
use crate::name::{component_schema, tenant_schema};
use crate::store::Inner;
use crate::tables::{list, quoted, tables, unavailable};
use crate::value::from_row;
use cap_storage::migrations::Applied;
use cap_storage::transfer::{
    BATCH_BYTES, BATCH_ROWS_MAX, Batch, Contents, RowSender, Snapshot, Table, TransferError, row_bytes, rows,
};
use cap_storage::{Value, physical_name};
use futures_util::TryStreamExt as _;
use kernel_types::{ComponentId, TenantId};
use sqlx::{AssertSqlSafe, Executor as _, PgConnection};
use std::collections::BTreeMap;
use std::sync::Arc;

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self(match error {
            StoreError::UnknownTenant(tenant) => TransferError::UnknownTenant(tenant),
            other => TransferError::Unavailable(other.to_string()),
        })
    }
}

/// The error of a transfer, made from the store's where the database did not get to it.
struct Failure(TransferError);

/// Takes a snapshot and begins to read from it.
pub(crate) async fn snapshot(
    store: &Arc<Inner>,
    tenant: &TenantId,
    components: &[ComponentId],
) -> Result<Snapshot, TransferError> {
    store.tenant(tenant).await.map_err(|error| Failure::from(error).0)?;
    let mut connection = store.pool.acquire().await.map_err(unavailable)?;
    // Whatever happens, nobody else gets a connection with this transaction on it.
    connection.close_on_drop();
    connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY").await.map_err(unavailable)?;
    let applied = applied(&mut connection, tenant).await?;
    let mut components = components.to_vec();
    components.sort();
    let mut found = Vec::new();
    for component in &components {
        let known = tables(&mut connection, component, &component_schema(tenant, component)).await?;
        found.extend(known.into_iter().map(|known| known.table));
    }
    let (sender, receiver) = rows();
    let (store, tenant, own) = (Arc::clone(store), tenant.clone(), found.clone());
    tokio::spawn(async move {
        let read = async {
            for (place, table) in own.iter().enumerate() {
                read_table(&mut connection, &tenant, place, table, &sender).await?;
            }
            Ok(())
        };
        let done = tokio::select! {
            done = read => done,
            () = store.stopped() => Err(TransferError::Interrupted("the store is shutting down".to_owned())),
        };
        drop(connection);
        sender.end(done).await;
    });
    Ok(Snapshot { contents: Contents { applied, tables: found }, rows: receiver })
}

async fn applied(
    connection: &mut PgConnection,
    tenant: &TenantId,
) -> Result<BTreeMap<ComponentId, Vec<Applied>>, TransferError> {
    let schema = tenant_schema(tenant);
    let text = format!("SELECT component, number, digest FROM {schema}.cortex_migrations ORDER BY component, number");
    let rows = sqlx::query_as::<_, (String, i64, String)>(AssertSqlSafe(text)).persistent(false);
    let rows = rows.fetch_all(connection).await.map_err(unavailable)?;
    let mut applied: BTreeMap<ComponentId, Vec<Applied>> = BTreeMap::new();
    for (component, number, digest) in rows {
        let damaged = |what: String| TransferError::Unavailable(format!("the record of migrations is damaged: {what}"));
        let component = ComponentId::parse(&component).map_err(|error| damaged(error.to_string()))?;
        let number = u32::try_from(number).map_err(|error| damaged(error.to_string()))?;
        let digest = digest.parse().map_err(|error| damaged(format!("{error}")))?;
        applied.entry(component).or_default().push(Applied { number, digest });
    }
    Ok(applied)
}

async fn read_table(
    connection: &mut PgConnection,
    tenant: &TenantId,
    place: usize,
    table: &Table,
    sender: &RowSender,
) -> Result<(), TransferError> {
    let columns = list(table.columns.iter().map(|column| column.name.as_str()));
    let key = list(table.key.iter().map(String::as_str));
    let schema = component_schema(tenant, &table.component);
    let from = quoted(&physical_name(&table.component, &table.name));
    // Texts have the collation "C" and truth values the order of 0 and 1: the order is that of every back end.
    let text = format!("SELECT {columns} FROM {schema}.{from} ORDER BY {key}");
    let mut found = sqlx::query(AssertSqlSafe(text)).persistent(false).fetch(connection);
    let mut batch = Vec::new();
    let mut bytes = 0_usize;
    while let Some(row) = found.try_next().await.map_err(unavailable)? {
        let values = (0..table.columns.len()).map(|index| from_row(&row, index));
        let values: Vec<Value> = values.collect::<Result<_, _>>().map_err(|error| table.row(error.to_string()))?;
        bytes = bytes.saturating_add(row_bytes(&values));
        batch.push(values);
        if batch.len() >= BATCH_ROWS_MAX || bytes >= BATCH_BYTES {
            sender.send(Batch { table: place, rows: std::mem::take(&mut batch) }).await?;
            bytes = 0;
        }
    }
    if batch.is_empty() { Ok(()) } else { sender.send(Batch { table: place, rows: batch }).await }
}
