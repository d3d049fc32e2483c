// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a tenant's administrator allowed a component to reach.

use crate::{ComponentId, Digest, TenantId};
use std::collections::BTreeSet;

/// One component's capabilities in one tenant, bound to the exact binary that was shown when they were granted.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Grant {
    /// The tenant that granted.
    pub tenant: TenantId,
    /// The component that may use the capabilities.
    pub component: ComponentId,
    /// The binary that the administrator agreed to; another digest needs another grant.
    pub digest: Digest,
    /// What was granted.
    pub capabilities: Grants,
}

/// A set of granted capability interfaces without version, `cortex:storage/sql`. Ordered, so that it can be a key.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Grants(pub BTreeSet<String>);

impl Grants {
    /// A set of the given interfaces.
    pub fn of<'a>(interfaces: impl IntoIterator<Item = &'a str>) -> Self {
        Self(interfaces.into_iter().map(str::to_owned).collect())
    }

    /// Whether the interface (with or without its version) is granted.
    #[must_use]
    pub fn allows(&self, interface: &str) -> bool {
        let name = interface.split_once('@').map_or(interface, |(name, _)| name);
        self.0.contains(name)
    }
}
