// SPDX-License-Identifier: MIT OR Apache-2.0
//! The documents: three kinds, each JSON. A document with a field that this version does not know is not read in part:
//! a grant or a credential would say more, or less, than was meant.

use cap_state::{Document, Key, StateError};
use jiff::Timestamp;
use kernel_types::{CallerKind, ComponentId, Digest, PermissionSet, TenantId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// An installed package, by its digest.
pub(crate) const COMPONENT: &str = "component";

/// What a site accepted of a component, by its id.
pub(crate) const RELEASE: &str = "release";

/// The newest list of revocations; there is one document of this kind.
pub(crate) const REVOCATIONS: &str = "revocations";

/// The name of that document.
pub(crate) const NEWEST: &str = "newest";

/// A tenant, by its id.
pub(crate) const TENANT: &str = "tenant";

/// A credential, by its id.
pub(crate) const CREDENTIAL: &str = "credential";

/// An installed package as it is remembered. A host believes none of it before it has verified the package once more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComponentRecord {
    /// Which component it is.
    pub id: ComponentId,
    /// In which version.
    pub version: semver::Version,
    /// The blob of the package with its signatures.
    pub blob: Digest,
    /// When it was verified first; keys have to be valid then.
    pub installed_at: Timestamp,
}

/// What a site accepted of a component, so that nobody brings it back to an older release, or to another publisher's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleaseRecord {
    /// The name that its first release was signed for.
    pub name: String,
    /// The highest version.
    pub highest: semver::Version,
    /// The package of that version.
    pub digest: Digest,
}

/// The newest list of revocations that a host has accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevocationsRecord {
    /// Its text.
    pub text: Arc<str>,
    /// The sigstore bundle over it.
    pub bundle: Arc<str>,
    /// When it was verified first.
    pub accepted_at: Timestamp,
}

/// A tenant as it is remembered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TenantRecord {
    /// What it enabled.
    pub components: BTreeMap<ComponentId, Choice>,
    /// That its tables may be others than those of what it enabled, because it is being taken in. No host serves it
    /// then; one that does not know this field cannot read the record, and does not serve it either.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub importing: Option<Importing>,
}

/// A tenant that somebody began to take in from an archive. It is written before anything is touched, and goes with the
/// commit that says what the tenant has enabled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Importing {
    /// This import and no other.
    pub id: Arc<str>,
    /// The archive.
    pub archive: Digest,
    /// What will be enabled.
    pub components: BTreeMap<ComponentId, Choice>,
}

/// One component that a tenant enabled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// The package.
    pub package: Digest,
    /// The administrator's consent; it says what is granted.
    pub grant: SignedGrant,
    /// When it was verified first.
    pub accepted_at: Timestamp,
    /// What the tenant had enabled before, to go back to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Digest>,
}

/// A consent with the signature over it. What it says is for `edge-installer` to verify and read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedGrant {
    /// The text that was signed.
    pub text: Arc<str>,
    /// The sigstore bundle over it.
    pub bundle: Arc<str>,
}

/// A credential as it is remembered. A token itself is never stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CredentialRecord {
    /// SHA-256 of the token.
    pub token: Digest,
    /// The tenant that issued it.
    pub tenant: TenantId,
    /// Whom it stands for.
    pub subject: Arc<str>,
    /// What kind of party that is.
    pub kind: CallerKind,
    /// A name to show to people; may be empty.
    pub display_name: Arc<str>,
    /// The roles held.
    pub roles: BTreeSet<Arc<str>>,
    /// What it allows.
    pub permissions: PermissionSet,
}

impl TenantRecord {
    /// The packages that it needs.
    pub fn packages(&self) -> impl Iterator<Item = Digest> {
        self.components.values().map(|choice| choice.package)
    }
}

/// What a document says now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stored<T> {
    /// This.
    Is(T),
    /// Nothing: it was removed.
    Removed,
    /// It cannot be read by this version of the host.
    Unreadable(StateError),
}

/// A document with its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// An installed package.
    Component(Digest, Stored<ComponentRecord>),
    /// What was accepted of a component.
    Release(ComponentId, Stored<ReleaseRecord>),
    /// The newest list of revocations.
    Revocations(Stored<RevocationsRecord>),
    /// A tenant.
    Tenant(TenantId, Stored<TenantRecord>),
    /// A credential.
    Credential(Arc<str>, Stored<CredentialRecord>),
    /// Something of a later version, or with a name that is none.
    Unknown,
}

impl Entry {
    /// Reads a document.
    #[must_use]
    pub fn of(document: &Document) -> Self {
        let name = document.key.name();
        match document.key.kind() {
            COMPONENT => name.parse().map_or(Self::Unknown, |digest| Self::Component(digest, stored(document))),
            TENANT => TenantId::parse(name).map_or(Self::Unknown, |tenant| Self::Tenant(tenant, stored(document))),
            RELEASE => ComponentId::parse(name).map_or(Self::Unknown, |id| Self::Release(id, stored(document))),
            REVOCATIONS if name == NEWEST => Self::Revocations(stored(document)),
            CREDENTIAL => Self::Credential(name.into(), stored(document)),
            _ => Self::Unknown,
        }
    }
}

fn stored<T: DeserializeOwned>(document: &Document) -> Stored<T> {
    match &document.text {
        None => Stored::Removed,
        Some(text) => read(&document.key, text).map_or_else(Stored::Unreadable, Stored::Is),
    }
}

/// Reads the text of a document.
pub(crate) fn read<T: DeserializeOwned>(key: &Key, text: &str) -> Result<T, StateError> {
    serde_json::from_str(text)
        .map_err(|error| StateError::Damaged(format!("{key} is not of this version of the host: {error}")))
}

/// Writes the text of a document.
pub(crate) fn write(record: &impl Serialize) -> Result<String, StateError> {
    serde_json::to_string(record).map_err(|error| StateError::Damaged(error.to_string()))
}

pub(crate) fn tenant_key(tenant: &TenantId) -> Result<Key, StateError> {
    Key::new(TENANT, tenant.as_str())
}

pub(crate) fn component_key(package: &Digest) -> Result<Key, StateError> {
    Key::new(COMPONENT, &package.to_string())
}

pub(crate) fn release_key(component: &ComponentId) -> Result<Key, StateError> {
    Key::new(RELEASE, component.as_str())
}

pub(crate) fn revocations_key() -> Result<Key, StateError> {
    Key::new(REVOCATIONS, NEWEST)
}

pub(crate) fn credential_key(id: &str) -> Result<Key, StateError> {
    Key::new(CREDENTIAL, id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cap_state::Revision;

    fn entry(kind: &str, name: &str, text: Option<&str>) -> Entry {
        let key = Key::new(kind, name).unwrap();
        Entry::of(&Document { key, revision: Revision(1), text: text.map(Into::into) })
    }

    #[test]
    fn a_record_is_read_back_as_it_was_written_and_never_in_part() {
        let mut record = TenantRecord::default();
        let grant = SignedGrant { text: "{}".into(), bundle: "{}".into() };
        let (package, accepted_at) = (Digest::of(b"package"), Timestamp::UNIX_EPOCH);
        let chosen = Choice { package, grant, accepted_at, before: None };
        record.components.insert(ComponentId::parse("accounting").unwrap(), chosen);
        let text = write(&record).unwrap();
        assert!(!text.contains("importing"), "hosts of before read what is not being taken in");
        let demo = TenantId::parse("demo").unwrap();
        assert_eq!(entry(TENANT, "demo", Some(&text)), Entry::Tenant(demo.clone(), Stored::Is(record.clone())));
        let components = std::mem::take(&mut record.components);
        record.importing = Some(Importing { id: "1".into(), archive: Digest::of(b"archive"), components });
        let text = write(&record).unwrap();
        assert_eq!(entry(TENANT, "demo", Some(&text)), Entry::Tenant(demo.clone(), Stored::Is(record)));
        assert_eq!(entry(TENANT, "demo", None), Entry::Tenant(demo, Stored::Removed));
        for text in ["", "{}", r#"{"components":{},"more":1}"#, r#"{"components":{"../x":{}}}"#] {
            let entry = entry(TENANT, "demo", Some(text));
            assert!(
                matches!(&entry, Entry::Tenant(_, Stored::Unreadable(error)) if error.to_string().contains("demo"))
            );
        }
        assert_eq!(entry(TENANT, "No-Tenant", Some("{}")), Entry::Unknown);
        assert_eq!(entry(COMPONENT, "sha256:1", Some("{}")), Entry::Unknown);
        assert_eq!(entry("schedule", "x", Some("{}")), Entry::Unknown);
    }
}
