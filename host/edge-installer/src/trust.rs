// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a site believes: trusted roots, keys, and the policy that says who may sign what.

use jiff::SignedDuration;
use signing_verify::{Keys, Policy, REVOCATIONS_NAME, Refused, RevocationList, TrustRoot, Verifier};
use std::sync::Arc;

/// What a site believes. Cheap to clone; it does not change while a host runs.
#[derive(Clone, Debug)]
pub struct Trust(Arc<Believed>);

#[derive(Debug)]
struct Believed {
    verifier: Verifier,
    policy: Policy,
    list_age_max: Option<SignedDuration>,
}

impl Trust {
    /// Trust that was put together elsewhere.
    #[must_use]
    pub fn new(verifier: Verifier, policy: Policy, list_age_max: Option<SignedDuration>) -> Self {
        Self(Arc::new(Believed { verifier, policy, list_age_max }))
    }

    /// A site that trusts nobody: nothing can be installed, and nothing that was installed is used.
    #[must_use]
    pub fn nobody() -> Self {
        Self::new(Verifier::of_nobody(), Policy::default(), None)
    }

    /// Reads what the files of a site say; `docs/trust.md` has their formats. `list_age_max` is how old the list of revocations may
    /// be before nothing new is installed; without it a site may have no list, and one that it has is believed for as long as the
    /// list itself says.
    ///
    /// # Errors
    /// At [`signing_verify::Step::Policy`] or [`signing_verify::Step::TrustRoot`], where one cannot be used.
    pub fn parse(
        policy: &[u8],
        keys: Option<&[u8]>,
        roots: &[Vec<u8>],
        list_age_max: Option<SignedDuration>,
    ) -> Result<Self, Refused> {
        let keys = keys.map(Keys::parse).transpose()?.unwrap_or_default();
        let roots = roots.iter().map(|root| TrustRoot::parse(root)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self::new(Verifier::new(roots, keys)?, Policy::parse(policy)?, list_age_max))
    }

    /// Who may sign what.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.0.policy
    }

    /// How a signature is checked.
    #[must_use]
    pub fn verifier(&self) -> &Verifier {
        &self.0.verifier
    }

    /// How old a list of revocations may be.
    #[must_use]
    pub fn list_age_max(&self) -> Option<SignedDuration> {
        self.0.list_age_max
    }

    /// Takes a list of revocations: its text, the bundle over it, and which list this site had last.
    ///
    /// # Errors
    /// The step that refused it.
    pub fn accept_list(
        &self,
        text: &[u8],
        bundle: &[u8],
        last: Option<signing_verify::Edition>,
        now: jiff::Timestamp,
    ) -> Result<RevocationList, Refused> {
        let verified = self.verify(REVOCATIONS_NAME, text, bundle, now)?;
        RevocationList::accept(text, &verified, last, now)
    }

    /// Verifies the bundle over a text that has this name in the policy.
    ///
    /// # Errors
    /// The step that refused it.
    pub fn verify(
        &self,
        name: &str,
        text: &[u8],
        bundle: &[u8],
        now: jiff::Timestamp,
    ) -> Result<signing_verify::Verified, Refused> {
        let bundle = signing_verify::Bundle::parse(bundle)?;
        let artifact = signing_verify::Artifact { name, digest: kernel_types::Digest::of(text) };
        self.verifier().verify(&bundle, &artifact, self.policy(), now)
    }
}
