// SPDX-License-Identifier: MIT OR Apache-2.0
//! A small package for tests, and ways to spoil its layout.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a helper of a test is a test")]
#![allow(dead_code, reason = "each test file uses what it needs")]

use edge_package::layout::Memory;
use edge_package::statement::{Origin, statements};
use edge_package::{Layout, Package};
use kernel_types::Digest;
use serde_json::Value;
use std::collections::BTreeMap;

pub(crate) const MANIFEST: &str = "\
id: fleet
version: 1.2.3+build.4
title: Fleet
description: Cars and who drives them.
licence: MIT OR Apache-2.0
world: acme:fleet/w@1.0.0
operations:
  cars.buy: { effect: write }
schemas:
  car: schemas/car.schema.json
";

const WIT: &str = "
package acme:fleet@1.0.0;
interface cars { use cortex:types/types@1.0.0.{money}; buy: func(price: money) -> result<u32, string>; }
world w { export cars; }";

pub(crate) fn files() -> BTreeMap<String, Vec<u8>> {
    let files: [(&str, Vec<u8>); 7] = [
        ("component.wasm", contract_samples::component(WIT)),
        ("cortex.yaml", MANIFEST.into()),
        ("migrations/0001_cars.sql", b"CREATE TABLE cars (id INTEGER PRIMARY KEY);".to_vec()),
        ("migrations/0002_drivers.sql", b"CREATE TABLE drivers (id INTEGER PRIMARY KEY);".to_vec()),
        ("schemas/car.schema.json", b"{}".to_vec()),
        ("docs/README.md", b"# Fleet\n".to_vec()),
        ("views/list.json", b"{\"columns\":[]}".to_vec()),
    ];
    files.into_iter().map(|(path, content)| (path.to_owned(), content)).collect()
}

pub(crate) fn package() -> Package {
    Package::of_files(files()).unwrap()
}

pub(crate) fn layout() -> Layout {
    let package = package();
    let attachments = statements(&package, &Origin::default()).unwrap().iter().map(|s| s.attachment()).collect();
    Layout { package, attachments }
}

/// The JSON of a file of a layout.
pub(crate) fn json(files: &Memory, name: &str) -> Value {
    serde_json::from_slice(&files.0[name]).unwrap()
}

pub(crate) fn blob(digest: &str) -> String {
    format!("blobs/sha256/{}", digest.strip_prefix("sha256:").unwrap())
}

/// Changes the image manifest at that place of the index and makes the index fit again, as whoever forges one would.
pub(crate) fn forge(files: &mut Memory, number: usize, change: impl FnOnce(&mut Value)) {
    let mut index = json(files, "index.json");
    let old = index["manifests"][number]["digest"].as_str().unwrap().to_owned();
    let mut manifest = json(files, &blob(&old));
    change(&mut manifest);
    let bytes = edge_package::json::canonical(&manifest);
    put(files, &mut index["manifests"][number], &bytes);
    files.0.insert(String::from("index.json"), edge_package::json::canonical(&index));
}

/// Puts other bytes behind a descriptor, with their true length and digest.
pub(crate) fn put(files: &mut Memory, descriptor: &mut Value, bytes: &[u8]) {
    let digest = Digest::of(bytes).to_string();
    descriptor["digest"] = Value::from(digest.clone());
    descriptor["size"] = Value::from(bytes.len());
    files.0.insert(blob(&digest), bytes.to_vec());
}
