// SPDX-License-Identifier: MIT OR Apache-2.0
//! Whom a host trusts: the files that its configuration names, else those in the folder `trust` of its directory, which its
//! administrator puts there. Without them it trusts nobody. They are read once: what is believed is what the boot record has the
//! digests of.

use crate::layout::Layout;
use anyhow::{Context as _, Result, bail};
use edge_config::Configuration;
use edge_config::boot::TrustDigests;
use edge_installer::Trust;
use jiff::SignedDuration;
use kernel_types::Digest;
use signing_verify::{POLICY_BYTES_MAX, TRUST_ROOT_BYTES_MAX};
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// What the files say.
#[derive(Debug, Default)]
pub struct Files {
    policy: Option<Vec<u8>>,
    keys: Option<Vec<u8>>,
    roots: Vec<Vec<u8>>,
    list_age_max: Option<SignedDuration>,
}

impl Files {
    /// Reads the files of a host.
    ///
    /// # Errors
    /// Where one that is named or there cannot be read, or keys and roots are named without a policy.
    pub fn read(layout: &Layout, configuration: &Configuration) -> Result<Self> {
        let list_age_max = configuration.trust_revocations_max_age.map(SignedDuration::try_from).transpose()?;
        let (policy, keys, roots) = match &configuration.trust_policy {
            Some(policy) => {
                let roots = configuration.trust_roots.clone().unwrap_or_default();
                (policy.clone(), configuration.trust_keys.clone(), roots)
            }
            None if configuration.trust_keys.is_some() || configuration.trust_roots.is_some() => {
                bail!("`trust.keys` and `trust.roots` say nothing without `trust.policy`: name the policy as well");
            }
            None => {
                let folder = layout.trust();
                if !folder.join("policy.json").exists() {
                    return Ok(Self { list_age_max, ..Self::default() });
                }
                let keys = Some(folder.join("keys.json")).filter(|path| path.exists());
                (folder.join("policy.json"), keys, roots(&folder.join("roots"))?)
            }
        };
        Ok(Self {
            policy: Some(read(&policy, POLICY_BYTES_MAX)?),
            keys: keys.map(|path| read(&path, POLICY_BYTES_MAX)).transpose()?,
            roots: roots.iter().map(|path| read(path, TRUST_ROOT_BYTES_MAX)).collect::<Result<_>>()?,
            list_age_max,
        })
    }

    /// What they come to.
    ///
    /// # Errors
    /// Where one cannot be used.
    pub fn trust(&self) -> Result<Trust> {
        let Some(policy) = &self.policy else { return Ok(Trust::nobody()) };
        let trust = Trust::parse(policy, self.keys.as_deref(), &self.roots, self.list_age_max);
        trust.context("the policy, the keys or the trusted roots of this host")
    }

    /// Their digests, for the boot record.
    #[must_use]
    pub fn digests(&self) -> TrustDigests {
        TrustDigests {
            policy: self.policy.as_deref().map(Digest::of),
            keys: self.keys.as_deref().map(Digest::of),
            roots: self.roots.iter().map(|root| Digest::of(root)).collect(),
        }
    }
}

/// Reads a file; one byte more than allowed is refused by its parser, which knows the limit.
fn read(path: &Path, bytes_max: usize) -> Result<Vec<u8>> {
    let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes));
    read.with_context(|| format!("cannot read `{}`", path.display()))?;
    Ok(bytes)
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
