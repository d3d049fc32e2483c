// SPDX-License-Identifier: MIT OR Apache-2.0
//! A publisher's way with the program `cortex`, as a person goes it: from sources to a package, signed in each of the
//! three ways, pushed to a registry, pulled elsewhere and verified; and each point at which it ends, with its text and
//! its exit code.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a helper of a test is a test"
)]

#[path = "publishing/desk.rs"]
mod desk;
#[path = "publishing/docs.rs"]
mod docs;
#[path = "publishing/file.rs"]
mod file;
#[path = "publishing/key.rs"]
mod key;
#[path = "publishing/log.rs"]
mod log;
#[path = "publishing/network.rs"]
mod network;
#[path = "publishing/refused.rs"]
mod refused;
#[path = "publishing/revoked.rs"]
mod revoked;
#[path = "publishing/schemas.rs"]
mod schemas;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use conformance::program;
use desk::{Desk, IDENTITY, NAME, Registry, TOKEN};
use edge_package::{Layout, media};
use serde_json::{Value, json};
use signing_client::development::ISSUER;
use std::process::Command;

/// The kinds of what is signed, in the order in which it is.
const KINDS: [&str; 3] = ["signature", "sbom", "provenance"];

/// The signers and the kinds of a report.
fn attested(report: &Value) -> Vec<(Value, String)> {
    let list = report["attestations"].as_array().unwrap().iter();
    let mut list: Vec<_> = list.map(|one| (one["signer"].clone(), one["kind"].as_str().unwrap().to_owned())).collect();
    list.sort_by_key(|(signer, kind)| (signer.to_string(), kind.clone()));
    list
}

/// From the sources to a layout, as the commands do it; the digest.
fn packaged(desk: &Desk, layout: &str) -> String {
    let built = desk.done(&["build", "conformance/guests/echo"]);
    let bundle = built.split_whitespace().nth(1).unwrap();
    let source = "git+https://example.org/echo@refs/tags/v1.0.0";
    let arguments = ["package", bundle, "--out", &desk.path(layout), "--source", source, "--commit", "0123abcd"];
    let text = desk.done(&arguments);
    let report = desk.json(&arguments);
    assert_eq!(text.trim(), format!("{} echo 1.0.0", report["digest"].as_str().unwrap()));
    assert_eq!((&report["id"], &report["version"], &report["files"]), (&json!("echo"), &json!("1.0.0"), &json!(2)));
    assert_eq!(report["attachments"].as_array().unwrap().len(), 2);
    report["digest"].as_str().unwrap().to_owned()
}

/// Pushes a signed layout, pulls it elsewhere by digest and verifies it in all places: the same digest, the same
/// verdict.
fn travels(desk: &Desk, registry: &Registry, layout: &str, repository: &str, signer: &Value) {
    let digest = Layout::read(desk.path(layout).as_ref()).unwrap().package.digest().to_string();
    let place = format!("{}/acme/{repository}", registry.address);
    let (tagged, by_digest) = (format!("{place}:1.0.0"), format!("{place}@{digest}"));
    let pushed = desk.as_pusher(&["push", &desk.path(layout), &tagged, "--json"]);
    assert!(pushed.ok, "{}", pushed.err);
    let pushed: Value = serde_json::from_str(&pushed.out).unwrap();
    assert_eq!((pushed["digest"].as_str(), pushed["place"].as_str()), (Some(&*digest), Some(&*tagged)));
    assert_eq!(pushed["listsReferrers"], true);
    assert!(pushed["blobsSent"].as_u64().unwrap() > 3 && pushed["bytesSent"].as_u64().unwrap() > 1000, "{pushed}");
    let again = desk.as_pusher(&["push", &desk.path(layout), &tagged, "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&again.out).unwrap()["blobsSent"], 0, "{}", again.err);

    let (copy, bundle) = (format!("{layout}.copy"), desk.path(&format!("{layout}.bundle")));
    let pulled = desk.json(&["pull", &by_digest, "--out", &desk.path(&copy), "--unpack", &bundle]);
    assert_eq!((pulled["digest"].as_str(), &pulled["skipped"]), (Some(&*digest), &json!([])));
    assert_eq!(pulled["attachments"].as_array().unwrap().len(), 5);
    let repacked = desk.json(&["package", &bundle, "--out", &desk.path(&format!("{layout}.again"))]);
    assert_eq!(repacked["digest"].as_str(), Some(&*digest), "what was unpacked is packed the same");

    let mut verdicts = Vec::new();
    for package in [&desk.path(layout), &desk.path(&copy), &by_digest, &tagged] {
        let report = desk.verified(package);
        assert_eq!((report["digest"].as_str(), &report["verified"]), (Some(&*digest), &json!(true)));
        assert_eq!(
            (&report["name"], &report["version"], &report["refused"]),
            (&json!(NAME), &json!("1.0.0"), &json!(null))
        );
        assert_eq!(report["setAside"], json!([]));
        verdicts.push(attested(&report));
    }
    let mut expected: Vec<_> = KINDS.iter().map(|kind| (signer.clone(), (*kind).to_owned())).collect();
    expected.sort_by_key(|(_, kind)| kind.clone());
    assert!(verdicts.iter().all(|verdict| *verdict == expected), "{verdicts:?}");
}

/// Signs a layout twice: three signatures are added, then none, and nothing is written.
fn signed_once(desk: &Desk, layout: &str, who: &[&str], signer: &Value) {
    let path = desk.path(layout);
    let arguments = [&["sign", &path], who].concat();
    let first = desk.json(&arguments);
    let list = first["signatures"].as_array().unwrap();
    let types = [json!(null), json!("https://cyclonedx.org/bom"), json!("https://slsa.dev/provenance/v1")];
    assert_eq!(list.iter().map(|one| one["predicateType"].clone()).collect::<Vec<_>>(), types);
    assert!(list.iter().all(|one| one["new"] == true && one["signer"] == *signer), "{first}");
    let before = desk.read(&format!("{layout}/index.json"));
    let again = desk.json(&arguments);
    assert!(again["signatures"].as_array().unwrap().iter().all(|one| one["new"] == false), "{again}");
    assert_eq!(desk.read(&format!("{layout}/index.json")), before);
}

/// What is signed is what the page says, to a program that knows nothing of us: the bytes of the package's manifest.
fn signed_for_others(desk: &Desk, layout: &str) {
    if !program::installed("openssl", "version", "a package's signature, verified by OpenSSL") {
        return;
    }
    let read = Layout::read(&desk.file(layout)).unwrap();
    let manifest = desk.path(&format!("{layout}/blobs/sha256/{}", read.package.digest().hex()));
    let bundle = read.attachments.iter().find(|one| one.artifact_type == media::SIGSTORE_BUNDLE).unwrap();
    assert_eq!(bundle.annotations["dev.sigstore.bundle.content"], "message-signature");
    let bundle: Value = serde_json::from_slice(&bundle.payload).unwrap();
    let signature = STANDARD.decode(bundle["messageSignature"]["signature"].as_str().unwrap()).unwrap();
    std::fs::write(desk.file("signature"), signature).unwrap();
    let show = ["key", "show", &desk.path("publisher.pem"), "--passphrase-file", &desk.path("passphrase")];
    desk.write("public.pem", desk.done(&show).split_once('\n').unwrap().1);
    let (key, signature) = (desk.path("public.pem"), desk.path("signature"));
    let verify = ["dgst", "-sha256", "-verify", &key, "-signature", &signature, &manifest];
    let output = Command::new("openssl").args(verify).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "Verified OK\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_package_signed_in_each_way_is_verified_wherever_it_travels() {
    let desk = Desk::new();
    let registry = Registry::start().await;
    let digest = packaged(&desk, "key.oci");
    for layout in ["service.oci", "development.oci"] {
        assert_eq!(packaged(&desk, layout), digest, "packaged again it is the same");
    }

    // With a key of one's own.
    let id = desk.key("publisher.pem");
    desk.site(&json!([{ "namespace": NAME, "keys": [id], "key-time": "unproven", "require": KINDS }]));
    let by_key = json!({ "key": id });
    let with_key = ["--key", &desk.path("publisher.pem"), "--passphrase-file", &desk.path("passphrase")];
    signed_once(&desk, "key.oci", &with_key, &by_key);
    signed_for_others(&desk, "key.oci");
    travels(&desk, &registry, "key.oci", "by-key", &by_key);

    // With an identity, at a signing service over HTTP.
    let service = desk.service(IDENTITY).await;
    desk.site(&json!([{
        "namespace": NAME, "identities": [{ "issuer": ISSUER, "subject": IDENTITY }], "require": KINDS,
    }]));
    let by_identity = json!({ "issuer": ISSUER, "subject": IDENTITY });
    let with_identity =
        ["--client-trust-config", &desk.path("client_trust_config.json"), "--identity-token-file", &desk.path("token")];
    signed_once(&desk, "service.oci", &with_identity, &by_identity);
    travels(&desk, &registry, "service.oci", "by-identity", &by_identity);
    service.stop().await;

    // With the development authority.
    let with_development = ["--development", &desk.path("authority"), "--identity", IDENTITY];
    signed_once(&desk, "development.oci", &with_development, &by_identity);
    std::fs::copy(desk.path("authority/trusted_root.json"), desk.path("trusted_root.json")).unwrap();
    travels(&desk, &registry, "development.oci", "by-development", &by_identity);

    // All on one package: each is found.
    signed_once(&desk, "key.oci", &with_development, &by_identity);
    let both = json!([{
        "namespace": NAME, "keys": [id], "key-time": "unproven", "require": KINDS,
        "identities": [{ "issuer": ISSUER, "subject": IDENTITY }],
    }]);
    desk.site(&both);
    assert_eq!(attested(&desk.verified(&desk.path("key.oci"))).len(), 6);
    // Who is not trusted is set aside, and does not spoil what the trusted ones signed.
    desk.site(&json!([{ "namespace": NAME, "keys": [id], "key-time": "unproven", "require": KINDS }]));
    let report = desk.verified(&desk.path("key.oci"));
    assert_eq!((attested(&report).len(), report["setAside"].as_array().unwrap().len()), (3, 3), "{report}");
    assert!(report["setAside"].as_array().unwrap().iter().all(|one| one["step"] == "identity"), "{report}");
    let printed = desk.run(&desk.verify(&desk.path("key.oci")));
    assert!(printed.ok && printed.out.ends_with("\nverified\n") && printed.out.contains("not taken: sha256:"));
}

/// The token of a registry is a secret, and so is an identity token: nothing repeats them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_are_not_printed() {
    let desk = Desk::new();
    let registry = Registry::start().await;
    packaged(&desk, "echo.oci");
    let service = desk.service(IDENTITY).await;
    let token = service.token().unwrap();
    let config = desk.path("client_trust_config.json");
    let mut command =
        desk.command(&["--log", "trace", "sign", &desk.path("echo.oci"), "--client-trust-config", &config]);
    let signed = program::printed(command.env("SIGSTORE_ID_TOKEN", &token));
    assert!(signed.ok, "{}", signed.err);
    let place = format!("{}/acme/echo:1", registry.address);
    let pushed = desk.as_pusher(&["--log", "debug", "push", &desk.path("echo.oci"), &place]);
    assert!(pushed.ok, "{}", pushed.err);
    for text in [signed.out, signed.err, pushed.out, pushed.err] {
        let secret = token.rsplit('.').next().unwrap();
        assert!(!text.contains(secret) && !text.contains(TOKEN), "{text}");
    }
    service.stop().await;
}
