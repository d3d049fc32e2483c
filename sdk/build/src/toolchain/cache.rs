// SPDX-License-Identifier: MIT OR Apache-2.0
//! Remembers which toolchain was found, together with what that rested on: the search path, the choice of rustup's
//! toolchain, and the files themselves. Where any of it has changed, the search starts anew. The file is no more than a
//! saving of time: deleting it is always right.

use super::{Toolchain, read_small, target_folder};
use crate::environment::Environment;
use anyhow::{Context as _, Result};
use kernel_types::Digest;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// What the file holds.
#[derive(Serialize, Deserialize)]
struct Kept {
    key: Digest,
    watched: Vec<Watched>,
    toolchain: Toolchain,
}

/// A file or folder, and how it was.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Watched {
    path: PathBuf,
    /// Length in bytes and time of change in nanoseconds since 1970; absent where there is nothing.
    state: Option<(u64, u128)>,
}

impl Watched {
    fn now(path: PathBuf) -> Self {
        let state = path.metadata().ok().map(|data| {
            let changed = data.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
            (data.len(), changed.unwrap_or_default().as_nanos())
        });
        Self { path, state }
    }

    fn is_unchanged(&self) -> bool {
        *self == Self::now(self.path.clone())
    }
}

/// The toolchain that was found last by the same key, where everything is as it was then.
pub(super) fn read(folder: &Path, environment: &Environment, workspace: &Path) -> Option<Toolchain> {
    let key = key(environment, workspace).ok()?;
    let kept: Kept = serde_json::from_slice(&std::fs::read(file(folder, &key)).ok()?).ok()?;
    let unchanged = kept.key == key && kept.watched.iter().all(Watched::is_unchanged);
    unchanged.then_some(kept.toolchain)
}

/// A file for each key: a process that was started through cargo sees other variables than one that was not.
fn file(folder: &Path, key: &Digest) -> PathBuf {
    let hex = key.hex();
    folder.join(format!("toolchain-{}.json", hex.get(..12).unwrap_or(&hex)))
}

/// Remembers the toolchain.
pub(super) fn write(folder: &Path, environment: &Environment, workspace: &Path, toolchain: &Toolchain) -> Result<()> {
    let mut paths = vec![toolchain.cargo.clone(), toolchain.rustc.clone(), target_folder(&toolchain.sysroot)];
    paths.extend(toolchain.linker.clone());
    paths.extend(environment.find("rustc"));
    if toolchain.builds_std() {
        paths.push(toolchain.sysroot.join("lib/rustlib/src/rust/library/std/Cargo.toml"));
    }
    let watched = paths.into_iter().map(Watched::now).collect();
    let key = key(environment, workspace)?;
    let file = file(folder, &key);
    let content = Kept { key, watched, toolchain: toolchain.clone() };
    crate::bundle::write_atomically(&file, &serde_json::to_vec_pretty(&content)?)
        .with_context(|| format!("cannot keep the toolchain that was found in `{}`", file.display()))
}

/// What decides which compiler is found.
fn key(environment: &Environment, workspace: &Path) -> Result<Digest> {
    let mut parts = vec![env!("CARGO_PKG_VERSION").as_bytes().to_vec()];
    for name in ["RUSTUP_TOOLCHAIN", "RUSTUP_HOME"] {
        parts.push(environment.variable(name).unwrap_or_default().as_encoded_bytes().to_vec());
    }
    for program in ["cargo", "rustc", "rustup"] {
        let found = environment.find(program).unwrap_or_default();
        parts.push(found.as_os_str().as_encoded_bytes().to_vec());
    }
    let settings = environment.rustup_home().map(|home| home.join("settings.toml"));
    let choices = [workspace.join("rust-toolchain.toml"), workspace.join("rust-toolchain")];
    for file in settings.into_iter().chain(choices) {
        parts.push(read_small(&file)?.unwrap_or_default());
    }
    Ok(Digest::of_parts(parts.iter().map(Vec::as_slice)))
}
