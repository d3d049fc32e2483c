// SPDX-License-Identifier: MIT OR Apache-2.0
//! Keys of a site without authorities, policies, revocation and roll-back: what is allowed, and each way in which it is
//! not.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod support;

use kernel_types::Digest;
use semver::Version;
use serde_json::{Value, json};
use signing_verify::{
    Admitted, Artifact, Bundle, Freshness, History, Keys, Kind, Pattern, Policy, REVOCATIONS_NAME, Refused,
    RevocationList, Signer, Step, TRUST_ROOTS_MAX, TrustRoot, Verifier, admit, check_revoked,
};
use std::collections::BTreeSet;
use support::*;

fn artifact(bytes: &[u8]) -> Artifact<'static> {
    Artifact { name: NAME, digest: Digest::of(bytes) }
}

#[test]
fn a_site_without_any_authority() {
    let site = Site::new();
    let artifact = artifact(b"component");
    let verified = verify(&site.verifier(), &bytes(&site.sign(&artifact.digest)), &artifact).unwrap();
    assert_eq!((&verified.signer, verified.signed_at), (&Signer::Key("site".into()), None));
    for (predicate_type, kind) in [
        ("https://slsa.dev/provenance/v1", Kind::Provenance),
        ("https://cyclonedx.org/bom", Kind::Sbom),
        ("https://cyclonedx.org/bom/v1.6", Kind::Sbom),
        ("https://cyclonedx.org/bombast", Kind::Other),
        ("https://sigstore.dev/cosign/sign/v1", Kind::Signature),
        ("https://slsa.dev/provenance/v1.1", Kind::Other),
    ] {
        let bundle = site.attest(&bytes(&statement(&artifact.digest, predicate_type)));
        let verified = verify(&site.verifier(), &bytes(&bundle), &artifact).unwrap();
        assert_eq!(verified.kind, kind, "{predicate_type}");
        assert_eq!(verified.statement.as_ref().unwrap().predicate, json!({"builder": "here"}));
    }
}

#[test]
fn a_kept_key_is_refused() {
    let (site, stranger) = (Site::new(), Site::new());
    let artifact = artifact(b"component");
    let good = site.sign(&artifact.digest);
    let refuse = |verifier: &Verifier, bundle: &Value| step(verify(verifier, &bytes(bundle), &artifact));
    // Signed by another key that calls itself `site`.
    assert_eq!(refuse(&site.verifier(), &stranger.sign(&artifact.digest)), Step::Signature);
    let forged = stranger.attest(&bytes(&statement(&artifact.digest, "https://slsa.dev/provenance/v1")));
    assert_eq!(refuse(&site.verifier(), &forged), Step::Signature);
    assert_eq!(refuse(&site.verifier(), &site.sign(&Digest::of(b"another"))), Step::Digest);
    // The claim is right, the signature is over something else; and the other way round.
    let mut mixed = site.sign(&Digest::of(b"another"));
    mixed["messageSignature"]["messageDigest"] = good["messageSignature"]["messageDigest"].clone();
    assert_eq!(refuse(&site.verifier(), &mixed), Step::Signature);
    let about_another = site.attest(&bytes(&statement(&Digest::of(b"another"), "https://slsa.dev/provenance/v1")));
    assert_eq!(refuse(&site.verifier(), &about_another), Step::Digest);
    let mut unknown = good.clone();
    unknown["verificationMaterial"]["publicKey"]["hint"] = "elsewhere".into();
    assert_eq!(refuse(&site.verifier(), &unknown), Step::Identity);
    for (member, value) in [
        ("not-before", json!("2026-11-21T00:00:00Z")),
        ("not-after", json!("2026-11-19T00:00:00Z")),
        ("namespaces", json!(["acme", "acme/ledger/*"])),
    ] {
        let mut entry = key_entry("site", &site.pem);
        entry[member] = value;
        if member == "not-before" {
            entry["not-after"] = "2030-01-01T00:00:00Z".into();
        }
        let verifier = Verifier::new(vec![TrustRoot::of_nobody().unwrap()], keys_of(&[entry])).unwrap();
        assert_eq!(refuse(&verifier, &good), Step::Identity, "{member}");
    }
    for key_time in ["timestamp", "log"] {
        let mut policy = policy_value();
        policy["publishers"][0]["key-time"] = key_time.into();
        let policy = Policy::parse(&bytes(&policy)).unwrap();
        let bundle = Bundle::parse(&bytes(&good)).unwrap();
        assert_eq!(step(site.verifier().verify(&bundle, &artifact, &policy, now())), Step::Timestamp);
    }
}

/// A site with keys needs no root; what rests on an authority is refused there, and a site with neither is none.
#[test]
fn a_site_with_keys_only_trusts_nobody_else() {
    let site = Site::new();
    let artifact = artifact(b"component");
    let without = |keys: &[Value]| Verifier::new(Vec::new(), keys_of(keys));
    let verifier = without(&[key_entry("site", &site.pem)]).unwrap();
    let signed = site.sign(&artifact.digest);
    verify(&verifier, &bytes(&signed), &artifact).unwrap();
    assert_eq!(step(verify(&verifier, STAGING_SIGNATURE, &staging_artifact())), Step::Timestamp);
    let mut stamped = signed;
    stamped["verificationMaterial"]["timestampVerificationData"] =
        json(STAGING_SIGNATURE)["verificationMaterial"]["timestampVerificationData"].clone();
    assert_eq!(step(verify(&verifier, &bytes(&stamped), &artifact)), Step::Timestamp, "evidence has to be right");
    assert_eq!(step(without(&[])), Step::TrustRoot);
    let many = (0..=TRUST_ROOTS_MAX).map(|_| TrustRoot::parse(STAGING_ROOT).unwrap()).collect();
    assert_eq!(step(Verifier::new(many, keys_of(&[key_entry("site", &site.pem)]))), Step::TrustRoot);
}

/// In the key file, but the policy does not let it sign here.
#[test]
fn the_policy_and_the_key_file_both_have_to_name_it() {
    let site = Site::new();
    let artifact = artifact(b"component");
    let bundle = Bundle::parse(&bytes(&site.sign(&artifact.digest))).unwrap();
    let mut policy = policy_value();
    policy["publishers"].as_array_mut().unwrap().push(json!({"namespace": "acme/ledger", "keys": ["another"]}));
    let policy = Policy::parse(&bytes(&policy)).unwrap();
    // The closest namespace counts, also where a wider one would allow it.
    assert_eq!(step(site.verifier().verify(&bundle, &artifact, &policy, now())), Step::Identity);
    let stock = Artifact { name: "acme/stock", ..artifact };
    site.verifier().verify(&bundle, &stock, &policy, now()).unwrap();
}

#[test]
fn statements_that_are_none() {
    let site = Site::new();
    let artifact = artifact(b"component");
    let good = statement(&artifact.digest, "https://slsa.dev/provenance/v1");
    let refuse = |payload: &[u8]| step(verify(&site.verifier(), &bytes(&site.attest(payload)), &artifact));
    let change = |change: &dyn Fn(&mut Value)| {
        let mut value = good.clone();
        change(&mut value);
        refuse(&bytes(&value))
    };
    assert_eq!(change(&|s| s["_type"] = "https://in-toto.io/Statement/v0.1".into()), Step::Bundle);
    assert_eq!(change(&|s| s["subject"] = json!([])), Step::Digest);
    assert_eq!(change(&|s| s["subject"] = json!(vec![s["subject"][0].clone(); 257])), Step::Bundle);
    assert_eq!(change(&|s| s["subject"][0]["digest"] = json!({"sha256": "ab"})), Step::Bundle);
    assert_eq!(change(&|s| s["subject"][0]["digest"] = json!({"sha1": artifact.digest.hex()})), Step::Digest);
    let twice = String::from_utf8(bytes(&good)).unwrap().replacen('{', r#"{"predicateType":"x","#, 1);
    assert_eq!(refuse(twice.as_bytes()), Step::Bundle);
    // The same key with an escape is the same key.
    let escaped = String::from_utf8(bytes(&good)).unwrap().replacen('{', r#"{"predicate\u0054ype":"x","#, 1);
    assert_eq!(refuse(escaped.as_bytes()), Step::Bundle);
    let deep = change(&|s| s["predicate"] = (0..60).fold(json!(1), |inner, _| json!([inner])));
    assert_eq!(deep, Step::Bundle);
    assert_eq!(refuse(b"not json"), Step::Bundle);
}

#[test]
fn bundles_out_of_bounds() {
    let step_of = |bytes: &[u8]| step(Bundle::parse(bytes));
    assert_eq!(step_of(&vec![b' '; signing_verify::BUNDLE_BYTES_MAX + 1]), Step::Bundle);
    assert_eq!(step_of("[".repeat(100_000).as_bytes()), Step::Bundle);
    let many = format!("[{}0]", "0,".repeat(300_000));
    let refused = Bundle::parse(many.as_bytes()).unwrap_err();
    assert!(refused.reason.contains("more than 200000 values"), "{refused}");
    let mut bundle = json(STAGING_SIGNATURE);
    let tokens = &mut bundle["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"];
    *tokens = json!(vec![tokens[0].clone(); 5]);
    assert_eq!(step_of(&bytes(&bundle)), Step::Bundle);
    let doubled = [STAGING_SIGNATURE, STAGING_SIGNATURE].concat();
    assert_eq!(step_of(&doubled), Step::Bundle);
}

#[test]
fn patterns_hold_no_surprise() {
    for (pattern, yes, no) in [
        ("a@b.example", vec!["a@b.example"], vec!["A@b.example", "a@b.example.evil", "xa@b.example", "a@bxexample"]),
        (
            "*@b.example",
            vec!["a@b.example"],
            vec!["@b.example", "a@x.b.example", "a@evil@b.example", "https://x/@b.example"],
        ),
        (
            "https://git/acme/*",
            vec!["https://git/acme/x", "https://git/acme/x/y"],
            vec!["https://git/acme", "https://git/acme/", "https://git/acme-evil/x"],
        ),
        ("acme/ledger", vec!["acme/ledger"], vec!["acme/ledgers", "acme/ledger/", "acme"]),
        ("*", vec!["a", "a/b"], vec![]),
    ] {
        let parsed = Pattern::parse(pattern).unwrap();
        assert!(yes.iter().all(|name| parsed.matches(name)), "{pattern}");
        assert!(no.iter().all(|name| !parsed.matches(name)), "{pattern}");
    }
    for text in [
        "",
        "a*",
        "*a",
        "a*b",
        "**",
        "*/*",
        "/*",
        "//*",
        "https://*",
        "a/**",
        "*@",
        "*@*",
        "*@a@b",
        "*@a/*",
        "a b",
        "a/*/b",
    ] {
        assert!(Pattern::parse(text).is_err(), "{text}");
    }
}

#[test]
fn files_of_the_site_that_are_wrong() {
    let wrong = |value: Value| {
        assert_eq!(step(Policy::parse(&bytes(&json!({ "publishers": [value] })))), Step::Policy);
    };
    wrong(json!({"namespace": "acme/*"}));
    wrong(json!({"namespace": "acme*", "keys": ["a"]}));
    wrong(json!({"namespace": "acme/*", "keys": ["a"], "require": []}));
    wrong(json!({"namespace": "acme/*", "keys": ["a"], "require": ["other"]}));
    wrong(json!({"namespace": "acme/*", "keys": ["a"], "requires": ["sbom"]}));
    wrong(json!({"namespace": "acme/*", "identities": [{"issuer": "x", "subject": "*"}]}));
    wrong(json!({"namespace": "acme/*", "identities": [{"subject": "a@b"}]}));
    let twice = json!({"namespace": "acme/*", "keys": ["a"]});
    assert_eq!(step(Policy::parse(&bytes(&json!({ "publishers": [twice, twice] })))), Step::Policy);
    let keys = |entries: &[Value]| step(Keys::parse(&bytes(&json!({ "keys": entries }))));
    let good = key_entry("a", MANAGED_KEY_PEM);
    assert_eq!(keys(&[good.clone(), good.clone()]), Step::Policy);
    for (member, value) in
        [("public-key", "no key"), ("not-after", "2023-01-01T00:00:00Z"), ("not-before", "soon"), ("id", "")]
    {
        let mut bad = good.clone();
        bad[member] = value.into();
        assert_eq!(keys(&[bad]), Step::Policy, "{member}");
    }
    let mut root = json(STAGING_ROOT);
    root["mediaType"] = "application/vnd.dev.sigstore.trustedroot+json;version=0.2".into();
    assert_eq!(step(TrustRoot::parse(&bytes(&root))), Step::TrustRoot);
    let mut root = json(STAGING_ROOT);
    root["tlogs"] = json!(vec![root["tlogs"][0].clone(); 65]);
    assert_eq!(step(TrustRoot::parse(&bytes(&root))), Step::TrustRoot);
    let mut root = json(STAGING_ROOT);
    flip(&mut root, "/certificateAuthorities/0/certChain/certificates/0/rawBytes", 0);
    assert_eq!(step(TrustRoot::parse(&bytes(&root))), Step::TrustRoot);
    assert_eq!(step(Verifier::new(vec![], Keys::default())), Step::TrustRoot);
}

#[test]
fn revocation_by_digest() {
    let site = Site::new();
    let (bad, good) = (Digest::of(b"bad"), Digest::of(b"good"));
    let seven = accept(&site, &list(7, &[(&bad, "its key leaked")]), None).unwrap();
    assert_eq!((seven.edition().number, seven.digests().count()), (7, 1));
    check_revoked(&good, Some(&seven)).unwrap();
    check_revoked(&bad, None).unwrap();
    let refused = check_revoked(&bad, Some(&seven)).unwrap_err();
    assert!(refused.step == Step::Revoked && refused.reason.ends_with("was revoked: its key leaked"), "{refused}");
    assert_eq!(seven.freshness(now()), Freshness::Fresh);
    let since = "2026-11-26T00:00:00Z".parse().unwrap();
    assert_eq!(seven.freshness("2026-11-26T00:00:01Z".parse().unwrap()), Freshness::Stale { since });
    // Numbers only grow; the same list may come again, another with its number may not.
    let last = Some(seven.edition());
    accept(&site, &list(8, &[]), last).unwrap();
    accept(&site, &list(7, &[(&bad, "its key leaked")]), last).unwrap();
    assert_eq!(step(accept(&site, &list(7, &[]), last)), Step::RevocationList);
    assert_eq!(step(accept(&site, &list(6, &[(&bad, "its key leaked")]), last)), Step::RevocationList);
}

#[test]
fn lists_that_are_refused() {
    let site = Site::new();
    let text = String::from_utf8(list(7, &[(&Digest::of(b"bad"), "it is bad")])).unwrap();
    let refuse = |text: &str| assert_eq!(step(accept(&site, text.as_bytes(), None)), Step::RevocationList, "{text}");
    refuse(&text.replace("\"number\":7", "\"number\": 7"));
    refuse(&text.replace("\"number\":7", "\"number\":7,\"number\":7"));
    refuse(&text.replace("\"number\":7", "\"number\":-7"));
    refuse(&text.replace("revocations-v1", "revocations-v2"));
    refuse(&text.replace("sha256:", "sha512:"));
    refuse(&text.replace("2026-11-19T", "2026-11-22T"));
    refuse(&text.replace("2026-11-26T", "2026-11-18T"));
    refuse(&text.replace("\"number\"", "\"numbers\""));
    accept(&site, text.as_bytes(), None).unwrap();
    // Signed, but as something else; or another list.
    let as_component = signed(&site, NAME, text.as_bytes());
    assert_eq!(step(RevocationList::accept(text.as_bytes(), &as_component, None, now())), Step::RevocationList);
    let of_another = signed(&site, REVOCATIONS_NAME, &list(8, &[]));
    assert_eq!(step(RevocationList::accept(text.as_bytes(), &of_another, None, now())), Step::RevocationList);
}

fn release(site: &Site, content: &[u8], version: &str, history: &History<'_>) -> Result<Admitted, Refused> {
    let artifact = artifact(content);
    admit(&artifact, &Version::parse(version).unwrap(), vec![signed(site, NAME, content)], &policy(), history)
}

#[test]
fn older_versions_do_not_come_back() {
    let site = Site::new();
    let version = Version::parse("1.2.0").unwrap();
    let history = History { highest: Some((&version, Digest::of(b"120"))), ..History::default() };
    assert_eq!(release(&site, b"130", "1.3.0", &history).unwrap().version().to_string(), "1.3.0");
    assert_eq!(*release(&site, b"120", "1.2.0", &history).unwrap().digest(), Digest::of(b"120"));
    for (content, version) in
        [(&b"119"[..], "1.1.9"), (b"pre", "1.2.0-rc.1"), (b"changed", "1.2.0"), (b"build", "1.2.0+5")]
    {
        assert_eq!(step(release(&site, content, version, &history)), Step::Rollback, "{version}");
    }
    let allowed = BTreeSet::from([Digest::of(b"119")]);
    let history = History { rollback_allowed: Some(&allowed), ..history };
    assert_eq!(release(&site, b"119", "1.1.9", &history).unwrap().attestations().len(), 1);
    assert_eq!(step(release(&site, b"118", "1.1.8", &history)), Step::Rollback);
}

#[test]
fn what_a_release_needs() {
    let site = Site::new();
    let pinned = History { pinned: Some(Digest::of(b"this")), ..History::default() };
    release(&site, b"this", "1.0.0", &pinned).unwrap();
    assert_eq!(step(release(&site, b"that", "1.0.0", &pinned)), Step::Digest);
    let revoked = accept(&site, &list(1, &[(&Digest::of(b"this"), "it is bad")]), None).unwrap();
    let history = History { revoked: Some(&revoked), ..History::default() };
    assert_eq!(step(release(&site, b"this", "1.0.0", &history)), Step::Revoked);
    release(&site, b"that", "1.0.0", &history).unwrap();
    // A signature for another digest does not count, nor does one for another name.
    let version = Version::parse("1.0.0").unwrap();
    let other = vec![signed(&site, NAME, b"that")];
    assert_eq!(step(admit(&artifact(b"this"), &version, other, &policy(), &History::default())), Step::Digest);
    let stock = vec![signed(&site, "acme/stock", b"this")];
    assert_eq!(step(admit(&artifact(b"this"), &version, stock, &policy(), &History::default())), Step::Digest);
    // What the policy asks for has to be there.
    let mut policy = policy_value();
    policy["publishers"][0]["require"] = json!(["signature", "provenance"]);
    let policy = Policy::parse(&bytes(&policy)).unwrap();
    let this = artifact(b"this");
    let mut all = vec![signed(&site, NAME, b"this")];
    assert_eq!(step(admit(&this, &version, all.clone(), &policy, &History::default())), Step::Attestation);
    let provenance = site.attest(&bytes(&statement(&this.digest, "https://slsa.dev/provenance/v1")));
    all.push(verify(&site.verifier(), &bytes(&provenance), &this).unwrap());
    assert_eq!(admit(&this, &version, all, &policy, &History::default()).unwrap().attestations().len(), 2);
    assert_eq!(step(admit(&this, &version, vec![], &policy, &History::default())), Step::Attestation);
}

#[test]
fn a_refusal_says_step_reason_and_what_to_do() {
    let refused = Bundle::parse(b"{").unwrap_err();
    let text = refused.to_string();
    assert!(text.starts_with("refused at bundle: EOF"), "{text}");
    assert!(text.ends_with("; ask the publisher for a sigstore bundle of version 0.3"), "{text}");
}
