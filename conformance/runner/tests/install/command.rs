// SPDX-License-Identifier: MIT OR Apache-2.0
//! The commands, as the four people type them: who publishes, who operates, who consents, who revokes. No host runs;
//! each command opens the directory itself.

use crate::echo_of;
use conformance::program::{self, Printed};
use kernel_types::Digest;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A site, its host's directory, and the keys of four people.
struct Site(TempDir);

impl Site {
    fn new() -> Self {
        let site = Self(tempfile::tempdir().unwrap());
        std::fs::write(site.path("passphrase"), "correct horse battery staple\n").unwrap();
        let hints: Vec<_> = ["publisher", "administrator", "security"].map(|who| site.key(who)).into();
        let rule =
            |namespace: &str, hint: &str| json!({ "namespace": namespace, "keys": [hint], "key-time": "unproven" });
        let policy = json!({ "publishers": [
            rule("echo", &hints[0]), rule("cortex/grants/*", &hints[1]), rule("cortex/revocations", &hints[2]),
        ]});
        let names = [("publisher", "echo"), ("administrator", "cortex/grants/*"), ("security", "cortex/revocations")];
        let entries: Vec<Value> = names.map(|(who, namespace)| site.entry(who, namespace)).into();
        let trust = site.path("home/trust");
        std::fs::create_dir_all(&trust).unwrap();
        std::fs::write(trust.join("policy.json"), policy.to_string()).unwrap();
        std::fs::write(trust.join("keys.json"), json!({ "keys": entries }).to_string()).unwrap();
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    fn run(&self, arguments: &[&str]) -> Printed {
        let passphrase = self.path("passphrase");
        program::printed(program::command(&self.path("home"), arguments).env("CORTEX_KEY_PASSPHRASE_FILE", passphrase))
    }

    /// Runs what has to succeed.
    fn done(&self, arguments: &[&str]) -> String {
        let printed = self.run(arguments);
        assert_eq!(printed.code, Some(0), "{arguments:?}: {}{}", printed.out, printed.err);
        printed.out
    }

    /// The same with `--json`.
    fn json(&self, arguments: &[&str]) -> Value {
        let out = self.done(&[arguments, &["--json"]].concat());
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{arguments:?} prints `{out}`: {error}"))
    }

    /// Runs what has to be refused, for these reasons.
    fn refused(&self, arguments: &[&str], expected: &[&str]) {
        let printed = self.run(arguments);
        assert_eq!(printed.code, Some(1), "{arguments:?}: {}{}", printed.out, printed.err);
        for part in expected {
            assert!(printed.err.contains(part), "{arguments:?}: `{part}` is not in: {}", printed.err);
        }
    }

    /// Makes a key; returns its hint.
    fn key(&self, who: &str) -> String {
        let made = self.json(&["key", "generate", "--out", &self.text(&format!("{who}.pem"))]);
        made["id"].as_str().unwrap().to_owned()
    }

    fn entry(&self, who: &str, namespace: &str) -> Value {
        let key = self.text(&format!("{who}.pem"));
        let entry = ["key", "entry", &key, "--namespace", namespace, "--not-after", "9000-01-01T00:00:00Z"];
        serde_json::from_str(&self.done(&entry)).unwrap()
    }

    /// Packages and, where somebody is named, signs a version of echo; returns the layout's folder and the digest.
    fn package(&self, version: &str, by: Option<&str>) -> (String, String) {
        let draft = echo_of(version);
        let out = self.text(&format!("{version}-{}.oci", by.unwrap_or("nobody")));
        let made = self.json(&["package", draft.name(), "--out", &out]);
        if let Some(by) = by {
            self.done(&["sign", &out, "--key", &self.text(&format!("{by}.pem"))]);
        }
        (out, made["digest"].as_str().unwrap().to_owned())
    }

    /// A list of revocations, signed by somebody; returns its file.
    fn list(&self, number: u64, revoked: &[&str], by: &str) -> String {
        let revoked = revoked.iter().map(|digest| ((*digest).to_owned(), json!("its key leaked")));
        let now = jiff::Timestamp::now();
        let list = json!({
            "format": "cortex-revocations-v1", "number": number, "issued-at": now,
            "fresh-until": now + jiff::SignedDuration::from_hours(24),
            "revoked": revoked.collect::<serde_json::Map<_, _>>(),
        });
        let file = self.text(&format!("list-{number}-{by}.json"));
        std::fs::write(&file, edge_package::json::canonical(&list)).unwrap();
        self.done(&["sign", "--file", &file, "--key", &self.text(&format!("{by}.pem"))]);
        file
    }
}

fn exists(path: &Path) -> bool {
    path.exists()
}

#[test]
fn four_people_bring_a_component_to_a_tenant_and_end_it() {
    let site = Site::new();
    let administrator = site.text("administrator.pem");
    site.done(&["tenant", "create", "demo"]);

    // The operator.
    let (bare, _) = site.package("1.0.0", None);
    site.refused(&["install", &bare], &["refused at attestation", "comes without"]);
    let (other, _) = site.package("1.0.0", Some("administrator"));
    site.refused(&["install", &other], &["refused at identity", "is not for `echo`"]);
    site.refused(&["install", &site.text("nothing.oci")], &["nothing.oci"]);
    let (one, first) = site.package("1.0.0", Some("publisher"));
    let installed = site.json(&["install", &one]);
    assert_eq!((&installed["package"], &installed["version"]), (&json!(first), &json!("1.0.0")));
    assert!(exists(&site.path("home/components").join(first.parse::<Digest>().unwrap().hex())));

    // The administrator.
    let enable = ["enable", "echo", "--tenant", "demo"];
    let with = |more: &[&'static str]| [&enable[..], more].concat();
    let plan = site.json(&with(&["--plan"]));
    let digest = plan["digest"].as_str().unwrap();
    assert!(plan["text"].as_str().unwrap().contains("cortex:context/context"), "{plan}");
    assert!(site.done(&with(&["--plan"])).contains(digest));
    site.refused(&enable, &["nobody can be asked here", "--agree"]);
    site.refused(&with(&["--yes"]), &["who agrees?"]);
    let by = |key: &str, more: &[&str]| {
        [&enable[..], more, &["--key", key]].concat().iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let refused = |arguments: Vec<String>, expected: &[&str]| {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        site.refused(&arguments, expected);
    };
    refused(by(&administrator, &["--agree", &first]), &["look at it again"]);
    refused(
        by(&site.text("publisher.pem"), &["--agree", digest]),
        &["refused at identity", "is not for `cortex/grants/demo`"],
    );
    let agreed = by(&administrator, &["--agree", digest]);
    site.done(&agreed.iter().map(String::as_str).collect::<Vec<_>>());
    let grants = site.json(&["grants", "--tenant", "demo"]);
    assert_eq!(grants["grants"][0]["consent"]["grant"]["digest"], json!(first), "{grants}");
    assert!(site.done(&["grants", "--tenant", "demo"]).contains("agreed by key "));

    // Another version, and back.
    let (two, second) = site.package("1.1.0", Some("publisher"));
    site.done(&["install", &two]);
    let upgrade = |command: &str| site.json(&[command, "echo", "--tenant", "demo", "--yes", "--key", &administrator]);
    let now = || site.json(&["grants", "--tenant", "demo"])["grants"][0]["package"].clone();
    upgrade("upgrade");
    assert_eq!(now(), json!(second));
    upgrade("rollback");
    assert_eq!(now(), json!(first));
    let list = site.json(&["components"]);
    let users: Vec<_> =
        list["components"].as_array().unwrap().iter().map(|one| (&one["version"], &one["tenants"])).collect();
    assert_eq!(users, [(&json!("1.0.0"), &json!(1)), (&json!("1.1.0"), &json!(0))]);
    site.refused(&["uninstall", &first], &["disable it there first"]);
    site.refused(&["uninstall", &second], &["could go back to it", "--drop-rollback"]);
    site.done(&["uninstall", &second, "--drop-rollback"]);
    site.refused(&["enable", "echo", "--tenant", "demo", "--version", "1.1.0", "--plan"], &["is not installed"]);
    let (older, _) = site.package("0.9.0", Some("publisher"));
    site.refused(&["install", &older], &["refused at rollback"]);
    site.done(&["install", &older, "--older"]);

    // Whoever revokes.
    assert!(site.done(&["revoke"]).contains("no list"));
    site.refused(&["revoke", &site.list(1, &[&first], "publisher")], &["refused at identity"]);
    let shown = site.json(&["revoke", &site.list(2, &[&first], "security")]);
    assert_eq!((&shown["number"], &shown["revoked"][&first]), (&json!(2), &json!("its key leaked")));
    site.refused(&["revoke", &site.list(1, &[], "security")], &["refused at revocation-list"]);
    assert!(site.done(&["components"]).contains("REVOKED: its key leaked"));
    site.refused(&["install", &one], &["refused at revoked"]);
    site.done(&["disable", "echo", "--tenant", "demo", "--remove-data"]);
    site.refused(
        &["disable", "echo", "--tenant", "demo", "--archive", &site.text("echo.cortex")],
        &["has not enabled it"],
    );
    assert!(!exists(&site.path("echo.cortex")));
    site.refused(&["disable", "echo", "--tenant", "demo"], &["has not enabled `echo`"]);
    assert_eq!(site.json(&["grants", "--tenant", "demo"])["grants"], json!([]));
    site.refused(&["grants", "--tenant", "nobody"], &["there is no tenant `nobody`"]);
    assert_eq!(site.run(&["enable", "echo"]).code, Some(2), "a tenant is missing");
}
