// SPDX-License-Identifier: MIT OR Apache-2.0
//! The newest progress report of each running request, in memory only.

use kernel_types::{RequestId, TenantId};
use parking_lot::Mutex;
use std::collections::HashMap;

/// Requests that are watched at the same time. One that begins beyond it runs as well, without progress.
const REQUESTS_MAX: usize = 4_096;

/// Bytes of a unit's name that are kept.
const UNIT_BYTES_MAX: usize = 40;

/// How far an operation has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Units that are done.
    pub done: u64,
    /// Units in all, where known.
    pub total: Option<u64>,
    /// What a unit is, `entries`.
    pub unit: String,
}

impl Progress {
    /// A report; the unit's name is cut to 40 bytes.
    #[must_use]
    pub fn new(done: u64, total: Option<u64>, unit: &str) -> Self {
        let mut end = unit.len().min(UNIT_BYTES_MAX);
        while !unit.is_char_boundary(end) {
            end = end.saturating_sub(1);
        }
        Self { done, total, unit: unit.get(..end).unwrap_or("").to_owned() }
    }
}

/// The requests that are watched. Only a request that was opened is tracked, and only until its guard is dropped.
#[derive(Debug, Default)]
pub struct Tracker(Mutex<HashMap<(TenantId, RequestId), Option<Progress>>>);

/// Ends the watch of one request when dropped.
pub struct Watch<'a> {
    tracker: &'a Tracker,
    key: Option<(TenantId, RequestId)>,
}

impl Tracker {
    /// Begins to watch a request. A second one of the same tenant under the same id is not watched.
    pub fn watch(&self, tenant: &TenantId, request: &RequestId) -> Watch<'_> {
        let mut requests = self.0.lock();
        let key = (tenant.clone(), request.clone());
        let free = requests.len() < REQUESTS_MAX && !requests.contains_key(&key);
        if free {
            requests.insert(key.clone(), None);
        }
        Watch { tracker: self, key: free.then_some(key) }
    }

    /// The newest report: `None` where no such request of the tenant runs, `Some(None)` where it has not reported yet.
    #[must_use]
    pub fn read(&self, tenant: &TenantId, request: &RequestId) -> Option<Option<Progress>> {
        self.0.lock().get(&(tenant.clone(), request.clone())).cloned()
    }

    pub(crate) fn report(&self, tenant: &TenantId, request: &RequestId, progress: Progress) {
        if let Some(slot) = self.0.lock().get_mut(&(tenant.clone(), request.clone())) {
            *slot = Some(progress);
        }
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if let Some(key) = self.key.take() {
            self.tracker.0.lock().remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(tenant: &str, request: &str) -> (TenantId, RequestId) {
        (TenantId::parse(tenant).unwrap(), RequestId::parse(request).unwrap())
    }

    #[test]
    fn a_request_is_seen_by_its_own_tenant_while_it_runs() {
        let tracker = Tracker::default();
        let ((one, request), (other, _)) = (ids("one", "r"), ids("other", "r"));
        tracker.report(&one, &request, Progress::new(1, None, "entries"));
        assert_eq!(tracker.read(&one, &request), None, "not watched, not kept");
        let watch = tracker.watch(&one, &request);
        assert_eq!(tracker.read(&one, &request), Some(None));
        tracker.report(&one, &request, Progress::new(2, Some(9), "entries"));
        assert_eq!(tracker.read(&one, &request).unwrap().unwrap().done, 2);
        assert_eq!(tracker.read(&other, &request), None);
        drop(watch);
        assert_eq!(tracker.read(&one, &request), None);
    }

    #[test]
    fn a_second_request_under_the_same_id_does_not_end_the_first_ones_watch() {
        let tracker = Tracker::default();
        let (tenant, request) = ids("one", "r");
        let _first = tracker.watch(&tenant, &request);
        drop(tracker.watch(&tenant, &request));
        assert_eq!(tracker.read(&tenant, &request), Some(None));
    }

    #[test]
    fn the_flood_is_bounded() {
        let tracker = Tracker::default();
        let tenant = TenantId::parse("one").unwrap();
        let requests: Vec<_> = (0..REQUESTS_MAX + 10).map(|n| RequestId::parse(&format!("r{n}")).unwrap()).collect();
        let watches: Vec<_> = requests.iter().map(|request| tracker.watch(&tenant, request)).collect();
        assert_eq!(tracker.0.lock().len(), REQUESTS_MAX);
        drop(watches);
        assert!(tracker.0.lock().is_empty());
        assert_eq!(Progress::new(0, None, &"ü".repeat(50)).unit.len(), UNIT_BYTES_MAX);
    }
}
