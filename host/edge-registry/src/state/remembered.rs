// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reading and changing the documents by what they mean.

use super::records::{self, ComponentRecord, CredentialRecord, ReleaseRecord, RevocationsRecord, TenantRecord};
use cap_state::{Change, Document, Expect, Key, Revision, State, StateError};
use kernel_types::{ComponentId, Digest, TenantId};
use std::sync::Arc;

/// Packages that have to be installed for a choice to be remembered.
const CONDITIONS_MAX: usize = cap_state::limits::CHANGES_MAX - 1;

/// What hosts remember, with types. Cheap to clone.
#[derive(Clone)]
pub struct Remembered(Arc<dyn State>);

impl Remembered {
    /// Over a state.
    #[must_use]
    pub fn new(state: Arc<dyn State>) -> Self {
        Self(state)
    }

    /// The state itself.
    #[must_use]
    pub fn state(&self) -> &Arc<dyn State> {
        &self.0
    }

    /// The document of a tenant, where there is one.
    ///
    /// # Errors
    /// Where the state cannot answer.
    pub async fn tenant(&self, tenant: &TenantId) -> Result<Option<(Document, TenantRecord)>, StateError> {
        let Some(document) = self.0.get(&records::tenant_key(tenant)?).await? else { return Ok(None) };
        let record = records::read(&document.key, document.text.as_deref().unwrap_or_default())?;
        Ok(Some((document, record)))
    }

    /// Remembers a tenant without components, where there is none yet. Returns its document.
    ///
    /// # Errors
    /// Where the state cannot answer.
    pub async fn create_tenant(&self, tenant: &TenantId) -> Result<Document, StateError> {
        let key = records::tenant_key(tenant)?;
        loop {
            if let Some(document) = self.0.get(&key).await? {
                return Ok(document);
            }
            match self.put(key.clone(), &TenantRecord::default(), Expect::Absent, None).await {
                // Somebody else made it meanwhile.
                Err(StateError::Conflict { .. }) => {}
                done => return done,
            }
        }
    }

    /// Remembers what a tenant enabled, in the place of what it had at that revision, where these packages are still installed.
    ///
    /// # Errors
    /// [`StateError::Conflict`] where the tenant was changed or a package uninstalled meanwhile.
    pub async fn choose(
        &self,
        tenant: &TenantId,
        record: &TenantRecord,
        before: Revision,
        installed: &[Digest],
    ) -> Result<Document, StateError> {
        let (key, text): (_, Arc<str>) = (records::tenant_key(tenant)?, records::write(record)?.into());
        let mut changes = vec![Change::put(key.clone(), Arc::clone(&text), Expect::At(before))];
        // A commit has its limit; a tenant whose whole choice is new at once is one that is made.
        for package in installed.iter().take(CONDITIONS_MAX) {
            changes.push(Change::only_if(records::component_key(package)?, Expect::Present));
        }
        let revision = self.0.commit(&changes).await?;
        Ok(Document { key, revision, text: Some(text) })
    }

    /// Remembers a tenant, or forgets it, in the place of what was there at that revision; [`None`]: of nothing.
    /// Returns its document.
    ///
    /// # Errors
    /// [`StateError::Conflict`] where the tenant was changed meanwhile.
    pub async fn put_tenant(
        &self,
        tenant: &TenantId,
        record: Option<&TenantRecord>,
        before: Option<Revision>,
    ) -> Result<Document, StateError> {
        let (key, expect) = (records::tenant_key(tenant)?, before.map_or(Expect::Absent, Expect::At));
        let Some(record) = record else {
            let revision = self.0.commit(&[Change::remove(key.clone(), expect)]).await?;
            return Ok(Document { key, revision, text: None });
        };
        self.put(key, record, expect, None).await
    }

    /// What was accepted of a component, with the revision of its document.
    ///
    /// # Errors
    /// Where the state cannot answer.
    pub async fn release(&self, component: &ComponentId) -> Result<Option<(Revision, ReleaseRecord)>, StateError> {
        let Some(document) = self.0.get(&records::release_key(component)?).await? else { return Ok(None) };
        let record = records::read(&document.key, document.text.as_deref().unwrap_or_default())?;
        Ok(Some((document.revision, record)))
    }

    /// The record of an installed package.
    ///
    /// # Errors
    /// Where the state cannot answer.
    pub async fn component(&self, package: &Digest) -> Result<Option<ComponentRecord>, StateError> {
        let Some(document) = self.0.get(&records::component_key(package)?).await? else { return Ok(None) };
        Ok(Some(records::read(&document.key, document.text.as_deref().unwrap_or_default())?))
    }

    /// Remembers a package whose bytes are kept already, together with what was accepted of its component: both or
    /// neither. Other hosts hear of it, and may try a package again that they could not use. Returns the package's
    /// document.
    ///
    /// # Errors
    /// [`StateError::Conflict`] where another release of the component was accepted meanwhile.
    pub async fn add_component(
        &self,
        package: &Digest,
        record: &ComponentRecord,
        before: Option<Revision>,
        release: &ReleaseRecord,
    ) -> Result<Document, StateError> {
        let release = (records::release_key(&record.id)?, records::write(release)?);
        let expect = before.map_or(Expect::Absent, Expect::At);
        let text: Arc<str> = records::write(record)?.into();
        let key = records::component_key(package)?;
        let component = Change::put(key.clone(), Arc::clone(&text), Expect::Anything);
        let revision = self.0.commit(&[component, Change::put(release.0, release.1, expect)]).await?;
        Ok(Document { key, revision, text: Some(text) })
    }

    /// Forgets a package. What was accepted of its component stays, so that nothing older comes after it.
    ///
    /// # Errors
    /// Where the state cannot answer.
    pub async fn remove_component(&self, package: &Digest) -> Result<Document, StateError> {
        let key = records::component_key(package)?;
        let revision = self.0.commit(&[Change::remove(key.clone(), Expect::Anything)]).await?;
        Ok(Document { key, revision, text: None })
    }

    /// The newest list of revocations, with the revision of its document.
    ///
    /// # Errors
    /// Where the state cannot answer.
    pub async fn revocations(&self) -> Result<Option<(Revision, RevocationsRecord)>, StateError> {
        let Some(document) = self.0.get(&records::revocations_key()?).await? else { return Ok(None) };
        let record = records::read(&document.key, document.text.as_deref().unwrap_or_default())?;
        Ok(Some((document.revision, record)))
    }

    /// The revision of that document, whatever it says.
    ///
    /// # Errors
    /// Where the state cannot answer.
    pub async fn revocations_at(&self) -> Result<Option<Revision>, StateError> {
        Ok(self.0.get(&records::revocations_key()?).await?.map(|document| document.revision))
    }

    /// Remembers a list of revocations in the place of the one at that revision.
    ///
    /// # Errors
    /// [`StateError::Conflict`] where another one came meanwhile; [`StateError::TooLarge`].
    pub async fn set_revocations(
        &self,
        record: &RevocationsRecord,
        before: Option<Revision>,
    ) -> Result<Document, StateError> {
        self.put(records::revocations_key()?, record, before.map_or(Expect::Absent, Expect::At), None).await
    }

    /// Remembers a credential of a tenant that is there.
    ///
    /// # Errors
    /// [`StateError::Conflict`] where the tenant does not exist.
    pub async fn add_credential(&self, id: &str, record: &CredentialRecord) -> Result<Document, StateError> {
        let tenant = Change::only_if(records::tenant_key(&record.tenant)?, Expect::Present);
        self.put(records::credential_key(id)?, record, Expect::Absent, Some(tenant)).await
    }

    /// Takes a credential back. Returns its document as it is now.
    ///
    /// # Errors
    /// Where the state cannot answer.
    pub async fn remove_credential(&self, id: &str) -> Result<Document, StateError> {
        let key = records::credential_key(id)?;
        let revision = self.0.commit(&[Change::remove(key.clone(), Expect::Anything)]).await?;
        Ok(Document { key, revision, text: None })
    }

    async fn put(
        &self,
        key: Key,
        record: &impl serde::Serialize,
        expect: Expect,
        condition: Option<Change>,
    ) -> Result<Document, StateError> {
        let text: Arc<str> = records::write(record)?.into();
        let mut changes = vec![Change::put(key.clone(), Arc::clone(&text), expect)];
        changes.extend(condition);
        let revision = self.0.commit(&changes).await?;
        Ok(Document { key, revision, text: Some(text) })
    }
}
