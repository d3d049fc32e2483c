// SPDX-License-Identifier: MIT OR Apache-2.0
//! Changes of tenants: made, given components, given tokens. Each is remembered first, under the condition that nobody else
//! was faster, and in force here when the call returns; on hosts that share the database soon after.

use crate::host::Host;
use anyhow::{Result, bail};
use cap_state::{Document, StateError};
use cap_storage::migrations::Report;
use edge_registry::{CredentialRecord, Installed, TenantRecord};
use kernel_types::{CallerKind, ComponentId, Digest, Grants, PermissionSet, TenantId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How often a change is tried again that another host was faster with. Each try that fails is another host's that succeeded.
const TRIES_MAX: usize = 32;

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

    /// Puts a tenant's whole choice of components into force, each with the grants given for it. Where several hosts do so at
    /// once the last one's choice holds, for all of them.
    ///
    /// # Errors
    /// See [`edge_registry::EnableError`]; the tenant keeps what it had.
    pub async fn enable(
        &self,
        tenant: &TenantId,
        choice: &[(Arc<Installed>, Grants)],
    ) -> Result<Vec<(ComponentId, Report)>> {
        let record = TenantRecord::of(choice);
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
            let ready = self.registry.make_ready(tenant, choice).await?;
            for (component, report) in &ready.reports {
                add(reports.entry(component.clone()).or_default(), report);
            }
            let document = if current == record {
                before
            } else {
                match self.remembered.choose(tenant, &record, before.revision).await {
                    Err(StateError::Conflict { .. }) => continue,
                    done => done?,
                }
            };
            self.learn_choice(tenant, &document);
            return Ok(reports.into_iter().collect());
        }
        bail!("tenant `{tenant}` is being changed by others all the time; try again");
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

/// Joins what a migration did to what one before it did.
fn add(sum: &mut Report, report: &Report) {
    sum.ran.extend(report.ran.iter().cloned());
    sum.newest = sum.newest.max(report.newest);
}
