// SPDX-License-Identifier: MIT OR Apache-2.0
//! Who may import whom (`docs/architecture.md`). Dependencies of tests are free: a test may set up a whole host.

use crate::Fault;
use anyhow::{Context as _, Result};
use cargo_metadata::{DependencyKind, MetadataCommand};
use std::path::Path;

/// A crate of the workspace and what of the workspace it is compiled with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crate {
    /// Its name.
    pub name: String,
    /// Its folder, from the workspace's.
    pub folder: String,
    /// The folders of the crates of this workspace that it depends on.
    pub imports: Vec<String>,
}

/// Reads the workspace's crates from cargo.
///
/// # Errors
/// Where cargo cannot be asked.
pub fn crates(root: &Path) -> Result<Vec<Crate>> {
    let metadata = MetadataCommand::new().current_dir(root).no_deps().exec().context("cannot ask cargo")?;
    let relative = |path: &Path| path.strip_prefix(root).map(|path| path.to_string_lossy().into_owned());
    let mut crates = Vec::new();
    for package in &metadata.packages {
        let folder = package.manifest_path.parent().context("a manifest needs a folder")?;
        let imports = package.dependencies.iter().filter(|dependency| dependency.kind != DependencyKind::Development);
        let imports = imports.filter_map(|dependency| dependency.path.as_ref());
        crates.push(Crate {
            name: package.name.to_string(),
            folder: relative(folder.as_std_path())?,
            imports: imports.map(|path| relative(path.as_std_path())).collect::<Result<_, _>>()?,
        });
    }
    crates.sort_by(|a, b| a.folder.cmp(&b.folder));
    Ok(crates)
}

/// What a kind of crate may import, by how the folders of those begin; `None` where it sees everything. The first line
/// that fits counts.
const RULES: &[(&str, Option<&[&str]>)] = &[
    ("host/kernel-types", Some(&[])),
    ("host/kernel-", Some(&["host/kernel-"])),
    ("host/derive-", Some(&["host/kernel-"])),
    ("host/cap-", Some(&["host/kernel-"])),
    ("host/backend-", Some(&["host/kernel-", "host/cap-"])),
    ("host/edge-registry", Some(&["host/kernel-", "host/cap-", "host/edge-package", "signing/verify"])),
    (
        "host/edge-installer",
        Some(&[
            "host/kernel-",
            "host/derive-",
            "host/cap-",
            "host/edge-package",
            "host/edge-registry",
            "signing/verify",
        ]),
    ),
    ("host/edge-", Some(&["host/kernel-", "host/derive-", "host/cap-", "signing/verify"])),
    ("host/cortex", None),
    ("components/", Some(&["sdk/rust"])),
    ("conformance/guests/", Some(&["sdk/rust"])),
    ("conformance/", None),
    ("marketplace/registry", Some(&["host/kernel-types"])),
    ("marketplace/", Some(&["sdk/rust"])),
    ("sdk/rust", Some(&[])),
    ("sdk/", Some(&["host/kernel-", "sdk/"])),
    ("signing/", Some(&["host/kernel-types", "signing/"])),
];

/// Every import that a crate may not have, and every crate of a kind that no rule knows.
#[must_use]
pub fn check(crates: &[Crate]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for one in crates {
        let Some((_, allowed)) = RULES.iter().find(|(kind, _)| one.folder.starts_with(kind)) else {
            faults.push(Fault::of(&one.folder, "no rule says what a crate in this folder may import; add one to tidy"));
            continue;
        };
        let Some(allowed) = allowed else { continue };
        for import in one.imports.iter().filter(|import| !allowed.iter().any(|kind| import.starts_with(kind))) {
            let may = if allowed.is_empty() { String::from("nothing of this workspace") } else { allowed.join("*, ") };
            faults.push(Fault::of(&one.folder, format!("may not import `{import}`; it may import {may}")));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_ring_imports_inwards_only() {
        let cases = [
            ("host/kernel-types", "host/kernel-engine", false),
            ("host/kernel-engine", "host/kernel-types", true),
            ("host/kernel-engine", "host/cap-log", false),
            ("host/kernel-contract", "host/backend-sqlite", false),
            ("host/kernel-contract", "host/derive-openapi", false),
            ("host/derive-openapi", "host/kernel-contract", true),
            ("host/derive-openapi", "host/derive-wit", false),
            ("host/derive-openapi", "host/cap-log", false),
            ("host/cap-log", "host/kernel-types", true),
            ("host/cap-log", "host/derive-openapi", false),
            ("host/backend-sqlite", "host/derive-openapi", false),
            ("host/edge-gateway", "host/derive-openapi", true),
            ("host/cortex", "host/derive-wit", true),
            ("sdk/build", "host/derive-openapi", false),
            ("host/cap-log", "host/cap-storage", false),
            ("host/cap-storage", "host/backend-sqlite", false),
            ("host/backend-sqlite", "host/cap-storage", true),
            ("host/backend-sqlite", "host/edge-gateway", false),
            ("host/backend-sqlite", "host/backend-nats", false),
            ("host/edge-gateway", "host/cap-storage", true),
            ("host/edge-registry", "signing/verify", true),
            ("host/edge-registry", "host/edge-package", true),
            ("host/edge-registry", "host/edge-installer", false),
            ("host/edge-installer", "host/edge-registry", true),
            ("host/edge-installer", "host/edge-gateway", false),
            ("host/edge-gateway", "host/edge-registry", false),
            ("host/edge-registry", "signing/authority", false),
            ("host/cap-log", "signing/verify", false),
            ("signing/verify", "host/kernel-types", true),
            ("signing/verify", "host/kernel-engine", false),
            ("host/edge-gateway", "host/backend-sqlite", false),
            ("host/edge-gateway", "host/cortex", false),
            ("host/cortex", "host/backend-sqlite", true),
            ("components/accounting", "host/kernel-types", false),
            ("components/accounting", "sdk/rust", true),
            ("components/import-journal", "components/accounting", false),
            ("conformance/guests/echo", "host/kernel-types", false),
            ("conformance/bench", "host/backend-sqlite", true),
            ("sdk/rust", "host/kernel-types", false),
            ("sdk/build", "host/kernel-contract", true),
            ("sdk/build", "host/edge-registry", false),
            ("host/unknown", "host/kernel-types", false),
        ];
        for (folder, import, allowed) in cases {
            let one = Crate { name: String::new(), folder: folder.into(), imports: vec![import.into()] };
            assert_eq!(check(&[one]).is_empty(), allowed, "{folder} -> {import}");
        }
    }
}
