// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cortex log`: the transparency log of a signing service, looked at from outside. It may run meanwhile.

use super::boot_log::BootLog;
use super::terminal;
use anyhow::{Context as _, Result, anyhow, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cortex::layout::Layout;
use serde_json::json;
use signing_authority::folder;
use signing_authority::keys::PublicKey;
use signing_authority::log::checkpoint::Origin;
use signing_authority::log::fsck;
use signing_authority::trust;
use signing_verify::TRUST_ROOT_BYTES_MAX;
use std::path::PathBuf;

/// What to look at.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Log {
    /// Makes every hash of a log again from its entries, and compares them with the tiles and with what was signed.
    Fsck(Look),
    /// Prints the newest checkpoint of a log, its signature checked.
    Checkpoint(Look),
    /// Verifies the boot log of the host's directory and shows the boot digest of each start.
    Boot(BootLog),
}

/// A log, and by which key it is known.
#[derive(Debug, clap::Args)]
pub(crate) struct Look {
    /// The folder of the signing service; with `--trusted-root` also that of a copy of its log alone.
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    #[command(flatten)]
    known: Known,
    /// Prints one object of JSON.
    #[arg(long)]
    json: bool,
}

/// What says which key the log signs with.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = true)]
struct Known {
    /// A `trusted_root.json` that knows the log: no secret is needed.
    #[arg(long, value_name = "FILE")]
    trusted_root: Option<PathBuf>,
    /// A file with the passphrase of the service's keys.
    #[arg(long, value_name = "FILE", env = "CORTEX_AUTHORITY_PASSPHRASE_FILE")]
    passphrase_file: Option<PathBuf>,
}

/// The files of a log, its name, its key.
struct Opened {
    folder: PathBuf,
    origin: Origin,
    key: PublicKey,
}

impl Log {
    pub(crate) fn run(self, home: &Layout) -> Result<()> {
        match self {
            Self::Fsck(look) => look.fsck(),
            Self::Checkpoint(look) => look.checkpoint(),
            Self::Boot(boot) => boot.run(home),
        }
    }
}

impl Look {
    fn fsck(&self) -> Result<()> {
        let Opened { folder, origin, key } = self.open()?;
        let report = fsck::check(&folder, &origin, &key)?;
        let verdict = if report.is_sound() { "sound" } else { "NOT sound" };
        if self.json {
            let object = json!({
                "log": origin.as_str(),
                "entries": report.entries,
                "signedRoot": STANDARD.encode(report.signed_root),
                "root": report.root.map(|root| STANDARD.encode(root)),
                "findings": report.findings,
                "sound": report.is_sound(),
            });
            terminal::line(&object.to_string());
        } else {
            report.findings.iter().for_each(|finding| terminal::line(finding));
            terminal::line(&format!("the log `{}` with {} entries is {verdict}", origin.as_str(), report.entries));
        }
        if !report.is_sound() {
            bail!("the log is not what was signed: keep it as it is, and restore a copy (docs/signing-service.md)");
        }
        Ok(())
    }

    fn checkpoint(&self) -> Result<()> {
        let Opened { folder, origin, key } = self.open()?;
        let (checkpoint, note) = fsck::newest(&folder, &origin, &key)?;
        if self.json {
            let object = json!({
                "log": checkpoint.origin.as_str(),
                "entries": checkpoint.size,
                "root": STANDARD.encode(checkpoint.root),
                "note": note,
            });
            terminal::line(&object.to_string());
        } else {
            terminal::line(note.trim_end());
        }
        Ok(())
    }

    fn open(&self) -> Result<Opened> {
        if let Some(root) = &self.known.trusted_root {
            return self.known_to(root);
        }
        let passphrase = self.known.passphrase_file.clone().context("name a `--trusted-root`, or a passphrase file")?;
        let passphrase = super::passphrase::of_file(&passphrase)?;
        let (folder, origin, key) = folder::fsck(&self.folder, &passphrase)?;
        Ok(Opened { folder, origin, key })
    }

    /// The one log of a trusted root whose name the checkpoint has.
    fn known_to(&self, root: &std::path::Path) -> Result<Opened> {
        let within = self.folder.join("log");
        let folder = if within.is_dir() { within } else { self.folder.clone() };
        let bytes = terminal::read(root, super::sign::bytes_max(TRUST_ROOT_BYTES_MAX))?;
        let logs = trust::logs(&bytes).with_context(|| format!("`{}` is no trusted root", root.display()))?;
        let mut cause = anyhow!("`{}` knows no log with a key of Ed25519", root.display());
        for (origin, key) in logs {
            match fsck::newest(&folder, &origin, &key) {
                Ok(_) => return Ok(Opened { folder, origin, key }),
                Err(error) => cause = error.into(),
            }
        }
        Err(cause.context(format!("`{}` has no log that `{}` knows", folder.display(), root.display())))
    }
}
