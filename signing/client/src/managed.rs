// SPDX-License-Identifier: MIT OR Apache-2.0
//! Signing with a key of one's own: no certificate, no log, no timestamp, no network. Whoever verifies must have been
//! given the public key, which the bundle only hints at.

use crate::{Error, STATEMENT_TYPE};
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use signing_authority::keys::file::FileKey;
use signing_authority::keys::{Algorithm, PublicKey, Signer as _};
use sigstore_bundle::{BundleV03, VerificationMaterialV03};
use sigstore_types::bundle::{MessageDigest, MessageSignature, SignatureContent};
use sigstore_types::{
    Bundle, DerPublicKey, DsseEnvelope, DsseSignature, HashAlgorithm, KeyId, PayloadBytes, Sha256Hash, SignatureBytes,
};
use std::path::Path;

/// A publisher's own key, ECDSA on P-256, kept in an encrypted file.
pub struct ManagedKey {
    key: FileKey,
}

impl ManagedKey {
    /// A new key.
    ///
    /// # Errors
    /// Where the system has no random numbers.
    pub fn generate() -> Result<Self, Error> {
        Ok(Self { key: FileKey::generate(Algorithm::EcdsaP256Sha256)? })
    }

    /// Reads the file.
    ///
    /// # Errors
    /// Where it cannot be read, is not this user's alone, or the passphrase is not its own.
    pub fn read(path: &Path, passphrase: &[u8]) -> Result<Self, Error> {
        Ok(Self { key: FileKey::read(path, passphrase)? })
    }

    /// Writes a new file.
    ///
    /// # Errors
    /// Where it is there already, or cannot be written.
    pub fn write(&self, path: &Path, passphrase: &[u8]) -> Result<(), Error> {
        Ok(self.key.write(path, passphrase)?)
    }

    /// What is given to those who verify.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        self.key.public_key()
    }

    /// The same, with its texts.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey(self.public_key().clone())
    }

    /// The public key as PEM.
    #[must_use]
    pub fn public_key_pem(&self) -> String {
        self.verifying_key().pem()
    }

    /// How bundles name the key: base64 of the SHA-256 of its DER form.
    #[must_use]
    pub fn hint(&self) -> String {
        self.verifying_key().hint()
    }

    /// Signs an artifact.
    ///
    /// # Errors
    /// Where the key does not sign.
    pub fn sign(&self, artifact: &[u8]) -> Result<Bundle, Error> {
        let signature = SignatureBytes::new(self.key.sign(artifact)?);
        let hash = Sha256Hash::try_from(digest(&SHA256, artifact).as_ref());
        let hash = hash.map_err(|error| Error::Services(error.to_string()))?;
        let message = MessageSignature::new(signature)
            .with_message_digest(MessageDigest::new(HashAlgorithm::Sha2256, hash.into()));
        Ok(self.bundle(SignatureContent::MessageSignature(message)))
    }

    /// Signs an in-toto statement, as it is.
    ///
    /// # Errors
    /// Where it is none, or the key does not sign.
    pub fn sign_statement(&self, statement: &[u8]) -> Result<Bundle, Error> {
        serde_json::from_slice::<sigstore_types::Statement>(statement).map_err(Error::Statement)?;
        let signature = self.key.sign(&sigstore_types::pae(STATEMENT_TYPE, statement))?;
        let signature = DsseSignature::new(SignatureBytes::new(signature), KeyId::default());
        let envelope = DsseEnvelope::new(STATEMENT_TYPE.to_owned(), PayloadBytes::new(statement.to_vec()), signature);
        Ok(self.bundle(SignatureContent::DsseEnvelope(envelope)))
    }

    fn bundle(&self, content: SignatureContent) -> Bundle {
        BundleV03::new(VerificationMaterialV03::PublicKey { hint: self.hint() }, content).into_bundle()
    }
}

/// The bytes of a public key's PEM at most.
pub const PUBLIC_KEY_PEM_BYTES_MAX: u64 = 16 << 10;

/// The public half of a managed key: what the key file of a site holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyingKey(PublicKey);

impl VerifyingKey {
    /// Reads `PUBLIC KEY` in PEM.
    ///
    /// # Errors
    /// Where it is no PEM of one, or a key of another kind than a managed key.
    pub fn from_pem(pem: &str) -> Result<Self, Error> {
        let der = DerPublicKey::from_pem(pem).map_err(Error::PublicKey)?;
        Ok(Self(PublicKey::from_der(der.as_bytes())?))
    }

    /// The key as PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        let text = STANDARD.encode(self.0.der());
        let lines: Vec<&str> = text.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
    }

    /// How bundles name the key: base64 of the SHA-256 of its DER form.
    #[must_use]
    pub fn hint(&self) -> String {
        STANDARD.encode(self.0.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SignedBy;
    use serde_json::Value;

    #[test]
    fn a_managed_bundle_carries_a_signature_and_a_hint_and_nothing_else() {
        let key = ManagedKey::generate().unwrap();
        let bundle: Value = serde_json::from_str(&key.sign(b"artifact").unwrap().to_json().unwrap()).unwrap();
        assert_eq!(bundle["mediaType"], "application/vnd.dev.sigstore.bundle.v0.3+json");
        assert_eq!(bundle["verificationMaterial"]["publicKey"]["hint"], key.hint().as_str());
        let signature = STANDARD.decode(bundle["messageSignature"]["signature"].as_str().unwrap()).unwrap();
        assert!(key.public_key().verifies(b"artifact", &signature));
        let entries = bundle["verificationMaterial"].get("tlogEntries").and_then(Value::as_array).map_or(0, Vec::len);
        assert_eq!(entries, 0);
    }

    #[test]
    fn a_statement_is_signed_through_its_envelope() {
        let key = ManagedKey::generate().unwrap();
        let statement = br#"{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"a","digest":{"sha256":"54303491a8418fbed24344b51354618c29b43bf282ceb433af65e2299f9271ff"}}],"predicateType":"https://example.org/x","predicate":{}}"#;
        let bundle: Value = serde_json::from_str(&key.sign_statement(statement).unwrap().to_json().unwrap()).unwrap();
        let envelope = &bundle["dsseEnvelope"];
        assert_eq!(STANDARD.decode(envelope["payload"].as_str().unwrap()).unwrap(), statement);
        let signature = STANDARD.decode(envelope["signatures"][0]["sig"].as_str().unwrap()).unwrap();
        let signed = [
            b"DSSEv1 28 application/vnd.in-toto+json ".as_slice(),
            statement.len().to_string().as_bytes(),
            b" ",
            statement,
        ]
        .concat();
        assert!(key.public_key().verifies(&signed, &signature));
        assert!(key.sign_statement(b"{}").is_err());
    }

    #[test]
    fn a_key_comes_back_from_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("publisher.pem");
        let key = ManagedKey::generate().unwrap();
        key.write(&path, b"secret").unwrap();
        assert_eq!(ManagedKey::read(&path, b"secret").unwrap().hint(), key.hint());
        let public = VerifyingKey::from_pem(&key.public_key_pem()).unwrap();
        assert_eq!((public.clone(), public.hint()), (key.verifying_key(), key.hint()));
        assert_eq!(&public.0, key.public_key());
    }

    #[test]
    fn a_bundle_names_its_key_and_what_is_no_public_key_is_refused() {
        let key = ManagedKey::generate().unwrap();
        assert_eq!(SignedBy::of(&key.sign(b"artifact").unwrap()), Some(SignedBy::Key(key.hint())));
        let pem = key.public_key_pem();
        for text in ["", "x", &pem.replace("PUBLIC KEY", "CERTIFICATE"), &pem.replace('M', "N")] {
            assert!(VerifyingKey::from_pem(text).is_err(), "{text}");
        }
    }
}
