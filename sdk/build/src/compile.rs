// SPDX-License-Identifier: MIT OR Apache-2.0
//! Compiles one crate to a core module. It decides flags and nothing else; whether to compile at all is decided by
//! [`crate::inputs`].

use crate::environment::Environment;
use crate::event::{Event, Progress};
use crate::inputs::Package;
use crate::process;
use crate::toolchain::{TARGET, Toolchain};
use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The stack of a guest in bytes. Each call runs in an instance of its own, so that its memory should be small; 128 KiB
/// hold some hundred frames of ordinary code, and the stack lies first in memory, so that running out of it is a trap.
const STACK_BYTES: u32 = 128 << 10;

/// How long a compilation may take: cold, with the standard library, on a small busy machine.
const COMPILE_TIME_MAX: Duration = Duration::from_secs(3600);

/// What a compilation needs to know.
pub(crate) struct Compilation<'a> {
    pub(crate) environment: &'a Environment,
    pub(crate) toolchain: &'a Toolchain,
    pub(crate) workspace: &'a Path,
    /// Guests share it, apart from the host's: other flags and another compiler must not disturb the host's build.
    pub(crate) target_directory: &'a Path,
    pub(crate) package: &'a Package,
}

/// A line of cargo's messages; of other kinds than `compiler-artifact` only the reason is read.
#[derive(Deserialize)]
struct Message {
    reason: String,
    manifest_path: Option<PathBuf>,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

impl Compilation<'_> {
    /// Compiles; returns the module, and what cargo reported.
    ///
    /// # Errors
    /// Where the crate does not compile: with what the compiler said.
    pub(crate) fn run(&self, progress: Progress<'_>) -> Result<(Vec<u8>, String)> {
        let name = &self.package.name;
        self.forget_others()?;
        let outcome = process::run(self.command()?, COMPILE_TIME_MAX, &mut |line| {
            progress(Event::Output(line.to_owned()));
        })?;
        if !outcome.success {
            bail!("`{name}` does not compile for {TARGET}:\n{}", outcome.stderr);
        }
        let file = self.module(&outcome.stdout)?;
        let module = std::fs::read(&file).with_context(|| format!("cannot read `{}`", file.display()))?;
        self.check_no_paths(&module)?;
        Ok((module, outcome.stdout))
    }

    /// Removes what another checkout left in the target directory of the crates to be compiled. Cargo names a crate of a
    /// workspace alike wherever that lies, and goes by the times of files alone: it would take the other checkout's for this one's.
    fn forget_others(&self) -> Result<()> {
        let checkouts = self.target_directory.join(".checkouts");
        std::fs::create_dir_all(&checkouts).with_context(|| format!("cannot make `{}`", checkouts.display()))?;
        let mut others = Vec::new();
        for (folder, name) in self.package.folders.iter().zip(&self.package.crates) {
            let (note, here) = (checkouts.join(name), folder.as_os_str().as_encoded_bytes());
            if std::fs::read(&note).ok().as_deref() != Some(here) {
                others.push((note, here, name));
            }
        }
        if others.is_empty() {
            return Ok(());
        }
        let mut command = process::command(&self.toolchain.cargo, self.environment, self.workspace);
        command.args(["clean", "--quiet", "--target", TARGET, "--profile", "guest", "--manifest-path"]);
        command.arg(&self.package.manifest).env("CARGO_TARGET_DIR", self.target_directory);
        command.env("RUSTC", &self.toolchain.rustc);
        for (_, _, name) in &others {
            command.args(["--package", name]);
        }
        let outcome = process::run(command, COMPILE_TIME_MAX, &mut |_| {})?;
        if !outcome.success {
            bail!("the target directory cannot be cleaned of another checkout's crates:\n{}", outcome.stderr);
        }
        for (note, here, _) in others {
            crate::bundle::write_atomically(&note, here)?;
        }
        Ok(())
    }

    fn command(&self) -> Result<std::process::Command> {
        let mut command = process::command(&self.toolchain.cargo, self.environment, self.workspace);
        command
            .args(["rustc", "--package", &self.package.name, "--lib", "--crate-type", "cdylib"])
            .args(["--target", TARGET, "--profile", "guest", "--message-format", "json-render-diagnostics"])
            .arg("--manifest-path")
            .arg(&self.package.manifest)
            .env("CARGO_TARGET_DIR", self.target_directory)
            .env("CARGO_ENCODED_RUSTFLAGS", self.flags()?.join("\u{1f}"))
            .env("CARGO_TERM_COLOR", "never")
            .env("CARGO_TERM_PROGRESS_WHEN", "never")
            .env("RUSTC", &self.toolchain.rustc);
        if let Some(linker) = &self.toolchain.linker {
            command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
        }
        if self.toolchain.builds_std() {
            command.args(["-Zbuild-std=std,panic_abort", "-Zbuild-std-features="]).env("RUSTC_BOOTSTRAP", "1");
        }
        Ok(command)
    }

    /// The compiler's flags: a small stack, and no path of this machine in the module (panic messages name files).
    fn flags(&self) -> Result<Vec<String>> {
        let mut flags = vec![format!("-Clink-arg=-zstack-size={STACK_BYTES}")];
        let mut remap = |from: &Path, to: &str| flags.push(format!("--remap-path-prefix={}={to}", from.display()));
        for registry in self.registries()? {
            remap(&registry, "/registry");
        }
        if let Some(home) = self.environment.cargo_home() {
            remap(&home.join("git/checkouts"), "/git");
        }
        let sources = self.toolchain.sysroot.join("lib/rustlib/src/rust");
        remap(&sources, "/rustc");
        // Paths below the workspace are relative already: that is where the compiler runs.
        for folder in self.package.folders.iter().filter(|folder| !folder.starts_with(self.workspace)) {
            let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            remap(folder, &format!("/outside/{name}"));
        }
        Ok(flags)
    }

    /// Where cargo unpacks packages: a folder for each registry, its name made from the registry's address.
    fn registries(&self) -> Result<Vec<PathBuf>> {
        let Some(home) = self.environment.cargo_home() else { return Ok(Vec::new()) };
        let folder = home.join("registry/src");
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error).with_context(|| format!("cannot read `{}`", folder.display())),
        };
        let mut registries = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
        registries.sort();
        Ok(registries)
    }

    /// The module among the files that cargo reports.
    fn module(&self, messages: &str) -> Result<PathBuf> {
        messages
            .lines()
            .filter_map(|line| serde_json::from_str::<Message>(line).ok())
            .filter(|message| message.reason == "compiler-artifact")
            .filter(|message| message.manifest_path.as_ref() == Some(&self.package.manifest))
            .flat_map(|message| message.filenames)
            .find(|file| file.extension().is_some_and(|extension| extension == "wasm"))
            .with_context(|| format!("cargo reports no module for `{}`", self.package.name))
    }

    /// A module with a path of this machine in it would differ from one machine to the next.
    fn check_no_paths(&self, module: &[u8]) -> Result<()> {
        let homes =
            [Some(self.workspace.to_owned()), self.environment.cargo_home(), Some(self.toolchain.sysroot.clone())];
        for path in homes.into_iter().flatten().filter(|path| path.components().count() > 2) {
            let text = path.to_string_lossy();
            if contains(module, format!("{text}/").as_bytes()) {
                let name = &self.package.name;
                bail!(
                    "the module of `{name}` contains the path `{text}` of this machine; avoid `env!` and `file!` with it"
                );
            }
        }
        Ok(())
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len().max(1)).any(|window| window == part)
}
