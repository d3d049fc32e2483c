// SPDX-License-Identifier: MIT OR Apache-2.0
//! Who makes a request. A [`Caller`] is made in one place only (`edge-gateway`'s `caller` module, from a credential that
//! was checked there); `conformance/tidy` keeps it so.

use crate::TenantId;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What kind of party makes a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallerKind {
    /// A person.
    User,
    /// A program with credentials of its own.
    Service,
    /// The host itself: a schedule, a delivered event, a migration.
    System,
}

/// A subject's stable identifier within its tenant; opaque to everything but identity management.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Subject(pub Arc<str>);

/// What an operation asks of its caller: `accounting.journal.post`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Permission(pub Arc<str>);

/// What a caller holds: exact permissions, prefixes (`accounting.*`), or everything (`*`).
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct PermissionSet(pub BTreeSet<Arc<str>>);

impl PermissionSet {
    /// A set of the given patterns.
    pub fn of<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Self {
        Self(patterns.into_iter().map(Arc::from).collect())
    }

    /// Whether the permission is held: exactly, through a prefix that ends in `.*`, or through `*`.
    #[must_use]
    pub fn allows(&self, permission: &Permission) -> bool {
        let wanted = permission.0.as_ref();
        self.0.iter().any(|held| match held.strip_suffix('*') {
            Some("") => true,
            Some(prefix) => prefix.ends_with('.') && wanted.len() > prefix.len() && wanted.starts_with(prefix),
            None => held.as_ref() == wanted,
        })
    }
}

/// Who makes a request, for which tenant, with which rights. Shared by every component of one unit of work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The tenant. It comes from the credential and from nowhere else.
    pub tenant: TenantId,
    /// The subject within the tenant.
    pub subject: Subject,
    /// What kind of party the subject is.
    pub kind: CallerKind,
    /// A name to show to people; may be empty.
    pub display_name: Arc<str>,
    /// The roles held.
    pub roles: BTreeSet<Arc<str>>,
    /// The permissions that the roles and direct grants amount to.
    pub permissions: PermissionSet,
    /// The credential that was presented (its identifier, never its secret), for the audit log.
    pub credential: Arc<str>,
    /// The subject on whose behalf a service or the host acts, where there is one.
    pub on_behalf_of: Option<Subject>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permissions_match_exactly_by_prefix_or_wholly() {
        let cases: &[(&str, &str, bool)] = &[
            ("*", "accounting.journal.post", true),
            ("accounting.*", "accounting.journal.post", true),
            ("accounting.journal.post", "accounting.journal.post", true),
            ("accounting.journal.*", "accounting.journal.post", true),
            ("accounting.*", "accounting.", false),
            ("accounting.*", "accountingx.read", false),
            ("accounting*", "accounting.read", false),
            ("accounting", "accounting.read", false),
            ("", "accounting.read", false),
        ];
        for (held, wanted, allowed) in cases {
            let set = PermissionSet::of([*held]);
            assert_eq!(set.allows(&Permission((*wanted).into())), *allowed, "{held} ? {wanted}");
        }
        assert!(!PermissionSet::default().allows(&Permission("a.b".into())));
    }
}
