// SPDX-License-Identifier: MIT OR Apache-2.0
//! Keys that somebody keeps, for sites that reach no authority: a local file that an administrator wrote.

use crate::pattern::Pattern;
use crate::policy::POLICY_BYTES_MAX;
use crate::refused::{Refused, Step};
use crate::strict;
use jiff::Timestamp;
use serde::Deserialize;
use sigstore_verify::crypto::VerificationKey;
use sigstore_verify::types::DerPublicKey;

/// The keys that this site knows.
#[derive(Debug, Clone, Default)]
pub struct Keys(pub(crate) Vec<Key>);

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Key {
    id: String,
    public_key: PublicKey,
    not_before: Timestamp,
    not_after: Timestamp,
    namespaces: Vec<Pattern>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
struct PublicKey(DerPublicKey);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    keys: Vec<Key>,
}

impl TryFrom<String> for PublicKey {
    type Error = String;

    fn try_from(pem: String) -> Result<Self, String> {
        let key = DerPublicKey::from_pem(&pem).map_err(|error| error.to_string())?;
        VerificationKey::from_spki(&key).map_err(|error| error.to_string())?;
        Ok(Self(key))
    }
}

impl Keys {
    /// Reads a key file: JSON, `{"keys": [{"id", "public-key" (PEM), "not-before", "not-after", "namespaces"}]}`. The
    /// id is the hint that bundles carry.
    ///
    /// # Errors
    /// At [`Step::Policy`]: an unknown or double member, an id twice, a key that cannot verify, a validity that ends
    /// before it begins.
    pub fn parse(bytes: &[u8]) -> Result<Self, Refused> {
        let File { keys } = strict::typed(Step::Policy, bytes, POLICY_BYTES_MAX)?;
        for (at, key) in keys.iter().enumerate() {
            let refuse = |what: &str| Err(Step::Policy.refuse(format_args!("the key `{}`: {what}", key.id)));
            if key.not_after < key.not_before {
                return refuse("its validity ends before it begins");
            }
            if key.id.is_empty() || keys.iter().take(at).any(|other| other.id == key.id) {
                return refuse("the id is empty or stands twice");
            }
        }
        Ok(Self(keys))
    }

    pub(crate) fn by_hint(&self, hint: &str) -> Result<&Key, Refused> {
        let unknown = || Step::Identity.refuse(format_args!("the key `{hint}` is not in the key file"));
        self.0.iter().find(|key| key.id == hint).ok_or_else(unknown)
    }
}

impl Key {
    pub(crate) const fn public(&self) -> &DerPublicKey {
        &self.public_key.0
    }

    /// Whether it was valid at that time, for that name.
    pub(crate) fn check(&self, name: &str, time: Timestamp) -> Result<(), Refused> {
        let Self { id, not_before, not_after, .. } = self;
        if !self.namespaces.iter().any(|namespace| namespace.matches(name)) {
            return Err(Step::Identity.refuse(format_args!("the key `{id}` is not for `{name}`")));
        }
        if time < *not_before || time > *not_after {
            let reason = format!("the key `{id}` is valid from {not_before} to {not_after}, not at {time}");
            return Err(Step::Identity.refuse(reason));
        }
        Ok(())
    }
}
