// SPDX-License-Identifier: MIT OR Apache-2.0
//! The operation that does nothing, by hand: a typed struct in, a text out.

use super::{json, listen};
use anyhow::Result;
use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use tokio::runtime::Runtime;

/// The path of the operation, the same as in Cortex.
pub(crate) const PATH: &str = "/api/echo/v1/echo/say";

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Say {
    text: String,
}

/// Serves until the input ends.
pub(crate) fn serve(runtime: &Runtime) -> Result<()> {
    listen(runtime, Router::new().route(PATH, post(say)))
}

async fn say(body: Bytes) -> Response {
    match serde_json::from_slice::<Say>(&body) {
        Ok(say) => json(&say.text),
        Err(error) => (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    }
}
