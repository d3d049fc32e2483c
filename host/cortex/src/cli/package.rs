// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cortex package`: a bundle into an OCI image layout, with its list of parts and its provenance.

use super::terminal;
use anyhow::{Context as _, Result};
use edge_package::statement::{Origin, statements};
use edge_package::{Layout, Package};
use serde_json::{Value, json};
use std::path::PathBuf;

/// What to package, and what to say of where it comes from.
#[derive(Debug, clap::Args)]
pub(crate) struct Pack {
    /// The bundle: the folder that `cortex build` prints.
    #[arg(value_name = "BUNDLE")]
    bundle: PathBuf,
    /// The folder of the layout; a layout there is replaced.
    #[arg(long, value_name = "LAYOUT")]
    out: PathBuf,
    /// A URI of who builds, for the provenance.
    #[arg(long, value_name = "URI", default_value = edge_package::statement::LOCAL)]
    builder: String,
    /// A URI of the sources, for the provenance: `git+https://example.org/ledger@refs/tags/v1.0.0`.
    #[arg(long, value_name = "URI")]
    source: Option<String>,
    /// The commit that was built, for the provenance, in hexadecimal.
    #[arg(long, value_name = "COMMIT")]
    commit: Option<String>,
    /// Prints one object of JSON.
    #[arg(long)]
    json: bool,
}

impl Pack {
    pub(crate) fn run(self) -> Result<()> {
        let package = Package::of_directory(&self.bundle)
            .with_context(|| format!("`{}` cannot be packaged", self.bundle.display()))?;
        let origin = Origin { builder: self.builder, source: self.source, commit: self.commit };
        let attachments = statements(&package, &origin)?.iter().map(|statement| statement.attachment()).collect();
        let layout = Layout { package, attachments };
        layout.write(&self.out).with_context(|| format!("cannot write `{}`", self.out.display()))?;
        terminal::line(&report(&layout, self.json));
        Ok(())
    }
}

/// What there is to say of a package, in one line.
pub(super) fn report(layout: &Layout, as_json: bool) -> String {
    let manifest = layout.package.manifest();
    let digest = layout.package.digest();
    if !as_json {
        return format!("{digest} {} {}", manifest.id, manifest.version);
    }
    description(layout).to_string()
}

/// The same for programs.
pub(super) fn description(layout: &Layout) -> Value {
    let manifest = layout.package.manifest();
    let subject = layout.package.descriptor();
    let attached = layout.attachments.iter().map(|attachment| {
        json!({
            "digest": attachment.descriptor(&subject).digest,
            "artifactType": attachment.artifact_type,
            "annotations": attachment.annotations,
        })
    });
    json!({
        "digest": layout.package.digest(),
        "id": manifest.id.to_string(),
        "version": manifest.version.to_string(),
        "licence": manifest.licence.to_string(),
        "files": layout.package.files().len(),
        "bytes": layout.package.image().layers.iter().map(|layer| layer.size).sum::<u64>(),
        "attachments": attached.collect::<Vec<_>>(),
    })
}
