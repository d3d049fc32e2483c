// SPDX-License-Identifier: MIT OR Apache-2.0
//! The steps that a package takes on its way into a host, one after the other.

use edge_installer::{Refusal, Signed, Standing, Trust};
use edge_package::Layout;
use edge_registry::Registry;
use jiff::Timestamp;
use kernel_types::Digest;
use semver::Version;
use signing_verify::{Policy, RevocationList, Verifier};
use std::path::Path;
use std::sync::Arc;

/// The name under which every package here is asked for.
pub const NAME: &str = "acme/fleet";

/// What a site trusts, and what it has seen before.
pub struct Site {
    /// Whom it trusts.
    pub verifier: Verifier,
    /// Who may sign what.
    pub policy: Policy,
    /// The highest version that it accepted, and which that was.
    pub highest: Option<(Version, Digest)>,
    /// The package that its administrator insists on.
    pub pinned: Option<Digest>,
    /// What was revoked.
    pub revoked: Option<RevocationList>,
}

/// Takes the layout in a folder through every step of an install at that site, up to a component that could be enabled;
/// [`None`] where none refuses it.
#[must_use]
pub fn refused(layout: &Path, site: &Site, registry: &Registry) -> Option<Refusal> {
    walk(layout, site, registry).err()
}

fn walk(layout: &Path, site: &Site, registry: &Registry) -> Result<(), Refusal> {
    let now = Timestamp::now();
    let trust = Trust::new(site.verifier.clone(), site.policy.clone(), None);
    let standing = Standing {
        owner: None,
        highest: site.highest.as_ref().map(|(version, digest)| (version, *digest)),
        allowed: None,
        pinned: site.pinned,
        revoked: site.revoked.as_ref(),
    };
    let signed = Signed::of(Arc::new(Layout::read(layout)?), &trust, now)?;
    signed.check(registry)?.admit(&trust, &standing, now)?.install(registry).map(drop)
}
