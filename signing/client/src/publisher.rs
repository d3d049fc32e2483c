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
        let ca = first(config.signing_config.ca_urls, 1, "certificate authority")?;
        if !is_private(&ca) {
            let reason = format!("`{ca}` would get the identity token without TLS: it must begin with `https://`");
            return Err(Error::Services(reason));
        }
        Ok(Self {
            ca,
            log: first(config.signing_config.rekor_tlog_urls, 2, "transparency log")?,
            tsa: first(config.signing_config.tsa_urls, 1, "timestamp authority")?,
        })
    }
}

/// Whether nobody on the way can read what is sent there: by TLS, or because there is no way out of this machine.
fn is_private(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else { return url.starts_with("https://") };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host
        .rsplit_once(':')
        .filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()))
        .map_or(host, |(host, _)| host);
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_sent_where_nobody_reads_along() {
        for url in
            ["https://ca.example.org", "http://localhost", "http://127.0.0.1:8090/ca", "http://[::1]:1", "http://[::1]"]
        {
            assert!(is_private(url), "{url}");
        }
        for url in [
            "http://ca.example.org",
            "http://localhost.example.org",
            "http://127.0.0.1@example.org",
            "http://127.0.0.1:80@example.org",
            "http://example.org/#@127.0.0.1",
            "ftp://127.0.0.1",
            "127.0.0.1",
            "",
        ] {
            assert!(!is_private(url), "{url}");
        }
        let services = |url: &str| {
            let one = |version: u32| serde_json::json!([{ "url": url, "majorApiVersion": version }]);
            let config = serde_json::json!({ "signingConfig": { "caUrls": one(1), "rekorTlogUrls": one(2), "tsaUrls": one(1) } });
            Services::from_client_trust_config(&config.to_string())
        };
        assert_eq!(services("https://a.example").unwrap().ca, "https://a.example");
        assert!(services("http://a.example").unwrap_err().to_string().contains("without TLS"));
    }
}
