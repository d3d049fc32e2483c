// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a bundle is made from, and whether any of it has changed since. Contents decide, not times: a fresh checkout and
//! a touched file build nothing. It does not look into packages from registries: `Cargo.lock` names them by checksum.

use crate::environment::Environment;
use crate::process;
use crate::toolchain::Toolchain;
use anyhow::{Context as _, Result, bail};
use cargo_metadata::{DependencyKind, MetadataCommand};
use kernel_types::Digest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long cargo may take to read the manifests of a workspace; it may have to wait for another cargo.
const METADATA_TIME_MAX: Duration = Duration::from_secs(600);
/// How many files the inputs of one component may be: a domain with its migrations has some hundred.
const INPUT_FILES_MAX: usize = 10_000;
/// How long one of them may be in bytes; larger data is no source.
const INPUT_BYTES_MAX: u64 = 64 << 20;

/// The sources of this builder itself: another builder may make another bundle from the same inputs.
const BUILDER: &[&str] = &[
    include_str!("bundle.rs"),
    include_str!("compile.rs"),
    include_str!("contract.rs"),
    include_str!("dependencies.rs"),
    include_str!("lib.rs"),
];

/// Folders of a crate that cargo compiles for tests only.
const TEST_FOLDERS: &[&str] = &["tests", "benches", "examples"];

/// A crate of the workspace that is a component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Package {
    /// Its name in Cargo.toml.
    pub(crate) name: String,
    /// Its Cargo.toml.
    pub(crate) manifest: PathBuf,
    /// Its folder and those of all crates that it depends on by path, sorted.
    pub(crate) folders: Vec<PathBuf>,
    /// The names of these crates, in the same order.
    pub(crate) crates: Vec<String>,
}

impl Package {
    /// Asks cargo about the crate in a folder.
    ///
    /// # Errors
    /// Where the folder is no crate of the workspace, or cargo cannot resolve its dependencies.
    pub(crate) fn read(
        folder: &Path,
        workspace: &Path,
        toolchain: &Toolchain,
        environment: &Environment,
    ) -> Result<Self> {
        let inquiry = Inquiry { workspace, toolchain, environment };
        let manifest = folder.join("Cargo.toml");
        let mut packages = inquiry.packages(&manifest)?;
        let package = packages.iter().find(|package| package.manifest_path == manifest);
        let package = package.with_context(|| format!("`{}` is no crate of the workspace", manifest.display()))?;
        let name = package.name.to_string();
        let folders: Vec<PathBuf> = inquiry.path_dependencies(folder, &mut packages)?.into_iter().collect();
        let crate_name = |folder: &PathBuf| {
            let package = packages.iter().find(|package| package.manifest_path == folder.join("Cargo.toml"));
            package.map(|package| package.name.to_string())
        };
        let crates = folders.iter().filter_map(crate_name).collect();
        Ok(Self { name, manifest, folders, crates })
    }

    /// The digest of everything that the bundle is made from but the packages of registries.
    ///
    /// # Errors
    /// Where a file cannot be read, or a named limit is exceeded.
    pub(crate) fn digest(&self, workspace: &Path, toolchain: &Toolchain) -> Result<Digest> {
        let mut files = BTreeSet::new();
        for folder in &self.folders {
            collect(folder, folder, &mut files)?;
        }
        let contracts = workspace.join("wit");
        if contracts.is_dir() {
            collect(&contracts, &contracts, &mut files)?;
        }
        for name in ["Cargo.toml", ".cargo/config.toml"] {
            files.extend(Some(workspace.join(name)).filter(|file| file.is_file()));
        }
        let mut parts: Vec<Vec<u8>> = BUILDER.iter().map(|source| source.as_bytes().to_vec()).collect();
        parts.push(toolchain.version.as_bytes().to_vec());
        parts.push(vec![u8::from(toolchain.builds_std())]);
        for file in files {
            parts.push(file.as_os_str().as_encoded_bytes().to_vec());
            parts.push(Digest::of(&read(&file)?).as_bytes().to_vec());
        }
        Ok(Digest::of_parts(parts.iter().map(Vec::as_slice)))
    }
}

/// The digest of `Cargo.lock`, which names the packages of registries. To be taken after compiling: cargo may write it then.
///
/// # Errors
/// Where it cannot be read.
pub(crate) fn lock_digest(workspace: &Path) -> Result<Digest> {
    read(&workspace.join("Cargo.lock")).map(|lock| Digest::of(&lock))
}

/// Questions to cargo about manifests. Packages of registries are not asked for: that might need the network.
struct Inquiry<'a> {
    workspace: &'a Path,
    toolchain: &'a Toolchain,
    environment: &'a Environment,
}

impl Inquiry<'_> {
    /// The packages of the workspace that a manifest belongs to.
    fn packages(&self, manifest: &Path) -> Result<Vec<cargo_metadata::Package>> {
        let mut command = process::command(&self.toolchain.cargo, self.environment, self.workspace);
        command
            .args(["metadata", "--format-version", "1", "--no-deps", "--manifest-path"])
            .arg(manifest)
            .env("RUSTC", &self.toolchain.rustc);
        let outcome = process::run(command, METADATA_TIME_MAX, &mut |_| {})?;
        if !outcome.success {
            bail!("cargo cannot read `{}`:\n{}", manifest.display(), outcome.stderr);
        }
        let metadata = MetadataCommand::parse(outcome.stdout).context("cargo's metadata is not understood")?;
        Ok(metadata.packages)
    }

    /// The folder and those of all crates that it depends on by path, also outside of the workspace. A dependency that
    /// is switched off counts as well: too many inputs only build once more than needed.
    fn path_dependencies(&self, folder: &Path, known: &mut Vec<cargo_metadata::Package>) -> Result<BTreeSet<PathBuf>> {
        let mut open = vec![folder.to_owned()];
        let mut folders = BTreeSet::new();
        while let Some(folder) = open.pop() {
            if !folders.insert(folder.clone()) {
                continue;
            }
            let manifest = folder.join("Cargo.toml");
            if !known.iter().any(|package| package.manifest_path == manifest) {
                known.extend(self.packages(&manifest)?);
            }
            let package = known.iter().find(|package| package.manifest_path == manifest);
            let dependencies = package.into_iter().flat_map(|package| &package.dependencies);
            let dependencies = dependencies.filter(|dependency| dependency.kind != DependencyKind::Development);
            open.extend(dependencies.filter_map(|dependency| Some(dependency.path.as_ref()?.as_std_path().to_owned())));
        }
        Ok(folders)
    }
}

/// Adds the files below a folder; hidden ones, build output and tests of the crate are left out.
fn collect(folder: &Path, root: &Path, files: &mut BTreeSet<PathBuf>) -> Result<()> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read `{}`", folder.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot read `{}`", folder.display()))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let path = entry.path();
        let skipped = folder == root && (name == "target" || TEST_FOLDERS.contains(&&*name));
        if name.starts_with('.') || (skipped && path.is_dir()) {
            continue;
        }
        if path.is_dir() {
            collect(&path, root, files)?;
        } else {
            files.insert(path);
        }
        if files.len() > INPUT_FILES_MAX {
            bail!("`{}` has more than {INPUT_FILES_MAX} files", root.display());
        }
    }
    Ok(())
}

/// Reads a file of bounded length.
pub(crate) fn read(file: &Path) -> Result<Vec<u8>> {
    let length = file.metadata().with_context(|| format!("cannot read `{}`", file.display()))?.len();
    if length > INPUT_BYTES_MAX {
        bail!("`{}` is longer than {INPUT_BYTES_MAX} bytes", file.display());
    }
    std::fs::read(file).with_context(|| format!("cannot read `{}`", file.display()))
}
