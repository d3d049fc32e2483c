// SPDX-License-Identifier: MIT OR Apache-2.0
//! Keys: who signs what. Each role has a type of its own, so that a key of one role cannot be handed to another; where the key
//! lies, in an encrypted file ([`file`]) or in a token behind PKCS#11 ([`token`]), only its [`Signer`] knows.

pub mod file;
#[cfg(feature = "pkcs11")]
pub mod token;

use aws_lc_rs::digest;
use const_oid::db::{rfc5912, rfc8410};
use der::asn1::BitString;
use der::{Decode as _, Encode as _};
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use std::marker::PhantomData;
use std::sync::Arc;

/// The bytes of a public key's DER form that are read at most: an RSA key of 16,384 bits has 2 kB.
pub const PUBLIC_KEY_BYTES_MAX: usize = 4 << 10;

/// How a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// ECDSA on P-256 over SHA-256; the signature in DER.
    EcdsaP256Sha256,
    /// Ed25519; the signature as it is.
    Ed25519,
}

impl Algorithm {
    /// As `keyDetails` in a trusted root.
    #[must_use]
    pub fn key_details(self) -> &'static str {
        match self {
            Self::EcdsaP256Sha256 => "PKIX_ECDSA_P256_SHA_256",
            Self::Ed25519 => "PKIX_ED25519",
        }
    }
}

/// A public key of one of the two kinds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    algorithm: Algorithm,
    info: SubjectPublicKeyInfoOwned,
    der: Vec<u8>,
}

impl PublicKey {
    /// Reads a `SubjectPublicKeyInfo`.
    ///
    /// # Errors
    /// Where it is malformed, or a key of another kind.
    pub fn from_der(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > PUBLIC_KEY_BYTES_MAX {
            return Err(Error::PublicKey("it is too long"));
        }
        let info = SubjectPublicKeyInfoOwned::from_der(bytes).map_err(|_| Error::PublicKey("it is no DER of one"))?;
        let parameters = info.algorithm.parameters.as_ref();
        let curve = parameters.and_then(|any| any.decode_as::<const_oid::ObjectIdentifier>().ok());
        let algorithm = match info.algorithm.oid {
            rfc5912::ID_EC_PUBLIC_KEY if curve == Some(rfc5912::SECP_256_R_1) => Algorithm::EcdsaP256Sha256,
            rfc8410::ID_ED_25519 if parameters.is_none() => Algorithm::Ed25519,
            _ => return Err(Error::PublicKey("it is neither ECDSA on P-256 nor Ed25519")),
        };
        let raw = info.subject_public_key.raw_bytes();
        let is_whole = match algorithm {
            // An uncompressed point. Whether it lies on the curve is checked by whoever verifies with it.
            Algorithm::EcdsaP256Sha256 => raw.len() == 65 && raw.first() == Some(&4),
            Algorithm::Ed25519 => raw.len() == 32,
        };
        if !is_whole || info.subject_public_key.unused_bits() != 0 {
            return Err(Error::PublicKey("its bits are not those of a key (an elliptic point must be uncompressed)"));
        }
        Ok(Self { algorithm, der: bytes.to_vec(), info })
    }

    /// The key with these raw bytes: an uncompressed point, or the 32 bytes of Ed25519.
    ///
    /// # Errors
    /// Where they are none.
    pub fn from_raw(algorithm: Algorithm, raw: &[u8]) -> Result<Self, Error> {
        let (oid, parameters) = match algorithm {
            Algorithm::EcdsaP256Sha256 => (rfc5912::ID_EC_PUBLIC_KEY, Some(der::Any::from(rfc5912::SECP_256_R_1))),
            Algorithm::Ed25519 => (rfc8410::ID_ED_25519, None),
        };
        let bits = BitString::from_bytes(raw).map_err(|_| Error::PublicKey("it is too long"))?;
        let info = SubjectPublicKeyInfoOwned {
            algorithm: AlgorithmIdentifierOwned { oid, parameters },
            subject_public_key: bits,
        };
        Self::from_der(&info.to_der().map_err(|_| Error::PublicKey("it cannot be written"))?)
    }

    /// How its owner signs.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The `SubjectPublicKeyInfo`.
    #[must_use]
    pub fn info(&self) -> &SubjectPublicKeyInfoOwned {
        &self.info
    }

    /// The same in DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The bits of the key alone.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        self.info.subject_public_key.raw_bytes()
    }

    /// SHA-256 over the DER form: the id of a log of certificates, and of an issuer in an SCT.
    #[must_use]
    pub fn id(&self) -> [u8; 32] {
        let mut id = [0; 32];
        for (to, from) in id.iter_mut().zip(digest::digest(&digest::SHA256, &self.der).as_ref()) {
            *to = *from;
        }
        id
    }

    /// Whether its owner signed the message.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, ED25519, UnparsedPublicKey};
        match self.algorithm {
            Algorithm::EcdsaP256Sha256 => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, self.raw()).verify(message, signature)
            }
            Algorithm::Ed25519 => UnparsedPublicKey::new(&ED25519, self.raw()).verify(message, signature),
        }
        .is_ok()
    }

    /// Whether the point is one of the curve: asked before a certificate is given for the key.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, ED25519, ParsedPublicKey};
        match self.algorithm {
            Algorithm::EcdsaP256Sha256 => ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, self.raw()).is_ok(),
            Algorithm::Ed25519 => ParsedPublicKey::new(&ED25519, self.raw()).is_ok(),
        }
    }
}

/// Something that signs with one key.
pub trait Signer: Send + Sync {
    /// The public half.
    fn public_key(&self) -> &PublicKey;

    /// The signature over the message, hashed here where the algorithm hashes.
    ///
    /// # Errors
    /// Where the key cannot be reached, or refuses.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error>;
}

/// What a key is for.
pub trait Role: Send + Sync + 'static {
    /// As it is called in files and messages.
    const NAME: &'static str;
    /// What the verifiers want of such a key.
    const ALGORITHM: Algorithm;
}

macro_rules! roles {
    ($($(#[$doc:meta])* $role:ident, $key:ident, $name:literal, $algorithm:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub enum $role {}
        impl Role for $role {
            const NAME: &'static str = $name;
            const ALGORITHM: Algorithm = Algorithm::$algorithm;
        }
        $(#[$doc])*
        pub type $key = RoleKey<$role>;
    )*};
}

roles! {
    /// Signs certificates of publishers.
    Ca, CaKey, "ca", EcdsaP256Sha256;
    /// Signs certificate timestamps (SCT).
    Sct, SctKey, "sct", EcdsaP256Sha256;
    /// Signs timestamps.
    Tsa, TsaKey, "tsa", EcdsaP256Sha256;
    /// Signs the certificate of the timestamp authority, and is needed for nothing else: keep it away.
    TsaRoot, TsaRootKey, "tsa-root", EcdsaP256Sha256;
    /// Signs checkpoints of the log.
    Log, LogKey, "log", Ed25519;
}

/// A key in its role.
pub struct RoleKey<R> {
    signer: Arc<dyn Signer>,
    role: PhantomData<R>,
}

impl<R: Role> RoleKey<R> {
    /// Puts a key in a role.
    ///
    /// # Errors
    /// Where the role wants a key of another kind.
    pub fn new(signer: Arc<dyn Signer>) -> Result<Self, Error> {
        if signer.public_key().algorithm() != R::ALGORITHM {
            return Err(Error::Role { role: R::NAME, wanted: R::ALGORITHM.key_details() });
        }
        Ok(Self { signer, role: PhantomData })
    }
}

impl<R: Role> Signer for RoleKey<R> {
    fn public_key(&self) -> &PublicKey {
        self.signer.public_key()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        self.signer.sign(message)
    }
}

impl<R> Clone for RoleKey<R> {
    fn clone(&self) -> Self {
        Self { signer: Arc::clone(&self.signer), role: PhantomData }
    }
}

/// Why there is no key or no signature.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not a key of ours.
    #[error("the public key cannot be used: {0}")]
    PublicKey(&'static str),
    /// A key of the wrong kind.
    #[error("the role `{role}` needs a key of the kind {wanted}")]
    Role {
        /// The role.
        role: &'static str,
        /// The kind.
        wanted: &'static str,
    },
    /// The file cannot be used.
    #[error("the key file `{path}`: {reason}")]
    File {
        /// Which.
        path: String,
        /// Why not, and what to do.
        reason: String,
    },
    /// The token cannot be used.
    #[error("the PKCS#11 token `{token}`: {reason}")]
    Token {
        /// Its label.
        token: String,
        /// Why not, and what to do.
        reason: String,
    },
    /// The signature failed.
    #[error("the key did not sign")]
    Signature,
    /// No random numbers, or no key.
    #[error("no key could be generated")]
    Generate,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::file::FileKey;

    #[test]
    fn a_role_takes_keys_of_its_kind_only() {
        let ecdsa: Arc<dyn Signer> = Arc::new(FileKey::generate(Algorithm::EcdsaP256Sha256).unwrap());
        assert!(CaKey::new(Arc::clone(&ecdsa)).is_ok());
        assert!(matches!(LogKey::new(ecdsa), Err(Error::Role { role: "log", .. })));
    }

    #[test]
    fn a_signature_is_verified_with_its_own_key_and_message() {
        for algorithm in [Algorithm::EcdsaP256Sha256, Algorithm::Ed25519] {
            let key = FileKey::generate(algorithm).unwrap();
            let other = FileKey::generate(algorithm).unwrap();
            let signature = key.sign(b"message").unwrap();
            assert!(key.public_key().verifies(b"message", &signature));
            assert!(!key.public_key().verifies(b"massage", &signature));
            assert!(!other.public_key().verifies(b"message", &signature));
            let read = PublicKey::from_der(key.public_key().der()).unwrap();
            assert_eq!(&read, key.public_key());
            assert_eq!(&PublicKey::from_raw(algorithm, read.raw()).unwrap(), key.public_key());
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let key = FileKey::generate(Algorithm::EcdsaP256Sha256).unwrap();
        let der = key.public_key().der();
        assert!(PublicKey::from_der(&der[..der.len() - 1]).is_err());
        assert!(PublicKey::from_der(&[der, &[0]].concat()).is_err());
        assert!(PublicKey::from_der(&vec![0; PUBLIC_KEY_BYTES_MAX + 1]).is_err());
        let mut off_curve = der.to_vec();
        *off_curve.last_mut().unwrap() ^= 1;
        assert!(!PublicKey::from_der(&off_curve).unwrap().is_valid());
        assert!(key.public_key().is_valid());
    }
}
