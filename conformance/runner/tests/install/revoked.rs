// SPDX-License-Identifier: MIT OR Apache-2.0
//! Revocation: what is on the list ends within a second, on every host, also what runs at that moment; and stays ended.

use crate::{ECHO, echo_of, refused, say, signed, test};
use conformance::TestHost;
use conformance::backend::Backend;
use conformance::bundles::Draft;
use conformance::wait::Wait;
use jiff::{SignedDuration, Timestamp};
use kernel_types::{ComponentId, Digest};
use serde_json::json;
use signed_samples::{Signer, signer, trust_of};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How soon everything has ended.
const SECOND: Duration = Duration::from_secs(1);

fn digest(component: &str) -> Digest {
    signed(&Draft::copy_of(component)).package.digest()
}

async fn revoke(host: &TestHost, number: u64, revoked: &[(Digest, &str)]) -> anyhow::Result<()> {
    let (text, bundle) = signer().revocations(number, revoked)?;
    host.host.revoke(&text, &bundle).await.map(drop)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_runs_is_cut_and_nothing_of_it_runs_again() {
    let hostile = Draft::copy_of("conformance/guests/hostile");
    // What would end them anyway is far away.
    hostile.change("cortex.yaml", "limits: { wall-ms-max: 300 }", "limits: { wall-ms-max: 60000 }");
    let spin = "  attacks.spin:\n    effect: read\n";
    hostile.change("cortex.yaml", spin, &format!("{spin}    limits: {{ cpu-ms-max: 60000, wall-ms-max: 60000 }}\n"));
    let digest = signed(&hostile).package.digest();
    let host =
        TestHost::start_with(&[ECHO, hostile.name()], |settings| settings.capabilities.push(Arc::new(Wait))).await;
    let busy = ["attacks/spin", "attacks/wait-in-host"].map(|attack| {
        let client = host.client.clone();
        let arguments = if attack.ends_with("spin") { json!({}) } else { json!({ "milliseconds": 60_000 }) };
        tokio::spawn(async move { client.post(&format!("/api/hostile/v1/{attack}"), &arguments).await })
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(busy.iter().all(|call| !call.is_finished()), "they run");
    let begin = Instant::now();
    revoke(&host, 1, &[(digest, "it is hostile")]).await.unwrap();
    for call in busy {
        let answer = call.await.unwrap();
        assert_eq!((answer.status, answer.code()), (503, "component-revoked"), "{}", answer.body);
    }
    assert!(begin.elapsed() < SECOND, "{:?}", begin.elapsed());
    let answer = host.client.post("/api/hostile/v1/attacks/spin", &json!({})).await;
    assert_eq!((answer.status, answer.code()), (503, "component-revoked"));
    assert!(answer.detail().contains("it is hostile"), "{}", answer.detail());
    assert_eq!(say(&host.client).await.ok(), json!("hello"), "nobody else is touched");
    // It stays so after a start, and cannot come back.
    let (step, text) = refused(&host, signed(&hostile)).await;
    assert_eq!(step, "revoked", "{text}");
    let (directory, token) = (Arc::clone(&host.directory), host.client.token.clone());
    host.stop().await;
    let host = TestHost::reopen(directory, &token).await;
    let answer = host.client.post("/api/hostile/v1/attacks/spin", &json!({})).await;
    assert_eq!((answer.status, answer.code()), (503, "component-revoked"));
    assert!(!host.host.is_installed(&digest));
    assert_eq!(say(&host.client).await.ok(), json!("hello"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_calls_a_revoked_component_does_not_run_either_until_another_version_is_there() {
    let host = TestHost::start(&[ECHO, "components/accounting", "components/import-journal"]).await;
    revoke(&host, 1, &[(digest("components/accounting"), "a defect")]).await.unwrap();
    for path in ["/api/accounting/v1/accounts", "/api/import-journal/v1/anything"] {
        let answer = host.client.get(path).await;
        assert_eq!((answer.status, answer.code()), (503, "component-revoked"), "{path}: {}", answer.body);
    }
    assert_eq!(say(&host.client).await.ok(), json!("hello"));
    // Both revoked: each can still be changed by itself, and what is left goes on.
    revoke(
        &host,
        2,
        &[(digest("components/accounting"), "a defect"), (digest("components/import-journal"), "another")],
    )
    .await
    .unwrap();
    let import = ComponentId::parse("import-journal").unwrap();
    host.host.disable(&test(), &import).await.unwrap();
    let newer = Draft::copy_of("components/accounting");
    newer.change("cortex.yaml", "version: 1.0.0", "version: 1.0.1");
    agree_to(&host, host.host.install(signed(&newer), false).await.unwrap().digest()).await;
    let answer = host.client.post("/api/accounting/v1/settings/get-settings", &json!({})).await;
    assert_eq!(answer.code(), "ledger-not-initialised", "another version runs: {}", answer.body);
    assert_eq!(say(&host.client).await.ok(), json!("hello"));
    // A list without them: the next edition takes them back, the version before as well.
    revoke(&host, 3, &[]).await.unwrap();
    let old = host.host.plan(&test(), &digest("components/accounting")).await.unwrap();
    assert_eq!(old.action, edge_installer::Action::RollBack);
    agree_to(&host, digest("components/accounting")).await;
    agree_to(&host, digest("components/import-journal")).await;
    let answer = host.client.get("/api/accounting/v1/accounts").await;
    assert_eq!(answer.code(), "ledger-not-initialised", "{}", answer.body);
}

/// Agrees to whatever enabling a package would change.
async fn agree_to(host: &TestHost, package: Digest) {
    let plan = host.host.plan(&test(), &package).await.unwrap();
    let grant = signer().consent(&plan.consent(Timestamp::now())).unwrap();
    host.host.enable_package(&test(), &package, grant).await.unwrap_or_else(|error| panic!("{error:#}"));
}

/// Somebody who writes to the hosts' database, and a host that is told to believe others than before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_is_not_forgotten_with_the_database() {
    let host = TestHost::start(&[ECHO]).await;
    let (directory, token) = (Arc::clone(&host.directory), host.client.token.clone());
    revoke(&host, 4, &[]).await.unwrap();
    let state = || rusqlite::Connection::open(directory.path().join("state.sqlite")).unwrap();
    let text = |state: &rusqlite::Connection| -> String {
        let newest = "SELECT text FROM documents WHERE kind = 'revocations'";
        state.query_row(newest, [], |row| row.get(0)).unwrap()
    };
    let older = text(&state());
    revoke(&host, 5, &[(digest(ECHO), "a defect")]).await.unwrap();
    host.stop().await;
    let attacks = [
        ("an older list", "UPDATE documents SET text = ?1 WHERE kind = 'revocations'"),
        ("no list", "UPDATE documents SET text = NULL WHERE kind = 'revocations' AND ?1 IS NOT NULL"),
        ("no document", "DELETE FROM documents WHERE kind = 'revocations' AND ?1 IS NOT NULL"),
    ];
    for (name, attack) in attacks {
        assert_eq!(state().execute(attack, [&older]).unwrap(), 1, "{name}");
        let host = TestHost::reopen(Arc::clone(&directory), &token).await;
        assert_eq!(say(&host.client).await.code(), "component-revoked", "{name}");
        let error = revoke(&host, 4, &[]).await.unwrap_err();
        assert!(format!("{error:#}").contains("refused at revocation-list"), "{name}: {error:#}");
        host.stop().await;
    }
    // The one who revoked is not believed any more: what is on the list would run.
    let mut settings = conformance::settings(directory.path());
    let everything = json!({ "namespace": "*", "keys": [signer().key().hint()], "key-time": "unproven" });
    let grants = json!({ "namespace": "cortex/grants/*", "keys": [signer().key().hint()], "key-time": "unproven" });
    let policy = json!({ "publishers": [everything, grants] });
    settings.trust = trust_of(&policy, &[signer().entry(&["*", "cortex/*"])], None).unwrap();
    let error = cortex::host::Host::open(&settings).await.err().expect("it does not start");
    assert!(format!("{error:#}").contains("cannot be verified"), "{error:#}");
    let host = TestHost::reopen(directory, &token).await;
    revoke(&host, 6, &[]).await.unwrap();
    conformance::eventually::eventually_async("it runs again", async || {
        (say(&host.client).await.status == 200).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_host_ends_it_within_a_second() {
    let Some(backend) = Backend::postgres("every_host_ends_it_within_a_second") else { return };
    let one = TestHost::start_on(&backend, &[ECHO]).await;
    let other = TestHost::beside(&backend, &one.client.token).await;
    for host in [&one, &other] {
        assert_eq!(say(&host.client).await.ok(), json!("hello"));
    }
    let begin = Instant::now();
    revoke(&one, 1, &[(digest(ECHO), "a defect")]).await.unwrap();
    assert_eq!(say(&one.client).await.code(), "component-revoked");
    while say(&other.client).await.status == 200 {
        assert!(begin.elapsed() < SECOND, "the other host still runs it after {:?}", begin.elapsed());
    }
    assert_eq!(say(&other.client).await.code(), "component-revoked");
    println!("both hosts ended it after {:?}", begin.elapsed());
    // A host of later does not begin with it.
    let third = TestHost::beside(&backend, &one.client.token).await;
    assert_eq!(say(&third.client).await.code(), "component-revoked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_is_signed_newer_and_not_taken_back() {
    let host = TestHost::start(&[ECHO]).await;
    let stranger = Signer::new().unwrap();
    let (text, bundle) = stranger.revocations(1, &[(digest(ECHO), "sabotage")]).unwrap();
    let error = host.host.revoke(&text, &bundle).await.unwrap_err();
    assert!(format!("{error:#}").contains("refused at identity"), "{error:#}");
    revoke(&host, 7, &[(Digest::of(b"something"), "a reason")]).await.unwrap();
    for (number, revoked) in [(6, vec![]), (7, vec![(digest(ECHO), "other text, same number")])] {
        let error = revoke(&host, number, &revoked).await.unwrap_err();
        assert!(format!("{error:#}").contains("refused at revocation-list"), "{number}: {error:#}");
    }
    let (text, bundle) = signer().revocations(8, &[]).unwrap();
    let error = host.host.revoke(&text.replace("\"number\":8", "\"number\":9"), &bundle).await.unwrap_err();
    assert!(format!("{error:#}").contains("refused at digest"), "{error:#}");
    assert_eq!(host.host.revocations().unwrap().edition().number, 7);
    assert_eq!(say(&host.client).await.ok(), json!("hello"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_list_that_is_too_old_nothing_new_comes_in_and_what_runs_goes_on() {
    let policy = signer().policy();
    let trust = |age: Option<SignedDuration>| trust_of(&policy, &[signer().entry(&["*", "cortex/*"])], age).unwrap();
    let host = TestHost::start(&[ECHO]).await;
    let (directory, token) = (Arc::clone(&host.directory), host.client.token.clone());
    let now = Timestamp::now();
    let list = |number: u64, issued: i64, until: i64| {
        let at = |hours: i64| now.checked_add(SignedDuration::from_hours(hours)).unwrap();
        signer().revocations_of(number, &[], at(issued), at(until)).unwrap()
    };
    let (text, bundle) = list(1, -48, -1);
    host.host.revoke(&text, &bundle).await.unwrap();
    let (step, text) = refused(&host, signed(&echo_of("1.1.0"))).await;
    assert_eq!(step, "revocation-list");
    assert!(text.contains("is stale since") && text.contains("cortex revoke"), "{text}");
    assert_eq!(say(&host.client).await.ok(), json!("hello"));
    let (text, bundle) = list(2, -48, 48);
    host.host.revoke(&text, &bundle).await.unwrap();
    host.host.install(signed(&echo_of("1.1.0")), false).await.unwrap();
    host.stop().await;
    // A site that wants a list of the last day.
    let mut settings = conformance::settings(directory.path());
    settings.trust = trust(Some(SignedDuration::from_hours(24)));
    let host = cortex::host::Host::open(&settings).await.unwrap();
    let error = host.install(signed(&echo_of("1.2.0")), false).await.err().unwrap();
    assert!(format!("{error:#}").contains("older than this site allows"), "{error:#}");
    let (text, bundle) = list(3, 0, 48);
    host.revoke(&text, &bundle).await.unwrap();
    host.install(signed(&echo_of("1.2.0")), false).await.unwrap();
    host.close().await;
    drop(host);
    let host = TestHost::reopen(directory, &token).await;
    assert_eq!(say(&host.client).await.ok(), json!("hello"));
    // One that wants a list and has none.
    let empty = tempfile::tempdir().unwrap();
    let mut settings = conformance::settings(empty.path());
    settings.trust = trust(Some(SignedDuration::from_hours(24)));
    let host = cortex::host::Host::open(&settings).await.unwrap();
    let error = host.install(signed(&echo_of("1.0.0")), false).await.err().unwrap();
    assert!(format!("{error:#}").contains("asks for a list of revocations, and has none"), "{error:#}");
    host.create_tenant(&test()).await.unwrap();
    host.close().await;
}
