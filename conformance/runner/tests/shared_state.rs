// SPDX-License-Identifier: MIT OR Apache-2.0
//! Hosts beside each other on one PostgreSQL database, each with a directory of its own: what one does is in force on
//! the other, changes from both at once end alike, and trouble on one is no trouble for the other.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test is a test"
)]

#[path = "shared_state/trouble.rs"]
mod trouble;

use conformance::TestHost;
use conformance::backend::Backend;
use conformance::books::ACCOUNTING;
use conformance::bundles::Draft;
use conformance::client::{Answer, Client};
use conformance::eventually::eventually_async;
use edge_gateway::Backplane as _;
use kernel_types::{ComponentId, PermissionSet, TenantId};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

const ECHO: &str = "conformance/guests/echo";

fn tenant(name: &str) -> TenantId {
    TenantId::parse(name).unwrap()
}

/// A host with these components enabled for the tenant `test`, on the database.
async fn first(backend: &Backend, components: &[&str]) -> TestHost {
    TestHost::start_on(backend, components).await
}

async fn say(client: &Client) -> Answer {
    client.post("/api/echo/v1/echo/say", &json!({ "text": "hello" })).await
}

/// Waits until a host answers a client with this status.
async fn answers(what: &str, client: &Client, status: u16) -> Answer {
    eventually_async(what, async || {
        let answer = say(client).await;
        (answer.status == status).then_some(answer)
    })
    .await
}

/// A client of the same tenant at another host.
fn at(host: &TestHost, token: &str) -> Client {
    Client::new(&host.url, token)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_host_does_is_in_force_on_the_other() {
    let Some(backend) = Backend::postgres("what_one_host_does_is_in_force_on_the_other") else { return };
    let one = first(&backend, &[]).await;
    let other = TestHost::beside(&backend, &one.client.token).await;
    // A tenant and a component that the other one never saw, installed, granted and enabled here.
    let here = one.tenant("fresh", &[ECHO]).await;
    say(&here).await.ok();
    let there = at(&other, &here.token);
    assert_eq!(answers("the tenant is served there", &there, 200).await.ok(), json!("hello"));
    let kept = other.directory.path().join("components");
    assert_eq!(std::fs::read_dir(kept).unwrap().count(), 1, "the bundle was fetched and kept");
    // A token that the other one issues, and takes back.
    let token = other.host.issue_token(&tenant("fresh"), "somebody", PermissionSet::of(["*"])).await.unwrap();
    answers("the token works here", &at(&one, &token), 200).await;
    assert!(other.host.revoke_token(&token).await.unwrap());
    assert!(!other.host.revoke_token(&token).await.unwrap());
    assert_eq!(say(&at(&other, &token)).await.status, 401);
    answers("the token is refused here", &at(&one, &token), 401).await;
    // Nothing enabled any more: the operation is gone on both.
    other.host.enable(&tenant("fresh"), &[]).await.unwrap();
    assert_eq!(say(&there).await.status, 404);
    answers("the operation is gone here", &here, 404).await;
    let nobody = other.host.issue_token(&tenant("nobody"), "somebody", PermissionSet::of(["*"])).await.unwrap_err();
    assert!(nobody.to_string().contains("create it first"), "{nobody}");
    one.stop().await;
    // A host of later finds everything.
    let third = TestHost::beside(&backend, &here.token).await;
    assert_eq!(say(&third.client).await.status, 404);
    assert_eq!(third.host.tenants(), 2);
}

/// Echo under another version, which makes it another bundle.
fn echo_of(version: &str) -> Draft {
    let draft = Draft::copy_of(ECHO);
    draft.change("cortex.yaml", "version: \"1.0.0\"", &format!("version: \"{version}\""));
    draft
}

async fn choice(host: &TestHost, directory: &Path) -> Vec<cortex::Chosen> {
    let installed = conformance::install(&host.host, directory).await.unwrap();
    vec![conformance::wanted(&tenant("test"), &installed)]
}

/// The version of echo that a host has in force for the tenant `test`.
fn version(host: &TestHost) -> String {
    let set = host.host.registry().providers().get(&tenant("test")).unwrap();
    let enabled = set.component(&ComponentId::parse("echo").unwrap()).unwrap();
    enabled.installed.manifest().version.to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_enable_on_one_fails_no_request_on_the_other() {
    let Some(backend) = Backend::postgres("an_enable_on_one_fails_no_request_on_the_other") else { return };
    let one = first(&backend, &[ECHO]).await;
    let other = TestHost::beside(&backend, &one.client.token).await;
    let (stop, calls) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let load = [&one, &other].map(|host| {
        let (client, stop, calls) = (host.client.clone(), Arc::clone(&stop), Arc::clone(&calls));
        tokio::spawn(async move {
            while !stop.load(Ordering::Acquire) {
                say(&client).await.ok();
                calls.fetch_add(1, Ordering::AcqRel);
            }
        })
    });
    for number in 1..=4 {
        let number = format!("1.{number}.0");
        let draft = echo_of(&number);
        let choice = choice(&one, draft.path()).await;
        one.host.enable(&tenant("test"), &choice).await.unwrap();
        assert_eq!(version(&one), number);
        eventually_async("the version is in force there", async || (version(&other) == number).then_some(())).await;
        let now = calls.load(Ordering::Acquire);
        eventually_async("requests go on", async || (calls.load(Ordering::Acquire) > now + 4).then_some(())).await;
    }
    stop.store(true, Ordering::Release);
    for client in load {
        client.await.expect("every request was answered with ok");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_from_both_at_once_end_alike() {
    let Some(backend) = Backend::postgres("changes_from_both_at_once_end_alike") else { return };
    let one = first(&backend, &[ECHO]).await;
    let other = TestHost::beside(&backend, &one.client.token).await;
    for round in 1..=5 {
        let drafts = [echo_of(&format!("2.{round}.0")), echo_of(&format!("3.{round}.0"))];
        let choices = (choice(&one, drafts[0].path()).await, choice(&other, drafts[1].path()).await);
        let test = tenant("test");
        let done = tokio::join!(one.host.enable(&test, &choices.0), other.host.enable(&test, &choices.1));
        done.0.unwrap();
        done.1.unwrap();
        eventually_async("both have the same", async || {
            let versions = [version(&one), version(&other)];
            (versions[0] == versions[1] && versions[0].contains(&format!(".{round}."))).then_some(())
        })
        .await;
        say(&one.client).await.ok();
        say(&other.client).await.ok();
    }
    // The same tenant made, and the same component's tables, by both at once.
    let (here, there) = tokio::join!(one.tenant("fresh", &[ACCOUNTING]), other.tenant("fresh", &[ACCOUNTING]));
    for (host, client) in [(&other, &here), (&one, &there)] {
        let client = at(host, &client.token);
        let answer = eventually_async("the other one's token works", async || {
            let answer = client.get("/api/accounting/v1/accounts").await;
            (answer.status != 401).then_some(answer)
        });
        // There is no ledger yet, which accounting itself says: its tables are there.
        let answer = answer.await;
        assert!(answer.status == 200 || (answer.status == 422 || answer.status == 409), "{answer:?}");
    }
    assert!(one.host.view(&tenant("fresh")).is_some() && other.host.view(&tenant("fresh")).is_some());
}
