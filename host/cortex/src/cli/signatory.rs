// SPDX-License-Identifier: MIT OR Apache-2.0
//! Who signs on the command line, in one of three ways: with a key of one's own, with an identity at a signing service,
//! or with the development authority of this machine.
//!
//! Whoever signs also verifies: a signature that would be refused is not handed out, and one that is there already and
//! holds is not made again.

use super::passphrase::PassphraseFile;
use super::{key, terminal};
use anyhow::{Context as _, Result, anyhow, bail};
use jiff::Timestamp;
use kernel_types::Digest;
use serde_json::{Value, json};
use signing_client::development::{Development, ISSUER};
use signing_client::{Bundle, ManagedKey, Publisher, Services, SignedBy};
use signing_verify::{Artifact, Keys, Policy, TRUST_ROOT_BYTES_MAX, TrustRoot, Verified, Verifier};
use std::path::{Path, PathBuf};

/// Where a token is where no file is named.
const TOKEN: &str = "SIGSTORE_ID_TOKEN";
/// Bytes of a token: as many as a signing service takes.
const TOKEN_BYTES_MAX: u64 = 16 << 10;
/// Bytes of a client trust configuration: a trusted root, and some addresses.
const CONFIGURATION_BYTES_MAX: u64 = 2 << 20;
/// The name under which a signature is verified here; the policy of a site has its own.
const NAME: &str = "signed";

/// Who signs.
#[derive(Debug, clap::Args)]
#[group(id = "signatory", required = true, multiple = false, args = ["key", "client_trust_config", "development"])]
pub(crate) struct Choice {
    /// Signs with a key of one's own, which `cortex key generate` made.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    #[command(flatten)]
    passphrase: PassphraseFile,
    /// Signs with an identity: what a signing service tells publishers (`ClientTrustConfig`).
    #[arg(long, value_name = "FILE")]
    client_trust_config: Option<PathBuf>,
    /// A file with the identity token, OpenID Connect; else it is in `SIGSTORE_ID_TOKEN`. Arguments can be read by
    /// everybody.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["key", "development"])]
    identity_token_file: Option<PathBuf>,
    /// Signs with the development authority in this folder, made at the first time. Its trusted root lies beside its
    /// keys.
    #[arg(long, value_name = "FOLDER")]
    development: Option<PathBuf>,
    /// For whom the development authority signs.
    #[arg(long, value_name = "ADDRESS", default_value = "developer@localhost")]
    #[arg(conflicts_with_all = ["key", "client_trust_config"])]
    identity: String,
}

/// Somebody who signs, and what it takes to verify it.
pub(super) struct Signatory {
    means: Means,
    expected: SignedBy,
    roots: Vec<TrustRoot>,
    keys: Keys,
}

enum Means {
    Key(ManagedKey),
    Service { publisher: Publisher, token: String },
    Development { authority: Development, publisher: Publisher },
}

impl Choice {
    /// The one who was chosen.
    pub(super) async fn signatory(&self) -> Result<Signatory> {
        match (&self.key, &self.client_trust_config, &self.development) {
            (Some(file), None, None) => Signatory::of_key(key::read(file, &self.passphrase)?),
            (None, Some(file), None) => {
                let text = terminal::read_text(file, CONFIGURATION_BYTES_MAX)?;
                let signatory = Signatory::of_service(&text, self.token()?);
                signatory.with_context(|| format!("`{}`", file.display()))
            }
            (None, None, Some(folder)) => Signatory::development(folder, &self.identity).await,
            _ => bail!("name one of `--key`, `--client-trust-config` and `--development`"),
        }
    }

    fn token(&self) -> Result<String> {
        let token = match &self.identity_token_file {
            Some(file) => terminal::read_text(file, TOKEN_BYTES_MAX).context("the identity token")?,
            None => std::env::var(TOKEN).unwrap_or_default(),
        };
        if token.trim().is_empty() {
            bail!("there is no identity token: name a file with `--identity-token-file`, or put it into `{TOKEN}`");
        }
        Ok(token.trim().to_owned())
    }
}

impl Signatory {
    pub(super) fn of_key(managed: ManagedKey) -> Result<Self> {
        let public = managed.verifying_key();
        let file = key::file_of(&public, &[NAME.to_owned()], Timestamp::MIN, Timestamp::MAX);
        let keys = Keys::parse(file.to_string().as_bytes())?;
        Ok(Self { means: Means::Key(managed), expected: SignedBy::Key(public.hint()), roots: Vec::new(), keys })
    }

    fn of_service(configuration: &str, token: String) -> Result<Self> {
        let publisher = Publisher::new(&Services::from_client_trust_config(configuration)?)?;
        let value: Value = serde_json::from_str(configuration)?;
        let root = value.get("trustedRoot").context("it has no `trustedRoot`")?;
        let (roots, expected) = (vec![root_of(root)?], SignedBy::of_token(&token)?);
        Ok(Self { means: Means::Service { publisher, token }, expected, roots, keys: Keys::default() })
    }

    /// The development authority in a folder, made at the first time.
    pub(super) async fn development(folder: &Path, identity: &str) -> Result<Self> {
        let authority = Development::start(folder, identity).await?;
        let root = authority.trusted_root();
        let file = folder.join("trusted_root.json");
        let written = std::fs::write(&file, format!("{}\n", serde_json::to_string_pretty(root)?));
        written.with_context(|| format!("cannot write `{}`", file.display()))?;
        let roots = vec![root_of(authority.trusted_root())?];
        let expected = SignedBy::Holder { issuer: ISSUER.to_owned(), subject: authority.identity().to_owned() };
        let publisher = authority.publisher()?;
        Ok(Self { means: Means::Development { authority, publisher }, expected, roots, keys: Keys::default() })
    }

    /// Whom the signatures will name.
    pub(super) fn expected(&self) -> &SignedBy {
        &self.expected
    }

    /// Signs bytes, as themselves.
    pub(super) async fn sign(&self, bytes: &[u8]) -> Result<Signed> {
        let bundle = match &self.means {
            Means::Key(key) => key.sign(bytes)?,
            Means::Service { publisher, token } => publisher.sign(token, bytes).await?,
            Means::Development { authority, publisher } => publisher.sign(&authority.token()?, bytes).await?,
        };
        self.check(&bundle, Digest::of(bytes))
    }

    /// Signs an in-toto statement about those bytes, as it is.
    pub(super) async fn sign_statement(&self, statement: &[u8], about: Digest) -> Result<Signed> {
        let bundle = match &self.means {
            Means::Key(key) => key.sign_statement(statement)?,
            Means::Service { publisher, token } => publisher.sign_statement(token, statement).await?,
            Means::Development { authority, publisher } => {
                publisher.sign_statement(&authority.token()?, statement).await?
            }
        };
        self.check(&bundle, about)
    }

    /// What was just signed, verified.
    fn check(&self, bundle: &Bundle, about: Digest) -> Result<Signed> {
        let by = SignedBy::of(bundle).ok_or_else(|| anyhow!("the signing service's certificate names nobody"))?;
        let bytes = bundle.to_json()?.into_bytes();
        self.verify(&bytes, &by, about).context("what was signed does not verify, so it is thrown away")?;
        Ok(Signed { bytes, by })
    }

    /// The signature in a bundle, where it is one of this signatory about those bytes and holds.
    pub(super) fn own(&self, bundle: &[u8], about: Digest) -> Option<Verified> {
        self.own_as(&self.expected, bundle, about)
    }

    /// Likewise, where the signature names the signatory otherwise than was expected.
    pub(super) fn own_as(&self, by: &SignedBy, bundle: &[u8], about: Digest) -> Option<Verified> {
        self.verify(bundle, by, about).ok()
    }

    fn verify(&self, bundle: &[u8], by: &SignedBy, about: Digest) -> Result<Verified> {
        let publisher = match by {
            SignedBy::Key(hint) => json!({ "namespace": NAME, "keys": [hint], "key-time": "unproven" }),
            SignedBy::Holder { issuer, subject } => {
                json!({ "namespace": NAME, "identities": [{ "issuer": issuer, "subject": subject }] })
            }
        };
        let policy = Policy::parse(json!({ "publishers": [publisher] }).to_string().as_bytes())?;
        let verifier = Verifier::new(self.roots.clone(), self.keys.clone())?;
        let artifact = Artifact { name: NAME, digest: about };
        Ok(verifier.verify(&signing_verify::Bundle::parse(bundle)?, &artifact, &policy, Timestamp::now())?)
    }

    /// Ends what was started for it.
    pub(super) async fn stop(self) {
        if let Means::Development { authority, .. } = self.means {
            authority.stop().await;
        }
    }
}

/// A new signature.
pub(super) struct Signed {
    /// The bundle.
    pub(super) bytes: Vec<u8>,
    /// Whom it names.
    pub(super) by: SignedBy,
}

/// Whom a bundle names, where it is one.
pub(super) fn signed_by(bundle: &[u8]) -> Option<SignedBy> {
    SignedBy::of(&Bundle::from_json(std::str::from_utf8(bundle).ok()?).ok()?)
}

/// Who signed, for programs.
pub(super) fn described(by: &SignedBy) -> Value {
    match by {
        SignedBy::Key(hint) => json!({ "key": hint }),
        SignedBy::Holder { issuer, subject } => json!({ "issuer": issuer, "subject": subject }),
    }
}

fn root_of(value: &Value) -> Result<TrustRoot> {
    let bytes = value.to_string();
    if bytes.len() > TRUST_ROOT_BYTES_MAX {
        bail!("its trusted root is too large: at most {TRUST_ROOT_BYTES_MAX} bytes");
    }
    Ok(TrustRoot::parse(bytes.as_bytes())?)
}
