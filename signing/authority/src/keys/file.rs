// SPDX-License-Identifier: MIT OR Apache-2.0
//! A key in a file: PKCS#8, encrypted with a passphrase (PBES2: scrypt and AES-256-CBC, RFC 7914 and RFC 8018), as PEM
//! that `openssl pkey` reads as well. An unencrypted key is never written, and never read.

use super::{Algorithm, Error, PublicKey, Signer};
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::{self, SystemRandom};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
use pkcs8::der::pem::{LineEnding, PemLabel};
use pkcs8::pkcs5::pbes2;
use pkcs8::{EncryptedPrivateKeyInfo, PrivateKeyInfo, SecretDocument};
use std::fs::OpenOptions;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use zeroize::Zeroizing;

/// The cost of scrypt as a power of two, with blocks of 1 kB: 2^14 of them are 16 MiB for each try of a passphrase. It
/// is what OpenSSL takes at most: twice as many need more than the 32 MiB that it allows, and it would not read the
/// key.
const SCRYPT_LOG_N: u8 = 14;

/// How often that is done one after the other: together more than a tenth of a second for each try.
const SCRYPT_PASSES: u32 = 2;

/// The bytes of a salt.
const SALT_BYTES: usize = 16;

/// The bytes of a key file that are read at most.
const FILE_BYTES_MAX: u64 = 16 << 10;

/// The permissions of others on a key file that are refused.
const OTHERS: u32 = 0o077;

/// A key in memory.
pub struct FileKey {
    pair: Pair,
    public: PublicKey,
    pkcs8: Zeroizing<Vec<u8>>,
}

enum Pair {
    Ecdsa(EcdsaKeyPair, SystemRandom),
    Ed25519(Ed25519KeyPair),
}

impl FileKey {
    /// A new key.
    ///
    /// # Errors
    /// Where the system has no random numbers.
    pub fn generate(algorithm: Algorithm) -> Result<Self, Error> {
        let random = SystemRandom::new();
        let pkcs8 = match algorithm {
            Algorithm::EcdsaP256Sha256 => EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random),
            Algorithm::Ed25519 => Ed25519KeyPair::generate_pkcs8v1(&random),
        };
        Self::from_pkcs8(pkcs8.map_err(|_| Error::Generate)?.as_ref()).ok_or(Error::Generate)
    }

    fn from_pkcs8(bytes: &[u8]) -> Option<Self> {
        let (pair, public) = if let Ok(pair) = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, bytes) {
            let public = AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key()).ok()?.as_ref().to_vec();
            (Pair::Ecdsa(pair, SystemRandom::new()), public)
        } else {
            let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(bytes).ok()?;
            let public = AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key()).ok()?.as_ref().to_vec();
            (Pair::Ed25519(pair), public)
        };
        Some(Self { pair, public: PublicKey::from_der(&public).ok()?, pkcs8: Zeroizing::new(bytes.to_vec()) })
    }

    /// Reads the file. It must be this user's alone: a key that others may read is no secret.
    ///
    /// # Errors
    /// Where the file cannot be read, others may read it, it is not encrypted, or the passphrase is not its own.
    pub fn read(path: &Path, passphrase: &[u8]) -> Result<Self, Error> {
        let fault = |reason: &str| Error::File { path: path.display().to_string(), reason: reason.to_owned() };
        let file = std::fs::File::open(path).map_err(|error| fault(&format!("it cannot be read: {error}")))?;
        let meta = file.metadata().map_err(|error| fault(&format!("it cannot be read: {error}")))?;
        if meta.permissions().mode() & OTHERS != 0 {
            return Err(fault("others than its owner may use it; set its mode to 600"));
        }
        let mut text = Zeroizing::new(String::new());
        let read = file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text);
        let read = read.map_err(|error| fault(&format!("it cannot be read: {error}")))?;
        if u64::try_from(read).unwrap_or(u64::MAX) > FILE_BYTES_MAX {
            return Err(fault("it is too long for a key"));
        }
        let (label, document) = SecretDocument::from_pem(&text).map_err(|_| fault("it is no PEM of one block"))?;
        if label != EncryptedPrivateKeyInfo::PEM_LABEL {
            return Err(fault("it is no `ENCRYPTED PRIVATE KEY`; keys without a passphrase are not read"));
        }
        let encrypted = EncryptedPrivateKeyInfo::try_from(document.as_bytes());
        let encrypted = encrypted.map_err(|_| fault("it is no encrypted PKCS#8 key"))?;
        let plain = encrypted.decrypt(passphrase).map_err(|_| fault("the passphrase is not its own"))?;
        Self::from_pkcs8(plain.as_bytes()).ok_or_else(|| fault("its key is neither ECDSA on P-256 nor Ed25519"))
    }

    /// Writes the key, encrypted, into a new file that only this user may read.
    ///
    /// # Errors
    /// Where the passphrase is empty, or the file exists or cannot be written.
    pub fn write(&self, path: &Path, passphrase: &[u8]) -> Result<(), Error> {
        let fault = |reason: String| Error::File { path: path.display().to_string(), reason };
        if passphrase.is_empty() {
            return Err(fault(String::from("an empty passphrase protects nothing")));
        }
        let text = self.encrypted(passphrase).ok_or_else(|| fault(String::from("it cannot be encrypted")))?;
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        let written = file.and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        });
        written.map_err(|error| fault(format!("it cannot be written: {error}")))
    }

    fn encrypted(&self, passphrase: &[u8]) -> Option<Zeroizing<String>> {
        let (mut salt, mut iv) = ([0; SALT_BYTES], [0; 16]);
        rand::fill(&mut salt).ok()?;
        rand::fill(&mut iv).ok()?;
        let cost = scrypt::Params::new(SCRYPT_LOG_N, 8, SCRYPT_PASSES, 32).ok()?;
        let parameters = pbes2::Parameters::scrypt_aes256cbc(cost, &salt, &iv).ok()?;
        let key = PrivateKeyInfo::try_from(self.pkcs8.as_slice()).ok()?;
        let encrypted = key.encrypt_with_params(parameters, passphrase).ok()?;
        encrypted.to_pem(EncryptedPrivateKeyInfo::PEM_LABEL, LineEnding::LF).ok()
    }
}

impl Signer for FileKey {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        match &self.pair {
            Pair::Ecdsa(pair, random) => {
                pair.sign(random, message).map(|signature| signature.as_ref().to_vec()).map_err(|_| Error::Signature)
            }
            Pair::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_comes_back_with_its_passphrase_only() {
        let folder = tempfile::tempdir().unwrap();
        for algorithm in [Algorithm::EcdsaP256Sha256, Algorithm::Ed25519] {
            let path = folder.path().join(format!("{algorithm:?}.pem"));
            let key = FileKey::generate(algorithm).unwrap();
            key.write(&path, b"a passphrase").unwrap();
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(text.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"), "{text}");
            assert_eq!(FileKey::read(&path, b"a passphrase").unwrap().public_key(), key.public_key());
            assert!(FileKey::read(&path, b"another").err().unwrap().to_string().contains("passphrase"));
            assert!(key.write(&path, b"a passphrase").is_err(), "an existing file is kept");
        }
    }

    #[test]
    fn what_protects_nothing_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pem");
        let key = FileKey::generate(Algorithm::EcdsaP256Sha256).unwrap();
        assert!(key.write(&path, b"").is_err());
        assert!(!path.exists());
        key.write(&path, b"x").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(FileKey::read(&path, b"x").err().unwrap().to_string().contains("600"));
        let plain = PrivateKeyInfo::try_from(key.pkcs8.as_slice()).unwrap();
        let plain = SecretDocument::encode_msg(&plain).unwrap().to_pem("PRIVATE KEY", LineEnding::LF).unwrap();
        let unencrypted = folder.path().join("plain.pem");
        std::fs::write(&unencrypted, plain.as_bytes()).unwrap();
        std::fs::set_permissions(&unencrypted, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert!(FileKey::read(&unencrypted, b"x").err().unwrap().to_string().contains("ENCRYPTED"));
        std::fs::write(&unencrypted, "A".repeat(20_000)).unwrap();
        assert!(FileKey::read(&unencrypted, b"x").err().unwrap().to_string().contains("too long"));
    }
}
