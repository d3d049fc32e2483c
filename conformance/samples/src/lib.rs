// SPDX-License-Identifier: MIT OR Apache-2.0
//! Samples for the tests of whatever reads contracts: components made from WIT text without a guest tool chain, and types and
//! values at random ([`values`]).
//!
//! The code of each function is `unreachable`: nothing here can be run. What runs is in `conformance/guests`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what is wrong with a sample fails the test"
)]

pub mod values;

use kernel_contract::{Contract, Operation};
use std::sync::Arc;
use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{LiftLowerAbi, ManglingAndAbi, PackageId, Resolve, WorldId};

const TYPES: &str = include_str!("../../../wit/types-1.0.0/types.wit");
const STORAGE: &str = include_str!("../../../wit/storage-1.0.0/storage.wit");

/// The WIT of a test with `cortex:types` and `cortex:storage` beside it.
#[must_use]
pub fn resolve(wit: &str) -> (Resolve, PackageId) {
    let mut resolve = Resolve { all_features: true, ..Resolve::default() };
    resolve.push_str("types.wit", TYPES).unwrap();
    resolve.push_str("storage.wit", STORAGE).unwrap();
    let package = resolve
        .push_str("test.wit", wit)
        .unwrap_or_else(|error| panic!("{error:#}\n{}", wit.chars().take(2_000).collect::<String>()));
    (resolve, package)
}

/// A component of the only world in the WIT, without documentation.
#[must_use]
pub fn component(wit: &str) -> Vec<u8> {
    let (resolve, package) = resolve(wit);
    encode(&resolve, resolve.select_world(&[package], None).unwrap())
}

/// A component of a world, without documentation.
#[must_use]
pub fn encode(resolve: &Resolve, world: WorldId) -> Vec<u8> {
    let mut module = dummy_module(resolve, world, ManglingAndAbi::Legacy(LiftLowerAbi::Sync));
    embed_component_metadata(&mut module, resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default().module(&module).unwrap().validate(true).encode().unwrap()
}

/// A component of the only world in the WIT, with its documentation.
#[must_use]
pub fn documented(wit: &str) -> Vec<u8> {
    sdk_build::docs::embed(&component(wit), &resolve(wit).0).unwrap()
}

/// The contract of a component with documentation.
#[must_use]
pub fn contract(wit: &str) -> Contract {
    Contract::of_component(&documented(wit)).unwrap()
}

/// WIT that exports an interface `test` with these items, which may name the types of `cortex:types`.
#[must_use]
pub fn wit_of_items(items: &str) -> String {
    format!(
        "package test:test@1.0.0;
        interface test {{
            use cortex:types/types@1.0.0.{{decimal, currency-code, money, date, date-time, uuid, page-request, page, problem}};
            {items}
        }}
        world test-world {{ export test; }}"
    )
}

/// The operation `test.call` of an interface with these items.
#[must_use]
pub fn operation(items: &str) -> Arc<Operation> {
    Arc::clone(contract(&wit_of_items(items)).operation(&"test.call".parse().unwrap()).unwrap())
}
