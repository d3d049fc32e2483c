// SPDX-License-Identifier: MIT OR Apache-2.0
//! A whole signing service in this process, for one developer on one machine: keys, certificates, log and an issuer of tokens,
//! all in one folder. Nobody types a passphrase: it is made, and lies beside the keys, readable by this user alone. So it
//! protects nothing that the user's own files are not protected by, and trust in it ends at this machine.
//!
//! Tokens are handed out by [`Development::token`] to this process, and by no HTTP route to anybody.

use crate::{Error, Publisher, Services};
use aws_lc_rs::rand;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use signing_authority::folder::{self, Authority, Config, KeyPlaces};
use signing_authority::http;
use signing_authority::jwks::KeySource;
use signing_authority::limits::Limits;
use signing_authority::oidc::{IdentityClaim, IssuerConfig};
use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// The issuer of development tokens: a name, which nothing is fetched from.
pub const ISSUER: &str = "https://development.cortex.invalid";

/// For whom the tokens are.
const AUDIENCE: &str = "sigstore";

/// How long a token is valid.
const TOKEN_SECONDS: i64 = 300;

/// The bytes of the issuer's key or the passphrase at most.
const SECRET_BYTES_MAX: u64 = 4 << 10;

/// A running development authority. It ends with [`Development::stop`], or with the value.
pub struct Development {
    services: Services,
    trusted_root: Value,
    client_trust_config: Value,
    issuer: Arc<EcdsaKeyPair>,
    identity: String,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<()>>,
}

impl Development {
    /// Starts the authority in that folder, made at the first time, on a free port of this machine. Tokens are for that identity,
    /// an address such as `ada@localhost`.
    ///
    /// # Errors
    /// Where the folder cannot be used, or another process uses it.
    pub async fn start(folder: &Path, identity: &str) -> Result<Self, Error> {
        let is_address = identity.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
        if !is_address || !identity.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::Development(format!("`{identity}` is no address such as `ada@localhost`")));
        }
        let (folder, identity) = (folder.to_owned(), identity.to_owned());
        let opened = tokio::task::spawn_blocking(move || open(&folder)).await;
        let (authority, issuer) = opened.map_err(fault)??;
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(fault)?;
        let url = format!("http://{}", listener.local_addr().map_err(fault)?);
        // The folder's URL is a name that stays; where it is served today is known here alone.
        let services = Services::at(&url);
        let mut client_trust_config = authority.trust.client_trust_config().clone();
        readdress(&mut client_trust_config, &url);
        let trusted_root = authority.trust.trusted_root().clone();
        let limits = authority.limits.clone();
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(async move {
            let stopped = async { stopped.await.unwrap_or_default() };
            http::serve(listener, http::router(authority), &limits, stopped).await;
        });
        Ok(Self {
            services,
            trusted_root,
            client_trust_config,
            issuer: Arc::new(issuer),
            identity,
            stop: Some(stop),
            serving: Some(serving),
        })
    }

    /// Where it is.
    #[must_use]
    pub fn services(&self) -> &Services {
        &self.services
    }

    /// What a verifier needs: `trusted_root` v0.1.
    #[must_use]
    pub fn trusted_root(&self) -> &Value {
        &self.trusted_root
    }

    /// The same with the services' addresses: `ClientTrustConfig` v0.1.
    #[must_use]
    pub fn client_trust_config(&self) -> &Value {
        &self.client_trust_config
    }

    /// For whom tokens are.
    #[must_use]
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// A publisher who uses it.
    ///
    /// # Errors
    /// Where this process cannot speak HTTP.
    pub fn publisher(&self) -> Result<Publisher, Error> {
        Publisher::new(&self.services)
    }

    /// A token for the developer.
    ///
    /// # Errors
    /// Where it cannot be signed.
    pub fn token(&self) -> Result<String, Error> {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_err(fault)?;
        let now = i64::try_from(now.as_secs()).map_err(fault)?;
        self.signed(&json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": self.identity, "email": self.identity, "email_verified": true,
            "iat": now, "nbf": now, "exp": now + TOKEN_SECONDS,
        }))
    }

    fn signed(&self, claims: &Value) -> Result<String, Error> {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let head = part(&json!({"alg": "ES256", "typ": "JWT", "kid": "development"}));
        let text = format!("{head}.{}", part(claims));
        let signature = self.issuer.sign(&rand::SystemRandom::new(), text.as_bytes()).map_err(fault)?;
        Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref())))
    }

    /// Lets running requests end, and closes the log.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(serving) = self.serving.take() {
            let _ = serving.await;
        }
    }
}

fn fault(error: impl std::fmt::Display) -> Error {
    Error::Development(error.to_string())
}

/// Opens the folder, made at the first time.
fn open(folder: &Path) -> Result<(Authority, EcdsaKeyPair), Error> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(fault)?;
    let passphrase = secret(&folder.join("passphrase"), || {
        let mut bytes = [0; 32];
        rand::fill(&mut bytes).map_err(fault)?;
        Ok(STANDARD.encode(bytes).into_bytes())
    })?;
    let key = secret(&folder.join("issuer.key"), || {
        let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &rand::SystemRandom::new());
        Ok(STANDARD.encode(key.map_err(fault)?.as_ref()).into_bytes())
    })?;
    let key = STANDARD.decode(key).map_err(fault)?;
    let issuer = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &key).map_err(fault)?;
    if !folder.join("authority.json").exists() {
        // What an interrupted first start left behind has signed nothing.
        for part in ["keys", "certificates"] {
            match fs::remove_dir_all(folder.join(part)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(fault(error)),
                _ => {}
            }
        }
        folder::init(folder, &config(&issuer)?, &passphrase).map_err(fault)?;
    }
    Ok((Authority::open(folder, &passphrase).map_err(fault)?, issuer))
}

fn config(issuer: &EcdsaKeyPair) -> Result<Config, Error> {
    let point = issuer.public_key().as_ref().get(1..).unwrap_or_default();
    let (x, y) =
        point.split_at_checked(32).ok_or_else(|| Error::Development(String::from("the issuer's key is none")))?;
    let keys = json!({"keys": [{
        "kty": "EC", "crv": "P-256", "kid": "development",
        "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y),
    }]});
    Ok(Config {
        organization: String::from("Cortex development"),
        url: String::from("http://authority.cortex.invalid"),
        since: signing_authority::now(),
        issuers: vec![IssuerConfig {
            url: ISSUER.to_owned(),
            audience: AUDIENCE.to_owned(),
            identity: IdentityClaim::Email,
            keys: KeySource::Given(serde_json::from_value(keys).map_err(fault)?),
        }],
        limits: Limits::default(),
        keys: KeyPlaces::default(),
    })
}

/// Reads a secret, made at the first time; whole or not at all.
fn secret(path: &Path, make: impl Fn() -> Result<Vec<u8>, Error>) -> Result<Vec<u8>, Error> {
    if !path.exists() {
        let new = path.with_extension("new");
        let mut file =
            fs::OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&new).map_err(fault)?;
        file.write_all(&make()?).and_then(|()| file.sync_all()).map_err(fault)?;
        fs::rename(&new, path).map_err(fault)?;
    }
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(fault)?;
    file.take(SECRET_BYTES_MAX).read_to_end(&mut bytes).map_err(fault)?;
    Ok(bytes)
}

/// Puts the address of today into the configuration for publishers.
fn readdress(config: &mut Value, url: &str) {
    let Some(services) = config.get_mut("signingConfig") else { return };
    for (list, path) in [("caUrls", ""), ("rekorTlogUrls", ""), ("tsaUrls", "/api/v1/timestamp")] {
        if let Some(at) = services.pointer_mut(&format!("/{list}/0/url")) {
            *at = Value::String(format!("{url}{path}"));
        }
    }
}
