// SPDX-License-Identifier: MIT OR Apache-2.0
//! Two host processes on one database: clients post through both, one host is killed under the load, and whoever had no answer asks
//! the other with the same idempotency key. Nothing is lost, nothing is there twice, numbers have no gap, and both say the same.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test is a test"
)]

use conformance::backend::Backend;
use conformance::books::{self, ACCOUNTING, path};
use conformance::client::Client;
use conformance::process::Process;
use parking_lot::{Mutex, RwLock};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Clients at a time; half of them begin with each host.
const CLIENTS: usize = 6;

/// Entries that each of them posts.
const POSTS: usize = 25;

/// Kills: one host and the other in turns, each after so many more acknowledged posts.
const KILLS: usize = 3;
const POSTS_PER_KILL: usize = 30;

/// How long a client tries to post one entry: far longer than a host takes to start.
const PATIENCE: Duration = Duration::from_secs(180);

/// The pause before a client asks the other host.
const PAUSE: Duration = Duration::from_millis(20);

/// What a host can be asked by; another one once it was started again.
type Hosts = [RwLock<Client>; 2];

fn start(backend: &Backend, directory: &tempfile::TempDir) -> Process {
    Process::start(env!("CARGO_BIN_EXE_conformance-host"), backend, directory.path(), &[ACCOUNTING])
}

/// Posts one entry, at one host and then the other until one says that it is there.
fn post(hosts: &Hosts, first: usize, id: &str) -> Value {
    let input = json!({ "entry": books::entry("2026-05-01", id) });
    let begin = Instant::now();
    for attempt in 0.. {
        let client = hosts[(first + attempt) % 2].read().clone();
        match client.call_with_key(&path("journal/post"), &input, id) {
            Ok(answer) if answer.status == 200 => return answer.body,
            // A host that is full, that lost its database, or whose unit gave way too often.
            Ok(answer) => assert!([503, 504].contains(&answer.status), "{id}: {answer:?}"),
            // A host that was killed.
            Err(_) => {}
        }
        assert!(begin.elapsed() < PATIENCE, "{id} is not posted");
        std::thread::sleep(PAUSE);
    }
    unreachable!()
}

fn load(hosts: &Hosts, acknowledged: &AtomicUsize, receipts: &Mutex<BTreeMap<String, Value>>, client: usize) {
    for number in 0..POSTS {
        let id = format!("{client}-{number}");
        let receipt = post(hosts, client, &id);
        receipts.lock().insert(id, receipt);
        acknowledged.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn a_host_that_is_killed_takes_nothing_with_it() {
    let Some(backend) = Backend::postgres("a_host_that_is_killed_takes_nothing_with_it") else { return };
    let directories = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let mut processes = directories.each_ref().map(|directory| start(&backend, directory));
    books::set_up(&processes[0].client).unwrap();
    let hosts: Hosts = [0, 1].map(|host: usize| RwLock::new(processes[host].client.clone()));
    let (acknowledged, receipts) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let (hosts, acknowledged, receipts) = (&hosts, &acknowledged, &receipts);
                scope.spawn(move || load(hosts, acknowledged, receipts, client))
            })
            .collect();
        for kill in 0..KILLS {
            let begin = Instant::now();
            while acknowledged.load(Ordering::SeqCst) < (kill + 1) * POSTS_PER_KILL {
                assert!(begin.elapsed() < PATIENCE, "nothing is posted any more");
                std::thread::sleep(Duration::from_millis(1));
            }
            let host = kill % 2;
            processes[host].kill();
            processes[host] = start(&backend, &directories[host]);
            *hosts[host].write() = processes[host].client.clone();
        }
        clients.into_iter().for_each(|client| client.join().unwrap());
    });

    let receipts = receipts.into_inner();
    assert_eq!(receipts.len(), CLIENTS * POSTS);
    let said = hosts.each_ref().map(|client| {
        let client = client.read().clone();
        let report = client.call(&path("reports/trial-balance"), &json!({ "as_of": "2099-12-31" })).unwrap().ok();
        (books::entries(&client).unwrap(), books::balances(&client).unwrap(), report)
    });
    assert_eq!(said[0], said[1], "the hosts differ");
    let (entries, balances, _) = &said[0];
    books::assert_gapless(entries);
    assert_eq!(entries.len(), receipts.len(), "an entry is lost, or there twice");
    for entry in entries {
        let receipt = &receipts[entry["external_id"].as_str().unwrap()];
        for key in ["id", "journal", "fiscal_year", "number"] {
            assert_eq!(entry[key], receipt[key], "{entry} was acknowledged as {receipt}");
        }
    }
    assert_eq!(balances.get("1010"), Some(&(11_900 * i64::try_from(receipts.len()).unwrap())));
}
