// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which packages a module was compiled from, put into the module as cargo-auditable does: a custom section `.dep-v0`, zlib
//! over JSON, which scanners of vulnerabilities read.
//!
//! What cargo reports to have compiled decides what is in the list; `Cargo.lock` says where it came from and what needs what.
//! Both are the same wherever the sources lie, and so is the list.

use crate::toolchain::TARGET;
use anyhow::{Context as _, Result};
use auditable_serde::{DependencyKind, Package, Source, VersionInfo};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use wasm_encoder::{CustomSection, Section as _};

/// The section's name.
const SECTION: &str = ".dep-v0";
/// zlib's most: the list is written once and small.
const LEVEL: u8 = 9;
/// The format that tells what only builds from what is in the binary.
const FORMAT: u32 = 1;
/// The registry that scanners know by heart, as `Cargo.lock` names it.
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// A package of `Cargo.lock` by name and version.
type Key = (String, String);

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
    source: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
}

#[derive(Deserialize)]
struct Message {
    reason: String,
    package_id: Option<String>,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

/// Puts the list into a module that cargo compiled into that folder, reporting so.
///
/// # Errors
/// Where `Cargo.lock` is not understood, or does not hold the package itself.
pub(crate) fn embed(module: &mut Vec<u8>, root: &str, lock: &str, messages: &str, target: &Path) -> Result<()> {
    let list = list(root, lock, &compiled(messages, target))?;
    let data = miniz_oxide::deflate::compress_to_vec_zlib(&serde_json::to_vec(&list)?, LEVEL);
    CustomSection { name: SECTION.into(), data: data.into() }.append_to(module);
    Ok(())
}

/// What was compiled, and whether for the target (else for this machine: macros, build scripts, and what they need).
fn compiled(messages: &str, target: &Path) -> BTreeMap<Key, DependencyKind> {
    let guest = target.join(TARGET);
    let mut compiled = BTreeMap::new();
    for message in messages.lines().filter_map(|line| serde_json::from_str::<Message>(line).ok()) {
        let key = message.package_id.as_deref().and_then(key).filter(|_| message.reason == "compiler-artifact");
        let Some(key) = key else { continue };
        let is_runtime = message.filenames.iter().any(|file| file.starts_with(&guest));
        let kind = if is_runtime { DependencyKind::Runtime } else { DependencyKind::Build };
        let known = compiled.entry(key).or_insert(kind);
        *known = (*known).max(kind);
    }
    compiled
}

/// Name and version in a package's id, `registry+https://...#name@1.0.0` or `path+file:///.../name#1.0.0`.
fn key(id: &str) -> Option<Key> {
    let (place, rest) = id.rsplit_once('#')?;
    let last = || place.split('?').next().and_then(|place| place.rsplit('/').next());
    let (name, version) = rest.split_once('@').or_else(|| Some((last()?, rest)))?;
    Some((name.to_owned(), version.to_owned()))
}

fn list(root: &str, lock: &str, compiled: &BTreeMap<Key, DependencyKind>) -> Result<VersionInfo> {
    let lock: Lock = toml::from_str(lock).context("`Cargo.lock` is not understood")?;
    let kind = |locked: &Locked| compiled.get(&(locked.name.clone(), locked.version.clone())).copied();
    let mut locked: Vec<_> = lock.package.iter().filter_map(|locked| Some((locked, kind(locked)?))).collect();
    locked.sort_by_key(|(locked, _)| (&locked.name, &locked.version, &locked.source));
    let is_root = |locked: &Locked| locked.name == root && locked.source.is_none();
    locked.iter().find(|(locked, _)| is_root(locked)).with_context(|| format!("`Cargo.lock` has no `{root}`"))?;
    let mut packages = Vec::with_capacity(locked.len());
    for (locked, kind) in &locked {
        packages.push(Package {
            name: locked.name.clone(),
            version: locked.version.parse().with_context(|| format!("the version of `{}`", locked.name))?,
            source: source(locked.source.as_deref()),
            kind: *kind,
            dependencies: Vec::new(),
            root: is_root(locked),
        });
    }
    for (from, (this, _)) in locked.iter().enumerate() {
        for wanted in &this.dependencies {
            let mut words = wanted.split(' ');
            let (name, version) = (words.next(), words.next());
            let fits = |(other, _): &(&Locked, DependencyKind)| {
                Some(other.name.as_str()) == name && version.is_none_or(|version| version == other.version)
            };
            // `Cargo.lock` does not tell what only tests need, and only that can close a circle.
            if let Some(to) = locked.iter().position(fits).filter(|to| !reaches(&packages, *to, from))
                && let Some(package) = packages.get_mut(from)
            {
                package.dependencies.push(to);
            }
        }
    }
    Ok(VersionInfo { packages, format: FORMAT })
}

/// Whether a package needs another one, itself included.
fn reaches(packages: &[Package], from: usize, to: usize) -> bool {
    let mut seen = vec![false; packages.len()];
    let mut open = vec![from];
    while let Some(at) = open.pop() {
        if at == to {
            return true;
        }
        if let (Some(seen), Some(package)) = (seen.get_mut(at), packages.get(at))
            && !std::mem::replace(seen, true)
        {
            open.extend(&package.dependencies);
        }
    }
    false
}

fn source(text: Option<&str>) -> Source {
    match text {
        None => Source::Local,
        Some(CRATES_IO) => Source::CratesIo,
        Some(text) if text.starts_with("git+") => Source::Git,
        Some(_) => Source::Registry,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = r#"
version = 4
[[package]]
name = "ledger"
version = "1.0.0"
dependencies = ["macro", "money 2.0.0", "testing"]
[[package]]
name = "macro"
version = "0.1.0"
source = "registry+https://github.com/rust-lang/crates.io-index"
dependencies = ["money 1.0.0"]
[[package]]
name = "money"
version = "1.0.0"
source = "registry+https://github.com/rust-lang/crates.io-index"
[[package]]
name = "money"
version = "2.0.0"
source = "git+https://example.org/money?rev=1#1234"
dependencies = ["ledger"]
[[package]]
name = "testing"
version = "9.0.0"
source = "registry+https://example.org/index"
"#;

    #[test]
    fn what_was_compiled_is_listed_with_where_it_came_from() {
        let line = |id: &str, file: &str| {
            format!(r#"{{"reason":"compiler-artifact","package_id":"{id}","filenames":["{file}"]}}"#)
        };
        let messages = [
            line("registry+https://github.com/rust-lang/crates.io-index#macro@0.1.0", "/t/guest/deps/libmacro.so"),
            line("registry+https://github.com/rust-lang/crates.io-index#money@1.0.0", "/t/guest/deps/libmoney.rlib"),
            line("git+https://example.org/money?rev=1#2.0.0", "/t/wasm32-unknown-unknown/guest/libmoney.rlib"),
            line("path+file:///x/ledger#1.0.0", "/t/wasm32-unknown-unknown/guest/ledger.wasm"),
            String::from(r#"{"reason":"build-finished","success":true}"#),
            String::from("no JSON"),
        ];
        let found = compiled(&messages.join("\n"), Path::new("/t"));
        let list = list("ledger", LOCK, &found).unwrap();
        let text: Vec<_> = list
            .packages
            .iter()
            .map(|p| format!("{} {} {:?} {:?} {:?} {}", p.name, p.version, p.source, p.kind, p.dependencies, p.root))
            .collect();
        assert_eq!(
            text,
            [
                "ledger 1.0.0 Local Runtime [1, 3] true",
                "macro 0.1.0 CratesIo Build [2] false",
                "money 1.0.0 CratesIo Build [] false",
                // That it needs `ledger` would be a circle.
                "money 2.0.0 Git Runtime [] false",
            ]
        );
        let again: VersionInfo = serde_json::from_str(&serde_json::to_string(&list).unwrap()).unwrap();
        assert_eq!(again, list);
        assert!(super::list("other", LOCK, &found).unwrap_err().to_string().contains("no `other`"));
    }
}
