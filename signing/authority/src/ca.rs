// SPDX-License-Identifier: MIT OR Apache-2.0
//! The certificate authority: a certificate for an identity that a token proved, and for a key whose owner asks. It lives ten
//! minutes: long enough to sign one release, too short to be worth stealing.

use crate::certificate::{self, Draft, Error, extension, key_extensions, purpose, usage};
use crate::keys::{CaKey, PublicKey, SctKey, Signer as _};
use crate::oidc::{Identity, Subject};
use crate::sct;
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280;
use der::asn1::{Ia5String, OctetString, Utf8StringRef};
use jiff::SignedDuration;
use x509_cert::Certificate;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{KeyUsages, SubjectAltName};
use x509_cert::name::RdnSequence;

/// How long a certificate is valid.
pub const VALID: SignedDuration = SignedDuration::from_mins(10);

/// The issuer of the token, as bare text. Retired, and still read by verifiers.
const ISSUER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.1");

/// The same as a UTF8String.
const ISSUER_V2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.8");

/// Issues certificates.
pub struct Ca {
    key: CaKey,
    sct: SctKey,
    chain: Vec<Certificate>,
    issuer_key_hash: [u8; 32],
}

impl Ca {
    /// With the keys, and the chain of the first of them, its own certificate first.
    ///
    /// # Errors
    /// Where the chain is not that of the key.
    pub fn new(key: CaKey, sct: SctKey, chain: Vec<Certificate>) -> Result<Self, Error> {
        let own = chain.first().ok_or(Error::Chain("the authority has none"))?;
        if certificate::key_of(own)? != *key.public_key() {
            return Err(Error::Chain("the first of the authority's is not for its key"));
        }
        let issuer_key_hash = key.public_key().id();
        Ok(Self { key, sct, chain, issuer_key_hash })
    }

    /// The authority's own certificates, up to its root.
    #[must_use]
    pub fn chain(&self) -> &[Certificate] {
        &self.chain
    }

    /// Issues a certificate.
    ///
    /// # Errors
    /// Where the identity cannot be written, or a key does not sign.
    pub fn issue(&self, identity: &Identity, key: &PublicKey) -> Result<Certificate, Error> {
        let at = certificate::now();
        let issuer = self.chain.first().map(|own| own.tbs_certificate.subject.clone()).unwrap_or_default();
        let mut extensions = vec![usage(KeyUsages::DigitalSignature)?, purpose(rfc5280::ID_KP_CODE_SIGNING, false)?];
        extensions.extend(key_extensions(key, self.key.public_key())?);
        extensions.push(subject(identity)?);
        extensions.push(Extension {
            extn_id: ISSUER,
            critical: false,
            extn_value: OctetString::new(identity.issuer.as_bytes())?,
        });
        extensions.push(extension(ISSUER_V2, false, &Utf8StringRef::new(&identity.issuer)?)?);
        let until = at.saturating_add(VALID).unwrap_or(at);
        let draft = Draft { issuer: &issuer, subject: RdnSequence::default(), key, from: at, until, extensions };
        let mut body = draft.body()?;
        let timestamp = sct::embed(&body, &self.issuer_key_hash, &self.sct, at)?;
        body.extensions.get_or_insert_default().push(timestamp);
        certificate::sign(body, &self.key)
    }
}

/// The identity as the certificate's only name, critical since the subject is empty.
fn subject(identity: &Identity) -> Result<Extension, Error> {
    let name = match &identity.subject {
        Subject::Email(address) => GeneralName::Rfc822Name(Ia5String::new(address)?),
        Subject::Uri(uri) => GeneralName::UniformResourceIdentifier(Ia5String::new(uri)?),
    };
    Ok(extension(rfc5280::ID_CE_SUBJECT_ALT_NAME, true, &SubjectAltName(vec![name]))?)
}
