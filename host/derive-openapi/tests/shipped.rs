// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every interface of a domain in `wit/` keeps the rules of a contract: it can be exported, called with JSON and described.
#![allow(clippy::unwrap_used, reason = "a helper of a test is a test")]

use contract_samples::encode;
use derive_openapi::schema;
use kernel_contract::{Contract, Provider};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use wit_parser::{PackageId, Resolve, UnresolvedPackageGroup};

/// Everything in `wit/`, dependencies first.
fn packages() -> Resolve {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut waiting: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    waiting.sort();
    let mut resolve = Resolve::default();
    while !waiting.is_empty() {
        let before = waiting.len();
        waiting.retain(|path| {
            let group = UnresolvedPackageGroup::parse_dir(path).unwrap();
            let needs = group.main.foreign_deps.keys();
            let ready = needs.into_iter().all(|name| resolve.package_names.contains_key(name));
            if ready {
                resolve.push_group(group).unwrap();
            }
            !ready
        });
        assert!(waiting.len() < before, "packages that need what is not there: {waiting:?}");
    }
    resolve
}

#[test]
fn every_domain_interface_makes_a_contract() {
    let mut resolve = packages();
    let mut worlds: BTreeMap<String, (PackageId, String)> = BTreeMap::new();
    for (id, package) in &resolve.packages {
        let name = format!("{}:{}", package.name.namespace, package.name.name);
        let is_domain = Provider::of_package(&name) == Provider::Domain;
        if is_domain && !package.interfaces.is_empty() {
            let exports =
                package.interfaces.keys().map(|interface| format!("export {};", package.name.interface_id(interface)));
            worlds.insert(name, (id, exports.collect()));
        }
    }
    assert!(worlds.contains_key("cortex:accounting"), "{worlds:?}");
    for (name, (_, exports)) in &worlds {
        let test = format!("test:{}", name.replace(':', "-"));
        let package =
            resolve.push_str("test.wit", &format!("package {test}@1.0.0; world all {{ {exports} }}")).unwrap();
        let world = resolve.select_world(&[package], None).unwrap();
        let bytes = sdk_build::docs::embed(&encode(&resolve, world), &resolve).unwrap();
        let contract = Contract::of_component(&bytes).unwrap();
        for operation in contract.operations() {
            assert!(operation.docs.is_some(), "{} has no documentation", operation.name);
            for schema in [Some(schema::input(operation)), Some(schema::output(operation)), schema::error(operation)] {
                assert!(schema.iter().all(jsonschema::meta::is_valid), "{}", operation.name);
            }
        }
    }
}
