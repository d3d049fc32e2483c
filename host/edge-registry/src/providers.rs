// SPDX-License-Identifier: MIT OR Apache-2.0
//! What each tenant has enabled now: read on every request and every call, replaced as a whole when it changes.

use crate::enable::EnabledSet;
use kernel_engine::{Directory, Prepared};
use kernel_types::{InterfaceId, TenantId};
use parking_lot::RwLock;
use std::collections::HashMap;
use std::sync::Arc;

/// The enabled components of every tenant. Tenants with the same components and grants share one set, so that an idle
/// tenant costs an entry here and nothing else.
#[derive(Default)]
pub struct Providers(RwLock<HashMap<TenantId, Arc<EnabledSet>>>);

impl Providers {
    /// What the tenant has enabled; [`None`] where the tenant is unknown.
    #[must_use]
    pub fn get(&self, tenant: &TenantId) -> Option<Arc<EnabledSet>> {
        self.0.read().get(tenant).cloned()
    }

    /// The known tenants, sorted.
    #[must_use]
    pub fn tenants(&self) -> Vec<TenantId> {
        let mut tenants: Vec<_> = self.0.read().keys().cloned().collect();
        tenants.sort();
        tenants
    }

    /// Replaces a tenant's set. A component that runs is not interrupted; what it calls from now on is of the new set.
    pub(crate) fn set(&self, tenant: TenantId, set: Arc<EnabledSet>) {
        self.0.write().insert(tenant, set);
    }

    /// Forgets a tenant.
    pub(crate) fn remove(&self, tenant: &TenantId) {
        self.0.write().remove(tenant);
    }
}

impl Directory for Providers {
    fn provider(&self, tenant: &TenantId, interface: &InterfaceId) -> Option<Arc<Prepared>> {
        self.0.read().get(tenant)?.provider(interface).cloned()
    }
}
