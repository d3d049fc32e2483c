// SPDX-License-Identifier: MIT OR Apache-2.0
//! Foreign bundles, a policy that fits them, own keys, and ways to spoil all of it.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::panic,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "shared by tests, each uses a part"
)]

pub mod parsers;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;
use kernel_types::Digest;
use serde_json::{Value, json};
use signing_verify::{
    Artifact, Bundle, Edition, Keys, Policy, REVOCATIONS_NAME, Refused, RevocationList, Step, TrustRoot, Verified,
    Verifier,
};
use sigstore_verify::crypto::KeyPair;
use sigstore_verify::types::{Sha256Hash, pae};
use std::sync::LazyLock;

pub const STAGING_ROOT: &[u8] = include_bytes!("../foreign/staging-root.json");
pub const PUBLIC_ROOT: &[u8] = include_bytes!("../foreign/public-root.json");
pub const STAGING_SIGNATURE: &[u8] = include_bytes!("../foreign/staging-signature.sigstore.json");
pub const STAGING_ARTIFACT: &[u8] = include_bytes!("../foreign/staging-signature.txt");
pub const STAGING_PROVENANCE: &[u8] = include_bytes!("../foreign/staging-provenance.sigstore.json");
pub const PUBLIC_PROVENANCE: &[u8] = include_bytes!("../foreign/public-provenance.sigstore.json");
pub const MANAGED_KEY: &[u8] = include_bytes!("../foreign/managed-key.sigstore.json");
pub const MANAGED_KEY_PEM: &str = include_str!("../foreign/managed-key.pub");
pub const NO_TIME: &[u8] = include_bytes!("../foreign/no-time.sigstore.json");

/// The hint in the bundle with a kept key.
pub const MANAGED_KEY_ID: &str = "TLMsSDfG3ajPsWge+z/vX5T/zluXnmvbkTkwLIV68Tk=";
/// The digest of the conformance tests' `a.txt`.
pub const A_TXT: &str = "sha256:a0cfc71271d6e278e57cd332ff957c3f7043fdda354c4cbb190a30d56efa01bf";
pub const NAME: &str = "acme/ledger";

/// After everything here was signed.
pub fn now() -> Timestamp {
    "2026-11-20T00:00:00Z".parse().unwrap()
}

pub fn a_txt() -> Artifact<'static> {
    Artifact { name: NAME, digest: A_TXT.parse().unwrap() }
}

pub fn staging_artifact() -> Artifact<'static> {
    Artifact { name: NAME, digest: Digest::of(STAGING_ARTIFACT) }
}

pub fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

pub fn bytes(value: &Value) -> Vec<u8> {
    serde_json::to_vec(value).unwrap()
}

pub fn policy_value() -> Value {
    json!({"publishers": [{
        "namespace": "acme/*",
        "identities": [
            {"issuer": "https://github.com/login/oauth", "subject": "*@goto.fi"},
            {
                "issuer": "https://token.actions.githubusercontent.com",
                "subject": "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/*"
            }
        ],
        "keys": [MANAGED_KEY_ID, "site"],
        "key-time": "unproven"
    }]})
}

pub fn policy() -> Policy {
    Policy::parse(&bytes(&policy_value())).unwrap()
}

pub fn key_entry(id: &str, pem: &str) -> Value {
    json!({
        "id": id, "public-key": pem, "namespaces": ["acme/*", "cortex/revocations"],
        "not-before": "2024-01-01T00:00:00Z", "not-after": "2027-01-01T00:00:00Z"
    })
}

pub fn keys_of(entries: &[Value]) -> Keys {
    Keys::parse(&bytes(&json!({ "keys": entries }))).unwrap()
}

pub fn roots() -> Vec<TrustRoot> {
    vec![TrustRoot::parse(PUBLIC_ROOT).unwrap(), TrustRoot::parse(STAGING_ROOT).unwrap()]
}

pub fn verifier() -> Verifier {
    Verifier::new(roots(), keys_of(&[key_entry(MANAGED_KEY_ID, MANAGED_KEY_PEM)])).unwrap()
}

/// Parses and verifies, as a host would.
pub fn verify(verifier: &Verifier, bundle: &[u8], artifact: &Artifact<'_>) -> Result<Verified, Refused> {
    verifier.verify(&Bundle::parse(bundle)?, artifact, &policy(), now())
}

pub fn step<T: std::fmt::Debug>(result: Result<T, Refused>) -> Step {
    result.expect_err("it has to be refused").step
}

/// Flips a bit of what is encoded in base64 at the pointer, at a part of its length in tenths.
pub fn flip(value: &mut Value, pointer: &str, tenths: usize) {
    let text = value.pointer_mut(pointer).unwrap_or_else(|| panic!("nothing at {pointer}"));
    let mut bytes = BASE64.decode(text.as_str().unwrap()).unwrap();
    let at = (bytes.len() * tenths / 10).min(bytes.len() - 1);
    bytes[at] ^= 1;
    *text = BASE64.encode(bytes).into();
}

pub fn decode(value: &Value, pointer: &str) -> Vec<u8> {
    BASE64.decode(value.pointer(pointer).unwrap().as_str().unwrap()).unwrap()
}

/// A key of this test and a site that knows it.
pub struct Site {
    pub pair: KeyPair,
    pub pem: String,
}

impl Site {
    pub fn new() -> Self {
        let pair = KeyPair::generate_ecdsa_p256().unwrap();
        let pem = pair.public_key_der().unwrap().to_pem();
        Self { pair, pem }
    }

    pub fn verifier(&self) -> Verifier {
        Verifier::new(vec![TrustRoot::of_nobody().unwrap()], keys_of(&[key_entry("site", &self.pem)])).unwrap()
    }

    fn bundle(content: &str, value: Value) -> Value {
        let mut bundle = json!({
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {"publicKey": {"hint": "site"}, "tlogEntries": []}
        });
        bundle[content] = value;
        bundle
    }

    pub fn sign(&self, digest: &Digest) -> Value {
        let signature = self.pair.sign_digest(&Sha256Hash::from(*digest.as_bytes())).unwrap();
        let claim = json!({"algorithm": "SHA2_256", "digest": BASE64.encode(digest.as_bytes())});
        Self::bundle("messageSignature", json!({"messageDigest": claim, "signature": signature.to_base64()}))
    }

    pub fn attest(&self, payload: &[u8]) -> Value {
        let kind = "application/vnd.in-toto+json";
        let signature = self.pair.sign(&pae(kind, payload)).unwrap().to_base64();
        let payload = BASE64.encode(payload);
        Self::bundle(
            "dsseEnvelope",
            json!({"payloadType": kind, "payload": payload, "signatures": [{"sig": signature, "keyid": ""}]}),
        )
    }
}

pub fn statement(digest: &Digest, predicate_type: &str) -> Value {
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": NAME, "digest": {"sha256": digest.hex()}}],
        "predicateType": predicate_type,
        "predicate": {"builder": "here"}
    })
}

/// A site whose key signs its own releases and lists.
pub fn signed(site: &Site, name: &'static str, bytes_: &[u8]) -> Verified {
    let policy = json!({"publishers": [
        {"namespace": "acme/*", "keys": ["site"], "key-time": "unproven"},
        {"namespace": REVOCATIONS_NAME, "keys": ["site"], "key-time": "unproven"}
    ]});
    let policy = Policy::parse(&bytes(&policy)).unwrap();
    let artifact = Artifact { name, digest: Digest::of(bytes_) };
    let bundle = Bundle::parse(&bytes(&site.sign(&artifact.digest))).unwrap();
    site.verifier().verify(&bundle, &artifact, &policy, now()).unwrap()
}

pub fn list(number: u64, revoked: &[(&Digest, &str)]) -> Vec<u8> {
    let revoked: Value = revoked.iter().map(|(digest, reason)| (digest.to_string(), json!(reason))).collect();
    let list = json!({
        "format": "cortex-revocations-v1", "number": number, "revoked": revoked,
        "issued-at": "2026-11-19T00:00:00Z", "fresh-until": "2026-11-26T00:00:00Z"
    });
    serde_json_canonicalizer::to_vec(&list).unwrap()
}

pub fn accept(site: &Site, bytes: &[u8], last: Option<Edition>) -> Result<RevocationList, Refused> {
    RevocationList::accept(bytes, &signed(site, REVOCATIONS_NAME, bytes), last, now())
}

/// Any bytes as a list of revocations that its signer really signed: refused, or one canonical list.
pub fn any_list(text: &[u8]) {
    static SITE: LazyLock<Site> = LazyLock::new(Site::new);
    if let Ok(list) = accept(&SITE, text, None) {
        assert_eq!(serde_json_canonicalizer::to_vec(&json(text)).unwrap(), text);
        assert_eq!(list.edition().digest, Digest::of(text));
        assert_eq!(json(text)["revoked"].as_object().unwrap().len(), list.digests().count());
    }
}
