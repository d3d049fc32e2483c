// SPDX-License-Identifier: MIT OR Apache-2.0
//! HTTP/1.1 on a Unix socket, for processes of the host's own user.

use crate::{Answer, Flow, JSON_BYTES_MAX, Operator, Refusal, Request, flow};
use bytes::Bytes;
use futures_util::stream;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::Value;
use std::future::Future;
use std::os::unix::fs::MetadataExt as _;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Connections that are served at a time; more of them wait.
const CONNECTIONS_MAX: usize = 32;

/// How long a client may take to send the head of its request.
const HEAD_TIME_MAX: Duration = Duration::from_secs(10);

/// Bytes of the head of a request.
const HEAD_BYTES_MAX: usize = 1 << 20;

/// How long a client that sends bytes may send none, while the host waits for them.
const UPLOAD_PAUSE_MAX: Duration = Duration::from_secs(60);

/// How long actions that run may take to end when the host stops.
const DRAIN: Duration = Duration::from_secs(5);

type Body = BoxBody<Bytes, std::io::Error>;

/// Serves an operator on a socket until `shutdown` resolves.
pub async fn serve(listener: UnixListener, operator: Arc<dyn Operator>, shutdown: impl Future<Output = ()>) {
    let owner = owner(&listener);
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut serving = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &places) => accepted,
            () = &mut shutdown => break,
        };
        while serving.try_join_next().is_some() {}
        match accepted {
            Ok((stream, place)) => {
                let operator = Arc::clone(&operator);
                serving.spawn(async move {
                    connection(stream, owner, operator).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection of an operator was not accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    let drained = async { while serving.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(DRAIN, drained).await;
}

async fn accept(
    listener: &UnixListener,
    places: &Arc<Semaphore>,
) -> std::io::Result<(UnixStream, tokio::sync::OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.map_err(std::io::Error::other)?;
    Ok((listener.accept().await?.0, place))
}

/// The host's own user: whoever made the socket.
fn owner(listener: &UnixListener) -> Option<u32> {
    let address = listener.local_addr().ok()?;
    std::fs::metadata(address.as_pathname()?).ok().map(|socket| socket.uid())
}

/// Whether the other end is of the host's own user, or of the superuser.
fn is_own(stream: &UnixStream, owner: Option<u32>) -> bool {
    stream.peer_cred().is_ok_and(|peer| Some(peer.uid()) == owner || peer.uid() == 0)
}

async fn connection(stream: UnixStream, owner: Option<u32>, operator: Arc<dyn Operator>) {
    if !is_own(&stream, owner) {
        tracing::warn!("somebody who is not the host's own user tried to operate it");
        return;
    }
    let service = hyper::service::service_fn(move |request| {
        let operator = Arc::clone(&operator);
        async move { Ok::<_, std::convert::Infallible>(answer(&*operator, request).await) }
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME_MAX).max_buf_size(HEAD_BYTES_MAX);
    if let Err(error) = builder.serve_connection(TokioIo::new(stream), service).await {
        tracing::debug!(%error, "a connection of an operator ended");
    }
}

async fn answer(operator: &dyn Operator, request: hyper::Request<Incoming>) -> Response<Body> {
    let answered = match read(request).await {
        Ok(request) => operator.call(request).await,
        Err(refusal) => Err(refusal),
    };
    match answered {
        Ok(Answer::Json(value)) => json(StatusCode::OK, &value),
        Ok(Answer::Flow(flow)) => {
            let mut response = Response::new(BodyExt::boxed(StreamBody::new(frames(flow))));
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
            response
        }
        Err(refusal) => {
            let status = match refusal.code.as_str() {
                "unknown-action" | "unknown-tenant" => StatusCode::NOT_FOUND,
                "method" => StatusCode::METHOD_NOT_ALLOWED,
                "unavailable" => StatusCode::SERVICE_UNAVAILABLE,
                "internal" => StatusCode::INTERNAL_SERVER_ERROR,
                "tenant-exists" | "not-empty" | "unfinished" | "left-out" | "busy" => StatusCode::CONFLICT,
                _ => StatusCode::BAD_REQUEST,
            };
            let mut response = json(status, &serde_json::to_value(&refusal).unwrap_or_default());
            if status == StatusCode::METHOD_NOT_ALLOWED {
                response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
            }
            response
        }
    }
}

fn json(status: StatusCode, value: &Value) -> Response<Body> {
    let body = Full::new(Bytes::from(format!("{value}\n"))).map_err(|never| match never {});
    let mut response = Response::new(BodyExt::boxed(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

async fn read(request: hyper::Request<Incoming>) -> Result<Request, Refusal> {
    let wrong = |message: String| Refusal::new("invalid-request", message);
    if request.method() != Method::POST {
        return Err(Refusal::new("method", "an action is called with POST"));
    }
    let action = request.uri().path().strip_prefix("/v1/").unwrap_or_default().to_owned();
    if action.is_empty() || action.contains('/') {
        return Err(Refusal::new("unknown-action", "an action is called as `/v1/<action>`"));
    }
    let (head, body) = request.into_parts();
    let kind = head.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("application/json");
    let parse = |text: &[u8]| {
        let text = if text.is_empty() { b"{}" } else { text };
        serde_json::from_slice(text).map_err(|error| wrong(format!("the input is no JSON: {error}")))
    };
    if kind == "application/octet-stream" {
        let input = parse(head.headers.get("cortex-input").map_or(b"".as_slice(), HeaderValue::as_bytes))?;
        return Ok(Request { action, input, upload: Some(upload(body, Some(UPLOAD_PAUSE_MAX))) });
    }
    let body = Limited::new(body, JSON_BYTES_MAX).collect().await.map_err(|error| wrong(error.to_string()))?;
    Ok(Request { action, input: parse(&body.to_bytes())?, upload: None })
}

/// A body as a flow. It is read by a task of its own, which ends with either side, or where nothing comes for longer
/// than `pause_max`.
pub(crate) fn upload(mut body: Incoming, pause_max: Option<Duration>) -> Flow {
    let (mut writer, flow) = flow();
    tokio::spawn(async move {
        loop {
            let pause_max = pause_max.unwrap_or(Duration::MAX);
            let frame = match tokio::time::timeout(pause_max, body.frame()).await {
                Ok(Some(frame)) => frame,
                Ok(None) => break,
                Err(_) => {
                    let reason = format!("no byte came for {} seconds", pause_max.as_secs());
                    return writer.end(Err(reason)).await;
                }
            };
            let bytes = match frame.map(Frame::into_data) {
                Ok(Ok(bytes)) => bytes,
                Ok(Err(_)) => continue,
                Err(error) => return writer.end(Err(error.to_string())).await,
            };
            if writer.send(bytes).await.is_err() {
                return;
            }
        }
        // A body that is cut off ends with an error, not with its end.
        writer.end(Ok(())).await;
    });
    flow
}

/// A flow as the frames of a body.
pub(crate) fn frames(flow: Flow) -> impl futures_util::Stream<Item = std::io::Result<Frame<Bytes>>> + Send + Sync {
    stream::unfold(Some(flow), |flow| async move {
        let mut flow = flow?;
        match flow.next().await {
            Ok(Some(bytes)) => Some((Ok(Frame::data(bytes)), Some(flow))),
            Ok(None) => None,
            Err(error) => {
                tracing::warn!(%error, "an answer to an operator was cut off");
                Some((Err(error), None))
            }
        }
    })
}
