// SPDX-License-Identifier: MIT OR Apache-2.0
//! What holds for every text: the reader returns, and what it accepts the schema accepts too.

use super::{GREETER, LEDGER, to_json, validator};
use crate::{FAULTS_MAX, Manifest};
use proptest::prelude::*;

/// Reads the text; a fault has a place in it and a text of bounded length.
fn check(text: &str) -> Result<(), TestCaseError> {
    if let Err(faults) = Manifest::parse(text) {
        prop_assert!(!faults.as_slice().is_empty() && faults.as_slice().len() <= FAULTS_MAX);
        let lines = text.split(['\n', '\r']).count();
        for fault in faults.as_slice() {
            prop_assert!(fault.place.line >= 1 && fault.place.line <= lines + 1, "{fault}");
            prop_assert!(fault.place.column >= 1 && fault.place.column <= text.chars().count() + 2, "{fault}");
            prop_assert!(fault.found.len() < 1_000, "{fault}");
            prop_assert!(!fault.found.contains('\n') && !fault.expected.contains('\n'), "{fault}");
        }
    }
    Ok(())
}

/// Pieces of YAML and of manifests, to be put together in any order.
fn token() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "id",
        "version",
        "operations",
        "rest",
        "limits",
        ":",
        ": ",
        "- ",
        "? ",
        "\n",
        "\n  ",
        "\n    ",
        "\t",
        "{",
        "}",
        "[",
        "]",
        ",",
        "\"",
        "'",
        "|",
        ">-\n",
        "&a",
        "*a",
        "!!str",
        "!x",
        "---\n",
        "...\n",
        "%YAML 1.2\n",
        "#",
        "~",
        "null",
        "true",
        "0x1f",
        "1.0",
        "1e9",
        "<<",
        "@",
        "`",
        "\\",
        "\u{feff}",
        "\0",
        "\u{85}",
        "ä",
        "journal.post",
        "GET",
        "/a/{id}",
        "64 MiB",
        "* * * * *",
    ])
}

/// A change of a text: a piece of it goes, stands twice, or is replaced.
fn mutated(text: &'static str) -> impl Strategy<Value = String> {
    let change = (any::<prop::sample::Index>(), 0_usize..40, 0_u8..3, token());
    prop::collection::vec(change, 1..4).prop_map(move |changes| {
        let mut characters: Vec<char> = text.chars().collect();
        for (index, length, kind, token) in changes {
            let start = index.index(characters.len() + 1);
            let end = (start + length).min(characters.len());
            let piece: Vec<char> = match kind {
                0 => Vec::new(),
                1 => characters[start..end].repeat(2),
                _ => token.chars().collect(),
            };
            characters.splice(start..end, piece);
        }
        characters.into_iter().collect()
    })
}

/// A line of the example goes, stands twice, or changes its indentation: more of these stay right than of the others.
fn with_a_changed_line() -> impl Strategy<Value = String> {
    (any::<prop::sample::Index>(), 0_u8..4).prop_map(|(index, kind)| {
        let mut lines: Vec<String> = LEDGER.lines().map(str::to_owned).collect();
        let at = index.index(lines.len());
        match kind {
            0 => drop(lines.remove(at)),
            1 => lines.insert(at, lines[at].clone()),
            2 => lines[at].insert_str(0, "  "),
            _ => lines[at] = lines[at].trim_start().to_owned(),
        }
        lines.join("\n")
    })
}

fn accepted_by_the_schema(text: &str) -> Result<(), TestCaseError> {
    if Manifest::parse(text).is_ok() {
        prop_assert!(validator().is_valid(&to_json(text)), "{text}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn arbitrary_text_is_read_or_refused(text in any::<String>()) {
        check(&text)?;
    }

    #[test]
    fn arbitrary_pieces_of_yaml_are_read_or_refused(tokens in prop::collection::vec(token(), 0..60)) {
        check(&tokens.concat())?;
    }

    #[test]
    fn a_changed_manifest_is_read_or_refused(text in prop_oneof![mutated(LEDGER), mutated(GREETER), with_a_changed_line()]) {
        check(&text)?;
        accepted_by_the_schema(&text)?;
    }
}
