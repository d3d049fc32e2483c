// SPDX-License-Identifier: MIT OR Apache-2.0
//! The folder of an authority: what is in it, how one is made, how it is opened.
//!
//! ```text
//! authority.json           this configuration
//! keys/<role>.pem          keys, encrypted; `tsa-root.pem` is needed for nothing but a new certificate: keep it elsewhere
//! certificates/ca.pem      the authority's own certificates, up to the root
//! certificates/tsa.pem
//! log/                     the transparency log
//! retired.json             optional: parts of trusted roots that stay valid for what was signed before (docs/signing-service.md)
//! ```

use crate::ca::Ca;
use crate::certificate;
use crate::keys::file::FileKey;
use crate::keys::{self, CaKey, LogKey, Role, RoleKey, SctKey, Signer, TsaKey, TsaRootKey};
use crate::limits::Limits;
use crate::log::checkpoint::Origin;
use crate::log::{self, Log};
use crate::oidc::{IssuerConfig, Issuers};
use crate::trust::Trust;
use crate::tsa::Tsa;
use const_oid::db::rfc5280;
use serde::{Deserialize, Serialize};
use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The bytes of a configuration or certificate file at most.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// How long the authority's own certificates are valid.
const AUTHORITY_DAYS: u32 = 3_650;

/// The configuration.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// Who runs the service, as it stands in certificates.
    pub organization: String,
    /// Where publishers and readers reach it, without a slash at the end. The log's origin is the same without the scheme, so it
    /// cannot change later.
    pub url: String,
    /// Since when the keys of the log and of certificate timestamps are used.
    pub since: jiff::Timestamp,
    /// Whose tokens are believed.
    #[serde(default)]
    pub issuers: Vec<IssuerConfig>,
    /// What is served at most.
    #[serde(default)]
    pub limits: Limits,
    /// Where each role's key is; in `keys/<role>.pem` where nothing is said.
    #[serde(default)]
    pub keys: KeyPlaces,
}

/// Where keys are.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct KeyPlaces {
    /// Certificates.
    pub ca: KeyPlace,
    /// Certificate timestamps.
    pub sct: KeyPlace,
    /// Timestamps.
    pub tsa: KeyPlace,
    /// Checkpoints.
    pub log: KeyPlace,
}

/// Where a key is.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum KeyPlace {
    /// In `keys/<role>.pem`.
    #[default]
    File,
    /// In a token.
    #[cfg(feature = "pkcs11")]
    Token(keys::token::TokenConfig),
}

/// Why there is no authority.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file.
    #[error("`{path}`: {reason}")]
    File {
        /// Which.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The configuration.
    #[error("the configuration: {0}")]
    Config(String),
    /// A key.
    #[error(transparent)]
    Key(#[from] keys::Error),
    /// A certificate.
    #[error(transparent)]
    Certificate(#[from] certificate::Error),
    /// The log.
    #[error(transparent)]
    Log(#[from] log::OpenError),
}

/// A running authority, without its HTTP.
pub struct Authority {
    /// Certificates.
    pub ca: Ca,
    /// Timestamps.
    pub tsa: Tsa,
    /// The log.
    pub log: Log,
    /// Whose tokens are believed.
    pub issuers: Issuers,
    /// What verifiers and publishers need to know.
    pub trust: Trust,
    /// What is served at most.
    pub limits: Limits,
}

/// Makes the folder with new keys in files. Nothing that is there is changed.
///
/// # Errors
/// Where there is an authority already, or something cannot be written.
pub fn init(folder: &Path, config: &Config, passphrase: &[u8]) -> Result<(), Error> {
    check(config)?;
    let file = folder.join("authority.json");
    if file.exists() {
        return Err(fault(&file, "there is an authority already"));
    }
    for part in ["keys", "certificates"] {
        let path = folder.join(part);
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&path);
        made.map_err(|error| fault(&path, &format!("it cannot be made: {error}")))?;
    }
    let mut keys = KeyStore::new(folder, passphrase);
    let ca: CaKey = keys.generate(&config.keys.ca)?;
    let _: SctKey = keys.generate(&config.keys.sct)?;
    let tsa: TsaKey = keys.generate(&config.keys.tsa)?;
    let tsa_root: TsaRootKey = keys.generate(&KeyPlace::File)?;
    let _: LogKey = keys.generate(&config.keys.log)?;
    let name = |common| certificate::name(&config.organization, common);
    let root = certificate::root(&ca, name("Signing CA")?, rfc5280::ID_KP_CODE_SIGNING, AUTHORITY_DAYS)?;
    write(&folder.join("certificates/ca.pem"), &certificate::to_pem(&[root])?)?;
    let root = certificate::root(&tsa_root, name("Timestamping Root")?, rfc5280::ID_KP_TIME_STAMPING, AUTHORITY_DAYS)?;
    let leaf = certificate::timestamping(&root, &tsa_root, tsa.public_key(), name("Timestamping")?, AUTHORITY_DAYS)?;
    write(&folder.join("certificates/tsa.pem"), &certificate::to_pem(&[leaf, root])?)?;
    // Last: a folder without it is no authority.
    let text = serde_json::to_string_pretty(config).map_err(|error| Error::Config(error.to_string()))?;
    write(&file, &format!("{text}\n"))
}

/// Reads the configuration of a folder.
///
/// # Errors
/// Where there is none, or it is wrong.
pub fn config(folder: &Path) -> Result<Config, Error> {
    let path = folder.join("authority.json");
    let config = serde_json::from_str(&read(&path)?).map_err(|error| fault(&path, &error.to_string()))?;
    check(&config)?;
    Ok(config)
}

fn check(config: &Config) -> Result<(), Error> {
    let rest = config.url.strip_prefix("https://").or_else(|| config.url.strip_prefix("http://"));
    if rest.is_none_or(str::is_empty) || config.url.ends_with('/') || config.url.contains(['?', '#', '\\', '"']) {
        return Err(Error::Config(format!("`{}` must be an http(s) URL without a slash at the end", config.url)));
    }
    origin(config).map(drop)
}

/// Everything but the log, which one process has at a time.
struct Parts {
    config: Config,
    ca: Ca,
    tsa: Tsa,
    log_key: LogKey,
    origin: Origin,
    trust: Trust,
}

impl Parts {
    fn read(folder: &Path, passphrase: &[u8]) -> Result<Self, Error> {
        let config = config(folder)?;
        let mut keys = KeyStore::new(folder, passphrase);
        let ca: CaKey = keys.key(&config.keys.ca)?;
        let sct: SctKey = keys.key(&config.keys.sct)?;
        let tsa: TsaKey = keys.key(&config.keys.tsa)?;
        let log_key: LogKey = keys.key(&config.keys.log)?;
        let [first, second, third] = [ca.public_key(), sct.public_key(), tsa.public_key()];
        if first == second || first == third || second == third {
            return Err(Error::Config(String::from("two roles have the same key; each needs its own")));
        }
        let chain = |name: &str| -> Result<_, Error> {
            let path = folder.join("certificates").join(name);
            certificate::from_pem(&read(&path)?).map_err(|error| fault(&path, &error.to_string()))
        };
        let origin = origin(&config)?;
        let sct_key = sct.public_key().clone();
        let ca = Ca::new(ca, sct, chain("ca.pem")?)?;
        let tsa = Tsa::new(tsa, chain("tsa.pem")?)?;
        let retired = retired(&folder.join("retired.json"))?;
        let trust = Trust::new(&config, ca.chain(), &sct_key, tsa.chain(), log_key.public_key(), &origin, retired)?;
        Ok(Self { config, ca, tsa, log_key, origin, trust })
    }
}

impl Authority {
    /// Opens a folder: reads every key, and takes the log.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn open(folder: &Path, passphrase: &[u8]) -> Result<Self, Error> {
        let Parts { config, ca, tsa, log_key, origin, trust } = Parts::read(folder, passphrase)?;
        let issuers = Issuers::new(config.issuers).map_err(Error::Config)?;
        let log = Log::open(&folder.join("log"), origin, log_key)?;
        Ok(Self { ca, tsa, log, issuers, trust, limits: config.limits })
    }
}

/// What verifiers and publishers need to know; also beside a running service.
///
/// # Errors
/// What is wrong with the folder.
pub fn trust(folder: &Path, passphrase: &[u8]) -> Result<Trust, Error> {
    Parts::read(folder, passphrase).map(|parts| parts.trust)
}

fn origin(config: &Config) -> Result<Origin, Error> {
    Origin::of_url(&config.url).map_err(|error| Error::Config(error.to_string()))
}

/// The log's folder, name and key, for an audit beside a running service.
///
/// # Errors
/// Where the folder is no authority, or its key cannot be read.
pub fn fsck(folder: &Path, passphrase: &[u8]) -> Result<(PathBuf, Origin, keys::PublicKey), Error> {
    let config = config(folder)?;
    let key: LogKey = KeyStore::new(folder, passphrase).key(&config.keys.log)?;
    Ok((folder.join("log"), origin(&config)?, key.public_key().clone()))
}

/// Where the keys of one folder come from.
struct KeyStore<'a> {
    folder: &'a Path,
    passphrase: &'a [u8],
    #[cfg(feature = "pkcs11")]
    tokens: keys::token::Tokens,
}

impl<'a> KeyStore<'a> {
    fn new(folder: &'a Path, passphrase: &'a [u8]) -> Self {
        Self {
            folder,
            passphrase,
            #[cfg(feature = "pkcs11")]
            tokens: keys::token::Tokens::default(),
        }
    }

    fn path<R: Role>(&self) -> PathBuf {
        self.folder.join("keys").join(format!("{}.pem", R::NAME))
    }

    fn key<R: Role>(&mut self, place: &KeyPlace) -> Result<RoleKey<R>, Error> {
        let signer: Arc<dyn Signer> = match place {
            KeyPlace::File => Arc::new(FileKey::read(&self.path::<R>(), self.passphrase)?),
            #[cfg(feature = "pkcs11")]
            KeyPlace::Token(config) => Arc::new(self.tokens.key(config, R::NAME)?),
        };
        Ok(RoleKey::new(signer)?)
    }

    fn generate<R: Role>(&mut self, place: &KeyPlace) -> Result<RoleKey<R>, Error> {
        match place {
            KeyPlace::File => FileKey::generate(R::ALGORITHM)?.write(&self.path::<R>(), self.passphrase)?,
            #[cfg(feature = "pkcs11")]
            KeyPlace::Token(config) => self.tokens.generate(config, R::NAME, R::ALGORITHM)?,
        }
        self.key(place)
    }
}

fn retired(path: &Path) -> Result<Option<serde_json::Value>, Error> {
    if !path.exists() {
        return Ok(None);
    }
    serde_json::from_str(&read(path)?).map(Some).map_err(|error| fault(path, &error.to_string()))
}

fn fault(path: &Path, reason: &str) -> Error {
    Error::File { path: path.display().to_string(), reason: reason.to_owned() }
}

fn read(path: &Path) -> Result<String, Error> {
    let length = fs::metadata(path).map_err(|error| fault(path, &error.to_string()))?.len();
    if length > FILE_BYTES_MAX {
        return Err(fault(path, "it is too long"));
    }
    fs::read_to_string(path).map_err(|error| fault(path, &error.to_string()))
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    use std::io::Write as _;
    let file = fs::OpenOptions::new().write(true).create_new(true).open(path);
    let written = file.and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.map_err(|error| fault(path, &error.to_string()))
}
