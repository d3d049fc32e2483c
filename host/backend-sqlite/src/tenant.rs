// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the store keeps of one tenant: its queue, its connections while they are open, and when it was last used.

use crate::connection::Connection;
use crate::queue::Queue;
use kernel_types::TenantId;
use parking_lot::Mutex;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use tokio::sync::Semaphore;

/// One tenant. Without connections it costs a few hundred bytes.
pub(crate) struct Tenant {
    pub(crate) id: TenantId,
    pub(crate) path: PathBuf,
    pub(crate) queue: Queue,
    /// Whether this process has opened the database for writing before: it is recovered and has the host's tables.
    pub(crate) ready: AtomicBool,
    /// How many may read at a time.
    pub(crate) readers: Arc<Semaphore>,
    /// The writer's connection while no batch runs on it.
    writer: Mutex<Option<Connection>>,
    /// Readers' connections that nobody uses.
    idle_readers: Mutex<Vec<Connection>>,
    /// Milliseconds since the store was opened.
    used_at_ms: AtomicU64,
}

impl Tenant {
    pub(crate) fn new(id: TenantId, path: PathBuf, readers_max: usize) -> Self {
        Self {
            id,
            path,
            queue: Queue::default(),
            ready: AtomicBool::new(false),
            readers: Arc::new(Semaphore::new(readers_max)),
            writer: Mutex::new(None),
            idle_readers: Mutex::new(Vec::new()),
            used_at_ms: AtomicU64::new(0),
        }
    }

    /// Notes that the tenant is in use.
    pub(crate) fn touch(&self, now_ms: u64) {
        self.used_at_ms.fetch_max(now_ms, Relaxed);
    }

    pub(crate) fn used_at_ms(&self) -> u64 {
        self.used_at_ms.load(Relaxed)
    }

    pub(crate) fn take_writer(&self) -> Option<Connection> {
        self.writer.lock().take()
    }

    pub(crate) fn put_writer(&self, connection: Connection) {
        *self.writer.lock() = Some(connection);
    }

    pub(crate) fn take_reader(&self) -> Option<Connection> {
        self.idle_readers.lock().pop()
    }

    pub(crate) fn put_reader(&self, connection: Connection) {
        self.idle_readers.lock().push(connection);
    }

    /// Closes every connection, for the exchange of the files: nobody uses one, and nobody can begin to. The next one finds
    /// the database as it finds one of a host that was just started.
    pub(crate) fn close_for_exchange(&self) {
        drop(std::mem::take(&mut *self.idle_readers.lock()));
        drop(self.take_writer());
        self.ready.store(false, std::sync::atomic::Ordering::Release);
    }

    pub(crate) fn has_idle_connections(&self) -> bool {
        self.writer.lock().is_some() || !self.idle_readers.lock().is_empty()
    }

    /// Closes the connections that nobody uses: the readers' first, because the last one to be closed folds the
    /// write-ahead log into the database, and only the writer's can. Returns how many.
    pub(crate) fn close_idle(&self) -> usize {
        let readers = std::mem::take(&mut *self.idle_readers.lock());
        let writer = self.queue.while_idle(|| self.take_writer()).flatten();
        let count = readers.len().saturating_add(usize::from(writer.is_some()));
        drop(readers);
        drop(writer);
        count
    }
}
