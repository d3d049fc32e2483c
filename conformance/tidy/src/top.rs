// SPDX-License-Identifier: MIT OR Apache-2.0
//! What lies at the top of the tree, and nothing else: the map of the project is its first page.

use crate::Fault;
use crate::tree::Tree;
use std::collections::BTreeSet;

/// What must be there.
const REQUIRED: &[&str] = &[
    "Cargo.lock",
    "Cargo.toml",
    "CHANGELOG.md",
    "LICENSE",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "components",
    "conformance",
    "deny.toml",
    "docs",
    "host",
    "marketplace",
    "sdk",
    "signing",
    "wit",
];

/// What may be there beside dot files: what the ecosystem expects at the top.
const ALLOWED: &[&str] = &["CONTRIBUTING.md", "SECURITY.md", "clippy.toml", "rust-toolchain.toml", "rustfmt.toml"];

/// Every entry that does not belong to the top, and every one that is missing.
#[must_use]
pub fn check(tree: &Tree) -> Vec<Fault> {
    let entries: BTreeSet<&str> = tree.files.iter().filter_map(|file| file.path.split('/').next()).collect();
    let known = |entry: &str| entry.starts_with('.') || REQUIRED.contains(&entry) || ALLOWED.contains(&entry);
    let extra = entries.iter().filter(|entry| !known(entry));
    let extra = extra.map(|entry| Fault::of(*entry, "does not belong to the top of the tree"));
    let missing = REQUIRED.iter().filter(|entry| !entries.contains(*entry));
    extra.chain(missing.map(|entry| Fault::of(*entry, "is missing at the top of the tree"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::SourceFile;

    #[test]
    fn the_top_holds_what_it_should_and_nothing_else() {
        let tree = |paths: &[&str]| {
            let files = REQUIRED.iter().chain(paths).map(|path| SourceFile::new(format!("{path}/x"), "")).collect();
            Tree { root: "/".into(), files }
        };
        assert_eq!(check(&tree(&[".ci", "clippy.toml"])), []);
        assert_eq!(check(&tree(&["scripts"])).len(), 1);
        assert_eq!(check(&Tree { root: "/".into(), files: Vec::new() }).len(), REQUIRED.len());
    }
}
