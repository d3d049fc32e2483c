// SPDX-License-Identifier: MIT OR Apache-2.0
//! Whether a configuration file may be believed: signed by one who may sign `cortex/configuration`.

use jiff::Timestamp;
use kernel_types::Digest;
use signing_verify::{Artifact, Bundle, Keys, Kind, Policy, Refused, Step, TrustRoot, Verified, Verifier};

/// The name in the policy under which configurations are signed.
pub const CONFIGURATION_NAME: &str = "cortex/configuration";

/// Whom this site trusts, as its files say. What they are named by never comes from what is verified with them.
#[derive(Clone, Debug)]
pub struct Trust {
    verifier: Verifier,
    policy: Policy,
}

impl Trust {
    /// Reads the contents of the files.
    ///
    /// # Errors
    /// At [`Step::Policy`] or [`Step::TrustRoot`], where one cannot be used.
    pub fn parse(policy: &[u8], keys: Option<&[u8]>, roots: &[Vec<u8>]) -> Result<Self, Refused> {
        let policy = Policy::parse(policy)?;
        let keys = keys.map(Keys::parse).transpose()?.unwrap_or_default();
        let roots = roots.iter().map(|root| TrustRoot::parse(root)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { verifier: Verifier::new(roots, keys)?, policy })
    }

    /// Verifies the bytes of a configuration file by their bundle. `now` is the caller's clock.
    ///
    /// # Errors
    /// The step that refused it. A statement about the file is no signature of it: that is refused at
    /// [`Step::Attestation`].
    pub fn verify(&self, file: &[u8], bundle: &[u8], now: Timestamp) -> Result<Verified, Refused> {
        let artifact = Artifact { name: CONFIGURATION_NAME, digest: Digest::of(file) };
        let verified = self.verifier.verify(&Bundle::parse(bundle)?, &artifact, &self.policy, now)?;
        match verified.kind {
            Kind::Signature => Ok(verified),
            _ => Err(Refused { step: Step::Attestation, reason: "it is a statement, not a signature".to_owned() }),
        }
    }
}
