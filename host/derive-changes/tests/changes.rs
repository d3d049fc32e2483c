// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is said of pairs of contracts: `cases/changes.txt` for what an interface holds, and here for interfaces.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper of a test is a test")]

use contract_samples::{contract, wit_of_items};
use derive_changes::{Changes, Verdict, What, changes};
use expect_test::{expect, expect_file};
use std::fmt::Write as _;

/// One line for each change: item, what, HTTP, components.
fn lines(changes: &Changes) -> Vec<String> {
    let line = |change: &derive_changes::Change| {
        let what = match &change.what {
            What::Added => "added".to_owned(),
            What::Removed => "removed".to_owned(),
            What::Changed { from, to } => format!("`{from}` to `{to}`"),
        };
        let (http, components) = (change.http.as_str(), change.components.as_str());
        let reason = change.why.split(';').next().unwrap_or_default();
        format!("{}: {what}; HTTP {http}, components {components}: {reason}", change.item)
    };
    changes.as_slice().iter().map(line).collect()
}

fn version(block: &[&str], mark: &str, other: &str) -> String {
    let lines = block.iter().filter(|line| !line.starts_with(other));
    let items: Vec<_> = lines.map(|line| line.strip_prefix(mark).unwrap_or(line)).collect();
    wit_of_items(&items.join("\n"))
}

#[test]
fn each_change_has_its_verdicts() {
    let cases = include_str!("cases/changes.txt");
    let mut out = String::new();
    let mut with_changes = 0;
    for block in cases.split("\n\n") {
        let written: Vec<_> = block.lines().filter(|line| !line.starts_with("  => ")).collect();
        if !out.is_empty() {
            out.push('\n');
        }
        let _ = writeln!(out, "{}", written.join("\n"));
        if written.iter().all(|line| line.starts_with('#')) {
            continue;
        }
        let (old, new) = (version(&written, "- ", "+ "), version(&written, "+ ", "- "));
        let (old, new) = (contract(&old), contract(&new));
        let found = changes(&old, &new);
        for line in lines(&found) {
            let _ = writeln!(out, "  => {line}");
        }
        with_changes += usize::from(!found.is_empty());
        // Whoever goes from one to the other and back sees a change each way or none.
        assert_eq!(found.is_empty(), changes(&new, &old).is_empty(), "{block}");
        for same in [&old, &new] {
            assert!(changes(same, same).is_empty(), "{block}");
        }
        let worst = found.as_slice().iter().map(|change| (change.http, change.components));
        let worst = worst.fold((Verdict::Compatible, Verdict::Compatible), |a, b| (a.0.max(b.0), a.1.max(b.1)));
        assert_eq!((found.http(), found.components()), worst, "{block}");
    }
    assert!(with_changes > 45, "{with_changes} cases with changes");
    expect_file!["cases/changes.txt"].assert_eq(&out);
}

fn shop(version: &str, interfaces: &[&str]) -> kernel_contract::Contract {
    let items: String = interfaces.iter().map(|name| format!("interface {name} {{ call: func(); }}\n")).collect();
    let exports: String = interfaces.iter().map(|name| format!("export {name};")).collect();
    contract(&format!("package acme:shop@{version}; {items} world w {{ {exports} }}"))
}

#[test]
fn interfaces_come_go_and_move() {
    let old = shop("1.0.0", &["carts", "goods"]);
    for (new, expected) in [
        (shop("1.0.0", &["carts", "goods"]), vec![]),
        (
            shop("1.0.0", &["carts", "goods", "orders"]),
            vec!["orders: added; HTTP compatible, components compatible: it is offered beside what was there"],
        ),
        (shop("1.0.0", &["goods"]), vec!["carts: removed; HTTP breaking, components breaking: its paths are gone"]),
        (
            shop("1.1.0", &["carts"]),
            vec![
                "carts: `acme:shop/carts@1.0.0` to `acme:shop/carts@1.1.0`; HTTP compatible, components breaking: paths \
                 stay, for they name the major version only",
                "goods: removed; HTTP breaking, components breaking: its paths are gone",
            ],
        ),
        (
            shop("2.0.0", &["carts", "goods"]),
            vec![
                "carts: `acme:shop/carts@1.0.0` to `acme:shop/carts@2.0.0`; HTTP breaking, components breaking: paths \
                 name the major version, and the old ones are gone",
                "goods: `acme:shop/goods@1.0.0` to `acme:shop/goods@2.0.0`; HTTP breaking, components breaking: paths \
                 name the major version, and the old ones are gone",
            ],
        ),
    ] {
        assert_eq!(lines(&changes(&old, &new)), expected);
    }
}

const OLD: &str = "record line { amount: decimal } enum kind { simple }
    record entry { kind: kind, lines: list<line> }
    post: func(entry: entry) -> result<u64, problem>;
    post-many: func(entries: list<entry>) -> result<list<u64>, problem>;
    read: func(id: u64) -> result<entry, problem>;
    purge: func();";

const NEW: &str = "record line { amount: decimal, note: option<string> } enum kind { simple, split }
    record entry { kind: kind, lines: list<line> }
    post: func(entry: entry) -> result<u64, problem>;
    post-many: func(entries: list<entry>) -> result<list<u64>, problem>;
    read: func(id: u64) -> result<entry, problem>;
    search: func(text: string) -> list<entry>;";

#[test]
fn an_administrator_reads_it() {
    let (old, new) = (contract(&wit_of_items(OLD)), contract(&wit_of_items(NEW)));
    expect![[r#"
        test:test/test@1.0.0
          kind.split is added [HTTP: compatible, components: breaking]
            the case is new: requests may have it; components that call it have to be built against the new version
            in test.post, test.post-many
          line.note is added [HTTP: compatible, components: breaking]
            requests may leave it out; components that call it have to be built against the new version
            in test.post, test.post-many
          kind.split is added [HTTP: breaking, components: breaking]
            the case is new: answers may have it, and callers do not know it; components that call it have to be built against the new version
            in test.read
          line.note is added [HTTP: compatible, components: breaking]
            answers have one field more, which only those refuse who allow no other; components that call it have to be built against the new version
            in test.read
          purge is removed [HTTP: breaking, components: breaking]
            its path is gone; components that call it have to be built against the new version
          search is added [HTTP: compatible, components: compatible]
            it is offered beside what was there; components that call it still fit
    "#]].assert_eq(&changes(&old, &new).to_string());
    expect![[r#"
        nothing changes for callers
    "#]]
    .assert_eq(&changes(&old, &old).to_string());
}

#[test]
fn a_program_reads_it() {
    let new = OLD.replace("purge: func();", "purge: func(all: bool);");
    let found = changes(&contract(&wit_of_items(OLD)), &contract(&wit_of_items(&new)));
    expect![[r#"
        {
          "http": "breaking",
          "components": "breaking",
          "complete": true,
          "omitted": 0,
          "changes": [
            {
              "interface": "test:test/test@1.0.0",
              "item": "purge(all)",
              "what": "added",
              "http": "breaking",
              "components": "breaking",
              "why": "requests without it are refused; components that call it have to be built against the new version",
              "operations": [
                "test.purge"
              ]
            }
          ]
        }"#]].assert_eq(&serde_json::to_string_pretty(&found).unwrap());
}
