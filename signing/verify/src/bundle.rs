// SPDX-License-Identifier: MIT OR Apache-2.0
//! A sigstore bundle, version 0.3: read within its bounds, of a shape that has one meaning. Nothing in it is believed yet.

use crate::refused::{Refused, Step};
use crate::statement::{Kind, Statement};
use crate::strict;
use serde_json::Value;
use sigstore_verify::types::bundle::VerificationMaterialContent;
use sigstore_verify::types::{self, MediaType, SignatureContent};

/// The bytes of a bundle: room for the SBOM of a large component, to which base64 adds a third.
pub const BUNDLE_BYTES_MAX: usize = 4 << 20;
/// The timestamps of a bundle; each costs a chain of certificates to check.
pub const TIMESTAMPS_MAX: usize = 4;

/// A bundle that can be verified.
#[derive(Debug, Clone)]
pub struct Bundle {
    pub(crate) inner: types::Bundle,
    pub(crate) statement: Option<Statement>,
}

impl Bundle {
    /// Reads a bundle.
    ///
    /// # Errors
    /// At [`Step::Bundle`]: too large, a key twice, another version, more than one log entry, a log entry that is not
    /// canonical JSON, both kinds of content or none, a payload that is no in-toto statement of version 1.
    pub fn parse(bytes: &[u8]) -> Result<Self, Refused> {
        let refuse = |reason: String| Err(Step::Bundle.refuse(reason));
        let value = strict::read(Step::Bundle, bytes, BUNDLE_BYTES_MAX)?;
        one_of(&value, &["messageSignature", "dsseEnvelope"], &["mediaType", "verificationMaterial"])?;
        let material = value.get("verificationMaterial").unwrap_or(&Value::Null);
        one_of(material, &["certificate", "publicKey"], &["tlogEntries", "timestampVerificationData"])?;
        let text = std::str::from_utf8(bytes).map_err(Step::Bundle.because())?;
        let inner = types::Bundle::from_json(text).map_err(Step::Bundle.because())?;
        if inner.media_type() != MediaType::Bundle0_3 {
            return refuse(format!("`{}` is not version 0.3", inner.media_type()));
        }
        let timestamps = inner.verification_material.timestamp_verification_data.rfc3161_timestamps.len();
        if timestamps > TIMESTAMPS_MAX {
            return refuse(format!("{timestamps} timestamps, at most {TIMESTAMPS_MAX}"));
        }
        let entries = &inner.verification_material.tlog_entries;
        if entries.len() > 1 {
            return refuse(format!("{} log entries, at most one", entries.len()));
        }
        for entry in entries {
            let body = entry.canonicalized_body.as_bytes();
            if !strict::is_canonical(body, &strict::read(Step::Bundle, body, BUNDLE_BYTES_MAX)?) {
                return refuse("the body of the log entry is not canonical JSON (RFC 8785)".into());
            }
        }
        let statement = match &inner.content {
            SignatureContent::DsseEnvelope(envelope) if envelope.payload_type == Statement::MEDIA_TYPE => {
                Some(Statement::parse(envelope.payload.as_bytes(), BUNDLE_BYTES_MAX)?)
            }
            SignatureContent::DsseEnvelope(envelope) => {
                return refuse(format!(
                    "an envelope with `{}`, not `{}`",
                    envelope.payload_type,
                    Statement::MEDIA_TYPE
                ));
            }
            _ => None,
        };
        Ok(Self { inner, statement })
    }

    /// What it claims to be.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.statement.as_ref().map_or(Kind::Signature, |statement| statement.kind)
    }

    /// The name of the key that it claims to be signed with, where it is signed with a managed key.
    #[must_use]
    pub fn key_hint(&self) -> Option<&str> {
        match &self.inner.verification_material.content {
            VerificationMaterialContent::PublicKey(key) => Some(&key.hint),
            _ => None,
        }
    }

    pub(crate) fn has_log_entry(&self) -> bool {
        !self.inner.verification_material.tlog_entries.is_empty()
    }

    pub(crate) fn has_timestamp(&self) -> bool {
        !self.inner.verification_material.timestamp_verification_data.rfc3161_timestamps.is_empty()
    }
}

/// An object with exactly one of these members, and beside it only those.
fn one_of(value: &Value, one: &[&str], beside: &[&str]) -> Result<(), Refused> {
    let Some(object) = value.as_object() else { return Err(Step::Bundle.refuse("an object is missing")) };
    if let Some(key) = object.keys().find(|key| !one.contains(&key.as_str()) && !beside.contains(&key.as_str())) {
        return Err(Step::Bundle.refuse(format_args!("the member `{key}` is not of version 0.3")));
    }
    if one.iter().filter(|key| object.contains_key(**key)).count() != 1 {
        return Err(Step::Bundle.refuse(format_args!("it needs exactly one of `{}`", one.join("`, `"))));
    }
    Ok(())
}
