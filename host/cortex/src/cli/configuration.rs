// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a command was told: the environment, the configuration file with its signature, and the command line, read
//! once.

use super::terminal;
use anyhow::{Context as _, Result, anyhow, bail};
use edge_config::{Configuration, Faults, File, Given, Sources, Trust, before_file, resolve};
use jiff::Timestamp;
use signing_verify::{BUNDLE_BYTES_MAX, POLICY_BYTES_MAX, Signer, TRUST_ROOT_BYTES_MAX};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Bytes of a configuration file.
const FILE_BYTES_MAX: u64 = kernel_manifest::BYTES_MAX as u64;

/// What the command line may say of the configuration.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Wanted {
    /// The configuration file, `.yaml`, `.yml` or `.json`. It has to be signed.
    #[arg(long, value_name = "FILE")]
    config: Option<String>,

    /// The sigstore bundle that signs it, where it is not `<file>.sigstore.json`.
    #[arg(long, value_name = "FILE")]
    config_signature: Option<String>,

    /// Takes a configuration file without a signature: for a developer on one machine.
    #[arg(long)]
    development: bool,

    /// The address to listen at. Put a proxy with TLS in front of anything but this machine.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,

    /// Keeps tenants' data in this PostgreSQL database, which other hosts may share:
    /// `postgres://user:password@host/database`. Better in the environment, as `CORTEX_DATABASE_URL`: others on this
    /// machine see a command line.
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,

    /// Sets any key of the configuration; can be repeated. `cortex config keys` lists them. The environment and the
    /// file come first.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = pair)]
    set: Vec<Given>,
}

fn pair(text: &str) -> Result<Given, &'static str> {
    let (key, value) = text.split_once('=').ok_or("write `key=value`")?;
    Ok(Given { key: key.to_owned(), value: value.to_owned() })
}

impl Wanted {
    fn given(&self) -> Vec<Given> {
        let named = [
            ("config", self.config.clone()),
            ("config-signature", self.config_signature.clone()),
            ("development", self.development.then(|| "true".to_owned())),
            ("listen", self.listen.clone()),
            ("database.url", self.database_url.clone()),
        ];
        given(named).into_iter().chain(self.set.iter().cloned()).collect()
    }
}

/// The options that were given.
pub(crate) fn given<const N: usize>(named: [(&str, Option<String>); N]) -> Vec<Given> {
    named.into_iter().filter_map(|(key, value)| Some(Given { key: key.to_owned(), value: value? })).collect()
}

/// Everything but the file.
pub(crate) struct Outside {
    environment: Vec<(OsString, OsString)>,
    command_line: Vec<Given>,
    /// What it says by itself.
    pub(crate) configuration: Configuration,
    faults: Option<Faults>,
}

/// Who answers for the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Signature {
    /// There is no file.
    NoFile,
    /// Nobody; it is taken for development.
    Unsigned,
    /// This signer.
    By(Signer),
}

/// The whole configuration.
pub(crate) struct Loaded {
    /// What counts.
    pub(crate) configuration: Configuration,
    /// The file, where there is one.
    pub(crate) file: Option<PathBuf>,
    /// Who answers for it.
    pub(crate) signature: Signature,
}

impl Outside {
    /// Reads environment and command line; `common` is what every command has.
    pub(crate) fn read(common: &[Given], wanted: &Wanted) -> Result<Self> {
        let environment: Vec<_> = std::env::vars_os().collect();
        let command_line: Vec<Given> = common.iter().cloned().chain(wanted.given()).collect();
        let sources = Sources { environment: &environment, file: None, command_line: &command_line };
        let read = before_file(&sources).ok_or_else(|| anyhow!("the list of keys is at odds with itself"))?;
        let (configuration, faults) = read;
        Ok(Self { environment, command_line, configuration, faults })
    }

    /// What a command needs that has no file.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn alone(self) -> Result<Configuration> {
        match self.faults {
            Some(faults) => Err(faults.into()),
            None => Ok(self.configuration),
        }
    }

    /// Reads the file, where one is named, verifies it, and says what counts of all.
    ///
    /// # Errors
    /// Where it cannot be read or believed, or something in it, in the environment or on the command line is wrong.
    pub(crate) fn load(self) -> Result<Loaded> {
        let read = self.trusted_file();
        let (file, signature) = match (read, self.faults) {
            (Ok(read), _) => read,
            // Whom to believe may be what is wrong.
            (Err(_), Some(faults)) => return Err(faults.into()),
            (Err(error), None) => return Err(error),
        };
        let sources = Sources { environment: &self.environment, file: file.as_ref(), command_line: &self.command_line };
        let configuration = resolve(&sources)?;
        Ok(Loaded { file: configuration.config.clone(), configuration, signature })
    }

    fn trusted_file(&self) -> Result<(Option<File>, Signature)> {
        let values = &self.configuration;
        let policy = values.trust_policy.as_deref().map(|path| read(path, POLICY_BYTES_MAX)).transpose()?;
        let keys = values.trust_keys.as_deref().map(|path| read(path, POLICY_BYTES_MAX)).transpose()?;
        let roots = values.trust_roots.iter().flatten().map(|path| read(path, TRUST_ROOT_BYTES_MAX));
        let roots: Vec<Vec<u8>> = roots.collect::<Result<_>>()?;
        let Some(path) = &values.config else { return Ok((None, Signature::NoFile)) };
        let text = terminal::read_text(path, FILE_BYTES_MAX)?;
        let bundle = values.config_signature.clone().unwrap_or_else(|| beside(path));
        let signature = match &policy {
            // What is signed is verified in development too, where somebody says whom to believe.
            _ if values.development && (policy.is_none() || !bundle.exists()) => Signature::Unsigned,
            Some(policy) => {
                let shown = path.display();
                let bytes = read(&bundle, BUNDLE_BYTES_MAX).with_context(|| {
                    format!("the configuration file `{shown}` has no signature; sign it, or give `--development`")
                })?;
                let verified = Trust::parse(policy, keys.as_deref(), &roots)
                    .and_then(|trust| trust.verify(text.as_bytes(), &bytes, Timestamp::now()));
                let context = || format!("the configuration file `{shown}` is not believed");
                Signature::By(verified.with_context(context)?.signer.clone())
            }
            None => bail!(
                "nobody says who may sign the configuration file `{}`: name a policy with `CORTEX_TRUST_POLICY` or \
                 `--set trust.policy=FILE`, or give `--development`",
                path.display()
            ),
        };
        let name = path.display().to_string();
        Ok((Some(File { name, text }), signature))
    }
}

impl Signature {
    /// For people.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::NoFile => "no file".to_owned(),
            Self::Unsigned => "unsigned".to_owned(),
            Self::By(Signer::Key(id)) => format!("signed by the key `{id}`"),
            Self::By(Signer::Holder(holder)) => format!("signed by `{}` of `{}`", holder.subject, holder.issuer),
        }
    }
}

/// The bundle beside a file.
fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".sigstore.json");
    name.into()
}

fn read(path: &Path, bytes_max: usize) -> Result<Vec<u8>> {
    terminal::read(path, bytes_max as u64)
}
