// SPDX-License-Identifier: MIT OR Apache-2.0
//! Consent: what an administrator agreed to for a tenant, as a signed text. Hosts act on the text alone, and verify it
//! whenever they read it; nobody who can only write to the hosts' database can grant anything.

use crate::trust::Trust;
use edge_registry::SignedGrant;
use jiff::Timestamp;
use kernel_types::{Digest, Grant, TenantId};
use serde::{Deserialize, Serialize};
use signing_verify::{Kind, Refused, Signer};
use std::collections::BTreeSet;

/// The format that a consent names.
pub const GRANT_FORMAT: &str = "cortex-grant-v1";

/// Bytes of a consent's text: some hundred capabilities.
const TEXT_BYTES_MAX: usize = 64 << 10;

/// What an administrator agreed to: one component of one tenant, exactly this package, exactly these capabilities and
/// calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Consent {
    /// [`GRANT_FORMAT`].
    pub format: String,
    /// Whom, what, and which capabilities.
    pub grant: Grant,
    /// The interfaces of other components that it may call.
    pub calls: BTreeSet<String>,
    /// The digest of the plan that the administrator saw.
    pub plan: Digest,
    /// When.
    pub granted_at: Timestamp,
}

/// A consent whose signature was verified. Only [`Trust::accept`] makes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Granted {
    consent: Consent,
    signer: Signer,
}

/// The name under which consents for a tenant are signed; the policy says by whom.
#[must_use]
pub fn grant_name(tenant: &TenantId) -> String {
    format!("cortex/grants/{tenant}")
}

impl Consent {
    /// The text to be signed.
    ///
    /// # Errors
    /// Never; the serialiser could refuse.
    pub fn text(&self) -> Result<String, serde_json::Error> {
        let value = serde_json::to_value(self)?;
        Ok(String::from_utf8_lossy(&edge_package::json::canonical(&value)).into_owned())
    }
}

impl Granted {
    /// What was agreed to.
    #[must_use]
    pub fn consent(&self) -> &Consent {
        &self.consent
    }

    /// By whom.
    #[must_use]
    pub fn signer(&self) -> &Signer {
        &self.signer
    }
}

/// Why a consent does not hold.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// The signature.
    #[error("the consent is not trusted")]
    Refused(#[from] Refused),
    /// The text.
    #[error("the consent is not of the format `{GRANT_FORMAT}`: {0}; make it anew with `cortex enable`")]
    Form(String),
}

impl Trust {
    /// Takes a consent for a tenant. `now` is the time at which it was first accepted, where that is past.
    ///
    /// # Errors
    /// Where the text is none, is for another tenant, or is signed by somebody who may not consent for this one.
    pub fn accept(&self, signed: &SignedGrant, tenant: &TenantId, now: Timestamp) -> Result<Granted, GrantError> {
        if signed.text.len() > TEXT_BYTES_MAX {
            return Err(GrantError::Form(format!("more than {TEXT_BYTES_MAX} bytes")));
        }
        let name = grant_name(tenant);
        let verified = self.verify(&name, signed.text.as_bytes(), signed.bundle.as_bytes(), now)?;
        if verified.kind != Kind::Signature {
            return Err(GrantError::Form(String::from("the bundle is a statement, not a signature over the text")));
        }
        let value =
            edge_package::json::parse(signed.text.as_bytes()).map_err(|fault| GrantError::Form(fault.to_string()))?;
        if edge_package::json::canonical(&value) != signed.text.as_bytes() {
            return Err(GrantError::Form(String::from("it is not canonical JSON (RFC 8785)")));
        }
        let consent: Consent = serde_json::from_value(value).map_err(|error| GrantError::Form(error.to_string()))?;
        if consent.format != GRANT_FORMAT || consent.grant.tenant != *tenant {
            return Err(GrantError::Form(format!("it is `{}` for tenant `{}`", consent.format, consent.grant.tenant)));
        }
        Ok(Granted { consent, signer: verified.signer.clone() })
    }
}
