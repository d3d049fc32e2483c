// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cortex inspect`: what a manifest or a binary says, without running anything.

use super::terminal;
use anyhow::{Result, anyhow};
use kernel_manifest::Manifest;
use std::path::PathBuf;

/// Bytes of a manifest and of a binary that are read: as many as a host reads.
const MANIFEST_BYTES_MAX: u64 = 4 << 20;
const COMPONENT_BYTES_MAX: u64 = 64 << 20;

/// What to look at.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Inspect {
    /// Checks a manifest and names every fault with its line.
    Manifest {
        /// The file, `cortex.yaml`.
        file: PathBuf,
    },
    /// Prints the JSON Schema of manifests.
    Schema,
    /// Prints the contract of a component's binary as WIT, with its documentation.
    Wit {
        /// The binary, `component.wasm`.
        file: PathBuf,
    },
}

impl Inspect {
    pub(crate) fn run(self) -> Result<()> {
        match self {
            Self::Manifest { file } => {
                let text = terminal::read_text(&file, MANIFEST_BYTES_MAX)?;
                let manifest = Manifest::parse(&text)
                    .map_err(|faults| anyhow!("{}", faults.in_file(&file.display().to_string())))?;
                terminal::line(&format!(
                    "{} {}: {} operations",
                    manifest.id,
                    manifest.version,
                    manifest.operations.len()
                ));
            }
            Self::Schema => terminal::line(&serde_json::to_string_pretty(&kernel_manifest::json_schema())?),
            Self::Wit { file } => {
                let bytes = terminal::read(&file, COMPONENT_BYTES_MAX)?;
                terminal::line(&derive_wit::text(&bytes)?);
            }
        }
        Ok(())
    }
}
