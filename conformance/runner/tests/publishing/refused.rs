// SPDX-License-Identifier: MIT OR Apache-2.0
//! Packages that are not what was signed, or not signed by whom the site trusts: each refused at its step, in words and
//! in JSON.

use crate::desk::{Desk, IDENTITY, NAME};
use crate::{KINDS, packaged};
use edge_package::{Attachment, Layout, media};
use kernel_types::Digest;
use serde_json::{Value, json};
use signing_client::ManagedKey;
use signing_client::development::ISSUER;

/// A package that the key `a.pem` signed, at a site that trusts it.
fn signed() -> (Desk, String) {
    let desk = Desk::new();
    packaged(&desk, "echo.oci");
    let id = desk.key("a.pem");
    sign(&desk, "echo.oci");
    desk.site(&trusting(&id));
    desk.verified(&desk.path("echo.oci"));
    (desk, id)
}

fn sign(desk: &Desk, layout: &str) {
    let passphrase = desk.path("passphrase");
    desk.done(&["sign", &desk.path(layout), "--key", &desk.path("a.pem"), "--passphrase-file", &passphrase]);
}

fn trusting(id: &str) -> Value {
    json!([{ "namespace": NAME, "keys": [id], "key-time": "unproven", "require": KINDS }])
}

/// The layout, changed by somebody who can write what they like into the folder.
fn changed(desk: &Desk, from: &str, to: &str, change: impl FnOnce(&mut Layout)) {
    let mut layout = Layout::read(&desk.file(from)).unwrap();
    change(&mut layout);
    layout.write(&desk.file(to)).unwrap();
}

fn is_bundle(attachment: &Attachment) -> bool {
    attachment.artifact_type == media::SIGSTORE_BUNDLE
}

/// Refused in words with code 1, and in JSON at that step.
fn check(desk: &Desk, arguments: &[String], step: &str, reason: &str) -> Value {
    desk.refused(arguments, &[&format!("refused at {step}: "), reason]);
    let printed = desk.run(&[arguments, &[String::from("--json")]].concat());
    assert_eq!(printed.code, Some(1));
    let report: Value = serde_json::from_str(&printed.out).unwrap();
    assert_eq!((&report["verified"], &report["refused"]["step"]), (&json!(false), &json!(step)), "{report}");
    assert!(report["refused"]["reason"].as_str().unwrap().contains(reason), "{report}");
    assert!(!report["refused"]["advice"].as_str().unwrap().is_empty());
    report
}

#[test]
fn a_package_that_is_not_what_was_signed_is_refused() {
    let (desk, _) = signed();
    let verify = |layout: &str| desk.verify(&desk.path(layout));
    changed(&desk, "echo.oci", "unsigned.oci", |layout| layout.attachments.retain(|one| !is_bundle(one)));
    let report = check(&desk, &verify("unsigned.oci"), "attestation", "comes without `Signature`");
    assert_eq!((&report["attestations"], &report["setAside"]), (&json!([]), &json!([])));

    // Another package with the signatures of this one.
    let bundle = desk.done(&["build", "conformance/guests/echo"]);
    let bundle = bundle.split_whitespace().nth(1).unwrap();
    std::fs::create_dir(desk.file("other")).unwrap();
    for file in ["component.wasm", "cortex.yaml"] {
        std::fs::copy(std::path::Path::new(bundle).join(file), desk.file("other").join(file)).unwrap();
    }
    desk.write("other/cortex.yaml", &desk.read("other/cortex.yaml").replace("\"1.0.0\"", "\"1.0.1\""));
    desk.done(&["package", &desk.path("other"), "--out", &desk.path("other.oci")]);
    let signatures = Layout::read(&desk.file("echo.oci")).unwrap().attachments;
    changed(&desk, "other.oci", "swapped.oci", |layout| {
        layout.attachments.extend(signatures.into_iter().filter(is_bundle))
    });
    let report = check(&desk, &verify("swapped.oci"), "digest", "");
    assert_eq!(report["setAside"].as_array().unwrap().len(), 3, "{report}");

    // Part of what the policy asks for is missing, or was signed over another text.
    let at = |number: usize| move |layout: &mut Layout| drop(layout.attachments.remove(number));
    changed(&desk, "echo.oci", "no-sbom.oci", at(3));
    check(&desk, &verify("no-sbom.oci"), "attestation", "comes without `Sbom`");
    changed(&desk, "echo.oci", "no-provenance.oci", at(4));
    check(&desk, &verify("no-provenance.oci"), "attestation", "comes without `Provenance`");
    changed(&desk, "echo.oci", "spoiled.oci", |layout| {
        let text = String::from_utf8(layout.attachments[4].payload.clone()).unwrap();
        let spoiled = text.replacen("\"signatures\":[{\"sig\":\"MEU", "\"signatures\":[{\"sig\":\"MEQ", 1);
        let spoiled = if spoiled == text { text.replacen("\"sig\":\"ME", "\"sig\":\"NE", 1) } else { spoiled };
        assert_ne!(spoiled, text);
        layout.attachments[4].payload = spoiled.into_bytes();
    });
    check(&desk, &verify("spoiled.oci"), "signature", "");
    changed(&desk, "echo.oci", "garbage.oci", |layout| layout.attachments[2].payload = b"{}".to_vec());
    let report = check(&desk, &verify("garbage.oci"), "bundle", "");
    assert_eq!(report["setAside"][0]["kind"], json!(null));
    // Signed again, what does not verify is replaced by what does.
    for layout in ["spoiled.oci", "swapped.oci"] {
        sign(&desk, layout);
        let report = desk.verified(&desk.path(layout));
        assert_eq!(
            (report["attestations"].as_array().unwrap().len(), &report["setAside"]),
            (3, &json!([])),
            "{layout}"
        );
    }
}

/// Two statements of one type are two: signing neither of them again takes the other's signature away.
#[test]
fn each_statement_keeps_its_own_signature() {
    let (desk, _) = signed();
    changed(&desk, "echo.oci", "two.oci", |layout| {
        let provenance =
            layout.attachments.iter().find(|one| one.annotations.values().any(|text| text.contains("slsa")));
        let mut second = provenance.unwrap().clone();
        let mut statement: Value = serde_json::from_slice(&second.payload).unwrap();
        statement["predicate"]["runDetails"]["builder"]["id"] = "https://ci.example.org/again".into();
        second.payload = statement.to_string().into_bytes();
        layout.attachments.push(second);
    });
    for expected in [1, 0] {
        let passphrase = desk.path("passphrase");
        let arguments = ["sign", &desk.path("two.oci"), "--key", &desk.path("a.pem"), "--passphrase-file", &passphrase];
        let report = desk.json(&arguments);
        let signatures = report["signatures"].as_array().unwrap();
        assert_eq!(signatures.iter().filter(|one| one["new"] == true).count(), expected, "{report}");
        assert_eq!((signatures.len(), report["attachments"].as_array().unwrap().len()), (4, 7), "{report}");
        assert_eq!(desk.verified(&desk.path("two.oci"))["attestations"].as_array().unwrap().len(), 4);
    }
}

/// What is wrong with the folder itself is refused before any signature is looked at; signing and pushing refuse it
/// too.
#[test]
fn a_layout_that_was_tampered_with_is_refused_by_every_command() {
    let (desk, _) = signed();
    let manifest = Layout::read(&desk.file("echo.oci")).unwrap();
    let component = Digest::of(manifest.package.component()).hex();
    let path = desk.file(&format!("echo.oci/blobs/sha256/{component}"));
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let layout = desk.path("echo.oci");
    let expected = ["the package is refused at the step `contents`", "its digest is sha256:", "its descriptor says"];
    desk.refused(&desk.verify(&layout), &expected);
    let printed = desk.run(&[desk.verify(&layout), vec![String::from("--json")]].concat());
    let report: Value = serde_json::from_str(&printed.out).unwrap();
    assert_eq!((printed.code, &report["verified"], &report["digest"]), (Some(1), &json!(false), &json!(null)));
    assert_eq!(report["refused"]["step"], "contents");
    assert!(report["refused"]["reason"].as_str().unwrap().contains("its digest is sha256:"), "{report}");
    desk.refused(&["push", &layout, "127.0.0.1:1/acme/echo:1"], &expected);
    let key = ["--key", &desk.path("a.pem"), "--passphrase-file", &desk.path("passphrase")];
    desk.refused(&[["sign", &layout].as_slice(), &key].concat(), &expected);
    desk.refused(&desk.verify(&desk.path("nothing")), &["is no folder, and no place"]);
    std::fs::create_dir(desk.file("empty")).unwrap();
    desk.refused(&desk.verify(&desk.path("empty")), &["the step `layout`", "`oci-layout`"]);
    desk.refused(&["package", &desk.path("empty"), "--out", &desk.path("x.oci")], &["there is no `component.wasm`"]);
}

#[test]
fn who_is_not_trusted_is_refused() {
    let (desk, id) = signed();
    let layout = desk.path("echo.oci");
    let verify = desk.verify(&layout);
    let site = |publishers: &Value, step: &str, reason: &str| {
        desk.site(publishers);
        check(&desk, &verify, step, reason);
    };
    site(&json!([{ "namespace": NAME, "keys": ["another"] }]), "identity", "may not sign for `echo`");
    site(&json!([{ "namespace": "acme/*", "keys": [id] }]), "identity", "no publisher may sign `echo`");
    site(&json!([{ "namespace": NAME, "keys": [id] }]), "timestamp", "the policy asks for a proof of the time");
    let human = json!([{ "namespace": NAME, "identities": [{ "issuer": ISSUER, "subject": IDENTITY }] }]);
    site(&human, "identity", "may not sign for `echo`");
    desk.site(&trusting(&id));
    let named = [verify.clone(), vec![String::from("--name"), String::from("acme/echo")]].concat();
    check(&desk, &named, "identity", "no publisher may sign `acme/echo`");

    // What the site knows of the key.
    let known = desk.read("keys.json");
    let keys = |change: &dyn Fn(&mut Value), step: &str, reason: &str| {
        let mut value: Value = serde_json::from_str(&known).unwrap();
        change(&mut value["keys"][0]);
        desk.write("keys.json", &value.to_string());
        check(&desk, &verify, step, reason);
    };
    keys(&|key| key["namespaces"] = json!(["acme/*"]), "identity", "is not for `echo`");
    let (before, after) = ("2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z");
    keys(
        &|key| (key["not-before"], key["not-after"]) = (before.into(), after.into()),
        "identity",
        "is valid from 2020",
    );
    keys(&|key| key["id"] = "another".into(), "identity", "is not in the key file");
    let stranger = ManagedKey::generate().unwrap().public_key_pem();
    keys(&|key| key["public-key"] = stranger.clone().into(), "signature", "");
    desk.write("keys.json", &known);
    desk.verified(&layout);
}

/// The site's own files are refused with their name.
#[test]
fn a_wrong_policy_key_file_or_root_is_refused_with_its_name() {
    let (desk, id) = signed();
    let layout = desk.path("echo.oci");
    let files = [("policy.json", desk.read("policy.json")), ("keys.json", desk.read("keys.json"))];
    desk.write("trusted_root.json", "{}");
    let verify = desk.verify(&layout);
    desk.refused(&verify, &["trusted_root.json`", "refused at trust-root: "]);
    std::fs::remove_file(desk.file("trusted_root.json")).unwrap();
    desk.refused(&verify, &["trusted_root.json", "No such file"]);
    let verify = desk.verify(&layout);
    for (name, text) in &files {
        for (spoiled, expected) in [
            (text.replacen('{', "{\"more\": 1, ", 1), "unknown field `more`"),
            (text.replacen("\"namespace", "\"namespac", 1), "unknown field `namespac"),
            (format!("{text}{{}}"), "trailing characters"),
            ("x".repeat((1 << 20) + 1), "is too large: at most 1048576 bytes"),
        ] {
            desk.write(name, &spoiled);
            desk.refused(&verify, &[name, expected]);
            let printed = desk.run(&[verify.clone(), vec![String::from("--json")]].concat());
            assert_eq!(printed.out.contains("\"step\":\"policy\""), !expected.contains("too large"), "{}", printed.out);
        }
        desk.write(name, text);
    }
    desk.verified(&layout);
    let alone = ["verify", &layout, "--policy", &desk.path("policy.json")];
    desk.refused(&alone, &["name a `--trusted-root`, or `--keys` with a key", "refused at trust-root"]);
    assert!(!id.is_empty());
}
