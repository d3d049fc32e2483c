// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Verified`] signatures -> [`Admitted`]: the release comes with what the policy asks for, is not revoked, and not older
//! than what this site has accepted.

use crate::policy::Policy;
use crate::refused::{Refused, Step};
use crate::revocation::RevocationList;
use crate::verifier::{Artifact, Verified};
use kernel_types::Digest;
use semver::Version;
use std::collections::BTreeSet;

/// What a site knows about a component before it admits a release of it.
#[derive(Debug, Clone, Copy, Default)]
pub struct History<'a> {
    /// The digest that the administrator insists on.
    pub pinned: Option<Digest>,
    /// The highest version that was ever accepted, with its digest.
    pub highest: Option<(&'a Version, Digest)>,
    /// Digests that the administrator allows although a higher version was accepted.
    pub rollback_allowed: Option<&'a BTreeSet<Digest>>,
    /// The newest list of revocations.
    pub revoked: Option<&'a RevocationList>,
}

/// A release that this site may install. Only [`admit`] makes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Admitted {
    version: Version,
    attestations: Vec<Verified>,
    digest: Digest,
}

impl Admitted {
    /// Its version.
    #[must_use]
    pub const fn version(&self) -> &Version {
        &self.version
    }

    /// Its digest.
    #[must_use]
    pub const fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The signatures and statements that it came with.
    #[must_use]
    pub fn attestations(&self) -> &[Verified] {
        &self.attestations
    }
}

/// Whether the digest may run.
///
/// # Errors
/// At [`Step::Revoked`], with the reason that the list gives.
pub fn check_revoked(digest: &Digest, list: Option<&RevocationList>) -> Result<(), Refused> {
    match list.and_then(|list| list.reason(digest)) {
        Some(reason) => Err(Step::Revoked.refuse(format_args!("{digest} was revoked: {reason}"))),
        None => Ok(()),
    }
}

/// Admits a release with its verified signatures. The version is what the signed package says.
///
/// # Errors
/// At [`Step::Digest`], [`Step::Attestation`], [`Step::Revoked`] or [`Step::Rollback`].
pub fn admit(
    artifact: &Artifact<'_>,
    version: &Version,
    attestations: Vec<Verified>,
    policy: &Policy,
    history: &History<'_>,
) -> Result<Admitted, Refused> {
    let Artifact { name, digest } = *artifact;
    if attestations.iter().any(|one| one.name != name || one.digest != digest) {
        return Err(Step::Digest.refuse(format_args!("a signature is not for `{name}`, {digest}")));
    }
    if let Some(pinned) = history.pinned.filter(|pinned| *pinned != digest) {
        return Err(Step::Digest.refuse(format_args!("`{name}` is pinned to {pinned}, and this is {digest}")));
    }
    for kind in &policy.publisher(name)?.require {
        if !attestations.iter().any(|one| one.kind == *kind) {
            return Err(Step::Attestation.refuse(format_args!("`{name}` comes without `{kind:?}`")));
        }
    }
    check_revoked(&digest, history.revoked)?;
    let allowed = history.rollback_allowed.is_some_and(|allowed| allowed.contains(&digest));
    if let Some((highest, accepted)) = history.highest.filter(|_| !allowed) {
        let order = version.cmp_precedence(highest);
        if order.is_lt() || order.is_eq() && digest != accepted {
            let reason = format!("`{name}` {version} ({digest}), and {highest} ({accepted}) was accepted before");
            return Err(Step::Rollback.refuse(reason));
        }
    }
    Ok(Admitted { version: version.clone(), attestations, digest })
}
