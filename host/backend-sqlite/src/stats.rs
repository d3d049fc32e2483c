// SPDX-License-Identifier: MIT OR Apache-2.0
//! Counters of the store, for metrics and for tests that prove how units of work were grouped.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        /// What the store has done since it was opened.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Stats {
            $($(#[$doc])* pub $name: u64,)*
        }

        #[derive(Default)]
        pub(crate) struct Counters {
            $(pub(crate) $name: AtomicU64,)*
        }

        impl Counters {
            pub(crate) fn read(&self) -> Stats {
                Stats { $($name: self.$name.load(Relaxed),)* }
            }
        }
    };
}

counters! {
    /// Units of work that wrote or may have written, host work included, once they ended.
    write_units;
    /// Units of work that read, once they ended.
    read_units;
    /// Transactions on a writer, each of one or more units.
    batches;
    /// Transactions that made changes durable: each is one sync of the write-ahead log.
    commits;
    /// Units rolled back: by their verdict, a panic, the deadline, or a caller that left.
    rollbacks;
    /// Units refused because the queue was full.
    refused_busy;
    /// Units that ended unavailable although their work said commit.
    failed;
    /// Transactions that the engine threw away under an interrupted statement and that were restored.
    restored;
    /// Time spent in COMMIT, the sync included, in microseconds.
    commit_us;
    /// Checkpoints of a write-ahead log.
    checkpoints;
    /// Connections opened.
    opened;
    /// Connections closed.
    closed;
}

pub(crate) fn add(counter: &AtomicU64, amount: u64) {
    counter.fetch_add(amount, Relaxed);
}

pub(crate) fn add_time(counter: &AtomicU64, time: Duration) {
    add(counter, u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
}
