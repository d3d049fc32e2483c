// SPDX-License-Identifier: MIT OR Apache-2.0
//! Who breaks, at what; and who does not, because what changed is nothing that it imports.

#![allow(clippy::unwrap_used, reason = "a helper of a test is a test")]

use contract_samples::component;
use derive_changes::breaks;
use kernel_contract::Contract;
use kernel_types::ComponentId;

const SHOP: &str = "
    interface goods {
        record price { amount: u32 }
        find: func(name: string) -> price;
        count: func() -> u32;
        move-all: func(here: string, there: string);
    }
    interface carts { fill: func(); }";

/// A component of the package in this version whose world has these lines. It imports what the world names of
/// functions.
fn shop(version: &str, interfaces: &str, world: &str) -> Contract {
    let wit = format!("package acme:shop@{version}; {interfaces} world w {{ {world} }}");
    Contract::of_component(&component(&wit)).unwrap()
}

/// A component that imports these functions of `goods`.
fn caller(functions: &str) -> Contract {
    let interfaces =
        format!("interface goods {{ record price {{ amount: u32 }} {functions} }} interface carts {{ fill: func(); }}");
    shop("1.0.0", &interfaces, "import goods;")
}

#[track_caller]
fn check(new: &Contract, expected: &[(&str, &str)]) {
    let old = shop("1.0.0", SHOP, "export goods; export carts;");
    let reader = "interface goods { record price { amount: u32 } }
        interface shelf { use goods.{price}; show: func(p: price); }";
    let consumers = [
        ("finder", caller("find: func(name: string) -> price;")),
        ("counter", caller("count: func() -> u32;")),
        ("mover", caller("move-all: func(here: string, there: string);")),
        ("filler", shop("1.0.0", SHOP, "import carts;")),
        ("reader", shop("1.0.0", reader, "export shelf;")),
        ("elsewhere", shop("1.5.0", SHOP, "import goods;")),
    ];
    let consumers: Vec<_> =
        consumers.into_iter().map(|(id, contract)| (ComponentId::parse(id).unwrap(), contract)).collect();
    let found = breaks(&old, new, consumers.iter().map(|(id, contract)| (id, contract)));
    let said: Vec<_> = found.iter().map(|one| (one.component.to_string(), one.to_string())).collect();
    let ids: Vec<_> = said.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids, expected.iter().map(|(id, _)| *id).collect::<Vec<_>>(), "{said:?}");
    for ((_, text), (_, part)) in said.iter().zip(expected) {
        assert!(text.contains(part), "{part} in {text}");
    }
}

fn changed(from: &str, to: &str) -> Contract {
    assert!(SHOP.contains(from));
    shop("1.0.0", &SHOP.replace(from, to), "export goods; export carts;")
}

#[test]
fn only_what_is_imported_counts() {
    check(&changed("amount: u32", "amount: u32"), &[]);
    check(&changed("fill: func();", "fill: func(); empty: func();"), &[]);
    check(
        &changed("amount: u32", "amount: u64"),
        &[("finder", "acme:shop/goods@1.0.0 find, at price.amount: it was `u32`, is `u64`")],
    );
    check(
        &changed("count: func() -> u32;", ""),
        &[("counter", "acme:shop/goods@1.0.0 count: the new version does not have it")],
    );
    check(&changed("name: string", "title: string"), &[]);
    check(
        &changed("fill: func();", "fill: func(all: bool);"),
        &[("filler", "carts@1.0.0 fill, at fill(all): it is new")],
    );
}

/// The engine would link these, for the types are equal.
#[test]
fn who_would_give_one_argument_for_another_breaks() {
    check(
        &changed("here: string, there: string", "there: string, here: string"),
        &[("mover", "move-all, at move-all: it was `parameters in one order`, is `in another`")],
    );
}

#[test]
fn an_interface_that_moved_or_went_breaks_all_who_import_functions_of_it() {
    check(&shop("1.0.0", SHOP, "export goods;"), &[("filler", "carts@1.0.0: the new version does not offer it")]);
    let moved = "there is `acme:shop/goods@1.1.0` instead, and components are linked to one version";
    check(
        &shop("1.1.0", SHOP, "export goods; export carts;"),
        &[("finder", moved), ("counter", moved), ("mover", moved), ("filler", "`acme:shop/carts@1.1.0` instead")],
    );
}
