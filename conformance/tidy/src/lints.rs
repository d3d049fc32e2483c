// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every crate of the workspace takes the workspace's lints; a crate that forgets them would be checked by nothing.

use crate::Fault;
use crate::rings::Crate;
use crate::tree::Tree;

/// Every crate without `[lints] workspace = true`.
#[must_use]
pub fn check(tree: &Tree, crates: &[Crate]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for one in crates {
        let path = format!("{}/Cargo.toml", one.folder);
        let text = tree.files.iter().find(|file| file.path == path).map(|file| file.text.as_str());
        if !text.is_some_and(takes_lints) {
            faults.push(Fault::of(path, "must have the table `[lints]` with `workspace = true`"));
        }
    }
    faults
}

fn takes_lints(manifest: &str) -> bool {
    let table = manifest.lines().map(str::trim).skip_while(|line| *line != "[lints]").skip(1);
    let mut table = table.take_while(|line| !line.starts_with('['));
    table.any(|line| line.replace(' ', "") == "workspace=true")
}

#[cfg(test)]
mod tests {
    use super::takes_lints;

    #[test]
    fn the_table_is_found_in_its_place() {
        let cases = [
            ("[lints]\nworkspace = true\n", true),
            ("[lints]\n\n# all\nworkspace=true\n", true),
            ("[package]\nworkspace = true\n", false),
            ("[lints]\n[dependencies]\nworkspace = true\n", false),
            ("", false),
        ];
        for (manifest, expected) in cases {
            assert_eq!(takes_lints(manifest), expected, "{manifest}");
        }
    }
}
