// SPDX-License-Identifier: MIT OR Apache-2.0
//! What stands between one request and all others: a bound on how many run, and a wall against panics.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

/// Counts what runs. Cheap to clone; clones count together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gauge(Arc<AtomicUsize>);

/// One of what is counted; dropping it ends it.
#[derive(Debug)]
pub(crate) struct Permit(Gauge);

impl Gauge {
    /// One more, where fewer than `max` run.
    pub(crate) fn enter(&self, max: usize) -> Option<Permit> {
        let permit = Permit(self.clone());
        let before = self.0.fetch_add(1, Ordering::AcqRel);
        (before < max).then_some(permit)
    }

    /// How many run now.
    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::Acquire)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Bytes of bodies that lie in memory at the same time, over all requests.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory(Arc<AtomicUsize>);

/// A share of the memory; dropping it gives it back.
#[derive(Debug)]
pub(crate) struct Share {
    memory: Memory,
    bytes: usize,
}

impl Memory {
    /// A share of nothing, to grow.
    pub(crate) fn share(&self) -> Share {
        Share { memory: self.clone(), bytes: 0 }
    }
}

impl Share {
    /// Grows the share to `bytes`, where all shares together stay within `max`; otherwise it stays as it is.
    #[must_use]
    pub(crate) fn grow_to(&mut self, bytes: usize, max: usize) -> bool {
        let more = bytes.saturating_sub(self.bytes);
        let fits = |used: usize| used.checked_add(more).filter(|sum| *sum <= max);
        let grown = self.memory.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, fits).is_ok();
        if grown {
            self.bytes = self.bytes.saturating_add(more);
        }
        grown
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.memory.0.fetch_sub(self.bytes, Ordering::AcqRel);
    }
}

/// A future whose panic is its result. What it held is dropped with it; nothing that others share is left locked, since the
/// host's locks do not poison.
pub(crate) struct CatchPanic<'f, F>(pub(crate) Pin<&'f mut F>);

impl<F: Future> Future for CatchPanic<'_, F> {
    type Output = Result<F::Output, String>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let inner = self.0.as_mut();
        match catch_unwind(AssertUnwindSafe(|| inner.poll(context))) {
            Ok(poll) => poll.map(Ok),
            Err(payload) => Poll::Ready(Err(text(payload.as_ref()))),
        }
    }
}

fn text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("a panic without text").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gauge_admits_its_maximum_and_counts_refusals_out() {
        let gauge = Gauge::default();
        let first = gauge.enter(2).unwrap();
        let second = gauge.enter(2).unwrap();
        assert!(gauge.enter(2).is_none());
        assert_eq!(gauge.count(), 2);
        drop(first);
        assert!(gauge.enter(2).is_some());
        drop(second);
        assert_eq!(gauge.count(), 0);
        assert!(gauge.enter(0).is_none());
    }

    #[test]
    fn memory_is_shared_out_up_to_its_maximum_and_given_back() {
        let memory = Memory::default();
        let (mut one, mut two) = (memory.share(), memory.share());
        assert!(one.grow_to(6, 10) && one.grow_to(4, 10));
        assert!(!two.grow_to(5, 10) && two.grow_to(4, 10));
        assert!(!one.grow_to(usize::MAX, usize::MAX));
        drop(one);
        assert!(two.grow_to(10, 10));
        drop(two);
        assert_eq!(memory.0.load(Ordering::Acquire), 0);
    }

    #[tokio::test]
    async fn a_panic_is_a_result_and_what_was_held_is_dropped() {
        let gauge = Gauge::default();
        let permit = gauge.enter(1);
        {
            let work = std::pin::pin!(async move {
                let _held = permit;
                tokio::task::yield_now().await;
                panic!("no {}", "way");
            });
            let result: Result<(), String> = CatchPanic(work).await;
            assert_eq!(result, Err("no way".to_owned()));
        }
        assert_eq!(gauge.count(), 0);
        assert_eq!(CatchPanic(std::pin::pin!(async { 7 })).await, Ok(7));
    }
}
