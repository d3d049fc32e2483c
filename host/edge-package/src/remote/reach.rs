// SPDX-License-Identifier: MIT OR Apache-2.0
//! A registry that is reached: the name, the credentials, and bounded reading.

use super::RemoteError;
use kernel_types::Digest;
use oci_client::Reference;
use oci_client::RegistryOperation;
use oci_client::client::{Client, ClientConfig, ClientProtocol};
use oci_client::secrets::RegistryAuth;
use reqwest::StatusCode;
use reqwest::header::{ACCEPT, HeaderMap, LINK};
use std::time::Duration;

/// How long a connection may take to be made.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(10);
/// How long a registry may send nothing.
const READ_TIME_MAX: Duration = Duration::from_secs(30);
/// How long all of a push or a pull may take: a package at its limits over a slow line.
const WHOLE_SECONDS_MAX: u64 = 3600;
/// Characters of what a registry says that are repeated.
const TEXT_CHARACTERS_MAX: usize = 300;

/// Who one is to a registry.
#[derive(Clone)]
pub enum Credentials {
    /// Nobody.
    Anonymous,
    /// A token, sent as the password of this user; how registries take tokens from stock clients.
    Token {
        /// The user; many registries look at the token only.
        user: String,
        /// The token.
        token: String,
    },
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Anonymous => f.write_str("Anonymous"),
            Self::Token { user, .. } => write!(f, "Token({user})"),
        }
    }
}

/// A package in a registry: `registry/repository:tag`, `registry/repository@digest`, or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub(super) reference: Reference,
    /// The digest that it must have.
    pub digest: Option<Digest>,
}

impl Place {
    /// Reads a name. The registry must stand in it: nothing is looked for in places that nobody named.
    ///
    /// # Errors
    /// Where the text is none.
    pub fn parse(text: &str) -> Result<Self, RemoteError> {
        let wrong = || RemoteError::Name(text.chars().take(300).collect());
        let (registry, _) = text.split_once('/').ok_or_else(wrong)?;
        if !(registry.contains(['.', ':']) || registry == "localhost") {
            return Err(wrong());
        }
        let reference: Reference = text.parse().map_err(|_| wrong())?;
        let digest = reference.digest().map(|digest| digest.parse()).transpose().map_err(|_| wrong())?;
        // A tag that nobody wrote is `latest`, which is whatever it is today.
        let last = text.rsplit('/').next().unwrap_or_default();
        if digest.is_none() && !last.contains(':') {
            return Err(RemoteError::Unspecific(text.to_owned()));
        }
        Ok(Self { reference, digest })
    }

    /// The same place, by digest.
    pub(super) fn by_digest(&self, digest: Digest) -> Reference {
        let (registry, repository) = (self.reference.registry().to_owned(), self.reference.repository().to_owned());
        Reference::with_digest(registry, repository, digest.to_string())
    }

    /// The same place, by another tag.
    pub(super) fn by_tag(&self, tag: String) -> Reference {
        Reference::with_tag(self.reference.registry().to_owned(), self.reference.repository().to_owned(), tag)
    }

    /// The registry is this machine: there is nobody in between.
    fn is_local(&self) -> bool {
        let registry = self.reference.resolve_registry();
        let host = registry.rsplit_once(':').map_or(registry, |(host, _)| host);
        matches!(host, "localhost" | "127.0.0.1" | "[::1]")
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.reference.whole())
    }
}

/// A place in a registry with the means to reach it.
pub struct Remote {
    pub(super) client: Client,
    pub(super) place: Place,
    http: reqwest::Client,
    auth: RegistryAuth,
    base: String,
}

/// What a registry answers, at most so much of it.
pub(super) struct Answer {
    pub(super) bytes: Vec<u8>,
    pub(super) headers: HeaderMap,
}

impl Remote {
    /// The means to reach a place. HTTP without TLS is for this machine, or where it is asked for.
    ///
    /// # Errors
    /// Where there are none: no roots of trust, for example.
    pub fn new(place: Place, credentials: &Credentials, plain_http: bool) -> Result<Self, RemoteError> {
        let registry = place.reference.resolve_registry().to_owned();
        let plain = plain_http || place.is_local();
        let protocol = if plain { ClientProtocol::HttpsExcept(vec![registry.clone()]) } else { ClientProtocol::Https };
        let config = ClientConfig {
            protocol,
            read_timeout: Some(READ_TIME_MAX),
            connect_timeout: Some(CONNECT_TIME_MAX),
            user_agent: concat!("cortex/", env!("CARGO_PKG_VERSION")),
            platform_resolver: None,
            ..ClientConfig::default()
        };
        let client = Client::try_from(config).map_err(|error| transport("the client", &error))?;
        let http = reqwest::Client::builder().read_timeout(READ_TIME_MAX).connect_timeout(CONNECT_TIME_MAX);
        let http = http.build().map_err(|error| transport("the client", &error))?;
        let auth = match credentials {
            Credentials::Anonymous => RegistryAuth::Anonymous,
            Credentials::Token { user, token } => RegistryAuth::Basic(user.clone(), token.clone()),
        };
        let scheme = if plain { "http" } else { "https" };
        let base = format!("{scheme}://{registry}/v2/{}", place.reference.repository());
        Ok(Self { client, place, http, auth, base })
    }

    /// Within the time for all of it.
    pub(super) async fn within<T>(work: impl Future<Output = Result<T, RemoteError>>) -> Result<T, RemoteError> {
        let done = tokio::time::timeout(Duration::from_secs(WHOLE_SECONDS_MAX), work).await;
        done.unwrap_or(Err(RemoteError::TooSlow { seconds_max: WHOLE_SECONDS_MAX }))
    }

    /// Logs in for what follows.
    pub(super) async fn log_in(&self, operation: RegistryOperation) -> Result<Option<String>, RemoteError> {
        let token = self.client.auth(&self.place.reference, &self.auth, operation).await;
        token.map_err(|error| transport("logging in", &error))
    }

    /// Reads a path of the repository; `None` where there is nothing.
    pub(super) async fn get(
        &self,
        path: &str,
        accept: &str,
        token: Option<&str>,
        bytes_max: u64,
    ) -> Result<Option<Answer>, RemoteError> {
        let url = format!("{}/{path}", self.base);
        let request = self.http.get(&url).header(ACCEPT, accept);
        let request = match (token, &self.auth) {
            (Some(token), _) => request.bearer_auth(token),
            (None, RegistryAuth::Basic(user, password)) => request.basic_auth(user, Some(password)),
            (None, _) => request,
        };
        let mut response = request.send().await.map_err(|error| transport(&url, &error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut bytes = Vec::new();
        while let Some(more) = response.chunk().await.map_err(|error| transport(&url, &error))? {
            bytes.extend_from_slice(&more);
            if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > bytes_max {
                return Err(RemoteError::TooLong { what: url, bytes_max });
            }
        }
        if status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        if !status.is_success() {
            let text = String::from_utf8_lossy(&bytes).chars().take(TEXT_CHARACTERS_MAX).collect();
            return Err(RemoteError::Refused { what: url, status: status.as_u16(), text });
        }
        Ok(Some(Answer { bytes, headers }))
    }
}

impl Answer {
    /// Whether the list goes on elsewhere.
    pub(super) fn has_more(&self) -> bool {
        self.headers.contains_key(LINK)
    }
}

/// An error of a client with its causes in one line.
pub(super) fn transport(what: &str, error: &dyn std::error::Error) -> RemoteError {
    let mut cause = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let text = source.to_string();
        if !cause.contains(&text) {
            cause = format!("{cause}: {text}");
        }
        next = source.source();
    }
    RemoteError::Transport { what: what.to_owned(), cause }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_names_its_registry() {
        let digest = Digest::of(b"x");
        for right in ["localhost:5000/a:1", "127.0.0.1:1/a/b:1.0.0_x", "registry.example.org/a/b:v1"] {
            assert_eq!(Place::parse(right).unwrap().digest, None, "{right}");
        }
        for right in [format!("r.example/a@{digest}"), format!("r.example/a:1@{digest}")] {
            assert_eq!(Place::parse(&right).unwrap().digest, Some(digest), "{right}");
        }
        for wrong in
            ["", "fleet", "fleet:1", "acme/fleet:1", "r.example/A:1", "r.example/a@sha256:00", "r.example/../a:1"]
        {
            assert!(matches!(Place::parse(wrong), Err(RemoteError::Name(_))), "{wrong}");
        }
        assert!(matches!(Place::parse("r.example:5000/a"), Err(RemoteError::Unspecific(_))));
        assert!(Place::parse("localhost:5000/a:1").unwrap().is_local());
        assert!(!Place::parse("localhost.example.org/a:1").unwrap().is_local());
    }
}
