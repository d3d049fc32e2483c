// SPDX-License-Identifier: MIT OR Apache-2.0
//! The part that decides stays small enough to be audited by one person in days: every `kernel-*` crate, and the
//! verification of signatures.

use crate::Fault;
use crate::rust::{code, is_test_file, lines, without_tests};
use crate::tree::Tree;

/// How many lines of code that part may have: no comments, no blank lines, no tests. The number goes down; what would
/// raise it makes room first, or is a decision of its own: `docs/decisions/0005-what-counts-as-kernel.md`.
pub const KERNEL_LINES_MAX: usize = 8_130;

/// The folders that it consists of.
const FOLDERS: &[&str] = &["host/kernel-", "signing/verify/"];

/// The lines of code of each crate of that part.
#[must_use]
pub fn count(tree: &Tree) -> Vec<(String, usize)> {
    let mut crates: Vec<(String, usize)> = Vec::new();
    for file in tree.with_extension("rs").filter(|file| FOLDERS.iter().any(|folder| file.path.starts_with(folder))) {
        if is_test_file(&file.path) {
            continue;
        }
        let name = file.path.split('/').take(2).collect::<Vec<_>>().join("/");
        let length = lines(&without_tests(&code(&file.text))).count();
        match crates.iter_mut().find(|(other, _)| *other == name) {
            Some((_, sum)) => *sum += length,
            None => crates.push((name, length)),
        }
    }
    crates
}

/// A fault where the part has grown too large.
#[must_use]
pub fn check(tree: &Tree) -> Vec<Fault> {
    let crates = count(tree);
    let sum: usize = crates.iter().map(|(_, lines)| lines).sum();
    if sum <= KERNEL_LINES_MAX {
        return Vec::new();
    }
    let list: Vec<String> = crates.iter().map(|(name, lines)| format!("{name} {lines}")).collect();
    vec![Fault::of(
        "host/kernel-*",
        format!("{sum} lines of code, at most {KERNEL_LINES_MAX} (decision 0005): {}", list.join(", ")),
    )]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::SourceFile;

    #[test]
    fn code_counts_and_nothing_else() {
        let text = "// comment\n\nfn f() {}\n#[cfg(test)]\nmod tests { }\n";
        let file = |path: &str| SourceFile::new(path, text);
        let paths = [
            "host/kernel-a/src/lib.rs",
            "host/kernel-a/tests/x.rs",
            "host/cap-a/src/lib.rs",
            "signing/verify/src/a.rs",
        ];
        let tree = Tree { root: "/".into(), files: paths.map(file).to_vec() };
        assert_eq!(count(&tree), [("host/kernel-a".into(), 1), ("signing/verify".into(), 1)]);
        assert_eq!(check(&tree), []);
        let long = SourceFile::new("host/kernel-a/src/b.rs", "x();\n".repeat(KERNEL_LINES_MAX + 1));
        assert_eq!(check(&Tree { root: "/".into(), files: vec![long] }).len(), 1);
    }
}
