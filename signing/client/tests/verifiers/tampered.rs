// SPDX-License-Identifier: MIT OR Apache-2.0
//! Bundles in which one thing is not what it was.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

const CERTIFICATE: &str = "/verificationMaterial/certificate/rawBytes";
const ENTRY: &str = "/verificationMaterial/tlogEntries/0";
const TIMESTAMP: &str = "/verificationMaterial/timestampVerificationData/rfc3161Timestamps/0/signedTimestamp";

/// With another value at a place.
fn with(bundle: &Value, path: &str, value: Value) -> Value {
    let mut bundle = bundle.clone();
    let at = bundle.pointer_mut(path).unwrap_or_else(|| panic!("no {path}"));
    assert_ne!(*at, value, "{path} changes");
    *at = value;
    bundle
}

/// With one bit of base64 bytes flipped, counted from the end.
fn flipped(bundle: &Value, path: &str, from_end: usize) -> Value {
    let mut bytes = STANDARD.decode(bundle.pointer(path).unwrap().as_str().unwrap()).unwrap();
    let position = bytes.len() - 1 - from_end;
    bytes[position] ^= 1;
    with(bundle, path, json!(STANDARD.encode(bytes)))
}

/// With the value that another bundle has there.
fn from(bundle: &Value, other: &Value, path: &str) -> Value {
    with(bundle, path, other.pointer(path).unwrap().clone())
}

fn replaced(bundle: &Value, path: &str, old: &str, new: &str) -> Value {
    let text = bundle.pointer(path).unwrap().as_str().unwrap();
    with(bundle, path, json!(text.replacen(old, new, 1)))
}

pub(super) fn messages(bundle: &Value, other: &Value) -> Vec<(&'static str, Value)> {
    let entry = |path: &str| format!("{ENTRY}{path}");
    let proof = entry("/inclusionProof/hashes/0");
    let envelope = entry("/inclusionProof/checkpoint/envelope");
    vec![
        ("the signature, one bit", flipped(bundle, "/messageSignature/signature", 0)),
        ("the signature of another", from(bundle, other, "/messageSignature/signature")),
        ("the digest of another", from(bundle, other, "/messageSignature/messageDigest/digest")),
        // In the signature, in the certificate timestamp, and in the name of the certificate.
        ("the certificate, its last bit", flipped(bundle, CERTIFICATE, 0)),
        ("the certificate, its timestamp", flipped(bundle, CERTIFICATE, 100)),
        ("the certificate of another", from(bundle, other, CERTIFICATE)),
        ("the log entry of another", from(bundle, other, ENTRY)),
        ("the log entry's body of another", from(bundle, other, &entry("/canonicalizedBody"))),
        ("the log's proof, one bit", flipped(bundle, &proof, 3)),
        ("the log's proof, no hashes", with(bundle, &entry("/inclusionProof/hashes"), json!([]))),
        // Some read the one, some the other.
        (
            "the log's index",
            with(&with(bundle, &entry("/logIndex"), json!("1")), &entry("/inclusionProof/logIndex"), json!("1")),
        ),
        ("the checkpoint's size", replaced(bundle, &envelope, "\n5\n", "\n6\n")),
        ("the checkpoint's name", replaced(bundle, &envelope, "authority.", "authorita.")),
        (
            "the checkpoint's signature",
            replaced(bundle, &envelope, "\u{2014} authority.cortex.invalid ", "\u{2014} authority.cortex.invalid A"),
        ),
        ("no log entry", with(bundle, "/verificationMaterial/tlogEntries", json!([]))),
        ("the timestamp, its last bit", flipped(bundle, TIMESTAMP, 0)),
        ("the timestamp of another", from(bundle, other, TIMESTAMP)),
        ("no timestamp", with(bundle, "/verificationMaterial/timestampVerificationData/rfc3161Timestamps", json!([]))),
    ]
}

pub(super) fn statements(bundle: &Value) -> Vec<(&'static str, Value)> {
    let payload = STANDARD.decode(bundle.pointer("/dsseEnvelope/payload").unwrap().as_str().unwrap()).unwrap();
    let forged = String::from_utf8(payload).unwrap().replace("\"artifact\"", "\"artifice\"");
    vec![
        ("the statement", with(bundle, "/dsseEnvelope/payload", json!(STANDARD.encode(forged)))),
        ("the statement's type", with(bundle, "/dsseEnvelope/payloadType", json!("application/json"))),
        ("the envelope's signature", flipped(bundle, "/dsseEnvelope/signatures/0/sig", 0)),
        ("the statement's timestamp", flipped(bundle, TIMESTAMP, 0)),
    ]
}
