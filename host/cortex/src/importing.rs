// SPDX-License-Identifier: MIT OR Apache-2.0
//! The mark of a tenant that is being taken in. It is remembered before anything of the tenant is touched, and goes
//! with the commit that says what the tenant has enabled, so that wherever a host ends in between, no host serves new
//! tables as what was enabled before: the tenant is as it was, is new, or is not served and says why.
//!
//! A mark is not a lock: whoever replaces the tenant takes it over, and the store asks before it lets rows count
//! whether the mark is still the one that they came under.

use crate::host::Host;
use crate::transfer::Error;
use cap_state::{Document, Revision, StateError};
use cap_storage::transfer::{Confirm, TransferError};
use edge_registry::{Importing, Installed, TenantRecord};
use kernel_types::{Digest, Grants, TenantId};
use std::sync::Arc;
use std::time::Duration;

/// How often what is remembered of a tenant is read again because another host was faster.
const TRIES_MAX: usize = 32;

/// How often a state that does not answer is asked again to record, or to write off, what was begun.
const ASKS_MAX: usize = 10;

/// The pause between two of them.
const ASK_AGAIN: Duration = Duration::from_millis(500);

/// How long hosts that share a database may take to hear of a mark: they ask every half second. So long a tenant that
/// is replaced is left alone after its mark was made.
const HEARD_WITHIN: Duration = Duration::from_millis(1_000);

/// A mark that was made, and what it stands in the place of.
pub(crate) struct Mark {
    revision: Revision,
    before: Option<TenantRecord>,
}

/// Components with what was granted to each.
type Choice = [(Arc<Installed>, Grants)];

impl Host {
    /// Refuses a tenant that has something, or that was begun to be taken in.
    pub(crate) async fn check_free(&self, tenant: &TenantId) -> Result<(), Error> {
        let found = self.remembered.tenant(tenant).await?;
        free(tenant, found.as_ref().map(|(_, record)| record))
    }

    /// Marks a tenant. When this returns no host serves it.
    pub(crate) async fn mark(
        &self,
        tenant: &TenantId,
        archive: Digest,
        wanted: &TenantRecord,
        replace: bool,
    ) -> Result<Mark, Error> {
        let components = wanted.components.clone();
        let importing = Importing { id: uuid::Uuid::now_v7().to_string().into(), archive, components };
        for _ in 0..TRIES_MAX {
            let found = self.remembered.tenant(tenant).await?;
            let (at, before) = match found {
                Some((document, record)) => (Some(document.revision), Some(record)),
                None => (None, None),
            };
            if !replace {
                free(tenant, before.as_ref())?;
            }
            let components = before.as_ref().map(|record| record.components.clone()).unwrap_or_default();
            let served = !components.is_empty();
            let marked = TenantRecord { components, importing: Some(importing.clone()) };
            let document = match self.put(tenant, Some(&marked), at).await {
                Err(StateError::Conflict { .. }) => continue,
                done => done?,
            };
            self.learn(&document);
            if served && self.store.is_shared() {
                tokio::time::sleep(HEARD_WITHIN).await;
            }
            return Ok(Mark { revision: document.revision, before });
        }
        Err(Error::Host(format!("tenant `{tenant}` is being changed by others all the time; try again")))
    }

    /// What the store asks before rows count: whether the mark is still this one.
    pub(crate) fn confirm(&self, tenant: &TenantId, mark: &Mark) -> Confirm {
        let (remembered, tenant, marked) = (self.remembered.clone(), tenant.clone(), mark.revision);
        Arc::new(move || {
            let (remembered, tenant) = (remembered.clone(), tenant.clone());
            Box::pin(async move {
                let found = remembered.tenant(&tenant).await;
                let found = found.map_err(|error| TransferError::Unavailable(error.to_string()))?;
                if found.is_some_and(|(document, _)| document.revision == marked) {
                    return Ok(());
                }
                Err(TransferError::Interrupted(format!("somebody else changes tenant `{tenant}` meanwhile")))
            })
        })
    }

    /// Writes off what was begun: nothing of the tenant was touched, and it is served as before.
    pub(crate) async fn unmark(&self, tenant: &TenantId, mark: Mark) -> Result<(), Error> {
        match self.put(tenant, mark.before.as_ref(), Some(mark.revision)).await {
            Ok(document) => self.learn(&document),
            // Whoever took the mark over says what becomes of the tenant.
            Err(StateError::Conflict { .. }) => {}
            Err(error) => return Err(Error::Unrecorded { tenant: tenant.clone(), detail: error.to_string() }),
        }
        Ok(())
    }

    /// Records what a tenant whose rows are in has enabled, in the place of its mark. It is served then.
    pub(crate) async fn record(
        &self,
        tenant: &TenantId,
        mark: Mark,
        wanted: &TenantRecord,
        choice: &Choice,
    ) -> Result<(), Error> {
        let recorded = async {
            self.store.create_tenant(tenant).await?;
            self.registry.make_ready(tenant, choice, &[]).await?;
            Ok::<_, anyhow::Error>(self.put(tenant, Some(wanted), Some(mark.revision)).await?)
        };
        let recorded = recorded.await.map_err(|error| {
            let detail = format!("what it enabled was not recorded: {}", crate::text::chain(&error));
            Error::Unrecorded { tenant: tenant.clone(), detail }
        });
        self.learn(&recorded?);
        Ok(())
    }

    /// Puts a record in the place of what was there at a revision. Where the state does not answer it is asked again,
    /// and looked whether it was done after all.
    async fn put(
        &self,
        tenant: &TenantId,
        record: Option<&TenantRecord>,
        before: Option<Revision>,
    ) -> Result<Document, StateError> {
        let mut asked = 1;
        loop {
            let error = match self.remembered.put_tenant(tenant, record, before).await {
                Err(StateError::Unavailable(error)) => error,
                Err(StateError::Conflict { key, found }) if asked > 1 => {
                    let now = self.remembered.tenant(tenant).await?;
                    return match (now, record) {
                        (Some((document, now)), Some(record)) if now == *record => Ok(document),
                        // When is not known; after what was there.
                        (None, None) => Ok(Document { key, revision: before.unwrap_or_default().next(), text: None }),
                        _ => Err(StateError::Conflict { key, found }),
                    };
                }
                done => return done,
            };
            if asked >= ASKS_MAX {
                return Err(StateError::Unavailable(error));
            }
            asked = asked.saturating_add(1);
            tokio::time::sleep(ASK_AGAIN).await;
        }
    }
}

fn free(tenant: &TenantId, record: Option<&TenantRecord>) -> Result<(), Error> {
    match record {
        Some(record) if record.importing.is_some() => Err(Error::Unfinished(tenant.clone())),
        Some(record) if !record.components.is_empty() => Err(TransferError::NotEmpty(tenant.clone()).into()),
        _ => Ok(()),
    }
}
