// SPDX-License-Identifier: MIT OR Apache-2.0
//! Who signed a bundle, as the bundle says itself. Nothing is checked: it is for a publisher who looks for his own
//! signatures among those of others, and names himself to a verifier.

use crate::{Bundle, Error};
use sigstore_oidc::IdentityToken;
use sigstore_sign::crypto::parse_certificate_info;
use sigstore_types::bundle::VerificationMaterialContent;
use std::fmt;

/// Who is said to have signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignedBy {
    /// The owner of a managed key, by its hint.
    Key(String),
    /// The holder of a certificate.
    Holder {
        /// Who vouches for the subject.
        issuer: String,
        /// Who it is: an address, or the URI of a workload.
        subject: String,
    },
}

impl SignedBy {
    /// Whom a bundle names; nobody where its certificate names nobody.
    #[must_use]
    pub fn of(bundle: &Bundle) -> Option<Self> {
        match &bundle.verification_material.content {
            VerificationMaterialContent::PublicKey(key) => Some(Self::Key(key.hint.clone())),
            _ => {
                let info = parse_certificate_info(bundle.signing_certificate()?).ok()?;
                let subject = info.identity?.as_str().to_owned();
                Some(Self::Holder { issuer: info.issuer?, subject })
            }
        }
    }

    /// Whom a certificate will name that is got for the token: so most authorities do it. Some name a workload by other
    /// claims.
    ///
    /// # Errors
    /// Where the token cannot be read.
    pub fn of_token(token: &str) -> Result<Self, Error> {
        let token = IdentityToken::from_jwt(token).map_err(Error::Token)?;
        Ok(Self::Holder { issuer: token.issuer().to_owned(), subject: token.identity().to_owned() })
    }
}

impl fmt::Display for SignedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(hint) => write!(f, "the key `{hint}`"),
            Self::Holder { issuer, subject } => write!(f, "`{subject}` of `{issuer}`"),
        }
    }
}
