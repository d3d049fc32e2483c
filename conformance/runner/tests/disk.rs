// SPDX-License-Identifier: MIT OR Apache-2.0
//! SQLite without room, and with files that cannot be written: changes are refused as 503, what reads goes on, nothing is corrupt,
//! and the tenant is served again by itself.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a helper of a test is a test"
)]

#[path = "disk/mount.rs"]
mod mount;

use conformance::TestHost;
use conformance::books::{self, ACCOUNTING, path};
use conformance::client::Client;
use conformance::wire::{Reply, Request};
use mount::Mounted;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Entries in one request: some hundred pages.
const ENTRIES: usize = 500;

fn many(name: &str) -> Value {
    let entries: Vec<_> = (0..ENTRIES).map(|n| books::entry("2026-05-01", &format!("{name}-{n}"))).collect();
    json!({ "entries": entries })
}

fn post_many(host: &(String, Client), name: &str) -> Reply {
    let request = Request::new("POST", &path("journal/post-many")).token(&host.1.token);
    request.json(many(name).to_string()).send(&host.0)
}

/// Posts until a request is refused for want of room, which it says as it should; returns the entries that were acknowledged.
fn fill(host: &(String, Client)) -> usize {
    for round in 0..1_000 {
        let reply = post_many(host, &format!("fill-{round}"));
        if reply.answer.status != 200 {
            assert_unavailable(&reply);
            return round * ENTRIES;
        }
    }
    panic!("it is never full");
}

fn assert_unavailable(reply: &Reply) {
    assert_eq!(reply.answer.status, 503, "{reply:?}");
    assert_eq!(reply.header("content-type"), Some("application/problem+json"), "{reply:?}");
    assert!(reply.header("retry-after").is_some(), "{reply:?}");
    assert!(!reply.answer.body.to_string().contains("sqlite"), "it is for the operator: {reply:?}");
}

/// What reads goes on, and finds what was acknowledged.
fn assert_reads(host: &(String, Client), entries: usize) {
    let listed = books::entries(&host.1).unwrap();
    assert_eq!(listed.len(), entries);
    books::assert_gapless(&listed);
    books::balances(&host.1).unwrap();
    let ready = Request::new("GET", "/readyz").send(&host.0);
    assert_eq!(ready.answer.status, 200, "{ready:?}");
}

fn database(directory: &Path) -> PathBuf {
    cortex::layout::Layout::at(directory).data().join("tenants/test/data.sqlite")
}

fn assert_whole(directory: &Path) {
    let connection = rusqlite::Connection::open(database(directory)).unwrap();
    let found: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(found, "ok");
    let broken: Vec<String> = {
        let mut statement = connection.prepare("PRAGMA foreign_key_check").unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    assert_eq!(broken, Vec::<String>::new());
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
}

/// A database at its largest: another start with more room goes on where it was.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_database_refuses_changes_and_goes_on_with_more_room() {
    const PAGES: u32 = 1_000;
    let host = TestHost::start_with(&[ACCOUNTING], |settings| settings.store.database_pages_max = PAGES).await;
    let (directory, called) = (Arc::clone(&host.directory), (host.url.clone(), host.client.clone()));
    let entries = blocking(move || {
        books::set_up(&called.1).unwrap();
        let entries = fill(&called);
        assert_reads(&called, entries);
        assert_unavailable(&post_many(&called, "still"));
        entries
    })
    .await;
    let token = host.client.token.clone();
    host.stop().await;
    assert_whole(directory.path());
    let host = TestHost::reopen(Arc::clone(&directory), &token).await;
    let called = (host.url.clone(), host.client.clone());
    blocking(move || {
        assert_eq!(post_many(&called, "room").answer.status, 200);
        assert_reads(&called, entries + ENTRIES);
    })
    .await;
    host.stop().await;
    assert_whole(directory.path());
}

/// A real disk that is full, where the test may make one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_changes_and_goes_on_when_there_is_room() {
    let Some(disk) = Mounted::disk(16 << 20, "a full disk") else { return };
    let directory = Arc::new(tempfile::tempdir_in(disk.path()).unwrap());
    let host = TestHost::start_in(Arc::clone(&directory), &[ACCOUNTING], |_| {}).await;
    let called = (host.url.clone(), host.client.clone());
    let ballast = disk.path().join("ballast");
    let entries = blocking(move || {
        books::set_up(&called.1).unwrap();
        mount::fill(&ballast);
        let entries = fill(&called);
        assert_reads(&called, entries);
        std::fs::remove_file(&ballast).unwrap();
        let entries = entries + ENTRIES;
        assert_eq!(post_many(&called, "room").answer.status, 200);
        assert_reads(&called, entries);
        entries
    })
    .await;
    assert!(entries >= ENTRIES);
    host.stop().await;
    assert_whole(directory.path());
    drop(directory);
}

/// The file of a tenant becomes one that cannot be written, and is one again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_cannot_be_written_refuses_changes_and_goes_on_when_it_can() {
    let host = TestHost::start_with(&[ACCOUNTING], |settings| settings.store.idle_ms = 100).await;
    let other = host.tenant("other", &[ACCOUNTING]).await;
    let directory = Arc::clone(&host.directory);
    let called = (host.url.clone(), host.client.clone());
    blocking(move || {
        books::set_up(&called.1).unwrap();
        books::set_up(&other).unwrap();
        assert_eq!(post_many(&called, "before").answer.status, 200);
        let file = database(directory.path());
        let Some(locked) = Mounted::read_only(&file, "a read-only file") else { return };
        // Connections of then may write; they are closed when nobody uses them.
        let begin = std::time::Instant::now();
        let mut taken = 1;
        loop {
            let reply = post_many(&called, &format!("locked-{taken}"));
            if reply.answer.status != 200 {
                assert_unavailable(&reply);
                break;
            }
            taken += 1;
            assert!(begin.elapsed().as_secs() < 120, "it is written all the same");
            std::thread::sleep(std::time::Duration::from_millis(500));
        }
        assert_reads(&called, taken * ENTRIES);
        assert_eq!(post_many(&(called.0.clone(), other.clone()), "other").answer.status, 200, "another tenant's file");
        drop(locked);
        let begin = std::time::Instant::now();
        while post_many(&called, "after").answer.status != 200 {
            assert!(begin.elapsed().as_secs() < 120, "it is not written again");
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        assert_reads(&called, (taken + 1) * ENTRIES);
    })
    .await;
    let directory = Arc::clone(&host.directory);
    host.stop().await;
    assert_whole(directory.path());
}
