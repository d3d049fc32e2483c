// SPDX-License-Identifier: MIT OR Apache-2.0
//! Refusals as callers see them: `application/problem+json` (RFC 9457).
//!
//! Beside the members of the RFC each carries `code` (the last part of `type`, for programs), `request_id`, and
//! `errors`, one entry for each fault with a JSON Pointer. What went wrong inside the host is never in here; it goes to
//! the log under the request id.

use hyper::StatusCode;
use serde::Serialize;
use std::borrow::Cow;

/// The start of every `type`. A name, not a place: it stays the same wherever a host runs.
pub(crate) const TYPE_PREFIX: &str = "urn:cortex:problem:";

/// Faults of a component that one answer lists; those that the platform finds are limited where they are found.
pub(crate) const FAULTS_MAX: usize = 1_000;

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $status:ident, $code:literal, $title:literal;)*) => {
        /// Every refusal that the platform itself gives. What components refuse has codes of its own, `component:code`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Kind { $($(#[$doc])* $variant,)* }

        impl Kind {
            /// All of them, in the order of their status.
            #[cfg(test)]
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The HTTP status.
            pub(crate) const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status,)* }
            }

            /// The code, stable between versions.
            pub(crate) const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// The title, the same for every occurrence.
            pub(crate) const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }
        }
    };
}

kinds! {
    /// The path's percent-encoding is broken.
    MalformedPath = BAD_REQUEST, "malformed-path", "the path cannot be read";
    /// The query's percent-encoding is broken, or it is too long.
    MalformedQuery = BAD_REQUEST, "malformed-query", "the query cannot be read";
    /// A header is repeated or has a value that means nothing.
    MalformedHeader = BAD_REQUEST, "malformed-header", "a header cannot be read";
    /// The body broke off or its framing is broken.
    MalformedBody = BAD_REQUEST, "malformed-body", "the body cannot be read";
    /// The input does not fit the operation's contract.
    InvalidInput = BAD_REQUEST, "invalid-input", "the input does not fit the operation";
    /// No valid token.
    Unauthenticated = UNAUTHORIZED, "unauthenticated", "a valid token is needed";
    /// The caller lacks a permission.
    PermissionDenied = FORBIDDEN, "permission-denied", "a permission is missing";
    /// No such route for this tenant.
    UnknownRoute = NOT_FOUND, "unknown-route", "there is no such route";
    /// No such request runs.
    UnknownRequest = NOT_FOUND, "unknown-request", "no such request is running";
    /// The route exists with other methods.
    MethodNotAllowed = METHOD_NOT_ALLOWED, "method-not-allowed", "the route has no such method";
    /// The idempotency key stands for another request.
    IdempotencyKeyReused = CONFLICT, "idempotency-key-reused", "the idempotency key was used for another request";
    /// The body came too slowly.
    BodyTimeout = REQUEST_TIMEOUT, "body-timeout", "the body took too long";
    /// The body is longer than the operation allows.
    BodyTooLarge = PAYLOAD_TOO_LARGE, "body-too-large", "the body is too large";
    /// The body is no JSON by its header.
    UnsupportedMediaType = UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "the body's media type is not understood";
    /// A component used up one of its limits.
    LimitExceeded = TOO_MANY_REQUESTS, "limit-exceeded", "a limit is used up";
    /// The tenant has too many requests running.
    TooManyRequests = TOO_MANY_REQUESTS, "too-many-requests", "too many requests are running";
    /// A defect of the host.
    Internal = INTERNAL_SERVER_ERROR, "internal", "the request failed";
    /// A defect of a component.
    ComponentFailed = INTERNAL_SERVER_ERROR, "component-failed", "the component failed";
    /// The host is full.
    Busy = SERVICE_UNAVAILABLE, "busy", "the host is busy";
    /// The component may not run any more.
    ComponentRevoked = SERVICE_UNAVAILABLE, "component-revoked", "the component was revoked";
    /// Something that the request depends on cannot answer.
    Unavailable = SERVICE_UNAVAILABLE, "unavailable", "the request cannot be served now";
    /// The answer to a commit was lost.
    OutcomeUnknown = GATEWAY_TIMEOUT, "outcome-unknown", "whether the request took effect is not known";
    /// The request's time is over.
    DeadlineExceeded = GATEWAY_TIMEOUT, "deadline-exceeded", "the request took too long";
}

/// A refusal on its way to the caller. Boxed where it is an error, so that the good way stays small.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The HTTP status.
    pub(crate) status: StatusCode,
    /// The last part of `type`.
    pub(crate) code: Cow<'static, str>,
    /// The same for every occurrence.
    pub(crate) title: Cow<'static, str>,
    /// This occurrence, and what to do.
    pub(crate) detail: String,
    /// The faults of the input, each with its place.
    pub(crate) faults: Vec<Fault>,
    /// The component's own error, where it is not of the common form.
    pub(crate) value: Option<serde_json::Value>,
    /// Seconds until a retry makes sense.
    pub(crate) retry_after_seconds: Option<u64>,
    /// The header `Allow` of a 405.
    pub(crate) allow: Option<String>,
}

/// One fault of the input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Fault {
    /// A JSON Pointer (RFC 6901) into the operation's input; empty for the input as a whole.
    pub(crate) pointer: String,
    /// Lower-case kebab.
    pub(crate) code: Cow<'static, str>,
    /// The fault and the remedy.
    pub(crate) detail: String,
    /// Which part of the request holds it: `body`, `path` or `query`. Components do not know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) source: Option<&'static str>,
    /// What would have been right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expected: Option<String>,
}

/// What a handler gives instead of an answer.
pub(crate) type Refusal = Box<Problem>;

impl Problem {
    /// A refusal by the platform.
    pub(crate) fn new(kind: Kind, detail: impl std::fmt::Display) -> Refusal {
        Box::new(Self {
            status: kind.status(),
            code: Cow::Borrowed(kind.code()),
            title: Cow::Borrowed(kind.title()),
            detail: detail.to_string(),
            faults: Vec::new(),
            value: None,
            retry_after_seconds: None,
            allow: None,
        })
    }

    /// With the time after which a retry makes sense.
    pub(crate) fn retry_after(mut self: Box<Self>, seconds: u64) -> Refusal {
        self.retry_after_seconds = Some(seconds);
        self
    }

    /// With the faults of the input: at most [`FAULTS_MAX`] of them.
    pub(crate) fn with_faults(mut self: Box<Self>, faults: Vec<Fault>) -> Refusal {
        self.faults = faults;
        self.faults.truncate(FAULTS_MAX);
        self
    }

    /// The body. Serialising strings into memory cannot fail; were it to, the body would be empty and the status still
    /// right.
    pub(crate) fn body(&self, request_id: &str) -> Vec<u8> {
        #[derive(Serialize)]
        struct Body<'a> {
            r#type: String,
            title: &'a str,
            status: u16,
            detail: &'a str,
            code: &'a str,
            request_id: &'a str,
            #[serde(skip_serializing_if = "<[_]>::is_empty")]
            errors: &'a [Fault],
            #[serde(skip_serializing_if = "Option::is_none")]
            value: Option<&'a serde_json::Value>,
        }
        let body = Body {
            r#type: format!("{TYPE_PREFIX}{}", self.code),
            title: &self.title,
            status: self.status.as_u16(),
            detail: &self.detail,
            code: self.code.rsplit(':').next().unwrap_or_default(),
            request_id,
            errors: &self.faults,
            value: self.value.as_ref(),
        };
        serde_json::to_vec(&body).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_is_that_of_rfc_9457_with_our_members() {
        let fault = Fault {
            pointer: "/lines/3/amount".into(),
            code: "no-decimal".into(),
            detail: "d".into(),
            source: Some("body"),
            expected: None,
        };
        let problem = Problem::new(Kind::InvalidInput, "one fault").with_faults(vec![fault]);
        let text = String::from_utf8(problem.body("r-1")).unwrap();
        expect_test::expect![[r#"{"type":"urn:cortex:problem:invalid-input","title":"the input does not fit the operation","status":400,"detail":"one fault","code":"invalid-input","request_id":"r-1","errors":[{"pointer":"/lines/3/amount","code":"no-decimal","detail":"d","source":"body"}]}"#]]
        .assert_eq(&text);
    }

    #[test]
    fn codes_are_distinct_and_each_stands_in_the_documentation() {
        let page = include_str!("../../../docs/http-api.md");
        for (index, kind) in Kind::ALL.iter().enumerate() {
            let first = Kind::ALL.iter().position(|other| other.code() == kind.code());
            assert_eq!(first, Some(index), "{} occurs twice", kind.code());
            let row = format!("| {} | `{}` |", kind.status().as_u16(), kind.code());
            assert!(page.contains(&row), "docs/http-api.md lacks the row `{row}`");
        }
    }
}
