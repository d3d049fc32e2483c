// SPDX-License-Identifier: MIT OR Apache-2.0
//! Makes answers: status, headers, body. Every answer goes through [`answer`], so that none lacks the common headers.

use crate::problem::Problem;
use crate::request_id::REQUEST_ID;
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, REFERRER_POLICY,
    RETRY_AFTER, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use hyper::{Response, StatusCode};

/// An answer whose body lies in memory.
pub(crate) type Answer = Response<Full<Bytes>>;

/// What a client may do with the token that it lacks (RFC 6750, section 3).
const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer realm=\"cortex\"");

/// The content type of results.
pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// The content type of refusals, RFC 9457.
pub(crate) const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

/// An answer with the common headers. Nothing that this host says may be kept by a cache or be guessed to be of another
/// type; `request_id` is absent only where no request could be read.
pub(crate) fn answer(
    status: StatusCode,
    body: Option<(HeaderValue, Bytes)>,
    request_id: Option<HeaderValue>,
) -> Answer {
    /// Header fields that most answers have; their table is made once.
    const HEADERS: usize = 6;
    let (content_type, bytes) = body.unzip();
    let mut response = Response::new(Full::new(bytes.unwrap_or_default()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.reserve(HEADERS);
    if let Some(content_type) = content_type {
        headers.insert(CONTENT_TYPE, content_type);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Some(id) = request_id {
        headers.insert(REQUEST_ID, id);
    }
    response
}

/// A refusal.
pub(crate) fn problem(problem: &Problem, request_id: &str) -> Answer {
    let id = HeaderValue::from_str(request_id).ok();
    let mut response = answer(problem.status, Some((PROBLEM_JSON, problem.body(request_id).into())), id);
    let headers = response.headers_mut();
    if problem.status == StatusCode::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, CHALLENGE);
    }
    if let Some(seconds) = problem.retry_after_seconds {
        headers.insert(RETRY_AFTER, seconds.into());
    }
    if let Some(methods) = &problem.allow {
        allow(&mut response, methods);
    }
    response
}

/// Sets the header `Allow`.
pub(crate) fn allow(answer: &mut Answer, methods: &str) {
    if let Ok(methods) = HeaderValue::from_str(methods) {
        answer.headers_mut().insert(ALLOW, methods);
    }
}

/// Says that the connection ends. Whether the rest of a short body can be dropped in passing depends on whether it has
/// arrived by then, so a client that sends head and body apart would find a kept connection closed now and then.
pub(crate) fn close(answer: &mut Answer) {
    answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
}

/// Adds what protects a page in a browser: nothing but what `policy` names is loaded or run, nobody frames it, and no
/// address leaks.
pub(crate) fn protect_page(response: &mut Answer, policy: HeaderValue) {
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin"));
    headers.insert(HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin"));
}
