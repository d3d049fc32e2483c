// SPDX-License-Identifier: MIT OR Apache-2.0
//! The body of `POST /api/v2/signingCert`: a token, and a key whose owner proves that it is theirs, by a signature over the
//! identity's name or by a certificate request (PKCS#10).

use crate::base64_bytes::Base64;
use crate::keys::{Algorithm, PublicKey};
use crate::oidc::Identity;
use const_oid::db::rfc5912;
use der::{Decode as _, Document, Encode as _};
use serde::Deserialize;
use serde::de::IgnoredAny;
use x509_cert::request::CertReq;

/// The bytes of a certificate request or a public key in PEM at most.
pub const PEM_BYTES_MAX: usize = 8 << 10;

/// The body.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Signing {
    credentials: Option<Credentials>,
    #[serde(alias = "public_key_request")]
    public_key_request: Option<PublicKeyRequest>,
    #[serde(alias = "certificate_signing_request")]
    certificate_signing_request: Option<Base64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Credentials {
    #[serde(alias = "oidc_identity_token")]
    oidc_identity_token: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct PublicKeyRequest {
    #[serde(alias = "public_key")]
    public_key: PublicKeyText,
    #[serde(alias = "proof_of_possession")]
    proof_of_possession: Base64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PublicKeyText {
    /// The key says itself what it is.
    #[serde(default, rename = "algorithm")]
    _algorithm: Option<IgnoredAny>,
    content: String,
}

/// What is wrong with a request.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Two tokens.
    #[error("there are two identity tokens, one in the body and one in the header `Authorization`")]
    TwoTokens,
    /// None or both.
    #[error("the request must have either `publicKeyRequest` or `certificateSigningRequest`")]
    Kind,
    /// Not a key.
    #[error("the public key is no PEM of a `PUBLIC KEY`, or longer than {PEM_BYTES_MAX} bytes")]
    Pem,
    /// Not a key that gets a certificate.
    #[error("the key must be ECDSA on P-256: {0}")]
    Key(String),
    /// No proof.
    #[error("the proof of possession is not a signature with that key over the identity `{0}`")]
    Proof(String),
    /// Not a request.
    #[error(
        "the certificate request is no PEM of a `CERTIFICATE REQUEST` (PKCS#10), or longer than {PEM_BYTES_MAX} bytes"
    )]
    Csr,
    /// Not signed.
    #[error("the certificate request is not signed with its own key, by ECDSA with SHA-256")]
    CsrSignature,
}

impl Signing {
    /// The token, from here or from the header.
    ///
    /// # Errors
    /// Where there are two.
    pub fn token<'a>(&'a self, bearer: Option<&'a str>) -> Result<&'a str, Error> {
        let own = self.credentials.as_ref().map(|credentials| credentials.oidc_identity_token.as_str());
        match (own.filter(|token| !token.is_empty()), bearer) {
            (Some(_), Some(_)) => Err(Error::TwoTokens),
            (own, bearer) => Ok(own.or(bearer).unwrap_or_default()),
        }
    }

    /// The key, once its owner has proved to have it.
    ///
    /// # Errors
    /// What is wrong with key or proof.
    pub fn key(&self, identity: &Identity) -> Result<PublicKey, Error> {
        match (&self.public_key_request, &self.certificate_signing_request) {
            (Some(request), None) => {
                let key = usable(&pem(&request.public_key.content, &["PUBLIC KEY"]).ok_or(Error::Pem)?)?;
                if !key.verifies(identity.name().as_bytes(), &request.proof_of_possession.0) {
                    return Err(Error::Proof(identity.name().to_owned()));
                }
                Ok(key)
            }
            (None, Some(request)) => {
                let text = std::str::from_utf8(&request.0).map_err(|_| Error::Csr)?;
                let der = pem(text, &["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"]).ok_or(Error::Csr)?;
                let request = CertReq::from_der(&der).map_err(|_| Error::Csr)?;
                let key = usable(&request.info.public_key.to_der().map_err(|_| Error::Csr)?)?;
                let signed = request.info.to_der().map_err(|_| Error::Csr)?;
                let is_ecdsa = request.algorithm.oid == rfc5912::ECDSA_WITH_SHA_256;
                // What else a request asks for (a subject, extensions) is nobody's word, and left out.
                if !is_ecdsa || !key.verifies(&signed, request.signature.raw_bytes()) {
                    return Err(Error::CsrSignature);
                }
                Ok(key)
            }
            _ => Err(Error::Kind),
        }
    }
}

fn pem(text: &str, labels: &[&str]) -> Option<Vec<u8>> {
    if text.len() > PEM_BYTES_MAX {
        return None;
    }
    let (label, document) = Document::from_pem(text.trim()).ok()?;
    labels.contains(&label).then(|| document.as_bytes().to_vec())
}

fn usable(der: &[u8]) -> Result<PublicKey, Error> {
    let key = PublicKey::from_der(der).map_err(|error| Error::Key(error.to_string()))?;
    if key.algorithm() != Algorithm::EcdsaP256Sha256 {
        return Err(Error::Key(String::from("it is Ed25519")));
    }
    if !key.is_valid() {
        return Err(Error::Key(String::from("its point is not on the curve")));
    }
    Ok(key)
}
