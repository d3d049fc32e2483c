// SPDX-License-Identifier: MIT OR Apache-2.0
//! Bundles that others made, under the roots that they are made for; and each part of them spoiled.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod support;

use serde_json::{Value, json};
use signing_verify::{Bundle, Holder, Kind, Policy, Signer, Step, TimeProof, TrustRoot, Verifier};
use support::*;

const BEACON: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";

#[test]
fn a_message_signature_of_the_second_log() {
    let verified = verify(&verifier(), STAGING_SIGNATURE, &staging_artifact()).unwrap();
    let holder = Holder { issuer: "https://github.com/login/oauth".into(), subject: "jku@goto.fi".into() };
    assert_eq!(verified.signer, Signer::Holder(holder));
    let at = verified.signed_at.unwrap();
    assert_eq!((at.proof, at.time.to_string().as_str()), (TimeProof::Timestamp, "2025-06-09T11:57:38Z"));
    assert_eq!((verified.kind, &verified.statement), (Kind::Signature, &None));
    assert_eq!(verified.digest, staging_artifact().digest);
}

#[test]
fn provenance_of_both_logs() {
    for (bundle, proof) in [(STAGING_PROVENANCE, TimeProof::Timestamp), (PUBLIC_PROVENANCE, TimeProof::Log)] {
        let verified = verify(&verifier(), bundle, &a_txt()).unwrap();
        let Signer::Holder(holder) = &verified.signer else { panic!("{verified:?}") };
        assert_eq!(
            (holder.issuer.as_str(), holder.subject.as_str()),
            ("https://token.actions.githubusercontent.com", BEACON)
        );
        assert_eq!((verified.kind, verified.signed_at.unwrap().proof), (Kind::Provenance, proof));
        let statement = verified.statement.as_ref().unwrap();
        assert_eq!(statement.predicate_type, "https://slsa.dev/provenance/v1");
        assert!(statement.predicate.pointer("/buildDefinition/buildType").is_some());
    }
}

#[test]
fn a_kept_key_in_a_log() {
    let verified = verify(&verifier(), MANAGED_KEY, &a_txt()).unwrap();
    assert_eq!(verified.signer, Signer::Key(MANAGED_KEY_ID.into()));
    assert_eq!(verified.signed_at.unwrap().proof, TimeProof::Log);
    let key_time = |what: &str| {
        let mut policy = policy_value();
        policy["publishers"][0]["key-time"] = what.into();
        let policy = Policy::parse(&bytes(&policy)).unwrap();
        verifier().verify(&Bundle::parse(MANAGED_KEY).unwrap(), &a_txt(), &policy, now())
    };
    key_time("log").unwrap();
    assert_eq!(step(key_time("timestamp")), Step::Timestamp);
}

/// The certificate's key as a kept key: its timestamp is still one over the signature.
#[test]
fn a_kept_key_with_a_timestamp() {
    let mut bundle = json(STAGING_SIGNATURE);
    let certificate = decode(&bundle, "/verificationMaterial/certificate/rawBytes");
    let info = sigstore_verify::crypto::parse_certificate_info(&certificate.into()).unwrap();
    let material = bundle["verificationMaterial"].as_object_mut().unwrap();
    material.remove("certificate");
    material.insert("tlogEntries".into(), json!([]));
    material.insert("publicKey".into(), json!({"hint": "site"}));
    let mut policy = policy_value();
    policy["publishers"][0]["key-time"] = "timestamp".into();
    let policy = Policy::parse(&bytes(&policy)).unwrap();
    let try_it = |bundle: &Value, not_after: &str| {
        let mut entry = key_entry("site", &info.public_key.to_pem());
        entry["not-after"] = not_after.into();
        let verifier = Verifier::new(roots(), keys_of(&[entry])).unwrap();
        verifier.verify(&Bundle::parse(&bytes(bundle))?, &staging_artifact(), &policy, now())
    };
    // The key has expired since; what counts is when it was used.
    let verified = try_it(&bundle, "2025-07-01T00:00:00Z").unwrap();
    assert_eq!(verified.signed_at.unwrap().proof, TimeProof::Timestamp);
    assert_eq!(step(try_it(&bundle, "2025-06-01T00:00:00Z")), Step::Identity);
    flip(&mut bundle, "/verificationMaterial/timestampVerificationData/rfc3161Timestamps/0/signedTimestamp", 9);
    assert_eq!(step(try_it(&bundle, "2025-07-01T00:00:00Z")), Step::Timestamp);
}

#[test]
fn an_expired_certificate_without_proof_of_time() {
    let digest = "sha256:ca6de99a11d3d38056d838c7dc9a23a11a0c81bcace0d11eaa301a2ffb482c42".parse().unwrap();
    let artifact = signing_verify::Artifact { name: NAME, digest };
    let refused = verify(&verifier(), NO_TIME, &artifact).unwrap_err();
    assert_eq!(refused.step, Step::Timestamp);
    assert!(refused.to_string().contains("counts as expired (2024-12-10"), "{refused}");
}

const ENTRY: &str = "/verificationMaterial/tlogEntries/0";
const TOKEN: &str = "/verificationMaterial/timestampVerificationData/rfc3161Timestamps/0/signedTimestamp";
const CERTIFICATE: &str = "/verificationMaterial/certificate/rawBytes";

/// A change of one part of a bundle.
type Spoil = fn(&mut Value);

#[test]
fn each_part_of_a_bundle_is_refused_at_its_step() {
    let cases: &[(&str, Spoil, Step)] = &[
        ("version", |b| b["mediaType"] = "application/vnd.dev.sigstore.bundle+json;version=0.2".into(), Step::Bundle),
        ("both contents", |b| b["messageSignature"] = json!({"signature": "AA=="}), Step::Bundle),
        ("an unknown member", |b| b["extra"] = json!(1), Step::Bundle),
        ("a chain", |b| b["verificationMaterial"]["x509CertificateChain"] = json!({"certificates": []}), Step::Bundle),
        ("payload type", |b| b["dsseEnvelope"]["payloadType"] = "text/plain".into(), Step::Bundle),
        (
            "two signatures",
            |b| {
                let list = b["dsseEnvelope"]["signatures"].as_array_mut().unwrap();
                list.push(list[0].clone());
            },
            Step::Bundle,
        ),
        (
            "two log entries",
            |b| {
                let list = b["verificationMaterial"]["tlogEntries"].as_array_mut().unwrap();
                list.push(list[0].clone());
            },
            Step::Bundle,
        ),
        ("timestamp: its end", |b| flip(b, TOKEN, 10), Step::Timestamp),
        ("timestamp: its middle", |b| flip(b, TOKEN, 5), Step::Timestamp),
        ("timestamp: its beginning", |b| flip(b, TOKEN, 0), Step::Timestamp),
        ("timestamp: none", |b| b["verificationMaterial"]["timestampVerificationData"] = json!({}), Step::Timestamp),
        ("signature under the timestamp", |b| flip(b, "/dsseEnvelope/signatures/0/sig", 5), Step::Timestamp),
        ("certificate: its beginning", |b| flip(b, CERTIFICATE, 0), Step::CertificateChain),
        ("certificate: its middle", |b| flip(b, CERTIFICATE, 5), Step::CertificateChain),
        ("certificate: its signature", |b| flip(b, CERTIFICATE, 10), Step::CertificateChain),
        ("log: no entry", |b| b["verificationMaterial"]["tlogEntries"] = json!([]), Step::LogInclusion),
        (
            "log: no proof",
            |b| drop(b.pointer_mut(ENTRY).unwrap().as_object_mut().unwrap().remove("inclusionProof")),
            Step::LogInclusion,
        ),
        ("log: index", |b| b.pointer_mut(ENTRY).unwrap()["logIndex"] = "7".into(), Step::LogInclusion),
        ("log: another log", |b| flip(b, &format!("{ENTRY}/logId/keyId"), 5), Step::LogInclusion),
        ("log: path", |b| flip(b, &format!("{ENTRY}/inclusionProof/hashes/0"), 5), Step::LogInclusion),
        (
            "log: path shorter",
            |b| drop(b.pointer_mut(ENTRY).unwrap()["inclusionProof"]["hashes"].as_array_mut().unwrap().pop()),
            Step::LogInclusion,
        ),
        ("log: checkpoint's size", |b| checkpoint(b, "\n4026479\n", "\n4026480\n"), Step::LogInclusion),
        ("log: checkpoint's root", |b| checkpoint(b, "5iaX4xK6", "5iaX4xK7"), Step::LogInclusion),
        ("log: checkpoint's signature", |b| checkpoint(b, "09OnDHwVrKeX", "09OnDHwVrKeY"), Step::LogInclusion),
        (
            "log: checkpoint's origin",
            |b| checkpoint(b, "log2025-alpha3.rekor.sigstage.dev\n4", "log2025-alpha4.rekor.sigstage.dev\n4"),
            Step::LogInclusion,
        ),
        ("log: body", |b| body(b, "hashedrekord\"", "hashedrekorD\""), Step::LogInclusion),
        ("log: body not canonical", |b| body(b, "{\"apiVersion\"", "{ \"apiVersion\""), Step::Bundle),
        (
            "payload",
            |b| {
                let payload = String::from_utf8(decode(b, "/dsseEnvelope/payload")).unwrap().replace("a.txt", "b.txt");
                encode(b, "/dsseEnvelope/payload", payload.as_bytes());
            },
            Step::Signature,
        ),
    ];
    let verifier = verifier();
    for (what, spoil, expected) in cases {
        let mut bundle = json(STAGING_PROVENANCE);
        spoil(&mut bundle);
        let result = verify(&verifier, &bytes(&bundle), &a_txt());
        assert_eq!(result.as_ref().err().map(|refused| refused.step), Some(*expected), "{what}: {result:?}");
    }
}

fn encode(value: &mut Value, pointer: &str, bytes: &[u8]) {
    use base64::Engine as _;
    *value.pointer_mut(pointer).unwrap() = base64::engine::general_purpose::STANDARD.encode(bytes).into();
}

fn checkpoint(bundle: &mut Value, from: &str, to: &str) {
    let envelope = bundle.pointer_mut(&format!("{ENTRY}/inclusionProof/checkpoint/envelope")).unwrap();
    let spoiled = envelope.as_str().unwrap().replace(from, to);
    assert_ne!(envelope.as_str().unwrap(), spoiled);
    *envelope = spoiled.into();
}

fn body(bundle: &mut Value, from: &str, to: &str) {
    let pointer = format!("{ENTRY}/canonicalizedBody");
    let body = String::from_utf8(decode(bundle, &pointer)).unwrap();
    let spoiled = body.replace(from, to);
    assert_ne!(body, spoiled);
    encode(bundle, &pointer, spoiled.as_bytes());
}

#[test]
fn where_the_log_signs_the_time() {
    let cases: &[(&str, Spoil, Step)] = &[
        ("signature", |b| flip(b, "/dsseEnvelope/signatures/0/sig", 9), Step::Signature),
        ("time", |b| b.pointer_mut(ENTRY).unwrap()["integratedTime"] = "1734374577".into(), Step::LogInclusion),
        ("promise", |b| flip(b, &format!("{ENTRY}/inclusionPromise/signedEntryTimestamp"), 9), Step::LogInclusion),
        (
            "no promise",
            |b| drop(b.pointer_mut(ENTRY).unwrap().as_object_mut().unwrap().remove("inclusionPromise")),
            Step::Timestamp,
        ),
        (
            "no proof beside the promise",
            |b| drop(b.pointer_mut(ENTRY).unwrap().as_object_mut().unwrap().remove("inclusionProof")),
            Step::LogInclusion,
        ),
    ];
    for (what, spoil, expected) in cases {
        let mut bundle = json(PUBLIC_PROVENANCE);
        spoil(&mut bundle);
        let result = verify(&verifier(), &bytes(&bundle), &a_txt());
        assert_eq!(result.as_ref().err().map(|refused| refused.step), Some(*expected), "{what}: {result:?}");
    }
}

#[test]
fn another_artifact() {
    for (bundle, other) in
        [(STAGING_PROVENANCE, staging_artifact()), (STAGING_SIGNATURE, a_txt()), (MANAGED_KEY, staging_artifact())]
    {
        assert_eq!(step(verify(&verifier(), bundle, &other)), Step::Digest);
    }
}

/// The roots' half of the matrix: what the root does not know or know otherwise is refused where it is needed.
#[test]
fn each_part_of_a_root_is_needed_at_its_step() {
    let swap_keys = |root: &mut Value, list: &str| {
        let logs = root[list].as_array_mut().unwrap();
        let other = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEDODRU688UYGuy54mNUlaEBiQdTE9nYLr0lg6RXowI/QV/RE1azBn4Eg5/2uTOMbhB1/gfcHzijzFi9Tk+g1Prg==";
        for log in logs {
            log["publicKey"]["rawBytes"] = other.into();
        }
    };
    let empty = |root: &mut Value, list: &str| root[list] = json!([]);
    let late = |root: &mut Value, list: &str| {
        for one in root[list].as_array_mut().unwrap() {
            let holder = if one.get("publicKey").is_some() { &mut one["publicKey"] } else { one };
            holder["validFor"] = json!({"start": "2026-06-01T00:00:00Z"});
        }
    };
    type Spoil<'a> = &'a dyn Fn(&mut Value, &str);
    let cases: Vec<(&str, Spoil<'_>, Step)> = vec![
        ("certificateAuthorities", &empty, Step::CertificateChain),
        ("certificateAuthorities", &late, Step::CertificateChain),
        ("ctlogs", &empty, Step::Sct),
        ("ctlogs", &swap_keys, Step::Sct),
        ("ctlogs", &late, Step::Sct),
        ("tlogs", &empty, Step::LogInclusion),
        ("tlogs", &swap_keys, Step::LogInclusion),
        ("tlogs", &late, Step::LogInclusion),
        ("timestampAuthorities", &empty, Step::Timestamp),
        ("timestampAuthorities", &late, Step::Timestamp),
    ];
    for (at, (list, spoil, expected)) in cases.iter().enumerate() {
        let mut root = json(STAGING_ROOT);
        spoil(&mut root, list);
        let verifier = Verifier::new(vec![TrustRoot::parse(&bytes(&root)).unwrap()], keys_of(&[])).unwrap();
        let result = verify(&verifier, STAGING_PROVENANCE, &a_txt());
        assert_eq!(result.as_ref().err().map(|refused| refused.step), Some(*expected), "{at} {list}: {result:?}");
    }
}

/// What is complete only with parts of two roots is not complete.
#[test]
fn two_roots_do_not_add_up() {
    let without = |list: &str| {
        let mut root = json(STAGING_ROOT);
        root[list] = json!([]);
        TrustRoot::parse(&bytes(&root)).unwrap()
    };
    let halves = vec![without("tlogs"), without("timestampAuthorities")];
    let verifier = Verifier::new(halves, keys_of(&[])).unwrap();
    // The one that got furthest says why.
    assert_eq!(step(verify(&verifier, STAGING_PROVENANCE, &a_txt())), Step::LogInclusion);
}

#[test]
fn another_identity() {
    let spoiled = |pointer: &str, text: &str| {
        let mut policy = policy_value();
        *policy.pointer_mut(pointer).unwrap() = text.into();
        let policy = Policy::parse(&bytes(&policy)).unwrap();
        verifier().verify(&Bundle::parse(STAGING_SIGNATURE).unwrap(), &staging_artifact(), &policy, now())
    };
    for (pointer, text) in [
        ("/publishers/0/identities/0/subject", "jku@goto.fi.example"),
        ("/publishers/0/identities/0/subject", "*@oto.fi"),
        ("/publishers/0/identities/0/subject", "JKU@goto.fi"),
        ("/publishers/0/identities/0/issuer", "https://github.com/login/oauth/"),
        ("/publishers/0/namespace", "acme/stock"),
        ("/publishers/0/namespace", "acm/*"),
    ] {
        assert_eq!(step(spoiled(pointer, text)), Step::Identity, "{pointer} {text}");
    }
    spoiled("/publishers/0/identities/0/subject", "jku@goto.fi").unwrap();
}

#[test]
fn a_time_that_has_not_come() {
    let bundle = Bundle::parse(STAGING_SIGNATURE).unwrap();
    let at = |now: &str| verifier().verify(&bundle, &staging_artifact(), &policy(), now.parse().unwrap());
    assert_eq!(step(at("2025-06-09T11:50:00Z")), Step::Timestamp);
    at("2025-06-09T11:55:00Z").unwrap();
    // Ten minutes, ten years: the certificate is judged when it was used.
    at("2035-06-09T11:55:00Z").unwrap();
}
