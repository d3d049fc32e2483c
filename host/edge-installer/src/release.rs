// SPDX-License-Identifier: MIT OR Apache-2.0
//! The steps of a package, from the layout that was read to the component that a host can run.

use crate::refusal::Refusal;
use crate::standing::Standing;
use crate::trust::Trust;
use edge_package::{Layout, Package, media};
use edge_registry::{Bundle, Installed, Registry};
use jiff::Timestamp;
use kernel_types::Digest;
use signing_verify::{Admitted, Artifact, Refused, Verified};
use std::sync::Arc;

/// A package with the signatures over it that hold, by those who may sign it. What the policy asks for may still be
/// missing.
#[derive(Clone, Debug)]
pub struct Signed {
    layout: Arc<Layout>,
    name: String,
    verified: Vec<Verified>,
    ignored: Vec<Refused>,
}

/// A package whose manifest and binary agree.
#[derive(Clone, Debug)]
pub struct Checked {
    signed: Signed,
    bundle: Bundle,
}

/// A package that this site may install.
#[derive(Debug)]
pub struct Admissible {
    checked: Checked,
    admitted: Admitted,
}

impl Signed {
    /// Verifies every signature that is attached to a package. One that does not hold counts as not there, and is kept
    /// to be shown: whoever can write to a registry can attach anything.
    ///
    /// # Errors
    /// Where nobody may sign what has this name; or where none of the signatures holds: the refusal that got furthest.
    pub fn of(layout: Arc<Layout>, trust: &Trust, now: Timestamp) -> Result<Self, Refusal> {
        let name = layout.package.manifest().name();
        trust.policy().publisher(&name)?;
        let artifact = Artifact { name: &name, digest: layout.package.digest() };
        let (mut verified, mut ignored) = (Vec::new(), Vec::new());
        for attachment in layout.attachments.iter().filter(|one| one.media_type == media::SIGSTORE_BUNDLE) {
            let found = signing_verify::Bundle::parse(&attachment.payload)
                .and_then(|bundle| trust.verifier().verify(&bundle, &artifact, trust.policy(), now));
            match found {
                Ok(one) => verified.push(one),
                Err(refused) => ignored.push(refused),
            }
        }
        let furthest = ignored.iter().max_by_key(|refused| refused.step);
        match furthest.filter(|_| verified.is_empty()) {
            Some(refused) => Err(refused.clone().into()),
            None => Ok(Self { layout, name, verified, ignored }),
        }
    }

    /// The package with all that is attached to it.
    #[must_use]
    pub fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    /// The name that it was verified for.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The signatures that hold.
    #[must_use]
    pub fn verified(&self) -> &[Verified] {
        &self.verified
    }

    /// Why the others do not count.
    #[must_use]
    pub fn ignored(&self) -> &[Refused] {
        &self.ignored
    }

    /// Compares the manifest with the binary, and reads migrations and schemas.
    ///
    /// # Errors
    /// At the step `check`.
    pub fn check(self, registry: &Registry) -> Result<Checked, Refusal> {
        let package: Arc<Package> = Arc::new(self.layout.package.clone());
        let bundle = registry.read(package)?;
        Ok(Checked { signed: self, bundle })
    }
}

impl Checked {
    /// The package and its signatures.
    #[must_use]
    pub fn signed(&self) -> &Signed {
        &self.signed
    }

    /// What the host reads of it.
    #[must_use]
    pub fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    /// Admits a release that is new to the site.
    ///
    /// # Errors
    /// At the steps `publisher`, `revocation-list`, `digest`, `attestation`, `revoked` or `rollback`.
    pub fn admit(self, trust: &Trust, standing: &Standing<'_>, now: Timestamp) -> Result<Admissible, Refusal> {
        let manifest = self.bundle.manifest();
        if let Some(owner) = standing.owner.filter(|owner| *owner != self.signed.name) {
            let (id, found) = (manifest.id.clone(), self.signed.name.clone());
            return Err(Refusal::Publisher { id, owner: owner.to_owned(), found });
        }
        if let Some(fault) = standing.list_fault(trust.list_age_max(), now) {
            return Err(Refusal::List(fault));
        }
        self.admitted(trust, standing)
    }

    /// Admits a release once more that the site has installed already, by its digest: what is revoked or was changed is
    /// refused, and what is old is not.
    ///
    /// # Errors
    /// At the steps `digest`, `attestation` or `revoked`.
    pub fn readmit(
        self,
        trust: &Trust,
        digest: Digest,
        revoked: Option<&signing_verify::RevocationList>,
    ) -> Result<Admissible, Refusal> {
        self.admitted(trust, &Standing { pinned: Some(digest), revoked, ..Standing::default() })
    }

    fn admitted(self, trust: &Trust, standing: &Standing<'_>) -> Result<Admissible, Refusal> {
        let artifact = Artifact { name: &self.signed.name, digest: self.bundle.digest() };
        let history = signing_verify::History {
            pinned: standing.pinned,
            highest: standing.highest,
            rollback_allowed: standing.allowed,
            revoked: standing.revoked,
        };
        let version = &self.bundle.manifest().version;
        let verified = self.signed.verified.clone();
        let admitted = signing_verify::admit(&artifact, version, verified, trust.policy(), &history)?;
        Ok(Admissible { checked: self, admitted })
    }
}

impl Admissible {
    /// The package and its signatures.
    #[must_use]
    pub fn signed(&self) -> &Signed {
        &self.checked.signed
    }

    /// What the host reads of it.
    #[must_use]
    pub fn bundle(&self) -> &Bundle {
        &self.checked.bundle
    }

    /// Compiles it, rehearses it and links it on trial. Takes seconds of processor time where it must compile.
    ///
    /// # Errors
    /// At the steps `compile` or `rehearse`.
    pub fn install(&self, registry: &Registry) -> Result<Arc<Installed>, Refusal> {
        Ok(registry.install(self.checked.bundle.clone(), &self.admitted)?)
    }
}
