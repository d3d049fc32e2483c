// SPDX-License-Identifier: MIT OR Apache-2.0
//! Changes of tenants: made, given components, given tokens. Each is remembered first, under the condition that nobody
//! else was faster, and in force here when the call returns; on hosts that share the database soon after.

use crate::components::Component;
use crate::host::Host;
use anyhow::{Context as _, Result, bail};
use cap_state::{Document, StateError};
use cap_storage::Migrations;
use cap_storage::migrations::Report;
use edge_installer::{Consent, Plan, SignedGrant};
use edge_package::Layout;
use edge_registry::{Choice, CredentialRecord, EnableError, Installed, TenantRecord};
use jiff::Timestamp;
use kernel_types::{CallerKind, ComponentId, Digest, Grants, PermissionSet, TenantId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How often a change is tried again that another host was faster with. Each try that fails is another host's that
/// succeeded.
const TRIES_MAX: usize = 32;

/// Verified consents that are kept in memory, of a kilobyte or less each.
const CONSENTS_MAX: usize = 100_000;

/// A component for a tenant, with the consent of the tenant's administrator.
#[derive(Clone)]
pub struct Chosen {
    /// The component.
    pub installed: Arc<Installed>,
    /// The consent. It says what is granted.
    pub grant: SignedGrant,
}

/// What a tenant is to have.
struct Wish {
    /// What stays as it is, whether or not it may run.
    kept: BTreeMap<ComponentId, Choice>,
    /// What is new, or chosen anew.
    chosen: Vec<Chosen>,
}

/// What a tenant has beside one component.
fn kept(record: &TenantRecord, but: &ComponentId) -> BTreeMap<ComponentId, Choice> {
    record.components.iter().filter(|(id, _)| *id != but).map(|(id, choice)| (id.clone(), choice.clone())).collect()
}

/// A choice whose consents were verified.
pub(crate) type Granted = Vec<(Arc<Installed>, Grants)>;

impl Host {
    /// Makes a tenant; an existing one is left as it is.
    ///
    /// # Errors
    /// Where its database cannot be made.
    pub async fn create_tenant(&self, tenant: &TenantId) -> Result<()> {
        self.store.create_tenant(tenant).await?;
        let document = self.remembered.create_tenant(tenant).await?;
        self.learn(&document);
        Ok(())
    }

    /// What enabling an installed package would change for a tenant.
    ///
    /// # Errors
    /// Where the package cannot be used here.
    pub async fn plan(&self, tenant: &TenantId, package: &Digest) -> Result<Plan> {
        let component = self.ready(package).await?;
        Ok(self.plan_for(tenant, &component))
    }

    fn plan_for(&self, tenant: &TenantId, component: &Component) -> Plan {
        let set = self.registry.providers().get(tenant);
        Plan::of(tenant, set.as_deref(), &component.installed, &component.verified)
    }

    /// Puts a tenant's whole choice of components into force, each with what its consent grants. Where several hosts do
    /// so at once the last one's choice holds, for all of them.
    ///
    /// # Errors
    /// [`edge_installer::GrantError`], [`edge_registry::EnableError`]; the tenant keeps what it had.
    pub async fn enable(&self, tenant: &TenantId, chosen: &[Chosen]) -> Result<Vec<(ComponentId, Report)>> {
        let choose = |_: &TenantRecord| Ok(Wish { kept: BTreeMap::new(), chosen: chosen.to_vec() });
        self.choose(tenant, choose).await
    }

    /// Puts one component into force beside what the tenant has, in the place of another version of it.
    ///
    /// # Errors
    /// As [`Host::enable`]; or where the plan is not the one any more that was agreed to.
    pub async fn enable_one(&self, tenant: &TenantId, new: &Chosen) -> Result<Vec<(ComponentId, Report)>> {
        let id = &new.installed.manifest().id;
        let digest = new.installed.digest();
        let component = self.ready(&digest).await?;
        self.choose(tenant, |record| {
            let agreed = self.trust.accept(&new.grant, tenant, Timestamp::now())?.consent().plan;
            let same = record.components.get(id).is_some_and(|choice| choice.package == digest && choice.grant == new.grant);
            let plan = self.plan_for(tenant, &component).digest();
            if !same && plan != agreed {
                bail!("the plan is {plan} now, and {agreed} was agreed to: something changed meanwhile; look at the plan again");
            }
            Ok(Wish { kept: kept(record, id), chosen: vec![new.clone()] })
        })
        .await
    }

    /// As [`Host::enable_one`], for an installed package.
    ///
    /// # Errors
    /// As there.
    pub async fn enable_package(
        &self,
        tenant: &TenantId,
        package: &Digest,
        grant: SignedGrant,
    ) -> Result<Vec<(ComponentId, Report)>> {
        let component = self.ready(package).await?;
        self.enable_one(tenant, &Chosen { installed: component.installed, grant }).await
    }

    /// Whether a tenant has enabled that package.
    ///
    /// # Errors
    /// Where the state cannot answer.
    pub async fn has_enabled(&self, tenant: &TenantId, package: &Digest) -> Result<bool> {
        let found = self.remembered.tenant(tenant).await?;
        Ok(found.is_some_and(|(_, record)| record.packages().any(|one| one == *package)))
    }

    /// Takes one component out of force. Its tables and what is in them stay.
    ///
    /// # Errors
    /// Where the tenant has not enabled it, or others call it.
    pub async fn disable(&self, tenant: &TenantId, component: &ComponentId) -> Result<()> {
        self.choose(tenant, |record| {
            if !record.components.contains_key(component) {
                bail!("tenant `{tenant}` has not enabled `{component}`");
            }
            Ok(Wish { kept: kept(record, component), chosen: Vec::new() })
        })
        .await
        .map(drop)
    }

    /// Removes the tables of a component that a tenant has not enabled, and what is in them. Returns their names.
    ///
    /// # Errors
    /// Where the tenant has it enabled, does not exist, or the store refuses.
    pub async fn remove_data(&self, tenant: &TenantId, component: &ComponentId) -> Result<Vec<String>> {
        let Some((_, record)) = self.remembered.tenant(tenant).await? else {
            bail!("tenant `{tenant}` does not exist");
        };
        if record.components.contains_key(component) {
            bail!("tenant `{tenant}` has enabled `{component}`: disable it first");
        }
        Ok(self.registry.remove_data(tenant, component).await?.tables)
    }

    async fn choose(
        &self,
        tenant: &TenantId,
        choose: impl Fn(&TenantRecord) -> Result<Wish>,
    ) -> Result<Vec<(ComponentId, Report)>> {
        let mut reports = BTreeMap::new();
        for _ in 0..TRIES_MAX {
            let Some((before, current)) = self.remembered.tenant(tenant).await? else {
                bail!("tenant `{tenant}` does not exist; create it first");
            };
            if current.importing.is_some() {
                bail!(
                    "tenant `{tenant}` is being taken in from an archive: wait for it, or import it again with `--replace`"
                );
            }
            // What is compared with has to be what the tenant has, and not what this host has heard of so far.
            self.catch_up().await?;
            for package in current.packages() {
                // One that may not run, or cannot be had, is left out below.
                let _ = self.ready(&package).await;
            }
            let Wish { kept, chosen } = choose(&current)?;
            let choice = self.linkable(tenant, &kept, self.consented(tenant, &chosen, &current)?)?;
            let tables = self.tables(&current).await;
            let ready = self.registry.make_ready(tenant, &choice, &tables).await?;
            for (component, report) in &ready.reports {
                add(reports.entry(component.clone()).or_default(), report);
            }
            let mut record = record(&chosen, &current);
            record.components.extend(kept);
            let document = if current == record {
                before
            } else {
                let new: Vec<_> = chosen.iter().map(|one| one.installed.digest()).collect();
                match self.remembered.choose(tenant, &record, before.revision, &new).await {
                    Err(StateError::Conflict { .. }) => continue,
                    done => done?,
                }
            };
            self.learn_choice(tenant, &document);
            return Ok(reports.into_iter().collect());
        }
        bail!(
            "tenant `{tenant}` is being changed by others all the time, or a package of it was just uninstalled; try again"
        );
    }

    /// What is kept joins what is new, as far as it may run and can be had; so does what it calls. What is left out stays chosen.
    fn linkable(&self, tenant: &TenantId, kept: &BTreeMap<ComponentId, Choice>, new: Granted) -> Result<Granted> {
        let (mut choice, mut left_out) = (new, 0_usize);
        for kept in kept.values() {
            let component = self.component(&kept.package);
            let granted = component.and_then(|component| {
                let grants = self.granted(tenant, &component.installed, &kept.grant, kept.accepted_at).ok()?;
                Some((component.installed, grants))
            });
            match granted {
                Some(granted) => choice.push(granted),
                None => left_out = left_out.saturating_add(1),
            }
        }
        loop {
            match self.registry.check(&choice) {
                Err(EnableError::NoProvider { component, .. }) if left_out > 0 && kept.contains_key(&component) => {
                    choice.retain(|(installed, _)| installed.manifest().id != component);
                }
                done => return done.map(|()| choice).map_err(Into::into),
            }
        }
    }

    /// The migrations of every version that this host knows of the components that a tenant has, also of one that may not run.
    async fn tables(&self, record: &TenantRecord) -> Vec<Migrations> {
        let (mut tables, missing) = {
            let installed = self.installed.lock();
            let tables: Vec<_> = installed.values().map(|component| component.installed.migrations().clone()).collect();
            let missing: Vec<_> = record.packages().filter(|package| !installed.contains_key(package)).collect();
            (tables, missing)
        };
        for package in missing {
            let (path, registry) = (self.layout.component(&package), Arc::clone(&self.registry));
            let read = move || {
                let layout = Layout::read(&path).ok().filter(|layout| layout.package.digest() == package)?;
                registry.read(Arc::new(layout.package)).ok().map(|bundle| bundle.migrations().clone())
            };
            tables.extend(tokio::task::spawn_blocking(read).await.ok().flatten());
        }
        tables
    }

    /// Verifies every consent: for this tenant, this package, and every call that the component makes.
    pub(crate) fn consented(&self, tenant: &TenantId, chosen: &[Chosen], current: &TenantRecord) -> Result<Granted> {
        let now = Timestamp::now();
        let granted = chosen.iter().map(|one| {
            let id = &one.installed.manifest().id;
            let known = current.components.get(id).filter(|known| known.grant == one.grant);
            let grants = self.granted(tenant, &one.installed, &one.grant, known.map_or(now, |known| known.accepted_at));
            Ok((Arc::clone(&one.installed), grants.with_context(|| format!("component `{id}`"))?))
        });
        granted.collect()
    }

    /// What a consent grants to a component. `at` is when the consent was first accepted.
    pub(crate) fn granted(
        &self,
        tenant: &TenantId,
        installed: &Installed,
        grant: &SignedGrant,
        at: Timestamp,
    ) -> Result<Grants> {
        let (consent, manifest) = (self.verified(tenant, grant, at)?, installed.manifest());
        if consent.grant.digest != installed.digest() || consent.grant.component != manifest.id {
            let (component, digest) = (&consent.grant.component, &consent.grant.digest);
            bail!("the consent is for `{component}`, {digest}, and not for `{}`, {}", manifest.id, installed.digest());
        }
        let called = manifest.calls.iter().map(|call| call.interface.name());
        if let Some(interface) = called.into_iter().find(|name| !consent.calls.contains(*name)) {
            bail!("it calls `{interface}`, and the consent does not allow that; agree to the whole plan");
        }
        Ok(consent.grant.capabilities.clone())
    }

    /// What a consent says, verified as of a time; once.
    fn verified(&self, tenant: &TenantId, grant: &SignedGrant, at: Timestamp) -> Result<Arc<Consent>> {
        let at_text = at.to_string();
        let parts = [tenant.as_str(), &*grant.text, &*grant.bundle, at_text.as_str()];
        let key = Digest::of_parts(parts.map(str::as_bytes));
        if let Some(known) = self.consents.lock().get(&key) {
            return Ok(Arc::clone(known));
        }
        let consent = Arc::new(self.trust.accept(grant, tenant, at)?.consent().clone());
        let mut consents = self.consents.lock();
        if consents.len() >= CONSENTS_MAX {
            consents.clear();
        }
        consents.insert(key, Arc::clone(&consent));
        Ok(consent)
    }

    /// Puts a choice into force, also where it is the one that is known: the tenant may have been suspended for it.
    fn learn_choice(&self, tenant: &TenantId, document: &Document) {
        self.learn(document);
        if self.suspended.read().contains_key(tenant) {
            let known = self.known.lock();
            self.put_in_force(&known, tenant);
        }
    }

    /// Makes a bearer token of a tenant. The token is returned once; hosts keep its digest.
    ///
    /// # Errors
    /// Where the tenant does not exist, or the state cannot be written.
    pub async fn issue_token(&self, tenant: &TenantId, subject: &str, permissions: PermissionSet) -> Result<String> {
        // Two version 4 UUIDs carry 244 bits from the system's generator.
        let secret = || uuid::Uuid::new_v4().simple().to_string();
        let token = format!("cortex-{tenant}-{}{}", secret(), secret());
        let id = uuid::Uuid::now_v7().to_string();
        let record = CredentialRecord {
            token: Digest::of(token.as_bytes()),
            tenant: tenant.clone(),
            subject: subject.into(),
            kind: CallerKind::User,
            display_name: subject.into(),
            roles: [Arc::from("admin")].into(),
            permissions,
        };
        match self.remembered.add_credential(&id, &record).await {
            Ok(document) => self.learn(&document),
            Err(StateError::Conflict { .. }) => bail!("tenant `{tenant}` does not exist; create it first"),
            Err(error) => return Err(error.into()),
        }
        Ok(token)
    }

    /// Takes a token back. Returns whether there was one.
    ///
    /// # Errors
    /// Where the state cannot be read or written.
    pub async fn revoke_token(&self, token: &str) -> Result<bool> {
        // Another host may have issued it a moment ago.
        self.catch_up().await?;
        let known = self.known.lock().credential(&Digest::of(token.as_bytes()));
        let Some(id) = known else { return Ok(false) };
        let document = self.remembered.remove_credential(&id).await?;
        self.learn(&document);
        Ok(true)
    }
}

/// What is remembered of a choice: a consent that was there keeps the time at which it came, and a package the one
/// before it.
pub(crate) fn record(chosen: &[Chosen], current: &TenantRecord) -> TenantRecord {
    let now = Timestamp::now();
    let components = chosen.iter().map(|one| {
        let (id, package) = (one.installed.manifest().id.clone(), one.installed.digest());
        let known = current.components.get(&id);
        let same = known.filter(|known| known.package == package && known.grant == one.grant);
        let choice = same.cloned().unwrap_or_else(|| {
            let before =
                known.and_then(|known| if known.package == package { known.before } else { Some(known.package) });
            Choice { package, grant: one.grant.clone(), accepted_at: now, before }
        });
        (id, choice)
    });
    TenantRecord { components: components.collect(), importing: None }
}

/// Joins what a migration did to what one before it did.
fn add(sum: &mut Report, report: &Report) {
    sum.ran.extend(report.ran.iter().cloned());
    sum.newest = sum.newest.max(report.newest);
}
