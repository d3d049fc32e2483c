// SPDX-License-Identifier: MIT OR Apache-2.0
//! The boot document: all that decides how a host behaves, and nothing that differs by machine on purpose.

use crate::resolve::Configuration;
use kernel_types::Digest;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The name of the format.
pub const FORMAT: &str = "cortex-boot-v1";

/// Whom the host trusts: the digests of the files, since their paths say nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustDigests {
    /// Of the policy.
    pub policy: Option<Digest>,
    /// Of the key file.
    pub keys: Option<Digest>,
    /// Of the trusted roots. Their order makes no difference.
    pub roots: BTreeSet<Digest>,
}

/// What a host was started with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document(Value);

impl Document {
    /// The document of a host of this version, with this configuration, and with the bundles of the components that are
    /// installed and that a tenant enabled.
    #[must_use]
    pub fn new(
        version: &str,
        configuration: &Configuration,
        trust: &TrustDigests,
        components: &BTreeSet<Digest>,
    ) -> Self {
        // Where the database is, is a secret; that there is one is not.
        let database = if configuration.database_url.is_some() { "postgresql" } else { "embedded" };
        Self(json!({
            "components": components,
            "configuration": configuration.digested(),
            "database": database,
            "format": FORMAT,
            "host": version,
            "trust": { "keys": trust.keys, "policy": trust.policy, "roots": trust.roots },
        }))
    }

    /// The document as JSON.
    #[must_use]
    pub const fn json(&self) -> &Value {
        &self.0
    }

    /// The boot digest: SHA-256 of the document in its one form, RFC 8785.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&canonical(&self.0))
    }
}

/// The one text of a value, RFC 8785. Nothing here can fail it: keys are texts, numbers are whole and below 2^53.
pub(crate) fn canonical(value: &Value) -> Vec<u8> {
    serde_json_canonicalizer::to_vec(value).unwrap_or_default()
}
