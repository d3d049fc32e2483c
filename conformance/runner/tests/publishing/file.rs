// SPDX-License-Identifier: MIT OR Apache-2.0
//! Other files than packages: policies, configurations, lists of revocations.

use crate::desk::{Desk, IDENTITY};
use kernel_types::Digest;
use serde_json::{Value, json};
use signing_client::ManagedKey;
use signing_client::development::ISSUER;
use std::os::unix::fs::PermissionsExt as _;

const LIST: &str = r#"{"format":"cortex-revocations-v1","fresh-until":"9000-01-01T00:00:00Z","issued-at":"2026-01-01T00:00:00Z","number":1,"revoked":{}}"#;
const LIST_NAME: &str = "cortex/revocations";

#[test]
fn a_list_of_revocations_is_signed_and_verified() {
    let desk = Desk::new();
    let id = desk.key("a.pem");
    desk.write("list.json", LIST);
    let (file, bundle, digest) =
        (desk.path("list.json"), desk.path("list.json.sigstore.json"), Digest::of(LIST.as_bytes()));
    desk.site(&json!([
        { "namespace": LIST_NAME, "keys": [id], "key-time": "unproven",
          "identities": [{ "issuer": ISSUER, "subject": IDENTITY }] },
    ]));
    let passphrase = desk.path("passphrase");
    let sign = ["sign", "--file", &file, "--key", &desk.path("a.pem"), "--passphrase-file", &passphrase];
    let expected = |is_new: bool| json!({ "digest": digest, "file": file, "bundle": bundle, "signer": { "key": id }, "new": is_new });
    assert_eq!(desk.json(&sign), expected(true));
    let mode = |name: &str| std::fs::metadata(desk.file(name)).unwrap().permissions().mode();
    assert_eq!(mode("list.json.sigstore.json"), mode("list.json"), "everybody may read a signature");
    let first = desk.read("list.json.sigstore.json");
    assert_eq!(desk.json(&sign), expected(false));
    assert_eq!(desk.read("list.json.sigstore.json"), first, "signed again it is the same");
    assert_eq!(desk.done(&sign), format!("{digest} {bundle}, signed by the key `{id}`\n"));

    let verify = desk.verify_file(&file, LIST_NAME);
    let as_json = [verify.clone(), vec![String::from("--json")]].concat();
    let report: Value = serde_json::from_str(&desk.run(&as_json).out).unwrap();
    assert_eq!(
        (&report["verified"], &report["digest"], &report["version"]),
        (&json!(true), &json!(digest), &json!(null))
    );
    assert_eq!(report["attestations"][0]["signer"], json!({ "key": id }));
    let named = |name: &str| desk.verify_file(&file, name);
    desk.refused(&named("acme/list"), &["refused at identity: ", "no publisher may sign `acme/list`"]);

    // What was changed is refused, and signed again its bundle is replaced.
    desk.write("list.json", &LIST.replace("\"number\":1", "\"number\":2"));
    desk.refused(&verify, &["refused at digest: "]);
    assert_eq!(desk.json(&sign)["new"], true);
    assert!(desk.run(&verify).ok);
    // The signer of another way is another signer; the file has one bundle.
    let authority = desk.path("authority");
    let by_ada = ["sign", "--file", &file, "--development", &authority, "--identity", IDENTITY];
    assert_eq!(desk.json(&by_ada)["signer"], json!({ "issuer": ISSUER, "subject": IDENTITY }));
    desk.refused(&verify, &["refused at "]);
    std::fs::copy(desk.path("authority/trusted_root.json"), desk.path("trusted_root.json")).unwrap();
    let verify = desk.verify_file(&file, LIST_NAME);
    assert!(desk.run(&verify).ok);
}

#[test]
fn what_is_no_signature_of_the_file_is_refused() {
    let desk = Desk::new();
    desk.write("policy", "{}");
    let key = ManagedKey::generate().unwrap();
    desk.write("a.pub", &key.public_key_pem());
    let entry =
        ["key", "entry", &desk.path("a.pub"), "--namespace", "*", "--not-after", "9000-01-01T00:00:00Z", "--whole"];
    desk.write("keys.json", &desk.done(&entry));
    desk.site(&json!([{ "namespace": "*", "keys": [key.hint()], "key-time": "unproven" }]));
    let file = desk.path("policy");
    let verify = desk.verify_file(&file, "site/policy");
    desk.refused(&verify, &["the signature: cannot read", "policy.sigstore.json"]);
    desk.write("policy.sigstore.json", "{}");
    desk.refused(&verify, &["refused at bundle: "]);
    // A statement about the file signs nothing.
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "name": "policy", "digest": { "sha256": Digest::of(b"{}").hex() } }],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {},
    });
    let bundle = key.sign_statement(statement.to_string().as_bytes()).unwrap();
    desk.write("policy.sigstore.json", &bundle.to_json().unwrap());
    desk.refused(&verify, &["refused at attestation: ", "does not sign it"]);
    let bundle = key.sign(b"{}").unwrap();
    desk.write("elsewhere.json", &bundle.to_json().unwrap());
    assert!(desk.run(&[verify.clone(), vec!["--bundle".into(), desk.path("elsewhere.json")]].concat()).ok);

    // What is in the place of the bundle and is none is not overwritten.
    desk.key("b.pem");
    let sign = ["sign", "--file", &file, "--key", &desk.path("b.pem"), "--passphrase-file", &desk.path("passphrase")];
    desk.refused(&[sign.as_slice(), &["--out", &file]].concat(), &["is there and is no bundle", "`--out`"]);
    assert_eq!(desk.read("policy"), "{}");
    desk.refused(
        &["sign", "--file", &desk.path("none"), "--key", &desk.path("b.pem")],
        &["cannot read", "No such file"],
    );
}
