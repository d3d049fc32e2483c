// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where a package comes from, as a predicate of SLSA provenance 1.0: what was built, from what, by whom. Nothing in it is
//! proved by standing there; a signature by the builder makes it the builder's word.

use crate::dependencies::{Source, VersionInfo};
use crate::package::Package;
use crate::sbom;
use kernel_types::Digest;
use serde_json::{Map, Value, json};

/// The type of the predicate.
pub const PREDICATE: &str = "https://slsa.dev/provenance/v1";

/// How a component is built: `cortex build` (decision 0002), then packed. The parameters are the sources and the manifest.
const BUILD_TYPE: &str = "urn:cortex:build:component:v1";

/// A builder that is nobody in particular: somebody's own machine.
pub const LOCAL: &str = "urn:cortex:builder:local";

/// Who built, and from which sources; whoever packs says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// A URI of the builder, which a signature has to bear out.
    pub builder: String,
    /// A URI of the sources, such as `git+https://example.org/ledger@refs/tags/v1.0.0`.
    pub source: Option<String>,
    /// The commit that was built, in hexadecimal.
    pub commit: Option<String>,
}

impl Default for Origin {
    fn default() -> Self {
        Self { builder: LOCAL.to_owned(), source: None, commit: None }
    }
}

/// The predicate.
#[must_use]
pub(crate) fn predicate(package: &Package, dependencies: Option<&VersionInfo>, origin: &Origin) -> Value {
    let manifest = package.manifest();
    let mut resolved = Vec::new();
    if origin.source.is_some() || origin.commit.is_some() {
        let mut source = Map::new();
        source.insert(String::from("name"), Value::from("sources"));
        if let Some(uri) = &origin.source {
            source.insert(String::from("uri"), Value::from(uri.clone()));
        }
        if let Some(commit) = &origin.commit {
            source.insert(String::from("digest"), json!({ "gitCommit": commit }));
        }
        resolved.push(Value::Object(source));
    }
    let published = dependencies.into_iter().flat_map(|list| &list.packages);
    let published = published.filter(|part| part.source == Source::CratesIo);
    resolved.extend(published.map(|part| json!({ "name": part.name, "uri": sbom::reference(part) })));
    json!({
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": {
                "component": manifest.id.to_string(),
                "version": manifest.version.to_string(),
                "world": manifest.world.to_string(),
            },
            "resolvedDependencies": resolved,
        },
        "runDetails": {
            "builder": { "id": origin.builder },
            "byproducts": [{
                "name": crate::path::COMPONENT,
                "digest": { "sha256": Digest::of(package.component()).hex() },
            }],
        },
    })
}
