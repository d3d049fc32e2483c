// SPDX-License-Identifier: MIT OR Apache-2.0
//! No source file grows past what a person reads in one go. The number may go down, never up: a file that reaches it is two
//! topics.

use crate::Fault;
use crate::tree::Tree;

/// How many lines a file of Rust may have, tests in it included.
pub const FILE_LINES_MAX: usize = 600;

/// Every file of Rust that is too long.
#[must_use]
pub fn check(tree: &Tree) -> Vec<Fault> {
    let lengths = tree.with_extension("rs").map(|file| (&file.path, file.text.lines().count()));
    let long = lengths.filter(|(_, lines)| *lines > FILE_LINES_MAX);
    long.map(|(path, lines)| Fault::of(path, format!("has {lines} lines, at most {FILE_LINES_MAX}: split it by topic")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::SourceFile;

    #[test]
    fn a_long_file_is_found() {
        for (lines, right) in [(FILE_LINES_MAX, true), (FILE_LINES_MAX + 1, false)] {
            let tree = Tree { root: "/".into(), files: vec![SourceFile::new("a.rs", "x\n".repeat(lines))] };
            assert_eq!(check(&tree).is_empty(), right, "{lines}");
        }
    }
}
