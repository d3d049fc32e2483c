// SPDX-License-Identifier: MIT OR Apache-2.0
//! Signing with an identity, through a signing service.

use crate::Error;
use serde::Deserialize;
use sigstore_oidc::IdentityToken;
use sigstore_sign::rekor::RekorApiVersion;
use sigstore_sign::{Attestation, Signer, SigningContext, SigningServices, reqwest};
use sigstore_types::{Artifact, Bundle, Sha256Hash};
use std::time::Duration;

/// How long one answer of the service may take; a log may wait for its disk.
pub const ANSWER_TIME_MAX: Duration = Duration::from_secs(30);

/// Where a signing service is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Services {
    /// The certificate authority.
    pub ca: String,
    /// The transparency log.
    pub log: String,
    /// The timestamp authority: the whole address.
    pub tsa: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientTrustConfig {
    signing_config: SigningConfig,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SigningConfig {
    ca_urls: Vec<Service>,
    rekor_tlog_urls: Vec<Service>,
    tsa_urls: Vec<Service>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Service {
    url: String,
    major_api_version: u32,
}

impl Services {
    /// All roles of one authority, below one address.
    #[must_use]
    pub fn at(url: &str) -> Self {
        let url = url.trim_end_matches('/').to_owned();
        Self { tsa: format!("{url}/api/v1/timestamp"), ca: url.clone(), log: url }
    }

    /// The services that a `ClientTrustConfig` names: of each kind the first whose version is known here.
    ///
    /// # Errors
    /// Where one is missing.
    pub fn from_client_trust_config(json: &str) -> Result<Self, Error> {
        let config: ClientTrustConfig =
            serde_json::from_str(json).map_err(|error| Error::Services(error.to_string()))?;
        let first = |services: Vec<Service>, version: u32, what: &str| {
            let found = services.into_iter().find(|service| service.major_api_version == version);
            found
                .map(|service| service.url)
                .ok_or_else(|| Error::Services(format!("there is no {what} of version {version}")))
        };
        Ok(Self {
            ca: first(config.signing_config.ca_urls, 1, "certificate authority")?,
            log: first(config.signing_config.rekor_tlog_urls, 2, "transparency log")?,
            tsa: first(config.signing_config.tsa_urls, 1, "timestamp authority")?,
        })
    }
}

/// Somebody who signs with an identity.
#[derive(Debug, Clone)]
pub struct Publisher {
    context: SigningContext,
}

impl Publisher {
    /// One who uses these services.
    ///
    /// # Errors
    /// Where this process cannot speak HTTP.
    pub fn new(services: &Services) -> Result<Self, Error> {
        let client = reqwest::Client::builder().timeout(ANSWER_TIME_MAX).build();
        let client = client.map_err(|error| Error::Services(error.to_string()))?;
        let services = SigningServices::new(&services.ca, &services.log)
            .with_rekor(&services.log, RekorApiVersion::V2)
            .with_tsa_url(&services.tsa);
        Ok(Self { context: SigningContext::new(services).with_http_client(client) })
    }

    fn signer(&self, token: &str) -> Result<Signer, Error> {
        Ok(self.context.signer(IdentityToken::from_jwt(token).map_err(Error::Token)?))
    }

    /// Signs an artifact.
    ///
    /// # Errors
    /// Where a service refuses or cannot be reached.
    pub async fn sign(&self, token: &str, artifact: &[u8]) -> Result<Bundle, Error> {
        Ok(self.signer(token)?.sign(artifact).await?)
    }

    /// Signs an artifact by its SHA-256.
    ///
    /// # Errors
    /// Where a service refuses or cannot be reached.
    pub async fn sign_digest(&self, token: &str, digest: Sha256Hash) -> Result<Bundle, Error> {
        Ok(self.signer(token)?.sign(Artifact::from_digest(digest)).await?)
    }

    /// Signs an in-toto statement, as it is.
    ///
    /// # Errors
    /// Where it is none, or a service refuses or cannot be reached.
    pub async fn sign_statement(&self, token: &str, statement: &[u8]) -> Result<Bundle, Error> {
        serde_json::from_slice::<sigstore_types::Statement>(statement).map_err(Error::Statement)?;
        Ok(self.signer(token)?.sign_raw_statement(statement).await?)
    }

    /// Signs a claim about artifacts: the statement is made here.
    ///
    /// # Errors
    /// Where a service refuses or cannot be reached.
    pub async fn attest(&self, token: &str, attestation: Attestation) -> Result<Bundle, Error> {
        Ok(self.signer(token)?.sign_attestation(attestation).await?)
    }
}
