// SPDX-License-Identifier: MIT OR Apache-2.0
//! The limits of the store, each with its unit last. Nothing here is read from the environment: the binary decides.

use crate::error::StoreError;

/// How much of everything the store may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Connections that one host holds. A server runs well with two to four for each of its processors, over all hosts.
    pub connections_max: u32,
    /// Units of work of one tenant that write at a time, in this host. One: a second would meet the first at the same
    /// counter and be run again. Hosts beside this one have their own.
    pub writers_per_tenant_max: usize,
    /// Units of work of one tenant that read at a time, in this host: no tenant takes every connection.
    pub readers_per_tenant_max: usize,
    /// Units of work that may wait for one tenant's turn to write. Beyond it a caller is told to come back.
    pub queue_units_max: usize,
    /// How long a unit waits for a connection, in milliseconds, the time to connect included. A pool that is empty for
    /// longer is too small or its database hangs.
    pub connection_wait_ms_max: u64,
    /// How long the server may take to say that a transaction has begun, in milliseconds. A connection on which it
    /// takes longer is dead, as where a router forgot it, and another is taken.
    pub begin_wait_ms_max: u64,
    /// How often the database is asked whether it answers, in milliseconds; on one connection beside
    /// [`Settings::connections_max`].
    pub probe_ms: u64,
    /// How long it may take to answer that, in milliseconds, connecting anew included. Beyond it, it counts as gone:
    /// the host is not ready, and requests are answered at once that they should come back.
    pub probe_wait_ms_max: u64,
    /// From when on a question without an answer makes the database suspect, in milliseconds: a request whose time ends
    /// then is told that the database cannot answer, and not that it asked for too much.
    pub probe_suspect_ms: u64,
    /// How long a connection that is given back may take to show that it can be used again, in milliseconds. Beyond it,
    /// it is closed.
    pub return_wait_ms_max: u64,
    /// After how long without use a connection is closed, in milliseconds.
    pub idle_ms: u64,
    /// How old a connection becomes, in milliseconds: the memory that a server process gathers is given back.
    pub connection_age_ms_max: u64,
    /// Prepared statements that a connection keeps; a domain has some fifty, and they are kept for each tenant.
    pub statements_per_connection_max: usize,
    /// Bytes of changes that a unit keeps to run again behind a statement that failed. Beyond it, it sets a savepoint.
    pub redo_bytes_max: usize,
    /// Answers to requests with a key that a tenant's tables keep. Beyond it the oldest go, also before their day is
    /// over.
    pub answers_max: u32,
    /// What the answers to requests with a key take of a tenant's tables, in bytes. Beyond it the oldest go likewise:
    /// one answer may have megabytes.
    pub answer_bytes_max: u64,
    /// How long a commit may take, in milliseconds. It is not cut at the deadline: whoever asked must know how it
    /// ended.
    pub commit_ms_max: u64,
    /// How long the host's own work on a tenant may run, in milliseconds.
    pub host_ms_max: u64,
    /// How long the migrations of one component may run, in milliseconds: they may rebuild large tables.
    pub migration_ms_max: u64,
    /// How long a tenant that is taken in waits for each of its locks, in milliseconds: for units of work that still
    /// use the tables it gives up, and for others that change definitions.
    pub transfer_lock_ms_max: u64,
    /// How long the server keeps a transaction open in which nothing happens, in milliseconds. More than the longest
    /// unit of work lasts (`wall-ms-max` is at most 300 s) and a commit: what is left is no unit of a host that lives.
    pub transaction_idle_ms_max: u64,
    /// How often the server looks, while a statement runs, whether the host is still there, in milliseconds.
    pub host_check_ms: u64,
    /// After how long without a packet the server asks whether the host's machine is still there (TCP keepalive), in
    /// seconds.
    pub keepalive_idle_s: u32,
    /// How long it waits for each answer to that, in seconds.
    pub keepalive_interval_s: u32,
    /// After how many questions without an answer it ends the session and rolls its transaction back.
    pub keepalive_count: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connections_max: 16,
            writers_per_tenant_max: 1,
            readers_per_tenant_max: 8,
            queue_units_max: 1_024,
            connection_wait_ms_max: 5_000,
            begin_wait_ms_max: 5_000,
            probe_ms: 1_000,
            probe_wait_ms_max: 5_000,
            probe_suspect_ms: 500,
            return_wait_ms_max: 5_000,
            idle_ms: 60_000,
            connection_age_ms_max: 1_800_000,
            statements_per_connection_max: 512,
            redo_bytes_max: 1 << 20,
            answers_max: 1_000_000,
            answer_bytes_max: 1 << 30,
            commit_ms_max: 30_000,
            host_ms_max: 10_000,
            migration_ms_max: 600_000,
            transfer_lock_ms_max: 10_000,
            transaction_idle_ms_max: 330_000,
            host_check_ms: 2_000,
            keepalive_idle_s: 15,
            keepalive_interval_s: 5,
            keepalive_count: 3,
        }
    }
}

impl Settings {
    /// Checks what no default can save: a limit of nothing lets nothing through.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        let connections = usize::try_from(self.connections_max).unwrap_or(usize::MAX);
        let positive = [
            ("connections_max", connections),
            ("writers_per_tenant_max", self.writers_per_tenant_max),
            ("readers_per_tenant_max", self.readers_per_tenant_max),
            ("queue_units_max", self.queue_units_max),
        ];
        match positive.into_iter().find(|(_, value)| *value == 0) {
            Some((setting, _)) => Err(StoreError::Setting { setting, rule: "must be at least 1" }),
            None => Ok(()),
        }
    }
}
