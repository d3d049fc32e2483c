// SPDX-License-Identifier: MIT OR Apache-2.0
//! The timestamp authority (RFC 3161): signs that something with this digest existed at this time. It says so about anything for
//! anybody: what the digest is of, it does not know.

use crate::certificate::{self, Error, ecdsa_with_sha256, serial};
use crate::keys::{Signer as _, TsaKey};
use aws_lc_rs::digest::{SHA256, digest};
use cms::cert::{CertificateChoices, IssuerAndSerialNumber};
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{
    CertificateSet, EncapsulatedContentInfo, SignedData, SignerIdentifier, SignerInfo, SignerInfos,
};
use const_oid::ObjectIdentifier;
use const_oid::db::{rfc5911, rfc5912};
use der::asn1::{GeneralizedTime, Int, OctetString, SetOfVec, UtcTime};
use der::{Any, DateTime, Decode as _, Encode as _, Sequence};
use spki::AlgorithmIdentifierOwned;
use x509_cert::Certificate;
use x509_cert::attr::Attribute;
use x509_cert::ext::Extensions;
use x509_cert::ext::pkix::name::GeneralName;

/// The bytes of a request at most: a digest, a nonce and a policy.
pub const REQUEST_BYTES_MAX: usize = 1 << 10;

/// The bytes of a nonce at most.
const NONCE_BYTES_MAX: usize = 32;

/// The policy of all timestamps here: the one of sigstore's own authorities, which verifiers know.
pub const POLICY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.2");

/// What a timestamp is, in its wrapping.
const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");

/// Which certificate signed, so that no other can be put in its place (RFC 5816).
const SIGNING_CERTIFICATE_V2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");

/// Digests that may be stamped, with their lengths.
const DIGESTS: [(ObjectIdentifier, usize); 3] =
    [(rfc5912::ID_SHA_256, 32), (rfc5912::ID_SHA_384, 48), (rfc5912::ID_SHA_512, 64)];

#[derive(Clone, Debug, Sequence)]
struct Imprint {
    algorithm: AlgorithmIdentifierOwned,
    digest: OctetString,
}

#[derive(Clone, Debug, Sequence)]
struct Request {
    version: u8,
    imprint: Imprint,
    #[asn1(optional = "true")]
    policy: Option<ObjectIdentifier>,
    #[asn1(optional = "true")]
    nonce: Option<Int>,
    #[asn1(default = "no")]
    wants_certificates: bool,
    #[asn1(context_specific = "0", optional = "true", tag_mode = "IMPLICIT")]
    extensions: Option<Extensions>,
}

#[derive(Clone, Debug, Sequence)]
struct TstInfo {
    version: u8,
    policy: ObjectIdentifier,
    imprint: Imprint,
    serial: Int,
    time: GeneralizedTime,
    #[asn1(optional = "true")]
    accuracy: Option<Accuracy>,
    #[asn1(default = "no")]
    ordering: bool,
    #[asn1(optional = "true")]
    nonce: Option<Int>,
    #[asn1(context_specific = "0", optional = "true", tag_mode = "EXPLICIT")]
    authority: Option<GeneralName>,
}

#[derive(Clone, Debug, Sequence)]
struct Accuracy {
    seconds: u8,
}

#[derive(Clone, Debug, Sequence)]
struct Status {
    status: u8,
}

#[derive(Clone, Debug, Sequence)]
struct Response {
    status: Status,
    token: ContentInfo,
}

/// `SigningCertificateV2` with one `ESSCertIDv2`, whose algorithm is SHA-256 by default.
#[derive(Clone, Debug, Sequence)]
struct SigningCertificate {
    certificates: Vec<CertificateId>,
}

#[derive(Clone, Debug, Sequence)]
struct CertificateId {
    hash: OctetString,
}

fn no() -> bool {
    false
}

/// Why nothing is stamped.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Not a request.
    #[error("the body is no TimeStampReq of at most {REQUEST_BYTES_MAX} bytes in DER")]
    Malformed,
    /// Another version.
    #[error("the request's version is not 1")]
    Version,
    /// A digest that proves nothing.
    #[error("the digest must be one of SHA-256, SHA-384 and SHA-512, in its length")]
    Digest,
    /// Another policy.
    #[error("the policy `{0}` is not this authority's, which is {POLICY}")]
    Policy(ObjectIdentifier),
    /// Too long a nonce.
    #[error("the nonce has more than {NONCE_BYTES_MAX} bytes")]
    Nonce,
    /// Extensions.
    #[error("the request has extensions; none is known here")]
    Extensions,
    /// Ours.
    #[error("the timestamp cannot be made: {0}")]
    Failed(#[from] Error),
}

/// Stamps.
pub struct Tsa {
    key: TsaKey,
    chain: Vec<Certificate>,
}

impl Tsa {
    /// With the key and its chain, its own certificate first.
    ///
    /// # Errors
    /// Where the chain is not that of the key, or too short for verifiers, which want a root above it.
    pub fn new(key: TsaKey, chain: Vec<Certificate>) -> Result<Self, Error> {
        let [own, _, ..] = chain.as_slice() else {
            return Err(Error::Chain("the timestamp authority needs two or more"));
        };
        if certificate::key_of(own)? != *key.public_key() {
            return Err(Error::Chain("the first of the timestamp authority's is not for its key"));
        }
        Ok(Self { key, chain })
    }

    /// The authority's own certificates, up to its root.
    #[must_use]
    pub fn chain(&self) -> &[Certificate] {
        &self.chain
    }

    /// Answers a request with a `TimeStampResp`.
    ///
    /// # Errors
    /// What is wrong with the request.
    pub fn stamp(&self, request: &[u8]) -> Result<Vec<u8>, Refusal> {
        if request.len() > REQUEST_BYTES_MAX {
            return Err(Refusal::Malformed);
        }
        let request = Request::from_der(request).map_err(|_| Refusal::Malformed)?;
        if request.version != 1 {
            return Err(Refusal::Version);
        }
        let imprint = (request.imprint.algorithm.oid, request.imprint.digest.as_bytes().len());
        if !DIGESTS.contains(&imprint) {
            return Err(Refusal::Digest);
        }
        if let Some(policy) = request.policy.filter(|policy| *policy != POLICY) {
            return Err(Refusal::Policy(policy));
        }
        if request.nonce.as_ref().is_some_and(|nonce| nonce.as_bytes().len() > NONCE_BYTES_MAX) {
            return Err(Refusal::Nonce);
        }
        if request.extensions.is_some() {
            return Err(Refusal::Extensions);
        }
        Ok(self.answer(request)?)
    }

    fn answer(&self, request: Request) -> Result<Vec<u8>, Error> {
        let now = certificate::now();
        let seconds = u64::try_from(now.as_second()).unwrap_or_default();
        let date = DateTime::from_unix_duration(std::time::Duration::from_secs(seconds))?;
        let info = TstInfo {
            version: 1,
            policy: POLICY,
            imprint: request.imprint,
            serial: Int::new(serial()?.as_bytes())?,
            time: GeneralizedTime::from_date_time(date),
            accuracy: Some(Accuracy { seconds: 1 }),
            ordering: false,
            nonce: request.nonce,
            authority: None,
        };
        let content = info.to_der()?;
        let own = self.chain.first().ok_or(Error::Chain("the timestamp authority has none"))?;
        let sha256 = AlgorithmIdentifierOwned { oid: rfc5912::ID_SHA_256, parameters: None };
        let attributes = attributes(&content, own, date)?;
        let signature = self.key.sign(&attributes.to_der()?)?;
        let signer = SignerInfo {
            version: CmsVersion::V1,
            sid: SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
                issuer: own.tbs_certificate.issuer.clone(),
                serial_number: own.tbs_certificate.serial_number.clone(),
            }),
            digest_alg: sha256.clone(),
            signed_attrs: Some(attributes),
            signature_algorithm: ecdsa_with_sha256(),
            signature: OctetString::new(signature)?,
            unsigned_attrs: None,
        };
        let certificates = if request.wants_certificates {
            let all = self.chain.iter().cloned().map(CertificateChoices::Certificate).collect::<Vec<_>>();
            Some(CertificateSet(SetOfVec::try_from(all)?))
        } else {
            None
        };
        let signed = SignedData {
            version: CmsVersion::V3,
            digest_algorithms: SetOfVec::try_from(vec![sha256])?,
            encap_content_info: EncapsulatedContentInfo {
                econtent_type: TST_INFO,
                econtent: Some(Any::encode_from(&OctetString::new(content)?)?),
            },
            certificates,
            crls: None,
            signer_infos: SignerInfos(SetOfVec::try_from(vec![signer])?),
        };
        let token = ContentInfo { content_type: rfc5911::ID_SIGNED_DATA, content: Any::encode_from(&signed)? };
        Ok(Response { status: Status { status: 0 }, token }.to_der()?)
    }
}

/// What is signed: the kind of content, its digest, the time, and which certificate signs.
fn attributes(content: &[u8], own: &Certificate, date: DateTime) -> Result<SetOfVec<Attribute>, Error> {
    let sha256 = |bytes: &[u8]| OctetString::new(digest(&SHA256, bytes).as_ref());
    let attribute = |oid, value: Any| -> Result<Attribute, der::Error> {
        Ok(Attribute { oid, values: SetOfVec::try_from(vec![value])? })
    };
    let certificate = SigningCertificate { certificates: vec![CertificateId { hash: sha256(&own.to_der()?)? }] };
    let attributes = vec![
        attribute(rfc5911::ID_CONTENT_TYPE, Any::encode_from(&TST_INFO)?)?,
        attribute(rfc5911::ID_MESSAGE_DIGEST, Any::encode_from(&sha256(content)?)?)?,
        attribute(rfc5911::ID_SIGNING_TIME, Any::encode_from(&UtcTime::from_date_time(date)?)?)?,
        attribute(SIGNING_CERTIFICATE_V2, Any::encode_from(&certificate)?)?,
    ];
    Ok(SetOfVec::try_from(attributes)?)
}
