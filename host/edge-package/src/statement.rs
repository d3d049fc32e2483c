// SPDX-License-Identifier: MIT OR Apache-2.0
//! in-toto statements, version 1: who says what of which bytes. Not signed here: the signing client wraps them.

use crate::attachment::Attachment;
use crate::dependencies::{self, DependenciesError};
use crate::json::{self, JsonFault};
use crate::media;
use crate::package::Package;
use crate::{provenance, sbom};
use kernel_types::Digest;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

pub use provenance::{LOCAL, Origin, PREDICATE as PROVENANCE};
pub use sbom::PREDICATE as SBOM;

/// The type of every statement.
const TYPE: &str = "https://in-toto.io/Statement/v1";

/// A statement about some subjects.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    /// What it is about.
    pub subject: Vec<Subject>,
    /// Which kind of predicate follows.
    #[serde(rename = "predicateType")]
    pub predicate_type: String,
    /// What is said.
    pub predicate: Value,
}

/// What a statement is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// A name, for people.
    pub name: String,
    /// Hexadecimal digests by algorithm.
    pub digest: BTreeMap<String, String>,
}

impl Statement {
    /// A statement about a package.
    #[must_use]
    pub fn about(package: &Package, predicate_type: &str, predicate: Value) -> Self {
        let digest = [(String::from("sha256"), package.digest().hex())];
        let subject = vec![Subject { name: package.manifest().id.to_string(), digest: digest.into() }];
        Self { kind: TYPE.to_owned(), subject, predicate_type: predicate_type.to_owned(), predicate }
    }

    /// Reads a statement strictly.
    ///
    /// # Errors
    /// Where it is none.
    pub fn parse(bytes: &[u8]) -> Result<Self, JsonFault> {
        json::read(bytes)
    }

    /// Its bytes, in one form.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        json::write(self)
    }

    /// Whether it is a statement about those bytes, and about nothing else.
    #[must_use]
    pub fn is_about(&self, digest: Digest) -> bool {
        let is_it = |subject: &Subject| subject.digest.get("sha256").is_some_and(|hex| *hex == digest.hex());
        self.kind == TYPE && matches!(self.subject.as_slice(), [subject] if is_it(subject))
    }

    /// The statement as something to attach, not signed.
    #[must_use]
    pub fn attachment(&self) -> Attachment {
        Attachment::new(media::IN_TOTO, self.bytes()).with(media::PREDICATE_TYPE, &self.predicate_type)
    }
}

/// What every package of ours comes with: its list of parts, and where it comes from.
///
/// # Errors
/// Where the binary's list of dependencies cannot be read.
pub fn statements(package: &Package, origin: &Origin) -> Result<[Statement; 2], DependenciesError> {
    let dependencies = dependencies::read(package.component())?;
    let dependencies = dependencies.as_ref();
    Ok([
        Statement::about(package, SBOM, sbom::bom(package, dependencies)),
        Statement::about(package, PROVENANCE, provenance::predicate(package, dependencies, origin)),
    ])
}
