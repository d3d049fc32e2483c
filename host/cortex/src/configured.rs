// SPDX-License-Identifier: MIT OR Apache-2.0
//! From a configuration to the settings of each part. Every field of theirs has a key; the compiler says where one is
//! missing.

use crate::host::Settings;
use crate::lifecycle::Deadlines;
use edge_config::Values;
use kernel_types::Limits;
use std::time::Duration;

/// The settings of a host. Its database, where it has one, is opened by whoever can wait for it.
#[must_use]
pub fn settings(values: &Values) -> Settings {
    Settings {
        engine: kernel_engine::Settings {
            instances_max: narrow(values.engine_instances_max),
            limits_max: limits(values),
        },
        store: backend_sqlite::Settings {
            queue_units_max: narrow(values.store_queue_units_max),
            batch_units_max: narrow(values.store_batch_units_max),
            batch_ms_max: values.store_batch_ms_max,
            redo_bytes_max: narrow(values.store_redo_bytes_max),
            readers_per_tenant_max: narrow(values.store_readers_per_tenant_max),
            readers_max: narrow(values.store_readers_max),
            writers_max: narrow(values.store_writers_max),
            connections_max: narrow(values.store_connections_max),
            idle_ms: values.store_idle_ms,
            statements_per_connection_max: narrow(values.store_statements_per_connection_max),
            writer_cache_kib: narrow(values.store_writer_cache_kib),
            reader_cache_kib: narrow(values.store_reader_cache_kib),
            checkpoint_wal_bytes: values.store_checkpoint_wal_bytes,
            checkpoint_wal_bytes_max: values.store_checkpoint_wal_bytes_max,
            value_bytes_max: narrow(values.store_value_bytes_max),
            statement_bytes_max: narrow(values.store_statement_bytes_max),
            busy_ms_max: values.store_busy_ms_max,
            database_pages_max: narrow(values.store_database_pages_max),
            host_ms_max: values.store_host_ms_max,
            migration_ms_max: values.store_migration_ms_max,
            answers_max: narrow(values.store_answers_max),
            answer_bytes_max: values.store_answer_bytes_max,
            documents_max: narrow(values.store_documents_max),
            document_bytes_max: narrow(values.store_document_bytes_max),
        },
        store_drain: Duration::from_millis(values.store_drain_ms_max),
        hooks: Deadlines {
            preboot: Duration::from_millis(values.hooks_preboot_ms_max),
            boot: Duration::from_millis(values.hooks_boot_ms_max),
            shutdown: Duration::from_millis(values.hooks_shutdown_ms_max),
        },
        gateway: edge_gateway::Settings {
            connections_max: narrow(values.gateway_connections_max),
            requests_in_flight_max: narrow(values.gateway_requests_in_flight_max),
            tenant_requests_in_flight_max: narrow(values.gateway_tenant_requests_in_flight_max),
            head_bytes_max: narrow(values.gateway_head_bytes_max),
            header_fields_max: narrow(values.gateway_header_fields_max),
            body_bytes_max: values.gateway_body_bytes_max,
            body_bytes_in_flight_max: narrow(values.gateway_body_bytes_in_flight_max),
            head_ms_max: values.gateway_head_ms_max,
            body_ms_max: values.gateway_body_ms_max,
            body_bytes_per_second_min: values.gateway_body_bytes_per_second_min,
            drain_ms_max: values.gateway_drain_ms_max,
            retry_after_seconds: values.gateway_retry_after_seconds,
        },
        ..Settings::at(&values.directory)
    }
}

/// The settings of the PostgreSQL back end.
#[must_use]
pub fn postgres(values: &Values) -> backend_postgres::Settings {
    backend_postgres::Settings {
        connections_max: narrow(values.database_connections_max),
        writers_per_tenant_max: narrow(values.database_writers_per_tenant_max),
        readers_per_tenant_max: narrow(values.database_readers_per_tenant_max),
        queue_units_max: narrow(values.database_queue_units_max),
        connection_wait_ms_max: values.database_connection_wait_ms_max,
        begin_wait_ms_max: values.database_begin_wait_ms_max,
        probe_ms: values.database_probe_ms,
        probe_wait_ms_max: values.database_probe_wait_ms_max,
        probe_suspect_ms: values.database_probe_suspect_ms,
        return_wait_ms_max: values.database_return_wait_ms_max,
        idle_ms: values.database_idle_ms,
        connection_age_ms_max: values.database_connection_age_ms_max,
        statements_per_connection_max: narrow(values.database_statements_per_connection_max),
        redo_bytes_max: narrow(values.database_redo_bytes_max),
        answers_max: narrow(values.database_answers_max),
        answer_bytes_max: values.database_answer_bytes_max,
        transfer_lock_ms_max: values.database_transfer_lock_ms_max,
        commit_ms_max: values.database_commit_ms_max,
        host_ms_max: values.database_host_ms_max,
        migration_ms_max: values.database_migration_ms_max,
        transaction_idle_ms_max: values.database_transaction_idle_ms_max,
        host_check_ms: values.database_host_check_ms,
        keepalive_idle_s: narrow(values.database_keepalive_idle_s),
        keepalive_interval_s: narrow(values.database_keepalive_interval_s),
        keepalive_count: narrow(values.database_keepalive_count),
    }
}

fn limits(values: &Values) -> Limits {
    Limits {
        memory_bytes_max: values.engine_memory_bytes_max,
        cpu_ms_max: values.engine_cpu_ms_max,
        wall_ms_max: values.engine_wall_ms_max,
        host_calls_max: values.engine_host_calls_max,
        log_bytes_max: values.engine_log_bytes_max,
        argument_bytes_max: values.engine_argument_bytes_max,
        result_bytes_max: values.engine_result_bytes_max,
        sql_rows_max: values.engine_sql_rows_max,
        sql_ms_max: values.engine_sql_ms_max,
        call_depth_max: values.engine_call_depth_max,
        stack_bytes_max: values.engine_stack_bytes_max,
    }
}

/// The bounds of a key lie within those of what it becomes.
fn narrow<T: TryFrom<u64> + Bounded>(value: u64) -> T {
    T::try_from(value).unwrap_or(T::MAX)
}

trait Bounded {
    const MAX: Self;
}

impl Bounded for usize {
    const MAX: Self = Self::MAX;
}

impl Bounded for u32 {
    const MAX: Self = Self::MAX;
}

#[cfg(test)]
mod tests {
    use super::*;
    use edge_config::{Given, KEYS, Kind, Sources, resolve};

    /// The defaults are said twice, in the list of keys and where a part is used without a configuration.
    #[test]
    fn what_nobody_configures_is_what_each_part_has_by_itself() {
        let configuration = resolve(&Sources::default()).unwrap();
        let (here, there) = (settings(&configuration), Settings::at(&configuration.directory));
        assert_eq!(format!("{:?}", here.engine), format!("{:?}", there.engine));
        assert_eq!(format!("{:?}", here.store), format!("{:?}", there.store));
        assert_eq!(format!("{:?}", here.gateway), format!("{:?}", there.gateway));
        assert_eq!((here.store_drain, here.hooks, &here.directory), (there.store_drain, there.hooks, &there.directory));
        let database = format!("{:?}", postgres(&configuration));
        assert_eq!(database, format!("{:?}", backend_postgres::Settings::default()));
    }

    #[test]
    fn every_number_arrives_whole() {
        let numbers = KEYS.iter().filter_map(|key| match key.kind {
            Kind::Integer(_, most) => Some((key.name, most)),
            _ => None,
        });
        let given: Vec<Given> =
            numbers.clone().map(|(key, most)| Given { key: key.into(), value: most.to_string() }).collect();
        let configuration = resolve(&Sources { command_line: &given, ..Sources::default() }).unwrap();
        let host = settings(&configuration);
        let parts = format!("{:?}{:?}{:?}{:?}", host.engine, host.store, host.gateway, postgres(&configuration));
        assert_eq!(host.store_drain, Duration::from_millis(configuration.store_drain_ms_max));
        assert_eq!(host.hooks.shutdown, Duration::from_millis(configuration.hooks_shutdown_ms_max));
        let of_others =
            |name: &str| name.starts_with("log.") || name.starts_with("hooks.") || name == "store.drain-ms-max";
        for (name, most) in numbers.filter(|(name, _)| !of_others(name)) {
            let field = name.split_once('.').unwrap().1.replace('-', "_");
            assert!(parts.contains(&format!("{field}: {most}")), "{name}");
        }
        for limit in Limits::ALL {
            assert_eq!(host.engine.limits_max.get(*limit), Limits::HOST_MAXIMUM.get(*limit), "{limit}");
        }
    }
}
