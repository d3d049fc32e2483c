// SPDX-License-Identifier: MIT OR Apache-2.0
//! Connections: HTTP/1.1, bounded in number and in the time that they may stand idle. TLS is for a proxy in front.

use crate::http;
use crate::store::Store;
use axum::body::Body;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// How long nothing is accepted after the system refused.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How long running requests have when the registry stops. What an upload has by then, stays.
const DRAIN: Duration = Duration::from_secs(10);
/// How often what nothing names any more is removed.
const COLLECT_EVERY: Duration = Duration::from_secs(3600);

/// Serves until `shutdown` resolves.
pub async fn serve(listener: TcpListener, store: Arc<Store>, shutdown: impl Future<Output = ()>) {
    let connections = Arc::new(Semaphore::new(store.settings().connections_max));
    let (stop, stopping) = watch::channel(false);
    let mut tasks = JoinSet::new();
    let collecting = tokio::spawn(collect(Arc::clone(&store)));
    let mut shutdown = pin!(shutdown);
    loop {
        while tasks.try_join_next().is_some() {}
        let next = async {
            let permit = Arc::clone(&connections).acquire_owned().await;
            (permit, listener.accept().await)
        };
        tokio::select! {
            () = &mut shutdown => break,
            (permit, accepted) = next => match accepted {
                Ok((stream, _)) => {
                    let (store, stopping) = (Arc::clone(&store), stopping.clone());
                    tasks.spawn(async move {
                        let _permit = permit;
                        converse(store, stream, stopping).await;
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "no connection could be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    let _ = stop.send(true);
    let all = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(DRAIN, all).await.is_err() {
        tracing::warn!(connections = tasks.len(), "connections were cut: their requests did not end in time");
        tasks.shutdown().await;
    }
    collecting.abort();
    // It holds the store, which the next one may want to open.
    let _ = collecting.await;
}

async fn collect(store: Arc<Store>) {
    let mut every = tokio::time::interval_at(Instant::now() + COLLECT_EVERY, COLLECT_EVERY);
    loop {
        every.tick().await;
        let store = Arc::clone(&store);
        match tokio::task::spawn_blocking(move || store.collect(SystemTime::now())).await {
            Ok(Ok(collected)) => tracing::info!(?collected, "collected"),
            Ok(Err(refusal)) => tracing::error!(cause = ?refusal.cause, "nothing could be collected"),
            Err(error) => tracing::error!(%error, "nothing could be collected"),
        }
    }
}

async fn converse(store: Arc<Store>, stream: TcpStream, mut stopping: watch::Receiver<bool>) {
    let _ = stream.set_nodelay(true);
    let idle = Duration::from_millis(store.settings().idle_ms_max);
    let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let store = Arc::clone(&store);
        async move { Ok::<_, Infallible>(http::answer(&store, request.map(Body::new)).await) }
    });
    let mut builder = http1::Builder::new();
    let builder = builder.timer(TokioTimer::new()).header_read_timeout(idle).half_close(false);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = stopped(&mut stopping) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

async fn stopped(stopping: &mut watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stop| *stop).await;
}
