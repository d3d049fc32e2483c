// SPDX-License-Identifier: MIT OR Apache-2.0
//! The components of this checkout, as they are built: what upgrades of the ledger would change, and whether the
//! importer of journals would break.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper of a test is a test")]

use contract_samples::encode;
use derive_changes::{Verdict, breaks, changes};
use expect_test::expect;
use kernel_contract::Contract;
use kernel_types::ComponentId;
use sdk_build::{Builder, Environment};
use std::path::{Path, PathBuf};
use wit_parser::{Resolve, UnresolvedPackageGroup};

fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

/// The contract of a component's binary.
fn built(component: &str) -> Contract {
    let builder = Builder::new(checkout(), Environment::of_process()).unwrap();
    let bundle = builder.build(component.as_ref(), &mut |_| {}).unwrap().directory;
    Contract::of_component(&std::fs::read(bundle.join("component.wasm")).unwrap()).unwrap()
}

/// The contract of a ledger whose WIT has been changed.
fn ledger(file: &str, from: &str, to: &str) -> Contract {
    let folder = tempfile::tempdir().unwrap();
    let published = checkout().join("wit/accounting-1.0.0");
    for entry in std::fs::read_dir(published).unwrap() {
        let path = entry.unwrap().path();
        let mut text = std::fs::read_to_string(&path).unwrap();
        if path.ends_with(file) {
            assert!(text.contains(from), "{file} does not hold `{from}`");
            text = text.replacen(from, to, 1);
        }
        std::fs::write(folder.path().join(path.file_name().unwrap()), text).unwrap();
    }
    let mut resolve = Resolve::default();
    for folder in [checkout().join("wit/types-1.0.0"), folder.path().to_owned()] {
        resolve.push_group(UnresolvedPackageGroup::parse_dir(&folder).unwrap()).unwrap();
    }
    let offered = built("components/accounting");
    let exports: String = offered.interfaces().iter().map(|one| format!("export {};", one.id)).collect();
    let world = format!("package test:ledger@1.0.0; world ledger {{ {exports} }}");
    let package = resolve.push_str("world.wit", &world).unwrap();
    let world = resolve.select_world(&[package], None).unwrap();
    Contract::of_component(&encode(&resolve, world)).unwrap()
}

fn broken(new: &Contract) -> String {
    let (id, importer) = (ComponentId::parse("import-journal").unwrap(), built("components/import-journal"));
    let found = breaks(&built("components/accounting"), new, [(&id, &importer)]);
    found.iter().map(ToString::to_string).collect()
}

#[test]
fn the_ledger_as_built_is_the_ledger_as_published() {
    let built = built("components/accounting");
    let published = ledger("journal.wit", "post:", "post:");
    let found = changes(&built, &published);
    assert!(found.is_empty() && built.operations().count() > 40, "{found}");
    assert_eq!(broken(&published), "");
}

#[test]
fn an_optional_field_breaks_components_and_no_caller_over_http() {
    let new = ledger("ledger.wit", "record entry-input {", "record entry-input { note: option<string>,");
    let found = changes(&built("components/accounting"), &new);
    assert_eq!((found.http(), found.components()), (Verdict::Compatible, Verdict::Breaking), "{found}");
    expect![[r#"
        cortex:accounting/ledger@1.0.0
          entry-input.note is added [HTTP: compatible, components: breaking]
            requests may leave it out; components that call it have to be built against the new version
            in journal.create-draft, journal.update-draft, journal.post, journal.post-many
          entry-input.note is added [HTTP: compatible, components: breaking]
            answers have one field more, which only those refuse who allow no other; components that call it have to be built against the new version
            in journal.create-draft, journal.get-draft, journal.update-draft, journal.list-drafts
    "#]].assert_eq(&found.to_string());
    expect![[r#"
        `import-journal` would break:
          cortex:accounting/journal@1.0.0 post-many, at entry-input.note: it is new
    "#]]
    .assert_eq(&broken(&new));
}

#[test]
fn what_the_importer_does_not_call_does_not_break_it() {
    let new = ledger("journal.wit", "    reverse: func(", "    undo: func(");
    let found = changes(&built("components/accounting"), &new);
    assert_eq!((found.http(), found.components()), (Verdict::Breaking, Verdict::Breaking), "{found}");
    assert_eq!(broken(&new), "");
}
