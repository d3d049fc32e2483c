// SPDX-License-Identifier: MIT OR Apache-2.0
//! The hostile guest: one case for each of its attacks, through HTTP, and the host serves others all the while.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a helper of a test is a test"
)]

#[path = "hostile/cases.rs"]
mod cases;

use cases::{End, cases, statements};
use conformance::TestHost;
use conformance::backend::Backend;
use conformance::bundles::{Draft, bundle};
use conformance::client::{Answer, Client};
use conformance::wait::Wait;
use kernel_contract::Contract;
use kernel_types::{Limit, Limits};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

const HOSTILE: &str = "conformance/guests/hostile";

async fn host(backend: &Backend) -> TestHost {
    TestHost::start_on_with(backend, &[HOSTILE], |settings| settings.capabilities.push(Arc::new(Wait))).await
}

conformance::on_each_backend!(
    every_attack_ends_as_it_should_and_leaves_nothing_behind,
    no_statement_gets_past_the_walls_or_takes_the_host_down,
    a_tenant_under_attack_does_not_keep_another_from_writing,
);

/// What must never be in an answer: it is for the operator.
const INSIDE: &[&str] = &["on purpose", "wasm", "unreachable", "src/", "backtrace"];

async fn attack(client: &Client, component: &str, attack: &str, input: &Value) -> Answer {
    client.post(&format!("/api/{component}/v1/attacks/{attack}"), input).await
}

fn check(attack: &str, end: &End, answer: &Answer) {
    let (expected, code) = match end {
        End::Limit(limit) => {
            let named = format!("`{limit}` is used up");
            assert!(answer.detail().contains(&named), "{attack}: {answer:?}");
            match *limit {
                "wall-ms-max" => (504, "deadline-exceeded".to_owned()),
                "argument-bytes-max" => (413, "body-too-large".to_owned()),
                _ => (429, "limit-exceeded".to_owned()),
            }
        }
        End::TooLong => (413, "body-too-large".to_owned()),
        End::Failed => (500, "component-failed".to_owned()),
        End::Told(status, code, detail) => {
            assert!(answer.detail().contains(detail), "{attack}: {answer:?}");
            (*status, (*code).to_owned())
        }
        End::TooLarge => match answer.code() {
            "limit-exceeded" => (429, "limit-exceeded".to_owned()),
            _ => (403, "refused".to_owned()),
        },
        End::NoStatement => match answer.code() {
            "syntax" => (500, "syntax".to_owned()),
            _ => (403, "refused".to_owned()),
        },
        End::Harmless(value) => {
            assert!(answer.status < 300, "{attack}: {answer:?}");
            assert_eq!(answer.body, *value, "{attack}");
            return;
        }
    };
    assert_eq!((answer.status, answer.code()), (expected, code.as_str()), "{attack}: {answer:?}");
    let text = answer.body.to_string();
    for inside in INSIDE {
        assert!(!text.contains(inside), "{attack} lets `{inside}` out: {answer:?}");
    }
    assert!(text.len() < 4_000, "{attack} is answered with {} bytes", text.len());
}

async fn every_attack_ends_as_it_should_and_leaves_nothing_behind(backend: Backend) {
    let host = host(&backend).await;
    let mut rows = 0;
    for (name, input, end, added) in cases() {
        check(&format!("{name} {input}"), &end, &attack(&host.client, "hostile", name, &input).await);
        rows += added;
        let count = attack(&host.client, "hostile", "count", &json!({})).await.ok();
        assert_eq!(count, json!(rows.to_string()), "after {name}");
    }
}

async fn no_statement_gets_past_the_walls_or_takes_the_host_down(backend: Backend) {
    let host = host(&backend).await;
    for (statement, end) in statements() {
        let shown: String = statement.chars().take(100).collect();
        let answer = attack(&host.client, "hostile", "run-statement", &json!({ "statement": statement })).await;
        check(&shown, &end, &answer);
    }
    assert_eq!(attack(&host.client, "hostile", "count", &json!({})).await.ok(), json!("0"));
}

#[test]
fn no_attack_and_no_limit_is_without_a_case() {
    let binary = std::fs::read(bundle(HOSTILE).join("component.wasm")).unwrap();
    let contract = Contract::of_component(&binary).unwrap();
    let offered: BTreeSet<_> = contract.operations().map(|each| each.name.function().to_owned()).collect();
    let tested: BTreeSet<_> = cases().iter().map(|(attack, ..)| (*attack).to_owned()).collect();
    assert_eq!(offered, tested);
    let named: BTreeSet<_> = cases().iter().filter_map(|(_, _, end, _)| end.limit()).collect();
    let limits: BTreeSet<_> = Limits::ALL.iter().map(|limit| limit.name()).collect();
    assert_eq!(named, limits);
}

/// Attacks that no compiler makes: see `guests/crude`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_component_that_breaks_the_canonical_abi_fails_alone() {
    let crude = Draft::of_folder("conformance/guests/crude");
    let host = TestHost::start(&[crude.name()]).await;
    let mut tested = BTreeSet::new();
    for (name, input, end) in [
        ("grow-table", json!({}), End::Limit("memory-bytes-max")),
        ("far-text", json!({}), End::Failed),
        ("long-text", json!({}), End::Failed),
        ("broken-text", json!({}), End::Failed),
        ("crooked-list", json!({}), End::Failed),
        ("no-case", json!({}), End::Failed),
        ("no-character", json!({}), End::Failed),
        ("take-text", json!({ "text": "x" }), End::Failed),
        ("trap", json!({}), End::Failed),
        ("divide", json!({}), End::Failed),
    ] {
        check(name, &end, &attack(&host.client, "crude", name, &input).await);
        tested.insert(name.to_owned());
    }
    let contract = Contract::of_component(&std::fs::read(crude.path().join("component.wasm")).unwrap()).unwrap();
    let offered: BTreeSet<_> = contract.operations().map(|each| each.name.function().to_owned()).collect();
    assert_eq!(offered, tested);
}

/// Code that runs before the operation: it is bounded like the operation itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_runs_while_an_instance_is_made_counts() {
    let manifest = |id: &str| {
        format!(
            "id: {id}\nversion: 1.0.0\ntitle: Start\ndescription: Runs code while it starts.\nlicence: MIT\nworld: test:{id}/guest@1.0.0\noperations:\n  \
             attacks.run:\n    effect: read\n    limits: {{ cpu-ms-max: 50, memory-bytes-max: 131072 }}\n"
        )
    };
    let component = |id: &str, module: &str| {
        format!(
            "(component (core module $m (func (export \"run\")) {module}) (core instance $i (instantiate $m))
             (func $run (canon lift (core func $i \"run\"))) (instance $e (export \"run\" (func $run)))
             (export \"test:{id}/attacks@1.0.0\" (instance $e)))"
        )
    };
    let host = TestHost::start(&[]).await;
    // What it does whatever may be reached is found out before anybody can enable it.
    for (id, module, expected) in [
        ("spins", "(func $start (loop br 0)) (start $start)", "interrupt"),
        ("recurses", "(func $start (call $start)) (start $start)", "stack"),
        ("traps", "(func $start unreachable) (start $start)", "unreachable"),
        ("swells", "(memory 2000)", "memory-bytes-max"),
    ] {
        let draft = Draft::of_text(&manifest(id), &component(id, module));
        let refused = conformance::install(&host.host, draft.path()).await.err();
        let refused = format!("{:#}", refused.unwrap_or_else(|| panic!("{id} is installed")));
        assert!(refused.contains("cannot be rehearsed") && refused.contains(expected), "{id}: {refused}");
    }
    // An operation's own limits may be lower than those of a rehearsal.
    for (id, module, end) in [
        ("grows", "(memory 3)", End::Limit("memory-bytes-max")),
        ("tables", "(table 20000 funcref)", End::Limit("memory-bytes-max")),
    ] {
        let draft = Draft::of_text(&manifest(id), &component(id, module));
        let client = host.tenant(id, &[draft.name()]).await;
        check(id, &end, &attack(&client, id, "run", &json!({})).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_spinning_guests_do_not_keep_the_host_from_others() {
    let host = host(&Backend::Sqlite).await;
    let spinning: Vec<_> = (0..2)
        .map(|_| {
            let client = host.client.clone();
            tokio::spawn(async move { attack(&client, "hostile", "spin", &json!({})).await })
        })
        .collect();
    let other = host.tenant("other", &[HOSTILE]).await;
    let mut served_meanwhile = 0;
    while !spinning.iter().all(tokio::task::JoinHandle::is_finished) {
        attack(&other, "hostile", "nest", &json!({ "depth": 1 })).await.ok();
        served_meanwhile += 1;
    }
    assert!(served_meanwhile >= 5, "{served_meanwhile}");
    for spin in spinning {
        check("spin", &End::Limit(Limit::CpuMs.name()), &spin.await.unwrap());
    }
}

/// A tenant whose guests wait and spin while they hold the tenant's writer does not keep another tenant's writer.
async fn a_tenant_under_attack_does_not_keep_another_from_writing(backend: Backend) {
    let host = host(&backend).await;
    let other = host.tenant("other", &[HOSTILE]).await;
    let attacks: Vec<_> = (0..8)
        .map(|id| {
            let client = host.client.clone();
            let input = json!({ "id": id.to_string() });
            tokio::spawn(async move { attack(&client, "hostile", "write-then-spin", &input).await })
        })
        .collect();
    let mut written = 0_u64;
    while !attacks.iter().all(tokio::task::JoinHandle::is_finished) {
        attack(&other, "hostile", "write", &json!({ "id": written.to_string() })).await.ok();
        written += 1;
    }
    for ended in attacks {
        check("write-then-spin", &End::Limit(Limit::CpuMs.name()), &ended.await.unwrap());
    }
    assert_eq!(attack(&host.client, "hostile", "count", &json!({})).await.ok(), json!("0"));
    assert_eq!(attack(&other, "hostile", "count", &json!({})).await.ok(), json!(written.to_string()));
}
