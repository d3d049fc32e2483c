// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where a file stands in a package, and what it is for. The path alone decides: a layer that says something else is refused.

use crate::limits::{COMPONENT_BYTES_MAX, FILE_BYTES_MAX, PATH_CHARACTERS_MAX, PATH_PARTS_MAX};
use crate::media;
use kernel_manifest::Manifest;

/// The component in a package.
pub const COMPONENT: &str = "component.wasm";
/// The manifest in a package.
pub const MANIFEST: &str = "cortex.yaml";
/// The folder of the pages for people.
pub const DOCS: &str = "docs";
/// The folder of the files for the component's own pages.
pub const VIEWS: &str = "views";

/// What a file of a package is for. The order is the order of layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The binary.
    Component,
    /// `cortex.yaml`.
    Manifest,
    /// A migration.
    Migration,
    /// A JSON Schema that the manifest names.
    Schema,
    /// A file below `views/`.
    View,
    /// A file below `docs/`.
    Doc,
}

impl Role {
    /// What a file at that path is for in a package with that manifest; `None` where it belongs to no part.
    #[must_use]
    pub fn of_path(path: &str, manifest: &Manifest) -> Option<Self> {
        let below = |folder: &str| path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/'));
        match path {
            COMPONENT => Some(Self::Component),
            MANIFEST => Some(Self::Manifest),
            _ if manifest.schemas.values().any(|file| file.as_str() == path) => Some(Self::Schema),
            _ if below(&manifest.migrations).is_some_and(|name| !name.contains('/') && name.ends_with(".sql")) => {
                Some(Self::Migration)
            }
            _ if below(VIEWS).is_some() => Some(Self::View),
            _ if below(DOCS).is_some() => Some(Self::Doc),
            _ => None,
        }
    }

    /// The media type of its layer.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Component => media::WASM,
            Self::Manifest => media::MANIFEST,
            Self::Migration => media::MIGRATION,
            Self::Schema => media::SCHEMA,
            Self::View => media::VIEW,
            Self::Doc => media::DOC,
        }
    }

    /// What a layer of that media type is for.
    #[must_use]
    pub fn of_media_type(text: &str) -> Option<Self> {
        let all = [Self::Component, Self::Manifest, Self::Migration, Self::Schema, Self::View, Self::Doc];
        all.into_iter().find(|role| role.media_type() == text)
    }

    /// How many bytes such a file may have.
    #[must_use]
    pub const fn bytes_max(self) -> u64 {
        match self {
            Self::Component => COMPONENT_BYTES_MAX,
            _ => FILE_BYTES_MAX,
        }
    }
}

/// Why a path may not stand in a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathFault {
    /// Too long or too deep.
    #[error("it has more than {PATH_CHARACTERS_MAX} characters or {PATH_PARTS_MAX} parts")]
    TooLong,
    /// It leads elsewhere, is hidden, or has characters that mean something elsewhere.
    #[error("its parts must be letters, digits, `.`, `_` and `-`, joined by `/`, none beginning with a dot")]
    Part,
}

/// Checks that a path stays inside of the package, whatever reads it.
///
/// # Errors
/// Where it does not.
pub fn check(path: &str) -> Result<(), PathFault> {
    if path.len() > PATH_CHARACTERS_MAX || path.split('/').count() > PATH_PARTS_MAX {
        return Err(PathFault::TooLong);
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let is_part = |part: &str| !part.is_empty() && !part.starts_with('.') && part.bytes().all(allowed);
    if path.split('/').all(is_part) { Ok(()) } else { Err(PathFault::Part) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_inside() {
        for right in ["component.wasm", "migrations/0001_a.sql", "docs/a/b/c.md", "a..b"] {
            assert_eq!(check(right), Ok(()), "{right}");
        }
        let long = "a".repeat(201);
        let wrong =
            ["", "/etc/passwd", "../a", "a/../b", "a//b", "a/", "./a", ".git/config", "a\\b", "a b", "ä", "a\0"];
        for wrong in wrong {
            assert_eq!(check(wrong), Err(PathFault::Part), "{wrong}");
        }
        assert_eq!(check(&long), Err(PathFault::TooLong));
        assert_eq!(check("a/a/a/a/a/a/a/a/a"), Err(PathFault::TooLong));
    }
}
