// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every source file says under which licence it is, in its first line; in its second where the first must be something
//! else (`#!`). Data that allows no comment (JSON, sample books) is left out, and so is text for people.

use crate::Fault;
use crate::tree::Tree;

/// What the line says.
const LINE: &str = "SPDX-License-Identifier: MIT OR Apache-2.0";

/// How the line begins, by the file's extension.
const COMMENTS: &[(&str, &str)] = &[
    ("rs", "//"),
    ("wit", "//"),
    ("js", "//"),
    ("css", "/*"),
    ("html", "<!--"),
    ("sql", "--"),
    ("toml", "#"),
    ("yaml", "#"),
    ("yml", "#"),
    ("sh", "#"),
    ("py", "#"),
];

/// Files without an extension, or with another, that are sources all the same.
const SCRIPTS: &[&str] = &[".ci/run"];

/// Every source file without the line.
#[must_use]
pub fn check(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    for file in &tree.files {
        let comment =
            COMMENTS.iter().find(|(extension, _)| *extension == file.extension()).map(|(_, comment)| *comment);
        let comment = comment.or_else(|| SCRIPTS.contains(&file.path.as_str()).then_some("#"));
        let Some(comment) = comment else { continue };
        let has_line = |line: &str| line.starts_with(comment) && line.contains(LINE);
        let mut first = file
            .text
            .lines()
            .skip_while(|line| line.starts_with("#!") || line.to_ascii_lowercase().starts_with("<!doctype"));
        if !first.next().is_some_and(has_line) {
            faults.push(Fault::at(&file.path, 1, format!("must begin with `{comment} {LINE}`")));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::SourceFile;

    #[test]
    fn the_line_is_the_first_of_each_source_file() {
        let with = |comment: &str| format!("{comment} {LINE}\nrest");
        let cases = [
            ("a.rs", with("//"), true),
            ("a.rs", format!("\n{}", with("//")), false),
            ("a.rs", with("#"), false),
            ("a.rs", String::from("// SPDX-License-Identifier: MIT\n"), false),
            ("a.sql", with("--"), true),
            ("a.sh", format!("#!/bin/sh\n{}", with("#")), true),
            ("a.html", format!("<!doctype html>\n<!-- {LINE} -->"), true),
            (".ci/run", String::from("#!/bin/bash\nset -e"), false),
            ("a.json", String::from("{}"), true),
            ("README.md", String::from("# A"), true),
        ];
        for (path, text, right) in cases {
            let tree = Tree { root: "/".into(), files: vec![SourceFile::new(path, text)] };
            assert_eq!(check(&tree).is_empty(), right, "{path}");
        }
    }
}
