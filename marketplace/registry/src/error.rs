// SPDX-License-Identifier: MIT OR Apache-2.0
//! A refusal, in the form of the specification: `{"errors":[{"code":"...","message":"..."}]}`.

use axum::body::Body;
use axum::http::{Response, StatusCode, header};
use axum::response::IntoResponse;
use serde_json::json;

/// The codes of the specification, and the status that each is answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// No such blob.
    BlobUnknown,
    /// An upload that does not go on where it ended.
    BlobUploadInvalid,
    /// No such upload.
    BlobUploadUnknown,
    /// The digest is malformed, or not that of the content.
    DigestInvalid,
    /// A manifest names what is not there.
    ManifestBlobUnknown,
    /// No manifest.
    ManifestInvalid,
    /// No such manifest.
    ManifestUnknown,
    /// No such name can be.
    NameInvalid,
    /// No such repository.
    NameUnknown,
    /// More than is taken.
    SizeInvalid,
    /// Who asks is not known.
    Unauthorized,
    /// Who asks may not, or nobody may.
    Denied,
    /// Not offered here.
    Unsupported,
    /// Full, or too much at a time.
    TooManyRequests,
    /// A range that is not there.
    RangeInvalid,
    /// Something failed here; the log says what.
    Unknown,
}

impl Code {
    const fn text(self) -> (&'static str, StatusCode) {
        match self {
            Self::BlobUnknown => ("BLOB_UNKNOWN", StatusCode::NOT_FOUND),
            Self::BlobUploadInvalid => ("BLOB_UPLOAD_INVALID", StatusCode::RANGE_NOT_SATISFIABLE),
            Self::BlobUploadUnknown => ("BLOB_UPLOAD_UNKNOWN", StatusCode::NOT_FOUND),
            Self::DigestInvalid => ("DIGEST_INVALID", StatusCode::BAD_REQUEST),
            Self::ManifestBlobUnknown => ("MANIFEST_BLOB_UNKNOWN", StatusCode::NOT_FOUND),
            Self::ManifestInvalid => ("MANIFEST_INVALID", StatusCode::BAD_REQUEST),
            Self::ManifestUnknown => ("MANIFEST_UNKNOWN", StatusCode::NOT_FOUND),
            Self::NameInvalid => ("NAME_INVALID", StatusCode::BAD_REQUEST),
            Self::NameUnknown => ("NAME_UNKNOWN", StatusCode::NOT_FOUND),
            Self::SizeInvalid => ("SIZE_INVALID", StatusCode::PAYLOAD_TOO_LARGE),
            Self::Unauthorized => ("UNAUTHORIZED", StatusCode::UNAUTHORIZED),
            Self::Denied => ("DENIED", StatusCode::FORBIDDEN),
            Self::Unsupported => ("UNSUPPORTED", StatusCode::METHOD_NOT_ALLOWED),
            Self::TooManyRequests => ("TOOMANYREQUESTS", StatusCode::TOO_MANY_REQUESTS),
            Self::RangeInvalid => ("UNSUPPORTED", StatusCode::RANGE_NOT_SATISFIABLE),
            Self::Unknown => ("UNKNOWN", StatusCode::INTERNAL_SERVER_ERROR),
        }
    }
}

/// Why a request is refused.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// For programs.
    pub code: Code,
    /// For people.
    pub message: String,
    /// What the system said, for the log and nobody else.
    #[source]
    pub cause: Option<std::io::Error>,
}

impl Refusal {
    /// A refusal.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), cause: None }
    }

    /// The status that it is answered with.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.code.text().1
    }
}

impl From<std::io::Error> for Refusal {
    fn from(cause: std::io::Error) -> Self {
        let message = String::from("the registry could not do this; its log says why, try again later");
        Self { code: Code::Unknown, message, cause: Some(cause) }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response<Body> {
        let (code, status) = self.code.text();
        if let Some(cause) = &self.cause {
            tracing::error!(%cause, "a request failed");
        }
        let body = json!({ "errors": [{ "code": code, "message": self.message }] }).to_string();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
        response
    }
}
