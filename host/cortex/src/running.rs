// SPDX-License-Identifier: MIT OR Apache-2.0
//! How a command finds the host that runs on the same directory, and the development token of a tenant.

use crate::layout::Layout;
use anyhow::{Context as _, Result};
use backend_sqlite::{StoreError, StoreLock};
use kernel_types::TenantId;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

/// What a running host says of itself.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Running {
    /// Where it answers, `http://127.0.0.1:8080`.
    pub url: String,
    /// Its process.
    pub process: u32,
}

impl Running {
    /// Reads what the running host says; [`None`] where none runs. A note of one that was killed counts for nothing: its
    /// port may be another program's by now, and that one would be sent a token.
    ///
    /// # Errors
    /// Where the file is there and cannot be read.
    pub fn read(layout: &Layout) -> Result<Option<Self>> {
        // A host holds the lock of its store as long as it lives, however it ends.
        if !matches!(StoreLock::acquire(&layout.data()), Err(StoreError::Locked { .. })) {
            return Ok(None);
        }
        match std::fs::read(layout.running()) {
            Ok(text) => {
                Ok(Some(serde_json::from_slice(&text).context("the host's own note of its address is damaged")?))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read `{}`", layout.running().display())),
        }
    }

    /// Says where this host answers, until the guard is dropped.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn announce(self, layout: &Layout) -> Result<Announced> {
        let path = layout.running();
        write_private(&path, serde_json::to_string_pretty(&self)?.as_bytes())?;
        Ok(Announced(path))
    }
}

/// Takes the note back when dropped.
pub struct Announced(std::path::PathBuf);

impl Drop for Announced {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// The development token of a tenant, where one was made.
///
/// # Errors
/// Where the file is there and cannot be read.
pub fn token(layout: &Layout, tenant: &TenantId) -> Result<Option<String>> {
    let path = layout.token(tenant);
    match std::fs::read_to_string(&path) {
        Ok(token) => Ok(Some(token.trim().to_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read `{}`", path.display())),
    }
}

/// Writes a file that only its owner can read, and its directory likewise; atomically.
///
/// # Errors
/// Where the system refuses.
pub fn write_private(path: &Path, content: &[u8]) -> Result<()> {
    let context = || format!("cannot write `{}`", path.display());
    if let Some(parent) = path.parent() {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(parent).with_context(context)?;
    }
    let temporary = path.with_extension("part");
    match std::fs::remove_file(&temporary) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error).with_context(context),
        _ => {}
    }
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(&temporary).with_context(context)?;
    file.write_all(content).with_context(context)?;
    file.sync_all().with_context(context)?;
    std::fs::rename(&temporary, path).with_context(context)
}
