// SPDX-License-Identifier: MIT OR Apache-2.0
//! The list of the packages that a binary was compiled from, in the format of cargo-auditable: a custom section `.dep-v0` of
//! a core module, zlib over JSON. `sdk-build` puts it in; other people's scanners read the same.

use crate::limits::DEPENDENCIES_BYTES_MAX;
pub use auditable_serde::{DependencyKind, Package as Dependency, Source, VersionInfo};
use miniz_oxide::inflate::{TINFLStatus, decompress_to_vec_zlib_with_limit};
use wasmparser::{Parser, Payload};

/// The name of the section.
pub const SECTION: &str = ".dep-v0";

/// Why a list is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DependenciesError {
    /// The binary cannot be walked.
    #[error("the component is malformed: {0}")]
    Malformed(String),
    /// Two lists: which one holds?
    #[error("the component has two lists of dependencies; each core module may be linked from one build only")]
    Two,
    /// A small section that unpacks to a large one.
    #[error("the list of dependencies is longer than {DEPENDENCIES_BYTES_MAX} bytes unpacked")]
    TooLong,
    /// No zlib.
    #[error("the list of dependencies cannot be unpacked")]
    Packed,
    /// No list.
    #[error("the list of dependencies is malformed: {0}")]
    Text(String),
}

/// The list in a component; `None` where it has none, which is so for other languages than Rust.
///
/// # Errors
/// See [`DependenciesError`].
pub fn read(component: &[u8]) -> Result<Option<VersionInfo>, DependenciesError> {
    let mut found = None;
    for payload in Parser::new(0).parse_all(component) {
        let payload = payload.map_err(|error| DependenciesError::Malformed(error.to_string()))?;
        if let Payload::CustomSection(section) = payload
            && section.name() == SECTION
            && found.replace(section.data()).is_some()
        {
            return Err(DependenciesError::Two);
        }
    }
    found.map(unpack).transpose()
}

fn unpack(section: &[u8]) -> Result<VersionInfo, DependenciesError> {
    let text =
        decompress_to_vec_zlib_with_limit(section, DEPENDENCIES_BYTES_MAX).map_err(|error| match error.status {
            TINFLStatus::HasMoreOutput => DependenciesError::TooLong,
            _ => DependenciesError::Packed,
        })?;
    let list: VersionInfo =
        serde_json::from_slice(&text).map_err(|error| DependenciesError::Text(error.to_string()))?;
    let known = list.packages.len();
    match list.packages.iter().flat_map(|package| &package.dependencies).find(|index| **index >= known) {
        Some(index) => Err(DependenciesError::Text(format!("a package depends on number {index} of {known}"))),
        None => Ok(list),
    }
}
