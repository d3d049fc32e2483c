// SPDX-License-Identifier: MIT OR Apache-2.0
//! Requests that are sent again under their key, through a whole host: one effect, one answer, and nothing for anybody else.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a helper of a test is a test")]

use conformance::TestHost;
use conformance::books::{self, ACCOUNTING, path};
use conformance::client::Client;
use serde_json::{Value, json};

/// Clients that send the same at once.
const CLIENTS: usize = 32;

type Reply = (u16, bool, String);

/// Sends on a thread of its own.
async fn send(client: &Client, operation: &str, body: &str, key: &str) -> Reply {
    let (client, operation, body, key) = (client.clone(), path(operation), body.to_owned(), key.to_owned());
    tokio::task::spawn_blocking(move || client.keyed(&operation, &body, &key).unwrap()).await.unwrap()
}

async fn ledger() -> TestHost {
    let host = TestHost::start(&[ACCOUNTING]).await;
    set_up(&host.client).await;
    host
}

async fn set_up(client: &Client) {
    let client = client.clone();
    tokio::task::spawn_blocking(move || books::set_up(&client).unwrap()).await.unwrap();
}

async fn entries(client: &Client) -> Vec<Value> {
    let client = client.clone();
    tokio::task::spawn_blocking(move || books::entries(&client).unwrap()).await.unwrap()
}

/// An entry without an external id, by which the ledger itself would know it again.
fn post(description: &str) -> String {
    let mut entry = books::entry("2026-03-01", "x");
    entry.as_object_mut().unwrap().remove("external_id");
    entry["description"] = description.into();
    json!({ "entry": entry }).to_string()
}

fn code(body: &str) -> String {
    serde_json::from_str::<Value>(body).unwrap()["code"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn thirty_two_who_send_the_same_at_once_make_one_entry() {
    let host = ledger().await;
    let body = post("once");
    let all = (0..CLIENTS).map(|_| {
        let (client, body) = (host.client.clone(), body.clone());
        tokio::spawn(async move { send(&client, "journal/post", &body, "same").await })
    });
    let mut replies = Vec::new();
    for reply in all.collect::<Vec<_>>() {
        replies.push(reply.await.unwrap());
    }
    let (_, _, first) = replies[0].clone();
    assert!(replies.iter().all(|(status, _, body)| *status == 200 && *body == first), "{replies:?}");
    assert_eq!(replies.iter().filter(|(_, replayed, _)| !replayed).count(), 1, "{replies:?}");
    assert_eq!(entries(&host.client).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_of_one_request_of_one_subject_in_one_tenant() {
    let host = ledger().await;
    let (one, other) = (post("one"), post("other"));
    let first = send(&host.client, "journal/post", &one, "k").await;
    assert_eq!((first.0, first.1), (200, false));
    // The same, written otherwise.
    let pretty = serde_json::to_string_pretty(&serde_json::from_str::<Value>(&one).unwrap()).unwrap();
    assert_eq!(send(&host.client, "journal/post", &pretty, "\"k\"").await, (200, true, first.2.clone()));
    // Anything else under the same key.
    let reused = send(&host.client, "journal/post", &other, "k").await;
    assert_eq!((reused.0, code(&reused.2).as_str()), (409, "idempotency-key-reused"), "{reused:?}");
    let reused = send(&host.client, "journal/create-draft", &one, "k").await;
    assert_eq!((reused.0, code(&reused.2).as_str()), (409, "idempotency-key-reused"), "{reused:?}");
    // Other people's keys are other keys: of another subject, of another tenant.
    let colleague = host.somebody("colleague", &["*"]).await;
    let (status, replayed, body) = send(&colleague, "journal/post", &other, "k").await;
    assert!(status == 200 && !replayed && body != first.2, "{body}");
    let stranger = host.tenant("stranger", &[ACCOUNTING]).await;
    set_up(&stranger).await;
    let (status, replayed, _) = send(&stranger, "journal/post", &one, "k").await;
    assert_eq!((status, replayed), (200, false));
    // Another token of the same subject is the same subject; without the permission it hears nothing.
    let (status, replayed, body) = send(&host.somebody("tester", &["*"]).await, "journal/post", &one, "k").await;
    assert_eq!((status, replayed, &body), (200, true, &first.2));
    let (status, _, body) = send(&host.somebody("tester", &["accounting.read"]).await, "journal/post", &one, "k").await;
    assert_eq!((status, code(&body).as_str()), (403, "permission-denied"));
    assert_eq!((entries(&host.client).await.len(), entries(&stranger).await.len()), (2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_not_kept_and_a_read_has_no_key() {
    let host = ledger().await;
    let mut entry = books::entry("2026-03-01", "later");
    entry["lines"][0]["account"] = "9999".into();
    let body = json!({ "entry": entry }).to_string();
    let refused = send(&host.client, "journal/post", &body, "k").await;
    assert!(refused.0 >= 400 && !refused.1, "{refused:?}");
    let account = json!({ "accounts": [{ "code": "9999", "name": "Later", "kind": "asset" }] });
    host.client.post(&path("chart/create-accounts"), &account).await.ok();
    let done = send(&host.client, "journal/post", &body, "k").await;
    assert_eq!((done.0, done.1), (200, false), "{done:?}");
    // Whatever a request that reads has for a key is passed over, and its answer is new each time.
    for key in ["k", "k k"] {
        let list = send(&host.client, "journal/list-entries", "{}", key).await;
        assert_eq!((list.0, list.1), (200, false), "{list:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_outlive_the_host() {
    let host = ledger().await;
    let first = send(&host.client, "journal/post", &post("kept"), "k").await;
    assert_eq!(first.0, 200);
    let (directory, token) = (host.directory.clone(), host.client.token.clone());
    host.stop().await;
    let host = TestHost::reopen(directory, &token).await;
    assert_eq!(send(&host.client, "journal/post", &post("kept"), "k").await, (200, true, first.2));
    assert_eq!(entries(&host.client).await.len(), 1);
}
