// SPDX-License-Identifier: MIT OR Apache-2.0
//! The host's components: installed here, or fetched because a host beside this one did.

use crate::host::Host;
use anyhow::{Context as _, Result, bail};
use edge_registry::{Bundle, ComponentRecord, Files, Installed};
use kernel_types::Digest;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

impl Host {
    /// Installs a component from its directory: checked, compiled, linked on trial, and its bytes kept where every host that
    /// shares this one's database finds them. Installing one that was damaged puts it right, and its tenants are served
    /// again.
    ///
    /// # Errors
    /// See [`edge_registry::InstallError`]; or where it cannot be kept. Nothing is installed then.
    pub async fn install(&self, directory: &Path) -> Result<Arc<Installed>> {
        let (registry, path) = (Arc::clone(&self.registry), directory.to_owned());
        let bundle = tokio::task::spawn_blocking(move || registry.read(&path)).await??;
        let (digest, files) = (bundle.digest(), Arc::clone(bundle.files()));
        let installed = {
            let _one_at_a_time = self.loading.lock().await;
            let installed = self.compiled(bundle).await?;
            write(Arc::clone(&files), &self.layout.component(&digest)).await?;
            self.installed.lock().insert(digest, Arc::clone(&installed));
            installed
        };
        // The bytes first: whoever hears of the component can have them.
        let state = self.remembered.state();
        let kept = matches!(state.blob(&digest).await, Ok(Some(_)));
        if !kept {
            state.put_blob(&files.pack()).await.context("the component cannot be kept")?;
        }
        let manifest = installed.manifest();
        let record = ComponentRecord { id: manifest.id.clone(), version: manifest.version.to_string() };
        let document = self.remembered.add_component(&digest, &record, !kept).await?;
        self.learn(&document);
        self.loaded(&digest, Ok(Arc::clone(&installed)));
        Ok(installed)
    }

    /// A component that was installed before, by this host or another one. Where its bytes are not here, they may take so long to
    /// come; nobody else waits meanwhile.
    pub(crate) async fn load(&self, digest: &Digest, patience: Duration) -> Result<Arc<Installed>> {
        let damage = {
            let _one_at_a_time = self.loading.lock().await;
            match self.cached(digest).await {
                Ok(bundle) => return self.compiled(bundle).await,
                Err(damage) => damage,
            }
        };
        let found = self.remembered.state().blob_within(digest, patience).await?;
        let bytes = found.with_context(|| format!("its bytes are not kept ({damage:#})"))?;
        let _one_at_a_time = self.loading.lock().await;
        write(Arc::new(Files::unpack(&bytes)?), &self.layout.component(digest)).await?;
        let bundle = self.cached(digest).await?;
        self.compiled(bundle).await
    }

    /// The bundle as it lies in this host's directory.
    async fn cached(&self, digest: &Digest) -> Result<Bundle> {
        let (registry, path) = (Arc::clone(&self.registry), self.layout.component(digest));
        let bundle = tokio::task::spawn_blocking(move || registry.read(&path)).await??;
        if bundle.digest() != *digest {
            bail!("its files were changed since it was installed");
        }
        Ok(bundle)
    }

    /// Compiles a bundle, or takes what this host has of it, on a thread that may be busy for seconds.
    async fn compiled(&self, bundle: Bundle) -> Result<Arc<Installed>> {
        let known = self.installed.lock().get(&bundle.digest()).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let registry = Arc::clone(&self.registry);
        Ok(tokio::task::spawn_blocking(move || registry.install(bundle)).await??)
    }
}

/// Keeps the files in the host's own directory.
async fn write(files: Arc<Files>, path: &Path) -> Result<()> {
    let (context, path) = (format!("cannot keep the component in `{}`", path.display()), path.to_owned());
    tokio::task::spawn_blocking(move || files.write(&path)).await?.context(context)
}
