// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a site knows of a component before it admits a release of it.

use jiff::Timestamp;
use kernel_types::Digest;
use semver::Version;
use signing_verify::RevocationList;
use std::collections::BTreeSet;

/// What a site knows. The default is a site that has seen nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Standing<'a> {
    /// Whose the component's id is: the name that its first release was signed for.
    pub owner: Option<&'a str>,
    /// The highest version that was ever accepted, with its digest.
    pub highest: Option<(&'a Version, Digest)>,
    /// Older digests that the administrator allows by name.
    pub allowed: Option<&'a BTreeSet<Digest>>,
    /// The digest that the administrator insists on.
    pub pinned: Option<Digest>,
    /// The newest list of revocations.
    pub revoked: Option<&'a RevocationList>,
}

impl Standing<'_> {
    /// Why the list of revocations cannot be relied on for something new, where it cannot.
    #[must_use]
    pub fn list_fault(&self, age_max: Option<jiff::SignedDuration>, now: Timestamp) -> Option<String> {
        let Some(list) = self.revoked else {
            return age_max.map(|_| "this site asks for a list of revocations, and has none".to_owned());
        };
        if let signing_verify::Freshness::Stale { since } = list.freshness(now) {
            return Some(format!("the list of revocations, number {}, is stale since {since}", list.edition().number));
        }
        let age = now.duration_since(list.issued_at());
        let too_old = age_max.is_some_and(|max| age > max);
        too_old.then(|| {
            let number = list.edition().number;
            format!("the list of revocations, number {number}, is of {}: older than this site allows", list.issued_at())
        })
    }
}
