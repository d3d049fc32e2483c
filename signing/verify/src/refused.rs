// SPDX-License-Identifier: MIT OR Apache-2.0
//! Why something is not trusted: the step that refused it, what was found, and what to do.

use std::fmt;

/// The steps, in the order in which a bundle meets them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// The trusted root of this site.
    TrustRoot,
    /// The policy or the key file of this site.
    Policy,
    /// The bundle: its form, before any signature is looked at.
    Bundle,
    /// The proof of when it was signed.
    Timestamp,
    /// From the signer's certificate to an authority of the trusted root, valid at the proven time.
    CertificateChain,
    /// The certificate's registration in a log of certificates.
    Sct,
    /// The signature's entry in the transparency log.
    LogInclusion,
    /// The signature itself.
    Signature,
    /// What was signed against what is here.
    Digest,
    /// Who signed, against who may.
    Identity,
    /// The attestations that the policy asks for.
    Attestation,
    /// The list of revoked digests.
    RevocationList,
    /// The artifact was revoked.
    Revoked,
    /// The artifact is older than what was accepted before.
    Rollback,
}

impl Step {
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::TrustRoot => {
                ("trust-root", "install a `trusted_root.json` of version 0.1 from the authority that you trust")
            }
            Self::Policy => ("policy", "correct the file and load it again"),
            Self::Bundle => ("bundle", "ask the publisher for a sigstore bundle of version 0.3"),
            Self::Timestamp => {
                ("timestamp", "ask the publisher to sign with a timestamp of an authority in the trusted root")
            }
            Self::CertificateChain => {
                ("certificate-chain", "ask the publisher to sign again, or add the authority to the trusted root")
            }
            Self::Sct => ("sct", "ask the authority for a certificate that its log of certificates has registered"),
            Self::LogInclusion => {
                ("log-inclusion", "ask the publisher to sign again, or add the log to the trusted root")
            }
            Self::Signature => ("signature", "do not use it: fetch it again, and tell the publisher if it stays so"),
            Self::Digest => ("digest", "fetch artifact and bundle again, from the same release"),
            Self::Identity => {
                ("identity", "do not install it, unless you trust this signer: then name it in the policy")
            }
            Self::Attestation => ("attestation", "ask the publisher to attach it, or ask for less in the policy"),
            Self::RevocationList => ("revocation-list", "fetch the newest list from the authority"),
            Self::Revoked => ("revoked", "install another version"),
            Self::Rollback => ("rollback", "install a newer version, or allow this digest by name"),
        }
    }

    /// Its name in reports, as `docs/trust.md` lists it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.words().0
    }

    /// What the reader of a refusal can do.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        self.words().1
    }

    pub(crate) fn refuse(self, reason: impl fmt::Display) -> Refused {
        /// Reasons quote what others wrote; a line of a log has to hold one.
        const REASON_CHARACTERS_MAX: usize = 600;
        Refused { step: self, reason: reason.to_string().chars().take(REASON_CHARACTERS_MAX).collect() }
    }

    /// For `map_err`.
    pub(crate) fn because<E: fmt::Display>(self) -> impl Fn(E) -> Refused {
        move |error| self.refuse(error)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Something was not trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("refused at {step}: {reason}; {}", step.advice())]
pub struct Refused {
    /// Where.
    pub step: Step,
    /// What was found.
    pub reason: String,
}
