// SPDX-License-Identifier: MIT OR Apache-2.0
//! The ledger through HTTP: the business stories, many clients at once, tenants beside each other, callers with few rights,
//! and a document that says what the host does.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test is a test"
)]

#[path = "ledger/document.rs"]
mod document;
#[path = "ledger/rights.rs"]
mod rights;

use conformance::backend::Backend;
use conformance::books::{self, ACCOUNTING, assert_gapless, cents, path};
use conformance::bundles::workspace;
use conformance::openapi::Document;
use conformance::{TestHost, scenario};
use serde_json::{Value, json};
use std::collections::BTreeSet;

conformance::on_each_backend!(
    the_scenarios_hold_through_http_and_fit_the_document,
    sixty_four_clients_post_at_once_and_numbers_are_gapless,
    an_external_id_is_posted_once_however_many_ask_at_once,
    two_tenants_in_turns_never_see_each_other,
    a_host_that_was_stopped_goes_on_where_it_was,
);

const IMPORT: &str = "components/import-journal";

/// Runs what blocks on another thread.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
}

/// Every file of `components/accounting/scenarios`, each in a ledger of its own; every exchange fits the document.
async fn the_scenarios_hold_through_http_and_fit_the_document(backend: Backend) {
    let folder = workspace().join(ACCOUNTING).join("scenarios");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "md"));
    assert!(files.len() >= 2, "{files:?}");
    for file in files {
        let host = TestHost::start_on(&backend.another("a scenario"), &[ACCOUNTING]).await;
        let client = host.somebody("anna", &["accounting.*"]).await;
        let text = std::fs::read_to_string(&file).unwrap();
        let calls = blocking(move || {
            let mut document = Document::of(&client);
            scenario::run(&text, |operation, input| {
                let path = path(&operation.replace('.', "/"));
                let answer = client.call(&path, input).unwrap();
                let mismatch = document.mismatch("POST", &path, Some(input), &answer);
                assert_eq!(mismatch, None, "{operation} {input} -> {answer:?}");
                answer
            })
        });
        let calls = calls.await;
        assert!(calls >= 10, "{} has {calls} calls", file.display());
    }
}

#[test]
#[should_panic(expected = "line 4, settings.get-settings: at `/balancing` expected \"functional\"")]
fn a_scenario_can_fail() {
    let text = "# A story\n\nShe looks.\n```json call settings.get-settings\n{}\n```\n```json expect\n{ \"balancing\": \"functional\" }\n```\n";
    let answer = || conformance::client::Answer { status: 200, body: json!({ "balancing": "per_currency" }) };
    scenario::run(text, |_, _| answer());
}

async fn sixty_four_clients_post_at_once_and_numbers_are_gapless(backend: Backend) {
    const CLIENTS: u64 = 64;
    const POSTS: u64 = 5;
    let host = TestHost::start_on(&backend, &[ACCOUNTING]).await;
    let client = host.client.clone();
    blocking({
        let client = client.clone();
        move || books::set_up(&client).unwrap()
    })
    .await;
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let client = client.clone();
            blocking(move || {
                let mut given = Vec::new();
                for post in 0..POSTS {
                    let date = if post % 2 == 0 { "2026-05-01" } else { "2027-05-01" };
                    let mut entry = books::entry(date, &format!("{number}-{post}"));
                    entry["journal"] = json!(if number % 2 == 0 { "GJ" } else { "SJ" });
                    let posted = client.call(&path("journal/post"), &json!({ "entry": entry })).unwrap().ok();
                    given.push(posted["id"].as_str().unwrap().to_owned());
                }
                given
            })
        })
        .collect();
    let mut given = BTreeSet::new();
    for client in clients {
        given.extend(client.await);
    }
    blocking(move || {
        let entries = books::entries(&client).unwrap();
        assert_gapless(&entries);
        let stored: BTreeSet<_> = entries.iter().map(|entry| entry["id"].as_str().unwrap().to_owned()).collect();
        assert_eq!(stored, given);
        let posts = i64::try_from(CLIENTS * POSTS).unwrap();
        let balances = books::balances(&client).unwrap();
        assert_eq!(
            balances.into_iter().collect::<Vec<_>>(),
            [
                ("1010".to_owned(), 11_900 * posts),
                ("2050".to_owned(), -1_900 * posts),
                ("4010".to_owned(), -10_000 * posts),
            ]
        );
    })
    .await;
}

/// The same external id from many clients at once: one of them posts, the others hear that it is taken.
async fn an_external_id_is_posted_once_however_many_ask_at_once(backend: Backend) {
    let host = TestHost::start_on(&backend, &[ACCOUNTING]).await;
    let client = host.client.clone();
    blocking(move || {
        books::set_up(&client).unwrap();
        let statuses: Vec<_> = std::thread::scope(|scope| {
            let post = |_| {
                let client = &client;
                scope.spawn(move || {
                    let entry = json!({ "entry": books::entry("2026-05-01", "the same") });
                    let answer = client.call(&path("journal/post"), &entry).unwrap();
                    (answer.status, answer.code().to_owned())
                })
            };
            let posts: Vec<_> = (0..16).map(post).collect();
            posts.into_iter().map(|post| post.join().unwrap()).collect()
        });
        let posted = statuses.iter().filter(|(status, _)| *status == 200).count();
        let taken = statuses.iter().filter(|(_, code)| code == "external-id-taken").count();
        assert_eq!((posted, taken), (1, 15), "{statuses:?}");
        assert_eq!(books::entries(&client).unwrap().len(), 1);
    })
    .await;
}

/// Two tenants post in turns: each has its own numbers, identifiers and balances.
async fn two_tenants_in_turns_never_see_each_other(backend: Backend) {
    let host = TestHost::start_on(&backend, &[ACCOUNTING]).await;
    let (one, other) = (host.client.clone(), host.tenant("other", &[ACCOUNTING]).await);
    blocking(move || {
        for client in [&one, &other] {
            books::set_up(client).unwrap();
        }
        for round in 1..=5_u64 {
            for (client, name, amount) in [(&one, "one", "1.00"), (&other, "other", "1000.00")] {
                let mut entry = books::entry("2026-03-01", &format!("{round}"));
                entry["description"] = json!(name);
                entry["lines"] = json!([
                    { "account": "1010", "side": "debit", "amount": amount },
                    { "account": "4010", "side": "credit", "amount": amount },
                ]);
                let posted = client.call(&path("journal/post"), &json!({ "entry": entry })).unwrap().ok();
                assert_eq!(
                    (posted["number"].as_u64(), posted["id"].as_str()),
                    (Some(round), Some(round.to_string().as_str()))
                );
                let entries = books::entries(client).unwrap();
                assert_eq!(entries.len(), usize::try_from(round).unwrap());
                assert!(entries.iter().all(|entry| entry["description"] == name), "{name}: {entries:?}");
                let balance = i64::try_from(round).unwrap() * cents(&json!(amount));
                assert_eq!(books::balances(client).unwrap().get("1010"), Some(&balance), "{name}");
            }
        }
    })
    .await;
}

/// An answer that leaves is durable: what was acknowledged is there when the host was stopped and started again.
async fn a_host_that_was_stopped_goes_on_where_it_was(backend: Backend) {
    let host = TestHost::start_on(&backend, &[ACCOUNTING]).await;
    let (directory, client) = (std::sync::Arc::clone(&host.directory), host.client.clone());
    let before: Vec<Value> = blocking(move || {
        books::set_up(&client).unwrap();
        let entries: Vec<_> = (0..50).map(|n| books::entry("2026-06-01", &n.to_string())).collect();
        client.call(&path("journal/post-many"), &json!({ "entries": entries })).unwrap().ok();
        books::entries(&client).unwrap()
    })
    .await;
    let token = host.client.token.clone();
    host.stop().await;
    let host = TestHost::reopen_on(&backend, directory, &token).await;
    let client = host.client.clone();
    blocking(move || {
        assert_eq!(books::entries(&client).unwrap(), before);
        let next = client.call(&path("journal/post"), &json!({ "entry": books::entry("2026-06-02", "next") }));
        assert_eq!(next.unwrap().ok()["number"], 51);
    })
    .await;
}
