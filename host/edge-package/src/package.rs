// SPDX-License-Identifier: MIT OR Apache-2.0
//! A package in memory: files that belong together, and the one manifest that follows from them.
//!
//! Everything that is published about a package is computed from its files: the order of layers, the config, the
//! annotations. Reading one back therefore computes it again and compares; no field is left that could say something
//! else.

use crate::config::config;
use crate::directory::{self, FileFault};
use crate::limits::{FILES_MAX, MANIFEST_BYTES_MAX, PACKAGE_BYTES_MAX, PATH_PARTS_MAX};
use crate::manifest::{Annotations, Descriptor, ImageManifest};
use crate::path::{self, COMPONENT, MANIFEST, PathFault, Role};
use crate::{json, media};
use kernel_contract::Contract;
use kernel_manifest::Manifest;
use kernel_types::Digest;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A component as it is published.
#[derive(Clone, Debug)]
pub struct Package {
    files: BTreeMap<String, Vec<u8>>,
    manifest: Manifest,
    contract: Arc<Contract>,
    image: ImageManifest,
    config: Vec<u8>,
    bytes: Vec<u8>,
}

/// Why files are no package.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// The folder cannot be listed.
    #[error("`{path}` cannot be read: {source}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file cannot be read.
    #[error("`{path}` {source}")]
    File {
        /// Its path in the package.
        path: String,
        /// Why.
        source: FileFault,
    },
    /// A path that may not stand in a package.
    #[error("`{path}` may not stand in a package: {source}")]
    Path {
        /// The path.
        path: String,
        /// Why.
        source: PathFault,
    },
    /// A path that is a file and a folder.
    #[error("`{0}` is a file, and other files lie below it")]
    InTheWay(String),
    /// What no package is without.
    #[error("there is no `{0}`: build the component first (`cortex build`), and package the bundle")]
    Missing(&'static str),
    /// A file that belongs to no part.
    #[error(
        "`{0}` belongs to no part of a package: those are `component.wasm`, `cortex.yaml`, migrations, the schemas that the \
         manifest names, and what lies below `docs` and `views`"
    )]
    Stray(String),
    /// More than a package may have.
    #[error("{what} too large: at most {max} {unit}")]
    TooLarge {
        /// What is.
        what: String,
        /// The limit.
        max: u64,
        /// What it counts.
        unit: &'static str,
    },
    /// The manifest is wrong: all faults with their lines.
    #[error("{0}")]
    Manifest(String),
    /// The binary is no component that a host can offer.
    #[error("`component.wasm`: {0}")]
    Component(#[from] kernel_contract::Error),
}

impl Package {
    /// Packs a bundle: the folder that `cortex build` makes. Every file in it is packed, or refused by name.
    ///
    /// # Errors
    /// See [`PackageError`].
    pub fn of_directory(folder: &Path) -> Result<Self, PackageError> {
        let paths = directory::list(folder, PATH_PARTS_MAX, FILES_MAX);
        let paths = paths.map_err(|source| PackageError::Folder { path: folder.to_owned(), source })?;
        check_count(paths.len())?;
        let mut files = BTreeMap::new();
        let mut total = 0u64;
        for path in paths {
            check_path(&path)?;
            // What a file is for is known once the manifest is read; only the binary may be larger than others.
            let bytes_max = if path == COMPONENT { Role::Component } else { Role::Doc }.bytes_max();
            let content = directory::read(folder, &path, bytes_max);
            let content = content.map_err(|source| PackageError::File { path: path.clone(), source })?;
            total = check_total(total, content.len())?;
            files.insert(path, content);
        }
        Self::of_files(files)
    }

    /// Packs files by their paths.
    ///
    /// # Errors
    /// See [`PackageError`].
    pub fn of_files(files: BTreeMap<String, Vec<u8>>) -> Result<Self, PackageError> {
        check_count(files.len())?;
        let mut total = 0;
        for (path, content) in &files {
            check_path(path)?;
            let folders = path.match_indices('/').filter_map(|(end, _)| path.get(..end));
            if let Some(folder) = folders.into_iter().find(|folder| files.contains_key(*folder)) {
                return Err(PackageError::InTheWay(folder.to_owned()));
            }
            total = check_total(total, content.len())?;
        }
        let component = files.get(COMPONENT).ok_or(PackageError::Missing(COMPONENT))?;
        let manifest = parse_manifest(files.get(MANIFEST).ok_or(PackageError::Missing(MANIFEST))?)?;
        let contract = Arc::new(Contract::of_component(component)?);
        let layers = layers(&files, &manifest)?;
        let config = config(&contract, &manifest.world.to_string(), &layers);
        let image = ImageManifest {
            schema_version: 2,
            media_type: Some(media::IMAGE_MANIFEST.to_owned()),
            artifact_type: Some(media::PACKAGE.to_owned()),
            config: Descriptor::of(media::WASM_CONFIG, &config),
            layers,
            subject: None,
            annotations: annotations(&manifest),
        };
        let bytes = json::write(&image);
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MANIFEST_BYTES_MAX {
            let what = String::from("the list of files is");
            return Err(PackageError::TooLarge { what, max: MANIFEST_BYTES_MAX, unit: "bytes as a manifest" });
        }
        Ok(Self { files, manifest, contract, image, config, bytes })
    }

    /// The digest of the package: that of its manifest, which names the digest of every file. It is what is signed.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.bytes)
    }

    /// How a registry and a layout point to the package.
    #[must_use]
    pub fn descriptor(&self) -> Descriptor {
        let mut descriptor = Descriptor::of(media::IMAGE_MANIFEST, &self.bytes);
        descriptor.artifact_type = self.image.artifact_type.clone();
        descriptor
    }

    /// What `cortex.yaml` says.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// What the binary asks for and offers.
    #[must_use]
    pub fn contract(&self) -> &Arc<Contract> {
        &self.contract
    }

    /// The bytes of the image manifest.
    #[must_use]
    pub fn image_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The image manifest.
    #[must_use]
    pub fn image(&self) -> &ImageManifest {
        &self.image
    }

    /// The files by their paths.
    #[must_use]
    pub fn files(&self) -> &BTreeMap<String, Vec<u8>> {
        &self.files
    }

    /// The component's binary.
    #[must_use]
    pub fn component(&self) -> &[u8] {
        self.files.get(COMPONENT).map(Vec::as_slice).unwrap_or_default()
    }

    /// Everything that the image manifest points to, the config first.
    pub fn blobs(&self) -> impl Iterator<Item = (&Descriptor, &[u8])> {
        let content = |layer: &Descriptor| self.files.get(layer.annotations.get(media::TITLE)?).map(Vec::as_slice);
        let layers = self.image.layers.iter().filter_map(move |layer| Some((layer, content(layer)?)));
        std::iter::once((&self.image.config, self.config.as_slice())).chain(layers)
    }

    /// Writes the files as a bundle, which a host can read: all of it or nothing. A bundle in its
    /// place is replaced.
    ///
    /// # Errors
    /// Where something else is in its place, or the system refuses.
    pub fn unpack(&self, folder: &Path) -> std::io::Result<()> {
        directory::check_may_replace(folder, MANIFEST)?;
        let new = directory::sibling(folder, "part");
        directory::remove(&new)?;
        std::fs::create_dir_all(&new)?;
        for (path, content) in &self.files {
            let path = new.join(path);
            let parent = path.parent().unwrap_or(&new);
            std::fs::create_dir_all(parent)?;
            directory::write(&path, content)?;
            directory::sync(parent)?;
        }
        directory::sync(&new)?;
        directory::replace(&new, folder)
    }
}

/// The layers: the binary, the manifest, and the others in the order of their roles and paths.
fn layers(files: &BTreeMap<String, Vec<u8>>, manifest: &Manifest) -> Result<Vec<Descriptor>, PackageError> {
    let mut roles = Vec::with_capacity(files.len());
    for (path, content) in files {
        let role = Role::of_path(path, manifest).ok_or_else(|| PackageError::Stray(path.clone()))?;
        if u64::try_from(content.len()).unwrap_or(u64::MAX) > role.bytes_max() {
            let what = format!("`{path}` is");
            return Err(PackageError::TooLarge { what, max: role.bytes_max(), unit: "bytes" });
        }
        roles.push((role, path, content));
    }
    roles.sort();
    let layer = |(role, path, content): (Role, &String, &Vec<u8>)| {
        Descriptor::of(role.media_type(), content).with(media::TITLE, path)
    };
    Ok(roles.into_iter().map(layer).collect())
}

fn annotations(manifest: &Manifest) -> Annotations {
    let pairs = [
        (media::TITLE, manifest.id.to_string()),
        (media::VERSION, manifest.version.to_string()),
        (media::LICENCES, manifest.licence.to_string()),
    ];
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

fn parse_manifest(bytes: &[u8]) -> Result<Manifest, PackageError> {
    let text = std::str::from_utf8(bytes);
    let text = text.map_err(|error| PackageError::Manifest(format!("`{MANIFEST}` is no UTF-8: {error}")))?;
    Manifest::parse(text).map_err(|faults| PackageError::Manifest(faults.in_file(MANIFEST).to_string()))
}

fn check_path(path: &str) -> Result<(), PackageError> {
    path::check(path).map_err(|source| PackageError::Path { path: path.chars().take(250).collect(), source })
}

fn check_count(files: usize) -> Result<(), PackageError> {
    if files <= FILES_MAX {
        return Ok(());
    }
    let max = u64::try_from(FILES_MAX).unwrap_or(u64::MAX);
    Err(PackageError::TooLarge { what: String::from("the package is"), max, unit: "files" })
}

fn check_total(total: u64, more: usize) -> Result<u64, PackageError> {
    let total = total.saturating_add(u64::try_from(more).unwrap_or(u64::MAX));
    if total <= PACKAGE_BYTES_MAX {
        return Ok(total);
    }
    Err(PackageError::TooLarge { what: String::from("the package is"), max: PACKAGE_BYTES_MAX, unit: "bytes" })
}
