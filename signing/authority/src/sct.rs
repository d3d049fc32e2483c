// SPDX-License-Identifier: MIT OR Apache-2.0
//! Certificate timestamps (RFC 6962, section 3.2): the promise of a log of certificates, embedded in each certificate. The log
//! behind it is the transparency log, where each certificate arrives with what it signs; what is here is the signer, whose key
//! a trusted root has among its `ctlogs`.

use crate::certificate::{Error, extension};
use crate::keys::{SctKey, Signer as _};
use const_oid::ObjectIdentifier;
use der::Encode as _;
use der::asn1::OctetString;
use x509_cert::TbsCertificate;
use x509_cert::ext::Extension;

/// The extension with the list of timestamps.
const SCT_LIST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.11129.2.4.2");

/// Version 1; signature over a timestamp; SHA-256 with ECDSA.
const V1: u8 = 0;
const CERTIFICATE_TIMESTAMP: u8 = 0;
const PRECERTIFICATE_ENTRY: [u8; 2] = [0, 1];
const SHA256_ECDSA: [u8; 2] = [4, 3];

/// Signs for a certificate that is complete but for this extension, and returns the extension.
pub(crate) fn embed(
    body: &TbsCertificate,
    issuer_key_hash: &[u8; 32],
    key: &SctKey,
    at: jiff::Timestamp,
) -> Result<Extension, Error> {
    let milliseconds = u64::try_from(at.as_millisecond()).unwrap_or_default().to_be_bytes();
    let body = body.to_der()?;
    let mut signed = vec![V1, CERTIFICATE_TIMESTAMP];
    signed.extend(milliseconds);
    signed.extend(PRECERTIFICATE_ENTRY);
    signed.extend(issuer_key_hash);
    signed.extend(length::<3>(body.len())?);
    signed.extend(&body);
    signed.extend(length::<2>(0)?);
    let signature = key.sign(&signed)?;

    let mut timestamp = vec![V1];
    timestamp.extend(key.public_key().id());
    timestamp.extend(milliseconds);
    timestamp.extend(length::<2>(0)?);
    timestamp.extend(SHA256_ECDSA);
    timestamp.extend(length::<2>(signature.len())?);
    timestamp.extend(signature);
    let mut list = length::<2>(timestamp.len() + 2)?.to_vec();
    list.extend(length::<2>(timestamp.len())?);
    list.extend(timestamp);
    Ok(extension(SCT_LIST, false, &OctetString::new(list)?)?)
}

/// A length in so many bytes.
fn length<const N: usize>(length: usize) -> Result<[u8; N], Error> {
    let bytes = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
    let (high, low) = bytes.split_last_chunk::<N>().ok_or(Error::Chain("a length has at most four bytes"))?;
    if high.iter().any(|byte| *byte != 0) {
        return Err(Error::Chain("the certificate is too long"));
    }
    Ok(*low)
}
