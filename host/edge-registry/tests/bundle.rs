// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a package must be to be a component of a host. How its files are read is for `edge-package`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper of a test is a test")]

use cap_storage::Dialect;
use edge_package::Package;
use edge_registry::Bundle;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

const MANIFEST: &str = "
id: sample
version: 1.0.0
title: Sample
description: A sample.
licence: MIT
world: test:test/test-world@1.0.0
operations:
  test.call: { effect: read }
schemas:
  chart: schemas/deep/chart.json
";

/// Something that is done to a component's directory.
type Change<'a> = &'a dyn Fn(&Path);

/// A directory that is a component.
fn directory() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let wasm = contract_samples::documented(&contract_samples::wit_of_items("call: func(x: u32) -> u32;"));
    fs::write(path.join("component.wasm"), wasm).unwrap();
    fs::write(path.join("cortex.yaml"), MANIFEST).unwrap();
    fs::create_dir_all(path.join("migrations")).unwrap();
    fs::write(path.join("migrations/0001_rows.sql"), "CREATE TABLE rows (id INTEGER PRIMARY KEY);\n").unwrap();
    fs::create_dir_all(path.join("schemas/deep")).unwrap();
    fs::write(path.join("schemas/deep/chart.json"), "{\"type\": \"object\"}").unwrap();
    directory
}

fn load(directory: &Path) -> Result<Bundle, String> {
    let package = Package::of_directory(directory).map_err(|error| error.to_string())?;
    Bundle::of_package(Arc::new(package), Dialect::Sqlite).map_err(|error| error.to_string())
}

#[test]
fn a_bundle_is_its_package_and_has_its_digest() {
    let directory = directory();
    let bundle = load(directory.path()).unwrap();
    assert_eq!(bundle.digest(), Package::of_directory(directory.path()).unwrap().digest());
    assert_eq!(bundle.manifest().id.as_str(), "sample");
    assert_eq!(bundle.migrations().as_slice().len(), 1);
    assert_eq!(bundle.contract().operations().count(), 1);
    fs::remove_dir_all(directory.path().join("migrations")).unwrap();
    assert_eq!(load(directory.path()).unwrap().migrations().as_slice().len(), 0);
}

#[test]
fn what_means_nothing_to_a_host_is_named() {
    let manifest = |from: &'static str, to: &'static str| {
        move |path: &Path| fs::write(path.join("cortex.yaml"), MANIFEST.replace(from, to)).unwrap()
    };
    let (missing, undeclared) = (
        manifest("test.call", "test.other"),
        manifest("schemas:", "calls:\n  - { interface: a:b/c, reason: It needs the books of c. }\nschemas:"),
    );
    let cases: &[(&str, Change<'_>)] = &[
        ("0002_more.sql` is no UTF-8", &|path| fs::write(path.join("migrations/0002_more.sql"), b"\xff").unwrap()),
        ("migrations:", &|path| {
            fs::write(path.join("migrations/0003_gap.sql"), "CREATE TABLE x (id INTEGER PRIMARY KEY);").unwrap()
        }),
        ("migrations:", &|path| fs::write(path.join("migrations/0002_evil.sql"), "ATTACH 'x' AS y;").unwrap()),
        ("schema `chart`", &|path| fs::write(path.join("schemas/deep/chart.json"), "{\"type\": 1}").unwrap()),
        ("schema `chart`", &|path| fs::write(path.join("schemas/deep/chart.json"), "{").unwrap()),
        ("schema `chart`", &|path| fs::remove_dir_all(path.join("schemas")).unwrap()),
        ("test.other", &missing),
        ("a:b/c", &undeclared),
    ];
    for (expected, change) in cases {
        let directory = directory();
        change(directory.path());
        let error = load(directory.path()).unwrap_err();
        assert!(error.contains(expected), "{expected}: {error}");
    }
}
