// SPDX-License-Identifier: MIT OR Apache-2.0
//! What verifiers and publishers need to know of an authority: `trusted_root` v0.1, and with the services' addresses
//! `ClientTrustConfig` v0.1. Whoever verifies takes the first from somewhere they trust, not from the service.

use crate::certificate::Error;
use crate::folder::Config;
use crate::keys::{Log as LogKeyRole, PublicKey, Role as _};
use crate::log::checkpoint::Origin;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use der::Encode as _;
use serde::Deserialize;
use serde_json::{Value, json};
use x509_cert::Certificate;

/// The lists of a trusted root.
const LISTS: [&str; 4] = ["tlogs", "certificateAuthorities", "ctlogs", "timestampAuthorities"];

/// Both documents.
#[derive(Debug, Clone)]
pub struct Trust {
    root: Value,
    config: Value,
}

impl Trust {
    pub(crate) fn new(
        config: &Config,
        ca: &[Certificate],
        sct: &PublicKey,
        tsa: &[Certificate],
        log_key: &PublicKey,
        origin: &Origin,
        retired: Option<Value>,
    ) -> Result<Self, Error> {
        let since = config.since.to_string();
        let key = |key: &PublicKey| {
            json!({
                "rawBytes": STANDARD.encode(key.der()),
                "keyDetails": key.algorithm().key_details(),
                "validFor": {"start": since},
            })
        };
        let log_of = |public: &PublicKey, id: &[u8]| {
            json!({
                "baseUrl": config.url,
                "hashAlgorithm": "SHA2_256",
                "publicKey": key(public),
                "logId": {"keyId": STANDARD.encode(id)},
            })
        };
        let mut root = json!({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [log_of(log_key, &origin.log_id(log_key))],
            "certificateAuthorities": [authority(config, ca, "")?],
            "ctlogs": [log_of(sct, &sct.id())],
            "timestampAuthorities": [authority(config, tsa, "/api/v1/timestamp")?],
        });
        add(&mut root, retired)?;
        let service = |path: &str, version: u8| {
            json!([{
                "url": format!("{}{path}", config.url),
                "majorApiVersion": version,
                "validFor": {"start": since},
                "operator": config.organization,
            }])
        };
        let issuers: Vec<Value> = config
            .issuers
            .iter()
            .map(|issuer| json!({"url": issuer.url, "majorApiVersion": 1, "validFor": {"start": since}, "operator": config.organization}))
            .collect();
        let config = json!({
            "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
            "trustedRoot": root,
            "signingConfig": {
                "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
                "caUrls": service("", 1),
                "oidcUrls": issuers,
                "rekorTlogUrls": service("", 2),
                "rekorTlogConfig": {"selector": "ANY"},
                "tsaUrls": service("/api/v1/timestamp", 1),
                "tsaConfig": {"selector": "ANY"},
            },
        });
        Ok(Self { root, config })
    }

    /// `trusted_root.json`.
    #[must_use]
    pub fn trusted_root(&self) -> &Value {
        &self.root
    }

    /// `client_trust_config.json`.
    #[must_use]
    pub fn client_trust_config(&self) -> &Value {
        &self.config
    }
}

#[derive(Deserialize)]
struct Root {
    tlogs: Vec<KnownLog>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KnownLog {
    base_url: String,
    public_key: KnownKey,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KnownKey {
    raw_bytes: String,
}

/// The logs that a trusted root knows, as whoever audits one needs them: its name and its key. Those with keys of
/// another kind than ours have are left out.
///
/// # Errors
/// Where it is no trusted root.
pub fn logs(trusted_root: &[u8]) -> Result<Vec<(Origin, PublicKey)>, serde_json::Error> {
    let root: Root = serde_json::from_slice(trusted_root)?;
    let known = |log: KnownLog| {
        let key = STANDARD.decode(log.public_key.raw_bytes).ok()?;
        let key = PublicKey::from_der(&key).ok().filter(|key| key.algorithm() == LogKeyRole::ALGORITHM)?;
        Some((Origin::of_url(&log.base_url).ok()?, key))
    };
    Ok(root.tlogs.into_iter().filter_map(known).collect())
}

fn authority(config: &Config, chain: &[Certificate], path: &str) -> Result<Value, Error> {
    let own = chain.first().ok_or(Error::Chain("the authority has none"))?;
    let certificates: Result<Vec<Value>, Error> =
        chain.iter().map(|one| Ok(json!({"rawBytes": STANDARD.encode(one.to_der()?)}))).collect();
    let start = own.tbs_certificate.validity.not_before.to_unix_duration().as_secs();
    let start = i64::try_from(start).ok().and_then(|start| jiff::Timestamp::from_second(start).ok());
    let common = own.tbs_certificate.subject.to_string();
    let common = common.split(',').find_map(|part| part.strip_prefix("CN=")).unwrap_or_default().to_owned();
    Ok(json!({
        "subject": {"organization": config.organization, "commonName": common},
        "uri": format!("{}{path}", config.url),
        "certChain": {"certificates": certificates?},
        "validFor": {"start": start.unwrap_or(config.since).to_string()},
    }))
}

/// Puts retired keys and certificates behind those in use.
fn add(root: &mut Value, retired: Option<Value>) -> Result<(), Error> {
    let Some(Value::Object(mut retired)) = retired else { return Ok(()) };
    for list in LISTS {
        if let (Some(Value::Array(to)), Some(Value::Array(from))) = (root.get_mut(list), retired.remove(list)) {
            to.extend(from);
        }
    }
    retired.remove("mediaType");
    if retired.is_empty() { Ok(()) } else { Err(Error::Chain("`retired.json` has other fields than a trusted root")) }
}
