// SPDX-License-Identifier: MIT OR Apache-2.0
//! The documents: three kinds, each JSON. A document with a field that this version does not know is not read in part: a
//! grant or a credential would say more, or less, than was meant.

use crate::install::Installed;
use cap_state::{Change, Document, Expect, Key, StateError};
use kernel_types::{CallerKind, ComponentId, Digest, Grants, PermissionSet, TenantId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// An installed bundle, by its digest. Its bytes are the blob of the same digest.
pub(crate) const COMPONENT: &str = "component";

/// A tenant, by its id.
pub(crate) const TENANT: &str = "tenant";

/// A credential, by its id.
pub(crate) const CREDENTIAL: &str = "credential";

/// An installed bundle as it is remembered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComponentRecord {
    /// Which component it is.
    pub id: ComponentId,
    /// In which version; for people. The digest says which.
    pub version: String,
}

/// A tenant as it is remembered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TenantRecord {
    /// What it enabled.
    pub components: BTreeMap<ComponentId, Choice>,
    /// That its tables may be others than those of what it enabled, because it is being taken in. No host serves it then; one
    /// that does not know this field cannot read the record, and does not serve it either.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub importing: Option<Importing>,
}

/// A tenant that somebody began to take in from an archive. It is written before anything is touched, and goes with the commit
/// that says what the tenant has enabled.
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
    /// The bundle.
    pub bundle: Digest,
    /// What was granted to it.
    pub grants: Grants,
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
    /// The record of a choice.
    #[must_use]
    pub fn of(choice: &[(Arc<Installed>, Grants)]) -> Self {
        let components = choice.iter().map(|(installed, grants)| {
            let chosen = Choice { bundle: installed.digest(), grants: grants.clone() };
            (installed.manifest().id.clone(), chosen)
        });
        Self { components: components.collect(), importing: None }
    }

    /// The bundles that it needs.
    pub fn bundles(&self) -> impl Iterator<Item = Digest> {
        self.components.values().map(|choice| choice.bundle)
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
    /// An installed bundle.
    Component(Digest, Stored<ComponentRecord>),
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

/// Writes a document that is not there yet.
pub(crate) fn absent(key: Result<Key, StateError>, record: &impl Serialize) -> Result<Change, StateError> {
    Ok(Change::put(key?, write(record)?, Expect::Absent))
}

pub(crate) fn tenant_key(tenant: &TenantId) -> Result<Key, StateError> {
    Key::new(TENANT, tenant.as_str())
}

pub(crate) fn component_key(bundle: &Digest) -> Result<Key, StateError> {
    Key::new(COMPONENT, &bundle.to_string())
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
        let chosen = Choice { bundle: Digest::of(b"bundle"), grants: Grants::of(["cortex:storage/sql"]) };
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
