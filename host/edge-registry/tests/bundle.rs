// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a directory must be to be a component, and what is kept of it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper of a test is a test")]

use cap_storage::Dialect;
use edge_registry::{Bundle, BundleError};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
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

fn load(directory: &Path) -> Result<Bundle, BundleError> {
    Bundle::load(directory, Dialect::Sqlite)
}

#[test]
fn a_bundle_is_kept_as_it_was_read_and_has_the_same_digest_there() {
    let (directory, home) = (directory(), tempfile::tempdir().unwrap());
    let bundle = load(directory.path()).unwrap();
    let kept = home.path().join("components/x");
    // The directory changes after it was read: what is kept is what was checked.
    fs::write(directory.path().join("migrations/0001_rows.sql"), "DROP TABLE accounts;").unwrap();
    fs::write(directory.path().join("migrations/0002_more.sql"), "DROP TABLE accounts;").unwrap();
    fs::write(directory.path().join("schemas/deep/chart.json"), "[").unwrap();
    bundle.files().write(&kept).unwrap();
    assert_eq!(load(&kept).unwrap().digest(), bundle.digest());
    let names: Vec<_> = fs::read_dir(home.path().join("components")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["x"]);
}

#[test]
fn what_was_damaged_where_it_is_kept_is_put_right() {
    let (directory, home) = (directory(), tempfile::tempdir().unwrap());
    let (bundle, kept) = (load(directory.path()).unwrap(), home.path().join("x"));
    let damages: &[&dyn Fn()] = &[
        &|| fs::write(kept.join("component.wasm"), "cut").unwrap(),
        &|| fs::remove_file(kept.join("cortex.yaml")).unwrap(),
        &|| fs::remove_dir_all(&kept).unwrap(),
        &|| fs::write(kept.join("migrations/0002_more.sql"), "CREATE TABLE more (id INTEGER PRIMARY KEY);").unwrap(),
        &|| fs::create_dir_all(home.path().join("x.part/migrations")).unwrap(),
        &|| {
            fs::create_dir(home.path().join("x.old")).unwrap();
            fs::write(kept.join("component.wasm"), "cut").unwrap();
        },
        &|| {
            fs::remove_file(kept.join("component.wasm")).unwrap();
            symlink(directory.path().join("component.wasm"), kept.join("component.wasm")).unwrap();
        },
    ];
    bundle.files().write(&kept).unwrap();
    for damage in damages {
        damage();
        bundle.files().write(&kept).unwrap();
        assert_eq!(load(&kept).unwrap().digest(), bundle.digest());
    }
}

#[test]
fn the_digest_covers_each_file_its_place_and_nothing_else() {
    let digest = |change: &dyn Fn(&Path)| {
        let directory = directory();
        change(directory.path());
        load(directory.path()).unwrap().digest()
    };
    let whole = digest(&|_| {});
    assert_eq!(digest(&|path| fs::write(path.join("README.md"), "not of the component").unwrap()), whole);
    let changes: &[Change<'_>] = &[
        &|path| fs::write(path.join("cortex.yaml"), format!("{MANIFEST}\n# more")).unwrap(),
        &|path| fs::write(path.join("schemas/deep/chart.json"), "{}").unwrap(),
        &|path| fs::rename(path.join("migrations/0001_rows.sql"), path.join("migrations/0001_lines.sql")).unwrap(),
        &|path| fs::remove_file(path.join("migrations/0001_rows.sql")).unwrap(),
        &|path| fs::remove_dir_all(path.join("migrations")).unwrap(),
        &|path| {
            fs::rename(path.join("migrations"), path.join("tables")).unwrap();
            fs::write(path.join("cortex.yaml"), format!("{MANIFEST}\nmigrations: tables\n")).unwrap();
        },
    ];
    let mut digests: Vec<_> = changes.iter().map(|change| digest(change)).collect();
    assert!(digests.iter().all(|changed| *changed != whole));
    digests.sort();
    digests.dedup();
    assert_eq!(
        digests.len(),
        changes.len() - 1,
        "no migrations is no migrations, in an empty directory or without one"
    );
}

#[test]
fn nothing_in_a_bundle_is_a_link_or_a_special_file() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("chart.json"), "{\"secret\": true}").unwrap();
    fs::write(outside.path().join("0001_rows.sql"), "CREATE TABLE rows (id INTEGER PRIMARY KEY);\n").unwrap();
    fs::create_dir(outside.path().join("deep")).unwrap();
    fs::write(outside.path().join("deep/chart.json"), "{}").unwrap();
    let swap = |path: &Path, name: &str, target: &str| {
        let name = path.join(name);
        if name.is_dir() { fs::remove_dir_all(&name) } else { fs::remove_file(&name) }.unwrap();
        symlink(outside.path().join(target), name).unwrap();
    };
    let fifo = |path: &Path, name: &str| {
        fs::remove_file(path.join(name)).unwrap();
        let status = std::process::Command::new("mkfifo").arg(path.join(name)).status().unwrap();
        assert!(status.success());
    };
    let cases: &[(&str, Change<'_>)] = &[
        ("chart.json", &|path| swap(path, "schemas/deep/chart.json", "chart.json")),
        ("chart.json", &|path| swap(path, "schemas/deep", "deep")),
        ("chart.json", &|path| swap(path, "schemas", ".")),
        ("migrations", &|path| swap(path, "migrations", ".")),
        ("0001_rows.sql", &|path| swap(path, "migrations/0001_rows.sql", "0001_rows.sql")),
        ("component.wasm", &|path| swap(path, "component.wasm", "chart.json")),
        ("cortex.yaml", &|path| swap(path, "cortex.yaml", "chart.json")),
        ("cortex.yaml", &|path| swap(path, "cortex.yaml", "missing")),
        ("0001_rows.sql", &|path| fifo(path, "migrations/0001_rows.sql")),
        ("component.wasm", &|path| fifo(path, "component.wasm")),
        ("migrations", &|path| fs::create_dir(path.join("migrations/0002_more.sql")).unwrap()),
    ];
    for (name, change) in cases {
        let directory = directory();
        change(directory.path());
        match load(directory.path()) {
            Err(error @ BundleError::Irregular(_)) => assert!(error.to_string().contains(name), "{name}: {error}"),
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn a_file_that_is_missing_or_too_large_is_named() {
    let sparse = |path: &Path, name: &str, bytes: u64| {
        fs::File::create(path.join(name)).unwrap().set_len(bytes).unwrap();
    };
    let cases: &[(&str, Change<'_>)] = &[
        ("component.wasm` cannot be read", &|path| fs::remove_file(path.join("component.wasm")).unwrap()),
        ("cortex.yaml` cannot be read", &|path| fs::remove_file(path.join("cortex.yaml")).unwrap()),
        ("chart.json` cannot be read", &|path| fs::remove_dir_all(path.join("schemas")).unwrap()),
        ("cortex.yaml` is too large", &|path| sparse(path, "cortex.yaml", (4 << 20) + 1)),
        ("component.wasm` is too large", &|path| sparse(path, "component.wasm", (64 << 20) + 1)),
        ("0002_more.sql` is too large", &|path| sparse(path, "migrations/0002_more.sql", (4 << 20) + 1)),
        ("0001_rows.sql` cannot be read", &|path| fs::write(path.join("migrations/0001_rows.sql"), b"\xff").unwrap()),
        ("migrations:", &|path| fs::write(path.join("migrations/notes.txt"), "x").unwrap()),
        ("schema `chart`", &|path| fs::write(path.join("schemas/deep/chart.json"), "{\"type\": 1}").unwrap()),
        ("component.wasm`:", &|path| fs::write(path.join("component.wasm"), "\0asm").unwrap()),
    ];
    for (expected, change) in cases {
        let directory = directory();
        change(directory.path());
        let error = load(directory.path()).unwrap_err().to_string();
        assert!(error.contains(expected), "{expected}: {error}");
    }
}
