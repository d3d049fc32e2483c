// SPDX-License-Identifier: MIT OR Apache-2.0
//! A package whose parts are consistent: the manifest says what the binary is, and every file means something to a
//! host.

use crate::lifecycle::is_lifecycle;
use cap_storage::{Dialect, MigrationFile, Migrations};
use edge_package::Package;
use kernel_contract::{Contract, ImportKind};
use kernel_manifest::Manifest;
use kernel_types::Digest;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A package that was checked whole. Nothing of it has run, and who signed it is another question.
#[derive(Clone, Debug)]
pub struct Bundle {
    pub(crate) digest: Digest,
    pub(crate) package: Arc<Package>,
    pub(crate) migrations: Migrations,
    pub(crate) schemas: BTreeMap<String, serde_json::Value>,
}

/// Why a package is no component that a host can offer.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The manifest does not say what the binary is.
    #[error("{0}")]
    Manifest(String),
    /// A file is no text.
    #[error("`{0}` is no UTF-8")]
    Text(String),
    /// A migration is wrong.
    #[error("migrations: {0}")]
    Migration(#[from] cap_storage::migrations::MigrationError),
    /// A schema is no JSON Schema, or is not there.
    #[error("schema `{name}`: {detail}")]
    Schema {
        /// The name that the manifest gives it.
        name: String,
        /// What is wrong.
        detail: String,
    },
}

impl Bundle {
    /// Checks a package.
    ///
    /// # Errors
    /// See [`BundleError`]; the manifest's faults come all together, with their lines.
    pub fn of_package(package: Arc<Package>, dialect: Dialect) -> Result<Self, BundleError> {
        let (manifest, contract) = (package.manifest(), package.contract());
        check(manifest, contract).map_err(|faults| BundleError::Manifest(faults.in_file("cortex.yaml").to_string()))?;
        let folder = format!("{}/", manifest.migrations);
        let mut texts = BTreeMap::new();
        for (path, content) in package.files() {
            if let Some(name) = path.strip_prefix(&folder) {
                texts.insert(name, text(path, content)?);
            }
        }
        let files: Vec<_> = texts.iter().map(|(name, text)| MigrationFile { name, text }).collect();
        let migrations = Migrations::parse(dialect, &manifest.id, &files)?;
        let mut schemas = BTreeMap::new();
        for (name, file) in &manifest.schemas {
            schemas.insert(name.clone(), schema(&package, name, file.as_str())?);
        }
        Ok(Self { digest: package.digest(), package, migrations, schemas })
    }

    /// The digest of the package.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// What the manifest says.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        self.package.manifest()
    }

    /// What the binary says.
    #[must_use]
    pub fn contract(&self) -> &Arc<Contract> {
        self.package.contract()
    }

    /// The migrations that make its tables.
    #[must_use]
    pub fn migrations(&self) -> &Migrations {
        &self.migrations
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

fn text<'a>(path: &str, content: &'a [u8]) -> Result<&'a str, BundleError> {
    std::str::from_utf8(content).map_err(|_| BundleError::Text(path.to_owned()))
}

fn schema(package: &Package, name: &str, file: &str) -> Result<serde_json::Value, BundleError> {
    let fault = |detail: String| BundleError::Schema { name: name.to_owned(), detail };
    let content = package.files().get(file).ok_or_else(|| fault(format!("`{file}` is not in the package")))?;
    let schema: serde_json::Value =
        serde_json::from_str(text(file, content)?).map_err(|error| fault(error.to_string()))?;
    jsonschema::validator_for(&schema).map_err(|error| fault(error.to_string()))?;
    Ok(schema)
}
