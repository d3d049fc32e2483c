// SPDX-License-Identifier: MIT OR Apache-2.0
//! The verifiers of others, in exact versions, installed once into a folder below the target directory. Where they
//! cannot be had the test says loudly that it did not run; with `CORTEX_REQUIRE_SERVICES=1` it fails.

use serde_json::Value;
use services::packages::{self, INSTALL_SECONDS, installed, run};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder of sigstore-python, whose version and all that it needs stand in `requirements.txt`.
const PYTHON: &str = "sigstore-python-4.5.1";

/// @sigstore/verify and all that it needs.
const NODE: [&str; 4] =
    ["@sigstore/verify@4.1.3", "@sigstore/bundle@5.0.1", "@sigstore/core@4.0.1", "@sigstore/protobuf-specs@0.5.2"];

/// Where they are kept: beside what cargo builds.
fn cache(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("stock-verifiers").join(name)
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/verifiers").join(name)
}

fn or_noted(test: &str, service: &str, found: Result<PathBuf, String>) -> Option<PathBuf> {
    match found {
        Ok(folder) => Some(folder),
        Err(reason) => {
            services::note_absent(test, service, &reason);
            None
        }
    }
}

/// sigstore-python.
pub(super) struct Python(PathBuf);

pub(super) fn python(test: &str) -> Option<Python> {
    let found = installed(cache(PYTHON), |folder| packages::python(folder, &script("requirements.txt")));
    or_noted(test, "sigstore-python (python3 with venv, and PyPI)", found).map(Python)
}

impl Python {
    pub(super) fn verify(&self, folder: &Path) -> Value {
        let output = run(Command::new(self.0.join("bin/python")).arg(script("verify.py")).arg(folder)).unwrap();
        serde_json::from_str(&output).unwrap()
    }

    /// Signs a file with the services of the trust configuration, as sigstore-python's own users do.
    pub(super) fn sign(&self, folder: &Path, token: &str, artifact: &str) -> String {
        let mut command = Command::new(self.0.join("bin/python"));
        run(command.current_dir(folder).arg(script("sign.py")).args([token, artifact])).unwrap()
    }

    /// The first case once more, as a person would do it.
    pub(super) fn verify_with_the_command_line(&self, folder: &Path, identity: &str, issuer: &str) {
        let mut command = Command::new(self.0.join("bin/python"));
        command.current_dir(folder).args(["-m", "sigstore", "--trust-config", "client_trust_config.json"]);
        command.args(["verify", "identity", "--offline", "--bundle", "0.sigstore.json"]);
        command.args(["--cert-identity", identity, "--cert-oidc-issuer", issuer, "0.artifact"]);
        run(&mut command).unwrap();
    }
}

/// @sigstore/verify.
pub(super) struct Node(PathBuf);

pub(super) fn node(test: &str) -> Option<Node> {
    let found = installed(cache("sigstore-verify-4.1.3"), |folder| {
        fs::write(folder.join("package.json"), "{\"private\": true}").map_err(|error| error.to_string())?;
        run(Command::new("node").arg("--version"))?;
        let mut npm = Command::new("timeout");
        npm.arg(INSTALL_SECONDS).args(["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"]);
        run(npm.args(NODE).current_dir(folder)).map(drop)
    });
    or_noted(test, "@sigstore/verify (node, npm and its registry)", found).map(Node)
}

impl Node {
    pub(super) fn verify(&self, folder: &Path) -> Value {
        let output = run(Command::new("node").arg(script("verify.mjs")).arg(folder).arg(&self.0)).unwrap();
        serde_json::from_str(&output).unwrap()
    }
}
