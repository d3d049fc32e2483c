// SPDX-License-Identifier: MIT OR Apache-2.0
//! Refusals, in the shape that clients of Fulcio and Rekor read: `{"code": <gRPC code>, "message": ..., "details": []}`.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// A refusal.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    code: u8,
    message: String,
    log_index: Option<u64>,
}

impl Refusal {
    /// The request is wrong.
    pub(super) fn invalid(message: impl ToString) -> Self {
        Self::new(StatusCode::BAD_REQUEST, 3, message)
    }

    /// Whoever asks proved nothing.
    pub(super) fn unauthenticated(message: impl ToString) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, 16, message)
    }

    /// There is nothing.
    pub(super) fn not_found(message: impl ToString) -> Self {
        Self::new(StatusCode::NOT_FOUND, 5, message)
    }

    /// It is there already.
    pub(super) fn exists(message: impl ToString, index: u64) -> Self {
        Self { log_index: Some(index), ..Self::new(StatusCode::CONFLICT, 6, message) }
    }

    /// The body is too long.
    pub(super) fn too_large(bytes_max: usize) -> Self {
        let message = format!("the body has more than {bytes_max} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, 11, message)
    }

    /// Too many at a time.
    pub(super) fn exhausted(message: impl ToString) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, 8, message)
    }

    /// Not now.
    pub(super) fn unavailable(message: impl ToString) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, 14, message)
    }

    /// It took too long.
    pub(super) fn late() -> Self {
        Self::new(StatusCode::GATEWAY_TIMEOUT, 4, "the request was not answered in time")
    }

    /// Our fault. What it is goes to the log, not to the caller.
    pub(super) fn internal(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "a request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, 13, "the service failed; its log says why")
    }

    fn new(status: StatusCode, code: u8, message: impl ToString) -> Self {
        Self { status, code, message: message.to_string(), log_index: None }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!({"code": self.code, "message": self.message, "details": []}).to_string();
        let mut response = (self.status, [(header::CONTENT_TYPE, "application/json")], body).into_response();
        let headers = response.headers_mut();
        if let Some(index) = self.log_index {
            headers.insert("x-log-index", HeaderValue::from(index));
        }
        if matches!(self.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
