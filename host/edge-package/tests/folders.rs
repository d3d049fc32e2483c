// SPDX-License-Identifier: MIT OR Apache-2.0
//! A component that is built in two folders is one package, byte for byte; and its list of dependencies is that of its build.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a helper of a test is a test")]

use edge_package::dependencies::{self, DependencyKind, Source};
use edge_package::statement::{Origin, statements};
use edge_package::{Layout, Package};
use sdk_build::{Builder, Environment};
use std::path::Path;

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn build(folder: &str) -> Layout {
    let place = tempfile::tempdir().unwrap();
    let workspace = place.path().join(folder);
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    copy(&sources.join("sdk/build/tests/fixture"), &workspace);
    std::fs::copy(sources.join("Cargo.lock"), workspace.join("Cargo.lock")).unwrap();
    let edit = |file: &str, from: &str, to: &str| {
        let path = workspace.join("components/greeter").join(file);
        let text = std::fs::read_to_string(&path).unwrap().replace(from, to);
        std::fs::write(&path, text).unwrap();
    };
    edit("Cargo.toml", "name = \"greeter\"", "name = \"greeter-packaged\"");
    edit("cortex.yaml", "id: greeter", "id: greeter-packaged");
    // What would carry the folder into the binary: a panic names its file.
    edit(
        "src/lib.rs",
        "length: u32::try_from",
        "length: if name == \"!\" { panic!(\"no\") } else { 0 } + u32::try_from",
    );
    std::fs::create_dir(workspace.join("components/greeter/docs")).unwrap();
    std::fs::write(workspace.join("components/greeter/docs/README.md"), "# Greeter\n").unwrap();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let builder = Builder::new(&workspace, Environment::of_process().with_target_directory(target)).unwrap();
    let bundle = builder.build("components/greeter".as_ref(), &mut |_| {}).unwrap();
    let package = Package::of_directory(&bundle.directory).unwrap();
    let attachments = statements(&package, &Origin::default()).unwrap().map(|s| s.attachment()).to_vec();
    Layout { package, attachments }
}

#[test]
fn a_component_built_in_two_folders_is_one_package() {
    // The first folder is gone when the second one is built: an id belongs to one crate.
    let (one, two) = (build("a"), build("another/and-deeper"));
    assert_eq!(one.package.digest(), two.package.digest());
    assert_eq!(one.content().0, two.content().0);
    assert!(one.package.files().contains_key("docs/README.md"));

    let list = dependencies::read(one.package.component()).unwrap().unwrap();
    let root = list.packages.iter().find(|package| package.root).unwrap();
    assert_eq!((root.name.as_str(), &root.source), ("greeter-packaged", &Source::Local));
    let direct = root.dependencies.iter().map(|index| list.packages[*index].name.as_str());
    assert!(direct.clone().any(|name| name == "wit-bindgen"), "{:?}", direct.collect::<Vec<_>>());
    let kind = |name: &str| list.packages.iter().find(|package| package.name == name).map(|package| package.kind);
    assert_eq!(kind("wit-bindgen"), Some(DependencyKind::Runtime));
    assert_eq!(kind("syn"), Some(DependencyKind::Build));
    assert_eq!(kind("wasmtime"), None, "only what was compiled");

    let [bom, provenance] = statements(&one.package, &Origin::default()).unwrap();
    let parts = bom.predicate["components"].as_array().unwrap();
    let bindgen = parts.iter().find(|part| part["name"] == "wit-bindgen").unwrap();
    assert!(bindgen["purl"].as_str().unwrap().starts_with("pkg:cargo/wit-bindgen@"), "{bindgen}");
    assert_eq!(bom.predicate["compositions"][0]["aggregate"], "complete");
    let materials = provenance.predicate["buildDefinition"]["resolvedDependencies"].as_array().unwrap();
    assert!(materials.iter().any(|material| material["name"] == "wit-bindgen"));
}
