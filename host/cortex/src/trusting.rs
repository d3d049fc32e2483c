// SPDX-License-Identifier: MIT OR Apache-2.0
//! Whom the host of a directory trusts: files in its folder `trust`, which its administrator puts there. Without them it trusts nobody.

use crate::layout::Layout;
use anyhow::{Context as _, Result};
use edge_installer::{Trust, TrustFiles};
use std::path::PathBuf;

/// Reads the trust of a directory.
///
/// # Errors
/// Where a file that is there cannot be used.
pub fn of(layout: &Layout) -> Result<Trust> {
    let folder = layout.trust();
    let policy = folder.join("policy.json");
    if !policy.exists() {
        return Ok(Trust::nobody());
    }
    let keys = Some(folder.join("keys.json")).filter(|path| path.exists());
    let files = TrustFiles { policy, keys, roots: roots(&folder.join("roots"))?, list_age_max: None };
    Trust::read(&files).with_context(|| format!("the trust of `{}`", layout.root().display()))
}

/// The trusted roots, in the order of their names.
fn roots(folder: &std::path::Path) -> Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.with_context(|| format!("cannot read `{}`", folder.display()))?,
    };
    let mut roots = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    roots.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    roots.sort();
    Ok(roots)
}
