// SPDX-License-Identifier: MIT OR Apache-2.0
//! The host's components: installed here, or fetched because a host beside this one did. Either way a package is
//! verified where it is used, and there is no way around it.

use crate::host::Host;
use anyhow::{Context as _, Result, bail};
use cap_state::StateError;
use edge_installer::{Admissible, Checked, Refusal, Signed, Standing};
use edge_package::Layout;
use edge_registry::{ComponentRecord, Installed, ReleaseRecord};
use jiff::Timestamp;
use kernel_types::Digest;
use signing_verify::Verified;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How often an install is tried again that another host was faster with.
const TRIES_MAX: usize = 16;

/// How long the bytes of a package may take to come, where somebody waits for it.
const LOAD_PATIENCE: Duration = Duration::from_secs(60);

/// A component that this host can run, and the signatures that let it in.
#[derive(Clone)]
pub(crate) struct Component {
    pub(crate) installed: Arc<Installed>,
    pub(crate) verified: Arc<[Verified]>,
}

impl Host {
    /// Installs a package: verified, checked, admitted, compiled, rehearsed, linked on trial, and kept where every host
    /// that shares this one's database finds it. Several versions of a component may be installed. Installing one that
    /// was damaged puts it right, and its tenants are served again. `older` lets a release in that is older than one
    /// that was accepted before.
    ///
    /// # Errors
    /// [`Refusal`], which names the step; or where it cannot be kept. Nothing is installed then.
    pub async fn install(&self, layout: Layout, older: bool) -> Result<Arc<Installed>> {
        let layout = Arc::new(layout);
        // What was let in before is verified as of then: its key may have ended since.
        let before = self.remembered.component(&layout.package.digest()).await?.map(|record| record.installed_at);
        let mut now = Timestamp::now();
        let checked = match before {
            Some(at) => match self.checked(Arc::clone(&layout), at).await {
                Ok(checked) => {
                    now = at;
                    checked
                }
                Err(_) => self.checked(Arc::clone(&layout), now).await?,
            },
            None => self.checked(Arc::clone(&layout), now).await?,
        };
        let (digest, id) = (checked.bundle().digest(), checked.bundle().manifest().id.clone());
        let version = checked.bundle().manifest().version.clone();
        for _ in 0..TRIES_MAX {
            let accepted = self.remembered.release(&id).await?;
            let known = self.remembered.component(&digest).await?.is_some();
            let admissible = self.admit(&checked, accepted.as_ref().map(|(_, release)| release), known, older, now)?;
            let release = match &accepted {
                Some((_, before)) if before.highest.cmp_precedence(&version).is_ge() => before.clone(),
                _ => {
                    let name = checked.signed().name().to_owned();
                    ReleaseRecord { name, highest: version.clone(), digest }
                }
            };
            let component = {
                let _one_at_a_time = self.loading.lock().await;
                self.compiled(admissible).await?
            };
            // The bytes first: whoever hears of the component can have them.
            let packed = layout.pack();
            let blob = self.remembered.state().put_blob(&packed).await.context("the package cannot be kept")?;
            {
                let _one_at_a_time = self.loading.lock().await;
                write(Arc::clone(&layout), &self.layout.component(&digest)).await?;
            }
            let record = ComponentRecord { id: id.clone(), version: version.clone(), blob, installed_at: now };
            let before = accepted.map(|(revision, _)| revision);
            match self.remembered.add_component(&digest, &record, before, &release).await {
                Err(StateError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
                Ok(document) => {
                    self.learn(&document);
                    self.loaded(&digest, Ok(component.clone()));
                    return Ok(component.installed);
                }
            }
        }
        bail!("component `{id}` is being installed by others all the time; try again");
    }

    /// Verifies and checks a package, on a thread that may be busy.
    pub(crate) async fn checked(&self, layout: Arc<Layout>, now: Timestamp) -> Result<Checked> {
        let (trust, registry) = (self.trust.clone(), Arc::clone(&self.registry));
        let checked = tokio::task::spawn_blocking(move || Signed::of(layout, &trust, now)?.check(&registry)).await?;
        Ok(checked?)
    }

    fn admit(
        &self,
        checked: &Checked,
        accepted: Option<&ReleaseRecord>,
        known: bool,
        older: bool,
        now: Timestamp,
    ) -> Result<Admissible, Refusal> {
        let revoked = self.revocations.read().clone();
        let digest = checked.bundle().digest();
        if known {
            return checked.clone().readmit(&self.trust, digest, revoked.as_deref());
        }
        let allowed: BTreeSet<Digest> = older.then_some(digest).into_iter().collect();
        let standing = Standing {
            owner: accepted.map(|release| release.name.as_str()),
            highest: accepted.map(|release| (&release.highest, release.digest)),
            allowed: Some(&allowed),
            pinned: None,
            revoked: revoked.as_deref(),
        };
        checked.clone().admit(&self.trust, &standing, now)
    }

    /// A package that was installed before, by this host or another one: verified again, as of the time at which it was
    /// let in. Where its bytes are not here, they may take so long to come; nobody else waits meanwhile.
    pub(crate) async fn load(&self, digest: &Digest, patience: Duration) -> Result<Component> {
        let record = self.known.lock().components.get(digest).cloned();
        let record = record.context("it is not installed")?;
        let damage = {
            let _one_at_a_time = self.loading.lock().await;
            match self.cached(digest, &record).await {
                Ok(admissible) => return self.compiled(admissible).await,
                Err(damage) => damage,
            }
        };
        let found = self.remembered.state().blob_within(&record.blob, patience).await?;
        let bytes = found.with_context(|| format!("its bytes are not kept ({damage:#})"))?;
        let layout = Arc::new(tokio::task::spawn_blocking(move || Layout::unpack(&bytes)).await??);
        let admissible = self.readmitted(Arc::clone(&layout), digest, &record).await?;
        let _one_at_a_time = self.loading.lock().await;
        write(layout, &self.layout.component(digest)).await?;
        self.compiled(admissible).await
    }

    /// The package as it lies in this host's directory.
    async fn cached(&self, digest: &Digest, record: &ComponentRecord) -> Result<Admissible> {
        let path = self.layout.component(digest);
        let layout = tokio::task::spawn_blocking(move || Layout::read(&path)).await??;
        self.readmitted(Arc::new(layout), digest, record).await
    }

    async fn readmitted(&self, layout: Arc<Layout>, digest: &Digest, record: &ComponentRecord) -> Result<Admissible> {
        let checked = self.checked(layout, record.installed_at).await?;
        let (manifest, name) = (checked.bundle().manifest(), checked.signed().name());
        let owner = self.known.lock().owners.get(&manifest.id).cloned();
        if manifest.id != record.id || manifest.version != record.version || owner.is_some_and(|owner| *owner != *name)
        {
            bail!(
                "it is `{name}` {}, and not what was installed as `{}` {}",
                manifest.version,
                record.id,
                record.version
            );
        }
        let revoked = self.revocations.read().clone();
        Ok(checked.readmit(&self.trust, *digest, revoked.as_deref())?)
    }

    /// Compiles a package, or takes what this host has of it, on a thread that may be busy for seconds.
    async fn compiled(&self, admissible: Admissible) -> Result<Component> {
        let digest = admissible.bundle().digest();
        let verified: Arc<[Verified]> = admissible.signed().verified().into();
        let known = self.installed.lock().get(&digest).cloned();
        if let Some(known) = known {
            return Ok(Component { verified, ..known });
        }
        let registry = Arc::clone(&self.registry);
        let installed = tokio::task::spawn_blocking(move || admissible.install(&registry)).await??;
        Ok(Component { installed, verified })
    }

    /// The package of an installed component as it lies in this host's directory, whole and unchanged.
    pub(crate) fn package(&self, digest: &Digest) -> Result<Layout> {
        let layout = Layout::read(&self.layout.component(digest))?;
        if layout.package.digest() != *digest {
            bail!("its files were changed since it was installed; install it again");
        }
        Ok(layout)
    }

    /// The component of this package, where it is installed and can be used.
    pub(crate) fn component(&self, digest: &Digest) -> Option<Component> {
        self.installed.lock().get(digest).cloned()
    }

    /// The component of an installed package; one that no tenant of this host needed yet is loaded first.
    pub(crate) async fn ready(&self, digest: &Digest) -> Result<Component> {
        if let Some(component) = self.component(digest) {
            return Ok(component);
        }
        self.catch_up().await?;
        let component = self.load(digest, LOAD_PATIENCE).await.with_context(|| format!("{digest}"))?;
        self.loaded(digest, Ok(component.clone()));
        Ok(component)
    }

    /// The component of an installed package.
    #[must_use]
    pub fn installed(&self, package: &Digest) -> Option<Arc<Installed>> {
        self.component(package).map(|component| component.installed)
    }

    /// Whether the package is installed and can be used here.
    #[must_use]
    pub fn is_installed(&self, package: &Digest) -> bool {
        self.component(package).is_some()
    }

    /// Forgets a package that no tenant has enabled. What tenants keep of its component's data stays.
    ///
    /// # Errors
    /// Where a tenant has it enabled or, unless `drop_rollback`, could go back to it; where it is not installed; or where the state
    /// cannot be written.
    pub async fn uninstall(&self, digest: &Digest, drop_rollback: bool) -> Result<()> {
        self.catch_up().await?;
        let users = self.known.lock().users(digest);
        if let Some(tenant) = users.first() {
            bail!("{digest} is enabled by {} tenants, `{tenant}` among them: disable it there first", users.len());
        }
        let keeper = self.known.lock().could_go_back_to(digest);
        if let Some(tenant) = keeper.filter(|_| !drop_rollback) {
            bail!("tenant `{tenant}` could go back to it ({digest}): give `--drop-rollback` where nobody will");
        }
        if self.remembered.component(digest).await?.is_none() {
            bail!("{digest} is not installed");
        }
        let document = self.remembered.remove_component(digest).await?;
        self.learn(&document);
        match std::fs::remove_dir_all(self.layout.component(digest)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }
}

/// Keeps the package in the host's own directory.
async fn write(layout: Arc<Layout>, path: &Path) -> Result<()> {
    let (context, path) = (format!("cannot keep the package in `{}`", path.display()), path.to_owned());
    let write = move || {
        // A layout is put in the place of a layout only; here, whatever else is in its place is damage.
        if path.exists() && !path.join("oci-layout").is_file() {
            std::fs::remove_dir_all(&path)?;
        }
        layout.write(&path)
    };
    tokio::task::spawn_blocking(write).await?.context(context)
}
