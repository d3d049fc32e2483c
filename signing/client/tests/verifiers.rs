// SPDX-License-Identifier: MIT OR Apache-2.0
//! Bundles that are made here are verified by those who did not make them: sigstore-python and @sigstore/verify,
//! offline, and what was changed in between is refused by both.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "verifiers/stock.rs"]
mod stock;
#[path = "verifiers/tampered.rs"]
mod tampered;

use kernel_types::Digest;
use serde_json::{Value, json};
use signing_client::development::{Development, ISSUER};
use signing_client::{ManagedKey, SignedBy};
use signing_verify::{Artifact, Bundle, Keys, Policy, TrustRoot, Verifier};
use std::path::Path;

const IDENTITY: &str = "ada@example.org";
const ARTIFACT: &[u8] = b"an artifact";
const SUBJECT: &str = "sha256:54303491a8418fbed24344b51354618c29b43bf282ceb433af65e2299f9271ff";
const STATEMENT: &[u8] = br#"{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"artifact","digest":{"sha256":"54303491a8418fbed24344b51354618c29b43bf282ceb433af65e2299f9271ff"}}],"predicateType":"https://slsa.dev/provenance/v1","predicate":{"builder":"x"}}"#;

/// A bundle, and what must become of it.
struct Case {
    name: &'static str,
    bundle: Value,
    /// `None` for a statement.
    artifact: Option<&'static [u8]>,
    identity: &'static str,
    issuer: &'static str,
    verifies: bool,
}

async fn cases(development: &Development) -> Vec<Case> {
    let publisher = development.publisher().unwrap();
    // A log with some entries, so that proofs are not empty.
    for number in 0..4_u8 {
        publisher.sign(&development.token().unwrap(), &[number]).await.unwrap();
    }
    let token = development.token().unwrap();
    let message = publisher.sign(&token, ARTIFACT).await.unwrap();
    let ada = SignedBy::Holder { issuer: ISSUER.into(), subject: IDENTITY.into() };
    assert_eq!((SignedBy::of(&message), SignedBy::of_token(&token).unwrap()), (Some(ada.clone()), ada));
    let message: Value = serde_json::from_str(&message.to_json().unwrap()).unwrap();
    let other = publisher.sign(&development.token().unwrap(), b"another artifact").await.unwrap();
    let other: Value = serde_json::from_str(&other.to_json().unwrap()).unwrap();
    let statement = publisher.sign_statement(&development.token().unwrap(), STATEMENT).await.unwrap();
    let statement: Value = serde_json::from_str(&statement.to_json().unwrap()).unwrap();

    let good = |name, bundle: &Value, artifact| Case {
        name,
        bundle: bundle.clone(),
        artifact,
        identity: IDENTITY,
        issuer: ISSUER,
        verifies: true,
    };
    let bad = |name, bundle: Value, artifact| Case { verifies: false, ..good(name, &bundle, artifact) };
    let mut cases = vec![
        good("an artifact", &message, Some(ARTIFACT)),
        good("a statement", &statement, None),
        bad("another artifact", message.clone(), Some(b"another artifact")),
        Case { identity: "eve@example.org", ..bad("another identity", message.clone(), Some(ARTIFACT)) },
        Case { issuer: "https://example.org", ..bad("another issuer", message.clone(), Some(ARTIFACT)) },
    ];
    cases.extend(
        tampered::messages(&message, &other).into_iter().map(|(name, bundle)| bad(name, bundle, Some(ARTIFACT))),
    );
    cases.extend(tampered::statements(&statement).into_iter().map(|(name, bundle)| bad(name, bundle, None)));
    cases
}

/// Writes what the verifiers read.
fn write(folder: &Path, development: &Development, cases: &[Case]) {
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.join(name), bytes).unwrap();
    write("trusted_root.json", development.trusted_root().to_string().as_bytes());
    write("client_trust_config.json", development.client_trust_config().to_string().as_bytes());
    let mut list = vec![];
    for (number, case) in cases.iter().enumerate() {
        let bundle = format!("{number}.sigstore.json");
        write(&bundle, case.bundle.to_string().as_bytes());
        let artifact = case.artifact.map(|bytes| {
            let name = format!("{number}.artifact");
            write(&name, bytes);
            name
        });
        list.push(json!({
            "name": case.name, "bundle": bundle, "artifact": artifact, "identity": case.identity, "issuer": case.issuer,
        }));
    }
    write("cases.json", Value::from(list).to_string().as_bytes());
}

/// What ours says of each.
fn ours(cases: &[Case], trusted_root: &Value) -> Value {
    let root = TrustRoot::parse(trusted_root.to_string().as_bytes()).unwrap();
    let verifier = Verifier::new(vec![root], Keys::default()).unwrap();
    let mut results = serde_json::Map::new();
    for case in cases {
        let identities = json!([{"issuer": case.issuer, "subject": case.identity}]);
        let policy = json!({"publishers": [{"namespace": "acme/*", "identities": identities}]});
        let policy = Policy::parse(policy.to_string().as_bytes()).unwrap();
        let digest = case.artifact.map_or_else(|| SUBJECT.parse().unwrap(), Digest::of);
        let artifact = Artifact { name: "acme/ledger", digest };
        let verified = Bundle::parse(case.bundle.to_string().as_bytes())
            .and_then(|bundle| verifier.verify(&bundle, &artifact, &policy, jiff::Timestamp::now()));
        results.insert(case.name.into(), verified.err().map_or(Value::Null, |refused| refused.to_string().into()));
    }
    results.into()
}

fn check(cases: &[Case], verifier: &str, results: &Value) {
    let wrong =
        cases.iter().filter(|case| results.get(case.name).is_none_or(|result| result.is_null() != case.verifies));
    let wrong: Vec<String> = wrong.map(|case| format!("`{}`: {:?}", case.name, results.get(case.name))).collect();
    assert!(wrong.is_empty(), "{verifier}: {wrong:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn stock_verifiers_take_what_is_right_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let development = Development::start(&folder.path().join("authority"), IDENTITY).await.unwrap();
    let cases = cases(&development).await;
    write(folder.path(), &development, &cases);
    check(&cases, "signing/verify", &ours(&cases, development.trusted_root()));
    development.stop().await;
    let test = "stock_verifiers_take_what_is_right_and_nothing_else";
    if let Some(python) = stock::python(test) {
        check(&cases, "sigstore-python", &python.verify(folder.path()));
        python.verify_with_the_command_line(folder.path(), IDENTITY, ISSUER);
    }
    if let Some(node) = stock::node(test) {
        check(&cases, "@sigstore/verify", &node.verify(folder.path()));
    }
}

#[test]
fn a_managed_key_needs_no_service() {
    let (key, other) = (ManagedKey::generate().unwrap(), ManagedKey::generate().unwrap());
    let known = |key: &ManagedKey| {
        let keys = json!({"keys": [{
            "id": key.hint(), "public-key": key.public_key_pem(), "namespaces": ["acme/*"],
            "not-before": "2026-01-01T00:00:00Z", "not-after": "9000-01-01T00:00:00Z",
        }]});
        Keys::parse(keys.to_string().as_bytes()).unwrap()
    };
    let policy = json!({"publishers": [{"namespace": "acme/*", "keys": [key.hint()], "key-time": "unproven"}]});
    let policy = Policy::parse(policy.to_string().as_bytes()).unwrap();
    let check = |keys: Keys, bundle: &signing_client::Bundle, digest: Digest| {
        let verifier = Verifier::new(vec![TrustRoot::of_nobody().unwrap()], keys).unwrap();
        let bundle = Bundle::parse(bundle.to_json().unwrap().as_bytes()).unwrap();
        verifier.verify(&bundle, &Artifact { name: "acme/ledger", digest }, &policy, jiff::Timestamp::now()).is_ok()
    };
    let (message, statement) = (key.sign(ARTIFACT).unwrap(), key.sign_statement(STATEMENT).unwrap());
    assert!(check(known(&key), &message, Digest::of(ARTIFACT)));
    assert!(check(known(&key), &statement, SUBJECT.parse().unwrap()));
    assert!(!check(known(&key), &message, Digest::of(b"another artifact")));
    assert!(!check(known(&other), &message, Digest::of(ARTIFACT)));
    assert!(!check(known(&key), &other.sign(ARTIFACT).unwrap(), Digest::of(ARTIFACT)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stock_signer_is_served() {
    let Some(python) = stock::python("a_stock_signer_is_served") else { return };
    let folder = tempfile::tempdir().unwrap();
    let development = Development::start(&folder.path().join("authority"), IDENTITY).await.unwrap();
    write(folder.path(), &development, &[]);
    std::fs::write(folder.path().join("artifact"), ARTIFACT).unwrap();
    let (path, token) = (folder.path().to_owned(), development.token().unwrap());
    let bundle = tokio::task::spawn_blocking(move || python.sign(&path, &token, "artifact")).await.unwrap();
    let case = Case {
        name: "signed by sigstore-python",
        bundle: serde_json::from_str(&bundle).unwrap(),
        artifact: Some(ARTIFACT),
        identity: IDENTITY,
        issuer: ISSUER,
        verifies: true,
    };
    let cases = [case];
    check(&cases, "signing/verify", &ours(&cases, development.trusted_root()));
    development.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_development_authority_goes_on_where_it_ended() {
    let folder = tempfile::tempdir().unwrap();
    let first = Development::start(folder.path(), IDENTITY).await.unwrap();
    let (root, token) = (first.trusted_root().clone(), first.token().unwrap());
    first.publisher().unwrap().sign(&token, ARTIFACT).await.unwrap();
    first.stop().await;
    let again = loop {
        // The log's thread may still be closing its files.
        match Development::start(folder.path(), IDENTITY).await {
            Ok(again) => break again,
            Err(error) => assert!(error.to_string().contains("another process"), "{error}"),
        }
    };
    assert_eq!(again.trusted_root(), &root);
    let bundle = again.publisher().unwrap().sign(&again.token().unwrap(), ARTIFACT).await.unwrap();
    let bundle: Value = serde_json::from_str(&bundle.to_json().unwrap()).unwrap();
    assert_eq!(bundle["verificationMaterial"]["tlogEntries"][0]["logIndex"], "1");
    let secret = |name: &str| {
        let mode = std::os::unix::fs::PermissionsExt::mode(
            &std::fs::metadata(folder.path().join(name)).unwrap().permissions(),
        );
        assert_eq!(mode & 0o077, 0, "{name}");
    };
    ["passphrase", "issuer.key", "keys", "keys/ca.pem", "keys/log.pem"].iter().for_each(|name| secret(name));
    again.stop().await;
    for name in ["", "ada", "@x", "a b@c", "ada@\u{e9}"] {
        assert!(Development::start(folder.path(), name).await.is_err(), "{name}");
    }
}
