// SPDX-License-Identifier: MIT OR Apache-2.0
//! The note beside a bundle that says what it was made from. With it a warm call reads files and starts no process.

use crate::bundle::{Bundle, write_atomically};
use crate::inputs::{self, Package};
use crate::toolchain::Toolchain;
use anyhow::{Context as _, Result, bail};
use kernel_types::Digest;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// What the note holds.
#[derive(Serialize, Deserialize)]
pub(crate) struct Stamp {
    package: Package,
    inputs: Digest,
    lock: Digest,
    directory: PathBuf,
    bundle: Digest,
}

impl Stamp {
    /// The crate and its bundle, where the inputs are those of the note and the bundle is as it was written.
    pub(crate) fn still_true(file: &Path, workspace: &Path, toolchain: &Toolchain) -> Option<(Package, Bundle)> {
        let stamp: Self = serde_json::from_slice(&std::fs::read(file).ok()?).ok()?;
        let bundle = Bundle::open(&stamp.directory).ok()?;
        // A crate whose files cannot be read is built anew: that reports the cause.
        let inputs = stamp.package.digest(workspace, toolchain).ok()?;
        let lock = inputs::lock_digest(workspace).ok()?;
        (inputs == stamp.inputs && lock == stamp.lock && bundle.digest == stamp.bundle)
            .then_some((stamp.package, bundle))
    }

    /// Refuses to build over the bundle of another crate of the workspace: two crates with the same id would replace each
    /// other for ever.
    pub(crate) fn claim(file: &Path, directory: &Path) -> Result<()> {
        let Ok(entries) = std::fs::read_dir(file.parent().unwrap_or(file)) else { return Ok(()) };
        for other in entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|other| other != file) {
            let Ok(bytes) = std::fs::read(&other) else { continue };
            let Ok(stamp) = serde_json::from_slice::<Self>(&bytes) else { continue };
            if stamp.directory == directory && stamp.package.manifest.is_file() {
                let id = directory.file_name().unwrap_or_default().to_string_lossy().into_owned();
                bail!("the crate `{}` has the id `{id}` as well; ids are unique", stamp.package.manifest.display());
            }
        }
        Ok(())
    }

    /// Writes the note.
    pub(crate) fn write(
        file: &Path,
        package: &Package,
        inputs: Digest,
        workspace: &Path,
        bundle: &Bundle,
    ) -> Result<()> {
        let (package, directory) = (package.clone(), bundle.directory.clone());
        let lock = inputs::lock_digest(workspace)?;
        let stamp = Self { package, inputs, lock, directory, bundle: bundle.digest };
        write_atomically(file, &serde_json::to_vec_pretty(&stamp)?)
            .with_context(|| format!("cannot write `{}`", file.display()))
    }
}

/// A file name for a crate's folder: its own name, and a digest of where it is.
pub(crate) fn name(folder: &Path) -> String {
    let own = folder.file_name().unwrap_or_default().to_string_lossy();
    let hex = Digest::of(folder.as_os_str().as_encoded_bytes()).hex();
    format!("{own}-{}", hex.get(..12).unwrap_or(&hex))
}
