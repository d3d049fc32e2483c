// SPDX-License-Identifier: MIT OR Apache-2.0
//! The rules over this workspace. What each rule finds is tested beside it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a rule that is broken, or cannot be checked, fails the test")]

use tidy::tree::Tree;
use tidy::{
    Fault, callers, frozen, guests, kernel, length, licence, links, lints, paths, report, rings, top, unsafety,
};

#[track_caller]
fn check(rule: impl FnOnce(&Tree) -> Vec<Fault>) {
    let tree = Tree::read().unwrap();
    assert!(tree.files.len() > 100, "the tree was not read: {} files", tree.files.len());
    if let Some(faults) = report(&rule(&tree)) {
        panic!("\n{faults}\n");
    }
}

#[test]
fn each_ring_imports_inwards_only() {
    check(|tree| rings::check(&rings::crates(&tree.root).unwrap()));
}

#[test]
fn every_crate_takes_the_lints_of_the_workspace() {
    check(|tree| lints::check(tree, &rings::crates(&tree.root).unwrap()));
}

#[test]
fn every_source_file_names_its_licence() {
    check(licence::check);
}

#[test]
fn the_top_of_the_tree_holds_what_it_should_and_nothing_else() {
    check(top::check);
}

#[test]
fn no_file_is_too_long() {
    check(length::check);
}

#[test]
fn a_caller_is_made_in_one_place() {
    check(callers::check);
}

#[test]
fn what_is_unsafe_stands_in_listed_places() {
    check(unsafety::check);
}

#[test]
fn no_path_of_a_machine_is_in_the_tree() {
    check(paths::check);
}

#[test]
fn the_part_that_decides_stays_small() {
    check(kernel::check);
}

#[test]
fn links_between_pages_lead_somewhere() {
    check(links::check);
}

#[test]
fn released_packages_of_wit_do_not_change() {
    check(|tree| frozen::check(tree).unwrap());
}

#[test]
fn every_operation_of_a_guest_is_called_by_a_test() {
    check(guests::check);
}
