// SPDX-License-Identifier: MIT OR Apache-2.0
//! The keys of an issuer: given in the configuration, or fetched as OpenID Connect Discovery says, and kept for a while.

use jsonwebtoken::jwk::{Jwk, JwkSet};
use reqwest::redirect::Policy;
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// The keys of one issuer at most.
pub const KEYS_MAX: usize = 64;

/// The bytes of an issuer's answer at most.
pub const ANSWER_BYTES_MAX: usize = 256 << 10;

/// How long keys are used before they are fetched again.
pub const AGE_MAX: Duration = Duration::from_secs(600);

/// How long an unknown key waits until the keys are fetched again: whoever sends tokens with made-up keys costs the issuer no
/// more than that.
pub const REFETCH_MIN: Duration = Duration::from_secs(30);

/// How long an issuer may take to answer.
pub const FETCH_TIME_MAX: Duration = Duration::from_secs(10);

/// Where keys are.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum KeySource {
    /// In the configuration: for issuers that cannot be reached.
    Given(JwkSet),
    /// At `<issuer>/.well-known/openid-configuration`.
    Discovered,
}

/// Why keys cannot be had.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct Error(String);

/// The keys of one issuer.
pub(crate) struct Keys {
    url: String,
    source: KeySource,
    fetched: Mutex<Option<Fetched>>,
    client: reqwest::Client,
}

struct Fetched {
    at: Instant,
    keys: Result<Vec<Jwk>, Error>,
}

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

impl Keys {
    pub(crate) fn new(url: &str, source: KeySource) -> Result<Self, String> {
        match &source {
            KeySource::Given(set) if set.keys.is_empty() || set.keys.len() > KEYS_MAX => {
                return Err(format!("the issuer `{url}` must have 1 to {KEYS_MAX} keys"));
            }
            KeySource::Discovered if !is_safe(url) => {
                return Err(format!("the issuer `{url}` must be reached by https (or on this machine)"));
            }
            _ => {}
        }
        let client = reqwest::Client::builder().timeout(FETCH_TIME_MAX).redirect(Policy::none()).build();
        let client = client.map_err(|error| error.to_string())?;
        Ok(Self { url: url.to_owned(), source, fetched: Mutex::new(None), client })
    }

    /// The key with that name, or where a token names none the only one that fits.
    pub(crate) async fn find(&self, id: Option<&str>, fits: impl Fn(&Jwk) -> bool) -> Result<Option<Jwk>, Error> {
        if let KeySource::Given(set) = &self.source {
            return Ok(pick(&set.keys, id, fits));
        }
        let mut fetched = self.fetched.lock().await;
        if let Some(known) = &*fetched
            && known.at.elapsed() < AGE_MAX
        {
            let found = known.keys.as_ref().map(|keys| pick(keys, id, &fits));
            if matches!(found, Ok(Some(_))) || known.at.elapsed() < REFETCH_MIN {
                return found.map_err(Clone::clone);
            }
        }
        let keys = self.fetch().await;
        let found = keys.as_ref().map(|keys| pick(keys, id, fits)).map_err(Clone::clone);
        *fetched = Some(Fetched { at: Instant::now(), keys });
        found
    }

    async fn fetch(&self) -> Result<Vec<Jwk>, Error> {
        let at = format!("{}/.well-known/openid-configuration", self.url.trim_end_matches('/'));
        let discovery: Discovery = self.get(&at).await?;
        if discovery.issuer != self.url {
            return Err(Error(format!(
                "`{at}` speaks for `{}`",
                discovery.issuer.chars().take(200).collect::<String>()
            )));
        }
        if !is_safe(&discovery.jwks_uri) {
            return Err(Error(format!("`{at}` names keys that are not reached by https")));
        }
        let mut set: JwkSet = self.get(&discovery.jwks_uri).await?;
        set.keys.truncate(KEYS_MAX);
        Ok(set.keys)
    }

    async fn get<T: serde::de::DeserializeOwned>(&self, url: &str) -> Result<T, Error> {
        let fault = |text: String| Error(format!("`{url}`: {text}"));
        let answer = self.client.get(url).send().await.map_err(|error| fault(error.without_url().to_string()))?;
        if !answer.status().is_success() {
            return Err(fault(format!("answered {}", answer.status())));
        }
        let mut answer = answer;
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(|error| fault(error.without_url().to_string()))? {
            if body.len() + part.len() > ANSWER_BYTES_MAX {
                return Err(fault(format!("the answer has more than {ANSWER_BYTES_MAX} bytes")));
            }
            body.extend_from_slice(&part);
        }
        serde_json::from_slice(&body)
            .map_err(|_| fault(String::from("the answer is not what OpenID Connect Discovery says")))
    }
}

fn pick(keys: &[Jwk], id: Option<&str>, fits: impl Fn(&Jwk) -> bool) -> Option<Jwk> {
    let mut fitting = keys.iter().filter(|key| fits(key));
    match id {
        Some(id) => fitting.find(|key| key.common.key_id.as_deref() == Some(id)).cloned(),
        None => {
            let first = fitting.next()?;
            fitting.next().is_none().then(|| first.clone())
        }
    }
}

/// Encrypted, or not over a network at all.
fn is_safe(url: &str) -> bool {
    let Some(host) = url.strip_prefix("http://") else { return url.starts_with("https://") };
    let host = host.split(['/', '?', '#']).next().unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    ["localhost", "127.0.0.1", "[::1]"].contains(&name)
}
