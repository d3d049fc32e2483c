// SPDX-License-Identifier: MIT OR Apache-2.0
//! The list of a package's parts as CycloneDX 1.6 JSON, from the list of dependencies in its binary. No time and no serial
//! number: the same package has the same list.

use crate::dependencies::{Dependency, DependencyKind, Source, VersionInfo};
use crate::package::Package;
use kernel_types::Digest;
use serde_json::{Value, json};

/// The type of the predicate of a statement that carries such a list.
pub const PREDICATE: &str = "https://cyclonedx.org/bom";

/// The list. A binary without dependencies of its own to name has the component only, and `compositions` says that nothing
/// is known beyond it.
#[must_use]
pub(crate) fn bom(package: &Package, dependencies: Option<&VersionInfo>) -> Value {
    let parts = dependencies.map(|list| list.packages.as_slice()).unwrap_or_default();
    let manifest = package.manifest();
    let itself = reference_of_package(package);
    let component = json!({
        "type": "application",
        "bom-ref": itself,
        "name": manifest.id.to_string(),
        "version": manifest.version.to_string(),
        "description": manifest.title,
        "licenses": [{ "expression": manifest.licence.to_string() }],
        "hashes": [{ "alg": "SHA-256", "content": Digest::of(package.component()).hex() }],
    });
    // The crate that was compiled is the component itself; its dependencies are the component's.
    let others = parts.iter().filter(|part| !part.root);
    let name_of = |index: &usize| parts.get(*index).map(reference);
    let edges = parts.iter().map(|part| {
        let from = if part.root { itself.clone() } else { reference(part) };
        json!({ "ref": from, "dependsOn": part.dependencies.iter().filter_map(name_of).collect::<Vec<_>>() })
    });
    let aggregate = if dependencies.is_some() { "complete" } else { "unknown" };
    json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": { "component": component },
        "components": others.map(part).collect::<Vec<_>>(),
        "dependencies": edges.collect::<Vec<_>>(),
        "compositions": [{ "aggregate": aggregate, "dependencies": [itself] }],
    })
}

fn part(part: &Dependency) -> Value {
    let reference = reference(part);
    let mut value = json!({
        "type": "library",
        "bom-ref": reference,
        "name": part.name,
        "version": part.version.to_string(),
        "scope": if part.kind == DependencyKind::Runtime { "required" } else { "excluded" },
    });
    if let (Source::CratesIo, Some(fields)) = (&part.source, value.as_object_mut()) {
        fields.insert(String::from("purl"), Value::from(reference));
    }
    value
}

/// A name for a part that is unique in the list; for packages of crates.io, their package URL.
pub(crate) fn reference(part: &Dependency) -> String {
    let (name, version) = (&part.name, &part.version);
    match &part.source {
        // In a package URL a version's `+` stands encoded.
        Source::CratesIo => format!("pkg:cargo/{name}@{}", version.to_string().replace('+', "%2B")),
        other => format!("{}:{name}@{version}", String::from(other.clone())),
    }
}

fn reference_of_package(package: &Package) -> String {
    let manifest = package.manifest();
    format!("cortex:{}@{}", manifest.id, manifest.version)
}
