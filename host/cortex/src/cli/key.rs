// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cortex key`: the managed key of a publisher, and what a site has to know of it.

use super::passphrase::PassphraseFile;
use super::terminal;
use anyhow::{Context as _, Result, bail};
use jiff::Timestamp;
use serde_json::{Value, json};
use signing_client::{ManagedKey, PUBLIC_KEY_PEM_BYTES_MAX, VerifyingKey};
use signing_verify::Keys;
use std::path::{Path, PathBuf};

/// How a public key in PEM begins.
const PUBLIC: &[u8] = b"-----BEGIN PUBLIC KEY-----";

/// What to do with a key.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Key {
    /// Makes a key, ECDSA on P-256, in an encrypted file that only this user may read.
    Generate(Generate),
    /// Shows the public half of a key, and its id: the hint that bundles carry.
    Show(Show),
    /// Prints what the key file of a site has to hold for it (docs/trust.md).
    Entry(Entry),
}

/// Where the key comes to lie.
#[derive(Debug, clap::Args)]
pub(crate) struct Generate {
    /// The file. One that is there is kept, and refused.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    passphrase: PassphraseFile,
    /// Prints one object of JSON.
    #[arg(long)]
    json: bool,
}

/// Which key to show.
#[derive(Debug, clap::Args)]
pub(crate) struct Show {
    #[command(flatten)]
    key: KeyFile,
    /// Prints one object of JSON.
    #[arg(long)]
    json: bool,
}

/// Which key, and what for.
#[derive(Debug, clap::Args)]
pub(crate) struct Entry {
    #[command(flatten)]
    key: KeyFile,
    /// The names that it may sign: `acme/*`, or an exact name; can be repeated.
    #[arg(long = "namespace", value_name = "PATTERN", required = true)]
    namespaces: Vec<String>,
    /// Since when it is valid, as RFC 3339 has it; now, where nothing is said.
    #[arg(long, value_name = "TIME")]
    not_before: Option<Timestamp>,
    /// Until when it is valid: `2027-12-31T23:59:59Z`.
    #[arg(long, value_name = "TIME")]
    not_after: Timestamp,
    /// Prints a whole key file with this entry alone.
    #[arg(long)]
    whole: bool,
    /// Prints it in one line.
    #[arg(long)]
    json: bool,
}

/// A key in a file.
#[derive(Debug, clap::Args)]
struct KeyFile {
    /// The file that `cortex key generate` made, or one with the public key in PEM, which needs no passphrase.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    passphrase: PassphraseFile,
}

impl Key {
    pub(crate) fn run(self) -> Result<()> {
        match self {
            Self::Generate(generate) => generate.run(),
            Self::Show(show) => show.run(),
            Self::Entry(entry) => entry.run(),
        }
    }
}

impl Generate {
    fn run(self) -> Result<()> {
        let shown = self.out.display().to_string();
        if self.out.exists() {
            bail!("`{shown}` is there already: choose another name, or move the old key away");
        }
        let passphrase = self.passphrase.of_new(&format!("the new key `{shown}`"))?;
        let key = ManagedKey::generate()?;
        key.write(&self.out, &passphrase)?;
        let key = key.verifying_key();
        if self.json {
            terminal::line(&with(description(&key), "file", shown.into()).to_string());
        } else {
            terminal::line(&format!("{} {shown}", key.hint()));
        }
        Ok(())
    }
}

impl Show {
    fn run(self) -> Result<()> {
        let key = self.key.verifying_key()?;
        if self.json {
            terminal::line(&description(&key).to_string());
        } else {
            terminal::line(&format!("{}\n{}", key.hint(), key.pem().trim_end()));
        }
        Ok(())
    }
}

impl Entry {
    fn run(self) -> Result<()> {
        let key = self.key.verifying_key()?;
        let not_before = match self.not_before {
            Some(time) => time,
            None => Timestamp::from_second(Timestamp::now().as_second())?,
        };
        let whole = file_of(&key, &self.namespaces, not_before, self.not_after);
        // What is printed is read by the very code that a host reads it with.
        Keys::parse(whole.to_string().as_bytes()).context("no key file could hold that")?;
        let printed = if self.whole { Some(&whole) } else { whole.pointer("/keys/0") };
        let print = if self.json { serde_json::to_string } else { serde_json::to_string_pretty };
        terminal::line(&print(&printed)?);
        Ok(())
    }
}

/// A key file that knows one key.
pub(super) fn file_of(key: &VerifyingKey, namespaces: &[String], from: Timestamp, until: Timestamp) -> Value {
    json!({ "keys": [{
        "id": key.hint(),
        "public-key": key.pem(),
        "namespaces": namespaces,
        "not-before": from.to_string(),
        "not-after": until.to_string(),
    }]})
}

/// Reads a managed key with its passphrase.
pub(super) fn read(file: &Path, passphrase: &PassphraseFile) -> Result<ManagedKey> {
    // Before anybody is asked for the passphrase of a key that is not there.
    std::fs::metadata(file).with_context(|| format!("cannot read `{}`", file.display()))?;
    Ok(ManagedKey::read(file, &passphrase.of(&format!("the key `{}`", file.display()))?)?)
}

impl KeyFile {
    fn verifying_key(&self) -> Result<VerifyingKey> {
        let text = terminal::read(&self.file, PUBLIC_KEY_PEM_BYTES_MAX)?;
        if text.trim_ascii_start().starts_with(PUBLIC) {
            let text = terminal::read_text(&self.file, PUBLIC_KEY_PEM_BYTES_MAX)?;
            return VerifyingKey::from_pem(&text).with_context(|| format!("`{}`", self.file.display()));
        }
        Ok(read(&self.file, &self.passphrase)?.verifying_key())
    }
}

fn description(key: &VerifyingKey) -> Value {
    json!({ "id": key.hint(), "publicKey": key.pem() })
}

/// An object with one more member.
pub(super) fn with(mut object: Value, key: &str, value: Value) -> Value {
    if let Some(members) = object.as_object_mut() {
        members.insert(key.to_owned(), value);
    }
    object
}
