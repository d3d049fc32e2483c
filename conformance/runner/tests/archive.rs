// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tenants as archives: from each back end into each, while they are written to, damaged on the way, killed on the way
//! in.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test is a test"
)]

#[path = "archive/command.rs"]
mod command;
#[path = "archive/kill.rs"]
mod kill;
#[path = "archive/load.rs"]
mod load;
#[path = "archive/refused.rs"]
mod refused;
#[path = "archive/replace.rs"]
mod replace;
#[path = "archive/round.rs"]
mod round;

use backend_postgres::PostgresStore;
use bytes::Bytes;
use conformance::TestHost;
use conformance::books::{self, path};
use conformance::bundles::workspace;
use conformance::client::Client;
use edge_archive::Archive;
use edge_operator::{Answer, Operator as _, Refusal, Request, flow};
use serde_json::{Value, json};
use std::io::{Seek as _, Write as _};
use std::path::Path;

const IMPORT: &str = "components/import-journal";

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
}

/// The operator of the host that runs on a directory, over its socket.
fn operator(directory: &Path) -> edge_operator::Client {
    edge_operator::Client::at(&cortex::layout::Layout::at(directory).operator())
}

async fn act(directory: &Path, action: &str, input: Value) -> Result<Value, Refusal> {
    match operator(directory).call(Request::new(action, input)).await? {
        Answer::Json(value) => Ok(value),
        Answer::Flow(_) => panic!("{action} answers with bytes"),
    }
}

async fn export(directory: &Path, tenant: &str) -> Vec<u8> {
    try_export(directory, tenant).await.unwrap()
}

async fn try_export(directory: &Path, tenant: &str) -> Result<Vec<u8>, Refusal> {
    let request = Request::new("tenant.export", json!({ "tenant": tenant }));
    let Answer::Flow(mut flow) = operator(directory).call(request).await? else { panic!("no bytes") };
    let mut all = Vec::new();
    while let Some(bytes) = flow.next().await.unwrap() {
        all.extend_from_slice(&bytes);
    }
    Ok(all)
}

async fn import(directory: &Path, archive: &[u8], tenant: &str, replace: bool) -> Result<Value, Refusal> {
    // What is replaced is given up wholly; what happens else has a test of its own.
    let input = json!({ "tenant": tenant, "replace": replace, "drop_left_out": replace });
    upload(directory, archive, input).await
}

async fn upload(directory: &Path, archive: &[u8], mut input: Value) -> Result<Value, Refusal> {
    input["consents"] = consents(archive, input["tenant"].as_str().unwrap_or_default());
    let (mut writer, upload) = flow();
    let bytes = Bytes::copy_from_slice(archive);
    tokio::spawn(async move {
        for start in (0..bytes.len()).step_by(64 << 10) {
            if writer.send(bytes.slice(start..bytes.len().min(start + (64 << 10)))).await.is_err() {
                return;
            }
        }
        writer.end(Ok(())).await;
    });
    let request = Request { action: "tenant.import".to_owned(), input, upload: Some(upload) };
    match operator(directory).call(request).await? {
        Answer::Json(value) => Ok(value),
        Answer::Flow(_) => panic!("an import answers with bytes"),
    }
}

/// A client of a tenant that was taken in, with a new token.
async fn client(host: &TestHost, tenant: &str) -> Client {
    let input = json!({ "tenant": tenant, "subject": "tester", "permissions": ["*"] });
    let token = act(host.directory.path(), "tenant.token", input).await.unwrap();
    Client::new(&host.url, token["token"].as_str().unwrap())
}

/// The consents of an archive, signed anew for a tenant of another name; none where it is no archive.
fn consents(bytes: &[u8], tenant: &str) -> Value {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    let (Ok(archive), Ok(tenant)) = (Archive::open(file), kernel_types::TenantId::parse(tenant)) else {
        return json!({});
    };
    let consents = archive.header().components.iter().filter_map(|component| {
        let mut consent: edge_installer::Consent = serde_json::from_str(&component.consent.text).ok()?;
        consent.grant.tenant = tenant.clone();
        let grant = signed_samples::signer().consent(&consent).unwrap();
        Some((component.id.to_string(), serde_json::to_value(grant).unwrap()))
    });
    Value::Object(consents.collect())
}

fn opened(bytes: &[u8]) -> Archive {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    Archive::open(file).unwrap()
}

/// What an archive holds beside the moment that it was made: its components, and every member with its digest.
fn content(bytes: &[u8]) -> Value {
    let archive = opened(bytes);
    // Two who signed the same package made two signatures: which package it is, the header says.
    let members = archive.index().members.iter().skip(1);
    let members: Vec<_> = members.filter(|member| !member.name.starts_with("components/")).collect();
    // A consent is for one tenant, and is signed at one time; all else is the same wherever the tenant goes.
    let mut components = serde_json::to_value(&archive.header().components).unwrap();
    for component in components.as_array_mut().unwrap() {
        assert!(component.as_object_mut().unwrap().remove("consent").is_some());
    }
    json!({ "components": components, "members": members })
}

/// The demonstration's books.
fn demo() -> String {
    std::fs::read_to_string(workspace().join(IMPORT).join("demo/studio.journal")).unwrap()
}

/// A host that answers: its operator's socket is there before it serves.
async fn start(components: &[&str]) -> TestHost {
    answering(TestHost::start(components).await).await
}

async fn answering(host: TestHost) -> TestHost {
    host.client.get("/docs").await;
    host
}

/// A host on a database of its own; `None`: there is no server.
async fn on_postgres(components: &'static [&'static str]) -> Option<(TestHost, services::Database)> {
    let database = blocking(|| services::postgres("archives")).await?;
    let store = PostgresStore::open(&database.url, backend_postgres::Settings::default()).await.unwrap();
    let host = TestHost::start_with(components, |settings| settings.database = Some(store)).await;
    Some((answering(host).await, database))
}

/// What an auditor would ask of a ledger whose numbers have no gap and whose debits equal its credits: each entry with
/// who posted it and when, its lines, the balances, what is in draft.
fn ledger(client: &Client) -> Value {
    let entries = books::entries(client).unwrap();
    books::assert_gapless(&entries);
    let balances = books::balances(client).unwrap();
    let lines: Vec<_> = balances
        .keys()
        .map(|account| {
            let filter = json!({ "account": account, "as_of": "2099-12-31", "limit": 1000 });
            books::pages(client, "reports/general-ledger", &filter, "lines").unwrap()
        })
        .collect();
    let drafts = books::pages(client, "journal/list-drafts", &json!({ "limit": 100 }), "drafts").unwrap();
    let trial = client.call(&path("reports/trial-balance"), &json!({ "as_of": "2099-12-31" })).unwrap().ok();
    json!({ "entries": entries, "balances": balances, "lines": lines, "drafts": drafts, "trial": trial })
}
