// SPDX-License-Identifier: MIT OR Apache-2.0
//! The process is killed in the middle of its work, several times. What it acknowledged is there, nothing is half there.
//!
//! A kill leaves what the operating system was given; that a commit also survives a loss of power rests on SQLite's
//! `synchronous = FULL`, which a test of the settings looks at.

use super::fixture::{Fixture, Sql};
use crate::Settings;
use cap_storage::Value;
use kernel_engine::Verdict;
use kernel_types::Effect;
use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// Set in the child: the directory of the store.
const DIRECTORY: &str = "CORTEX_TEST_CRASH_DIRECTORY";
/// Set in the child: the first id to use.
const FIRST: &str = "CORTEX_TEST_CRASH_FIRST";
/// After how many acknowledgements each child is killed.
const KILLS: &[usize] = &[1, 7, 40, 3, 120, 300, 15, 64];
const CLIENTS: usize = 8;

/// Adds pairs of rows for ever, every third of them to be rolled back, and prints the id of each that is acknowledged.
async fn work_until_killed(directory: &Path, first: i64) {
    let store =
        crate::SqliteStore::open(directory, Settings { checkpoint_wal_bytes: 256 << 10, ..Settings::default() });
    let tenant = kernel_types::TenantId::parse("demo").unwrap();
    let next = Arc::new(AtomicI64::new(first));
    let store = store.unwrap();
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..CLIENTS {
        let (store, tenant, next) = (store.clone(), tenant.clone(), Arc::clone(&next));
        clients.spawn(async move {
            loop {
                let id = next.fetch_add(1, Relaxed);
                let unit = Box::new(move |opened: kernel_engine::Extensions| -> kernel_engine::BoxFuture<'static, _> {
                    let sql = Sql { session: opened.get().unwrap(), component: super::fixture::component("shop") };
                    Box::pin(async move {
                        sql.add(id).await.unwrap();
                        tokio::task::yield_now().await;
                        sql.add(-id).await.unwrap();
                        if id % 3 == 0 { Verdict::Rollback } else { Verdict::Commit }
                    })
                });
                let far = Instant::now() + Duration::from_secs(60);
                let answer = kernel_engine::Transactor::run(&store, &tenant, Effect::Write, far, unit).await;
                if answer == Ok(Verdict::Commit) {
                    let mut out = std::io::stdout().lock();
                    writeln!(out, "ack {id}").unwrap();
                    out.flush().unwrap();
                }
            }
        });
    }
    // None of them ends but by a fault.
    if let Some(Err(fault)) = clients.join_next().await {
        panic!("{fault}");
    }
}

/// Runs a child until it has acknowledged `count` units, kills it, and returns all that it acknowledged.
fn run_and_kill(directory: &Path, first: i64, count: usize) -> BTreeSet<i64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["tests::crash::nothing_acknowledged_is_lost_when_the_process_is_killed", "--exact", "--nocapture"])
        .env(DIRECTORY, directory)
        .env(FIRST, first.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut acknowledged = BTreeSet::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let Ok(line) = line else { break };
        if let Some(id) = line.strip_prefix("ack ").and_then(|id| id.parse().ok()) {
            acknowledged.insert(id);
        }
        if acknowledged.len() == count {
            child.kill().unwrap();
        }
    }
    assert!(!child.wait().unwrap().success());
    acknowledged
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_when_the_process_is_killed() {
    if let (Ok(directory), Ok(first)) = (std::env::var(DIRECTORY), std::env::var(FIRST)) {
        return work_until_killed(directory.as_ref(), first.parse().unwrap()).await;
    }
    let fixture = Fixture::new().await;
    let mut directory = Arc::clone(&fixture.directory);
    assert!(fixture.store.shutdown(Instant::now() + Duration::from_secs(10)).await);
    drop(fixture);
    let mut acknowledged = BTreeSet::new();
    for (round, count) in (1..).zip(KILLS) {
        acknowledged.extend(run_and_kill(directory.path(), round * 1_000_000, *count));
        let fixture = Fixture::open(directory, Settings::default()).await;
        let items = BTreeSet::from_iter(fixture.items().await);
        for id in &acknowledged {
            assert!(items.contains(id), "{id} was acknowledged and is lost");
        }
        for id in &items {
            assert!(items.contains(&-id), "half of {id} is there");
            assert!(id % 3 != 0, "{id} was rolled back and is there");
        }
        let check = fixture.store.read_host(&fixture.tenant, |tables| tables.integrity()).await.unwrap();
        assert_eq!(check, "ok");
        directory = Arc::clone(&fixture.directory);
        assert!(fixture.store.shutdown(Instant::now() + Duration::from_secs(10)).await);
    }
    assert!(acknowledged.len() >= KILLS.iter().sum::<usize>());
}

#[tokio::test]
async fn a_commit_is_synced() {
    let fixture = Fixture::new().await;
    for (pragma, expected) in [("synchronous", 2), ("foreign_keys", 1), ("trusted_schema", 0), ("cell_size_check", 1)] {
        let value = fixture.store.write_host(&fixture.tenant, move |tables| tables.pragma(pragma)).await.unwrap();
        assert_eq!(value, Value::Integer(expected), "{pragma}");
    }
    let journal = fixture.store.write_host(&fixture.tenant, |tables| tables.pragma("journal_mode")).await.unwrap();
    assert_eq!(journal, Value::Text("wal".into()));
}
