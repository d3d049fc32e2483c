// SPDX-License-Identifier: MIT OR Apache-2.0
//! Finds a way to compile Rust for `wasm32-unknown-unknown` on this machine. In order:
//!
//! 1. the target is installed beside the compiler in use;
//! 2. `rustup target add` installs it;
//! 3. the distribution's compiler with the sources of the standard library, which is then compiled as well.
//!
//! What was found is kept in a file and found again without starting a process, as long as nothing it rests on changes.

mod cache;
mod distribution;
mod rustup;

use crate::environment::Environment;
use crate::event::{Event, Progress};
use crate::process;
use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The target of all components: it has no clock, no file, no network and no randomness of its own.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// How long a question to a compiler may take; rustup's proxies may have to read a toolchain from a slow disk.
const QUESTION_TIME_MAX: Duration = Duration::from_secs(30);

/// Which way was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Way {
    /// The target was installed.
    Installed,
    /// `rustup target add` installed it.
    Added,
    /// The distribution's compiler with the sources of the standard library.
    Distribution,
}

/// A way to compile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Toolchain {
    /// Which way it is.
    pub way: Way,
    /// The package manager.
    pub cargo: PathBuf,
    /// The compiler.
    pub rustc: PathBuf,
    /// The linker, where the compiler has none of its own.
    pub linker: Option<PathBuf>,
    /// What the compiler says of itself (`rustc -vV`).
    pub version: String,
    /// The folder of the compiler and its libraries.
    pub sysroot: PathBuf,
}

impl Toolchain {
    /// One line for people: which way, and by which compiler.
    #[must_use]
    pub fn line(&self) -> String {
        let version = self.version.lines().next().unwrap_or_default();
        let rustc = self.rustc.display();
        match self.way {
            Way::Installed => format!("{TARGET}: the installed target of {version} ({rustc})"),
            Way::Added => format!("{TARGET}: added by rustup to {version} ({rustc})"),
            Way::Distribution => {
                format!("{TARGET}: the distribution's {version} ({rustc}), with the standard library from its sources")
            }
        }
    }

    /// Whether the standard library is compiled from its sources.
    pub(crate) fn builds_std(&self) -> bool {
        self.way == Way::Distribution
    }
}

/// Finds a way to compile in the workspace; `kept` is the folder that remembers it.
///
/// # Errors
/// Where there is none: the text says what was tried and names the one command to run.
pub(crate) fn discover(
    environment: &Environment,
    workspace: &Path,
    kept: &Path,
    progress: Progress<'_>,
) -> Result<Toolchain> {
    if let Some(toolchain) = cache::read(kept, environment, workspace) {
        return Ok(toolchain);
    }
    let toolchain = search(environment, workspace, progress)?;
    progress(Event::Toolchain(toolchain.line()));
    cache::write(kept, environment, workspace, &toolchain)?;
    Ok(toolchain)
}

fn search(environment: &Environment, workspace: &Path, progress: Progress<'_>) -> Result<Toolchain> {
    let Some(cargo) = environment.find("cargo") else {
        bail!("no `cargo` in the search path; install Rust from https://rustup.rs");
    };
    let inquiry = Inquiry { environment, workspace, cargo };
    if let Some(rustc) = environment.find("rustc")
        && let Some(found) = inquiry.installed(&rustc, Way::Installed)?
    {
        return Ok(found);
    }
    let mut tried = Vec::new();
    match rustup::add_target(&inquiry) {
        Ok(found) => return Ok(found),
        Err(reason) => {
            let line = format!("rustup target add {TARGET}: {reason:#}");
            progress(Event::Toolchain(format!("{line}; trying the distribution's compiler")));
            tried.push(line);
        }
    }
    match distribution::find(&inquiry, progress) {
        Ok(found) => Ok(found),
        Err(reason) => {
            let tried = tried.join("; ");
            Err(reason.context(format!("cannot compile for {TARGET} (no installed target; {tried})")))
        }
    }
}

/// Questions to compilers, with the folder they are asked in: rustup chooses a toolchain by it.
pub(crate) struct Inquiry<'a> {
    environment: &'a Environment,
    workspace: &'a Path,
    cargo: PathBuf,
}

/// What a compiler says of itself.
pub(crate) struct Compiler {
    rustc: PathBuf,
    sysroot: PathBuf,
    version: String,
}

impl Compiler {
    /// The line of `rustc -vV` that begins with the key.
    fn fact(&self, key: &str) -> Option<&str> {
        self.version.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(": "))
    }
}

impl Inquiry<'_> {
    /// The toolchain of the compiler, where it has the target's standard library.
    fn installed(&self, rustc: &Path, way: Way) -> Result<Option<Toolchain>> {
        let compiler = self.compiler(rustc)?;
        if !has_target(&compiler.sysroot) {
            return Ok(None);
        }
        // Debian splits the linker off; where the compiler carries its own, it finds that by itself.
        let linker = match linker_in(&compiler.sysroot) {
            Some(_) => None,
            None => self.environment.find("rust-lld").or_else(|| self.environment.find("wasm-ld")),
        };
        let Compiler { rustc, sysroot, version } = compiler;
        Ok(Some(Toolchain { way, cargo: self.cargo.clone(), rustc, linker, version, sysroot }))
    }

    /// Asks the compiler; past rustup's proxy, which takes its time at each start.
    fn compiler(&self, rustc: &Path) -> Result<Compiler> {
        let sysroot = PathBuf::from(self.ask(rustc, &["--print", "sysroot"])?.trim());
        let version = self.ask(rustc, &["-vV"])?;
        let direct = sysroot.join("bin/rustc");
        let rustc = if direct.is_file() { direct } else { rustc.to_owned() };
        Ok(Compiler { rustc, sysroot, version })
    }

    /// The standard output of a command that must succeed.
    fn ask(&self, program: &Path, arguments: &[&str]) -> Result<String> {
        let mut command = process::command(program, self.environment, self.workspace);
        command.args(arguments);
        let outcome = process::run(command, QUESTION_TIME_MAX, &mut |_| {})?;
        if !outcome.success {
            let asked = arguments.join(" ");
            bail!("`{} {asked}` failed: {}", program.display(), outcome.stderr);
        }
        Ok(outcome.stdout)
    }
}

/// Whether the target's core library lies in the sysroot.
fn has_target(sysroot: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(target_folder(sysroot).join("lib")) else { return false };
    entries.filter_map(Result::ok).any(|entry| {
        let name = entry.file_name();
        name.to_str().is_some_and(|name| name.starts_with("libcore-") && name.ends_with(".rlib"))
    })
}

/// Where the target's libraries lie when they are installed.
fn target_folder(sysroot: &Path) -> PathBuf {
    sysroot.join("lib/rustlib").join(TARGET)
}

/// The linker for WebAssembly that a toolchain of rustup carries.
fn linker_in(sysroot: &Path) -> Option<PathBuf> {
    let mut hosts: Vec<PathBuf> =
        std::fs::read_dir(sysroot.join("lib/rustlib")).ok()?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    hosts.sort();
    hosts
        .iter()
        .flat_map(|host| [host.join("bin/rust-lld"), host.join("bin/gcc-ld/wasm-ld")])
        .find(|linker| linker.is_file())
}

/// Reads a small text file; absent is `None`.
fn read_small(path: &Path) -> Result<Option<Vec<u8>>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read `{}`", path.display())),
    }
}
