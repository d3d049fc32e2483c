// SPDX-License-Identifier: MIT OR Apache-2.0
//! Who may sign what: for each publisher's namespace the identities and keys, and the attestations that are asked for.

use crate::library::{Holder, SignedAt, TimeProof};
use crate::pattern::Pattern;
use crate::refused::{Refused, Step};
use crate::statement::Kind;
use crate::strict;
use serde::Deserialize;

/// The bytes of a policy or of a key file: some thousand publishers.
pub const POLICY_BYTES_MAX: usize = 1 << 20;

/// Who may sign what at this site.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Policy {
    publishers: Vec<Publisher>,
}

/// Who may sign what is in one namespace.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Publisher {
    /// The names of components that this is about, as `acme/*`. Of several that fit, only the closest counts.
    pub namespace: Pattern,
    /// Who may sign with a certificate.
    #[serde(default)]
    pub identities: Vec<Identity>,
    /// Which keys of the key file may sign.
    #[serde(default)]
    pub keys: Vec<String>,
    /// What has to prove when a managed key signed.
    #[serde(default)]
    pub key_time: KeyTime,
    /// What a release has to come with.
    #[serde(default = "signature")]
    pub require: Vec<Kind>,
}

/// A holder of certificates.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// The OpenID Connect provider, to the letter.
    pub issuer: String,
    /// Who it vouches for.
    pub subject: Pattern,
}

/// What has to prove when a managed key signed. Evidence that is there has to be right in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyTime {
    /// Nothing: the key has to be valid now.
    Unproven,
    /// A timestamp authority of a trusted root; the key had to be valid then.
    #[default]
    Timestamp,
    /// An entry in a transparency log of a trusted root, and a time that is proven by the log or a timestamp.
    Log,
}

fn signature() -> Vec<Kind> {
    vec![Kind::Signature]
}

impl Policy {
    /// Reads a policy from JSON.
    ///
    /// # Errors
    /// At [`Step::Policy`]: an unknown or double key, a bad pattern, a subject `*`, two publishers for one namespace,
    /// one that nobody may sign for, or that requires nothing.
    pub fn parse(bytes: &[u8]) -> Result<Self, Refused> {
        let policy: Self = strict::typed(Step::Policy, bytes, POLICY_BYTES_MAX)?;
        for (at, one) in policy.publishers.iter().enumerate() {
            let refuse = |what: &str| Err(Step::Policy.refuse(format_args!("`{}`: {what}", one.namespace.as_str())));
            if policy.publishers.iter().take(at).any(|other| other.namespace == one.namespace) {
                return refuse("the namespace stands twice");
            }
            if one.identities.is_empty() && one.keys.is_empty() {
                return refuse("nobody may sign: name an identity or a key");
            }
            if one.identities.iter().any(|identity| identity.subject.is_all()) {
                return refuse("the subject `*` is everybody whom the issuer knows");
            }
            if one.require.is_empty() {
                return refuse("it requires nothing: ask for `signature` at least");
            }
        }
        Ok(policy)
    }

    /// Who may sign what has this name: the publisher with the closest namespace.
    ///
    /// # Errors
    /// At [`Step::Identity`], where no namespace fits.
    pub fn publisher(&self, name: &str) -> Result<&Publisher, Refused> {
        let fitting = self.publishers.iter().filter(|publisher| publisher.namespace.matches(name));
        fitting
            .max_by_key(|publisher| publisher.namespace.closeness())
            .ok_or_else(|| Step::Identity.refuse(format_args!("no publisher may sign `{name}`")))
    }
}

impl Publisher {
    pub(crate) fn check_holder(&self, holder: &Holder) -> Result<(), Refused> {
        let is = |one: &Identity| one.issuer == holder.issuer && one.subject.matches(&holder.subject);
        if self.identities.iter().any(is) {
            return Ok(());
        }
        let Holder { issuer, subject } = holder;
        let reason = format!("`{subject}` of `{issuer}` may not sign for `{}`", self.namespace.as_str());
        Err(Step::Identity.refuse(reason))
    }

    pub(crate) fn check_key(&self, id: &str, time: Option<SignedAt>, has_log_entry: bool) -> Result<(), Refused> {
        if !self.keys.iter().any(|key| key == id) {
            let reason = format!("the key `{id}` may not sign for `{}`", self.namespace.as_str());
            return Err(Step::Identity.refuse(reason));
        }
        let proven = match self.key_time {
            KeyTime::Unproven => return Ok(()),
            KeyTime::Timestamp => time.is_some_and(|time| time.proof == TimeProof::Timestamp),
            KeyTime::Log => time.is_some() && has_log_entry,
        };
        let missing = || Step::Timestamp.refuse("the policy asks for a proof of the time, and there is none");
        proven.then_some(()).ok_or_else(missing)
    }
}
