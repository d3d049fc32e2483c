// SPDX-License-Identifier: MIT OR Apache-2.0
//! No path of somebody's machine in the tree: it would be wrong on every other one.

use crate::Fault;
use crate::tree::Tree;

/// How such paths begin, each in two parts so that this file does not contain them.
const BEGINNINGS: &[(&str, &str)] =
    &[("/ho", "me/"), ("/Us", "ers/"), ("/ro", "ot/"), ("/wo", "rk/"), ("/tmp/", "brief"), ("C:\\", "Users")];

/// Every line with a path of a machine, in files of any kind but the list of packages.
#[must_use]
pub fn check(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    for file in tree.files.iter().filter(|file| file.name() != "Cargo.lock") {
        for (line, text) in (1..).zip(file.text.lines()) {
            for (head, tail) in BEGINNINGS {
                let path = format!("{head}{tail}");
                if begins_a_path(text, &path) {
                    faults.push(Fault::at(&file.path, line, format!("contains the path `{path}...` of a machine")));
                }
            }
        }
    }
    faults
}

/// Whether the text stands in the line as the beginning of an absolute path, not as the middle of another one.
fn begins_a_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(position, _)| {
        let before = line.get(..position).and_then(|text| text.chars().next_back());
        !before.is_some_and(|character| character.is_alphanumeric() || "._-}>)$~*".contains(character))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::SourceFile;

    #[test]
    fn a_path_of_a_machine_is_found() {
        let cases = [
            (format!("see {}{}ada/cortex", "/ho", "me/"), false),
            (format!("\"{}{}x\"", "/wo", "rk/"), false),
            (format!("GET /api/v1{}{}x", "/wo", "rk/"), true),
            (format!("$HOME{}{}x", "/wo", "rk/"), true),
            (String::from("docs/homework.md"), true),
        ];
        for (text, right) in cases {
            let tree = Tree { root: "/".into(), files: vec![SourceFile::new("a.md", text.clone())] };
            assert_eq!(check(&tree).is_empty(), right, "{text}");
        }
    }
}
