// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a list of revocations names is refused, however well it is signed; and so is a list that is none, or too old.

use crate::desk::{Desk, NAME};
use crate::packaged;
use serde_json::{Value, json};

const UNTIL: &str = "9000-01-01T00:00:00Z";

#[test]
fn a_package_that_was_revoked_is_refused() {
    let desk = Desk::new();
    let digest = packaged(&desk, "echo.oci");
    let id = desk.key("a.pem");
    let (key, passphrase) = (desk.path("a.pem"), desk.path("passphrase"));
    let sign =
        |what: &[&str]| desk.done(&[&["sign"], what, &["--key", &key, "--passphrase-file", &passphrase]].concat());
    sign(&[&desk.path("echo.oci")]);
    let publisher = |namespace: &str| json!({ "namespace": namespace, "keys": [id], "key-time": "unproven" });
    desk.site(&json!([publisher(NAME), publisher("cortex/revocations")]));
    let list = desk.path("list.json");
    let publish = |revoked: &Value, until: &str| {
        let list = json!({
            "format": "cortex-revocations-v1", "fresh-until": until, "issued-at": "2020-01-01T00:00:00Z", "number": 7,
            "revoked": revoked,
        });
        desk.write("list.json", &list.to_string());
        sign(&["--file", &desk.path("list.json")]);
    };
    let verify = [desk.verify(&desk.path("echo.oci")), vec![String::from("--revocations"), list.clone()]].concat();
    publish(&json!({}), UNTIL);
    assert!(desk.run(&verify).ok);
    let leaked = json!({ digest.clone(): "its key leaked" });
    publish(&leaked, UNTIL);
    desk.refused(&verify, &["refused at revoked: ", &format!("{digest} was revoked: its key leaked")]);
    let printed = desk.run(&[verify.clone(), vec![String::from("--json")]].concat());
    let report: Value = serde_json::from_str(&printed.out).unwrap();
    assert_eq!(
        (printed.code, &report["refused"]["step"], &report["verified"]),
        (Some(1), &json!("revoked"), &json!(false))
    );
    assert_eq!(report["attestations"].as_array().unwrap().len(), 3, "the signatures hold all the same");
    assert!(desk.run(&desk.verify(&desk.path("echo.oci"))).ok, "who does not ask is not told");

    // Another file is revoked by its digest just so.
    desk.write("configuration", "{}");
    sign(&["--file", &desk.path("configuration")]);
    let file =
        [desk.verify_file(&desk.path("configuration"), NAME), vec!["--revocations".into(), list.clone()]].concat();
    assert!(desk.run(&file).ok);
    publish(&json!({ kernel_types::Digest::of(b"{}").to_string(): "wrong" }), UNTIL);
    desk.refused(&file, &["refused at revoked: ", "was revoked: wrong"]);

    publish(&json!({}), "2021-01-01T00:00:00Z");
    desk.refused(
        &verify,
        &["list.json`", "refused at revocation-list: ", "number 7 is stale since 2021-01-01T00:00:00Z"],
    );
    desk.write("list.json", "{}");
    desk.refused(&verify, &["list.json`", "refused at digest: "]);
    sign(&["--file", &list]);
    desk.refused(&verify, &["list.json`", "refused at revocation-list: ", "missing field"]);
    publish(&json!({}), UNTIL);
    desk.site(&json!([publisher(NAME)]));
    desk.refused(&verify, &["list.json`", "refused at identity: ", "no publisher may sign `cortex/revocations`"]);
    std::fs::remove_file(desk.file("list.json.sigstore.json")).unwrap();
    desk.refused(&verify, &["the signature: cannot read", "list.json.sigstore.json"]);
}
