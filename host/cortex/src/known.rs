// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a host has taken note of, and putting it into force. Every document that is heard of, committed here or elsewhere,
//! comes through [`Host::learn`]: the newer one counts, in whatever order they come.

use crate::backplane;
use crate::host::Host;
use crate::text::chain;
use anyhow::Result;
use cap_state::{Document, Key, Revision};
use edge_gateway::TenantView;
use edge_registry::{CredentialRecord, Entry, Installed, Stored, TenantRecord};
use kernel_types::{ComponentId, Digest, Grants, TenantId};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// What is known of what hosts remember.
#[derive(Default)]
pub(crate) struct Known {
    /// Up to here everything is known.
    pub(crate) upto: Revision,
    /// Whether bundles are fetched and compiled as soon as they are heard of, and not only when a tenant needs them.
    pub(crate) prefetch: bool,
    revisions: HashMap<Key, Revision>,
    tenants: HashMap<TenantId, Tenant>,
    /// The tokens' digests by the ids of their credentials.
    tokens: HashMap<Arc<str>, Digest>,
    /// Bundles to be fetched though nobody waits for them.
    ahead: BTreeSet<Digest>,
    /// Bundles that cannot be used by this host, until they are installed again.
    unusable: HashSet<Digest>,
}

/// Components with what was granted to each.
type Chosen = Vec<(Arc<Installed>, Grants)>;

/// A tenant's choice; [`None`] where its document cannot be read.
type Tenant = Option<TenantRecord>;

impl Known {
    /// How many tenants there are.
    pub(crate) fn tenants(&self) -> usize {
        self.tenants.len()
    }

    /// The bundles that tenants enabled.
    pub(crate) fn enabled(&self) -> BTreeSet<Digest> {
        self.tenants.values().flatten().flat_map(TenantRecord::bundles).collect()
    }

    /// The id of the credential that has a token of this digest.
    pub(crate) fn credential(&self, token: &Digest) -> Option<Arc<str>> {
        self.tokens.iter().find(|(_, known)| *known == token).map(|(id, _)| Arc::clone(id))
    }

    /// Takes note of a document; says whether it is news.
    fn note(&mut self, document: &Document) -> bool {
        let known = self.revisions.entry(document.key.clone()).or_default();
        let news = document.revision > *known;
        if news {
            *known = document.revision;
        }
        news
    }
}

impl Host {
    /// Puts into force what a document says, unless a newer one is known.
    pub(crate) fn learn(&self, document: &Document) {
        let mut known = self.known.lock();
        if !known.note(document) {
            return;
        }
        match Entry::of(document) {
            Entry::Tenant(tenant, stored) => self.learn_tenant(&mut known, tenant, stored),
            Entry::Credential(id, stored) => self.learn_credential(&mut known, &id, stored),
            Entry::Component(bundle, Stored::Is(_)) => {
                // It was installed, perhaps again: what kept it from being used may be mended.
                known.unusable.remove(&bundle);
                if known.prefetch {
                    known.ahead.insert(bundle);
                }
            }
            Entry::Component(..) | Entry::Unknown => {}
        }
    }

    fn learn_tenant(&self, known: &mut Known, tenant: TenantId, stored: Stored<TenantRecord>) {
        let record = match stored {
            Stored::Is(record) => Some(record),
            Stored::Unreadable(error) => {
                tracing::error!(%tenant, %error, "what is remembered of a tenant cannot be read");
                None
            }
            Stored::Removed => {
                known.tenants.remove(&tenant);
                self.withdraw(&tenant);
                self.suspended.write().remove(&tenant);
                return;
            }
        };
        known.tenants.insert(tenant.clone(), record);
        self.put_in_force(known, &tenant);
    }

    fn learn_credential(&self, known: &mut Known, id: &Arc<str>, stored: Stored<CredentialRecord>) {
        let mut credentials = self.credentials.write();
        if let Some(token) = known.tokens.remove(id) {
            credentials.remove(&token);
        }
        match stored {
            Stored::Is(record) => {
                known.tokens.insert(Arc::clone(id), record.token);
                credentials.insert(record.token, Arc::new(backplane::credential(id, &record)));
            }
            Stored::Removed => {}
            Stored::Unreadable(error) => {
                tracing::error!(id = %id, %error, "a credential cannot be read and lets nobody in")
            }
        }
    }

    /// Puts what a tenant enabled into force. Where a component is still to be fetched and compiled the tenant keeps what it
    /// had until then; where one cannot be used it is not served, and nobody else is touched.
    pub(crate) fn put_in_force(&self, known: &Known, tenant: &TenantId) {
        let Some(record) = known.tenants.get(tenant) else { return };
        let choice = match record {
            Some(record) => self.choice(known, record),
            None => Err(anyhow::anyhow!("what is remembered of it cannot be read")),
        };
        let done = match choice {
            Ok(Some(choice)) => self.registry.resume(tenant, &choice).map_err(anyhow::Error::from),
            Ok(None) => {
                if !self.views.read().contains_key(tenant) {
                    self.suspended.write().insert(tenant.clone());
                }
                return;
            }
            Err(error) => Err(error),
        };
        match done {
            Ok(()) => {
                self.show(tenant);
                self.suspended.write().remove(tenant);
            }
            Err(error) => {
                self.suspended.write().insert(tenant.clone());
                self.withdraw(tenant);
                let error = chain(&error);
                tracing::error!(%tenant, error, "a tenant is not served until its components can be used again");
            }
        }
    }

    /// The components of a record; [`None`] where some are still to be fetched.
    fn choice(&self, known: &Known, record: &TenantRecord) -> Result<Option<Chosen>> {
        let installed = self.installed.lock();
        let mut found = Vec::new();
        for (id, choice) in &record.components {
            match installed.get(&choice.bundle) {
                Some(component) => found.push((Arc::clone(component), choice.grants.clone())),
                None if known.unusable.contains(&choice.bundle) => return Err(unusable(id, &choice.bundle)),
                None => return Ok(None),
            }
        }
        Ok(Some(found))
    }

    /// The next bundle to fetch and compile: one that a tenant waits for, else one that was heard of.
    pub(crate) fn next_to_load(&self) -> Option<Digest> {
        let mut known = self.known.lock();
        let installed = self.installed.lock();
        let wanted = known.tenants.values().flatten().flat_map(TenantRecord::bundles);
        let missing = |bundle: &Digest| !installed.contains_key(bundle) && !known.unusable.contains(bundle);
        let next = wanted.chain(known.ahead.iter().copied()).find(missing);
        if next.is_none() {
            known.ahead.clear();
        }
        next
    }

    /// Takes note that a bundle can be used, or that it cannot, and goes on with the tenants that enabled it.
    pub(crate) fn loaded(&self, bundle: &Digest, result: Result<Arc<Installed>>) {
        let mut known = self.known.lock();
        match result {
            Ok(installed) => {
                known.unusable.remove(bundle);
                self.installed.lock().insert(*bundle, installed);
            }
            Err(error) => {
                known.unusable.insert(*bundle);
                let (path, error) = (self.layout.component(bundle), chain(&error));
                tracing::error!(%bundle, path = %path.display(), error,
                    "a component cannot be used, and tenants that enabled it are not served; install it again");
            }
        }
        let enabled = |record: &Tenant| record.iter().flat_map(TenantRecord::bundles).any(|one| one == *bundle);
        let waiting: Vec<_> =
            known.tenants.iter().filter(|(_, record)| enabled(record)).map(|(id, _)| id.clone()).collect();
        for tenant in waiting {
            self.put_in_force(&known, &tenant);
        }
    }

    /// Makes what a tenant enabled visible to the gateway.
    pub(crate) fn show(&self, tenant: &TenantId) {
        if let Some(set) = self.registry.providers().get(tenant) {
            let surface = self.surfaces.lock().surface(self, &set);
            let view = Arc::new(TenantView::new(tenant.clone(), surface));
            self.views.write().insert(tenant.clone(), view);
        }
    }

    /// Serves a tenant no more, until its components are changed.
    pub(crate) fn suspend(&self, tenant: &TenantId) {
        self.suspended.write().insert(tenant.clone());
        self.withdraw(tenant);
    }

    fn withdraw(&self, tenant: &TenantId) {
        self.views.write().remove(tenant);
        self.registry.withdraw(tenant);
    }
}

fn unusable(id: &ComponentId, bundle: &Digest) -> anyhow::Error {
    anyhow::anyhow!("component `{id}` ({bundle}) cannot be used")
}
