// SPDX-License-Identifier: MIT OR Apache-2.0
//! Archives that are written while sixty-four clients post: each is the ledger of one moment.

use super::{blocking, client, export, import, on_postgres, start};
use conformance::TestHost;
use conformance::books::{self, ACCOUNTING, entry, path, set_up};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// Clients that post at the same time.
const CLIENTS: usize = 64;

/// Archives that are written meanwhile.
const ARCHIVES: usize = 3;

/// The external ids that were acknowledged.
type Acknowledged = Arc<Mutex<BTreeSet<String>>>;

fn load(host: &TestHost, stop: &Arc<AtomicBool>, acknowledged: &Acknowledged) -> Vec<std::thread::JoinHandle<()>> {
    let clients = (0..CLIENTS).map(|number| {
        let (client, stop, acknowledged) = (host.client.clone(), Arc::clone(stop), Arc::clone(acknowledged));
        std::thread::spawn(move || {
            let mut count = 0;
            while !stop.load(Ordering::Relaxed) {
                let id = format!("{number}-{count}");
                count += 1;
                let posted = client.call(&path("journal/post"), &json!({ "entry": entry("2026-03-01", &id) })).unwrap();
                // On a loaded machine one may come too late or find no room; it says so.
                if posted.status == 200 {
                    acknowledged.lock().unwrap().insert(id);
                }
            }
        })
    });
    clients.collect()
}

async fn until(acknowledged: &Acknowledged, count: usize) {
    while acknowledged.lock().unwrap().len() < count {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

async fn check(host: &TestHost) {
    let old = host.client.clone();
    blocking(move || set_up(&old).unwrap()).await;
    let (stop, acknowledged) = (Arc::new(AtomicBool::new(false)), Acknowledged::default());
    let clients = load(host, &stop, &acknowledged);
    let mut archives = Vec::new();
    for number in 1..=ARCHIVES {
        until(&acknowledged, number * 100).await;
        let before = acknowledged.lock().unwrap().clone();
        archives.push((before, export(host.directory.path(), "test").await));
    }
    stop.store(true, Ordering::Relaxed);
    blocking(move || clients.into_iter().for_each(|client| client.join().unwrap())).await;
    let mut sizes = Vec::new();
    for (number, (before, archive)) in archives.into_iter().enumerate() {
        let name = format!("moment-{number}");
        import(host.directory.path(), &archive, &name, false).await.unwrap();
        let client = client(host, &name).await;
        let found = blocking(move || {
            let entries = books::entries(&client).unwrap();
            books::assert_gapless(&entries);
            let balances = books::balances(&client).unwrap();
            assert_eq!(balances.values().sum::<i64>(), 0);
            assert_eq!(balances["1010"], 11_900 * i64::try_from(entries.len()).unwrap(), "no entry is there in part");
            entries
        })
        .await;
        let ids: BTreeSet<_> = found.iter().map(|entry| entry["external_id"].as_str().unwrap().to_owned()).collect();
        assert!(ids.is_superset(&before), "what was acknowledged before it was begun is in it");
        sizes.push(ids.len());
    }
    assert!(sizes.is_sorted() && sizes[0] >= 100, "{sizes:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_archive_of_a_busy_ledger_is_the_ledger_of_one_moment() {
    let host = start(&[ACCOUNTING]).await;
    check(&host).await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgresql_likewise() {
    let Some((host, _database)) = on_postgres(&[ACCOUNTING]).await else { return };
    check(&host).await;
    host.stop().await;
}
