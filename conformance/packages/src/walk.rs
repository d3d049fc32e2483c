// SPDX-License-Identifier: MIT OR Apache-2.0
//! The steps that a package takes on its way into a host, one after the other.

use cap_storage::Dialect;
use edge_package::{Layout, media};
use jiff::Timestamp;
use kernel_engine::{Engine, Settings};
use kernel_types::Digest;
use semver::Version;
use signing_verify::{Artifact, Bundle, History, Policy, RevocationList, Verifier, admit};
use std::path::Path;
use std::sync::LazyLock;

/// The name under which every package here is asked for.
pub const NAME: &str = "acme/fleet";

/// What a site trusts, and what it has seen before.
pub struct Site {
    /// Whom it trusts.
    pub verifier: Verifier,
    /// Who may sign what.
    pub policy: Policy,
    /// The highest version that it accepted, and which that was.
    pub highest: Option<(Version, Digest)>,
    /// The package that its administrator insists on.
    pub pinned: Option<Digest>,
    /// What was revoked.
    pub revoked: Option<RevocationList>,
}

/// Why a package was refused.
#[derive(Debug)]
pub struct Refusal {
    /// The step.
    pub step: String,
    /// What it says.
    pub reason: String,
}

impl Refusal {
    fn at(step: impl ToString, reason: impl ToString) -> Self {
        Self { step: step.to_string(), reason: reason.to_string() }
    }
}

static ENGINE: LazyLock<Engine> =
    LazyLock::new(|| Engine::new(&Settings { instances_max: 20, ..Settings::default() }).unwrap());

/// Walks the steps with the layout in a folder; `None` where none refuses it. Beside the steps of `edge-package` and of
/// `signing-verify` there are `component` (the manifest says what the binary is) and `compile` (the engine takes the binary).
#[must_use]
pub fn refused(layout: &Path, site: &Site) -> Option<Refusal> {
    walk(layout, site).err()
}

fn walk(layout: &Path, site: &Site) -> Result<(), Refusal> {
    let layout = Layout::read(layout).map_err(|error| Refusal::at(error.step, &error))?;
    let package = &layout.package;
    let artifact = Artifact { name: NAME, digest: package.digest() };
    let now = Timestamp::now();
    let mut verified = Vec::new();
    for attachment in layout.attachments.iter().filter(|one| one.artifact_type == media::SIGSTORE_BUNDLE) {
        let bundle = Bundle::parse(&attachment.payload);
        let one = bundle.and_then(|bundle| site.verifier.verify(&bundle, &artifact, &site.policy, now));
        verified.push(one.map_err(|error| Refusal::at(error.step, &error))?);
    }
    let history = History {
        pinned: site.pinned,
        highest: site.highest.as_ref().map(|(version, digest)| (version, *digest)),
        rollback_allowed: None,
        revoked: site.revoked.as_ref(),
    };
    let admitted = admit(&artifact, &package.manifest().version, verified, &site.policy, &history);
    admitted.map_err(|error| Refusal::at(error.step, &error))?;
    let place = tempfile::tempdir().unwrap();
    let bundle = place.path().join("bundle");
    package.unpack(&bundle).unwrap();
    edge_registry::Bundle::load(&bundle, Dialect::Sqlite).map_err(|error| Refusal::at("component", error))?;
    ENGINE.compile(package.component()).map_err(|error| Refusal::at("compile", error))?;
    Ok(())
}
