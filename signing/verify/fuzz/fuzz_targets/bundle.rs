// SPDX-License-Identifier: MIT OR Apache-2.0
//! Any bytes as a bundle under sigstore's public root, for anybody: what verifies was signed for that very artifact.

#![no_main]

use signing_verify::{Artifact, Bundle, Keys, Policy, TrustRoot, Verifier};
use std::sync::LazyLock;

const A_TXT: &str = "sha256:a0cfc71271d6e278e57cd332ff957c3f7043fdda354c4cbb190a30d56efa01bf";
const POLICY: &[u8] = br#"{"publishers": [{"namespace": "*", "identities": [
    {"issuer": "https://token.actions.githubusercontent.com", "subject": "https://github.com/sigstore-conformance/*"}
]}]}"#;

static SITE: LazyLock<(Verifier, Policy)> = LazyLock::new(|| {
    let root = TrustRoot::parse(include_bytes!("../../tests/foreign/public-root.json")).unwrap();
    (Verifier::new(vec![root], Keys::default()).unwrap(), Policy::parse(POLICY).unwrap())
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let (verifier, policy) = &*SITE;
    let Ok(bundle) = Bundle::parse(data) else { return };
    let artifact = |digest| Artifact { name: "acme/ledger", digest };
    let now = "2026-11-20T00:00:00Z".parse().unwrap();
    let other = kernel_types::Digest::of(data);
    assert!(verifier.verify(&bundle, &artifact(other), policy, now).is_err());
    if let Ok(verified) = verifier.verify(&bundle, &artifact(A_TXT.parse().unwrap()), policy, now) {
        assert_eq!(verified.statement.as_ref().unwrap().predicate_type, "https://slsa.dev/provenance/v1");
    }
});
