// SPDX-License-Identifier: MIT OR Apache-2.0
//! A publisher's folder, a registry, a signing service, and what a site trusts.

use conformance::program::{self, Printed};
use cortex_registry::{Access, Deletion, Right, Settings, Store, serve};
use serde_json::{Value, json};
use signing_client::development::Development;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::net::TcpListener;

/// The name of the component that is published.
pub(crate) const NAME: &str = "echo";
/// Who signs with an identity.
pub(crate) const IDENTITY: &str = "ada@example.org";
/// The token that lets push below `acme`.
pub(crate) const TOKEN: &str = "a-token-for-tests";
/// The passphrase of keys.
pub(crate) const PASSPHRASE: &str = "correct horse battery staple";

/// A folder of somebody who publishes.
pub(crate) struct Desk(TempDir);

impl Desk {
    pub(crate) fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        desk.write("passphrase", &format!("{PASSPHRASE}\n"));
        desk
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.file(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.file(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.file(name), text).unwrap();
    }

    /// A command, with none of this process's own settings.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        program::command(&self.file(".cortex"), arguments)
    }

    pub(crate) fn run(&self, arguments: &[impl AsRef<str>]) -> Printed {
        let arguments: Vec<&str> = arguments.iter().map(AsRef::as_ref).collect();
        program::printed(&mut self.command(&arguments))
    }

    /// Runs what has to succeed; its output.
    pub(crate) fn done(&self, arguments: &[&str]) -> String {
        let printed = self.run(arguments);
        assert_eq!(printed.code, Some(0), "{arguments:?}: {}", printed.err);
        printed.out
    }

    /// Likewise, with `--json`: one line, one object.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let printed = self.done(&[arguments, &["--json"]].concat());
        assert_eq!(printed.lines().count(), 1, "{printed}");
        serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{arguments:?} prints `{printed}`: {error}"))
    }

    /// Runs what has to be refused: nothing on standard output, the reason on standard error.
    pub(crate) fn refused(&self, arguments: &[impl AsRef<str>], expected: &[&str]) {
        refused(&self.run(arguments), expected);
    }

    /// Runs what needs the registry's token.
    pub(crate) fn as_pusher(&self, arguments: &[&str]) -> Printed {
        program::printed(self.command(arguments).env("CORTEX_REGISTRY_TOKEN", TOKEN))
    }

    /// A new key; its id.
    pub(crate) fn key(&self, name: &str) -> String {
        let path = self.path(name);
        let made = self.json(&["key", "generate", "--out", &path, "--passphrase-file", &self.path("passphrase")]);
        let until = "9000-01-01T00:00:00Z";
        let entry = [
            "key",
            "entry",
            &path,
            "--passphrase-file",
            &self.path("passphrase"),
            "--namespace",
            "*",
            "--namespace",
            "cortex/*",
        ];
        self.write("keys.json", &self.done(&[entry.as_slice(), &["--not-after", until, "--whole"]].concat()));
        made["id"].as_str().unwrap().to_owned()
    }

    /// A signing service, its configuration for publishers, its trusted root, and a token.
    pub(crate) async fn service(&self, identity: &str) -> Development {
        let service = Development::start(&self.file("service"), identity).await.unwrap();
        self.write("client_trust_config.json", &service.client_trust_config().to_string());
        self.write("trusted_root.json", &service.trusted_root().to_string());
        self.write("token", &format!("{}\n", service.token().unwrap()));
        service
    }

    /// What the site allows.
    pub(crate) fn site(&self, publishers: &Value) {
        self.write("policy.json", &json!({ "publishers": publishers }).to_string());
    }

    /// The command that verifies at that site, which knows the key file and the trusted root where there are any.
    pub(crate) fn verify(&self, package: &str) -> Vec<String> {
        let mut arguments = vec![String::from("verify"), package.to_owned()];
        for (option, name) in
            [("--policy", "policy.json"), ("--keys", "keys.json"), ("--trusted-root", "trusted_root.json")]
        {
            if self.file(name).exists() {
                arguments.extend([option.to_owned(), self.path(name)]);
            }
        }
        arguments
    }

    /// Likewise for a file, under a name.
    pub(crate) fn verify_file(&self, file: &str, name: &str) -> Vec<String> {
        let mut arguments = self.verify(file);
        arguments.splice(1..1, [String::from("--name"), name.to_owned(), String::from("--file")]);
        arguments
    }

    /// The report of a package that is verified.
    pub(crate) fn verified(&self, package: &str) -> Value {
        self.json(&self.verify(package).iter().map(String::as_str).collect::<Vec<_>>())
    }
}

/// A command that was refused or failed: code 1, the reason in one line.
pub(crate) fn refused(printed: &Printed, expected: &[&str]) {
    assert_eq!(printed.code, Some(1), "{}{}", printed.out, printed.err);
    let error = printed.err.lines().last().unwrap_or_default();
    assert!(error.starts_with("error: "), "{}", printed.err);
    for part in expected {
        assert!(error.contains(part), "no `{part}` in: {error}");
    }
}

/// A registry on a free port; everybody may read, and who has the token may push below `acme`.
pub(crate) struct Registry {
    _folder: TempDir,
    pub(crate) address: String,
}

impl Registry {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut access = Access::open();
        access.grant(TOKEN, Right::Push, Some("acme"));
        let settings = Settings { access, deletion: Deletion::Nothing, ..Settings::default() };
        let store = Arc::new(Store::open(folder.path(), settings).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(serve(listener, store, std::future::pending()));
        Self { _folder: folder, address }
    }
}
