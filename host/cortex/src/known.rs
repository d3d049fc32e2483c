// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a host has taken note of, and putting it into force. Every document that is heard of, committed here or
//! elsewhere, comes through [`Host::learn`]: the newer one counts, in whatever order they come.

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
use std::time::{Duration, Instant};

/// What is known of what hosts remember.
#[derive(Default)]
pub(crate) struct Known {
    /// Up to here everything is known.
    pub(crate) upto: Revision,
    /// Whose each component's id is: the name that its first release was signed for.
    pub(crate) owners: HashMap<ComponentId, Arc<str>>,
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
    /// Bundles that could not be had, and are asked for again.
    later: HashMap<Digest, Later>,
}

/// A bundle that could not be had.
struct Later {
    /// How often.
    failures: u32,
    /// When it is asked for again.
    at: Instant,
}

/// What is to be fetched and compiled next.
pub(crate) enum Next {
    /// This bundle, whose bytes may take so long to come.
    Load(Digest, Duration),
    /// Nothing before this moment.
    Wait(Instant),
    /// Nothing.
    Nothing,
}

/// How long the bytes of a bundle may take to come at the first attempt: one that does not come holds up those behind
/// it only so long. Each further attempt has twice as long, up to the back end's own limit: a large one through a slow
/// network comes in the end.
const FETCH_FIRST: Duration = Duration::from_secs(5);

/// The pause before a bundle that could not be had is asked for again; twice as long after each failure.
const PAUSE_FIRST: Duration = Duration::from_millis(500);

/// The longest such pause: so late a tenant may be served after what was in the way is gone.
const PAUSE_MAX: Duration = Duration::from_secs(15);

/// A time that doubles with each failure.
fn doubled(first: Duration, failures: u32) -> Duration {
    first.saturating_mul(1_u32.checked_shl(failures.min(16)).unwrap_or(u32::MAX))
}

/// Why a tenant is known and not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Suspension {
    /// A component that it enabled cannot be used, or not yet.
    Component,
    /// A component of it refused to start with the host; that stands until what it has enabled changes, or the host starts again.
    Preboot,
    /// It is being taken in from an archive, or whoever did so ended before it was recorded.
    Importing,
}

impl Suspension {
    /// What callers are told.
    pub(crate) const fn told(self) -> &'static str {
        match self {
            Self::Component => {
                "the tenant is not served now: one of its components cannot be used; tell the host's operator"
            }
            Self::Preboot => {
                "the tenant is not served now: one of its components did not start with the host; tell the host's operator"
            }
            Self::Importing => {
                "the tenant is not served while it is taken in from an archive; where that lasts, tell the host's operator"
            }
        }
    }

    /// What an operator is told.
    pub(crate) const fn advice(self) -> &'static str {
        match self {
            Self::Component => "a component of it cannot be used: install that again",
            Self::Preboot => "a component of it failed at `on-preboot`: see the log, mend it, and start the host again",
            Self::Importing => {
                "it is being taken in from an archive; where nobody does so any more, `cortex tenant import --replace` finishes it"
            }
        }
    }
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

    /// Takes back that packages cannot be used: what was in the way may be gone.
    pub(crate) fn forgive(&mut self) {
        self.unusable.clear();
        self.later.clear();
    }

    /// Tenants with components: those that a list of revocations may be about, sorted.
    pub(crate) fn touched_by_lists(&self) -> Vec<TenantId> {
        let some = |record: &Tenant| record.as_ref().is_some_and(|record| !record.components.is_empty());
        let mut tenants: Vec<_> =
            self.tenants.iter().filter(|(_, record)| some(record)).map(|(id, _)| id.clone()).collect();
        tenants.sort();
        tenants
    }

    /// A tenant that had a package before the version that it has now.
    pub(crate) fn could_go_back_to(&self, package: &Digest) -> Option<TenantId> {
        let before = |record: &Tenant| {
            record.iter().flat_map(|record| record.components.values()).any(|choice| choice.before == Some(*package))
        };
        self.tenants.iter().find(|(_, record)| before(record)).map(|(id, _)| id.clone())
    }

    /// What a tenant enabled, where it is known and can be read.
    pub(crate) fn tenant(&self, tenant: &TenantId) -> Option<&TenantRecord> {
        self.tenants.get(tenant)?.as_ref()
    }

    /// The packages that tenants enabled.
    pub(crate) fn enabled(&self) -> BTreeSet<Digest> {
        self.tenants.values().flatten().flat_map(TenantRecord::packages).collect()
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
        if known.note(document) {
            self.apply(&mut known, document);
        }
    }

    /// Puts into force what all documents say, where what was known is of another time: what they do not name is gone.
    pub(crate) fn learn_anew(&self, documents: &[Document], upto: Revision) {
        let mut known = self.known.lock();
        let there: HashSet<_> = documents.iter().map(|document| &document.key).collect();
        let gone: Vec<_> = known.revisions.keys().filter(|key| !there.contains(key)).cloned().collect();
        known.revisions.clear();
        known.unusable.clear();
        known.later.clear();
        for key in gone {
            self.apply(&mut known, &Document { key, revision: Revision::default(), text: None });
        }
        for document in documents {
            known.note(document);
            self.apply(&mut known, document);
        }
        known.upto = upto;
    }

    fn apply(&self, known: &mut Known, document: &Document) {
        match Entry::of(document) {
            Entry::Tenant(tenant, stored) => self.learn_tenant(known, tenant, stored),
            Entry::Credential(id, stored) => self.learn_credential(known, &id, stored),
            Entry::Component(package, Stored::Is(record)) => {
                // It was installed, perhaps again: what kept it from being used may be mended.
                known.unusable.remove(&package);
                known.later.remove(&package);
                known.components.insert(package, record);
                if known.prefetch {
                    known.ahead.insert(package);
                }
            }
            Entry::Component(package, _) => {
                known.components.remove(&package);
                self.installed.lock().remove(&package);
            }
            Entry::Revocations(stored) => self.learn_revocations(known, stored),
            Entry::Release(component, Stored::Is(release)) => {
                known.owners.insert(component, release.name.into());
            }
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
        // What it has enabled is another choice now.
        if self.suspended.read().get(&tenant) == Some(&Suspension::Preboot) {
            self.suspended.write().insert(tenant.clone(), Suspension::Component);
        }
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

    /// Puts what a tenant enabled into force. Where a component is still to be fetched and compiled the tenant keeps
    /// what it had until then; where one cannot be used it is not served, and nobody else is touched.
    pub(crate) fn put_in_force(&self, known: &Known, tenant: &TenantId) {
        let Some(record) = known.tenants.get(tenant) else { return };
        if self.suspended.read().get(tenant) == Some(&Suspension::Preboot) {
            return;
        }
        if let Some(importing) = record.as_ref().and_then(|record| record.importing.as_ref()) {
            self.suspended.write().insert(tenant.clone(), Suspension::Importing);
            self.withdraw(tenant);
            tracing::warn!(%tenant, archive = %importing.archive, import = %importing.id,
                "a tenant is not served while it is taken in from an archive; where nobody does so any more, \
                 `cortex tenant import --replace` finishes it");
            return;
        }
        let choice = match record {
            Some(record) => self.choice(known, tenant, record),
            None => Err(anyhow!("what is remembered of it cannot be read")),
        };
        let done = match choice {
            Ok(Some(choice)) => self.resume(tenant, choice),
            Ok(None) => {
                if !self.views.read().contains_key(tenant) {
                    self.suspended.write().insert(tenant.clone(), Suspension::Component);
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
                self.suspended.write().insert(tenant.clone(), Suspension::Component);
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
                return if unusable {
                    Err(anyhow!("component `{id}` ({}) cannot be used", choice.package))
                } else {
                    Ok(None)
                };
            };
            let grants = self.granted(tenant, &component.installed, &choice.grant, choice.accepted_at);
            found.push((component.installed, grants.with_context(|| format!("component `{id}`"))?));
        }
        Ok(Some((found, withheld)))
    }

    /// Puts what may run into force; what calls something that may not run, does not run either.
    fn resume(&self, tenant: &TenantId, (mut choice, mut withheld): Chosen) -> Result<BTreeMap<ComponentId, Arc<str>>> {
        loop {
            match self.registry.resume(tenant, &choice) {
                Ok(()) => return Ok(withheld),
                Err(EnableError::NoProvider { component, interface }) if !withheld.is_empty() => {
                    choice.retain(|(installed, _)| installed.manifest().id != component);
                    withheld
                        .insert(component, Arc::from(format!("it calls `{interface}`, whose component was revoked")));
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The next bundle to fetch and compile: one that a tenant waits for, else one that was heard of; of those the one
    /// that failed least often, and none before its time.
    pub(crate) fn next_to_load(&self) -> Next {
        let mut known = self.known.lock();
        let installed = self.installed.lock();
        let revoked = self.revocations.read().clone();
        let may_run = |package: &Digest| revoked.as_ref().is_none_or(|list| list.reason(package).is_none());
        let wanted = known.tenants.values().flatten().flat_map(TenantRecord::packages);
        let missing = |package: &Digest| {
            !installed.contains_key(package) && !known.unusable.contains(package) && may_run(package)
        };
        let now = Instant::now();
        let mut next: Option<(Digest, u32)> = None;
        let mut wait: Option<Instant> = None;
        for bundle in wanted.chain(known.ahead.iter().copied()).filter(missing) {
            let (failures, at) = known.later.get(&bundle).map_or((0, now), |later| (later.failures, later.at));
            if at > now {
                wait = Some(wait.map_or(at, |wait| wait.min(at)));
            } else if next.is_none_or(|(_, least)| failures < least) {
                next = Some((bundle, failures));
            }
        }
        match (next, wait) {
            (Some((bundle, failures)), _) => Next::Load(bundle, doubled(FETCH_FIRST, failures)),
            (None, Some(until)) => Next::Wait(until),
            (None, None) => {
                known.ahead.clear();
                Next::Nothing
            }
        }
    }

    /// Takes note that a bundle could not be had now.
    pub(crate) fn not_loaded(&self, bundle: &Digest, error: &anyhow::Error) {
        let mut known = self.known.lock();
        let failures = known.later.get(bundle).map_or(0, |later| later.failures);
        let pause = doubled(PAUSE_FIRST, failures).min(PAUSE_MAX);
        let failures = failures.saturating_add(1);
        let now = Instant::now();
        known.later.insert(*bundle, Later { failures, at: now.checked_add(pause).unwrap_or(now) });
        tracing::warn!(%bundle, failures, error = chain(error),
            "a component cannot be fetched or kept now, and tenants wait for it; it is tried again");
    }

    /// Takes note that a bundle can be used, or that it cannot, and goes on with the tenants that enabled it.
    pub(crate) fn loaded(&self, bundle: &Digest, result: Result<Component>) {
        let mut known = self.known.lock();
        known.later.remove(bundle);
        match result {
            Ok(component) => {
                known.unusable.remove(bundle);
                let revoked = self.revocations.read().as_ref().is_some_and(|list| list.reason(bundle).is_some());
                if revoked {
                    // The list came while it was compiled.
                    self.registry.end(&component.installed);
                } else {
                    self.installed.lock().insert(*bundle, component);
                }
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
    fn show_without(&self, tenant: &TenantId, withheld: BTreeMap<ComponentId, Arc<str>>) {
        if let Some(set) = self.registry.providers().get(tenant) {
            let surface = self.surfaces.lock().surface(self, &set);
            let view = Arc::new(TenantView::new(tenant.clone(), surface).withholding(withheld));
            self.views.write().insert(tenant.clone(), view);
        }
    }

    /// Serves a tenant no more, until its components are changed.
    pub(crate) fn suspend(&self, tenant: &TenantId) {
        self.suspended.write().insert(tenant.clone(), Suspension::Preboot);
        self.withdraw(tenant);
    }

    fn withdraw(&self, tenant: &TenantId) {
        self.views.write().remove(tenant);
        self.registry.withdraw(tenant);
    }
}
