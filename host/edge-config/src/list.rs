// SPDX-License-Identifier: MIT OR Apache-2.0
//! The one list of keys. A line says a key's field, its type, its name, what it takes, its unit, its default, where it
//! may be given and whether it is part of the boot digest; the sentence above it is its documentation everywhere.

use crate::key::{Key, Kind, Places, Scope};
use crate::value::{LogFormat, Secret, Typed, Value};
use signing_verify::TRUST_ROOTS_MAX;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

macro_rules! keys {
    ($($(#[doc = $doc:literal])+ $field:ident: $type:ty = $name:literal, $kind:expr, $unit:literal, $default:literal,
        $places:ident, $scope:ident;)*) => {
        /// Every key.
        pub static KEYS: &[Key] = &[$(Key {
            name: $name,
            kind: $kind,
            unit: $unit,
            default: $default,
            places: Places::$places,
            scope: Scope::$scope,
            summary: concat!($($doc),+),
        },)*];

        /// The value of every key, each of its type.
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        pub struct Values {
            $($(#[doc = $doc])+ pub $field: $type,)*
        }

        impl Values {
            /// The values in the order of [`KEYS`]; [`None`] where one is not of its key's type.
            pub(crate) fn of<'v>(mut values: impl Iterator<Item = &'v Value>) -> Option<Self> {
                Some(Self { $($field: Typed::of(values.next()?)?,)* })
            }
        }
    };
}

keys! {
    /// The configuration file, `.yaml`, `.yml` or `.json`. Without it there is none.
    config: Option<PathBuf> = "config", Kind::Path, "", "", NotInFile, Machine;
    /// The sigstore bundle that signs it. Without this, the file beside it with `.sigstore.json` at the end of its
    /// name.
    config_signature: Option<PathBuf> = "config-signature", Kind::Path, "", "", NotInFile, Machine;
    /// Takes a configuration file without a signature. For a developer on one machine.
    development: bool = "development", Kind::Boolean, "", "false", CommandLine, Host;
    /// The directory of the host: databases, components, credentials, the boot log.
    directory: PathBuf = "directory", Kind::Path, "", ".cortex", NotInFile, Machine;
    /// The address to listen at. Put a proxy with TLS in front of anything but this machine.
    listen: SocketAddr = "listen", Kind::Address, "", "127.0.0.1:8080", Everywhere, Machine;
    /// What is logged, as `level` or `target=level,...`; targets: `cortex::access`, `cortex::component`. The boot line
    /// is always logged.
    log_level: String = "log.level", Kind::Text, "", "warn", Everywhere, Host;
    /// How log lines are written to standard error.
    log_format: LogFormat = "log.format", Kind::Choice(LogFormat::WORDS), "", "text", Everywhere, Host;
    /// A file that takes every log line as well, as JSON. Full, it is renamed to `<file>.1`, and `<file>.1` to
    /// `<file>.2`.
    log_file: Option<PathBuf> = "log.file", Kind::Path, "", "", Everywhere, Machine;
    /// A file that takes log lines of the level `ERROR` as well, likewise.
    log_error_file: Option<PathBuf> = "log.error-file", Kind::Path, "", "", Everywhere, Machine;
    /// The length of a log file from which it is renamed.
    log_file_bytes_max: u64 = "log.file-bytes-max", Kind::Integer(65_536, 17_179_869_184), "bytes", "67108864", Everywhere, Host;
    /// How many files of each log are kept, the one that is written included. The oldest are removed.
    log_files_max: u64 = "log.files-max", Kind::Integer(1, 1000), "files", "8", Everywhere, Host;
    /// The policy: who may sign what. Its content is part of the boot digest, its path is not.
    trust_policy: Option<PathBuf> = "trust.policy", Kind::Path, "", "", NotInFile, Machine;
    /// The key file: keys that somebody keeps, for sites without an authority. Digested likewise.
    trust_keys: Option<PathBuf> = "trust.keys", Kind::Path, "", "", NotInFile, Machine;
    /// Files `trusted_root.json`: the authorities that this site trusts. Digested likewise.
    trust_roots: Option<Vec<PathBuf>> = "trust.roots", Kind::Paths(TRUST_ROOTS_MAX), "", "", NotInFile, Machine;
    /// How old the list of revocations may be before new installs are refused. Where it is given, a list has to be
    /// there; else one that is there holds for as long as it says itself.
    trust_revocations_max_age: Option<Duration> = "trust.revocations-max-age", Kind::Duration(60, 366 * 86_400), "", "", Everywhere, Host;
    /// Connections open at a time. Past it, a new one is answered 503 and closed.
    gateway_connections_max: u64 = "gateway.connections-max", Kind::Integer(1, 1_000_000), "connections", "4096", Everywhere, Host;
    /// Requests served at a time, over all tenants. Past it, a request is answered 503.
    gateway_requests_in_flight_max: u64 = "gateway.requests-in-flight-max", Kind::Integer(1, 1_000_000), "requests", "1024", Everywhere, Host;
    /// Requests of one tenant served at a time. Past it, a request is answered 429.
    gateway_tenant_requests_in_flight_max: u64 = "gateway.tenant-requests-in-flight-max", Kind::Integer(1, 1_000_000), "requests", "512", Everywhere, Host;
    /// Bytes of a request's line and header fields together.
    gateway_head_bytes_max: u64 = "gateway.head-bytes-max", Kind::Integer(4096, 1_048_576), "bytes", "65536", Everywhere, Host;
    /// Header fields of a request.
    gateway_header_fields_max: u64 = "gateway.header-fields-max", Kind::Integer(8, 1024), "fields", "64", Everywhere, Host;
    /// Bytes of a body, whatever the operation's own limit says.
    gateway_body_bytes_max: u64 = "gateway.body-bytes-max", Kind::Integer(1024, 67_108_864), "bytes", "67108864", Everywhere, Host;
    /// Bytes of long bodies in memory at a time, over all requests. Past it, a request is answered 503.
    gateway_body_bytes_in_flight_max: u64 = "gateway.body-bytes-in-flight-max", Kind::Integer(1_048_576, 68_719_476_736), "bytes", "268435456", Everywhere, Host;
    /// How long an idle connection is kept, and how long the head of a request may take.
    gateway_head_ms_max: u64 = "gateway.head-ms-max", Kind::Integer(100, 600_000), "milliseconds", "30000", Everywhere, Host;
    /// How long a body may take, however short it is.
    gateway_body_ms_max: u64 = "gateway.body-ms-max", Kind::Integer(100, 600_000), "milliseconds", "10000", Everywhere, Host;
    /// The slowest that a longer body may arrive.
    gateway_body_bytes_per_second_min: u64 = "gateway.body-bytes-per-second-min", Kind::Integer(1, 1_073_741_824), "bytes per second", "16384", Everywhere, Host;
    /// What remains for running requests when the host stops. What runs then is cut, and rolled back.
    gateway_drain_ms_max: u64 = "gateway.drain-ms-max", Kind::Integer(0, 600_000), "milliseconds", "20000", Everywhere, Host;
    /// When a refused caller should come back, where nothing better is known.
    gateway_retry_after_seconds: u64 = "gateway.retry-after-seconds", Kind::Integer(1, 3600), "seconds", "1", Everywhere, Host;
    /// Invocations that run at a time, callees included. One tenant has at most three quarters of them.
    engine_instances_max: u64 = "engine.instances-max", Kind::Integer(4, 100_000), "invocations", "500", Everywhere, Host;
    /// What no component may exceed, whatever its manifest says: linear memory and tables.
    engine_memory_bytes_max: u64 = "engine.memory-bytes-max", Kind::Integer(1_048_576, 1_073_741_824), "bytes", "1073741824", Everywhere, Host;
    /// Likewise: processor time of an invocation.
    engine_cpu_ms_max: u64 = "engine.cpu-ms-max", Kind::Integer(10, 120_000), "milliseconds", "120000", Everywhere, Host;
    /// Likewise: time of an invocation, waiting included.
    engine_wall_ms_max: u64 = "engine.wall-ms-max", Kind::Integer(10, 300_000), "milliseconds", "300000", Everywhere, Host;
    /// Likewise: calls out of the component.
    engine_host_calls_max: u64 = "engine.host-calls-max", Kind::Integer(1, 10_000_000), "calls", "10000000", Everywhere, Host;
    /// Likewise: bytes of log messages.
    engine_log_bytes_max: u64 = "engine.log-bytes-max", Kind::Integer(1, 16_777_216), "bytes", "16777216", Everywhere, Host;
    /// Likewise: bytes of arguments.
    engine_argument_bytes_max: u64 = "engine.argument-bytes-max", Kind::Integer(1024, 67_108_864), "bytes", "67108864", Everywhere, Host;
    /// Likewise: bytes of the result.
    engine_result_bytes_max: u64 = "engine.result-bytes-max", Kind::Integer(1024, 268_435_456), "bytes", "268435456", Everywhere, Host;
    /// Likewise: rows that queries return.
    engine_sql_rows_max: u64 = "engine.sql-rows-max", Kind::Integer(1, 10_000_000), "rows", "10000000", Everywhere, Host;
    /// Likewise: time that the database works.
    engine_sql_ms_max: u64 = "engine.sql-ms-max", Kind::Integer(10, 120_000), "milliseconds", "120000", Everywhere, Host;
    /// Likewise: how deep calls from component to component nest.
    engine_call_depth_max: u64 = "engine.call-depth-max", Kind::Integer(1, 32), "calls", "32", Everywhere, Host;
    /// Likewise: stack.
    engine_stack_bytes_max: u64 = "engine.stack-bytes-max", Kind::Integer(65_536, 524_288), "bytes", "524288", Everywhere, Host;
    /// Units of work that may wait for one tenant's writer. Past it, a request is answered 503.
    store_queue_units_max: u64 = "store.queue-units-max", Kind::Integer(1, 1_000_000), "units of work", "1024", Everywhere, Host;
    /// Units of work in one transaction.
    store_batch_units_max: u64 = "store.batch-units-max", Kind::Integer(1, 100_000), "units of work", "256", Everywhere, Host;
    /// How long a transaction may gather units before it is committed.
    store_batch_ms_max: u64 = "store.batch-ms-max", Kind::Integer(0, 10_000), "milliseconds", "20", Everywhere, Host;
    /// Bytes of changes that a batch keeps to restore its finished units after an interruption.
    store_redo_bytes_max: u64 = "store.redo-bytes-max", Kind::Integer(65_536, 1_073_741_824), "bytes", "8388608", Everywhere, Host;
    /// Connections that read one tenant's database at a time.
    store_readers_per_tenant_max: u64 = "store.readers-per-tenant-max", Kind::Integer(1, 1000), "connections", "4", Everywhere, Host;
    /// Units of work that read at a time, over all tenants. Each holds a thread.
    store_readers_max: u64 = "store.readers-max", Kind::Integer(1, 10_000), "units of work", "32", Everywhere, Host;
    /// Tenants that write at a time. Each holds a thread.
    store_writers_max: u64 = "store.writers-max", Kind::Integer(1, 10_000), "tenants", "64", Everywhere, Host;
    /// Open connections, idle ones included; at least `store.writers-max` and `store.readers-max` together.
    store_connections_max: u64 = "store.connections-max", Kind::Integer(2, 20_000), "connections", "128", Everywhere, Host;
    /// After how long without use a tenant's connections are closed.
    store_idle_ms: u64 = "store.idle-ms", Kind::Integer(100, 86_400_000), "milliseconds", "30000", Everywhere, Host;
    /// Prepared statements that a connection keeps.
    store_statements_per_connection_max: u64 = "store.statements-per-connection-max", Kind::Integer(1, 100_000), "statements", "256", Everywhere, Host;
    /// The writer's page cache.
    store_writer_cache_kib: u64 = "store.writer-cache-kib", Kind::Integer(64, 4_194_304), "KiB", "8192", Everywhere, Host;
    /// A reader's page cache.
    store_reader_cache_kib: u64 = "store.reader-cache-kib", Kind::Integer(64, 4_194_304), "KiB", "4096", Everywhere, Host;
    /// The length of the write-ahead log from which it is folded into the database when no unit waits.
    store_checkpoint_wal_bytes: u64 = "store.checkpoint-wal-bytes", Kind::Integer(65_536, 17_179_869_184), "bytes", "4194304", Everywhere, Host;
    /// The length from which it is folded also while units wait.
    store_checkpoint_wal_bytes_max: u64 = "store.checkpoint-wal-bytes-max", Kind::Integer(65_536, 17_179_869_184), "bytes", "16777216", Everywhere, Host;
    /// The largest text, blob or row.
    store_value_bytes_max: u64 = "store.value-bytes-max", Kind::Integer(1_048_576, 1_000_000_000), "bytes", "67108864", Everywhere, Host;
    /// The longest statement after rewriting.
    store_statement_bytes_max: u64 = "store.statement-bytes-max", Kind::Integer(65_536, 1_048_576), "bytes", "262144", Everywhere, Host;
    /// How long the engine waits for a lock.
    store_busy_ms_max: u64 = "store.busy-ms-max", Kind::Integer(0, 600_000), "milliseconds", "5000", Everywhere, Host;
    /// The largest database of one tenant.
    store_database_pages_max: u64 = "store.database-pages-max", Kind::Integer(1024, 4_294_967_294), "pages of 4 KiB", "16777216", Everywhere, Host;
    /// How long the host's own work on a tenant may wait and run.
    store_host_ms_max: u64 = "store.host-ms-max", Kind::Integer(100, 600_000), "milliseconds", "10000", Everywhere, Host;
    /// How long the migrations of one component may run.
    store_migration_ms_max: u64 = "store.migration-ms-max", Kind::Integer(1000, 86_400_000), "milliseconds", "600000", Everywhere, Host;
    /// Answers to requests with a key that a tenant's database keeps. Past it, the oldest go.
    store_answers_max: u64 = "store.answers-max", Kind::Integer(1, 4_000_000_000), "answers", "1000000", Everywhere, Host;
    /// What the answers to requests with an idempotency key take of a tenant's database. Beyond it the oldest go.
    store_answer_bytes_max: u64 = "store.answer-bytes-max", Kind::Integer(1_048_576, 1_099_511_627_776), "bytes", "1073741824", Everywhere, Host;
    /// Documents that one listing of host documents returns.
    store_documents_max: u64 = "store.documents-max", Kind::Integer(100, 1_000_000), "documents", "10000", Everywhere, Host;
    /// The largest host document.
    store_document_bytes_max: u64 = "store.document-bytes-max", Kind::Integer(65_536, 16_777_216), "bytes", "1048576", Everywhere, Host;
    /// What remains for what is queued, on either back end, when the host has answered its last request.
    store_drain_ms_max: u64 = "store.drain-ms-max", Kind::Integer(0, 600_000), "milliseconds", "20000", Everywhere, Host;
    /// How long the hooks `on-preboot` of one tenant may take together, before the host answers anybody. A tenant that
    /// needs longer is not served.
    hooks_preboot_ms_max: u64 = "hooks.preboot-ms-max", Kind::Integer(100, 600_000), "milliseconds", "30000", Everywhere, Host;
    /// How long the hooks `on-boot` of one tenant may take together.
    hooks_boot_ms_max: u64 = "hooks.boot-ms-max", Kind::Integer(100, 600_000), "milliseconds", "30000", Everywhere, Host;
    /// How long the hooks `on-shutdown` of all tenants may take together, when the host has answered its last request.
    hooks_shutdown_ms_max: u64 = "hooks.shutdown-ms-max", Kind::Integer(100, 600_000), "milliseconds", "10000", Everywhere, Host;
    /// Keeps tenants' data in this PostgreSQL database, which other hosts may share:
    /// `postgres://user:password@host/database`. Without it each tenant has a SQLite file in the host's directory.
    database_url: Option<Secret> = "database.url", Kind::Secret, "", "", Everywhere, Machine;
    /// Connections of one host's pool.
    database_connections_max: u64 = "database.connections-max", Kind::Integer(1, 10_000), "connections", "16", Everywhere, Host;
    /// Units of work of one tenant that write at a time, in this host.
    database_writers_per_tenant_max: u64 = "database.writers-per-tenant-max", Kind::Integer(1, 1000), "units of work", "1", Everywhere, Host;
    /// Units of work of one tenant that read at a time, in this host.
    database_readers_per_tenant_max: u64 = "database.readers-per-tenant-max", Kind::Integer(1, 1000), "units of work", "8", Everywhere, Host;
    /// Units of work that may wait for one tenant's turn to write. Past it, a request is answered 503.
    database_queue_units_max: u64 = "database.queue-units-max", Kind::Integer(1, 1_000_000), "units of work", "1024", Everywhere, Host;
    /// How long a unit waits for a connection, connecting included.
    database_connection_wait_ms_max: u64 = "database.connection-wait-ms-max", Kind::Integer(10, 600_000), "milliseconds", "5000", Everywhere, Host;
    /// How long the server may take to say that a transaction has begun.
    database_begin_wait_ms_max: u64 = "database.begin-wait-ms-max", Kind::Integer(10, 600_000), "milliseconds", "5000", Everywhere, Host;
    /// The pause between two questions whether the database answers.
    database_probe_ms: u64 = "database.probe-ms", Kind::Integer(10, 600_000), "milliseconds", "1000", Everywhere, Host;
    /// How long it may take to answer one. Past it, the host is not ready.
    database_probe_wait_ms_max: u64 = "database.probe-wait-ms-max", Kind::Integer(10, 600_000), "milliseconds", "5000", Everywhere, Host;
    /// From when on a request that runs out of time is told 503 and not 504.
    database_probe_suspect_ms: u64 = "database.probe-suspect-ms", Kind::Integer(1, 600_000), "milliseconds", "500", Everywhere, Host;
    /// How long the check of a connection that is given back may take.
    database_return_wait_ms_max: u64 = "database.return-wait-ms-max", Kind::Integer(10, 600_000), "milliseconds", "5000", Everywhere, Host;
    /// After how long without use a connection is closed.
    database_idle_ms: u64 = "database.idle-ms", Kind::Integer(100, 86_400_000), "milliseconds", "60000", Everywhere, Host;
    /// How old a connection becomes.
    database_connection_age_ms_max: u64 = "database.connection-age-ms-max", Kind::Integer(1000, 86_400_000), "milliseconds", "1800000", Everywhere, Host;
    /// Prepared statements that a connection keeps.
    database_statements_per_connection_max: u64 = "database.statements-per-connection-max", Kind::Integer(1, 100_000), "statements", "512", Everywhere, Host;
    /// Bytes of changes that a unit keeps to run again behind a statement that failed.
    database_redo_bytes_max: u64 = "database.redo-bytes-max", Kind::Integer(4096, 1_073_741_824), "bytes", "1048576", Everywhere, Host;
    /// Answers to requests with a key that a tenant's tables keep. Past it, the oldest go.
    database_answers_max: u64 = "database.answers-max", Kind::Integer(1, 4_000_000_000), "answers", "1000000", Everywhere, Host;
    /// What the answers to requests with an idempotency key take of a tenant's tables. Beyond it the oldest go.
    database_answer_bytes_max: u64 = "database.answer-bytes-max", Kind::Integer(1_048_576, 1_099_511_627_776), "bytes", "1073741824", Everywhere, Host;
    /// How long a tenant that is taken in waits for a lock on its tables.
    database_transfer_lock_ms_max: u64 = "database.transfer-lock-ms-max", Kind::Integer(100, 600_000), "milliseconds", "10000", Everywhere, Host;
    /// How long a commit may take; it is not cut at the request's deadline.
    database_commit_ms_max: u64 = "database.commit-ms-max", Kind::Integer(1000, 600_000), "milliseconds", "30000", Everywhere, Host;
    /// How long the host's own work on a tenant may run.
    database_host_ms_max: u64 = "database.host-ms-max", Kind::Integer(100, 600_000), "milliseconds", "10000", Everywhere, Host;
    /// How long the migrations of one component may run.
    database_migration_ms_max: u64 = "database.migration-ms-max", Kind::Integer(1000, 86_400_000), "milliseconds", "600000", Everywhere, Host;
    /// How long the server keeps a transaction open in which nothing happens.
    database_transaction_idle_ms_max: u64 = "database.transaction-idle-ms-max", Kind::Integer(1000, 86_400_000), "milliseconds", "330000", Everywhere, Host;
    /// How often the server looks, during a statement, whether the host is there.
    database_host_check_ms: u64 = "database.host-check-ms", Kind::Integer(100, 600_000), "milliseconds", "2000", Everywhere, Host;
    /// After how long without a packet the server asks whether the host's machine is there.
    database_keepalive_idle_s: u64 = "database.keepalive-idle-s", Kind::Integer(1, 86_400), "seconds", "15", Everywhere, Host;
    /// How long it waits for each answer to that.
    database_keepalive_interval_s: u64 = "database.keepalive-interval-s", Kind::Integer(1, 3600), "seconds", "5", Everywhere, Host;
    /// After how many questions without an answer it rolls back.
    database_keepalive_count: u64 = "database.keepalive-count", Kind::Integer(1, 100), "questions", "3", Everywhere, Host;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_key_has_a_name_of_its_own_a_default_that_it_takes_and_a_sentence() {
        let mut names = HashSet::new();
        let mut variables = HashSet::new();
        for key in KEYS {
            assert!(names.insert(key.name) && key.name.split('.').count() <= 2, "{}", key.name);
            assert!(key.name.split('.').all(kernel_types::text::is_kebab), "{}", key.name);
            assert!(key.variable().is_none_or(|variable| variables.insert(variable)), "{}", key.name);
            assert!(key.default.is_empty() || key.kind.parse(key.default).is_some(), "{}", key.name);
            assert!(key.summary().ends_with('.') && !key.summary().contains("  "), "{}", key.name);
            assert_eq!(matches!(key.kind, Kind::Integer(..)), !key.unit.is_empty(), "{}", key.name);
            // A secret is no section, and a section no key.
            assert!(!KEYS.iter().any(|other| other.name.starts_with(&format!("{}.", key.name))), "{}", key.name);
        }
    }
}
