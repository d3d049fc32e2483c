// SPDX-License-Identifier: MIT OR Apache-2.0
//! Running a unit of work again that had to give way to another: how often, and after which pause.
//!
//! Nothing was answered and nothing remains of the first run, so that the second is as good as the first. Its component
//! starts anew, with the same request, the same time and a fresh meter; only log lines are there twice.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::Duration;

/// How often one request's unit of work may run in all. Units of one host take turns, so that it meets other hosts only: with
/// four of them at one counter all the time, each run succeeds in one of four cases at the least, and ten fail in one of
/// twenty requests; their pauses make it far fewer.
pub(crate) const RUNS_MAX: u32 = 10;

/// The longest pause before the second run, in microseconds: about what a short unit takes.
const FIRST_PAUSE_US: u64 = 4_000;

/// The longest pause before any run, in microseconds. A person notices no tenth of a second.
const PAUSE_US_MAX: u64 = 100_000;

/// How long to wait before the run of this number, from 2: a random part of a time that doubles, so that those who met once
/// do not meet again.
pub(crate) fn pause(run: u32) -> Duration {
    let doubled = FIRST_PAUSE_US.saturating_mul(1_u64.checked_shl(run.saturating_sub(2)).unwrap_or(u64::MAX));
    // A new hasher has random keys; nothing is hashed.
    let random = RandomState::new().build_hasher().finish();
    Duration::from_micros(random.checked_rem(doubled.min(PAUSE_US_MAX)).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_bounded_and_differ() {
        for run in [2, 3, 7, 60, 70, u32::MAX] {
            assert!(pause(run) < Duration::from_micros(PAUSE_US_MAX), "{run}");
        }
        assert!(pause(2) < Duration::from_micros(FIRST_PAUSE_US));
        let some: std::collections::HashSet<Duration> = (0..64).map(|_| pause(9)).collect();
        assert!(some.len() > 8);
    }
}
