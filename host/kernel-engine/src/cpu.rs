// SPDX-License-Identifier: MIT OR Apache-2.0
//! Each poll of one invocation: its processor time, and where a panic of the host ends.
//!
//! A future may move between threads, so time is taken per poll from the polling thread's own clock. Most invocations end
//! before the first tick and never read a clock at all; from the first tick on, every poll is timed from its beginning.
//! What an invocation uses before its first tick is less than one tick and is not counted.

use crate::error::Panicked;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};

/// Processor time used by one invocation so far. Shared between the poll wrapper and the epoch callback.
#[derive(Debug, Default)]
pub(crate) struct CpuTime {
    /// Whether the clock was ever looked at; from then on every poll is timed.
    running: AtomicBool,
    /// Nanoseconds of the polls that ended.
    ended: AtomicU64,
    /// Where the thread's clock stood when this poll was first looked at; zero: not looked at yet.
    poll_start: AtomicU64,
    /// Nanoseconds that belong to invocations called from this one.
    callees: AtomicU64,
}

fn thread_clock() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let nanoseconds = u64::try_from(time.tv_nsec).unwrap_or(0);
    seconds.saturating_mul(1_000_000_000).saturating_add(nanoseconds).max(1)
}

impl CpuTime {
    /// Looks at the clock from inside a poll, and returns the nanoseconds used so far. From then on the poll is timed, from
    /// now where it was not: a caller that is about to call another looks before.
    pub(crate) fn look(&self) -> u64 {
        let now = thread_clock();
        let start = match self.poll_start.load(Ordering::Relaxed) {
            0 => {
                self.running.store(true, Ordering::Relaxed);
                self.poll_start.store(now, Ordering::Relaxed);
                now
            }
            start => start,
        };
        let total = self.ended.load(Ordering::Relaxed).saturating_add(now.saturating_sub(start));
        total.saturating_sub(self.callees.load(Ordering::Relaxed))
    }

    /// Leaves the time of a callee out of this invocation's.
    pub(crate) fn exclude(&self, callee: &Self) {
        let total = callee.ended.load(Ordering::Relaxed);
        // A callee whose clock ran has a caller whose clock must run too, or more would be left out than was counted.
        if total > 0 && self.poll_start.load(Ordering::Relaxed) != 0 {
            self.callees.fetch_add(total, Ordering::Relaxed);
        }
    }

    fn begin_poll(&self) {
        if self.running.load(Ordering::Relaxed) {
            self.look();
        }
    }

    fn end_poll(&self) {
        let start = self.poll_start.swap(0, Ordering::Relaxed);
        if start != 0 {
            self.ended.fetch_add(thread_clock().saturating_sub(start), Ordering::Relaxed);
        }
    }
}

/// A future whose polls are timed, and whose panic is an error: a defect of the host in the service of one invocation ends
/// that one, with its store, and no other. The future is not polled again afterwards.
pub(crate) struct Timed<F> {
    future: F,
    time: Arc<CpuTime>,
}

impl<F> Timed<F> {
    pub(crate) const fn new(future: F, time: Arc<CpuTime>) -> Self {
        Self { future, time }
    }
}

impl<F: Future<Output = wasmtime::Result<T>> + Unpin, T> Future for Timed<F> {
    type Output = wasmtime::Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.time.begin_poll();
        let polled = catch_unwind(AssertUnwindSafe(|| Pin::new(&mut self.future).poll(context)));
        self.time.end_poll();
        polled.unwrap_or_else(|payload| {
            let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let message = text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default();
            Poll::Ready(Err(wasmtime::Error::new(Panicked(message))))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_poll_that_nobody_looked_at_costs_nothing_and_one_that_was_counts() {
        let time = CpuTime::default();
        time.end_poll();
        assert_eq!(time.ended.load(Ordering::Relaxed), 0);
        let first = time.look();
        let mut sum = 0u64;
        while time.look() < first + 2_000_000 {
            sum = sum.wrapping_add(1);
        }
        time.end_poll();
        assert!(time.ended.load(Ordering::Relaxed) >= 2_000_000, "{sum}");
    }

    #[test]
    fn a_callees_time_is_not_its_callers() {
        let (caller, callee) = (CpuTime::default(), CpuTime::default());
        caller.look();
        while callee.look() < 3_000_000 {}
        callee.end_poll();
        caller.exclude(&callee);
        assert!(caller.look() < 2_000_000);
    }
}
