// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is asked of the library that knows certificates, logs and timestamps. `crate::sigstore` asks the one that is used;
//! the rest of this crate only knows its parsed forms: a bundle, a root, a key.

use crate::bundle::Bundle;
use crate::refused::Refused;
use jiff::Timestamp;
use kernel_types::Digest;
use sigstore_verify::types::DerPublicKey;

/// When something was signed, and who vouches for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignedAt {
    /// The earliest time at which the signature is proven to have existed.
    pub time: Timestamp,
    /// What proves it.
    pub proof: TimeProof,
}

/// Who vouches for a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeProof {
    /// A timestamp authority, RFC 3161.
    Timestamp,
    /// A transparency log that signs the time with the entry.
    Log,
}

/// The holder of a certificate, as its authority vouches for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Who told the authority who it is: the address of an OpenID Connect provider.
    pub issuer: String,
    /// Who it is: an electronic mail address, or the URI of a workload.
    pub subject: String,
}

/// Checks all evidence in a bundle against one trusted root. What is in the bundle has to be right, also where it was not
/// needed.
pub(crate) trait Library: Send + Sync {
    /// A bundle with a certificate: chain, certificate log, time, transparency log and signature.
    fn with_certificate(&self, bundle: &Bundle, digest: &Digest) -> Result<(Holder, SignedAt), Refused>;

    /// A bundle by a known key: the signature; log entry and timestamps where it has any.
    fn with_key(&self, bundle: &Bundle, digest: &Digest, key: &DerPublicKey) -> Result<Option<SignedAt>, Refused>;
}
