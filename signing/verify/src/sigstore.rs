// SPDX-License-Identifier: MIT OR Apache-2.0
//! The crates `sigstore-*` behind [`Library`], and what they leave out (`docs/decisions/0013`): one name in a certificate, a
//! log entry with its proof, a checkpoint by the very log that the entry names and while its key was valid, managed keys
//! without evidence.

use crate::bundle::Bundle;
use crate::library::{Holder, Library, SignedAt, TimeProof};
use crate::refused::{Refused, Step};
use jiff::Timestamp;
use kernel_types::Digest;
use sigstore_verify::crypto::{Checkpoint, KeyAlgorithm, Keyring, SubjectAltName};
use sigstore_verify::crypto::{parse_certificate_info, verify_signature, verify_signature_prehashed};
use sigstore_verify::error::{CertificateError, Error};
use sigstore_verify::trust_root::TrustedRoot;
use sigstore_verify::types::{
    ArtifactDigest, DerCertificate, DerPublicKey, HashAlgorithm, Sha256Hash, SignatureContent,
};
use sigstore_verify::{PublicKeyVerificationPolicy, VerificationPolicy, VerificationResult, Verifier};
use x509_cert::der::Decode as _;
use x509_cert::ext::pkix;

/// One trusted root, its keys and certificates parsed.
pub(crate) struct Sigstore {
    verifier: Verifier,
    logs: Keyring,
}

impl Sigstore {
    pub(crate) fn new(root: &TrustedRoot) -> Result<Self, Refused> {
        let verifier = Verifier::new(root).map_err(Step::TrustRoot.because())?;
        Ok(Self { verifier, logs: root.rekor_keys().map_err(Step::TrustRoot.because())? })
    }

    /// The library takes any trusted log's signature on the checkpoint, and judges the validity of its key by the clock of
    /// the machine. Here it has to be the log that the entry names, with a key that was valid at the proven time.
    fn check_log(&self, bundle: &Bundle, time: Option<Timestamp>) -> Result<(), Refused> {
        let refuse = |reason: &str| Err(Step::LogInclusion.refuse(reason));
        for entry in &bundle.inner.verification_material.tlog_entries {
            let Some(proof) = &entry.inclusion_proof else { return refuse("the log entry has no proof of inclusion") };
            let id = Sha256Hash::try_from(entry.log_id.key_id.as_bytes()).map_err(Step::LogInclusion.because())?;
            let Some(key) = time.map_or_else(|| self.logs.key(&id), |time| self.logs.key_at(&id, time)) else {
                return refuse("the entry names a log that the trusted root did not know at that time");
            };
            let checkpoint = Checkpoint::from_text(proof.checkpoint.envelope());
            let checkpoint = checkpoint.map_err(Step::LogInclusion.because())?;
            let by_it = |signature: &[u8]| key.verify(checkpoint.signed_data(), &signature.to_vec().into()).is_ok();
            if !checkpoint.signatures().iter().any(|one| by_it(one.signature.as_bytes())) {
                return refuse("the checkpoint is not signed by the log that the entry names");
            }
        }
        Ok(())
    }
}

impl Library for Sigstore {
    fn with_certificate(&self, bundle: &Bundle, digest: &Digest) -> Result<(Holder, SignedAt), Refused> {
        let certificate = bundle.inner.signing_certificate();
        let certificate = certificate.ok_or_else(|| Step::CertificateChain.refuse("there is no certificate"))?;
        check_names(certificate)?;
        let result = self.verifier.verify(artifact(digest), &bundle.inner, &VerificationPolicy::any_identity());
        let result = result.map_err(|error| refused(&error, Some(certificate)))?;
        let time = signed_at(&result).ok_or_else(|| Step::Timestamp.refuse("there is no proof of time"))?;
        self.check_log(bundle, Some(time.time))?;
        let (Some(issuer), Some(subject)) = (result.issuer(), result.identity()) else {
            return Err(Step::Identity.refuse("the certificate names no issuer or no subject"));
        };
        // A pattern for addresses must not fit a URI, as `mailto:` would.
        if matches!(subject, SubjectAltName::Uri(_)) != subject.as_str().contains("://") {
            return Err(Step::Identity.refuse(format_args!("`{subject}` is neither an address nor a full URI")));
        }
        Ok((Holder { issuer: issuer.into(), subject: subject.as_str().into() }, time))
    }

    fn with_key(&self, bundle: &Bundle, digest: &Digest, key: &DerPublicKey) -> Result<Option<SignedAt>, Refused> {
        check_signature(&bundle.inner.content, digest, key)?;
        if !bundle.has_log_entry() && !bundle.has_timestamp() {
            return Ok(None); // the library refuses it, whatever it is told
        }
        let mut policy = PublicKeyVerificationPolicy::new(key.clone());
        if !bundle.has_log_entry() {
            policy = policy.skip_tlog_unsafe();
        }
        let result = self.verifier.verify(artifact(digest), &bundle.inner, &policy);
        let time = signed_at(&result.map_err(|error| refused(&error, None))?);
        self.check_log(bundle, time.map(|time| time.time))?;
        Ok(time)
    }
}

fn artifact(digest: &Digest) -> ArtifactDigest {
    ArtifactDigest::sha256(Sha256Hash::from(*digest.as_bytes()))
}

fn signed_at(result: &VerificationResult) -> Option<SignedAt> {
    let time = *result.verified_timestamps().iter().min()?;
    let proof = if result.integrated_time() == Some(time) { TimeProof::Log } else { TimeProof::Timestamp };
    Some(SignedAt { time, proof })
}

/// The library takes the first name that it knows and looks past the others.
fn check_names(certificate: &DerCertificate) -> Result<(), Refused> {
    let parsed = x509_cert::Certificate::from_der(certificate.as_bytes());
    let names = parsed.and_then(|parsed| {
        Ok(parsed.tbs_certificate.get::<pkix::SubjectAltName>()?.map_or(0, |(_, names)| names.0.len()))
    });
    match names.map_err(Step::CertificateChain.because())? {
        1 => Ok(()),
        names => Err(Step::CertificateChain.refuse(format_args!("the certificate has {names} names, not one"))),
    }
}

fn check_signature(content: &SignatureContent, digest: &Digest, key: &DerPublicKey) -> Result<(), Refused> {
    let algorithm = KeyAlgorithm::from_spki(key).map_err(Step::Signature.because())?;
    let verified = match content {
        SignatureContent::DsseEnvelope(envelope) => {
            verify_signature(key, &envelope.pae(), &envelope.signature.sig, algorithm.default_signing_scheme())
        }
        SignatureContent::MessageSignature(message) => {
            if message.message_digest.as_ref().is_some_and(|claim| claim.digest.as_bytes() != digest.as_bytes()) {
                return Err(Step::Digest.refuse("the bundle is for another artifact"));
            }
            algorithm
                .resolve_signing_scheme(HashAlgorithm::Sha2256)
                .and_then(|scheme| verify_signature_prehashed(key, digest.as_bytes(), &message.signature, scheme))
        }
        _ => return Err(Step::Bundle.refuse("an unknown kind of content")),
    };
    verified.map_err(Step::Signature.because())
}

/// At which step the library refused.
fn refused(error: &Error, certificate: Option<&DerCertificate>) -> Refused {
    let step = match error {
        Error::SignatureInvalid(_) | Error::Crypto(_) => Step::Signature,
        Error::ArtifactMismatch(_) | Error::UnsupportedArtifact(_) => Step::Digest,
        // A trusted root that was accepted only misses the key of a log of certificates.
        Error::Certificate(CertificateError::Sct(_)) | Error::InvalidTrustRoot(_) => Step::Sct,
        Error::Certificate(_) => Step::CertificateChain,
        // What `Bundle::parse` leaves of its form is about the log.
        Error::TransparencyLog(_) | Error::Bundle(_) => Step::LogInclusion,
        Error::Timestamp(_) => Step::Timestamp,
        _ => Step::Bundle,
    };
    let until = certificate.filter(|_| step == Step::Timestamp).and_then(|one| parse_certificate_info(one).ok());
    match until {
        Some(info) => {
            step.refuse(format_args!("{error}; without it the certificate counts as expired ({})", info.not_after))
        }
        None => step.refuse(error),
    }
}
