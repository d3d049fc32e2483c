// SPDX-License-Identifier: MIT OR Apache-2.0
//! `unsafe` stands in the places that are listed here, each with a reason, and nowhere else; and nobody switches the lint off
//! elsewhere. The glue that wit-bindgen generates for a component's exports needs the lint off in the component.

use crate::Fault;
use crate::rust::{code, has_word, lines};
use crate::tree::Tree;

/// Files in which `unsafe` may stand, and why.
pub const PLACES: &[(&str, &str)] = &[
    (
        "host/kernel-engine/src/code_cache.rs",
        "loads machine code that this host compiled itself, guarded by a digest of our own",
    ),
    (
        "conformance/guests/hostile/src/alias.rs",
        "a guest that shows its host one memory as many texts; it runs inside the sandbox, as an attack",
    ),
];

/// Folders whose generated glue needs the lint off: it holds the canonical ABI's exports.
const GENERATED: &[&str] = &["components/", "conformance/guests/", "sdk/build/tests/fixture/"];

/// Every `unsafe` outside the places, every lint that is switched off outside of them, every place without need.
#[must_use]
pub fn check(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut used = Vec::new();
    for file in tree.with_extension("rs") {
        let allowed = PLACES.iter().any(|(place, _)| *place == file.path);
        let generated = GENERATED.iter().any(|folder| file.path.starts_with(folder));
        let code = code(&file.text);
        for (line, text) in lines(&code) {
            if has_word(text, "unsafe") {
                used.push(file.path.as_str());
                if !allowed {
                    faults.push(Fault::at(
                        &file.path,
                        line,
                        "`unsafe` may not stand here; the places are listed in tidy",
                    ));
                }
            }
            if has_word(text, "unsafe_code") && !allowed && !generated {
                faults.push(Fault::at(&file.path, line, "the lint `unsafe_code` may not be switched off here"));
            }
        }
    }
    for (place, _) in PLACES.iter().filter(|(place, _)| !used.contains(place)) {
        faults.push(Fault::of(*place, "has no `unsafe` any more: strike it from the places in tidy"));
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::SourceFile;

    #[test]
    fn what_is_unsafe_is_found_outside_its_places() {
        let cases = [
            ("host/kernel-types/src/a.rs", "unsafe { x() }", false),
            ("host/kernel-types/src/a.rs", "#[expect(unsafe_code, reason = \"x\")]", false),
            ("host/kernel-types/src/a.rs", "// unsafe", true),
            ("host/kernel-types/src/a.rs", "let x = \"unsafe\";", true),
            ("components/a/src/lib.rs", "#[expect(unsafe_code, reason = \"generated\")]", true),
            ("components/a/src/lib.rs", "unsafe { x() }", false),
        ];
        for (path, text, right) in cases {
            let places = PLACES.iter().map(|(place, _)| SourceFile::new(*place, "unsafe { load() }"));
            let files = places.chain([SourceFile::new(path, text)]).collect();
            assert_eq!(check(&Tree { root: "/".into(), files }).is_empty(), right, "{path}: {text}");
        }
        assert_eq!(check(&Tree { root: "/".into(), files: Vec::new() }).len(), PLACES.len());
    }
}
