// SPDX-License-Identifier: MIT OR Apache-2.0
//! An authority for tests: its folder, the process that serves it, and somebody who signs.
#![allow(dead_code, reason = "each test uses its part")]

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use signing_authority::folder::{self, Config, KeyPlaces};
use signing_authority::keys::file::FileKey;
use signing_authority::keys::{Algorithm, Signer as _};
use signing_authority::limits::Limits;
use signing_authority::oidc::IssuerConfig;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

pub(crate) const PASSPHRASE: &[u8] = b"a passphrase for tests";

/// A configuration.
pub(crate) fn config(issuers: Vec<IssuerConfig>) -> Config {
    Config {
        organization: String::from("Example"),
        url: String::from("https://signing.example.org"),
        since: signing_authority::now(),
        issuers,
        // A loaded machine is slow; what is tested here is not how fast it is.
        limits: Limits {
            entries_per_second_max: 1_000_000,
            request_ms_max: 300_000,
            head_ms_max: 300_000,
            ..Limits::default()
        },
        keys: KeyPlaces::default(),
    }
}

/// Makes an authority below that folder.
pub(crate) fn authority(parent: &Path, issuers: Vec<IssuerConfig>) -> PathBuf {
    let folder = parent.join("authority");
    std::fs::create_dir(&folder).unwrap();
    folder::init(&folder, &config(issuers), PASSPHRASE).unwrap();
    std::fs::write(folder.join("passphrase"), PASSPHRASE).unwrap();
    folder
}

/// A command on that authority.
pub(crate) fn command(folder: &Path, name: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cortex-authority"));
    command.arg(name).arg("--folder").arg(folder).arg("--passphrase-file").arg(folder.join("passphrase"));
    command
}

/// A serving process.
pub(crate) struct Process {
    child: Child,
    pub(crate) url: String,
}

impl Process {
    pub(crate) fn start(folder: &Path) -> Self {
        Self::of(command(folder, "serve"))
    }

    pub(crate) fn of(mut command: Command) -> Self {
        let mut child = command.args(["--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening at ").expect("the process serves").to_owned();
        Self { child, url }
    }

    /// As the system does it: at once.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Somebody with a key.
pub(crate) struct Publisher {
    pub(crate) key: FileKey,
}

impl Publisher {
    pub(crate) fn new() -> Self {
        Self { key: FileKey::generate(Algorithm::EcdsaP256Sha256).unwrap() }
    }

    /// A request to log a signature over that message.
    pub(crate) fn entry(&self, message: &[u8]) -> Value {
        json!({"hashedRekordRequestV002": {
            "digest": STANDARD.encode(digest(&SHA256, message).as_ref()),
            "signature": {
                "content": STANDARD.encode(self.key.sign(message).unwrap()),
                "verifier": {
                    "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                    "publicKey": {"rawBytes": STANDARD.encode(self.key.public_key().der())},
                },
            },
        }})
    }

    /// The public key as PEM.
    pub(crate) fn pem(&self) -> String {
        pem("PUBLIC KEY", self.key.public_key().der())
    }
}

/// Bytes as PEM.
pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// The body of an answer that must be good.
pub(crate) async fn get(url: &str) -> Vec<u8> {
    let answer = reqwest::get(url).await.unwrap();
    assert_eq!(answer.status(), 200, "{url}");
    answer.bytes().await.unwrap().to_vec()
}
