// SPDX-License-Identifier: MIT OR Apache-2.0
//! The boot log: a line for each start of the host, `{"bundle":...,"record":...}` in canonical JSON. The record names
//! the digest of the line before, so that no line can be changed, moved or left out unseen; the bundle is the host's
//! signature of the record. What nobody can see from the log alone is that lines are missing at its end, or that all of
//! it was made anew with another key: whoever must, keeps the newest digest, or the public key, elsewhere.

use super::document::{Document, canonical};
use jiff::Timestamp;
use kernel_types::Digest;
use serde_json::{Value, json};
use signing_verify::{Artifact, Bundle, Keys, Policy, Refused, TrustRoot, Verifier};

/// The name of the format of a record.
const RECORD_FORMAT: &str = "cortex-boot-record-v1";

/// Under which name hosts sign their records.
pub const LOG_NAME: &str = "cortex/boot";

/// The bytes of a line. A configuration with every text as long as it may be and a thousand components fit.
pub const LINE_BYTES_MAX: usize = 256 << 10;

/// The bytes of a log from which another one is begun, which goes on with its chain: thousands of starts.
pub const LOG_BYTES_MAX: usize = 32 << 20;

/// The last line of a log, which the next record goes on from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The number of its record, from 1.
    pub number: u64,
    /// The digest of the line, without its end.
    pub digest: Digest,
}

/// A record of a log that was verified.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Boot {
    /// Its number, from 1.
    pub number: u64,
    /// When the host was started, by its own clock.
    pub at: Timestamp,
    /// The boot digest.
    pub digest: Digest,
    /// The document that it is the digest of.
    pub document: Value,
}

/// What is wrong with a log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the boot log: {reason}")]
pub struct LogFault {
    /// The line, from 1; 0 where the key cannot be used.
    pub line: usize,
    /// What is wrong with it.
    pub reason: String,
}

/// The record of a start, as it is signed.
#[must_use]
pub fn record(document: &Document, at: Timestamp, previous: Option<&Link>) -> Vec<u8> {
    canonical(&json!({
        "at": at.to_string(),
        "digest": document.digest(),
        "document": document.json(),
        "format": RECORD_FORMAT,
        "number": previous.map_or(1, |previous| previous.number.saturating_add(1)),
        "previous": previous.map(|previous| previous.digest),
    }))
}

/// The line of a record and its bundle, without its end.
///
/// # Errors
/// Where one of them is no JSON, or the line is longer than [`LINE_BYTES_MAX`].
pub fn line(record: &[u8], bundle: &str) -> Result<Vec<u8>, String> {
    let record: Value = serde_json::from_slice(record).map_err(|error| error.to_string())?;
    let bundle: Value = serde_json::from_str(bundle).map_err(|error| error.to_string())?;
    let line = canonical(&json!({ "bundle": bundle, "record": record }));
    if line.len() > LINE_BYTES_MAX {
        return Err(format!("the record has {} bytes, at most {LINE_BYTES_MAX}", line.len()));
    }
    Ok(line)
}

struct Parts {
    boot: Boot,
    previous: Option<Digest>,
    record: Vec<u8>,
    bundle: Vec<u8>,
}

impl Link {
    /// What the next record goes on from. The line's signature is not looked at.
    ///
    /// # Errors
    /// Where it is no line of a boot log.
    pub fn of(line: &[u8]) -> Result<Self, String> {
        Ok(Self { number: parts(line)?.boot.number, digest: Digest::of(line) })
    }
}

/// Takes a line apart. It has to be the one text of what it says, so that nothing in it can be read in two ways.
fn parts(line: &[u8]) -> Result<Parts, String> {
    if line.len() > LINE_BYTES_MAX {
        return Err(format!("it has {} bytes, at most {LINE_BYTES_MAX}", line.len()));
    }
    let value: Value = serde_json::from_slice(line).map_err(|error| format!("it is no JSON: {error}"))?;
    if canonical(&value) != line {
        return Err("it is not canonical JSON (RFC 8785)".to_owned());
    }
    let part = |name: &str| value.get(name).ok_or_else(|| format!("it has no `{name}`"));
    let (record, bundle) = (part("record")?, part("bundle")?);
    let field = |name: &str| record.get(name).ok_or_else(|| format!("its record has no `{name}`"));
    let digest = |value: &Value| value.as_str().and_then(|text| text.parse().ok());
    if field("format")?.as_str() != Some(RECORD_FORMAT) {
        return Err(format!("its record is no `{RECORD_FORMAT}`"));
    }
    let number = field("number")?.as_u64().filter(|number| *number > 0).ok_or("its number is none")?;
    let at = field("at")?.as_str().and_then(|text| text.parse().ok()).ok_or("its time is none")?;
    let document = field("document")?.clone();
    let boot = Boot { number, at, digest: digest(field("digest")?).ok_or("its boot digest is none")?, document };
    let previous = match field("previous")? {
        Value::Null => None,
        value => Some(digest(value).ok_or("the digest of the line before is none")?),
    };
    if previous.is_none() != (number == 1) {
        return Err("only the first record has none before it".to_owned());
    }
    Ok(Parts { boot, previous, record: canonical(record), bundle: canonical(bundle) })
}

/// What a log is verified with: one public key.
pub struct Verification<'v> {
    /// The host's public key, as PEM.
    pub public_key: &'v str,
    /// How the host's bundles name it: no signature covers that, so it is compared.
    pub key_hint: &'v str,
    /// The caller's clock.
    pub now: Timestamp,
}

impl Verification<'_> {
    fn verifier(&self) -> Result<(Verifier, Policy), Refused> {
        let hint = self.key_hint;
        let keys = json!({ "keys": [{
            "id": hint, "public-key": self.public_key, "namespaces": [LOG_NAME],
            "not-before": "1970-01-01T00:00:00Z", "not-after": "9999-01-01T00:00:00Z",
        }]});
        let policy = json!({ "publishers": [{ "namespace": LOG_NAME, "keys": [hint], "key-time": "unproven" }] });
        let keys = Keys::parse(keys.to_string().as_bytes())?;
        Ok((Verifier::new(vec![TrustRoot::of_nobody()?], keys)?, Policy::parse(policy.to_string().as_bytes())?))
    }
}

/// Verifies a whole log: every line, every signature, and that each goes on from the one before. A log that begins with
/// a later record than the first goes on from another file.
///
/// # Errors
/// The first line that is wrong. An end without a line feed is a line that was not written whole, and wrong too.
pub fn verify(log: &[u8], with: &Verification<'_>) -> Result<Vec<Boot>, LogFault> {
    let mut boots: Vec<Boot> = Vec::new();
    let mut before: Option<Link> = None;
    let (verifier, policy) = with.verifier().map_err(|refused| LogFault { line: 0, reason: refused.to_string() })?;
    let check = |record: &[u8], bundle: &[u8]| {
        let artifact = Artifact { name: LOG_NAME, digest: Digest::of(record) };
        verifier.verify(&Bundle::parse(bundle)?, &artifact, &policy, with.now)
    };
    for (at, line) in (1..).zip(log.split_inclusive(|byte| *byte == b'\n')) {
        let fault = |reason: String| LogFault { line: at, reason };
        let line = line.strip_suffix(b"\n").ok_or_else(|| fault("it was not written to its end".to_owned()))?;
        let parts = parts(line).map_err(fault)?;
        if let Some(before) = &before {
            if parts.previous != Some(before.digest) {
                return Err(fault("it does not go on from the line before: one was changed, moved or left out".into()));
            }
            if parts.boot.number != before.number.saturating_add(1) {
                return Err(fault(format!("its number is {}, after {}", parts.boot.number, before.number)));
            }
        }
        check(&parts.record, &parts.bundle).map_err(|refused| fault(refused.to_string()))?;
        if Digest::of(&canonical(&parts.boot.document)) != parts.boot.digest {
            return Err(fault("its boot digest is not that of its document".to_owned()));
        }
        before = Some(Link { number: parts.boot.number, digest: Digest::of(line) });
        boots.push(parts.boot);
    }
    Ok(boots)
}
