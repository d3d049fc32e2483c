// SPDX-License-Identifier: MIT OR Apache-2.0
//! X.509: the certificates that this service makes, in the shape that the verifiers of sigstore insist on.

use crate::keys::{self, PublicKey, Signer};
use const_oid::ObjectIdentifier;
use const_oid::db::{rfc5280, rfc5912};
use der::asn1::{BitString, GeneralizedTime, OctetString, UtcTime};
use der::flagset::FlagSet;
use der::pem::LineEnding;
use der::{DateTime, Decode as _, Encode, EncodePem as _};
use spki::AlgorithmIdentifierOwned;
use std::str::FromStr as _;
use std::time::Duration;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectKeyIdentifier,
};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::time::{Time, Validity};
use x509_cert::{Certificate, TbsCertificate, Version};

/// The bytes of a serial number: 159 random bits, since the first bit says that it is positive.
const SERIAL_BYTES: usize = 20;

/// How many bytes of a key's hash name it in certificates (RFC 7093: the leftmost 160 bits of SHA-256).
const KEY_ID_BYTES: usize = 20;

/// The certificates in a file at most.
const CHAIN_MAX: usize = 4;

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// DER.
    #[error("the certificate cannot be written: {0}")]
    Der(#[from] der::Error),
    /// The key.
    #[error(transparent)]
    Key(#[from] keys::Error),
    /// A chain.
    #[error("the certificates: {0}")]
    Chain(&'static str),
}

/// The signature algorithm of every certificate here.
pub(crate) fn ecdsa_with_sha256() -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned { oid: rfc5912::ECDSA_WITH_SHA_256, parameters: None }
}

/// A point in time as certificates write it: UTCTime until 2049 (RFC 5280, section 4.1.2.5).
pub(crate) fn time(at: jiff::Timestamp) -> Result<Time, der::Error> {
    let seconds = u64::try_from(at.as_second()).map_err(|_| der::ErrorKind::DateTime)?;
    let date = DateTime::from_unix_duration(Duration::from_secs(seconds))?;
    Ok(match UtcTime::from_date_time(date) {
        Ok(time) => Time::UtcTime(time),
        Err(_) => Time::GeneralTime(GeneralizedTime::from_date_time(date)),
    })
}

/// A new, random serial number.
pub(crate) fn serial() -> Result<SerialNumber, Error> {
    let mut bytes = [0; SERIAL_BYTES];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| keys::Error::Generate)?;
    // Positive, and never shorter than it is.
    if let Some(first) = bytes.first_mut() {
        *first = (*first & 0x7f) | 0x40;
    }
    Ok(SerialNumber::new(&bytes)?)
}

/// An extension with that value.
pub(crate) fn extension(oid: ObjectIdentifier, critical: bool, value: &impl Encode) -> Result<Extension, der::Error> {
    Ok(Extension { extn_id: oid, critical, extn_value: OctetString::new(value.to_der()?)? })
}

fn key_id(key: &PublicKey) -> Result<OctetString, der::Error> {
    OctetString::new(key.id().get(..KEY_ID_BYTES).unwrap_or_default())
}

/// The extensions that say whose key this is and who signed.
pub(crate) fn key_extensions(subject: &PublicKey, issuer: &PublicKey) -> Result<[Extension; 2], der::Error> {
    let subject = SubjectKeyIdentifier(key_id(subject)?);
    let issuer = AuthorityKeyIdentifier { key_identifier: Some(key_id(issuer)?), ..AuthorityKeyIdentifier::default() };
    Ok([
        extension(rfc5280::ID_CE_SUBJECT_KEY_IDENTIFIER, false, &subject)?,
        extension(rfc5280::ID_CE_AUTHORITY_KEY_IDENTIFIER, false, &issuer)?,
    ])
}

/// What a key may be used for.
pub(crate) fn usage(usages: impl Into<FlagSet<KeyUsages>>) -> Result<Extension, der::Error> {
    extension(rfc5280::ID_CE_KEY_USAGE, true, &KeyUsage(usages.into()))
}

/// For which purpose.
pub(crate) fn purpose(oid: ObjectIdentifier, critical: bool) -> Result<Extension, der::Error> {
    extension(rfc5280::ID_CE_EXT_KEY_USAGE, critical, &ExtendedKeyUsage(vec![oid]))
}

/// What is common to all certificates here.
pub(crate) struct Draft<'a> {
    pub(crate) issuer: &'a Name,
    pub(crate) subject: Name,
    pub(crate) key: &'a PublicKey,
    pub(crate) from: jiff::Timestamp,
    pub(crate) until: jiff::Timestamp,
    pub(crate) extensions: Vec<Extension>,
}

impl Draft<'_> {
    /// What is to be signed.
    pub(crate) fn body(self) -> Result<TbsCertificate, Error> {
        Ok(TbsCertificate {
            version: Version::V3,
            serial_number: serial()?,
            signature: ecdsa_with_sha256(),
            issuer: self.issuer.clone(),
            validity: Validity { not_before: time(self.from)?, not_after: time(self.until)? },
            subject: self.subject,
            subject_public_key_info: self.key.info().clone(),
            issuer_unique_id: None,
            subject_unique_id: None,
            extensions: Some(self.extensions),
        })
    }
}

/// Signs a certificate.
pub(crate) fn sign(body: TbsCertificate, signer: &dyn Signer) -> Result<Certificate, Error> {
    let signature = BitString::from_bytes(&signer.sign(&body.to_der()?)?)?;
    Ok(Certificate { tbs_certificate: body, signature_algorithm: ecdsa_with_sha256(), signature })
}

/// A name of an organization and what it is there.
///
/// # Errors
/// Where the text cannot be part of one.
pub fn name(organization: &str, common: &str) -> Result<Name, Error> {
    let is_plain = |text: &str| {
        !text.is_empty() && text.len() <= 64 && text.chars().all(|c| c.is_ascii_alphanumeric() || " .-".contains(c))
    };
    if !is_plain(organization) || !is_plain(common) || organization.trim() != organization || common.trim() != common {
        return Err(Error::Chain("a name has 1 to 64 letters, digits, blanks, dots and hyphens"));
    }
    Ok(Name::from_str(&format!("CN={common},O={organization}"))?)
}

/// The certificate of an authority that signs itself.
///
/// # Errors
/// Where the key does not sign.
pub fn root(
    key: &dyn Signer,
    subject: Name,
    purpose_oid: ObjectIdentifier,
    valid_days: u32,
) -> Result<Certificate, Error> {
    let from = now();
    let mut extensions = vec![
        extension(
            rfc5280::ID_CE_BASIC_CONSTRAINTS,
            true,
            &BasicConstraints { ca: true, path_len_constraint: Some(0) },
        )?,
        usage(KeyUsages::KeyCertSign | KeyUsages::CRLSign)?,
        purpose(purpose_oid, false)?,
    ];
    extensions.extend(key_extensions(key.public_key(), key.public_key())?);
    let draft = Draft {
        issuer: &subject,
        subject: subject.clone(),
        key: key.public_key(),
        from,
        until: after_days(from, valid_days),
        extensions,
    };
    sign(draft.body()?, key)
}

/// The certificate of a timestamp authority: one purpose, and that critical (RFC 3161, section 2.3).
///
/// # Errors
/// Where the key does not sign.
pub fn timestamping(
    root: &Certificate,
    root_key: &dyn Signer,
    key: &PublicKey,
    subject: Name,
    valid_days: u32,
) -> Result<Certificate, Error> {
    let from = now();
    let mut extensions = vec![usage(KeyUsages::DigitalSignature)?, purpose(rfc5280::ID_KP_TIME_STAMPING, true)?];
    extensions.extend(key_extensions(key, root_key.public_key())?);
    let issuer = &root.tbs_certificate.subject;
    let draft = Draft { issuer, subject, key, from, until: after_days(from, valid_days), extensions };
    sign(draft.body()?, root_key)
}

/// Now, in whole seconds.
#[must_use]
pub fn now() -> jiff::Timestamp {
    let now = jiff::Timestamp::now();
    jiff::Timestamp::from_second(now.as_second()).unwrap_or(now)
}

fn after_days(from: jiff::Timestamp, days: u32) -> jiff::Timestamp {
    from.saturating_add(jiff::SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(from)
}

/// A chain as PEM, the leaf first.
///
/// # Errors
/// Where it cannot be written.
pub fn to_pem(chain: &[Certificate]) -> Result<String, Error> {
    let blocks: Result<Vec<_>, _> = chain.iter().map(|one| one.to_pem(LineEnding::LF)).collect();
    Ok(blocks?.concat())
}

/// Reads a chain: each certificate signed by the next one, the last by itself.
///
/// # Errors
/// Where it is none.
pub fn from_pem(text: &str) -> Result<Vec<Certificate>, Error> {
    // The library subtracts from the length of what is left of the text.
    let text = text.trim();
    let chain = if text.is_empty() { Vec::new() } else { Certificate::load_pem_chain(text.as_bytes())? };
    if chain.is_empty() || chain.len() > CHAIN_MAX {
        return Err(Error::Chain("there must be one to four"));
    }
    for (index, one) in chain.iter().enumerate() {
        let by = chain.get(index + 1).unwrap_or(one);
        let key = PublicKey::from_der(&by.tbs_certificate.subject_public_key_info.to_der()?)?;
        if !key.verifies(&one.tbs_certificate.to_der()?, one.signature.raw_bytes()) {
            return Err(Error::Chain("each must be signed by the next one, and the last by itself"));
        }
    }
    Ok(chain)
}

/// The key that a certificate is for.
///
/// # Errors
/// Where it is none of ours.
pub fn key_of(certificate: &Certificate) -> Result<PublicKey, Error> {
    Ok(PublicKey::from_der(&certificate.tbs_certificate.subject_public_key_info.to_der()?)?)
}

/// Reads one certificate in DER.
///
/// # Errors
/// Where it is none.
pub fn from_der(bytes: &[u8]) -> Result<Certificate, Error> {
    Ok(Certificate::from_der(bytes)?)
}
