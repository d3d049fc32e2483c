// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Bundle`] -> [`Verified`]: who signed what, and when.

use crate::bundle::Bundle;
use crate::keys::Keys;
use crate::library::{Holder, SignedAt};
use crate::policy::Policy;
use crate::refused::{Refused, Step};
use crate::root::TrustRoot;
use crate::statement::{Kind, Statement};
use jiff::{SignedDuration, Timestamp};
use kernel_types::Digest;
use std::ops::Deref;

/// The trusted roots of a site: the public one, one's own, a partner's. Each is tried, so there are few.
pub const TRUST_ROOTS_MAX: usize = 8;
/// How far the clock of an authority may be ahead of this site's.
pub const CLOCK_SKEW_MAX: SignedDuration = SignedDuration::from_mins(5);

/// What somebody is said to have signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Artifact<'a> {
    /// The name of the component, with its publisher's namespace: `acme/ledger`.
    pub name: &'a str,
    /// The digest of the bytes that are here.
    pub digest: Digest,
}

/// Who signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signer {
    /// The holder of a certificate.
    Holder(Holder),
    /// A key of the key file, by its id.
    Key(String),
}

/// A signature that was verified, by one who may sign this name. Only [`Verifier::verify`] makes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Verified(Facts);

/// What is known of a signature once it is verified.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Facts {
    /// The name that it was verified for.
    pub name: String,
    /// The digest of the artifact.
    pub digest: Digest,
    /// Who signed.
    pub signer: Signer,
    /// When, where that is proven. It always is for a certificate.
    pub signed_at: Option<SignedAt>,
    /// What kind of attestation it is.
    pub kind: Kind,
    /// What it says about the artifact, where it says more than that it is the signer's.
    pub statement: Option<Statement>,
}

impl Deref for Verified {
    type Target = Facts;

    fn deref(&self) -> &Facts {
        &self.0
    }
}

/// Whom a site trusts.
#[derive(Debug, Clone)]
pub struct Verifier {
    roots: Vec<TrustRoot>,
    keys: Keys,
}

impl Verifier {
    /// A site that trusts these roots and knows these keys. The evidence in a bundle has to be complete under one root:
    /// the certificate of one authority and the log of another do not add up. A site without roots trusts no authority:
    /// nothing but a known key counts there, and no log or timestamp proves a time.
    ///
    /// # Errors
    /// At [`Step::TrustRoot`], where there are neither roots nor keys, or more than [`TRUST_ROOTS_MAX`] roots.
    pub fn new(mut roots: Vec<TrustRoot>, keys: Keys) -> Result<Self, Refused> {
        if roots.len() > TRUST_ROOTS_MAX || roots.is_empty() && keys.0.is_empty() {
            let reason = format!("{} roots, at most {TRUST_ROOTS_MAX}, and without any at least one key", roots.len());
            return Err(Step::TrustRoot.refuse(reason));
        }
        if roots.is_empty() {
            roots.push(TrustRoot::of_nobody()?);
        }
        Ok(Self { roots, keys })
    }

    /// A site that trusts no authority and knows no key.
    #[must_use]
    pub fn of_nobody() -> Self {
        Self { roots: Vec::new(), keys: Keys::default() }
    }

    /// Verifies one bundle for the artifact. `now` is the caller's clock: it only judges keys without proof of time,
    /// and refuses times that have not come.
    ///
    /// # Errors
    /// The step that refused it; where several roots did, the one that got furthest.
    pub fn verify(
        &self,
        bundle: &Bundle,
        artifact: &Artifact<'_>,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<Verified, Refused> {
        let Artifact { name, digest } = artifact;
        let publisher = policy.publisher(name)?;
        let (signer, signed_at) = if let Some(hint) = bundle.key_hint() {
            let key = self.keys.by_hint(hint)?;
            let time = self.under_one_root(|root| root.library().with_key(bundle, digest, key.public()))?;
            key.check(name, time.map_or(now, |time| time.time))?;
            publisher.check_key(hint, time, bundle.has_log_entry())?;
            (Signer::Key(hint.into()), time)
        } else {
            let (holder, time) = self.under_one_root(|root| root.library().with_certificate(bundle, digest))?;
            publisher.check_holder(&holder)?;
            (Signer::Holder(holder), Some(time))
        };
        let latest = now.saturating_add(CLOCK_SKEW_MAX).unwrap_or(now);
        if let Some(time) = signed_at.filter(|time| time.time > latest) {
            return Err(Step::Timestamp.refuse(format_args!("signed at {}, and it is {now}", time.time)));
        }
        if bundle.statement.as_ref().is_some_and(|statement| !statement.is_about(digest)) {
            return Err(Step::Digest.refuse(format_args!("the statement is not about {digest}")));
        }
        let (kind, statement) = (bundle.kind(), bundle.statement.clone());
        Ok(Verified(Facts { name: (*name).into(), digest: *digest, signer, signed_at, kind, statement }))
    }

    fn under_one_root<T>(&self, check: impl Fn(&TrustRoot) -> Result<T, Refused>) -> Result<T, Refused> {
        let mut furthest = Step::TrustRoot.refuse("there is no trusted root");
        for root in &self.roots {
            match check(root) {
                Ok(found) => return Ok(found),
                Err(refused) if refused.step > furthest.step => furthest = refused,
                Err(_) => {}
            }
        }
        Err(furthest)
    }
}
