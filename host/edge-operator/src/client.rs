// SPDX-License-Identifier: MIT OR Apache-2.0
//! The operator of a running host, over its socket.

use crate::server::{frames, upload};
use crate::{Answer, JSON_BYTES_MAX, Operator, Refusal, Request};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use tokio::net::UnixStream;

/// Calls actions of the host that serves a socket. Each call has a connection of its own.
#[derive(Clone, Debug)]
pub struct Client(PathBuf);

impl Client {
    /// The client of the socket at a path.
    #[must_use]
    pub fn at(socket: &Path) -> Self {
        Self(socket.to_owned())
    }

    async fn send(&self, request: Request) -> Result<Answer, Refusal> {
        let failed = |what: &str, error: &dyn std::fmt::Display| {
            Refusal::new("unavailable", format!("the host at `{}` {what}: {error}", self.0.display()))
        };
        let stream = UnixStream::connect(&self.0).await.map_err(|e| failed("cannot be reached", &e))?;
        let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = handshake.map_err(|e| failed("does not answer", &e))?;
        let task = tokio::spawn(connection);
        let input = request.input.to_string();
        let builder = hyper::Request::post(format!("/v1/{}", request.action)).header(HOST, "cortex");
        let request = match request.upload {
            Some(flow) => {
                let builder = builder.header(CONTENT_TYPE, "application/octet-stream");
                let body: BoxBody<Bytes, std::io::Error> = BodyExt::boxed(StreamBody::new(frames(flow)));
                builder.header("cortex-input", in_ascii(&input)).body(body)
            }
            None => {
                let body = Full::new(Bytes::from(input)).map_err(|never| match never {});
                builder.header(CONTENT_TYPE, "application/json").body(BodyExt::boxed(body))
            }
        };
        let request = request.map_err(|e| Refusal::new("invalid-request", e.to_string()))?;
        let response = sender.send_request(request).await.map_err(|e| failed("ended the call", &e))?;
        // The connection ends with its answer, which is read below or by whoever takes the flow.
        drop(task);
        let ok = response.status().is_success();
        let is_flow = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == "application/octet-stream");
        if ok && is_flow {
            return Ok(Answer::Flow(upload(response.into_body(), None)));
        }
        let body = Limited::new(response.into_body(), JSON_BYTES_MAX).collect().await;
        let body = body.map_err(|e| failed("ended its answer", &e))?.to_bytes();
        let value: Value = serde_json::from_slice(&body).map_err(|e| failed("answers no JSON", &e))?;
        if ok {
            return Ok(Answer::Json(value));
        }
        let refusal = serde_json::from_value(value.clone());
        Err(refusal.unwrap_or_else(|_| Refusal::new("unavailable", format!("the host answers {value}"))))
    }
}

impl Operator for Client {
    fn call(&self, request: Request) -> BoxFuture<'_, Result<Answer, Refusal>> {
        Box::pin(self.send(request))
    }
}

/// JSON with nothing but ASCII in it, for a header.
fn in_ascii(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        if character.is_ascii() {
            text.push(character);
        } else {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                let _ = write!(text, "\\u{unit:04x}");
            }
        }
    }
    text
}
