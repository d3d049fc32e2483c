// SPDX-License-Identifier: MIT OR Apache-2.0
//! Text that is no YAML, or a part of YAML that is not allowed.

use super::Snapshot;
use expect_test::{expect, expect_file};
use kernel_manifest::{BYTES_MAX, DEPTH_MAX, FAULTS_MAX, Manifest};

#[test]
fn what_is_no_mapping() {
    let mut faults = Snapshot::default();
    faults.text("");
    faults.text("# nothing\n");
    faults.text("---\n...\n");
    faults.text("ledger");
    faults.text("- id: ledger\n");
    faults.text("\0");
    faults.matches(&expect_file!["snapshots/yaml-what-is-no-mapping.txt"]);
}

#[test]
fn what_is_no_yaml() {
    let mut faults = Snapshot::default();
    faults.edit("id: ledger\n", "id: ledger\n\tversion: 1\n");
    faults.edit("title: Ledger\n", "title: \"Ledger\n");
    faults.edit("title: Ledger\n", "title: Ledger: the books\n");
    faults.edit("title: Ledger\n", "title: [Ledger\n");
    faults.edit("title: Ledger\n", "title: Ledger]\n  x\n y: z\n");
    faults.edit("title: Ledger\n", "title: @Ledger\n");
    faults.edit("title: Ledger\n", "title: \"\\q\"\n");
    faults.edit("title: Ledger\n", "? [a]\n: b\n");
    faults.edit("title: Ledger\n", "? {a: b}\n: b\n");
    faults.edit("title: Ledger\n", ": b\n");
    faults.matches(&expect_file!["snapshots/yaml-what-is-no-yaml.txt"]);
}

#[test]
fn what_of_yaml_is_not_allowed() {
    let mut faults = Snapshot::default();
    faults.edit("title: Ledger\n", "title: &name Ledger\n");
    faults.edit("title: Ledger\n", "title: *name\n");
    faults.edit("title: Ledger\n", "title: !!str Ledger\n");
    faults.edit("title: Ledger\n", "title: !include other.yaml\n");
    faults.edit("title: Ledger\n", "<<: { title: Ledger }\n");
    faults.edit("id: ledger\n", "id: ledger\n---\n");
    faults.edit("id: ledger\n", "id: ledger\nid: ledger\n");
    let laughs = "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n";
    faults.text(laughs);
    faults.matches(&expect_file!["snapshots/yaml-what-of-yaml-is-not-allowed.txt"]);
}

#[test]
fn too_much() {
    let mut faults = Snapshot::default();
    faults.text(&" ".repeat(BYTES_MAX + 1));
    faults.text(&"[".repeat(100_000));
    faults.text(&"{a: ".repeat(50_000));
    faults.text(&"- ".repeat(100_000));
    faults.text(&format!("operations: [{}]", "1,".repeat(60_000)));
    assert!(Manifest::parse(&"[".repeat(DEPTH_MAX)).is_err());
    faults.matches(&expect_file!["snapshots/yaml-too-much.txt"]);
}

#[test]
fn a_list_has_a_thousand_items_at_the_most() {
    let calls = |count: usize| {
        let one = |n: usize| format!("  - {{ interface: \"a:b/c{n}\", reason: It has its reasons. }}\n");
        let list: String = (0..count).map(one).collect();
        Manifest::parse(&super::LEDGER.replace("calls:\n", &format!("calls:\n{list}")))
    };
    assert_eq!(calls(999).unwrap().calls.len(), 1_000);
    expect!["49:3: `calls`: expected at most 1000 items, found 1001"].assert_eq(&calls(1_000).unwrap_err().to_string());
}

#[test]
fn faults_beyond_the_maximum_are_counted() {
    let text: String = (0..FAULTS_MAX + 50).map(|n| format!("key{n}: 1\n")).collect();
    let faults = Manifest::parse(&text).unwrap_err();
    assert_eq!((faults.as_slice().len(), faults.omitted()), (FAULTS_MAX, 57));
    assert!(faults.to_string().ends_with("\nand 57 more; mend these first"), "{faults}");
}

#[test]
fn plain_words_are_words() {
    for word in ["no", "No", "NO", "yes", "on", "off", "y", "n", "Null or not", "12:30", "0b1", "1_000", "1.0.0", "="] {
        let manifest = Manifest::parse(&super::LEDGER.replace("title: Ledger\n", &format!("title: {word}\n")));
        assert_eq!(manifest.unwrap_or_else(|faults| panic!("{faults}")).title, word);
    }
}

#[test]
fn line_endings_and_a_byte_order_mark_do_not_matter() {
    let plain = Manifest::parse(super::LEDGER).unwrap();
    assert_eq!(Manifest::parse(&super::LEDGER.replace('\n', "\r\n")).unwrap(), plain);
    assert_eq!(
        Manifest::parse(&format!("\u{feff}{}", super::LEDGER)).unwrap().operations.len(),
        plain.operations.len()
    );
}

#[test]
fn a_column_counts_characters_and_a_file_may_be_named() {
    let mut faults = Snapshot::default();
    faults.text("title: { \"ä\": 1, x: 2 }");
    faults.matches(&expect_file!["snapshots/yaml-a-column-counts-characters-and-a-file-may-be-named.txt"]);
    let faults = Manifest::parse("id: Ä").unwrap_err();
    let lines = faults.in_file("components/ledger/cortex.yaml").to_string();
    assert!(lines.lines().all(|line| line.starts_with("components/ledger/cortex.yaml:1:")), "{lines}");
}
