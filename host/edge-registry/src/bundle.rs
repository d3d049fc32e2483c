// SPDX-License-Identifier: MIT OR Apache-2.0
//! A component as a directory: `component.wasm`, `cortex.yaml`, its migrations and its schemas. Read once, checked whole.

use crate::files::Files;
use crate::lifecycle::is_lifecycle;
use cap_storage::{Dialect, MigrationFile, Migrations};
use kernel_contract::{Contract, ImportKind};
use kernel_manifest::Manifest;
use kernel_types::Digest;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes of a component's binary. The largest first-party one has under one megabyte; a Python component has some forty.
const COMPONENT_BYTES_MAX: u64 = 64 << 20;

/// Bytes of any other file of a bundle.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// The component in a bundle.
const COMPONENT: &str = "component.wasm";

/// The manifest in a bundle.
const MANIFEST: &str = "cortex.yaml";

/// A component that was read from its directory and is consistent: the manifest says what the binary is.
#[derive(Debug)]
pub struct Bundle {
    pub(crate) digest: Digest,
    pub(crate) manifest: Manifest,
    pub(crate) contract: Contract,
    pub(crate) files: Arc<Files>,
    pub(crate) migrations: Migrations,
    pub(crate) schemas: BTreeMap<String, serde_json::Value>,
}

/// Why a directory is no component.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// A file cannot be read.
    #[error("`{path}` cannot be read: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file is larger than it may be, or there are too many.
    #[error("`{path}` is too large: at most {max} {unit}")]
    TooLarge {
        /// The file or directory.
        path: PathBuf,
        /// The limit.
        max: u64,
        /// What the limit counts.
        unit: &'static str,
    },
    /// A file is no regular file, or its name is no text.
    #[error("`{0}` is no regular file with a plain name; links and special files are refused")]
    Irregular(PathBuf),
    /// What was kept of a bundle is none.
    #[error("what was kept of the component is damaged: {0}; install it again")]
    Packed(&'static str),
    /// The manifest is wrong, or does not say what the binary is.
    #[error("{0}")]
    Manifest(String),
    /// The binary is no component that this host can offer.
    #[error("`{path}`: {source}")]
    Contract {
        /// The binary.
        path: PathBuf,
        /// What is wrong with it.
        source: kernel_contract::Error,
    },
    /// A migration is wrong.
    #[error("migrations: {0}")]
    Migration(#[from] cap_storage::migrations::MigrationError),
    /// A schema is no JSON Schema.
    #[error("schema `{name}`: {detail}")]
    Schema {
        /// The name that the manifest gives it.
        name: String,
        /// What is wrong.
        detail: String,
    },
}

impl Bundle {
    /// Reads and checks a component's directory. Nothing is run.
    ///
    /// # Errors
    /// See [`BundleError`]; the manifest's faults come all together, with their lines.
    pub fn load(directory: &Path, dialect: Dialect) -> Result<Self, BundleError> {
        let mut files = Files::default();
        let manifest_path = directory.join(MANIFEST);
        let manifest_text = files.read_text(directory, MANIFEST, FILE_BYTES_MAX)?;
        let in_file = |faults: &kernel_manifest::Faults| {
            BundleError::Manifest(faults.in_file(&manifest_path.display().to_string()).to_string())
        };
        let manifest = Manifest::parse(&manifest_text).map_err(|faults| in_file(&faults))?;
        let wasm = files.read(directory, COMPONENT, COMPONENT_BYTES_MAX)?;
        let contract = Contract::of_component(wasm)
            .map_err(|source| BundleError::Contract { path: directory.join(COMPONENT), source })?;
        check(&manifest, &contract).map_err(|faults| in_file(&faults))?;
        let mut texts = BTreeMap::new();
        for name in Files::names(directory, &manifest.migrations)? {
            let text = files.read_text(directory, &format!("{}/{name}", manifest.migrations), FILE_BYTES_MAX)?;
            texts.insert(name, text);
        }
        let borrowed: Vec<_> = texts.iter().map(|(name, text)| MigrationFile { name, text }).collect();
        let migrations = Migrations::parse(dialect, &manifest.id, &borrowed)?;
        let mut schemas = BTreeMap::new();
        for (name, file) in &manifest.schemas {
            let text = files.read_text(directory, file.as_str(), FILE_BYTES_MAX)?;
            schemas.insert(name.clone(), parse_schema(name, &text)?);
        }
        Ok(Self { digest: files.digest(), manifest, contract, files: Arc::new(files), migrations, schemas })
    }

    /// The digest over everything in the bundle.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The bytes that were read, to be kept where the host keeps its components.
    #[must_use]
    pub fn files(&self) -> &Arc<Files> {
        &self.files
    }

    pub(crate) fn wasm(&self) -> &[u8] {
        self.files.get(COMPONENT).unwrap_or_default()
    }

    /// What the manifest says.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// What the binary says.
    #[must_use]
    pub fn contract(&self) -> &Contract {
        &self.contract
    }
}

/// Compares the manifest with the binary.
fn check(manifest: &Manifest, contract: &Contract) -> Result<(), kernel_manifest::Faults> {
    let operations = contract.operations().filter(|operation| !is_lifecycle(&operation.interface)).map(|operation| {
        let parameters = operation.parameters.iter().map(|parameter| parameter.label.wit.clone()).collect();
        (operation.name.clone(), parameters)
    });
    let imports = contract
        .imports()
        .iter()
        .filter(|import| import.kind == ImportKind::Functions)
        .map(|import| import.id.as_str());
    manifest.check_against(operations, imports)
}

fn parse_schema(name: &str, text: &str) -> Result<serde_json::Value, BundleError> {
    let fault = |detail: String| BundleError::Schema { name: name.to_owned(), detail };
    let schema: serde_json::Value = serde_json::from_str(text).map_err(|error| fault(error.to_string()))?;
    jsonschema::validator_for(&schema).map_err(|error| fault(error.to_string()))?;
    Ok(schema)
}
