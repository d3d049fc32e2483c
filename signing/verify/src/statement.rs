// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a signature says: that an artifact is the signer's, or an in-toto statement (version 1) about it.

use crate::refused::{Refused, Step};
use crate::strict;
use kernel_types::Digest;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// The kinds of attestation that a policy can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The artifact is the signer's: a signature over it, or cosign's statement that says no more.
    Signature,
    /// How it was built: SLSA provenance, version 1.
    Provenance,
    /// What it consists of: a CycloneDX bill of materials.
    Sbom,
    /// Some other statement; its `predicate_type` says which. No policy can ask for it.
    #[serde(skip_deserializing)]
    Other,
}

impl Kind {
    fn of(predicate_type: &str) -> Self {
        let versions = predicate_type.strip_prefix("https://cyclonedx.org/bom");
        match predicate_type {
            "https://sigstore.dev/cosign/sign/v1" => Self::Signature,
            "https://slsa.dev/provenance/v1" => Self::Provenance,
            _ if versions.is_some_and(|rest| rest.is_empty() || rest.starts_with("/v1.")) => Self::Sbom,
            _ => Self::Other,
        }
    }
}

/// An in-toto statement, within its bounds, not yet believed.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// What kind of statement.
    pub kind: Kind,
    /// The same as its author wrote it.
    pub predicate_type: String,
    /// What it says. JSON without duplicate keys, of bounded depth and size.
    pub predicate: Value,
    subjects: Vec<Digest>,
}

#[derive(Deserialize)]
struct Wire {
    #[serde(rename = "_type")]
    format: String,
    subject: Vec<Subject>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    #[serde(default)]
    predicate: Value,
}

#[derive(Deserialize)]
struct Subject {
    digest: BTreeMap<String, String>,
}

impl Statement {
    /// The media type that an envelope gives for one.
    pub(crate) const MEDIA_TYPE: &str = "application/vnd.in-toto+json";
    /// How many artifacts one statement may be about.
    const SUBJECTS_MAX: usize = 256;

    pub(crate) fn parse(payload: &[u8], bytes_max: usize) -> Result<Self, Refused> {
        let refuse = |reason: String| Err(Step::Bundle.refuse(reason));
        let wire: Wire = strict::typed(Step::Bundle, payload, bytes_max)?;
        if wire.format != "https://in-toto.io/Statement/v1" {
            return refuse(format!("a statement of type `{}`, not in-toto's version 1", wire.format));
        }
        if wire.subject.len() > Self::SUBJECTS_MAX {
            return refuse(format!("{} subjects, at most {}", wire.subject.len(), Self::SUBJECTS_MAX));
        }
        let digests = wire.subject.iter().filter_map(|subject| subject.digest.get("sha256"));
        let subjects = digests.map(|hex| format!("sha256:{hex}").parse()).collect::<Result<Vec<_>, _>>();
        let subjects = subjects.map_err(Step::Bundle.because())?;
        let kind = Kind::of(&wire.predicate_type);
        Ok(Self { kind, predicate_type: wire.predicate_type, predicate: wire.predicate, subjects })
    }

    /// Whether it is about the artifact with this digest.
    #[must_use]
    pub fn is_about(&self, digest: &Digest) -> bool {
        self.subjects.contains(digest)
    }
}
