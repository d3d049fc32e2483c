// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cortex verify`: who signed a package or another file, and whether a site with this policy may use it. Offline, but
//! for fetching a package that is named by its place in a registry.
//!
//! The same code decides as in a host (`signing-verify`); what a host remembers of a component (pins, the highest
//! version, the number of its last list of revocations) is not known here.

use super::push::{self, Reach};
use super::sign::{FILE_BYTES_MAX, bundle_of, bundles, bytes_max};
use super::terminal::{self, Step};
use super::verdict::{self, Judged, Verdict};
use anyhow::{Context as _, Result, anyhow, bail};
use edge_package::Layout;
use jiff::Timestamp;
use kernel_types::Digest;
use signing_verify::{
    Artifact, BUNDLE_BYTES_MAX, Bundle, Freshness, History, Keys, POLICY_BYTES_MAX, Policy, REVOCATIONS_BYTES_MAX,
    REVOCATIONS_NAME, Refused, RevocationList, TRUST_ROOT_BYTES_MAX, TrustRoot, Verifier,
};
use std::path::{Path, PathBuf};

/// What to verify, and whom to trust.
#[derive(Debug, clap::Args)]
#[group(id = "what", required = true, multiple = false, args = ["package", "file"])]
pub(crate) struct Verify {
    /// The folder of a layout, or a place in a registry: `registry.example.org/acme/accounting@sha256:...`.
    #[arg(value_name = "LAYOUT|PLACE")]
    package: Option<String>,
    /// Verifies another file.
    #[arg(long, value_name = "FILE", requires = "name")]
    file: Option<PathBuf>,
    /// The bundle of that file; the file's name with `.sigstore.json` where none is named.
    #[arg(long, value_name = "FILE", conflicts_with = "package")]
    bundle: Option<PathBuf>,
    /// The name that the signer must be allowed to sign; a package's own where none is given.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    trust: Trust,
    #[command(flatten)]
    reach: Reach,
    /// Prints one object of JSON, also for what is refused.
    #[arg(long)]
    json: bool,
}

/// Whom a site trusts (docs/trust.md).
#[derive(Debug, clap::Args)]
struct Trust {
    /// Who may sign what.
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// The keys that the site knows.
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
    /// A `trusted_root.json`; can be repeated. A site that knows keys needs none.
    #[arg(long = "trusted-root", value_name = "FILE")]
    trusted_roots: Vec<PathBuf>,
    /// The list of what must not run, its bundle beside it.
    #[arg(long, value_name = "FILE")]
    revocations: Option<PathBuf>,
}

impl Trust {
    fn policy(&self) -> Result<Policy> {
        parsed(&self.policy, POLICY_BYTES_MAX, Policy::parse)
    }

    fn verifier(&self) -> Result<Verifier> {
        let keys = self.keys.as_ref().map(|file| parsed(file, POLICY_BYTES_MAX, Keys::parse));
        let roots = self.trusted_roots.iter().map(|file| parsed(file, TRUST_ROOT_BYTES_MAX, TrustRoot::parse));
        let (keys, roots) = (keys.transpose()?.unwrap_or_default(), roots.collect::<Result<Vec<_>>>()?);
        Verifier::new(roots, keys).context("name a `--trusted-root`, or `--keys` with a key")
    }

    /// The list of revocations, signed under its name by whom the policy lets, and fresh.
    fn revoked(&self, verifier: &Verifier, policy: &Policy, now: Timestamp) -> Result<Option<RevocationList>> {
        let Some(file) = &self.revocations else { return Ok(None) };
        let bytes = terminal::read(file, bytes_max(REVOCATIONS_BYTES_MAX))?;
        let bundle = terminal::read(&bundle_of(file), bytes_max(BUNDLE_BYTES_MAX)).context("the signature")?;
        let artifact = Artifact { name: REVOCATIONS_NAME, digest: Digest::of(&bytes) };
        let verified = Bundle::parse(&bundle).and_then(|bundle| verifier.verify(&bundle, &artifact, policy, now));
        let list = verified.and_then(|verified| RevocationList::accept(&bytes, &verified, None, now));
        let list = list.and_then(|list| match list.freshness(now) {
            Freshness::Fresh => Ok(list),
            Freshness::Stale { since } => Err(Refused {
                step: signing_verify::Step::RevocationList,
                reason: format!(
                    "number {} is stale since {since}, so nothing new is installed by it",
                    list.edition().number
                ),
            }),
        });
        list.map(Some).with_context(|| format!("`{}`", file.display()))
    }
}

fn parsed<T>(file: &Path, limit: usize, parse: impl Fn(&[u8]) -> Result<T, Refused>) -> Result<T> {
    let bytes = terminal::read(file, bytes_max(limit))?;
    parse(&bytes).with_context(|| format!("`{}`", file.display()))
}

impl Verify {
    pub(crate) fn run(self) -> Result<()> {
        let as_json = self.json;
        match self.judge() {
            Ok(verdict) => print(&verdict, as_json),
            Err(error) => {
                if let Some(object) = verdict::refused_early(&error).filter(|_| as_json) {
                    terminal::line(&object.to_string());
                }
                Err(error)
            }
        }
    }

    fn judge(self) -> Result<Verdict> {
        let (policy, verifier, now) = (self.trust.policy()?, self.trust.verifier()?, Timestamp::now());
        let revoked = self.trust.revoked(&verifier, &policy, now)?;
        match (self.package, &self.file) {
            (Some(package), None) => {
                let layout = open(&package, self.reach)?;
                let manifest = layout.package.manifest();
                let name = self.name.unwrap_or_else(|| manifest.name());
                let artifact = Artifact { name: &name, digest: layout.package.digest() };
                let subject = layout.package.descriptor();
                let found = bundles(&layout).map(|one| (one.descriptor(&subject).digest, one.payload.as_slice()));
                let judged = Judged::new(found, &artifact, &verifier, &policy, now);
                let history = History { revoked: revoked.as_ref(), ..History::default() };
                Ok(judged.admit(&manifest.version, &policy, &history))
            }
            (None, Some(file)) => {
                let content = terminal::read(file, FILE_BYTES_MAX)?;
                let bundle = self.bundle.unwrap_or_else(|| bundle_of(file));
                let bundle = terminal::read(&bundle, bytes_max(BUNDLE_BYTES_MAX)).context("the signature")?;
                let name = self.name.unwrap_or_default();
                let artifact = Artifact { name: &name, digest: Digest::of(&content) };
                let found = [(Digest::of(&bundle), bundle.as_slice())];
                Ok(Judged::new(found.into_iter(), &artifact, &verifier, &policy, now).sign_off(revoked.as_ref()))
            }
            _ => bail!("name a package, or a file with `--file`"),
        }
    }
}

fn print(verdict: &Verdict, as_json: bool) -> Result<()> {
    if as_json {
        terminal::line(&verdict.json().to_string());
    } else {
        verdict.lines().iter().for_each(|line| terminal::line(line));
    }
    match &verdict.refused {
        None => Ok(()),
        Some(refused) => Err(anyhow!(refused.clone()).context(format!("`{}` {}", verdict.name, verdict.digest))),
    }
}

/// Reads a layout, or pulls one.
fn open(package: &str, reach: Reach) -> Result<Layout> {
    let folder = Path::new(package);
    if folder.exists() {
        return Layout::read(folder).with_context(|| format!("`{package}` cannot be verified"));
    }
    let remote = reach.remote(package).with_context(|| format!("`{package}` is no folder, and no place"))?;
    let step = Step::begin(&format!("pulling {package}"));
    let pulled = push::runtime()?.block_on(remote.pull())?;
    for skipped in &pulled.skipped {
        step.say(&format!("left out: {skipped}"));
    }
    step.done(&format!("pulled {}", pulled.layout.package.digest()));
    Ok(pulled.layout)
}
