// SPDX-License-Identifier: MIT OR Apache-2.0
//! Whom this site trusts to vouch for signers: a sigstore `trusted_root.json`, version 0.1.

use crate::library::Library;
use crate::refused::{Refused, Step};
use crate::sigstore::Sigstore;
use crate::strict;
use sigstore_verify::trust_root::TrustedRoot;
use std::fmt;
use std::sync::Arc;

/// The bytes of a trusted root. Those of sigstore have 7 and 13 kB.
pub const TRUST_ROOT_BYTES_MAX: usize = 1 << 20;
/// The authorities, logs and certificates of a trusted root: each is tried for each signature.
pub const AUTHORITIES_MAX: usize = 64;

/// One trusted root, parsed once and used for many bundles.
#[derive(Clone)]
pub struct TrustRoot(Arc<dyn Library>);

impl TrustRoot {
    /// Reads a trusted root.
    ///
    /// # Errors
    /// At [`Step::TrustRoot`]: not strict JSON, another version, more than [`AUTHORITIES_MAX`] of a kind, a key or
    /// certificate that cannot be used, a log twice.
    pub fn parse(bytes: &[u8]) -> Result<Self, Refused> {
        strict::read(Step::TrustRoot, bytes, TRUST_ROOT_BYTES_MAX)?;
        let text = std::str::from_utf8(bytes).map_err(Step::TrustRoot.because())?;
        let root = TrustedRoot::from_json(text).map_err(Step::TrustRoot.because())?;
        if root.media_type != "application/vnd.dev.sigstore.trustedroot+json;version=0.1" {
            return Err(Step::TrustRoot.refuse(format_args!("`{}` is not version 0.1", root.media_type)));
        }
        let chains = root.certificate_authorities.iter().map(|ca| ca.cert_chain.certificates.len());
        let chains = chains.chain(root.timestamp_authorities.iter().map(|tsa| tsa.cert_chain.certificates.len()));
        if [root.tlogs.len(), root.ctlogs.len(), chains.sum()].into_iter().any(|count| count > AUTHORITIES_MAX) {
            return Err(Step::TrustRoot.refuse(format_args!("more than {AUTHORITIES_MAX} logs or certificates")));
        }
        Ok(Self(Arc::new(Sigstore::new(&root)?)))
    }

    /// A root that trusts no authority, for a site that only knows keys.
    ///
    /// # Errors
    /// Never; the library could refuse it.
    pub fn of_nobody() -> Result<Self, Refused> {
        Self::parse(br#"{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}"#)
    }

    pub(crate) fn library(&self) -> &dyn Library {
        &*self.0
    }
}

impl fmt::Debug for TrustRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TrustRoot")
    }
}
