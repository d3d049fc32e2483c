// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reads a tenant out: a read transaction on a connection of its own, on a thread of its own, while the writer goes on. The
//! write-ahead log cannot be folded past the snapshot, so it grows for as long as the reading takes.

use crate::authorizer::Policy;
use crate::connection::{Connection, Purpose};
use crate::error::StoreError;
use crate::store::SqliteStore;
use crate::tables::{list, quoted, tables, unavailable};
use crate::value::from_engine;
use cap_storage::migrations::Applied;
use cap_storage::transfer::{
    BATCH_BYTES, BATCH_ROWS_MAX, Batch, Contents, RowSender, Snapshot, Table, TransferError, row_bytes, rows,
};
use cap_storage::{Value, physical_name};
use kernel_types::{ComponentId, TenantId};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::{oneshot, watch};

impl From<StoreError> for TransferFailure {
    fn from(error: StoreError) -> Self {
        Self(match error {
            StoreError::UnknownTenant(tenant) => TransferError::UnknownTenant(tenant),
            other => TransferError::Unavailable(other.to_string()),
        })
    }
}

/// The error of a transfer, made from the store's where the database did not get to it.
pub(crate) struct TransferFailure(pub(crate) TransferError);

impl SqliteStore {
    pub(crate) async fn open_snapshot(
        &self,
        id: &TenantId,
        components: &[ComponentId],
    ) -> Result<Snapshot, TransferFailure> {
        // Opened for writing once: the log of a process that was killed is recovered, the host's tables are there.
        self.write_host(id, |_| Ok(())).await?;
        let tenant = self.0.tenant(id)?;
        // Of the tenant's own readers: whoever replaces its files waits for all of them.
        let permit = Arc::clone(&tenant.readers).acquire_owned().await;
        let permit = permit.map_err(|error| TransferFailure(TransferError::Unavailable(error.to_string())))?;
        let (opened, contents) = oneshot::channel();
        let (sender, receiver) = rows();
        let (store, components) = (Arc::clone(&self.0), components.to_vec());
        let busy = self.0.busy();
        self.0.runtime.spawn_blocking(move || {
            match store.open(&tenant, Purpose::Read) {
                Ok(connection) => read(&connection, &components, &store.stop, opened, sender),
                Err(error) => drop(opened.send(Err(TransferFailure::from(error).0))),
            }
            drop((store, tenant, permit));
            // Last: whoever waits for quiet finds nothing of the store in use.
            drop(busy);
        });
        let contents =
            contents.await.unwrap_or_else(|_| Err(TransferError::Unavailable("the reader ended".to_owned())));
        Ok(Snapshot { contents: contents.map_err(TransferFailure)?, rows: receiver })
    }
}

fn read(
    connection: &Connection,
    components: &[ComponentId],
    stop: &watch::Receiver<bool>,
    opened: oneshot::Sender<Result<Contents, TransferError>>,
    sender: RowSender,
) {
    let _permit = connection.permit(Policy::Host);
    let contents = connection
        .engine()
        .execute_batch("BEGIN DEFERRED")
        .map_err(|e| unavailable(&e))
        // The first statement that reads takes the snapshot.
        .and_then(|()| Ok(Contents { applied: applied(connection)?, tables: tables(connection, components)? }));
    let tables = contents.as_ref().map(|contents| contents.tables.clone()).unwrap_or_default();
    if opened.send(contents).is_err() {
        return;
    }
    let all =
        tables.iter().enumerate().try_for_each(|(place, table)| read_table(connection, place, table, stop, &sender));
    sender.blocking_end(all);
}

fn applied(connection: &Connection) -> Result<BTreeMap<ComponentId, Vec<Applied>>, TransferError> {
    let sql = "SELECT component, number, digest FROM cortex_migrations ORDER BY component, number";
    let mut statement = connection.engine().prepare(sql).map_err(|e| unavailable(&e))?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    let rows: Vec<(String, u32, String)> = rows.and_then(Iterator::collect).map_err(|e| unavailable(&e))?;
    let mut applied: BTreeMap<ComponentId, Vec<Applied>> = BTreeMap::new();
    for (component, number, digest) in rows {
        let damaged = |what: String| TransferError::Unavailable(format!("the record of migrations is damaged: {what}"));
        let component = ComponentId::parse(&component).map_err(|error| damaged(error.to_string()))?;
        let digest = digest.parse().map_err(|error| damaged(format!("{error}")))?;
        applied.entry(component).or_default().push(Applied { number, digest });
    }
    Ok(applied)
}

fn read_table(
    connection: &Connection,
    place: usize,
    table: &Table,
    stop: &watch::Receiver<bool>,
    sender: &RowSender,
) -> Result<(), TransferError> {
    let columns = list(table.columns.iter().map(|column| column.name.as_str()));
    let key = list(table.key.iter().map(String::as_str));
    let from = quoted(&physical_name(&table.component, &table.name));
    let sql = format!("SELECT {columns} FROM {from} ORDER BY {key}");
    let mut statement = connection.engine().prepare(&sql).map_err(|e| unavailable(&e))?;
    let mut found = statement.query([]).map_err(|e| unavailable(&e))?;
    let mut batch = Vec::new();
    let mut bytes = 0_usize;
    while let Some(row) = found.next().map_err(|e| unavailable(&e))? {
        let value = |index| {
            let value = row.get_ref(index).map_err(|e| unavailable(&e))?;
            from_engine(value).map_err(|error| table.row(error.to_string()))
        };
        let row = (0..table.columns.len()).map(value).collect::<Result<Vec<Value>, _>>()?;
        bytes = bytes.saturating_add(row_bytes(&row));
        batch.push(row);
        if batch.len() >= BATCH_ROWS_MAX || bytes >= BATCH_BYTES {
            if *stop.borrow() {
                return Err(TransferError::Interrupted("the store is shutting down".to_owned()));
            }
            sender.blocking_send(Batch { table: place, rows: std::mem::take(&mut batch) })?;
            bytes = 0;
        }
    }
    if batch.is_empty() { Ok(()) } else { sender.blocking_send(Batch { table: place, rows: batch }) }
}
