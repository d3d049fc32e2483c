// SPDX-License-Identifier: MIT OR Apache-2.0
//! Honest packages, and signatures that do not make them the publisher's.

use crate::draft::{Draft, changed};
use crate::walk::NAME;
use crate::world::{World, files};
use crate::{Case, case};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use edge_package::Package;
use kernel_types::Digest;
use semver::Version;
use serde_json::{Value, json};
use signing_verify::BUNDLE_BYTES_MAX;

const CERTIFICATE: &str = "/verificationMaterial/certificate/rawBytes";
const ENTRY: &str = "/verificationMaterial/tlogEntries/0";
const TIMESTAMPS: &str = "/verificationMaterial/timestampVerificationData/rfc3161Timestamps";

fn package() -> Package {
    Package::of_files(files()).unwrap()
}

/// The publisher's signature of the honest package, in JSON.
fn own(world: &World) -> Value {
    serde_json::from_str(&world.key.sign(package().image_bytes()).unwrap().to_json().unwrap()).unwrap()
}

/// The signature by certificate, with something changed where the fault is wanted.
fn by_ada(world: &World, faulty: bool, change: impl FnOnce(&mut Value)) -> Draft {
    let mut bundle = world.ada.clone();
    if faulty {
        change(&mut bundle);
    }
    Draft::signed_by(world, &bundle)
}

fn at<'v>(bundle: &'v mut Value, path: &str) -> &'v mut Value {
    bundle.pointer_mut(path).unwrap_or_else(|| panic!("nothing at {path}"))
}

/// Flips a bit of base64 bytes, counted from the end.
fn flip(bundle: &mut Value, path: &str, from_end: usize) {
    let text = at(bundle, path);
    let mut bytes = STANDARD.decode(text.as_str().unwrap()).unwrap();
    let position = bytes.len() - 1 - from_end;
    bytes[position] ^= 1;
    *text = json!(STANDARD.encode(bytes));
}

/// That an artifact is the signer's, as cosign says it.
const OWN: &str = "https://sigstore.dev/cosign/sign/v1";
/// How it was built.
const PROVENANCE: &str = "https://slsa.dev/provenance/v1";

/// A statement of that type by the publisher, about that digest.
fn statement(world: &World, predicate_type: &str, digest: Digest) -> Vec<u8> {
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": NAME, "digest": {"sha256": digest.hex()}}],
        "predicateType": predicate_type,
        "predicate": {},
    });
    let bundle = world.key.sign_statement(statement.to_string().as_bytes()).unwrap();
    bundle.to_json().unwrap().into_bytes()
}

/// The publisher's signature as text, changed where the fault is wanted.
fn text(world: &World, faulty: bool, change: impl FnOnce(String) -> String) -> Draft {
    let bundle = own(world).to_string();
    let bundle = if faulty { change(bundle) } else { bundle };
    Draft::with(world, package(), &[bundle.into_bytes()])
}

/// The signature of the honest package beside another package, or beside the honest one.
fn moved(world: &World, bundle: &Value, faulty: bool, changes: &[(&str, &[u8])]) -> Draft {
    let files = if faulty { changed(changes) } else { files() };
    Draft::with(world, Package::of_files(files).unwrap(), &[bundle.to_string().into_bytes()])
}

/// A manifest that asks for less permission than the one that was signed.
const OTHER_MANIFEST: &[u8] = b"\
id: fleet
publisher: acme
version: 1.2.3
title: Fleet
description: Cars and who drives them.
licence: MIT OR Apache-2.0
world: acme:fleet/w@1.0.0
operations:
  cars.buy: { effect: read }
";

#[expect(clippy::too_many_lines, reason = "a list")]
pub(super) fn cases() -> Vec<Case> {
    vec![
        case("unsigned", "attestation", |world, faulty| {
            let bundles = if faulty { vec![] } else { vec![own(world).to_string().into_bytes()] };
            Draft::with(world, package(), &bundles)
        }),
        case("provenance alone, and no signature", "attestation", |world, faulty| {
            let mut bundles = vec![statement(world, PROVENANCE, package().digest())];
            if !faulty {
                bundles.push(own(world).to_string().into_bytes());
            }
            Draft::with(world, package(), &bundles)
        }),
        case("signed by somebody else", "identity", |world, faulty| {
            Draft::signed_by(world, if faulty { &world.eve } else { &world.ada })
        }),
        // The time comes first, and the authority that says it is another one, too.
        case("signed by the right name of another authority", "timestamp", |world, faulty| {
            Draft::signed_by(world, if faulty { &world.elsewhere } else { &world.ada })
        }),
        case("signed with a key that nobody knows", "identity", |world, faulty| {
            let key = if faulty { &world.stranger } else { &world.key };
            let bundle = key.sign(package().image_bytes()).unwrap().to_json().unwrap();
            Draft::with(world, package(), &[bundle.into_bytes()])
        }),
        case("signed with another key under the name of the publisher's", "signature", |world, faulty| {
            let key = if faulty { &world.stranger } else { &world.key };
            let mut bundle: Value =
                serde_json::from_str(&key.sign(package().image_bytes()).unwrap().to_json().unwrap()).unwrap();
            *at(&mut bundle, "/verificationMaterial/publicKey/hint") = json!(world.key.hint());
            Draft::signed_by(world, &bundle)
        }),
        // Anybody can attach anything: what does not hold counts as not there.
        case("a bad signature, and no good one beside it", "identity", |world, faulty| {
            let mut bundles = vec![world.eve.clone()];
            if !faulty {
                bundles.push(own(world));
            }
            let bundles: Vec<_> = bundles.iter().map(|bundle| bundle.to_string().into_bytes()).collect();
            Draft::with(world, package(), &bundles)
        }),
        case("an expired certificate without a timestamp", "timestamp", |world, faulty| {
            by_ada(world, faulty, |bundle| *at(bundle, TIMESTAMPS) = json!([]))
        }),
        case("a timestamp of another signature", "timestamp", |world, faulty| {
            by_ada(world, faulty, |bundle| *at(bundle, TIMESTAMPS) = world.eve.pointer(TIMESTAMPS).unwrap().clone())
        }),
        case("the right name in a certificate of another authority", "certificate-chain", |world, faulty| {
            by_ada(world, faulty, |bundle| {
                *at(bundle, CERTIFICATE) = world.elsewhere.pointer(CERTIFICATE).unwrap().clone();
            })
        }),
        case("a certificate with one bit flipped", "certificate-chain", |world, faulty| {
            by_ada(world, faulty, |bundle| flip(bundle, CERTIFICATE, 0))
        }),
        case("a certificate of a log of certificates that nobody knows", "sct", |world, faulty| {
            let mut draft = Draft::signed_by(world, &world.ada);
            if faulty {
                draft.site.verifier = world.verifier(|root| root["ctlogs"] = json!([]));
            }
            draft
        }),
        case("no entry in the log", "log-inclusion", |world, faulty| {
            by_ada(world, faulty, |bundle| *at(bundle, "/verificationMaterial/tlogEntries") = json!([]))
        }),
        case("the log entry of another", "log-inclusion", |world, faulty| {
            by_ada(world, faulty, |bundle| *at(bundle, ENTRY) = world.eve.pointer(ENTRY).unwrap().clone())
        }),
        case("a log entry that is not canonical JSON", "bundle", |world, faulty| {
            by_ada(world, faulty, |bundle| {
                let body = at(bundle, &format!("{ENTRY}/canonicalizedBody"));
                let text = String::from_utf8(STANDARD.decode(body.as_str().unwrap()).unwrap()).unwrap();
                *body = json!(STANDARD.encode(text.replacen(':', ": ", 1)));
            })
        }),
        case("a signature with one bit flipped", "signature", |world, faulty| {
            let mut bundle = own(world);
            if faulty {
                flip(&mut bundle, "/messageSignature/signature", 0);
            }
            Draft::signed_by(world, &bundle)
        }),
        case("the manifest changed after signing", "digest", |world, faulty| {
            moved(world, &own(world), faulty, &[("cortex.yaml", OTHER_MANIFEST)])
        }),
        case("the manifest changed after signing by certificate", "digest", |world, faulty| {
            moved(world, &world.ada, faulty, &[("cortex.yaml", OTHER_MANIFEST)])
        }),
        case("a layer swapped after signing", "digest", |world, faulty| {
            moved(
                world,
                &own(world),
                faulty,
                &[("migrations/0001_cars.sql", b"CREATE TABLE vans (id TEXT PRIMARY KEY);")],
            )
        }),
        case("a layer added after signing", "digest", |world, faulty| {
            moved(world, &own(world), faulty, &[("docs/more.md", b"# More\n")])
        }),
        case("a statement about another digest", "digest", |world, faulty| {
            let digest = if faulty { Digest::of(b"another") } else { package().digest() };
            Draft::with(world, package(), &[statement(world, OWN, digest)])
        }),
        case("a bundle that is too large", "bundle", |world, faulty| {
            let length = BUNDLE_BYTES_MAX + usize::from(faulty);
            let mut bundle = own(world).to_string().into_bytes();
            bundle.resize(length, b' ');
            Draft::with(world, package(), &[bundle])
        }),
        case("a bundle that is cut off", "bundle", |world, faulty| {
            text(world, faulty, |mut text| {
                text.truncate(text.len() - 1);
                text
            })
        }),
        case("duplicate keys in a bundle", "bundle", |world, faulty| {
            text(world, faulty, |text| text.replacen('{', r#"{"mediaType":"x","#, 1))
        }),
        case("a bundle of an older version", "bundle", |world, faulty| {
            text(world, faulty, |text| text.replace("bundle.v0.3+json", "bundle.v0.1+json"))
        }),
        case("a bundle nested ten thousand deep", "bundle", |world, faulty| {
            text(world, faulty, |_| "[".repeat(10_000))
        }),
        case("an older version, replayed", "rollback", |world, faulty| {
            let mut draft = Draft::honest(world);
            let highest = if faulty { Version::new(1, 3, 0) } else { Version::new(1, 1, 0) };
            draft.site.highest = Some((highest, Digest::of(b"another")));
            draft
        }),
        case("another package under an accepted version", "rollback", |world, faulty| {
            let mut draft = Draft::honest(world);
            let accepted = if faulty { Digest::of(b"another") } else { draft.digest() };
            draft.site.highest = Some((Version::new(1, 2, 3), accepted));
            draft
        }),
        case("another package than the one that is pinned", "digest", |world, faulty| {
            let mut draft = Draft::honest(world);
            draft.site.pinned = Some(if faulty { Digest::of(b"another") } else { draft.digest() });
            draft
        }),
        case("revoked", "revoked", |world, faulty| {
            let mut draft = Draft::honest(world);
            let revoked = if faulty { draft.digest() } else { Digest::of(b"another") };
            draft.site.revoked = Some(world.revocation(&draft.site, revoked));
            draft
        }),
    ]
}
