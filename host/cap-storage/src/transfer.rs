// SPDX-License-Identifier: MIT OR Apache-2.0
//! How a tenant's tables leave a back end, and how they enter another one: a consistent snapshot as a stream of rows,
//! and a stream of rows as a tenant that is there wholly or not at all.
//!
//! Rows travel in small batches through a bounded channel, so that no side holds a table in memory and the slower one
//! sets the pace. It knows no file format: that is the business of whoever joins the two ends.

use crate::migrations::{Applied, MigrateError, Migrations};
use crate::session::{BoxFuture, Value};
use kernel_types::{ComponentId, TenantId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Batches that wait between the two ends.
const BATCHES_WAITING_MAX: usize = 4;

/// Rows of one batch.
pub const BATCH_ROWS_MAX: usize = 512;

/// Bytes of texts and blobs from which a batch is full. One row may be larger, and is a batch then.
pub const BATCH_BYTES: usize = 256 << 10;

/// What a column holds: the types that mean the same on every back end. A truth value is an integer, 0 or 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// 64 bits.
    Integer,
    /// An IEEE 754 double.
    Real,
    /// UTF-8.
    Text,
    /// Bytes.
    Blob,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
}

/// A component's table as it is in a tenant's database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Whose table it is.
    pub component: ComponentId,
    /// Its name, as the component says it.
    pub name: String,
    /// Its columns in order.
    pub columns: Vec<Column>,
    /// The columns of its primary key in order: the order of its rows.
    pub key: Vec<String>,
}

/// What a snapshot holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// The migrations that ran, of every component that has tables here, wanted or not.
    pub applied: BTreeMap<ComponentId, Vec<Applied>>,
    /// The tables of the wanted components, by component and name.
    pub tables: Vec<Table>,
}

/// Some rows of one table, each with a value for each column.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Which table, by its place in [`Contents::tables`] or [`Plan::tables`].
    pub table: usize,
    /// The rows, in the order of the key.
    pub rows: Vec<Vec<Value>>,
}

/// A consistent state of a tenant. Dropped, it is let go of.
pub struct Snapshot {
    /// What it holds.
    pub contents: Contents,
    /// The rows, table after table, each in the order of its key.
    pub rows: RowReceiver,
}

/// Asked when all rows are in and before they count: whether they still may. While it is asked, nobody else can have
/// begun to take the same tenant in without waiting for this one.
pub type Confirm = Arc<dyn Fn() -> BoxFuture<'static, Result<(), TransferError>> + Send + Sync>;

/// What is to be made of the rows that come.
pub struct Plan {
    /// The tables' makers: every migration of every component.
    pub migrations: Vec<Migrations>,
    /// The tables that rows come for. Each must come out of the migrations as it is said here.
    pub tables: Vec<Table>,
    /// Whether tables that the tenant has already are given up for it, of whatever component.
    pub replace: bool,
    /// The last word.
    pub confirm: Confirm,
}

/// What was taken in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Rows, over all tables.
    pub rows: u64,
}

/// Why a tenant could not be read out or taken in. Nothing has changed, except as [`TransferError::Unknown`] says.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// There is no such tenant.
    #[error("there is no tenant `{0}`")]
    UnknownTenant(TenantId),
    /// The tenant has tables, and they were not to be replaced.
    #[error("tenant `{0}` has data already: choose another name, or say that it is to be replaced")]
    NotEmpty(TenantId),
    /// Tables cannot be made.
    #[error("component `{component}`: {source}")]
    Migrate {
        /// Whose.
        component: ComponentId,
        /// Why.
        source: MigrateError,
    },
    /// The tables that the migrations make are not those that the rows are for.
    #[error("table `{table}` of component `{component}`: {detail}")]
    Shape {
        /// Whose table.
        component: ComponentId,
        /// Which.
        table: String,
        /// What differs.
        detail: String,
    },
    /// A value or a row cannot be read or taken.
    #[error("a row of table `{table}` of component `{component}`: {detail}")]
    Row {
        /// Whose table.
        component: ComponentId,
        /// Which.
        table: String,
        /// What is wrong with it.
        detail: String,
    },
    /// A foreign key points at nothing.
    #[error("a row refers to a row that is not there: {0}")]
    Reference(String),
    /// The other end went away, or said why it cannot go on.
    #[error("{0}")]
    Interrupted(String),
    /// The database cannot answer now.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// The rows were in, and how making them count ended was not heard: the tenant is wholly as it was, or wholly new.
    #[error("whether the tenant was taken in is not known: {0}")]
    Unknown(String),
}

impl Table {
    /// The error of a table that is not as it should be.
    #[must_use]
    pub fn shape(&self, detail: impl Into<String>) -> TransferError {
        TransferError::Shape { component: self.component.clone(), table: self.name.clone(), detail: detail.into() }
    }

    /// The error of a row of it.
    #[must_use]
    pub fn row(&self, detail: impl Into<String>) -> TransferError {
        TransferError::Row { component: self.component.clone(), table: self.name.clone(), detail: detail.into() }
    }
}

/// Checks that the tables which the migrations made are those that rows come for.
///
/// # Errors
/// [`TransferError::Shape`] for the first that is missing, not expected, or different.
pub fn check_shape(made: &[Table], expected: &[Table]) -> Result<(), TransferError> {
    for table in expected {
        let same = |one: &&Table| one.component == table.component && one.name == table.name;
        match made.iter().find(same) {
            None => return Err(table.shape("the component's migrations make no such table")),
            Some(found) if found != table => {
                return Err(table.shape("the component's migrations make it with other columns or another key"));
            }
            Some(_) => {}
        }
    }
    match made.iter().find(|table| !expected.contains(table)) {
        Some(table) => Err(table.shape("the component's migrations make it, and nothing is said of its rows")),
        None => Ok(()),
    }
}

/// The bytes that a row counts in a batch.
#[must_use]
pub fn row_bytes(row: &[Value]) -> usize {
    let bytes = |value: &Value| match value {
        Value::Text(text) => text.len(),
        Value::Blob(bytes) => bytes.len(),
        Value::Null | Value::Boolean(_) | Value::Integer(_) | Value::Real(_) => 0,
    };
    row.iter().map(|value| bytes(value).saturating_add(8)).fold(0, usize::saturating_add)
}

/// The storage of tenants that can be moved. Implemented by back ends.
pub trait Transfer: Send + Sync + 'static {
    /// Takes a snapshot of a tenant while others go on writing, and begins to read the tables of these components from
    /// it.
    fn snapshot<'a>(
        &'a self,
        tenant: &'a TenantId,
        components: &'a [ComponentId],
    ) -> BoxFuture<'a, Result<Snapshot, TransferError>>;

    /// Makes a tenant of a stream of rows. The tenant is there when this returns `Ok`, durably; else everything is as
    /// it was before, unless the error is [`TransferError::Unknown`]. After a kill it is the one or the other.
    fn load<'a>(
        &'a self,
        tenant: &'a TenantId,
        plan: Plan,
        rows: RowReceiver,
    ) -> BoxFuture<'a, Result<Loaded, TransferError>>;
}

enum Message {
    Rows(Batch),
    Failed(TransferError),
    End,
}

/// The end that gives rows. Dropped before [`RowSender::end`], it interrupts the other.
pub struct RowSender(mpsc::Sender<Message>);

/// The end that takes rows. Dropped, it interrupts the other.
pub struct RowReceiver(mpsc::Receiver<Message>);

/// A bounded channel for rows.
#[must_use]
pub fn rows() -> (RowSender, RowReceiver) {
    let (sender, receiver) = mpsc::channel(BATCHES_WAITING_MAX);
    (RowSender(sender), RowReceiver(receiver))
}

fn left() -> TransferError {
    TransferError::Interrupted("whoever took the rows left".to_owned())
}

impl RowSender {
    /// Gives a batch, once there is room.
    ///
    /// # Errors
    /// Where the other end is gone.
    pub async fn send(&self, batch: Batch) -> Result<(), TransferError> {
        self.0.send(Message::Rows(batch)).await.map_err(|_| left())
    }

    /// As [`RowSender::send`], on a thread that may wait.
    ///
    /// # Errors
    /// Where the other end is gone.
    pub fn blocking_send(&self, batch: Batch) -> Result<(), TransferError> {
        self.0.blocking_send(Message::Rows(batch)).map_err(|_| left())
    }

    /// Says that all rows were given, or why no more can be.
    pub async fn end(self, result: Result<(), TransferError>) {
        // A receiver that left needs no word.
        let _ = self.0.send(result.map_or_else(Message::Failed, |()| Message::End)).await;
    }

    /// As [`RowSender::end`], on a thread that may wait.
    pub fn blocking_end(self, result: Result<(), TransferError>) {
        let _ = self.0.blocking_send(result.map_or_else(Message::Failed, |()| Message::End));
    }
}

impl RowReceiver {
    /// The next batch; `None` after the last.
    ///
    /// # Errors
    /// What the other end says, or that it left before the end.
    pub async fn next(&mut self) -> Result<Option<Batch>, TransferError> {
        Self::read(self.0.recv().await)
    }

    /// As [`RowReceiver::next`], on a thread that may wait.
    ///
    /// # Errors
    /// Likewise.
    pub fn blocking_next(&mut self) -> Result<Option<Batch>, TransferError> {
        Self::read(self.0.blocking_recv())
    }

    fn read(message: Option<Message>) -> Result<Option<Batch>, TransferError> {
        match message {
            Some(Message::Rows(batch)) => Ok(Some(batch)),
            Some(Message::End) => Ok(None),
            Some(Message::Failed(error)) => Err(error),
            None => Err(TransferError::Interrupted("the rows ended before their end was said".to_owned())),
        }
    }
}
