// SPDX-License-Identifier: MIT OR Apache-2.0
//! A released version of a package of WIT does not change: components that were built against it are out there. The file
//! `wit/frozen.lock` holds a digest for each released folder of `wit/`; a folder that is not in it is not released yet.
//!
//! Documentation counts as well: it is shipped in every component's binary. A change is a new version in a new folder.

use crate::Fault;
use crate::tree::{SourceFile, Tree};
use anyhow::{Context as _, Result, bail};
use kernel_types::Digest;
use std::collections::BTreeMap;

/// The file with the digests.
pub const LOCK: &str = "wit/frozen.lock";

/// What the file begins with.
const HEADER: &str = "\
# SPDX-License-Identifier: MIT OR Apache-2.0
# Released packages of WIT, each with the digest of its folder: none of them changes any more. Written by
# `cargo run -p tidy -- freeze [PACKAGE...]`, checked by `cargo test -p tidy`; a change is a new version in a new folder.
";

/// The packages of the tree with the digests of their folders: `types-1.0.0`.
#[must_use]
pub fn packages(tree: &Tree) -> BTreeMap<String, Digest> {
    let mut folders: BTreeMap<String, Vec<&SourceFile>> = BTreeMap::new();
    for file in &tree.files {
        if let Some((folder, _)) = file.path.strip_prefix("wit/").and_then(|path| path.split_once('/')) {
            folders.entry(folder.to_owned()).or_default().push(file);
        }
    }
    let digest = |files: Vec<&SourceFile>| {
        Digest::of_parts(files.iter().flat_map(|file| [file.name().as_bytes(), file.text.as_bytes()]))
    };
    folders.into_iter().map(|(folder, files)| (folder, digest(files))).collect()
}

/// Reads the file with the digests.
///
/// # Errors
/// Where it is not there, or a line is no package with a digest.
pub fn read(tree: &Tree) -> Result<BTreeMap<String, Digest>> {
    let file = tree.files.iter().find(|file| file.path == LOCK);
    let file = file.with_context(|| format!("there is no `{LOCK}`"))?;
    let mut frozen = BTreeMap::new();
    for line in file.text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (package, digest) =
            line.split_once(' ').with_context(|| format!("`{line}` is no package with a digest"))?;
        if frozen.insert(package.to_owned(), digest.trim().parse()?).is_some() {
            bail!("`{package}` is in `{LOCK}` twice");
        }
    }
    Ok(frozen)
}

/// Every released package that has changed or is gone, and every folder that is not named like its package.
///
/// # Errors
/// Where the file with the digests cannot be read.
pub fn check(tree: &Tree) -> Result<Vec<Fault>> {
    let packages = packages(tree);
    let mut faults = Vec::new();
    for (package, frozen) in read(tree)? {
        let place = format!("wit/{package}");
        match packages.get(&package) {
            None => faults.push(Fault::of(place, "is released and gone; put it back")),
            Some(now) if *now != frozen => {
                faults.push(Fault::of(
                    place,
                    "is released and has changed; put it back, and make a new version beside it",
                ));
            }
            Some(_) => {}
        }
    }
    faults.extend(packages.keys().filter_map(|folder| misnamed(tree, folder)));
    Ok(faults)
}

/// A folder `name-version` holds the package `namespace:name@version`.
fn misnamed(tree: &Tree, folder: &str) -> Option<Fault> {
    let place = format!("wit/{folder}");
    let Some((name, version)) = folder.rsplit_once('-') else {
        return Some(Fault::of(place, "must be named by package and version: `ledger-1.0.0`"));
    };
    let mut files = tree.files.iter().filter(|file| file.path.starts_with(&format!("{place}/")));
    let ending = format!(":{name}@{version};");
    let declares = |line: &str| line.trim().starts_with("package ") && line.trim().ends_with(&ending);
    let is_right = files.any(|file| file.text.lines().any(declares));
    (!is_right).then(|| Fault::of(place, format!("must declare a package that ends in `{ending}`")))
}

/// The text of the file with more packages released: those that are named, or all where none is.
///
/// # Errors
/// Where a named package is not there, or a released one has changed.
pub fn freeze(tree: &Tree, wanted: &[String]) -> Result<String> {
    let packages = packages(tree);
    let mut frozen = read(tree)?;
    let wanted: Vec<&String> = if wanted.is_empty() { packages.keys().collect() } else { wanted.iter().collect() };
    for package in wanted {
        let now = packages.get(package).with_context(|| format!("there is no `wit/{package}`"))?;
        let released = *frozen.entry(package.clone()).or_insert(*now);
        if released != *now {
            bail!("`wit/{package}` is released and has changed; put it back, and make a new version beside it");
        }
    }
    let lines = frozen.iter().map(|(package, digest)| format!("{package} {digest}\n"));
    Ok(format!("{HEADER}{}", lines.collect::<String>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(lock: &str, content: &str) -> Tree {
        let package = SourceFile::new("wit/money-1.0.0/money.wit", content);
        Tree { root: "/".into(), files: vec![SourceFile::new(LOCK, lock), package] }
    }

    const CONTENT: &str = "package cortex:money@1.0.0;\ninterface money {}";

    #[test]
    fn a_released_package_does_not_change() {
        let lock = freeze(&tree("", CONTENT), &[]).unwrap();
        assert!(lock.contains("money-1.0.0 sha256:"));
        assert_eq!(check(&tree(&lock, CONTENT)).unwrap(), []);
        assert_eq!(freeze(&tree(&lock, CONTENT), &["money-1.0.0".into()]).unwrap(), lock);

        let changed = format!("{CONTENT} // more");
        assert_eq!(check(&tree("", &changed)).unwrap(), []);
        assert!(check(&tree(&lock, &changed)).unwrap()[0].message.contains("has changed"));
        assert!(freeze(&tree(&lock, &changed), &[]).is_err());

        let mut extended = tree(&lock, CONTENT);
        extended.files.push(SourceFile::new("wit/money-1.0.0/more.wit", "interface more {}"));
        assert_eq!(check(&extended).unwrap().len(), 1);
        let gone = Tree { root: "/".into(), files: vec![SourceFile::new(LOCK, lock)] };
        assert!(check(&gone).unwrap()[0].message.contains("gone"));
    }

    #[test]
    fn a_folder_is_named_like_its_package() {
        assert_eq!(check(&tree("", "package cortex:money@1.0.1;")).unwrap().len(), 1);
        assert_eq!(check(&tree("", "package cortex:cash@1.0.0;")).unwrap().len(), 1);
        assert!(freeze(&tree("", CONTENT), &["cash-1.0.0".into()]).is_err());
    }

    #[test]
    fn a_broken_lock_is_refused() {
        for lock in ["money-1.0.0", "money-1.0.0 sha256:12", "money-1.0.0 md5:12"] {
            assert!(check(&tree(lock, CONTENT)).is_err(), "{lock}");
        }
        let line = freeze(&tree("", CONTENT), &[]).unwrap().lines().last().unwrap().to_owned();
        assert!(check(&tree(&format!("{line}\n{line}"), CONTENT)).is_err());
        assert!(check(&Tree { root: "/".into(), files: Vec::new() }).is_err());
    }
}
