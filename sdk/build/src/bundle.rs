// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is handed to the host: a folder with the component, its manifest, its migrations, its extra schemas, its pages, and one
//! digest over all of it. A folder is there whole or not at all. It does not sign (that is `signing/`).

use crate::inputs;
use anyhow::{Context as _, Result, anyhow, bail};
use kernel_manifest::Manifest;
use kernel_types::Digest;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The component in a bundle.
pub const COMPONENT_FILE: &str = "component.wasm";
/// The manifest in a bundle.
pub const MANIFEST_FILE: &str = "cortex.yaml";
/// How the names of migrations end.
const MIGRATION_EXTENSION: &str = "sql";
/// Folders that belong to a bundle as they are: pages for people, and files for the component's own pages.
const FOLDERS: &[&str] = &["docs", "views"];
/// How many files a bundle may hold: a component collects some hundred migrations in a long life.
const BUNDLE_FILES_MAX: usize = 4_096;

/// A component that is ready to be installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// The folder, named by the component's id.
    pub directory: PathBuf,
    /// The digest over the names and contents of all files in it.
    pub digest: Digest,
}

impl Bundle {
    /// The component's file.
    #[must_use]
    pub fn component(&self) -> PathBuf {
        self.directory.join(COMPONENT_FILE)
    }

    /// The manifest's file.
    #[must_use]
    pub fn manifest(&self) -> PathBuf {
        self.directory.join(MANIFEST_FILE)
    }

    /// Reads a bundle back and takes its digest.
    ///
    /// # Errors
    /// Where a file cannot be read.
    pub fn open(directory: &Path) -> Result<Self> {
        let files = Files::below(directory)?;
        if !files.0.contains_key(COMPONENT_FILE) || !files.0.contains_key(MANIFEST_FILE) {
            bail!("`{}` is no bundle: it needs `{COMPONENT_FILE}` and `{MANIFEST_FILE}`", directory.display());
        }
        Ok(Self { directory: directory.to_owned(), digest: files.digest() })
    }
}

/// The files of a bundle by their path in it, parts joined by `/`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Files(BTreeMap<String, Vec<u8>>);

impl Files {
    /// The component with the files that its crate ships beside it: the manifest, and what the manifest names.
    pub(crate) fn of_crate(crate_folder: &Path, manifest: &Manifest, component: Vec<u8>) -> Result<Self> {
        let mut files = BTreeMap::new();
        files.insert(COMPONENT_FILE.to_owned(), component);
        let mut migrations = BTreeMap::new();
        add(&crate_folder.join(&manifest.migrations), &manifest.migrations, &mut migrations)?;
        let is_migration = |path: &str| Path::new(path).extension().is_some_and(|end| end == MIGRATION_EXTENSION);
        if let Some(path) = migrations.keys().find(|path| !is_migration(path)) {
            bail!("`{path}` does not belong there: migrations are files that end in `.{MIGRATION_EXTENSION}`");
        }
        files.append(&mut migrations);
        for folder in FOLDERS {
            add(&crate_folder.join(folder), folder, &mut files)?;
        }
        let schemas = manifest.schemas.values().map(|file| file.as_str().to_owned());
        for name in schemas.chain([MANIFEST_FILE.to_owned()]) {
            let content = inputs::read(&crate_folder.join(&name))?;
            files.insert(name, content);
        }
        Ok(Self(files))
    }

    fn below(directory: &Path) -> Result<Self> {
        let mut files = BTreeMap::new();
        add(directory, "", &mut files)?;
        Ok(Self(files))
    }

    fn digest(&self) -> Digest {
        Digest::of_parts(self.0.iter().flat_map(|(name, content)| [name.as_bytes(), content.as_slice()]))
    }

    /// Puts the files into place of what is there, at once.
    pub(crate) fn write(&self, directory: &Path) -> Result<Bundle> {
        let digest = self.digest();
        if Bundle::open(directory).is_ok_and(|existing| existing.digest == digest) {
            return Ok(Bundle { directory: directory.to_owned(), digest });
        }
        let parent = directory.parent().context("a bundle needs a folder around it")?;
        std::fs::create_dir_all(parent).with_context(|| format!("cannot make `{}`", parent.display()))?;
        let new = tempfile::Builder::new().prefix(".new-").tempdir_in(parent);
        let new = new.with_context(|| format!("cannot write in `{}`", parent.display()))?;
        let content = new.path().join("bundle");
        for (name, bytes) in &self.0 {
            let file = content.join(name);
            if let Some(folder) = file.parent() {
                std::fs::create_dir_all(folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
            }
            std::fs::write(&file, bytes).with_context(|| format!("cannot write `{}`", file.display()))?;
        }
        // A folder cannot be renamed over a full one: the old one goes first, into what is deleted at the end.
        let old = new.path().join("old");
        match std::fs::rename(directory, &old) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(|| format!("cannot replace `{}`", directory.display())),
        }
        std::fs::rename(&content, directory).with_context(|| format!("cannot write `{}`", directory.display()))?;
        Ok(Bundle { directory: directory.to_owned(), digest })
    }
}

/// Reads the manifest of a crate.
///
/// # Errors
/// Where there is none, or it has faults: all of them, with their places.
pub(crate) fn read_manifest(folder: &Path) -> Result<Manifest> {
    let file = folder.join(MANIFEST_FILE);
    if !file.is_file() {
        bail!("there is no `{}`: a component needs a manifest, see docs/manifest.md", file.display());
    }
    let text = String::from_utf8(inputs::read(&file)?);
    let text = text.with_context(|| format!("`{}` is no UTF-8", file.display()))?;
    Manifest::parse(&text).map_err(|faults| anyhow!("{}", faults.in_file(&file.display().to_string())))
}

/// Adds the files below a folder; none where it is not there. Hidden files do not belong to a bundle.
fn add(folder: &Path, prefix: &str, files: &mut BTreeMap<String, Vec<u8>>) -> Result<()> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).with_context(|| format!("cannot read `{}`", folder.display())),
    };
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot read `{}`", folder.display()))?;
        let Ok(name) = entry.file_name().into_string() else {
            bail!("a file in `{}` has a name that is no UTF-8", folder.display());
        };
        if name.starts_with('.') {
            continue;
        }
        let name = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
        if entry.path().is_dir() {
            add(&entry.path(), &name, files)?;
        } else {
            files.insert(name, inputs::read(&entry.path())?);
        }
        if files.len() > BUNDLE_FILES_MAX {
            bail!("`{}` has more than {BUNDLE_FILES_MAX} files", folder.display());
        }
    }
    Ok(())
}

/// Writes a file whole or not at all.
pub(crate) fn write_atomically(file: &Path, content: &[u8]) -> Result<()> {
    use std::io::Write as _;
    let parent = file.parent().context("a file needs a folder around it")?;
    std::fs::create_dir_all(parent).with_context(|| format!("cannot make `{}`", parent.display()))?;
    let mut temporary = tempfile::NamedTempFile::new_in(parent)?;
    temporary.write_all(content)?;
    temporary.persist(file)?;
    Ok(())
}
