// SPDX-License-Identifier: MIT OR Apache-2.0
//! Whom a host trusts: the files that its configuration names, else those in the folder `trust` of its directory, which
//! its administrator puts there. Without them it trusts nobody.

use crate::layout::Layout;
use anyhow::{Context as _, Result};
use edge_config::Configuration;
use edge_installer::{Trust, TrustFiles};
use jiff::SignedDuration;
use std::path::{Path, PathBuf};

/// The trust of a host that is configured.
///
/// # Errors
/// Where a file that is named or there cannot be used.
pub fn of(layout: &Layout, configuration: &Configuration) -> Result<Trust> {
    let list_age_max = configuration.trust_revocations_max_age.map(SignedDuration::try_from).transpose()?;
    let Some(policy) = configuration.trust_policy.clone() else { return of_files(layout, list_age_max) };
    let (keys, roots) = (configuration.trust_keys.clone(), configuration.trust_roots.clone().unwrap_or_default());
    Trust::read(&TrustFiles { policy, keys, roots, list_age_max }).context("the trust of this host")
}

/// The trust of a directory, for a command that is not configured.
///
/// # Errors
/// Where a file that is there cannot be used.
pub fn of_directory(layout: &Layout) -> Result<Trust> {
    of_files(layout, None)
}

fn of_files(layout: &Layout, list_age_max: Option<SignedDuration>) -> Result<Trust> {
    let folder = layout.trust();
    let policy = folder.join("policy.json");
    if !policy.exists() {
        return Ok(Trust::nobody());
    }
    let keys = Some(folder.join("keys.json")).filter(|path| path.exists());
    let files = TrustFiles { policy, keys, roots: roots(&folder.join("roots"))?, list_age_max };
    Trust::read(&files).with_context(|| format!("the trust of `{}`", layout.root().display()))
}

/// The trusted roots, in the order of their names.
fn roots(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.with_context(|| format!("cannot read `{}`", folder.display()))?,
    };
    let mut roots = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    roots.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    roots.sort();
    Ok(roots)
}
