// SPDX-License-Identifier: MIT OR Apache-2.0
//! What one process serves at most. Bounds of formats (a token, an entry, a request for a timestamp) stand beside their parsers.

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// The limits that an operator may set. Every one has a default; unknown names are refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Limits {
    /// Connections at a time; one more is closed at once.
    pub connections_max: usize,
    /// Bytes of a request's body: a token, a certificate request and their wrapping.
    pub body_bytes_max: usize,
    /// Milliseconds until a request's head is there.
    pub head_ms_max: u64,
    /// Milliseconds for a whole request: waiting for the disk is the longest part.
    pub request_ms_max: u64,
    /// Certificates a second: each costs two signatures and perhaps a question to an issuer.
    pub certificates_per_second_max: u32,
    /// Timestamps a second.
    pub timestamps_per_second_max: u32,
    /// Entries a second.
    pub entries_per_second_max: u32,
    /// Tiles, checkpoints and other reads a second.
    pub reads_per_second_max: u32,
    /// Milliseconds for running requests when the process ends.
    pub drain_ms_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 512,
            body_bytes_max: 64 << 10,
            head_ms_max: 10_000,
            request_ms_max: 20_000,
            certificates_per_second_max: 50,
            timestamps_per_second_max: 200,
            entries_per_second_max: 4_000,
            reads_per_second_max: 2_000,
            drain_ms_max: 10_000,
        }
    }
}

/// So many a second, and no more than one second's worth at once.
#[derive(Debug)]
pub(crate) struct Rate {
    per_second: u32,
    /// What is left, in thousandths, and when that was.
    left: Mutex<(u64, Instant)>,
}

impl Rate {
    pub(crate) fn new(per_second: u32) -> Self {
        Self { per_second, left: Mutex::new((u64::from(per_second) * 1_000, Instant::now())) }
    }

    /// Takes one, if there is one.
    pub(crate) fn take(&self) -> bool {
        self.take_at(Instant::now())
    }

    fn take_at(&self, now: Instant) -> bool {
        let mut left = self.left.lock();
        let milliseconds = u64::try_from(now.saturating_duration_since(left.1).as_millis()).unwrap_or(u64::MAX);
        if milliseconds > 0 {
            let grown = milliseconds.saturating_mul(u64::from(self.per_second));
            *left = (left.0.saturating_add(grown).min(u64::from(self.per_second) * 1_000), now);
        }
        let enough = left.0 >= 1_000;
        if enough {
            left.0 -= 1_000;
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_rate_gives_as_many_as_it_says() {
        let rate = Rate::new(10);
        let start = Instant::now();
        let taken = |at: u64| (0..100).filter(|_| rate.take_at(start + Duration::from_millis(at))).count();
        assert_eq!(taken(0), 10);
        assert_eq!(taken(99), 0);
        assert_eq!(taken(250), 2);
        assert_eq!(taken(60_000), 10);
        assert_eq!((0..9).filter(|_| Rate::new(0).take()).count(), 0);
    }
}
