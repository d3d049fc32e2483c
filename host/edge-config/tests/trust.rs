// SPDX-License-Identifier: MIT OR Apache-2.0
//! A configuration file is believed only with the signature of one who may sign it.

#![allow(clippy::unwrap_used, reason = "a helper of a test is a test")]

use edge_config::{CONFIGURATION_NAME, Trust};
use jiff::Timestamp;
use serde_json::json;
use signing_client::ManagedKey;
use signing_verify::{Signer, Step};

const FILE: &[u8] = b"gateway:\n  drain-ms-max: 5000\n";

fn policy(namespace: &str, key: &ManagedKey) -> Vec<u8> {
    let publisher = json!({ "namespace": namespace, "keys": [key.hint()], "key-time": "unproven" });
    json!({ "publishers": [publisher] }).to_string().into_bytes()
}

fn keys(key: &ManagedKey, namespace: &str, not_after: &str) -> Vec<u8> {
    let entry = json!({
        "id": key.hint(), "public-key": key.public_key_pem(), "namespaces": [namespace],
        "not-before": "2020-01-01T00:00:00Z", "not-after": not_after,
    });
    json!({ "keys": [entry] }).to_string().into_bytes()
}

fn now() -> Timestamp {
    "2026-11-20T00:00:00Z".parse().unwrap()
}

#[test]
fn a_file_is_believed_when_its_signer_may_sign_configurations() {
    let (key, other) = (ManagedKey::generate().unwrap(), ManagedKey::generate().unwrap());
    let far = "2030-01-01T00:00:00Z";
    let right = Trust::parse(&policy(CONFIGURATION_NAME, &key), Some(&keys(&key, "cortex/*", far)), &[]).unwrap();
    let bundle = key.sign(FILE).unwrap().to_json().unwrap().into_bytes();
    let verified = right.verify(FILE, &bundle, now()).unwrap();
    assert_eq!((verified.name.as_str(), &verified.signer), (CONFIGURATION_NAME, &Signer::Key(key.hint())));

    let of_others = other.sign(FILE).unwrap().to_json().unwrap().into_bytes();
    let changed = [FILE, b" "].concat();
    let elsewhere = Trust::parse(&policy("acme/*", &key), Some(&keys(&key, "cortex/*", far)), &[]).unwrap();
    let not_for_it = Trust::parse(&policy(CONFIGURATION_NAME, &key), Some(&keys(&key, "acme/*", far)), &[]).unwrap();
    let ended = keys(&key, "cortex/*", "2026-01-01T00:00:00Z");
    let ended = Trust::parse(&policy(CONFIGURATION_NAME, &key), Some(&ended), &[]).unwrap();
    let cases = [
        ("changed", right.verify(&changed, &bundle, now()), Step::Digest),
        ("another key", right.verify(FILE, &of_others, now()), Step::Identity),
        ("no bundle", right.verify(FILE, b"{}", now()), Step::Bundle),
        ("nobody may", elsewhere.verify(FILE, &bundle, now()), Step::Identity),
        ("the key is for others", not_for_it.verify(FILE, &bundle, now()), Step::Identity),
        ("the key has ended", ended.verify(FILE, &bundle, now()), Step::Identity),
    ];
    for (case, result, step) in cases {
        assert_eq!(result.unwrap_err().step, step, "{case}");
    }
}

/// A statement about the file says something else than that it is to be used.
#[test]
fn a_statement_about_the_file_is_no_signature_of_it() {
    let key = ManagedKey::generate().unwrap();
    let trust = keys(&key, "cortex/*", "2030-01-01T00:00:00Z");
    let trust = Trust::parse(&policy(CONFIGURATION_NAME, &key), Some(&trust), &[]).unwrap();
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "name": "host.yaml", "digest": { "sha256": kernel_types::Digest::of(FILE).hex() } }],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {},
    });
    let bundle = key.sign_statement(statement.to_string().as_bytes()).unwrap().to_json().unwrap();
    assert_eq!(trust.verify(FILE, bundle.as_bytes(), now()).unwrap_err().step, Step::Attestation);
}

#[test]
fn files_that_cannot_be_used_are_named_by_their_step() {
    let key = ManagedKey::generate().unwrap();
    let good = policy(CONFIGURATION_NAME, &key);
    assert_eq!(Trust::parse(b"{}", None, &[]).unwrap_err().step, Step::Policy);
    assert_eq!(Trust::parse(&good, Some(b"[]"), &[]).unwrap_err().step, Step::Policy);
    assert_eq!(Trust::parse(&good, None, &[b"{}".to_vec()]).unwrap_err().step, Step::TrustRoot);
}
