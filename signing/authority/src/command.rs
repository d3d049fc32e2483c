// SPDX-License-Identifier: MIT OR Apache-2.0
//! The command line: for the binary `cortex-authority`, and for any other that takes these subcommands in.

use crate::folder::{self, Config, KeyPlaces};
use crate::limits::Limits;
use crate::log::fsck;
use crate::{http, trust::Trust};
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use zeroize::Zeroizing;

/// The bytes of a file with a passphrase at most.
const PASSPHRASE_BYTES_MAX: u64 = 4 << 10;

/// The signing service for publishers: certificates, timestamps and a transparency log.
#[derive(Debug, clap::Parser)]
#[command(name = "cortex-authority", version)]
pub struct Authority {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Makes the folder of a new authority, with a key for each role.
    Init(Init),
    /// Serves.
    Serve(Serve),
    /// Makes every hash of the log again from its entries, and compares.
    Fsck(Fsck),
    /// Prints what verifiers and publishers need to know.
    Trust(PrintTrust),
}

/// Where an authority is, and how its keys are opened.
#[derive(Debug, clap::Args)]
pub struct Place {
    /// The folder of the authority.
    #[arg(long, env = "CORTEX_AUTHORITY_FOLDER", default_value = ".cortex/authority")]
    folder: PathBuf,

    /// A file with the passphrase of the keys; only its owner should be able to read it.
    #[arg(long, env = "CORTEX_AUTHORITY_PASSPHRASE_FILE")]
    passphrase_file: PathBuf,
}

#[derive(Debug, clap::Args)]
struct Init {
    #[command(flatten)]
    place: Place,

    /// Who runs it, as it stands in certificates.
    #[arg(long)]
    organization: String,

    /// Where it will be reached: part of the log's name, so it cannot change later.
    #[arg(long)]
    url: String,

    /// Makes the keys in a PKCS#11 token, not in files: the library of its maker.
    #[cfg(feature = "pkcs11")]
    #[arg(long, requires_all = ["token", "pin_file"])]
    module: Option<PathBuf>,

    /// The token's label.
    #[cfg(feature = "pkcs11")]
    #[arg(long, requires = "module")]
    token: Option<String>,

    /// A file with the PIN of the token's user.
    #[cfg(feature = "pkcs11")]
    #[arg(long, requires = "module")]
    pin_file: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
struct Serve {
    #[command(flatten)]
    place: Place,

    /// The address to listen at. Put a proxy with TLS in front of anything but this machine.
    #[arg(long, env = "CORTEX_AUTHORITY_LISTEN", default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
}

/// Audits the log.
#[derive(Debug, clap::Args)]
pub struct Fsck {
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, clap::Args)]
struct PrintTrust {
    #[command(flatten)]
    place: Place,

    /// With the addresses of the services (`ClientTrustConfig`), not the trusted root alone.
    #[arg(long)]
    client: bool,
}

/// What went wrong, in one line.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

impl Authority {
    /// Runs the command; false where an audit found something.
    ///
    /// # Errors
    /// What went wrong.
    pub fn run(self) -> Result<bool, Error> {
        match self.command {
            Command::Init(init) => init.run().map(|()| true),
            Command::Serve(serve) => serve.run().map(|()| true),
            Command::Fsck(fsck) => fsck.run(),
            Command::Trust(print) => print.run().map(|()| true),
        }
    }
}

impl Place {
    fn passphrase(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        use std::io::Read as _;
        let mut bytes = Zeroizing::new(Vec::new());
        let fault = |error: std::io::Error| format!("`{}`: {error}", self.passphrase_file.display());
        let file = std::fs::File::open(&self.passphrase_file).map_err(fault)?;
        file.take(PASSPHRASE_BYTES_MAX).read_to_end(&mut bytes).map_err(fault)?;
        while bytes.last().is_some_and(|last| b"\r\n".contains(last)) {
            bytes.pop();
        }
        Ok(bytes)
    }

    fn open(&self) -> Result<folder::Authority, Error> {
        Ok(folder::Authority::open(&self.folder, &self.passphrase()?)?)
    }
}

impl Init {
    #[cfg(feature = "pkcs11")]
    fn keys(&self) -> KeyPlaces {
        use crate::folder::KeyPlace;
        let (Some(module), Some(token), Some(pin_file)) = (&self.module, &self.token, &self.pin_file) else {
            return KeyPlaces::default();
        };
        let (module, token, pin_file) = (module.clone(), token.clone(), pin_file.clone());
        let place = KeyPlace::Token(crate::keys::token::TokenConfig { module, token, pin_file });
        KeyPlaces { ca: place.clone(), sct: place.clone(), tsa: place.clone(), log: place }
    }

    #[cfg(not(feature = "pkcs11"))]
    fn keys(&self) -> KeyPlaces {
        KeyPlaces::default()
    }

    fn run(self) -> Result<(), Error> {
        let keys = self.keys();
        let config = Config {
            organization: self.organization,
            url: self.url.trim_end_matches('/').to_owned(),
            since: crate::certificate::now(),
            issuers: Vec::new(),
            limits: Limits::default(),
            keys,
        };
        folder::init(&self.place.folder, &config, &self.place.passphrase()?)?;
        let folder = self.place.folder.display();
        say(&format!(
            "made an authority in {folder}: name its issuers in {folder}/authority.json, and keep {folder}/keys/tsa-root.pem elsewhere"
        ))
    }
}

impl Serve {
    fn run(self) -> Result<(), Error> {
        let authority = self.place.open()?;
        let limits = authority.limits.clone();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(async {
            let listener = TcpListener::bind(self.listen).await?;
            say(&format!("listening at http://{}", listener.local_addr()?))?;
            let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
            let ended = async move {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
            };
            http::serve(listener, http::router(authority), &limits, ended).await;
            Ok(())
        })
    }
}

impl Fsck {
    /// Audits, and prints what was found; false where something is wrong.
    ///
    /// # Errors
    /// Where there is no log.
    pub fn run(self) -> Result<bool, Error> {
        let (log, origin, key) = folder::fsck(&self.place.folder, &self.place.passphrase()?)?;
        audit(&log, &origin, &key)
    }
}

fn audit(log: &Path, origin: &crate::log::checkpoint::Origin, key: &crate::keys::PublicKey) -> Result<bool, Error> {
    let report = fsck::check(log, origin, key)?;
    for finding in &report.findings {
        say(finding)?;
    }
    let verdict = if report.is_sound() { "sound" } else { "NOT sound" };
    say(&format!("the log `{}` with {} entries is {verdict}", origin.as_str(), report.entries))?;
    Ok(report.is_sound())
}

impl PrintTrust {
    fn run(self) -> Result<(), Error> {
        let trust: Trust = folder::trust(&self.place.folder, &self.place.passphrase()?)?;
        let value = if self.client { trust.client_trust_config() } else { trust.trusted_root() };
        say(&serde_json::to_string_pretty(value)?)
    }
}

fn say(text: &str) -> Result<(), Error> {
    Ok(writeln!(std::io::stdout(), "{text}")?)
}
