// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tenants of this host as archives: written from a snapshot while the tenant is served, and taken in as a whole.
//!
//! Credentials are not in an archive. Whoever takes a tenant in issues new ones.

use crate::host::Host;
use crate::importing::Mark;
use crate::tenants::Chosen;
use crate::text::chain;
use cap_state::StateError;
use cap_storage::transfer::{Loaded, Plan, TransferError, rows};
use edge_archive::{Archive, ArchiveError, Bundle, Consent, Summary, export};
use edge_installer::SignedGrant;
use edge_package::Layout;
use edge_package::layout::Memory;
use edge_registry::{Installed, TenantRecord};
use kernel_types::{ComponentId, Digest, Grants, TenantId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

/// Why a tenant could not be written or taken in. Nothing was changed, except as [`Error::Unrecorded`] says.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The archive is refused, or cannot be written.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The store refuses.
    #[error(transparent)]
    Transfer(#[from] TransferError),
    /// A component of the archive is not what the archive says, or cannot be installed here.
    #[error("component `{component}` of the archive cannot be installed: {detail}")]
    Component {
        /// Which.
        component: ComponentId,
        /// Why.
        detail: String,
    },
    /// The tenant's tables are not those of its enabled components.
    #[error("component `{0}` is being upgraded in this tenant: try again in a moment")]
    Moving(ComponentId),
    /// It is not served, so that nobody knows what its tables are.
    #[error("tenant `{tenant}` is not served: {why}")]
    Suspended {
        /// Which.
        tenant: TenantId,
        /// Why, and what to do first.
        why: &'static str,
    },
    /// Replacing it would drop tables that the archive has nothing for.
    #[error("tenant `{tenant}` has data of {} that is not in the archive: give it up with `--drop-left-out`, or keep the tenant under another name", named(.components))]
    LeftOut {
        /// Which.
        tenant: TenantId,
        /// Whose tables.
        components: Vec<ComponentId>,
    },
    /// What it has cannot be told.
    #[error("what tenant `{tenant}` has cannot be read ({detail}): give it up unseen with `--drop-left-out`")]
    Unseen {
        /// Which.
        tenant: TenantId,
        /// Why.
        detail: String,
    },
    /// Somebody began to take it in.
    #[error(
        "tenant `{0}` is being taken in, or whoever did so ended before it was recorded: give up what it has to do it anew"
    )]
    Unfinished(TenantId),
    /// Its tables may be the archive's, and what it has enabled could not be remembered. It is not served.
    #[error(
        "tenant `{tenant}` is not served, its tables may be those of the archive: {detail}; import it again with `--replace`"
    )]
    Unrecorded {
        /// Which.
        tenant: TenantId,
        /// What failed.
        detail: String,
    },
    /// The host itself cannot go on.
    #[error("{0}")]
    Host(String),
}

impl From<anyhow::Error> for Error {
    fn from(error: anyhow::Error) -> Self {
        Self::Host(chain(&error))
    }
}

impl From<StateError> for Error {
    fn from(error: StateError) -> Self {
        Self::Host(error.to_string())
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::Archive(error.into())
    }
}

/// What is given up of a tenant that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replace {
    /// Nothing: it must not be there.
    Nothing,
    /// The data of components that are in the archive.
    Same,
    /// Everything, also what the archive has nothing for.
    Everything,
}

/// Names in a sentence.
fn named(components: &[ComponentId]) -> String {
    components.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ")
}

/// A tenant that was taken in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// The tenant.
    pub tenant: TenantId,
    /// The digest that names the archive.
    pub digest: Digest,
    /// When it was written.
    pub taken_at: String,
    /// The components that were enabled.
    pub components: Vec<ComponentId>,
    /// Rows, over all tables.
    pub rows: u64,
}

/// A tenant's snapshot with all that belongs to it.
pub struct Export {
    tenant: TenantId,
    taken_at: String,
    bundles: Vec<Bundle>,
    snapshot: cap_storage::transfer::Snapshot,
}

impl Export {
    /// Writes the archive. Blocks its thread.
    ///
    /// # Errors
    /// See [`ArchiveError`]; what was written is no archive then.
    pub fn write<W: Write>(self, out: W) -> Result<(Summary, W), ArchiveError> {
        let version = env!("CARGO_PKG_VERSION");
        export(&self.tenant, &self.taken_at, version, self.bundles, self.snapshot, out)
    }
}

impl Host {
    /// Takes a snapshot of a tenant, which goes on being served: of all that it enabled, or of one component alone.
    ///
    /// # Errors
    /// Where there is no such tenant, it has not enabled that component, or it cannot be read now.
    pub async fn export(self: &Arc<Self>, tenant: &TenantId, only: Option<&ComponentId>) -> Result<Export, Error> {
        if let Some(why) = self.suspended.read().get(tenant) {
            return Err(Error::Suspended { tenant: tenant.clone(), why: why.advice() });
        }
        let set = self.registry().providers().get(tenant);
        let set = set.ok_or_else(|| TransferError::UnknownTenant(tenant.clone()))?;
        let meant = |id: &ComponentId| only.is_none_or(|only| only == id);
        let components: Vec<_> =
            set.components().iter().map(|enabled| enabled.installed.manifest().id.clone()).collect();
        let components: Vec<_> = components.into_iter().filter(meant).collect();
        if let Some(only) = only.filter(|_| components.is_empty()) {
            let detail = format!("tenant `{tenant}` has not enabled it");
            return Err(Error::Component { component: only.clone(), detail });
        }
        let snapshot = self.store().transfer().snapshot(tenant, &components).await?;
        let taken_at = jiff::Timestamp::now().to_string();
        let mut bundles = Vec::new();
        for enabled in set.components().iter().filter(|enabled| meant(&enabled.installed.manifest().id)) {
            let installed = &enabled.installed;
            let id = installed.manifest().id.clone();
            let applied = snapshot.contents.applied.get(&id).map(Vec::as_slice).unwrap_or_default();
            if !installed.migrations().pending(applied).is_ok_and(<[_]>::is_empty) {
                return Err(Error::Moving(id));
            }
            bundles.push(self.bundle(tenant, installed)?);
        }
        Ok(Export { tenant: tenant.clone(), taken_at, bundles, snapshot })
    }

    fn bundle(&self, tenant: &TenantId, installed: &Installed) -> Result<Bundle, Error> {
        let (id, digest) = (installed.manifest().id.clone(), installed.digest());
        let wrong = |detail: String| Error::Component { component: id.clone(), detail };
        let layout = self.package(&digest).map_err(|error| wrong(chain(&error)))?;
        let known = self.known.lock();
        let choice = known.tenant(tenant).and_then(|record| record.components.get(&id));
        let choice = choice.filter(|choice| choice.package == digest).ok_or_else(|| Error::Moving(id.clone()))?;
        let SignedGrant { text, bundle } = &choice.grant;
        let consent = Consent { text: text.to_string(), bundle: bundle.to_string() };
        drop(known);
        let version = installed.manifest().version.to_string();
        Ok(Bundle { id, version, digest, consent, files: layout.content().0 })
    }

    /// Takes a tenant in. It is served once it is whole; its own name may be another one than in the archive. Consents
    /// are taken from `consents`, by component, or else from the archive; each has to be valid here, for the tenant's
    /// name here.
    ///
    /// # Errors
    /// See [`Error`]. The tenant is then as it was before, or is not; or, as [`Error::Unrecorded`] says, it is not
    /// served.
    pub async fn import(
        self: &Arc<Self>,
        archive: Arc<Archive>,
        tenant: &TenantId,
        replace: Replace,
        consents: &BTreeMap<ComponentId, SignedGrant>,
    ) -> Result<Imported, Error> {
        match replace {
            Replace::Nothing => self.check_free(tenant).await?,
            Replace::Same => self.check_same(&archive, tenant).await?,
            Replace::Everything => {}
        }
        let replace = replace != Replace::Nothing;
        let chosen = self.install_all(&archive, consents).await?;
        // Before anything of the tenant is touched.
        let choice = self.consented(tenant, &chosen, &TenantRecord::default())?;
        self.registry().check(&choice).map_err(anyhow::Error::from)?;
        let wanted = crate::tenants::record(&chosen, &TenantRecord::default());
        let mark = self.mark(tenant, archive.digest(), &wanted, replace).await?;
        let loaded = match self.load_rows(&archive, tenant, &choice, replace, &mark).await {
            Ok(loaded) => loaded,
            Err(TransferError::Unknown(detail)) => return Err(Error::Unrecorded { tenant: tenant.clone(), detail }),
            Err(error) => {
                self.unmark(tenant, mark).await?;
                return Err(error.into());
            }
        };
        self.record(tenant, mark, &wanted, &choice).await?;
        let header = archive.header();
        Ok(Imported {
            tenant: tenant.clone(),
            digest: archive.digest(),
            taken_at: header.taken_at.clone(),
            components: header.components.iter().map(|component| component.id.clone()).collect(),
            rows: loaded.rows,
        })
    }

    /// Refuses a tenant with tables of components that the archive does not hold.
    async fn check_same(&self, archive: &Archive, tenant: &TenantId) -> Result<(), Error> {
        let snapshot = match self.store().transfer().snapshot(tenant, &[]).await {
            Err(TransferError::UnknownTenant(_)) => return Ok(()),
            Err(error) => return Err(Error::Unseen { tenant: tenant.clone(), detail: error.to_string() }),
            Ok(snapshot) => snapshot,
        };
        let held = |id: &ComponentId| archive.header().components.iter().any(|component| component.id == *id);
        let components: Vec<_> = snapshot.contents.applied.into_keys().filter(|id| !held(id)).collect();
        if components.is_empty() {
            return Ok(());
        }
        Err(Error::LeftOut { tenant: tenant.clone(), components })
    }

    async fn load_rows(
        self: &Arc<Self>,
        archive: &Arc<Archive>,
        tenant: &TenantId,
        choice: &[(Arc<Installed>, Grants)],
        replace: bool,
        mark: &Mark,
    ) -> Result<Loaded, TransferError> {
        let migrations = choice.iter().map(|(installed, _)| installed.migrations().clone()).collect();
        let confirm = self.confirm(tenant, mark);
        let plan = Plan { migrations, tables: archive.header().tables(), replace, confirm };
        let (sender, receiver) = rows();
        let feeding = tokio::task::spawn_blocking({
            let archive = Arc::clone(archive);
            move || archive.feed(sender)
        });
        let loaded = self.store().transfer().load(tenant, plan, receiver).await;
        // It ends with the store, which took the last row or none.
        let _ = feeding.await;
        loaded
    }

    /// Installs the components of an archive, each as exactly the package that was enabled. A release that is older
    /// than one that this site accepted is let in: the archive is what it was, and still signed.
    async fn install_all(
        &self,
        archive: &Arc<Archive>,
        consents: &BTreeMap<ComponentId, SignedGrant>,
    ) -> Result<Vec<Chosen>, Error> {
        let unpacked = Arc::clone(archive);
        let layouts = tokio::task::spawn_blocking(move || layouts(&unpacked)).await;
        let mut layouts = layouts.map_err(|error| Error::Host(error.to_string()))??;
        let mut chosen = Vec::new();
        for component in &archive.header().components {
            let wrong = |detail: String| Error::Component { component: component.id.clone(), detail };
            let layout = layouts.remove(&component.id).ok_or_else(|| wrong("its package is missing".to_owned()))?;
            let installed = self.install(layout, true).await.map_err(|error| wrong(chain(&error)))?;
            let applied = installed.migrations().as_slice().iter().map(|one| (one.number(), one.digest()));
            if !applied.eq(component.migrations.iter().map(|one| (one.number, one.digest))) {
                return Err(wrong("its migrations are not those that the archive says ran".to_owned()));
            }
            let grant = consents.get(&component.id).cloned().unwrap_or_else(|| {
                let Consent { text, bundle } = &component.consent;
                SignedGrant { text: text.as_str().into(), bundle: bundle.as_str().into() }
            });
            chosen.push(Chosen { installed, grant });
        }
        Ok(chosen)
    }
}

/// The packages of an archive: all are looked at before the first is installed.
fn layouts(archive: &Archive) -> Result<BTreeMap<ComponentId, Layout>, Error> {
    let mut files: BTreeMap<ComponentId, Memory> = BTreeMap::new();
    archive.files(|component, path, content| {
        files.entry(component.clone()).or_default().0.insert(path.to_owned(), content.to_vec());
        Ok(())
    })?;
    let mut layouts = BTreeMap::new();
    for component in &archive.header().components {
        let wrong = |detail: String| Error::Component { component: component.id.clone(), detail };
        let layout = Layout::read_from(&files.remove(&component.id).unwrap_or_default());
        let layout = layout.map_err(|error| wrong(error.to_string()))?;
        if layout.package.digest() != component.digest || layout.package.manifest().id != component.id {
            return Err(wrong("its package is not the one that the archive names".to_owned()));
        }
        layouts.insert(component.id.clone(), layout);
    }
    Ok(layouts)
}
