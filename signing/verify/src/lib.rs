// SPDX-License-Identifier: MIT OR Apache-2.0
//! Who signed this, may they, and may it still run? Decided without network and without a clock.
//!
//! Each step is a type that only the step before can make:
//!
//! ```text
//! bytes -> Bundle ---- Verifier::verify ---> Verified ---- admit ---> Admitted
//!           parsed,     under one TrustRoot   who, what,    all that the policy asks for, not revoked, not older
//!           bounded     or a key of Keys,     when          than what was accepted
//!                       allowed by the Policy
//! bytes + Verified ---- RevocationList::accept ---> RevocationList
//! ```
//!
//! Bundles are sigstore's, version 0.3; the crates `sigstore-*` check certificates, logs and timestamps behind a trait of ours, and
//! `docs/decisions/0013` says what we check beside them. Every refusal names its [`Step`] and says what to do (`docs/trust.md`).
//!
//! Not here: files, network, packages, consent, and what follows from a stale list. Validity is judged at the proven time of signing,
//! never at the time of the check.

mod bundle;
mod keys;
mod library;
mod pattern;
mod policy;
mod refused;
mod release;
mod revocation;
mod root;
mod sigstore;
mod statement;
mod strict;
mod verifier;

pub use bundle::{BUNDLE_BYTES_MAX, Bundle, TIMESTAMPS_MAX};
pub use keys::Keys;
pub use library::{Holder, SignedAt, TimeProof};
pub use pattern::Pattern;
pub use policy::{Identity, KeyTime, POLICY_BYTES_MAX, Policy, Publisher};
pub use refused::{Refused, Step};
pub use release::{Admitted, History, admit, check_revoked};
pub use revocation::{Edition, Freshness, REVOCATIONS_BYTES_MAX, REVOCATIONS_NAME, RevocationList};
pub use root::{AUTHORITIES_MAX, TRUST_ROOT_BYTES_MAX, TrustRoot};
pub use statement::{Kind, Statement};
pub use verifier::{Artifact, CLOCK_SKEW_MAX, Facts, Signer, TRUST_ROOTS_MAX, Verified, Verifier};
