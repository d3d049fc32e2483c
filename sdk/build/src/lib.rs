// SPDX-License-Identifier: MIT OR Apache-2.0
//! Builds a component crate of a workspace into a bundle that a Cortex host can install.
//!
//! It finds a way to compile for WebAssembly ([`Toolchain`]), compiles the crate, wraps the module into a component,
//! checks that the WIT sources and the types in the binary are the same contract, and carries the documentation of the
//! sources into the binary. Where nothing has changed it does none of that: a warm call costs milliseconds.
//!
//! It deliberately does not print, does not read the process environment (see [`Environment`]), does not sign, and does
//! not install: that is the host's.
//!
//! ```no_run
//! use sdk_build::{Builder, Environment};
//!
//! # fn main() -> anyhow::Result<()> {
//! let builder = Builder::new(".", Environment::of_process())?;
//! let bundle = builder.build("components/accounting".as_ref(), &mut |event| eprintln!("{event}"))?;
//! println!("{} {}", bundle.digest, bundle.directory.display());
//! # Ok(())
//! # }
//! ```

mod bundle;
mod compile;
mod contract;
mod dependencies;
pub mod docs;
mod environment;
mod event;
mod inputs;
mod process;
mod stamp;
mod toolchain;

pub use bundle::{Bundle, COMPONENT_FILE, MANIFEST_FILE};
pub use contract::Contract;
pub use environment::Environment;
pub use event::{Event, Progress};
pub use toolchain::{Toolchain, Way};

use anyhow::{Context as _, Result, bail};
use compile::Compilation;
use inputs::Package;
use kernel_manifest::Manifest;
use stamp::Stamp;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Builds the component crates of one workspace.
#[derive(Debug)]
pub struct Builder {
    workspace: PathBuf,
    environment: Environment,
}

impl Builder {
    /// A builder for the workspace at that folder.
    ///
    /// # Errors
    /// Where the folder holds no Cargo.toml.
    pub fn new(workspace: impl AsRef<Path>, environment: Environment) -> Result<Self> {
        let workspace = workspace.as_ref();
        if !workspace.join("Cargo.toml").is_file() {
            bail!("`{}` is no workspace: it has no Cargo.toml", workspace.display());
        }
        let workspace = absolute(workspace)?;
        Ok(Self { workspace, environment })
    }

    /// A builder for the workspace around a crate: the nearest folder above it whose Cargo.toml declares a workspace.
    ///
    /// # Errors
    /// Where there is none.
    pub fn around(crate_directory: &Path, environment: Environment) -> Result<Self> {
        let folder = absolute(crate_directory)?;
        let declares = |folder: &&Path| {
            let text = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
            text.lines().any(|line| line.trim_end() == "[workspace]")
        };
        let workspace = folder.ancestors().find(declares);
        let workspace = workspace.with_context(|| format!("`{}` is in no workspace", folder.display()))?;
        Self::new(workspace, environment)
    }

    /// Finds the way to compile, or finds it again.
    ///
    /// # Errors
    /// Where there is none; the text names the one command to run.
    pub fn toolchain(&self, progress: Progress<'_>) -> Result<Toolchain> {
        let _lock = self.lock("toolchain", progress)?;
        toolchain::discover(&self.environment, &self.workspace, &self.guests_directory(), progress)
    }

    /// Builds the component crate in a folder (relative to the workspace, or absolute), unless the bundle is up to date.
    ///
    /// Several processes may call it at once; one builds, the others wait and find it done.
    ///
    /// # Errors
    /// Where the crate does not compile, its WIT and its binary differ, a file of the bundle is missing, or there is no
    /// way to compile on this machine.
    pub fn build(&self, crate_directory: &Path, progress: Progress<'_>) -> Result<Bundle> {
        let folder = absolute(&self.workspace.join(crate_directory))?;
        let toolchain = self.toolchain(progress)?;
        let name = stamp::name(&folder);
        let _lock = self.lock(&name, progress)?;
        let stamp_file = self.bundles_directory().join(".stamps").join(format!("{name}.json"));
        if let Some((package, bundle)) = Stamp::still_true(&stamp_file, &self.workspace, &toolchain) {
            progress(Event::UpToDate { component: package.name });
            return Ok(bundle);
        }
        let started = Instant::now();
        let manifest = bundle::read_manifest(&folder)?;
        let package = Package::read(&folder, &self.workspace, &toolchain, &self.environment)?;
        let directory = self.bundles_directory().join(manifest.id.as_str());
        Stamp::claim(&stamp_file, &directory)?;
        // Taken before compiling: what changes meanwhile is seen the next time.
        let inputs = package.digest(&self.workspace, &toolchain)?;
        progress(Event::Compiling { component: package.name.clone() });
        let component = self.component(&folder, &manifest, &package, &toolchain, progress)?;
        let size_bytes = u64::try_from(component.len())?;
        let bundle = bundle::Files::of_crate(&folder, &manifest, component)?.write(&directory)?;
        Stamp::write(&stamp_file, &package, inputs, &self.workspace, &bundle)?;
        let (component, duration) = (package.name, started.elapsed());
        progress(Event::Built { component, size_bytes, duration, directory });
        Ok(bundle)
    }

    /// Builds several crates one after another; cargo uses all processors for each.
    ///
    /// # Errors
    /// As [`Builder::build`], for the first that fails.
    pub fn build_many<P: AsRef<Path>>(
        &self,
        crate_directories: impl IntoIterator<Item = P>,
        progress: Progress<'_>,
    ) -> Result<Vec<Bundle>> {
        crate_directories.into_iter().map(|directory| self.build(directory.as_ref(), progress)).collect()
    }

    fn component(
        &self,
        folder: &Path,
        manifest: &Manifest,
        package: &Package,
        toolchain: &Toolchain,
        progress: Progress<'_>,
    ) -> Result<Vec<u8>> {
        let contract = Contract::read(folder, &self.workspace, manifest.world.name())?;
        let target_directory = self.guests_directory();
        let (environment, workspace) = (&self.environment, self.workspace.as_path());
        let compilation =
            Compilation { environment, toolchain, workspace, target_directory: &target_directory, package };
        let name = &package.name;
        let (mut module, messages) = {
            // Cargo names what it makes by the crate alone: another checkout's must not be put in its place before it is read.
            let _lock = self.lock("compile", progress)?;
            compilation.run(progress)?
        };
        let lock = inputs::read(&workspace.join("Cargo.lock"))?;
        let lock = String::from_utf8_lossy(&lock);
        dependencies::embed(&mut module, name, &lock, &messages, &target_directory)?;
        let component = wrap(&module).with_context(|| format!("the module of `{name}` is no component"))?;
        contract.embed(&component).with_context(|| format!("`{name}`"))
    }

    /// Where guests are compiled.
    fn guests_directory(&self) -> PathBuf {
        self.environment.target_directory(&self.workspace).join("guest")
    }

    /// Where this workspace's bundles are put. In a target directory that lies elsewhere each workspace has a folder of its
    /// own: several checkouts may share that directory, and the components of one are not those of another.
    fn bundles_directory(&self) -> PathBuf {
        let target = self.environment.target_directory(&self.workspace);
        let bundles = target.join("cortex");
        if target.starts_with(&self.workspace) { bundles } else { bundles.join(stamp::name(&self.workspace)) }
    }

    /// Where locks lie: beside what the target directory's users share.
    fn locks_directory(&self) -> PathBuf {
        self.environment.target_directory(&self.workspace).join("cortex").join(".locks")
    }

    /// Holds a lock between processes until it is dropped.
    fn lock(&self, name: &str, progress: Progress<'_>) -> Result<Held> {
        let folder = self.locks_directory();
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
        let path = folder.join(name);
        let file = File::options().create(true).append(true).open(&path);
        let file = file.with_context(|| format!("cannot open `{}`", path.display()))?;
        match file.try_lock() {
            Ok(()) => return Ok(Held(file)),
            Err(TryLockError::WouldBlock) => progress(Event::Waiting { component: name.to_owned() }),
            Err(TryLockError::Error(error)) => return Err(error).context("cannot lock"),
        }
        file.lock().with_context(|| format!("cannot lock `{}`", path.display()))?;
        Ok(Held(file))
    }
}

/// A lock between processes. It ends with the value also while a process that was just forked holds a copy of the file.
struct Held(File);

impl Drop for Held {
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

/// Makes a component of a core module that was compiled against bindings from WIT, and validates it.
fn wrap(module: &[u8]) -> Result<Vec<u8>> {
    wit_component::ComponentEncoder::default().validate(true).module(module)?.encode()
}

fn absolute(path: &Path) -> Result<PathBuf> {
    path.canonicalize().with_context(|| format!("`{}` is not there", path.display()))
}

/// For tests: builds the component crate in a folder with the surroundings of this process, and says nothing.
///
/// # Errors
/// As [`Builder::build`].
pub fn bundle(crate_directory: &Path) -> Result<Bundle> {
    let directory = absolute(crate_directory)?;
    Builder::around(&directory, Environment::of_process())?.build(&directory, &mut |_| {})
}

/// For tests: as [`bundle`]; returns the path of the component's file. The bundle is the folder that it lies in.
///
/// # Errors
/// As [`Builder::build`].
pub fn component(crate_directory: &Path) -> Result<PathBuf> {
    bundle(crate_directory).map(|bundle| bundle.component())
}
