// SPDX-License-Identifier: MIT OR Apache-2.0
//! The list of what must not run any more: numbered, so that nobody can go back to an older one, and with a date past
//! which it is too old to install by.

use crate::refused::{Refused, Step};
use crate::statement::Kind;
use crate::strict;
use crate::verifier::{CLOCK_SKEW_MAX, Verified};
use jiff::Timestamp;
use kernel_types::Digest;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The name under which lists are signed; the policy says by whom.
pub const REVOCATIONS_NAME: &str = "cortex/revocations";
/// The bytes of a list: a digest with its punctuation has 77, so there is room for some 60,000 with a short reason
/// each.
pub const REVOCATIONS_BYTES_MAX: usize = 8 << 20;

/// A list that was verified. Only [`RevocationList::accept`] makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevocationList {
    edition: Edition,
    issued_at: Timestamp,
    fresh_until: Timestamp,
    revoked: BTreeMap<Digest, String>,
}

/// Which list it is; the site keeps that of the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edition {
    /// Its number. A list with a lower one is refused.
    pub number: u64,
    /// The digest of its text. Another text with the same number is refused.
    pub digest: Digest,
}

/// Whether a list can still be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// It can.
    Fresh,
    /// It is too old since then: refuse new installs, and warn about what runs.
    Stale {
        /// Since when.
        since: Timestamp,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Wire {
    format: String,
    number: u64,
    issued_at: Timestamp,
    fresh_until: Timestamp,
    revoked: BTreeMap<String, String>,
}

impl RevocationList {
    /// The format that a list names.
    pub const FORMAT: &str = "cortex-revocations-v1";

    /// Takes a list: canonical JSON (RFC 8785), `{"format", "fresh-until", "issued-at", "number", "revoked": {digest:
    /// reason}}`, with its verified signature and the edition of the last list of this site.
    ///
    /// # Errors
    /// At [`Step::RevocationList`]: the signature is for something else, the text is not canonical or of another
    /// format, the number is lower than the last, or the same with another text, or it is from the future.
    pub fn accept(bytes: &[u8], signature: &Verified, last: Option<Edition>, now: Timestamp) -> Result<Self, Refused> {
        let step = Step::RevocationList;
        let refuse = |reason: String| Err(step.refuse(reason));
        let edition = Digest::of(bytes);
        let signed = (signature.name.as_str(), signature.kind, signature.digest);
        if signed != (REVOCATIONS_NAME, Kind::Signature, edition) {
            return refuse(format!("the signature is for `{}`, {}", signed.0, signed.2));
        }
        let value = strict::read(step, bytes, REVOCATIONS_BYTES_MAX)?;
        if !strict::is_canonical(bytes, &value) {
            return refuse("it is not canonical JSON (RFC 8785)".into());
        }
        let list: Wire = serde_json::from_value(value).map_err(step.because())?;
        let edition = Edition { number: list.number, digest: edition };
        if list.format != Self::FORMAT {
            return refuse(format!("the format `{}` is not `{}`", list.format, Self::FORMAT));
        }
        if let Some(last) =
            last.filter(|last| edition.number < last.number || edition.number == last.number && edition != *last)
        {
            return refuse(format!("number {} is older than number {}, or not the same", edition.number, last.number));
        }
        if list.issued_at > now.saturating_add(CLOCK_SKEW_MAX).unwrap_or(now) || list.fresh_until < list.issued_at {
            return refuse(format!("issued at {}, fresh until {}, and it is {now}", list.issued_at, list.fresh_until));
        }
        let entries = list.revoked.into_iter().map(|(digest, reason)| Ok((digest.parse::<Digest>()?, reason)));
        let revoked = entries.collect::<Result<_, kernel_types::DigestError>>();
        let revoked = revoked.map_err(step.because())?;
        Ok(Self { edition, issued_at: list.issued_at, fresh_until: list.fresh_until, revoked })
    }

    /// Which list it is.
    #[must_use]
    pub const fn edition(&self) -> Edition {
        self.edition
    }

    /// When it was made.
    #[must_use]
    pub const fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    /// Why the digest is revoked, where it is.
    #[must_use]
    pub fn reason(&self, digest: &Digest) -> Option<&str> {
        self.revoked.get(digest).map(String::as_str)
    }

    /// All that is revoked.
    pub fn digests(&self) -> impl Iterator<Item = &Digest> {
        self.revoked.keys()
    }

    /// Whether it can be relied on at that time.
    #[must_use]
    pub fn freshness(&self, now: Timestamp) -> Freshness {
        let since = self.fresh_until;
        if now <= since { Freshness::Fresh } else { Freshness::Stale { since } }
    }
}
