// SPDX-License-Identifier: MIT OR Apache-2.0
//! The API of the OCI distribution specification 1.1, one file for each thing that it speaks of.

mod blobs;
mod body;
mod lists;
mod manifests;
mod uploads;

use crate::access::Right;
use crate::error::{Code, Refusal};
use crate::name::Repository;
use crate::settings::Deletion;
use crate::store::Store;
use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use axum::response::IntoResponse as _;
use kernel_types::Digest;
use std::sync::Arc;

/// How clients tell a registry of this family.
const VERSION: (HeaderName, HeaderValue) =
    (HeaderName::from_static("docker-distribution-api-version"), HeaderValue::from_static("registry/2.0"));
/// The digest of what is answered.
const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");
/// What credentials are wanted. Also told to those who need none: they learn from it how to send some when they push.
const CHALLENGE: HeaderValue = HeaderValue::from_static("Basic realm=\"cortex-registry\", charset=\"UTF-8\"");

/// A refusal, or what the specification asks for.
type Answer = Result<Response<Body>, Refusal>;

/// What a path speaks of.
#[derive(Debug, PartialEq, Eq)]
enum Place<'a> {
    Api,
    Blob(&'a str, &'a str),
    Uploads(&'a str),
    Upload(&'a str, &'a str),
    Manifest(&'a str, &'a str),
    Tags(&'a str),
    Referrers(&'a str, &'a str),
}

impl<'a> Place<'a> {
    /// Reads a path from its end: names have slashes.
    fn of(path: &'a str) -> Option<Self> {
        let rest = path.strip_prefix("/v2")?;
        if rest.is_empty() || rest == "/" {
            return Some(Self::Api);
        }
        let rest = rest.strip_prefix('/')?;
        if let Some(name) = rest.strip_suffix("/tags/list") {
            return Some(Self::Tags(name));
        }
        if let Some(name) = rest.strip_suffix("/blobs/uploads/").or_else(|| rest.strip_suffix("/blobs/uploads")) {
            return Some(Self::Uploads(name));
        }
        let (before, last) = rest.rsplit_once('/')?;
        if let Some(name) = before.strip_suffix("/blobs/uploads") {
            return Some(Self::Upload(name, last));
        }
        let (name, kind) = before.rsplit_once('/')?;
        match kind {
            "blobs" => Some(Self::Blob(name, last)),
            "manifests" => Some(Self::Manifest(name, last)),
            "referrers" => Some(Self::Referrers(name, last)),
            _ => None,
        }
    }
}

/// Answers a request.
pub(crate) async fn answer(store: &Arc<Store>, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let is_head = parts.method == Method::HEAD;
    let asked = format!("{} {}", parts.method, parts.uri.path());
    let answered = route(store, &parts, body).await;
    let mut response = answered.unwrap_or_else(|refusal| {
        tracing::debug!(%asked, %refusal, "refused");
        let challenged = refusal.code == Code::Unauthorized;
        let mut response = refusal.into_response();
        if challenged {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, CHALLENGE);
        }
        response
    });
    let (name, value) = VERSION;
    response.headers_mut().insert(name, value);
    if is_head {
        // The length stays, the body goes.
        *response.body_mut() = Body::empty();
    }
    response
}

async fn route(store: &Arc<Store>, parts: &Parts, body: Body) -> Answer {
    let place = Place::of(parts.uri.path());
    let place = place.ok_or_else(|| Refusal::new(Code::NameUnknown, "there is no such path in the API"))?;
    let request = Asked { store, parts };
    match place {
        Place::Api => request.api(),
        Place::Blob(name, digest) => request.blob(name, digest).await,
        Place::Uploads(name) => request.begin(name, body).await,
        Place::Upload(name, id) => request.upload(name, id, body).await,
        Place::Manifest(name, reference) => request.manifest(name, reference, body).await,
        Place::Tags(name) => request.tags(name).await,
        Place::Referrers(name, digest) => request.referrers(name, digest).await,
    }
}

/// A request, its body aside.
struct Asked<'a> {
    store: &'a Arc<Store>,
    parts: &'a Parts,
}

impl Asked<'_> {
    fn api(&self) -> Answer {
        self.check(Right::Pull, None)?;
        let mut response = empty(StatusCode::OK);
        if !self.parts.headers.contains_key(header::AUTHORIZATION) {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, CHALLENGE);
        }
        Ok(response)
    }

    /// The repository of a name, if the request may do that there.
    fn repository(&self, name: &str, right: Right) -> Result<Repository, Refusal> {
        let repository = Repository::parse(name)?;
        self.check(right, Some(&repository))?;
        Ok(repository)
    }

    fn check(&self, right: Right, repository: Option<&Repository>) -> Result<(), Refusal> {
        self.store.settings().access.check(&self.parts.headers, right, repository)
    }

    fn check_deletion(&self, least: Deletion) -> Result<(), Refusal> {
        if self.store.settings().deletion >= least {
            return Ok(());
        }
        Err(Refusal::new(
            Code::Unsupported,
            "this registry does not delete that; whoever runs it can change the policy",
        ))
    }

    /// The value of a key in the query, decoded.
    fn query(&self, key: &str) -> Option<String> {
        let query = self.parts.uri.query().unwrap_or_default();
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.into_iter().find(|(name, _)| *name == key).map(|(_, value)| decode(value))
    }

    fn header(&self, name: HeaderName) -> Option<&str> {
        self.parts.headers.get(name)?.to_str().ok()
    }

    fn unsupported(&self) -> Refusal {
        Refusal::new(Code::Unsupported, format!("`{}` is not offered here", self.parts.method))
    }

    /// Does what blocks where that is allowed.
    async fn blocking<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Store) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let store = Arc::clone(self.store);
        let done = tokio::task::spawn_blocking(move || act(&store)).await;
        done.unwrap_or_else(|error| Err(std::io::Error::other(error).into()))
    }
}

/// Percent-encoding and `+`, undone.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let encoded = hex.filter(|_| *first == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(encoded.unwrap_or(if *first == b'+' { b' ' } else { *first }));
        rest = if encoded.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// Sets a header whose value is made of checked names and numbers.
fn set(response: &mut Response<Body>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// Says that something is there now: where, and its digest.
fn created(location: &str, digest: Digest) -> Response<Body> {
    let mut response = empty(StatusCode::CREATED);
    set(&mut response, header::LOCATION, location);
    set(&mut response, CONTENT_DIGEST, &digest.to_string());
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_read_from_its_end() {
        let cases = [
            ("/v2/", Some(Place::Api)),
            ("/v2", Some(Place::Api)),
            ("/v2/a/b/blobs/sha256:1", Some(Place::Blob("a/b", "sha256:1"))),
            ("/v2/a/blobs/uploads/", Some(Place::Uploads("a"))),
            ("/v2/a/blobs/uploads/x", Some(Place::Upload("a", "x"))),
            ("/v2/blobs/blobs/manifests/tags", Some(Place::Manifest("blobs/blobs", "tags"))),
            ("/v2/a/tags/list", Some(Place::Tags("a"))),
            ("/v2/a/referrers/sha256:1", Some(Place::Referrers("a", "sha256:1"))),
            ("/v3/a/tags/list", None),
            ("/v2/a/other/x", None),
            ("/", None),
        ];
        for (path, expected) in cases {
            assert_eq!(Place::of(path), expected, "{path}");
        }
    }

    #[test]
    fn a_query_is_decoded() {
        assert_eq!(decode("sha256%3Aab+c%2"), "sha256:ab c%2");
    }
}
