// SPDX-License-Identifier: MIT OR Apache-2.0
//! The limits of the gateway itself. The limits of an operation come from its component's manifest.
//!
//! Nothing is read from the environment here; the binary fills the values in.

use std::time::Duration;

/// What one gateway may take from the machine and grant to a peer. [`Settings::default`] suits a host with 1 GiB or more.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Connections open at a time. Each costs up to [`Settings::head_bytes_max`] of buffer, so that the default stays
    /// under 300 MiB when every peer is hostile. Past it, a new connection is answered with 503 and closed.
    pub connections_max: usize,
    /// Requests served at a time, over all tenants. Past it, a request is answered with 503. Twice the engine's default
    /// number of instances: half may wait for a database while the other half runs.
    pub requests_in_flight_max: usize,
    /// Requests of one tenant served at a time. Past it, a request is answered with 429. Less than the number above, so
    /// that no tenant takes the host from the others.
    pub tenant_requests_in_flight_max: usize,
    /// Bytes of a request's line and header fields together. A bearer token, a long query and what proxies add fit.
    pub head_bytes_max: usize,
    /// Header fields of a request. Browsers and proxies send about twenty.
    pub header_fields_max: usize,
    /// Bytes of a body, whatever the operation's own limit says.
    pub body_bytes_max: u64,
    /// Bytes of bodies longer than 16 KiB that lie in memory at the same time, over all requests. Past it, a request is
    /// answered with 503: a thousand large bodies at once must not fill the memory.
    pub body_bytes_in_flight_max: usize,
    /// From the moment a connection is ready for a request to the end of that request's head: the time that an idle
    /// connection is kept, and all the time that a slow sender of headers gets.
    pub head_ms_max: u64,
    /// How long a body may take, however short it is. A longer one gets the time that it takes at
    /// [`Settings::body_bytes_per_second_min`] on top.
    pub body_ms_max: u64,
    /// The slowest that a body may arrive. 16 KiB a second is a bad mobile connection.
    pub body_bytes_per_second_min: u64,
    /// What remains for running requests when the host stops.
    pub drain_ms_max: u64,
    /// When a refused caller should come back, in seconds, where nothing better is known.
    pub retry_after_seconds: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connections_max: 4_096,
            requests_in_flight_max: 1_024,
            tenant_requests_in_flight_max: 512,
            head_bytes_max: 64 << 10,
            header_fields_max: 64,
            body_bytes_max: 64 << 20,
            body_bytes_in_flight_max: 256 << 20,
            head_ms_max: 30_000,
            body_ms_max: 10_000,
            body_bytes_per_second_min: 16 << 10,
            drain_ms_max: 20_000,
            retry_after_seconds: 1,
        }
    }
}

impl Settings {
    /// How long a body of which `received` bytes have come may take in all.
    pub(crate) fn body_time(&self, received: u64) -> Duration {
        let at_slowest = received.saturating_mul(1_000) / self.body_bytes_per_second_min.max(1);
        Duration::from_millis(self.body_ms_max.saturating_add(at_slowest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_body_gets_more_time_and_an_odd_rate_does_no_harm() {
        let mut settings = Settings { body_ms_max: 1_000, body_bytes_per_second_min: 1_000, ..Settings::default() };
        assert_eq!(settings.body_time(0), Duration::from_secs(1));
        assert_eq!(settings.body_time(5_000), Duration::from_secs(6));
        settings.body_bytes_per_second_min = 0;
        assert!(settings.body_time(u64::MAX) > Duration::from_secs(1));
    }
}
