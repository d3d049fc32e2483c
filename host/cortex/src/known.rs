// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a host has taken note of, and putting it into force. Every document that is heard of, committed here or elsewhere,
//! comes through [`Host::learn`]: the newer one counts, in whatever order they come.

use crate::backplane;
use crate::components::Component;
use crate::host::Host;
use crate::text::chain;
use anyhow::{Context as _, Result, anyhow};
use cap_state::{Document, Key, Revision};
use edge_gateway::TenantView;
use edge_registry::{ComponentRecord, CredentialRecord, EnableError, Entry, Installed, Stored, TenantRecord};
use kernel_types::{ComponentId, Digest, Grants, TenantId};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// What is known of what hosts remember.
#[derive(Default)]
pub(crate) struct Known {
    /// Up to here everything is known.
    pub(crate) upto: Revision,
    /// The installed packages.
    pub(crate) components: HashMap<Digest, ComponentRecord>,
    /// Whether packages are fetched and compiled as soon as they are heard of, and not only when a tenant needs them.
    pub(crate) prefetch: bool,
    revisions: HashMap<Key, Revision>,
    tenants: HashMap<TenantId, Tenant>,
    /// The tokens' digests by the ids of their credentials.
    tokens: HashMap<Arc<str>, Digest>,
    /// Packages to be fetched though nobody waits for them.
    ahead: BTreeSet<Digest>,
    /// Packages that cannot be used by this host, until they are installed again.
    unusable: HashSet<Digest>,
}

/// Components with what was granted to each, and those that may not run, with the reason.
type Chosen = (Vec<(Arc<Installed>, Grants)>, BTreeMap<ComponentId, Arc<str>>);

/// A tenant's choice; [`None`] where its document cannot be read.
type Tenant = Option<TenantRecord>;

impl Known {
    /// How many tenants there are.
    pub(crate) fn tenants(&self) -> usize {
        self.tenants.len()
    }

    /// The tenants that enabled a package, sorted.
    pub(crate) fn users(&self, package: &Digest) -> Vec<TenantId> {
        let enabled = |record: &Tenant| record.iter().flat_map(TenantRecord::packages).any(|one| one == *package);
        let users = self.tenants.iter().filter(|(_, record)| enabled(record));
        let mut users: Vec<_> = users.map(|(id, _)| id.clone()).collect();
        users.sort();
        users
    }

    /// What a tenant enabled, where it is known and can be read.
    pub(crate) fn tenant(&self, tenant: &TenantId) -> Option<&TenantRecord> {
        self.tenants.get(tenant)?.as_ref()
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
            Entry::Component(package, Stored::Is(record)) => {
                // It was installed, perhaps again: what kept it from being used may be mended.
                known.unusable.remove(&package);
                known.components.insert(package, record);
                if known.prefetch {
                    known.ahead.insert(package);
                }
            }
            Entry::Component(package, _) => {
                known.components.remove(&package);
                self.installed.lock().remove(&package);
            }
            Entry::Revocations(stored) => self.learn_revocations(&known, stored),
            Entry::Release(..) | Entry::Unknown => {}
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
            Some(record) => self.choice(known, tenant, record),
            None => Err(anyhow!("what is remembered of it cannot be read")),
        };
        let done = match choice {
            Ok(Some(choice)) => self.resume(tenant, choice),
            Ok(None) => {
                if !self.views.read().contains_key(tenant) {
                    self.suspended.write().insert(tenant.clone());
                }
                return;
            }
            Err(error) => Err(error),
        };
        match done {
            Ok(withheld) => {
                self.show_without(tenant, withheld);
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
    fn choice(&self, known: &Known, tenant: &TenantId, record: &TenantRecord) -> Result<Option<Chosen>> {
        let revoked = self.revocations.read().clone();
        let (mut found, mut withheld) = (Vec::new(), BTreeMap::new());
        for (id, choice) in &record.components {
            if let Some(reason) = revoked.as_ref().and_then(|list| list.reason(&choice.package)) {
                withheld.insert(id.clone(), Arc::from(format!("{} was revoked: {reason}", choice.package)));
                continue;
            }
            let Some(component) = self.component(&choice.package) else {
                let unusable = known.unusable.contains(&choice.package);
                return if unusable { Err(anyhow!("component `{id}` ({}) cannot be used", choice.package)) } else { Ok(None) };
            };
            let grants = self.granted(tenant, &component.installed, &choice.grant, choice.accepted_at);
            found.push((component.installed, grants.with_context(|| format!("component `{id}`"))?));
        }
        Ok(Some((found, withheld)))
    }

    /// Puts what may run into force; what calls something that may not run, does not run either.
    fn resume(
        &self,
        tenant: &TenantId,
        (mut choice, mut withheld): Chosen,
    ) -> Result<BTreeMap<ComponentId, Arc<str>>> {
        loop {
            match self.registry.resume(tenant, &choice) {
                Ok(()) => return Ok(withheld),
                Err(EnableError::NoProvider { component, interface }) if !withheld.is_empty() => {
                    choice.retain(|(installed, _)| installed.manifest().id != component);
                    withheld.insert(component, Arc::from(format!("it calls `{interface}`, whose component was revoked")));
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The next bundle to fetch and compile: one that a tenant waits for, else one that was heard of.
    pub(crate) fn next_to_load(&self) -> Option<Digest> {
        let mut known = self.known.lock();
        let installed = self.installed.lock();
        let revoked = self.revocations.read().clone();
        let may_run = |package: &Digest| revoked.as_ref().is_none_or(|list| list.reason(package).is_none());
        let wanted = known.tenants.values().flatten().flat_map(TenantRecord::packages);
        let missing = |package: &Digest| {
            !installed.contains_key(package) && !known.unusable.contains(package) && may_run(package)
        };
        let next = wanted.chain(known.ahead.iter().copied()).find(missing);
        if next.is_none() {
            known.ahead.clear();
        }
        next
    }

    /// Takes note that a bundle can be used, or that it cannot, and goes on with the tenants that enabled it.
    pub(crate) fn loaded(&self, bundle: &Digest, result: Result<Component>) {
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
        for tenant in known.users(bundle) {
            self.put_in_force(&known, &tenant);
        }
    }

    /// Makes what a tenant enabled visible to the gateway.
    pub(crate) fn show(&self, tenant: &TenantId) {
        let withheld = self.views.read().get(tenant).map(|view| view.withheld().clone());
        self.show_without(tenant, withheld.unwrap_or_default());
    }

    fn show_without(&self, tenant: &TenantId, withheld: BTreeMap<ComponentId, Arc<str>>) {
        if let Some(set) = self.registry.providers().get(tenant) {
            let surface = self.surfaces.lock().surface(self, &set);
            let view = Arc::new(TenantView::new(tenant.clone(), surface).withholding(withheld));
            self.views.write().insert(tenant.clone(), view);
        }
    }

    fn withdraw(&self, tenant: &TenantId) {
        self.views.write().remove(tenant);
        self.registry.withdraw(tenant);
    }
}
