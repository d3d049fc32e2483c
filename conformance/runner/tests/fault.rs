// SPDX-License-Identifier: MIT OR Apache-2.0
//! The database goes away for ten seconds under a posting load, in each way that one can: callers hear 503 with Retry-After within
//! their time, readiness goes false, nothing piles up, and the host goes on by itself. A commit whose answer is lost is told as
//! that.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a helper of a test is a test"
)]

#[path = "fault/load.rs"]
mod load;

use backend_postgres::PostgresStore;
use conformance::TestHost;
use conformance::backend::{Backend, CONNECTIONS_MAX, open};
use conformance::books::{self, ACCOUNTING, path};
use conformance::wire::{Reply, Request};
use load::Load;
use serde_json::json;
use services::{Line, OwnServer, Proxy};
use std::time::{Duration, Instant};

/// How long the database is gone.
const GONE: Duration = Duration::from_secs(10);

/// How long anything that must come by itself is waited for: far longer than it takes, on a machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(120);

/// A host with a ledger on this database, and the store that it uses.
async fn host(url: &str) -> (TestHost, PostgresStore) {
    let store = open(url).await;
    let used = store.clone();
    let host = TestHost::start_with(&[ACCOUNTING], move |settings| settings.database = Some(used)).await;
    let client = host.client.clone();
    tokio::task::spawn_blocking(move || books::set_up(&client).unwrap()).await.unwrap();
    (host, store)
}

/// Asks for readiness until it is as expected.
async fn until_ready(host: &TestHost, expected: bool) {
    let (url, begin) = (host.url.clone(), Instant::now());
    let asked = tokio::task::spawn_blocking(move || {
        loop {
            let reply = Request::new("GET", "/readyz").send(&url);
            let found = match reply.answer.status {
                200 => true,
                503 => false,
                _ => panic!("{reply:?}"),
            };
            if found == expected {
                assert!(found || reply.header("retry-after").is_some(), "{reply:?}");
                return;
            }
            assert!(begin.elapsed() < PATIENCE, "the host's readiness stays {found}");
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    asked.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
}

/// Waits until no more tasks live than there did.
async fn until_tasks(most: usize) {
    let begin = Instant::now();
    loop {
        let alive = tokio::runtime::Handle::current().metrics().num_alive_tasks();
        if alive <= most {
            return;
        }
        assert!(begin.elapsed() < PATIENCE, "{alive} tasks live, {most} did before");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Runs a load, takes the database away and gives it back, and holds what was answered against what is there.
async fn survives(url: &str, mut away: impl FnMut(), mut back: impl FnMut()) {
    let (host, store) = host(url).await;
    until_ready(&host, true).await;
    let warm = Load::start(&host, "warm");
    let answers = warm.until(|answers| answers.len() >= 8).await;
    assert!(answers.iter().all(|answer| answer.reply.answer.status == 200), "{answers:?}");
    let before = tokio::runtime::Handle::current().metrics().num_alive_tasks();

    let load = Load::start(&host, "fault");
    load.watch(|answers| answers.len() >= 8).await;
    away();
    let gone = Instant::now();
    until_ready(&host, false).await;
    let told = load.count();
    tokio::time::sleep(GONE.saturating_sub(gone.elapsed())).await;
    load.watch(|answers| answers.len() >= told + 4).await;
    back();
    until_ready(&host, true).await;
    let told = load.count();
    load.watch(|answers| answers[told..].iter().any(|answer| answer.reply.answer.status == 200)).await;
    let answers = load.until(|_| true).await;

    let refused: Vec<_> = answers.iter().filter(|answer| answer.reply.answer.status != 200).collect();
    assert!(refused.len() >= 4, "the load did not meet the fault: {answers:?}");
    refused.iter().for_each(|answer| answer.assert_told());
    load::assert_kept(&host, &answers).await;
    assert!(store.connections_open() <= CONNECTIONS_MAX, "{} connections", store.connections_open());
    // Some of those that were there may have ended as idle ones.
    until_tasks(before + 8).await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_that_drops_is_survived() {
    let Some(Backend::Postgres(database)) = Backend::postgres("a_line_that_drops_is_survived") else { return };
    let proxy = Proxy::to(&database.url);
    survives(&proxy.url, || proxy.set(Line::Drop), || proxy.set(Line::Pass)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_that_stalls_is_survived() {
    let Some(Backend::Postgres(database)) = Backend::postgres("a_line_that_stalls_is_survived") else { return };
    let proxy = Proxy::to(&database.url);
    survives(&proxy.url, || proxy.set(Line::Stall), || proxy.set(Line::Pass)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_hangs_is_survived() {
    let Some(server) = OwnServer::start("a_server_that_hangs_is_survived") else { return };
    survives(&server.url, || server.freeze(), || server.thaw()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_stopped_and_started_is_survived() {
    let Some(server) = OwnServer::start("a_server_that_is_stopped_and_started_is_survived") else { return };
    let url = server.url.clone();
    let server = parking_lot::Mutex::new(server);
    survives(&url, || server.lock().stop(), || server.lock().go()).await;
}

/// A commit whose answer is lost: the caller is told that nobody knows, whichever it was; sent again, it is there once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_is_cut_is_told_as_one_that_nobody_knows_of() {
    let Some(Backend::Postgres(database)) = Backend::postgres("a_commit_that_is_cut") else { return };
    let proxy = Proxy::to(&database.url);
    let (host, _store) = host(&proxy.url).await;
    let post = |id: &'static str| {
        let request = Request::new("POST", &path("journal/post")).token(&host.client.token);
        let request = request.json(json!({ "entry": books::entry("2026-05-01", id) }).to_string());
        let url = host.url.clone();
        async move { tokio::task::spawn_blocking(move || request.send(&url)).await.unwrap() }
    };
    let status = |reply: &Reply| (reply.answer.status, reply.answer.code().to_owned());
    for (id, line, arrived) in [("before", Line::CutBeforeCommit, false), ("after", Line::CutAfterCommit, true)] {
        until_ready(&host, true).await;
        proxy.set(line);
        let reply = post(id).await;
        proxy.set(Line::Pass);
        assert_eq!(status(&reply), (504, "outcome-unknown".to_owned()), "{id}: {reply:?}");
        assert!(reply.answer.detail().contains("all of the request took effect, or nothing"), "{reply:?}");
        until_ready(&host, true).await;
        let again = post(id).await;
        let expected = if arrived { (409, "external-id-taken".to_owned()) } else { (200, String::new()) };
        assert_eq!(status(&again), expected, "{id}: {again:?}");
    }
    let client = host.client.clone();
    let entries = tokio::task::spawn_blocking(move || books::entries(&client).unwrap()).await.unwrap();
    assert_eq!(entries.len(), 2);
    books::assert_gapless(&entries);
}
