// SPDX-License-Identifier: MIT OR Apache-2.0
//! What may be logged: `hashedrekord` 0.0.2, which is a digest, a signature over it, and the key or certificate that verifies
//! it, as Rekor v2 has it. A DSSE envelope is logged as the digest of its PAE, so there is no other kind. The signature is
//! verified here: nobody can log in the name of a key that is not theirs.

use crate::base64_bytes::{Base64, Certificate};
use crate::keys::{Algorithm, PublicKey};
use aws_lc_rs::digest::{Digest, SHA256};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use der::{Decode as _, Encode as _};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

/// The bytes of a signature at most; one of ECDSA on P-256 has up to 72.
const SIGNATURE_BYTES_MAX: usize = 128;

/// The bytes of a certificate at most.
pub const CERTIFICATE_BYTES_MAX: usize = 8 << 10;

/// The kind of all entries.
pub const KIND: &str = "hashedrekord";

/// Its version.
pub const VERSION: &str = "0.0.2";

/// The body of `POST /api/v2/log/entries`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    #[serde(rename = "hashedRekordRequestV002", alias = "hashed_rekord_request_v002")]
    hashed_rekord: Option<HashedRekord>,
    #[serde(rename = "dsseRequestV002", alias = "dsse_request_v002")]
    dsse: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct HashedRekord {
    digest: Base64,
    signature: Signature,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Signature {
    content: Base64,
    verifier: Verifier,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Verifier {
    #[serde(alias = "key_details")]
    key_details: String,
    #[serde(alias = "public_key", skip_serializing_if = "Option::is_none")]
    public_key: Option<Certificate>,
    #[serde(alias = "x509_certificate", skip_serializing_if = "Option::is_none")]
    x509_certificate: Option<Certificate>,
}

impl Request {
    /// The entry as it is logged: canonical JSON (RFC 8785).
    ///
    /// # Errors
    /// What is wrong with the request.
    pub fn into_entry(self) -> Result<Vec<u8>, Error> {
        let rekord = match (self.hashed_rekord, self.dsse) {
            (Some(rekord), None) => rekord,
            (None, Some(_)) => return Err(Error::Dsse),
            _ => return Err(Error::Kind),
        };
        let (digest, signature) = (rekord.digest, rekord.signature);
        let key = signature.verifier.key()?;
        let imported = Digest::import_less_safe(&digest.0, &SHA256).map_err(|_| Error::Digest(digest.0.len()))?;
        if signature.content.0.len() > SIGNATURE_BYTES_MAX {
            return Err(Error::Signature);
        }
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key.raw());
        key.verify_digest(&imported, &signature.content.0).map_err(|_| Error::Signature)?;
        let entry = Entry {
            api_version: VERSION,
            kind: KIND,
            spec: Spec { hashed_rekord: Logged { data: Data { algorithm: "SHA2_256", digest }, signature } },
        };
        serde_json_canonicalizer::to_vec(&entry).map_err(|_| Error::Kind)
    }
}

impl Verifier {
    fn key(&self) -> Result<PublicKey, Error> {
        if self.key_details != Algorithm::EcdsaP256Sha256.key_details() {
            return Err(Error::KeyDetails(self.key_details.chars().take(64).collect()));
        }
        let der = match (&self.public_key, &self.x509_certificate) {
            (Some(key), None) => key.raw_bytes.0.clone(),
            (None, Some(certificate)) => {
                let bytes = &certificate.raw_bytes.0;
                if bytes.len() > CERTIFICATE_BYTES_MAX {
                    return Err(Error::Certificate);
                }
                let certificate = x509_cert::Certificate::from_der(bytes).map_err(|_| Error::Certificate)?;
                certificate.tbs_certificate.subject_public_key_info.to_der().map_err(|_| Error::Certificate)?
            }
            _ => return Err(Error::Verifier),
        };
        let key = PublicKey::from_der(&der).map_err(|error| Error::Key(error.to_string()))?;
        if key.algorithm() != Algorithm::EcdsaP256Sha256 {
            return Err(Error::Key(String::from("it is not the kind that `keyDetails` says")));
        }
        Ok(key)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    api_version: &'static str,
    kind: &'static str,
    spec: Spec,
}

#[derive(Serialize)]
struct Spec {
    #[serde(rename = "hashedRekordV002")]
    hashed_rekord: Logged,
}

#[derive(Serialize)]
struct Logged {
    data: Data,
    signature: Signature,
}

#[derive(Serialize)]
struct Data {
    algorithm: &'static str,
    digest: Base64,
}

/// Why a request is no entry.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The retired kind.
    #[error(
        "a DSSE envelope is logged as `hashedRekordRequestV002` with the SHA-256 of its PAE; `dsseRequestV002` is not taken"
    )]
    Dsse,
    /// None or several.
    #[error("the request must have `hashedRekordRequestV002`, and nothing else")]
    Kind,
    /// The digest.
    #[error("the digest has {0} bytes; SHA-256 has 32")]
    Digest(usize),
    /// The signature.
    #[error("the signature is not one of this key over this digest")]
    Signature,
    /// The kind of key.
    #[error("`keyDetails` is `{0}`; this log takes PKIX_ECDSA_P256_SHA_256")]
    KeyDetails(String),
    /// The certificate.
    #[error("the certificate is no X.509 certificate of at most {CERTIFICATE_BYTES_MAX} bytes")]
    Certificate,
    /// None or both.
    #[error("the verifier must have either `publicKey` or `x509Certificate`")]
    Verifier,
    /// The key.
    #[error("the verifier's key: {0}")]
    Key(String),
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::keys::Signer as _;
    use crate::keys::file::FileKey;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::{Value, json};

    /// A request that is right, over some bytes.
    pub(crate) fn request(key: &FileKey, message: &[u8]) -> Value {
        let digest = aws_lc_rs::digest::digest(&SHA256, message);
        json!({"hashedRekordRequestV002": {
            "digest": STANDARD.encode(digest.as_ref()),
            "signature": {
                "content": STANDARD.encode(key.sign(message).unwrap()),
                "verifier": {"keyDetails": "PKIX_ECDSA_P256_SHA_256", "publicKey": {"rawBytes": STANDARD.encode(key.public_key().der())}},
            },
        }})
    }

    fn entry(request: &Value) -> Result<String, String> {
        let request: Request = serde_json::from_str(&request.to_string()).map_err(|error| error.to_string())?;
        request.into_entry().map(|entry| String::from_utf8(entry).unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn an_entry_is_canonical_json() {
        let key = FileKey::generate(Algorithm::EcdsaP256Sha256).unwrap();
        let request = request(&key, b"x");
        let rekord = &request["hashedRekordRequestV002"];
        let expected = format!(
            r#"{{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{{"hashedRekordV002":{{"data":{{"algorithm":"SHA2_256","digest":{}}},"signature":{{"content":{},"verifier":{{"keyDetails":"PKIX_ECDSA_P256_SHA_256","publicKey":{{"rawBytes":{}}}}}}}}}}}}}"#,
            rekord["digest"], rekord["signature"]["content"], rekord["signature"]["verifier"]["publicKey"]["rawBytes"]
        );
        assert_eq!(entry(&request).unwrap(), expected);
    }

    #[test]
    fn what_is_no_entry_is_refused_by_its_name() {
        let key = FileKey::generate(Algorithm::EcdsaP256Sha256).unwrap();
        let good = request(&key, b"x");
        let other = request(&key, b"y");
        let at = |path: &str, value: Value| {
            let mut request = good.clone();
            *request.pointer_mut(path).unwrap() = value;
            entry(&request).unwrap_err()
        };
        let signature = "/hashedRekordRequestV002/signature";
        let verifier = "/hashedRekordRequestV002/signature/verifier";
        let cases = [
            (entry(&json!({})), "hashedRekordRequestV002"),
            (entry(&json!({"dsseRequestV002": {"envelope": {}}})), "PAE"),
            (entry(&json!({"intotoRequestV001": {}})), "unknown field `intotoRequestV001`"),
            (entry(&json!([])), "expected"),
            (Err(at("/hashedRekordRequestV002/digest", json!("AAAA"))), "3 bytes"),
            (Err(at("/hashedRekordRequestV002/digest", json!("!"))), "base64"),
            (
                Err(at("/hashedRekordRequestV002/digest", other["hashedRekordRequestV002"]["digest"].clone())),
                "signature",
            ),
            (Err(at(&format!("{signature}/content"), json!(""))), "signature"),
            (Err(at(&format!("{signature}/content"), json!(STANDARD.encode([0; 200])))), "signature"),
            (Err(at(&format!("{verifier}/keyDetails"), json!("PKIX_ED25519"))), "PKIX_ED25519"),
            (Err(at(&format!("{verifier}/publicKey/rawBytes"), json!("AAAA"))), "key"),
            (Err(at(verifier, json!({"keyDetails": "PKIX_ECDSA_P256_SHA_256"}))), "either"),
            (
                Err(at(
                    verifier,
                    json!({"keyDetails": "PKIX_ECDSA_P256_SHA_256", "x509Certificate": {"rawBytes": "AAAA"}}),
                )),
                "X.509",
            ),
        ];
        for (result, expected) in cases {
            let error = result.unwrap_err();
            assert!(error.contains(expected), "{error} (wanted {expected})");
        }
    }
}
