// SPDX-License-Identifier: MIT OR Apache-2.0
//! Packages, consents and lists of revocations as a site would get them, signed for tests and benchmarks by a key that
//! only they trust.
//!
//! The key is made once for each build folder and kept beside the test programs, so that a host which is killed and
//! started again in another process trusts what the first one did.

use anyhow::{Context as _, Result};
use edge_installer::{Consent, GRANT_FORMAT, SignedGrant, Trust};
use edge_package::{Attachment, Layout, Package, media};
use edge_registry::Installed;
use jiff::{SignedDuration, Timestamp};
use kernel_types::{Digest, Grant, Grants, TenantId};
use serde_json::{Value, json};
use signing_client::ManagedKey;
use signing_verify::{Keys, Policy, TrustRoot, Verifier};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Protects nothing: the key is worth nothing outside of tests.
const PASSPHRASE: &[u8] = b"for tests only";

/// The signer of everything that tests install.
pub fn signer() -> &'static Signer {
    static SIGNER: OnceLock<Signer> = OnceLock::new();
    #[expect(clippy::expect_used, reason = "a test that cannot sign has failed")]
    SIGNER.get_or_init(|| Signer::kept().expect("a key for tests"))
}

/// What a host of tests trusts: [`signer`], for everything.
#[must_use]
pub fn trust() -> Trust {
    signer().trust()
}

/// Writes what [`trust`] is into the directory of a host, as its administrator would.
///
/// # Errors
/// Where it cannot be written.
pub fn write_trust(home: &Path) -> Result<()> {
    let folder = home.join("trust");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("policy.json"), signer().policy().to_string())?;
    std::fs::write(folder.join("keys.json"), json!({ "keys": [signer().entry(&["*", "cortex/*"])] }).to_string())?;
    Ok(())
}

/// The file of the signer's key, and one with its passphrase in that folder.
///
/// # Errors
/// Where it cannot be written.
pub fn key_files(folder: &Path) -> Result<(PathBuf, PathBuf)> {
    use std::os::unix::fs::OpenOptionsExt as _;
    signer();
    let passphrase = folder.join("passphrase");
    let mut file = std::fs::File::options().create(true).truncate(true).write(true).mode(0o600).open(&passphrase)?;
    std::io::Write::write_all(&mut file, PASSPHRASE)?;
    Ok((place()?, passphrase))
}

/// Packs the bundle in a folder and signs it.
///
/// # Errors
/// Where it is no package.
pub fn package(bundle: &Path) -> Result<Layout> {
    signer().package(Package::of_directory(bundle)?)
}

/// Consents to these capabilities and to all calls of a component.
#[must_use]
pub fn grant(tenant: &TenantId, installed: &Installed, capabilities: &Grants) -> SignedGrant {
    #[expect(clippy::expect_used, reason = "a test that cannot sign has failed")]
    signer().grant(tenant, installed, capabilities, Digest::of(b"nobody looked at a plan")).expect("a consent")
}

/// A key, and what it signs.
pub struct Signer(ManagedKey);

impl Signer {
    /// One with a key of its own, which nobody trusts unless told to.
    ///
    /// # Errors
    /// Where the system has no random numbers.
    pub fn new() -> Result<Self> {
        Ok(Self(ManagedKey::generate()?))
    }

    fn kept() -> Result<Self> {
        let path = place()?;
        if !path.exists() {
            // Several programs may make one at once: the first that is in its place counts.
            let own = path.with_extension(std::process::id().to_string());
            let _ = std::fs::remove_file(&own);
            ManagedKey::generate()?.write(&own, PASSPHRASE)?;
            let _ = std::fs::hard_link(&own, &path);
            std::fs::remove_file(&own)?;
        }
        Ok(Self(ManagedKey::read(&path, PASSPHRASE)?))
    }

    /// The key itself.
    #[must_use]
    pub fn key(&self) -> &ManagedKey {
        &self.0
    }

    /// The key as it stands in a site's key file, for these namespaces.
    #[must_use]
    pub fn entry(&self, namespaces: &[&str]) -> Value {
        json!({
            "id": self.0.hint(),
            "public-key": self.0.public_key_pem(),
            "not-before": "2020-01-01T00:00:00Z",
            "not-after": "2100-01-01T00:00:00Z",
            "namespaces": namespaces,
        })
    }

    /// A policy by which this key may sign everything.
    #[must_use]
    pub fn policy(&self) -> Value {
        let publisher =
            |namespace: &str| json!({ "namespace": namespace, "keys": [self.0.hint()], "key-time": "unproven" });
        json!({ "publishers": [publisher("*"), publisher("cortex/*")] })
    }

    /// A site that trusts this key for everything, and nobody else.
    #[must_use]
    pub fn trust(&self) -> Trust {
        #[expect(clippy::expect_used, reason = "a test that cannot set its stage has failed")]
        trust_of(&self.policy(), &[self.entry(&["*", "cortex/*"])], None).expect("trust in a key")
    }

    /// Signs a package: its digest, and nothing else.
    ///
    /// # Errors
    /// Where the key does not sign.
    pub fn package(&self, package: Package) -> Result<Layout> {
        let bundle = self.0.sign(package.image_bytes())?.to_json()?;
        let attachment = Attachment::new(media::SIGSTORE_BUNDLE, bundle.into_bytes());
        Ok(Layout { package, attachments: vec![attachment] })
    }

    /// Consents for a tenant, having seen a plan.
    ///
    /// # Errors
    /// Where the key does not sign.
    pub fn grant(&self, tenant: &TenantId, to: &Installed, capabilities: &Grants, plan: Digest) -> Result<SignedGrant> {
        let manifest = to.manifest();
        self.consent(&Consent {
            format: GRANT_FORMAT.to_owned(),
            grant: Grant {
                tenant: tenant.clone(),
                component: manifest.id.clone(),
                digest: to.digest(),
                capabilities: capabilities.clone(),
            },
            calls: manifest.calls.iter().map(|call| call.interface.name().to_owned()).collect(),
            plan,
            granted_at: Timestamp::now(),
        })
    }

    /// Signs a consent.
    ///
    /// # Errors
    /// Where the key does not sign.
    pub fn consent(&self, consent: &Consent) -> Result<SignedGrant> {
        let text = consent.text()?;
        let bundle = self.0.sign(text.as_bytes())?.to_json()?;
        Ok(SignedGrant { text: text.into(), bundle: bundle.into() })
    }

    /// A signed list of revocations: its text and the bundle over it. It was made now, and is fresh for a day.
    ///
    /// # Errors
    /// Where the key does not sign.
    pub fn revocations(&self, number: u64, revoked: &[(Digest, &str)]) -> Result<(String, String)> {
        let now = Timestamp::now();
        let until = now.checked_add(SignedDuration::from_hours(24))?;
        self.revocations_of(number, revoked, now, until)
    }

    /// The same, made and fresh until then.
    ///
    /// # Errors
    /// Where the key does not sign.
    pub fn revocations_of(
        &self,
        number: u64,
        revoked: &[(Digest, &str)],
        issued_at: Timestamp,
        fresh_until: Timestamp,
    ) -> Result<(String, String)> {
        let revoked = revoked.iter().map(|(digest, reason)| (digest.to_string(), json!(reason)));
        let list = json!({
            "format": signing_verify::RevocationList::FORMAT,
            "number": number,
            "issued-at": issued_at.to_string(),
            "fresh-until": fresh_until.to_string(),
            "revoked": revoked.collect::<serde_json::Map<_, _>>(),
        });
        let text = String::from_utf8(edge_package::json::canonical(&list))?;
        let bundle = self.0.sign(text.as_bytes())?.to_json()?;
        Ok((text, bundle))
    }
}

/// A site with this policy, these keys and no trusted root.
///
/// # Errors
/// Where they are refused.
pub fn trust_of(policy: &Value, keys: &[Value], list_age_max: Option<SignedDuration>) -> Result<Trust> {
    let keys = Keys::parse(json!({ "keys": keys }).to_string().as_bytes())?;
    let verifier = Verifier::new(vec![TrustRoot::of_nobody()?], keys)?;
    Ok(Trust::new(verifier, Policy::parse(policy.to_string().as_bytes())?, list_age_max))
}

/// Beside the programs of this build.
fn place() -> Result<PathBuf> {
    let program = std::env::current_exe()?;
    let folder = program.parent().context("a program lies in a folder")?;
    let folder = if folder.ends_with("deps") { folder.parent().context("deps lies in a folder")? } else { folder };
    Ok(folder.join("conformance-signer.pem"))
}
