// SPDX-License-Identifier: MIT OR Apache-2.0
//! Each tenant's share of the engine's instances, so that one that asks for all of them leaves some to the others.

use kernel_types::TenantId;
use parking_lot::Mutex;
use std::collections::HashMap;

/// How many instances each tenant uses now. A tenant that uses none is not kept.
#[derive(Debug, Default)]
pub(crate) struct Shares(Mutex<HashMap<TenantId, u32>>);

/// One instance of a tenant, given back when dropped.
pub(crate) struct Share<'a> {
    shares: &'a Shares,
    tenant: &'a TenantId,
}

impl Shares {
    /// One instance more for the tenant, unless it has `max` already.
    pub(crate) fn take<'a>(&'a self, tenant: &'a TenantId, max: u32) -> Option<Share<'a>> {
        let mut used = self.0.lock();
        match used.get_mut(tenant) {
            Some(count) if *count >= max => return None,
            Some(count) => *count = count.saturating_add(1),
            None => {
                used.insert(tenant.clone(), 1);
            }
        }
        Some(Share { shares: self, tenant })
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        let mut used = self.shares.0.lock();
        if let Some(count) = used.get_mut(self.tenant) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                used.remove(self.tenant);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_bounded_given_back_and_forgotten() {
        let (shares, one, other) =
            (Shares::default(), TenantId::parse("one").unwrap(), TenantId::parse("other").unwrap());
        let held: Vec<_> = (0..3).map(|_| shares.take(&one, 3).unwrap()).collect();
        assert!(shares.take(&one, 3).is_none());
        assert!(shares.take(&other, 3).is_some());
        drop(held);
        assert!(shares.take(&one, 1).is_some());
        assert!(shares.0.lock().is_empty());
    }
}
