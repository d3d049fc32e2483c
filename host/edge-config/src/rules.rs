// SPDX-License-Identifier: MIT OR Apache-2.0
//! Values that have to fit each other.

use crate::fault::{Collector, Fault};
use crate::list::Values;

/// Reports each that does not.
pub(crate) fn check(values: &Values, faults: &mut Collector) {
    let mut fault = |key: &str, expected: &str, found: String| {
        faults.add(Fault {
            place: "the configuration".to_owned(),
            key: key.to_owned(),
            expected: expected.to_owned(),
            found,
            nearest: None,
        });
    };
    // A busy tenant needs a writer and its readers at the same time.
    if values.store_connections_max < values.store_writers_max.saturating_add(values.store_readers_max) {
        let expected = "at least `store.writers-max` and `store.readers-max` together";
        fault("store.connections-max", expected, values.store_connections_max.to_string());
    }
    if values.store_checkpoint_wal_bytes_max < values.store_checkpoint_wal_bytes {
        let expected = "at least `store.checkpoint-wal-bytes`";
        fault("store.checkpoint-wal-bytes-max", expected, values.store_checkpoint_wal_bytes_max.to_string());
    }
    if values.gateway_tenant_requests_in_flight_max > values.gateway_requests_in_flight_max {
        let expected = "at most `gateway.requests-in-flight-max`";
        let found = values.gateway_tenant_requests_in_flight_max.to_string();
        fault("gateway.tenant-requests-in-flight-max", expected, found);
    }
    if values.log_file.is_some() && values.log_file == values.log_error_file {
        fault("log.error-file", "another file than `log.file`", "the same".to_owned());
    }
}
