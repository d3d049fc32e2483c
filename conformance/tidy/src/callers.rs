// SPDX-License-Identifier: MIT OR Apache-2.0
//! A `Caller` is made in one place: where a credential was checked. Anywhere else its fields could be made up.

use crate::Fault;
use crate::rust::{code, is_test_file, lines, without_tests};
use crate::tree::Tree;

/// The place.
pub const PLACE: &str = "host/edge-gateway/src/caller.rs";

/// Words before `Caller {` that make it something else than a literal of the kernel's type: its declaration, a function
/// that returns one, or the record of the WIT interface.
const NOT_A_LITERAL: &[&str] = &["struct", "impl", "for", "->", "wit::"];

/// Every literal of `Caller` outside its place, outside of tests, and outside of what tests and measures the host.
#[must_use]
pub fn check(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    let elsewhere = |path: &str| path != PLACE && !is_test_file(path) && !path.starts_with("conformance/");
    for file in tree.with_extension("rs").filter(|file| elsewhere(&file.path)) {
        let code = without_tests(&code(&file.text));
        for (line, _) in lines(&code).filter(|(_, text)| has_literal(text)) {
            faults.push(Fault::at(&file.path, line, format!("a `Caller` is made in {PLACE} only")));
        }
    }
    faults
}

fn has_literal(line: &str) -> bool {
    line.match_indices("Caller").any(|(position, word)| {
        let before = line.get(..position).unwrap_or_default().trim_end();
        let after = line.get(position + word.len()..).unwrap_or_default().trim_start();
        let is_part = before.len() == position && before.ends_with(|character: char| character.is_alphanumeric());
        after.starts_with('{') && !is_part && !NOT_A_LITERAL.iter().any(|word| before.ends_with(word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::SourceFile;

    #[test]
    fn a_literal_outside_its_place_is_found() {
        let literal = "fn f() { let c = Caller { tenant }; }";
        let cases = [
            ("host/kernel-engine/src/a.rs", literal, false),
            ("host/kernel-engine/src/a.rs", "x(kernel_types::Caller{ tenant })", false),
            (PLACE, literal, true),
            ("host/kernel-engine/tests/a.rs", literal, true),
            ("conformance/bench/src/main.rs", literal, true),
            ("components/accounting/src/lib.rs", literal, false),
            ("host/kernel-engine/src/a.rs", "#[cfg(test)]\nmod tests { fn f() { Caller { tenant } } }", true),
            ("host/kernel-engine/src/a.rs", "pub struct Caller { tenant: TenantId }", true),
            ("host/kernel-engine/src/a.rs", "fn caller() -> Caller { todo() }", true),
            ("host/kernel-engine/src/a.rs", "impl Caller { }", true),
            ("host/kernel-engine/src/a.rs", "// Caller { }", true),
            ("host/kernel-engine/src/a.rs", "DynamicCaller { }", true),
            ("host/cap-context/src/lib.rs", "Ok(wit::Caller { subject })", true),
            ("conformance/bench/src/rows.rs", literal, true),
        ];
        for (path, text, right) in cases {
            let tree = Tree { root: "/".into(), files: vec![SourceFile::new(path, text)] };
            assert_eq!(check(&tree).is_empty(), right, "{path}: {text}");
        }
    }
}
