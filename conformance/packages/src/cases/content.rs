// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is wrong with the files themselves, though their layout is right and their publisher signed them.

use crate::draft::{Draft, PACKAGE};
use crate::world::{World, component, files};
use crate::{Case, case};
use serde_json::{Value, json};

/// A package with another file in the place of one, forged into the manifest as a publisher's own tool would not.
fn replaced(mut draft: Draft, layer: usize, bytes: &[u8]) -> Draft {
    let mut descriptor = Value::Null;
    draft.forge(PACKAGE, |manifest| descriptor = manifest["layers"][layer].clone());
    draft.put(&mut descriptor, bytes);
    draft.forge(PACKAGE, |manifest| manifest["layers"][layer] = descriptor);
    draft
}

/// The honest binary in the place of itself, or these bytes.
fn binary(world: &World, faulty: bool, bytes: impl FnOnce(Vec<u8>) -> Vec<u8>) -> Draft {
    let honest = files().remove("component.wasm").unwrap();
    replaced(Draft::honest(world), 0, &if faulty { bytes(honest) } else { honest })
}

/// A binary written out, with a component within it.
fn nesting(imports: &str, inner: &str, given: &str) -> Vec<u8> {
    let text = format!(
        "(component
           {imports}
           (component $inner {inner})
           (instance (instantiate $inner {given}))
           (core module $m (func (export \"buy\")))
           (core instance $i (instantiate $m))
           (func $buy (canon lift (core func $i \"buy\")))
           (instance $e (export \"buy\" (func $buy)))
           (export \"acme:fleet/cars@1.0.0\" (instance $e)))"
    );
    wat::parse_str(text).unwrap()
}

/// What no manifest here asks for.
const SQL: &str = "(import \"cortex:storage/sql@1.0.0\" (instance $sql (export \"run\" (func))))";

pub(super) fn cases() -> Vec<Case> {
    vec![
        case("a core module instead of a component", "package", |world, faulty| {
            binary(world, faulty, |_| wat::parse_str("(module (func (export \"buy\")))").unwrap())
        }),
        case("a component that is cut off", "package", |world, faulty| {
            binary(world, faulty, |mut bytes| {
                bytes.truncate(bytes.len() / 2);
                bytes
            })
        }),
        case("a packed component", "package", |world, faulty| {
            binary(world, faulty, |bytes| miniz_oxide::deflate::compress_to_vec_zlib(&bytes, 9))
        }),
        case("no component at all", "package", |world, faulty| {
            let mut draft = Draft::honest(world);
            draft.forge(PACKAGE, |manifest| {
                if faulty {
                    manifest["layers"].as_array_mut().unwrap().remove(0);
                }
            });
            draft
        }),
        case("a manifest that is none", "package", |world, faulty| {
            let honest = files().remove("cortex.yaml").unwrap();
            replaced(Draft::honest(world), 1, if faulty { b"id: [" } else { &honest })
        }),
        case("a file that belongs to no part", "package", |world, faulty| {
            let mut draft = Draft::honest(world);
            draft.forge(PACKAGE, |manifest| {
                if faulty {
                    manifest["layers"][3]["annotations"]["org.opencontainers.image.title"] = json!("bin/setup.sh");
                }
            });
            draft
        }),
        case("an import that nobody declared", "check", |world, faulty| {
            let world_has = if faulty { "import cortex:storage/sql@1.0.0;" } else { "" };
            Draft::of_changed(world, &[("component.wasm", &component(world_has))])
        }),
        case("an import that a component within hides", "package", |world, faulty| {
            let honest = nesting("", "", "");
            let draft = Draft::of_changed(world, &[("component.wasm", &honest)]);
            replaced(draft, 0, &if faulty { nesting("", SQL, "") } else { honest })
        }),
        case("an import that is passed on to a component within", "check", |world, faulty| {
            let (imports, given) =
                if faulty { (SQL, "(with \"cortex:storage/sql@1.0.0\" (instance $sql))") } else { ("", "") };
            Draft::of_changed(world, &[("component.wasm", &nesting(imports, imports, given))])
        }),
        case("an operation that the manifest does not know", "check", |world, faulty| {
            let world_has = if faulty { "export more;" } else { "" };
            Draft::of_changed(world, &[("component.wasm", &component(world_has))])
        }),
        case("a migration of the tables of others", "check", |world, faulty| {
            let sql: &[u8] = if faulty { b"DROP TABLE accounting__entries;" } else { b"DROP TABLE cars;" };
            Draft::of_changed(world, &[("migrations/0002_more.sql", sql)])
        }),
        case("a migration that takes the place of one", "check", |world, faulty| {
            let name = if faulty { "migrations/0001_other.sql" } else { "migrations/0002_other.sql" };
            Draft::of_changed(world, &[(name, b"CREATE TABLE vans (id INTEGER PRIMARY KEY);")])
        }),
    ]
}
