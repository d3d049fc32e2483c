// SPDX-License-Identifier: MIT OR Apache-2.0
//! The passphrase of a key: from a file, or asked for on a terminal. Never an argument, which everybody on a machine
//! can read.

use super::terminal;
use anyhow::{Context as _, Result, bail};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Bytes of a file with a passphrase.
const PASSPHRASE_BYTES_MAX: u64 = 4 << 10;

/// Where the passphrase comes from.
#[derive(Debug, clap::Args)]
pub(crate) struct PassphraseFile {
    /// A file with the passphrase of the key; without it, it is asked for.
    #[arg(long, value_name = "FILE", env = "CORTEX_KEY_PASSPHRASE_FILE")]
    passphrase_file: Option<PathBuf>,
}

impl PassphraseFile {
    /// The passphrase of a key that is there.
    pub(super) fn of(&self, key: &str) -> Result<Zeroizing<Vec<u8>>> {
        match self.read()? {
            Some(passphrase) => Ok(passphrase),
            None => ask(&format!("Passphrase of {key}: ")),
        }
    }

    /// The passphrase of a key that is made: asked for twice.
    pub(super) fn of_new(&self, key: &str) -> Result<Zeroizing<Vec<u8>>> {
        if let Some(passphrase) = self.read()? {
            return Ok(passphrase);
        }
        let passphrase = ask(&format!("Passphrase for {key}: "))?;
        if passphrase != ask("The same again: ")? {
            bail!("the two passphrases differ; nothing was made");
        }
        Ok(passphrase)
    }

    /// `None` where no file is named.
    fn read(&self) -> Result<Option<Zeroizing<Vec<u8>>>> {
        self.passphrase_file.as_deref().map(of_file).transpose()
    }
}

/// The passphrase in a file, without the end of its line.
pub(super) fn of_file(path: &Path) -> Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(terminal::read(path, PASSPHRASE_BYTES_MAX).context("the passphrase")?);
    while bytes.last().is_some_and(|last| b"\r\n".contains(last)) {
        bytes.pop();
    }
    if bytes.is_empty() {
        bail!("`{}` is empty, and an empty passphrase protects nothing", path.display());
    }
    Ok(bytes)
}

fn ask(question: &str) -> Result<Zeroizing<Vec<u8>>> {
    let answer = terminal::ask_secret(question)?.context(
        "there is no passphrase: name a file with `--passphrase-file` or in `CORTEX_KEY_PASSPHRASE_FILE`; it is asked for on a \
         terminal only",
    )?;
    if answer.is_empty() {
        bail!("an empty passphrase protects nothing");
    }
    Ok(Zeroizing::new(answer.as_bytes().to_vec()))
}
