// SPDX-License-Identifier: MIT OR Apache-2.0
//! Packages that nobody vouches for, or the wrong one: each is refused at its step, and nothing of it remains.

use crate::{ECHO, echo_of, package, refused, say, signed, test};
use cap_state::{Change, Expect, Key, State as _};
use conformance::TestHost;
use conformance::bundles::Draft;
use edge_package::{Attachment, Layout, media};
use kernel_types::Digest;
use serde_json::{Value, json};
use signed_samples::{Signer, signer, trust_of};
use std::sync::Arc;

/// A host whose publisher of `*` signs with the key of tests, and whose publisher `acme` with another one.
async fn site(acme: &Signer) -> TestHost {
    let everything = json!({ "namespace": "*", "keys": [signer().key().hint()], "key-time": "unproven" });
    let site = json!({ "namespace": "cortex/*", "keys": [signer().key().hint()], "key-time": "unproven" });
    let own = json!({ "namespace": "acme/*", "keys": [acme.key().hint()], "key-time": "unproven" });
    let keys = [signer().entry(&["*", "cortex/*"]), acme.entry(&["acme/*"])];
    let trust = trust_of(&json!({ "publishers": [everything, site, own] }), &keys, None).unwrap();
    TestHost::start_with(&[ECHO], |settings| settings.trust = trust).await
}

fn of_publisher(publisher: &str, version: &str) -> Draft {
    let draft = echo_of(version);
    draft.change("cortex.yaml", "id: echo\n", &format!("id: echo\npublisher: {publisher}\n"));
    draft
}

fn named(id: &str, publisher: &str) -> Draft {
    let draft = Draft::copy_of(ECHO);
    draft.change("cortex.yaml", "id: echo\n", &format!("id: {id}\npublisher: {publisher}\n"));
    draft
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_vouches_for_is_refused_and_leaves_nothing() {
    let (acme, stranger) = (Signer::new().unwrap(), Signer::new().unwrap());
    let host = site(&acme).await;
    let installed = |host: &TestHost| std::fs::read_dir(host.directory.path().join("components")).unwrap().count();
    let before = installed(&host);
    let newer = echo_of("1.1.0");
    let bare = || Layout { package: package(&newer), attachments: Vec::new() };
    let of_another = || {
        let other = signed(&echo_of("1.2.0"));
        Layout { package: package(&newer), attachments: other.attachments }
    };
    let noise = || {
        let junk = Attachment::new(media::SIGSTORE_BUNDLE, b"{}".to_vec());
        Layout { package: package(&newer), attachments: vec![junk] }
    };
    let statement = || {
        let unsigned =
            edge_package::statement::statements(&package(&newer), &edge_package::statement::Origin::default());
        let attachments = unsigned.unwrap().iter().map(edge_package::statement::Statement::attachment).collect();
        Layout { package: package(&newer), attachments }
    };
    let cases: Vec<(&str, Layout, &str)> = vec![
        ("unsigned", bare(), "attestation"),
        ("statements that nobody signed", statement(), "attestation"),
        ("noise in the place of a signature", noise(), "bundle"),
        ("the signature over another release", of_another(), "digest"),
        ("signed by a stranger", stranger.package(package(&newer)).unwrap(), "identity"),
        ("signed by a publisher for what is not theirs", acme.package(package(&newer)).unwrap(), "identity"),
        ("a publisher's name, signed by another", signed(&named("other", "acme")), "identity"),
        (
            "another publisher's component under the same id",
            acme.package(package(&of_publisher("acme", "2.0.0"))).unwrap(),
            "publisher",
        ),
        ("an older release", signed(&echo_of("0.9.0")), "rollback"),
        (
            "another release under the same version",
            signed(&{
                let draft = Draft::copy_of(ECHO);
                draft.change("cortex.yaml", "title: Echo", "title: Ecko");
                draft
            }),
            "rollback",
        ),
    ];
    for (name, layout, step) in cases {
        let digest = layout.package.digest();
        let (found, text) = refused(&host, layout).await;
        assert_eq!(found, step, "{name}: {text}");
        assert!(!host.host.is_installed(&digest), "{name}");
        assert_eq!(installed(&host), before, "{name}: something was left behind");
    }
    // Each has a twin without the fault.
    host.host.install(signed(&newer), false).await.unwrap();
    host.host.install(acme.package(package(&named("other", "acme"))).unwrap(), false).await.unwrap();
    host.host.install(signed(&echo_of("0.9.0")), true).await.unwrap();
    let mut with_noise = signed(&echo_of("1.2.0"));
    with_noise.attachments.push(Attachment::new(media::SIGSTORE_BUNDLE, b"{}".to_vec()));
    host.host.install(with_noise, false).await.unwrap();
    assert_eq!(say(&host.client).await.ok(), json!("hello"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_trusts_nobody_installs_nothing_and_serves_nothing_of_before() {
    let host = TestHost::start(&[ECHO]).await;
    let (directory, token) = (Arc::clone(&host.directory), host.client.token.clone());
    host.stop().await;
    let settings = cortex::host::Settings::at(directory.path());
    let without = cortex::host::Host::open(&settings).await.unwrap();
    let error = without.install(signed(&echo_of("1.1.0")), false).await.err().unwrap();
    assert!(format!("{error:#}").contains("no publisher may sign `echo`"), "{error:#}");
    assert!(edge_gateway::Backplane::suspended(&*without, &test()).is_some(), "its components are believed by nobody");
    without.close().await;
    drop(without);
    let again = TestHost::reopen(directory, &token).await;
    assert_eq!(say(&again.client).await.ok(), json!("hello"));
}

/// Somebody who can write to the hosts' database, and holds no key.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_writes_to_the_database_grants_and_installs_nothing() {
    let host = TestHost::start(&[ECHO]).await;
    let (directory, token) = (Arc::clone(&host.directory), host.client.token.clone());
    let echo = signed(&Draft::copy_of(ECHO)).package.digest();
    host.stop().await;
    let stranger = Signer::new().unwrap();
    let draft = echo_of("6.6.6");
    let evil = stranger.package(package(&draft)).unwrap();
    let document = |record: &Value| record.to_string();
    // What the attacker writes, and whether the tenant is still served with what it had.
    type Attack<'a> = (&'a str, Box<dyn Fn(&mut Value) + 'a>);
    let replace = |text: &str, from: &str, to: &str| {
        assert!(text.contains(from), "{text}");
        text.replacen(from, to, 1)
    };
    let attacks: Vec<Attack<'_>> = vec![
        (
            "a package that is not the one agreed to",
            Box::new(|choice| choice["package"] = json!(evil.package.digest())),
        ),
        (
            "more capabilities",
            Box::new(|choice| {
                let text = choice["grant"]["text"].as_str().unwrap().to_owned();
                choice["grant"]["text"] = json!(replace(
                    &text,
                    "\"cortex:context/context\"",
                    "\"cortex:context/context\",\"cortex:storage/sql\""
                ));
            }),
        ),
        (
            "the consent of a stranger",
            Box::new(|choice| {
                let text = choice["grant"]["text"].as_str().unwrap().to_owned();
                let bundle = stranger.key().sign(text.as_bytes()).unwrap().to_json().unwrap();
                choice["grant"]["bundle"] = json!(bundle);
            }),
        ),
        (
            "a consent for another tenant",
            Box::new(|choice| {
                let text = choice["grant"]["text"].as_str().unwrap().to_owned();
                choice["grant"]["text"] = json!(replace(&text, "\"tenant\":\"test\"", "\"tenant\":\"tent\""));
            }),
        ),
        ("no consent", Box::new(|choice| choice["grant"] = json!({ "text": "{}", "bundle": "{}" }))),
    ];
    let state = backend_sqlite::SqliteState::open(&directory.path().join("state.sqlite")).await.unwrap();
    let tenant = Key::new("tenant", "test").unwrap();
    let original: Value = serde_json::from_str(&state.get(&tenant).await.unwrap().unwrap().text.unwrap()).unwrap();
    // The stranger's package, put where hosts keep theirs.
    let blob = state.put_blob(&evil.pack()).await.unwrap();
    let record = json!({ "id": "echo", "version": "6.6.6", "blob": blob, "installed_at": jiff::Timestamp::now() });
    let key = Key::new("component", &evil.package.digest().to_string()).unwrap();
    state.commit(&[Change::put(key, document(&record), Expect::Anything)]).await.unwrap();
    state.close().await;
    drop(state);
    for (name, attack) in attacks {
        let mut changed = original.clone();
        attack(&mut changed["components"]["echo"]);
        write(&directory, &tenant, &changed).await;
        let host = TestHost::reopen(Arc::clone(&directory), &token).await;
        assert!(!host.host.is_installed(&evil.package.digest()), "{name}");
        let answer = say(&host.client).await;
        assert_eq!((answer.status, answer.code()), (503, "unavailable"), "{name}");
        host.stop().await;
    }
    // Other bytes under the digest of what was installed: the copy in the directory is gone, the kept one is forged.
    write(&directory, &tenant, &original).await;
    let state = backend_sqlite::SqliteState::open(&directory.path().join("state.sqlite")).await.unwrap();
    let key = Key::new("component", &echo.to_string()).unwrap();
    let kept: Value = serde_json::from_str(&state.get(&key).await.unwrap().unwrap().text.unwrap()).unwrap();
    let mut forged = kept.clone();
    forged["blob"] = json!(blob);
    state.commit(&[Change::put(key.clone(), document(&forged), Expect::Anything)]).await.unwrap();
    std::fs::remove_dir_all(directory.path().join("components")).unwrap();
    state.close().await;
    drop(state);
    let host = TestHost::reopen(Arc::clone(&directory), &token).await;
    assert_eq!(say(&host.client).await.status, 503, "other bytes under the digest");
    host.stop().await;
    let state = backend_sqlite::SqliteState::open(&directory.path().join("state.sqlite")).await.unwrap();
    state.commit(&[Change::put(key, document(&kept), Expect::Anything)]).await.unwrap();
    state.close().await;
    drop(state);
    let host = TestHost::reopen(directory, &token).await;
    assert_eq!(say(&host.client).await.ok(), json!("hello"), "what was agreed to is served");
}

async fn write(directory: &Arc<tempfile::TempDir>, key: &Key, value: &Value) {
    let state = backend_sqlite::SqliteState::open(&directory.path().join("state.sqlite")).await.unwrap();
    state.commit(&[Change::put(key.clone(), value.to_string(), Expect::Anything)]).await.unwrap();
    state.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_package_is_kept_with_what_was_said_of_it_and_can_be_forgotten() {
    let host = TestHost::start(&[ECHO]).await;
    let newer = signed(&echo_of("1.1.0"));
    let digest = newer.package.digest();
    host.host.install(newer, false).await.unwrap();
    let echo = signed(&Draft::copy_of(ECHO)).package.digest();
    let in_use = host.host.uninstall(&echo, false).await.unwrap_err().to_string();
    assert!(in_use.contains("`test`") && in_use.contains("disable it there first"), "{in_use}");
    assert!(host.host.uninstall(&Digest::of(b"x"), false).await.unwrap_err().to_string().contains("is not installed"));
    let folder = host.directory.path().join("components").join(digest.hex());
    assert!(folder.join("oci-layout").is_file());
    host.host.uninstall(&digest, false).await.unwrap();
    assert!(!folder.exists() && !host.host.is_installed(&digest));
    // What was accepted is not forgotten with it.
    let (step, text) = refused(&host, signed(&echo_of("1.0.5"))).await;
    assert_eq!(step, "rollback", "{text}");
    assert_eq!(say(&host.client).await.ok(), json!("hello"));
}
