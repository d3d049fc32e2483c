// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every operation of a guest in `conformance/guests` is called by a test or a measurement: an attack that nobody mounts
//! proves nothing.

use crate::Fault;
use crate::tree::{SourceFile, Tree};

/// The guests' folder.
const GUESTS: &str = "conformance/guests/";

/// Every operation in a guest's manifest that no test names.
#[must_use]
pub fn check(tree: &Tree) -> Vec<Fault> {
    let is_caller = |file: &&SourceFile| {
        file.path.starts_with("conformance/runner/")
            || file.path.starts_with("conformance/bench/")
            || (file.path.starts_with("host/") && file.path.contains("/tests/"))
    };
    let callers: Vec<&SourceFile> = tree.with_extension("rs").filter(is_caller).collect();
    let manifests = tree.files.iter().filter(|file| file.path.starts_with(GUESTS) && file.name() == "cortex.yaml");
    let mut faults = Vec::new();
    for manifest in manifests {
        for (line, function) in operations(&manifest.text) {
            if !callers.iter().any(|file| names(&file.text, function)) {
                faults.push(Fault::at(&manifest.path, line, format!("no test calls the operation `{function}`")));
            }
        }
    }
    faults
}

/// The functions under `operations`, by the lines of their keys.
fn operations(manifest: &str) -> Vec<(usize, &str)> {
    let lines = (1..).zip(manifest.lines()).skip_while(|(_, line)| line.trim_end() != "operations:").skip(1);
    let lines = lines.take_while(|(_, line)| line.starts_with([' ', '#']) || line.is_empty());
    let key = |line: &'_ str| line.starts_with("  ") && !line.starts_with("   ") && !line.trim().starts_with('#');
    lines
        .filter(|(_, line)| key(line))
        .filter_map(|(number, line)| Some((number, line.trim().split_once(':')?.0.split_once('.')?.1)))
        .collect()
}

/// Whether a text ends with the function's name: alone, in a path, or behind its interface.
fn names(text: &str, function: &str) -> bool {
    let snake = function.replace('-', "_");
    let ways = [function, &snake].map(|name| [format!("\"{name}\""), format!("/{name}\""), format!(".{name}\"")]);
    ways.as_flattened().iter().any(|way| text.contains(way))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_that_no_test_calls_is_found() {
        let manifest = "id: x\noperations:\n  # all\n  attacks.spin:\n    effect: read\n  attacks.call-host: { effect: read }\nlimits:\n  a.b: 1\n";
        let cases = [
            ("conformance/runner/tests/a.rs", "(\"spin\", \"call_host\")", 0),
            ("host/kernel-engine/tests/a.rs", "post(\"/api/x/v1/attacks/spin\"); (\"attacks.call-host\")", 0),
            ("conformance/runner/tests/a.rs", "spin(\"call-host\")", 1),
            ("host/kernel-engine/src/a.rs", "(\"spin\", \"call_host\")", 2),
        ];
        for (path, text, expected) in cases {
            let files = vec![SourceFile::new(format!("{GUESTS}x/cortex.yaml"), manifest), SourceFile::new(path, text)];
            assert_eq!(check(&Tree { root: "/".into(), files }).len(), expected, "{path}");
        }
    }
}
