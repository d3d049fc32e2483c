// SPDX-License-Identifier: MIT OR Apache-2.0
//! Contracts that are made to be dear to compare, and components that import more than anybody wants to read about.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper of a test is a test")]

use contract_samples::{component, wit_of_items};
use derive_changes::limits::{CHANGES_MAX, FAULTS_MAX, OPERATIONS_LISTED_MAX};
use derive_changes::{Verdict, breaks, changes};
use kernel_contract::Contract;
use kernel_types::ComponentId;
use std::time::{Duration, Instant};

fn contract(items: &str) -> Contract {
    Contract::of_component(&component(&wit_of_items(items))).unwrap()
}

/// Far beyond what it takes, and far below what it would take without a bound.
const PATIENCE: Duration = Duration::from_secs(30);

/// A chain of records, each with the one before it in every field: 2 to the 14th values, were it written out.
fn doubling(last: &str) -> String {
    let mut items = format!("record r0 {{ a: {last} }}\n");
    for n in 1..15 {
        items += &format!("record r{n} {{ a: r{m}, b: r{m} }}\n", m = n - 1);
    }
    items + "call: func(x: r14) -> r14;"
}

#[test]
fn what_doubles_at_each_level_is_looked_at_once() {
    let begin = Instant::now();
    let found = changes(&contract(&doubling("u32")), &contract(&doubling("u64")));
    assert!(begin.elapsed() < PATIENCE);
    assert!(found.is_complete());
    let items: Vec<_> = found.as_slice().iter().map(|change| change.item.as_str()).collect();
    assert_eq!(items, ["r0.a", "r0.a"], "once for requests, once for answers");
}

/// Records whose fields are all of one type, which has another name in the other version: nothing tells that it was
/// looked at. The parser allows a component a million parts of types, written out; this has half of them.
fn crossing(prefix: &str, names: usize, fields: usize) -> String {
    let mut items = String::new();
    let body: String = (0..fields).map(|field| format!("part-n{field}: {prefix}-leaf, ")).collect();
    items += &format!(
        "record {prefix}-leaf {{ {} }}\n",
        (0..fields).map(|n| format!("leaf-n{n}: u8, ")).collect::<String>()
    );
    for name in 0..names {
        items += &format!(
            "record {prefix}-n{name} {{ {body} }}\ncall-n{name}: func(x: {prefix}-n{name}) -> {prefix}-n{name};\n"
        );
    }
    items
}

#[test]
fn what_is_too_large_is_breaking_and_ends() {
    let (old, new) =
        (contract(&crossing("old", 8, 120)), contract(&crossing("new", 8, 120).replace("leaf-n0: u8", "leaf-n0: u16")));
    let begin = Instant::now();
    let found = changes(&old, &new);
    assert!(begin.elapsed() < PATIENCE, "{:?}", begin.elapsed());
    assert!(!found.is_complete() && !found.is_empty());
    assert_eq!((found.http(), found.components()), (Verdict::Breaking, Verdict::Breaking));
    assert!(found.to_string().contains("too large to be compared as a whole"), "{found}");
    // Compared with itself nothing is walked twice, and nothing is too large.
    assert!(changes(&old, &old).is_empty());
}

#[test]
fn what_is_said_is_bounded() {
    let functions = |ty: &str| (0..1_200).map(|n| format!("call-n{n}: func(x: {ty});\n")).collect::<String>();
    let (old, new) = (contract(&functions("u32")), contract(&functions("u64")));
    let found = changes(&old, &new);
    assert_eq!((found.as_slice().len(), found.omitted()), (CHANGES_MAX, 1_200 - CHANGES_MAX));
    assert!(found.to_string().ends_with("and 200 more changes\n"));
    let shared = |field: &str| format!("record entry {{ {field} }}\n{}", functions("entry"));
    let found = changes(&contract(&shared("a: u8")), &contract(&shared("a: u16")));
    let [change] = found.as_slice() else { panic!("{found}") };
    assert_eq!((change.item.as_str(), change.operations.len()), ("entry.a", OPERATIONS_LISTED_MAX));

    let world = |word: &str| {
        let wit = wit_of_items(&functions("u32")).replace("{ export test; }", &format!("{{ {word} test; }}"));
        Contract::of_component(&component(&wit)).unwrap()
    };
    let id = ComponentId::parse("greedy").unwrap();
    let broken = breaks(&old, &new, [(&id, &world("import"))]);
    let [broken] = broken.as_slice() else { panic!("one component breaks") };
    assert_eq!((broken.faults.len(), broken.omitted), (FAULTS_MAX, 1_200 - FAULTS_MAX));
}

#[test]
fn names_of_any_length_are_cut() {
    let name = vec!["name"; 60].join("-");
    let old = format!("record {name} {{ {name}: u8 }} call: func({name}: {name});");
    let new = old.replace("u8", "u16");
    let text = changes(&contract(&old), &contract(&new)).to_string();
    assert!(text.contains("name-name") && text.len() < 2_000, "{}", text.len());
}

#[test]
fn the_deepest_types_are_compared() {
    let deep = |inner: &str| {
        let ty = (0..58).fold(inner.to_owned(), |ty, _| format!("list<{ty}>"));
        contract(&format!("call: func(x: {ty});"))
    };
    let found = changes(&deep("u32"), &deep("u64"));
    let [change] = found.as_slice() else { panic!("{found}") };
    assert!(change.item.starts_with("call(x)[][][]"), "{}", change.item);
    assert!(changes(&deep("u32"), &deep("u32")).is_empty());
}
