// SPDX-License-Identifier: MIT OR Apache-2.0
//! Keys in a PKCS#11 token: SoftHSM, in a process of its own, since its configuration comes from the environment.
#![cfg(feature = "pkcs11")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod common;

use common::{Process, Publisher};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Where distributions have the module.
const MODULES: [&str; 4] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
];

/// The PIN of the token's user.
const PIN: &str = "4711";

struct Token {
    folder: tempfile::TempDir,
    module: PathBuf,
}

impl Token {
    /// A token of its own; `None` where there is no SoftHSM.
    fn new(test: &str) -> Option<Self> {
        let module = MODULES.iter().map(Path::new).find(|path| path.exists());
        let has_tool = Command::new("softhsm2-util").arg("--version").output().is_ok();
        let Some(module) = module.filter(|_| has_tool) else {
            services::note_absent(test, "SoftHSM (on Debian: the package softhsm2)", "its module or tool is not there");
            return None;
        };
        let token = Self { folder: tempfile::tempdir().unwrap(), module: module.to_owned() };
        let tokens = token.folder.path().join("tokens");
        std::fs::create_dir(&tokens).unwrap();
        std::fs::write(token.path("softhsm.conf"), format!("directories.tokendir = {}\n", tokens.display())).unwrap();
        std::fs::write(token.path("pin"), PIN).unwrap();
        std::fs::write(token.path("passphrase"), common::PASSPHRASE).unwrap();
        let mut tool = Command::new("softhsm2-util");
        let made = tool.args(["--init-token", "--free", "--label", "cortex", "--so-pin", "0815", "--pin", PIN]);
        let made = made.env("SOFTHSM2_CONF", token.path("softhsm.conf")).output().unwrap();
        assert!(made.status.success(), "{made:?}");
        Some(token)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cortex-authority"));
        command.arg(name).arg("--folder").arg(self.path("authority"));
        command.arg("--passphrase-file").arg(self.path("passphrase"));
        command.env("SOFTHSM2_CONF", self.path("softhsm.conf"));
        command
    }

    fn init(&self, token: &str, pin: &str) -> Output {
        let mut init = self.command("init");
        init.args(["--organization", "Example", "--url", "https://signing.example.org", "--token", token]);
        init.arg("--module").arg(&self.module).arg("--pin-file").arg(self.path(pin)).output().unwrap()
    }
}

fn says(output: &Output, text: &str) {
    let all = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(!output.status.success() && all.contains(text), "`{text}` in {all}");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_stay_in_their_token() {
    let Some(token) = Token::new("keys_stay_in_their_token") else { return };
    std::fs::write(token.path("wrong"), "1").unwrap();
    says(&token.init("absent", "pin"), "it is not there");
    says(&token.init("cortex", "wrong"), "PIN");
    std::fs::remove_dir_all(token.path("authority")).unwrap();

    let made = token.init("cortex", "pin");
    assert!(made.status.success(), "{made:?}");
    let files: Vec<_> =
        std::fs::read_dir(token.path("authority/keys")).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(files, ["tsa-root.pem"], "all other keys are in the token");

    let process = Process::of(token.command("serve"));
    let publisher = Publisher::new();
    let client = reqwest::Client::new();
    // At the same time: one thread asks the token for one after the other.
    let sent = (0..8_u8).map(|number| {
        let entry = publisher.entry(&[number]).to_string();
        let request =
            client.post(format!("{}/api/v2/log/entries", process.url)).header("content-type", "application/json");
        tokio::spawn(request.body(entry).send())
    });
    for answer in sent.collect::<Vec<_>>() {
        assert_eq!(answer.await.unwrap().unwrap().status(), 201);
    }
    drop(process);
    // The checkpoint that the token signed is verified with the key that it handed out.
    let audit = token.command("fsck").output().unwrap();
    assert!(String::from_utf8_lossy(&audit.stdout).contains("with 8 entries is sound"), "{audit:?}");
    // The certificates that it signed are read, and checked, with the folder.
    assert!(token.command("trust").output().unwrap().status.success());
}
