// SPDX-License-Identifier: MIT OR Apache-2.0
//! The limits of the store, each with its unit last. Nothing here is read from the environment: the binary decides.

use crate::error::StoreError;

/// How much of everything the store may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Units of work that may wait for one tenant's writer. Beyond it a caller is told to come back: 1,024 posts are a
    /// few hundred milliseconds of work, and a longer queue only moves the waiting out of the caller's sight.
    pub queue_units_max: usize,
    /// Units of work in one transaction. Far above what gathers during one sync of a disk, low enough that a failed
    /// commit refuses no more than that.
    pub batch_units_max: usize,
    /// How long a transaction may gather units before it is committed, in milliseconds. The first unit of a batch waits
    /// at most this long for its neighbours.
    pub batch_ms_max: u64,
    /// Bytes of changes that a batch keeps to restore its finished units when the engine throws away the transaction of
    /// a unit that was interrupted. A unit beyond it is committed before the next begins.
    pub redo_bytes_max: usize,
    /// Connections that read one tenant's database at a time: more than two cores' worth only queue in the engine.
    pub readers_per_tenant_max: usize,
    /// Units of work that read at a time, over all tenants. Each holds a thread.
    pub readers_max: usize,
    /// Tenants that write at a time. Each holds a thread; more of them take turns after each batch.
    pub writers_max: usize,
    /// Open connections, idle ones included. The least recently used tenant's are closed first. A connection costs two
    /// or three file descriptors and some 0.4 MB of caches, and what a process has held once its allocator keeps: this
    /// bounds the memory of a host however many tenants it has. Opening one again takes about a millisecond.
    pub connections_max: usize,
    /// After how long without use a tenant's connections are closed, in milliseconds. Opening again takes about one.
    pub idle_ms: u64,
    /// Prepared statements that a connection keeps; a domain has some fifty, and a tenant a handful of domains.
    pub statements_per_connection_max: usize,
    /// The writer's page cache, in KiB.
    pub writer_cache_kib: u32,
    /// A reader's page cache, in KiB.
    pub reader_cache_kib: u32,
    /// The length of the write-ahead log from which it is folded into the database, in bytes. Done when no unit waits.
    pub checkpoint_wal_bytes: u64,
    /// The length of the write-ahead log from which it is folded also while units wait, in bytes: an unbroken stream of
    /// writes must not grow it for ever, and a long one slows every read.
    pub checkpoint_wal_bytes_max: u64,
    /// The largest text, blob or row, in bytes.
    pub value_bytes_max: u32,
    /// The longest statement after rewriting, in bytes.
    pub statement_bytes_max: u32,
    /// How long the engine waits for a lock, in milliseconds. There is one writer, so only a checkpoint or a recovery
    /// can hold one.
    pub busy_ms_max: u64,
    /// The largest database of one tenant, in pages of 4 KiB. The default is 64 GiB.
    pub database_pages_max: u32,
    /// How long the host's own work on a tenant may wait and run, in milliseconds.
    pub host_ms_max: u64,
    /// How long the migrations of one component may run, in milliseconds: they may rebuild large tables.
    pub migration_ms_max: u64,
    /// Answers to requests with a key that a tenant's database keeps. Beyond it the oldest go, also before their day is
    /// over: a million take some 500 MiB, and were written within minutes by whoever writes so many.
    pub answers_max: u32,
    /// What the answers to requests with a key take of a tenant's database, in bytes. Beyond it the oldest go likewise:
    /// one answer may have megabytes.
    pub answer_bytes_max: u64,
    /// Documents that one listing of host documents returns at the most.
    pub documents_max: usize,
    /// The largest host document, in bytes.
    pub document_bytes_max: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            queue_units_max: 1_024,
            batch_units_max: 256,
            batch_ms_max: 20,
            redo_bytes_max: 8 << 20,
            readers_per_tenant_max: 4,
            readers_max: 32,
            writers_max: 64,
            connections_max: 128,
            idle_ms: 30_000,
            statements_per_connection_max: 256,
            writer_cache_kib: 8 << 10,
            reader_cache_kib: 4 << 10,
            checkpoint_wal_bytes: 4 << 20,
            checkpoint_wal_bytes_max: 16 << 20,
            value_bytes_max: 64 << 20,
            statement_bytes_max: 256 << 10,
            busy_ms_max: 5_000,
            database_pages_max: 16 << 20,
            host_ms_max: 10_000,
            migration_ms_max: 600_000,
            answers_max: 1_000_000,
            answer_bytes_max: 1 << 30,
            documents_max: 10_000,
            document_bytes_max: 1 << 20,
        }
    }
}

impl Settings {
    /// Checks what no default can save: a limit of nothing lets nothing through.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        let positive = [
            ("queue_units_max", self.queue_units_max),
            ("batch_units_max", self.batch_units_max),
            ("readers_per_tenant_max", self.readers_per_tenant_max),
            ("readers_max", self.readers_max),
            ("writers_max", self.writers_max),
        ];
        for (setting, value) in positive {
            if value == 0 {
                return Err(StoreError::Setting { setting, rule: "must be at least 1" });
            }
        }
        // A busy tenant needs a writer and its readers at the same time.
        let (needed, setting) = (self.writers_max.saturating_add(self.readers_max), "connections_max");
        if self.connections_max < needed {
            return Err(StoreError::Setting { setting, rule: "must be at least writers_max and readers_max together" });
        }
        Ok(())
    }
}
