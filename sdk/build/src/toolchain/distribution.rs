// SPDX-License-Identifier: MIT OR Apache-2.0
//! The third way: the distribution's compiler, with the standard library compiled from the distribution's sources.
//!
//! A package manager of a stable release accepts `-Zbuild-std` only with `RUSTC_BOOTSTRAP=1`; cargo of a rustup
//! toolchain works with the distribution's compiler by `RUSTC`. On Debian, as root, missing packages are installed; on
//! any other machine the one command that mends it is named, and nothing is changed.

use super::{Compiler, Inquiry, Toolchain, Way, linker_in};
use crate::event::{Event, Progress};
use crate::process;
use anyhow::{Context as _, Result, bail};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The packages of Debian that hold a current compiler and the sources of its standard library.
const PACKAGES: [&str; 2] = ["rustc-web", "rust-web-src"];
/// The package of Debian with a linker for WebAssembly.
const LINKER_PACKAGE: &str = "lld";
/// The oldest compiler that this workspace accepts (`rust-version` in its Cargo.toml), as major and minor.
const RELEASE_MIN: (u32, u32) = (1, 95);
/// How long the package manager of the distribution may take: some 200 MB over a slow line.
const INSTALL_TIME_MAX: Duration = Duration::from_secs(1800);

/// Finds the distribution's compiler, its sources and a linker; installs what is missing where that is allowed.
pub(super) fn find(inquiry: &Inquiry<'_>, progress: Progress<'_>) -> Result<Toolchain> {
    let compiler = match usable_compiler(inquiry)? {
        Some(compiler) => compiler,
        None => {
            install(inquiry, &PACKAGES, progress)?;
            usable_compiler(inquiry)?
                .context("the packages are installed, but the compiler is not where it should be")?
        }
    };
    link_sources(inquiry, &compiler, progress)?;
    let linker = match linker(inquiry, &compiler) {
        Some(linker) => linker,
        None => {
            install(inquiry, &[LINKER_PACKAGE], progress)?;
            linker(inquiry, &compiler).context("the linker's package is installed, but there is no `wasm-ld`")?
        }
    };
    let Compiler { rustc, sysroot, version } = compiler;
    let (way, cargo) = (Way::Distribution, inquiry.cargo.clone());
    Ok(Toolchain { way, cargo, rustc, linker: Some(linker), version, sysroot })
}

/// The distribution's compiler, where it is there, new enough, and its sources are somewhere.
fn usable_compiler(inquiry: &Inquiry<'_>) -> Result<Option<Compiler>> {
    let rustc = inquiry.environment.system("usr/bin/rustc");
    if !rustc.is_file() {
        return Ok(None);
    }
    let compiler = inquiry.compiler(&rustc)?;
    let new_enough = compiler.fact("release").and_then(release).is_some_and(|release| release >= RELEASE_MIN);
    let has_sources = has_library(&source_link(&compiler)) || has_library(&package_sources(inquiry, &compiler));
    Ok((new_enough && has_sources).then_some(compiler))
}

/// Major and minor of a release, `1.96.0`.
fn release(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// Where the compiler looks for the sources of its standard library.
fn source_link(compiler: &Compiler) -> PathBuf {
    compiler.sysroot.join("lib/rustlib/src/rust")
}

/// Where the distribution's package puts them.
fn package_sources(inquiry: &Inquiry<'_>, compiler: &Compiler) -> PathBuf {
    let release = compiler.fact("release").unwrap_or("unknown");
    inquiry.environment.system("usr/src").join(format!("rustc-{release}"))
}

fn has_library(sources: &Path) -> bool {
    sources.join("library/std/Cargo.toml").is_file()
}

/// Links the sources to where the compiler looks for them, where they are not.
fn link_sources(inquiry: &Inquiry<'_>, compiler: &Compiler, progress: Progress<'_>) -> Result<()> {
    let link = source_link(compiler);
    if has_library(&link) {
        return Ok(());
    }
    let sources = package_sources(inquiry, compiler);
    let command = format!("ln -sfn {} {}", sources.display(), link.display());
    if !inquiry.environment.is_root() {
        let folder = link.parent().unwrap_or(&link).display();
        bail!("the compiler does not see its sources; run `sudo mkdir -p {folder} && sudo {command}` and try again");
    }
    make_link(&sources, &link).with_context(|| format!("cannot run `{command}`"))?;
    progress(Event::Toolchain(format!("linked the sources of the standard library: {command}")));
    Ok(())
}

#[cfg(unix)]
fn make_link(sources: &Path, link: &Path) -> std::io::Result<()> {
    if let Some(folder) = link.parent() {
        std::fs::create_dir_all(folder)?;
    }
    // A link that leads nowhere is left over from a package that is gone; anything else at that place is not ours.
    if link.symlink_metadata().is_ok_and(|data| data.is_symlink()) {
        std::fs::remove_file(link)?;
    }
    std::os::unix::fs::symlink(sources, link)
}

#[cfg(not(unix))]
fn make_link(_sources: &Path, _link: &Path) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}

/// A linker for WebAssembly: of the toolchain in use, of any other toolchain of rustup, or the distribution's.
fn linker(inquiry: &Inquiry<'_>, compiler: &Compiler) -> Option<PathBuf> {
    let environment = inquiry.environment;
    let in_use = environment.find("rustc").and_then(|rustc| inquiry.compiler(&rustc).ok()).map(|found| found.sysroot);
    let others = environment.rustup_home().map(|home| folders(&home.join("toolchains"))).unwrap_or_default();
    in_use
        .into_iter()
        .chain(others)
        .chain([compiler.sysroot.clone()])
        .find_map(|sysroot| linker_in(&sysroot))
        .or_else(|| environment.find("rust-lld"))
        .or_else(|| environment.find("wasm-ld"))
        .or_else(|| Some(environment.system("usr/bin/wasm-ld")).filter(|linker| linker.is_file()))
}

/// The folders in a folder, sorted; none where it is not there.
fn folders(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut folders: Vec<PathBuf> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

/// Installs packages of Debian, as root only; else names the command.
fn install(inquiry: &Inquiry<'_>, packages: &[&str], progress: Progress<'_>) -> Result<()> {
    let list = packages.join(" ");
    if !is_debian(inquiry) {
        bail!("run `rustup target add {}` where there is a network, and try again", super::TARGET);
    }
    if !inquiry.environment.is_root() {
        bail!("run `sudo apt-get install --no-install-recommends {list}` and try again");
    }
    let apt = inquiry.environment.find("apt-get").context("no `apt-get` in the search path")?;
    progress(Event::Toolchain(format!("installing the packages {list} with apt-get, as root")));
    if apt_get(inquiry, &apt, &install_arguments(packages), progress).is_err() {
        // The lists of a fresh machine are old or absent.
        apt_get(inquiry, &apt, &["update"], progress)?;
        apt_get(inquiry, &apt, &install_arguments(packages), progress)?;
    }
    Ok(())
}

fn install_arguments<'a>(packages: &[&'a str]) -> Vec<&'a str> {
    ["install", "--yes", "--no-install-recommends"].iter().chain(packages).copied().collect()
}

fn apt_get(inquiry: &Inquiry<'_>, apt: &Path, arguments: &[&str], progress: Progress<'_>) -> Result<()> {
    let mut command = process::command(apt, inquiry.environment, inquiry.workspace);
    command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
    let outcome = process::run(command, INSTALL_TIME_MAX, &mut |line| progress(Event::Output(line.to_owned())))?;
    if !outcome.success {
        bail!("`apt-get {}` failed: {}", arguments.join(" "), outcome.stderr);
    }
    Ok(())
}

/// Whether the machine runs Debian or a distribution made from it (`os-release`, freedesktop.org).
fn is_debian(inquiry: &Inquiry<'_>) -> bool {
    let Ok(text) = std::fs::read_to_string(inquiry.environment.system("etc/os-release")) else { return false };
    text.lines()
        .filter_map(|line| line.strip_prefix("ID=").or_else(|| line.strip_prefix("ID_LIKE=")))
        .any(|ids| ids.trim_matches('"').split(' ').any(|id| id == "debian"))
}
