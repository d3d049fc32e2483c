// SPDX-License-Identifier: MIT OR Apache-2.0
//! Bad requests through HTTP: each gets a precise answer, nothing is half-done, the host goes on.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a helper of a test is a test"
)]

#[path = "bad_input/bodies.rs"]
mod bodies;
#[path = "bad_input/requests.rs"]
mod requests;

use conformance::TestHost;
use conformance::backend::Backend;
use conformance::books::{self, ACCOUNTING, path};
use conformance::client::Client;
use conformance::wire::{self, Reply, Request};
use serde_json::{Value, json};

conformance::on_each_backend!(
    every_bad_body_names_its_faults_and_changes_nothing,
    a_token_of_another_tenant_sees_and_changes_nothing,
);

/// What must be the same after each bad request: the entries, the accounts, the drafts.
fn counts(client: &Client) -> Value {
    let call = |operation: &str, input: Value| client.call(&path(operation), &input).unwrap().ok();
    json!([
        call("journal/list-entries", json!({ "limit": 1000 })),
        call("journal/list-drafts", json!({})),
        call("chart/list-accounts", json!({ "limit": 1000 })),
    ])
}

/// A host with a ledger that holds one entry.
async fn host(backend: &Backend) -> TestHost {
    let host = TestHost::start_on(backend, &[ACCOUNTING]).await;
    let client = host.client.clone();
    let made = tokio::task::spawn_blocking(move || {
        books::set_up(&client).unwrap();
        client.call(&path("journal/post"), &json!({ "entry": books::entry("2026-01-05", "first") })).unwrap().ok()
    });
    made.await.unwrap();
    host
}

/// What is wrong with a refusal; [`None`] where it is as expected.
fn wrong(name: &str, reply: &Reply, status: u16, code: &str, faults: Option<&[&str]>) -> Option<String> {
    let body = &reply.answer.body;
    let as_expected = (reply.answer.status, reply.answer.code()) == (status, code)
        && faults.is_none_or(|faults| reply.faults() == faults)
        && reply.header("content-type") == Some("application/problem+json")
        && reply.header("x-request-id").is_some_and(|id| body["request_id"] == id)
        && body["status"] == status
        && body.to_string().len() < 20_000;
    (!as_expected).then(|| {
        let found: String = body.to_string().chars().take(600).collect();
        format!(
            "{name}: expected {status} {code} {faults:?}, found {} {:?} {found}",
            reply.answer.status,
            reply.faults()
        )
    })
}

fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} cases are not as they should be:\n{}", wrong.len(), wrong.join("\n"));
}

async fn every_bad_body_names_its_faults_and_changes_nothing(backend: Backend) {
    let host = host(&backend).await;
    let (client, url) = (host.client.clone(), host.url.clone());
    let checked = tokio::task::spawn_blocking(move || {
        let (before, mut failed) = (counts(&client), Vec::new());
        for (name, operation, body, status, code, faults) in bodies::cases() {
            let request = Request::new("POST", &path(operation)).token(&client.token).json(body);
            failed.extend(wrong(name, &request.send(&url), status, code, Some(&faults)));
            assert_eq!(counts(&client), before, "after {name}");
        }
        assert_none(&failed);
    });
    checked.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_bad_request_is_refused_for_what_it_is() {
    let host = host(&Backend::Sqlite).await;
    let other = host.tenant("other", &[ACCOUNTING]).await;
    let (client, url) = (host.client.clone(), host.url.clone());
    let checked = tokio::task::spawn_blocking(move || {
        let (before, mut failed) = (counts(&client), Vec::new());
        for (name, request, status, code) in requests::cases(&client.token, &other.token) {
            failed.extend(wrong(name, &request.send(&url), status, code, None));
            assert_eq!(counts(&client), before, "after {name}");
        }
        assert_none(&failed);
    });
    checked.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_http_is_answered_without_a_body_or_not_at_all() {
    let host = host(&Backend::Sqlite).await;
    let (client, url) = (host.client.clone(), host.url.clone());
    let checked = tokio::task::spawn_blocking(move || {
        let before = counts(&client);
        for (name, bytes) in requests::no_http(&client.token) {
            let reply = wire::exchange(&url, &bytes, true);
            assert!([0, 400, 408, 413, 431, 505].contains(&reply.answer.status), "{name}: {reply:?}");
            assert_eq!(counts(&client), before, "after {name}");
        }
    });
    checked.await.unwrap();
}

/// Numbers that a double cannot hold arrive digit by digit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_identifiers_are_not_rounded() {
    let host = host(&Backend::Sqlite).await;
    for (written, read) in [
        (json!(9_007_199_254_740_993_u64), "9007199254740993"),
        (json!("9007199254740993"), "9007199254740993"),
        (json!(9_223_372_036_854_775_807_u64), "9223372036854775807"),
        (json!("18446744073709551615"), "18446744073709551615"),
    ] {
        let answer = host.client.post(&path("journal/get-entry"), &json!({ "id": written })).await;
        assert_eq!((answer.status, answer.code()), (404, "unknown-entry"), "{answer:?}");
        assert!(answer.detail().contains(&format!("`{read}`")), "{answer:?}");
    }
}

/// What belongs to another tenant does not exist.
async fn a_token_of_another_tenant_sees_and_changes_nothing(backend: Backend) {
    let host = host(&backend).await;
    let other = host.tenant("other", &[ACCOUNTING]).await;
    let bare = host.tenant("bare", &[]).await;
    let (client, url) = (host.client.clone(), host.url.clone());
    let checked = tokio::task::spawn_blocking(move || {
        let before = counts(&client);
        let unset = other.call(&path("journal/get-entry"), &json!({ "id": "1" })).unwrap();
        assert_eq!((unset.status, unset.code()), (409, "ledger-not-initialised"), "{unset:?}");
        books::set_up(&other).unwrap();
        assert_eq!(books::entries(&other).unwrap(), Vec::<Value>::new());
        for (operation, input) in [
            ("journal/get-entry", json!({ "id": "1" })),
            ("journal/reverse", json!({ "id": "1" })),
            ("journal/find-entry", json!({ "journal": "GJ", "fiscal_year": "2026", "number": 1 })),
        ] {
            let answer = other.call(&path(operation), &input).unwrap();
            assert_eq!((answer.status, answer.code()), (404, "unknown-entry"), "{operation}: {answer:?}");
        }
        let entry = json!({ "entry": books::entry("2026-01-05", "first") });
        let posted = other.call(&path("journal/post"), &entry).unwrap().ok();
        assert_eq!((posted["id"].as_str(), posted["number"].as_u64()), (Some("1"), Some(1)), "its own first entry");
        let nothing = bare.call(&path("journal/get-entry"), &json!({ "id": "1" })).unwrap();
        assert_eq!((nothing.status, nothing.code()), (404, "unknown-route"), "{nothing:?}");
        for header in ["X-Tenant", "Tenant", "X-Cortex-Tenant", "X-Forwarded-User"] {
            let request = Request::new("POST", &path("journal/list-entries")).token(&other.token);
            let reply = request.header(header, "test").json("{}").send(&url);
            assert_eq!(reply.answer.body["entries"].as_array().unwrap().len(), 1, "{header} chose the tenant");
        }
        assert_eq!(counts(&client), before);
    });
    checked.await.unwrap();
}
