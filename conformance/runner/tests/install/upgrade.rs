// SPDX-License-Identifier: MIT OR Apache-2.0
//! Hot upgrade and roll-back: while many clients call, no request fails, and what was written stays.

use crate::{signed, test};
use conformance::TestHost;
use conformance::bundles::Draft;
use conformance::client::Client;
use cortex::Chosen;
use jiff::Timestamp;
use kernel_types::{ComponentId, Digest};
use serde_json::{Value, json};
use signed_samples::signer;
use std::io::Seek as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

const SHOP: &str = "conformance/guests/storage";

/// Clients that call all the time.
const CLIENTS: usize = 32;

/// Requests at least.
const REQUESTS: usize = 10_000;

/// The guest that runs statements, in a version with so many migrations: each adds a column.
fn shop(version: &str, migrations: usize) -> Draft {
    let draft = Draft::copy_of(SHOP);
    draft.change("cortex.yaml", "version: \"1.0.0\"", &format!("version: \"{version}\""));
    std::fs::create_dir_all(draft.path().join("migrations")).unwrap();
    draft.write(
        "migrations/0001_sales.sql",
        b"CREATE TABLE sales (id INTEGER PRIMARY KEY NOT NULL, item TEXT NOT NULL);\n",
    );
    for number in 2..=migrations {
        let text = format!("ALTER TABLE sales ADD COLUMN note_{number} TEXT;\n");
        draft.write(&format!("migrations/{number:04}_note.sql"), text.as_bytes());
    }
    draft
}

async fn install(host: &TestHost, draft: &Draft) -> Digest {
    host.host.install(signed(draft), true).await.unwrap_or_else(|error| panic!("{error:#}")).digest()
}

/// Agrees to whatever enabling the package would change.
async fn enable(host: &TestHost, package: &Digest) {
    let plan = host.host.plan(&test(), package).await.unwrap();
    let grant = signer().consent(&plan.consent(Timestamp::now())).unwrap();
    let chosen = Chosen { installed: host.host.installed(package).unwrap(), grant };
    host.host.enable_one(&test(), &chosen).await.unwrap_or_else(|error| panic!("{error:#}"));
}

fn sell(client: &Client, id: usize) -> anyhow::Result<(u16, Value)> {
    let insert = json!({ "execute": { "sql": "INSERT INTO sales (id, item) VALUES (?1, ?2)", "parameters": [[{ "integer": id.to_string() }, { "text": "tea" }]] } });
    let answer = client.call("/api/demo-shop/v1/cases/run", &json!({ "steps": [insert] }))?;
    Ok((answer.status, answer.body))
}

/// One shot of all clients over a run of upgrades and roll-backs; returns how many requests were answered.
async fn load(host: &TestHost, during: impl AsyncFnOnce()) -> usize {
    let (stop, next) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(1)));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (client, stop, next) = (host.client.clone(), Arc::clone(&stop), Arc::clone(&next));
            std::thread::spawn(move || {
                let mut answered = 0;
                while !stop.load(Ordering::Acquire) || next.load(Ordering::Acquire) <= REQUESTS {
                    let id = next.fetch_add(1, Ordering::AcqRel);
                    let (status, body) = sell(&client, id).expect("an answer");
                    assert!(status == 200 && body[0] == json!({ "touched": "1" }), "request {id}: {status} {body}");
                    answered += 1;
                }
                answered
            })
        })
        .collect();
    during().await;
    stop.store(true, Ordering::Release);
    let joined = tokio::task::spawn_blocking(move || {
        clients.into_iter().map(|client| client.join().expect("no request failed")).sum()
    });
    joined.await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn upgrades_and_roll_backs_fail_no_request() {
    let host = TestHost::start(&[]).await;
    let versions = [
        install(&host, &shop("1.0.0", 1)).await,
        install(&host, &shop("1.1.0", 2)).await,
        install(&host, &shop("1.2.0", 3)).await,
    ];
    enable(&host, &versions[0]).await;
    let id = ComponentId::parse("demo-shop").unwrap();
    let now = |host: &TestHost| {
        host.host.registry().providers().get(&test()).unwrap().component(&id).unwrap().installed.digest()
    };
    let answered = load(&host, async || {
        // Up twice, down twice, and up at once; the tables of the later versions stay.
        for to in [1, 2, 1, 0, 2, 0, 1, 2] {
            enable(&host, &versions[to]).await;
            assert_eq!(now(&host), versions[to]);
            tokio::time::sleep(std::time::Duration::from_millis(150)).await;
        }
    })
    .await;
    assert!(answered >= REQUESTS, "{answered}");
    let count = json!({ "query": { "sql": "SELECT count(*), count(note_3) FROM sales", "parameters": [[]] } });
    let rows = host.client.post("/api/demo-shop/v1/cases/run", &json!({ "steps": [count] })).await.ok();
    assert_eq!(rows[0]["rows"]["rows"][0][0]["integer"], json!(answered.to_string()), "{rows}");
    println!("{answered} requests of {CLIENTS} clients over 8 switches, none failed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_roll_back_over_a_migration_that_takes_away_is_refused() {
    let host = TestHost::start(&[]).await;
    let draft = shop("1.1.0", 1);
    draft.write(
        "migrations/0002_gone.sql",
        b"DROP TABLE sales;\nCREATE TABLE sold (id INTEGER PRIMARY KEY NOT NULL);\n",
    );
    let (old, new) = (install(&host, &shop("1.0.0", 1)).await, install(&host, &draft).await);
    enable(&host, &old).await;
    enable(&host, &new).await;
    let plan = host.host.plan(&test(), &old).await.unwrap();
    let grant = signer().consent(&plan.consent(Timestamp::now())).unwrap();
    let chosen = Chosen { installed: host.host.installed(&old).unwrap(), grant };
    let error = format!("{:#}", host.host.enable_one(&test(), &chosen).await.unwrap_err());
    assert!(error.contains("0002_gone.sql") && error.contains("sales"), "{error}");
}

/// Data stays when a component is disabled, and goes when that is said: the component's own, and nobody else's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn data_goes_when_it_is_said_and_only_the_components_own() {
    let host = TestHost::start(&["components/accounting"]).await;
    let package = install(&host, &shop("1.0.0", 1)).await;
    let id = ComponentId::parse("demo-shop").unwrap();
    enable(&host, &package).await;
    let client = host.client.clone();
    let sale = move || sell(&client, 1).unwrap();
    let again = sale.clone();
    assert_eq!(tokio::task::spawn_blocking(again).await.unwrap().0, 200);
    // An archive of it alone holds it alone.
    let export = host.host.export(&test(), Some(&id)).await.unwrap();
    let (written, mut file) =
        tokio::task::spawn_blocking(move || export.write(tempfile::tempfile().unwrap())).await.unwrap().unwrap();
    file.rewind().unwrap();
    let archive = edge_archive::Archive::open(file).unwrap();
    let held: Vec<_> = archive.header().components.iter().map(|component| component.id.to_string()).collect();
    assert_eq!((written.rows, held, archive.header().left_out.len()), (1, vec!["demo-shop".to_owned()], 1));
    let refused = host.host.remove_data(&test(), &id).await.unwrap_err().to_string();
    assert!(refused.contains("disable it first"), "{refused}");
    host.host.disable(&test(), &id).await.unwrap();
    enable(&host, &package).await;
    let (_, body) = tokio::task::spawn_blocking(sale.clone()).await.unwrap();
    assert!(body[0]["failed"].is_object(), "the row is there: {body}");
    host.host.disable(&test(), &id).await.unwrap();
    assert_eq!(host.host.remove_data(&test(), &id).await.unwrap(), ["sales"]);
    assert_eq!(host.host.remove_data(&test(), &id).await.unwrap(), Vec::<String>::new());
    enable(&host, &package).await;
    let (_, body) = tokio::task::spawn_blocking(sale).await.unwrap();
    assert_eq!(body[0], json!({ "touched": "1" }), "its tables were made anew");
    let answer = host.client.post("/api/accounting/v1/settings/get-settings", &json!({})).await;
    assert_eq!(answer.code(), "ledger-not-initialised", "its neighbour has its tables");
}
