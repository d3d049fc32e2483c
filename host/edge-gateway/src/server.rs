// SPDX-License-Identifier: MIT OR Apache-2.0
//! Connections: accepted, bounded in number, served by hyper's HTTP/1.1, and drained when the host stops.
//!
//! hyper is used directly, without a router or layers around it: the header timeout, the limits on heads and the way a
//! connection ends are set here, and a request goes straight to [`Gateway::serve`]. TLS and HTTP/2 are for a proxy in front.

use crate::backplane::Backplane;
use crate::gateway::Gateway;
use crate::guard::Gauge;
use crate::settings::Settings;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How long nothing is accepted after the system refused: out of file descriptors, most likely, and asking again at once
/// would only burn processor time.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Refused connections that are told so at a time; more are closed without a word.
const REFUSALS_MAX: usize = 64;

/// How long a refused connection may take to hear that it is refused, and one whose request was not read to the end may go
/// on sending: closing at once would destroy the answer before it is read.
const LINGER: Duration = Duration::from_secs(2);

/// What is read and thrown away in that time.
const LINGER_BYTES_MAX: usize = 16 << 20;

/// hyper's least buffer.
const BUFFER_BYTES_MIN: usize = 8 << 10;

/// How serving ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// Every request was answered.
    Completely,
    /// The time was over; so many connections were cut, and what ran for them was rolled back.
    Cut(usize),
}

/// Serves until `shutdown` resolves; then accepts nothing more, lets running requests end within
/// [`Settings::drain_ms_max`], and cuts what is left.
pub async fn serve(
    listener: TcpListener,
    backplane: Arc<dyn Backplane>,
    settings: Settings,
    shutdown: impl Future<Output = ()>,
) -> Drained {
    let drain = Duration::from_millis(settings.drain_ms_max);
    let server = Server::new(Arc::new(Gateway::new(backplane, settings)));
    let (stop, stopping) = watch::channel(false);
    let mut tasks = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            Some(_) = tasks.join_next(), if !tasks.is_empty() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => server.welcome(stream, &mut tasks, stopping.clone()),
                Err(error) => {
                    tracing::warn!(%error, "no connection could be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    server.gateway.drain();
    let _ = stop.send(true);
    let all = async { while tasks.join_next().await.is_some() {} };
    if timeout(drain, all).await.is_ok() {
        return Drained::Completely;
    }
    let left = tasks.len();
    tasks.shutdown().await;
    tracing::warn!(connections = left, "connections were cut: their requests did not end in time");
    Drained::Cut(left)
}

struct Server {
    gateway: Arc<Gateway>,
    http: Arc<http1::Builder>,
    connections: Gauge,
    refusals: Gauge,
}

impl Server {
    fn new(gateway: Arc<Gateway>) -> Self {
        let settings = gateway.settings();
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(Duration::from_millis(settings.head_ms_max))
            .max_headers(settings.header_fields_max)
            .max_header_size(settings.head_bytes_max)
            .max_buf_size(settings.head_bytes_max.max(BUFFER_BYTES_MIN))
            .half_close(false);
        Self { gateway, http: Arc::new(http), connections: Gauge::default(), refusals: Gauge::default() }
    }

    /// Takes a connection into service, or refuses it where there are too many.
    fn welcome(&self, stream: TcpStream, tasks: &mut JoinSet<()>, stopping: watch::Receiver<bool>) {
        // Answers are written whole; waiting for more to send would only delay them.
        let _ = stream.set_nodelay(true);
        let settings = self.gateway.settings();
        if let Some(permit) = self.connections.enter(settings.connections_max) {
            let (gateway, http) = (Arc::clone(&self.gateway), Arc::clone(&self.http));
            tasks.spawn(async move {
                let _permit = permit;
                converse(&gateway, &http, stream, stopping).await;
            });
        } else if let Some(permit) = self.refusals.enter(REFUSALS_MAX) {
            let answer = refusal(settings.retry_after_seconds);
            tasks.spawn(async move {
                let _permit = permit;
                let _ = timeout(LINGER, refuse(stream, answer)).await;
            });
        }
    }
}

/// Serves one connection until it ends. A request whose client goes away is dropped with it.
async fn converse(
    gateway: &Arc<Gateway>,
    http: &http1::Builder,
    stream: TcpStream,
    mut stopping: watch::Receiver<bool>,
) {
    let unread = Arc::new(AtomicBool::new(false));
    let service = {
        let unread = Arc::clone(&unread);
        service_fn(move |request| {
            let (gateway, unread) = (Arc::clone(gateway), Arc::clone(&unread));
            async move { Ok::<_, Infallible>(gateway.serve(request, &unread).await) }
        })
    };
    let mut connection = http.serve_connection(TokioIo::new(stream), service);
    let ended = tokio::select! {
        ended = &mut connection => Some(ended),
        () = stopped(&mut stopping) => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            Pin::new(&mut connection).graceful_shutdown();
            (&mut connection).await
        }
    };
    match ended {
        Ok(()) if unread.load(Ordering::Relaxed) => {
            let stream = connection.into_parts().io.into_inner();
            let _ = timeout(LINGER, discard(stream)).await;
        }
        Ok(()) => {}
        Err(error) => tracing::debug!(%error, "a connection ended early"),
    }
}

async fn stopped(stopping: &mut watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stop| *stop).await;
}

/// What a connection hears that is one too many. It is written before anything is read, so that it costs nothing.
fn refusal(retry_after_seconds: u64) -> String {
    let body = concat!(
        r#"{"type":"urn:cortex:problem:busy","title":"the host is busy","status":503,"#,
        r#""detail":"the host has as many connections as it may; try again later","code":"busy"}"#
    );
    format!(
        "HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-type: application/problem+json\r\n\
         retry-after: {retry_after_seconds}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

async fn refuse(mut stream: TcpStream, answer: String) -> std::io::Result<()> {
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await?;
    discard(stream).await
}

/// Reads what the peer still sends, until it ends or has sent too much.
async fn discard(mut stream: TcpStream) -> std::io::Result<()> {
    let mut buffer = vec![0; 16 << 10];
    let mut total = 0_usize;
    while total < LINGER_BYTES_MAX {
        match stream.read(&mut buffer).await? {
            0 => break,
            length => total = total.saturating_add(length),
        }
    }
    Ok(())
}
