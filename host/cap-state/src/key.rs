// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a document is found by.

use crate::error::StateError;
use crate::limits::{KIND_BYTES_MAX, NAME_BYTES_MAX};
use std::fmt;
use std::sync::Arc;

/// The kind of a document and its name among those of its kind. Both are plain: visible ASCII, so that every back end has the
/// same order and the same idea of what is equal.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    kind: Arc<str>,
    name: Arc<str>,
}

impl Key {
    /// A key.
    ///
    /// # Errors
    /// Where the kind is no lower-case word with dashes, the name has anything but visible ASCII, or either is too long.
    pub fn new(kind: &str, name: &str) -> Result<Self, StateError> {
        let word = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
        let plain = |text: &str, max: usize, fits: &dyn Fn(u8) -> bool| {
            !text.is_empty() && text.len() <= max && text.bytes().all(fits)
        };
        let good = plain(kind, KIND_BYTES_MAX, &word) && plain(name, NAME_BYTES_MAX, &|byte| byte.is_ascii_graphic());
        if good { Ok(Self { kind: kind.into(), name: name.into() }) } else { Err(StateError::key(kind, name)) }
    }

    /// The kind.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`", self.kind, self.name)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_plain() {
        let long = "x".repeat(NAME_BYTES_MAX + 1);
        for (kind, name, good) in [
            ("tenant", "demo", true),
            ("signed-grant", "demo/accounting", true),
            ("component", &format!("sha256:{}", "0".repeat(64)), true),
            ("tenant", &long[1..], true),
            ("tenant", &long, false),
            (&long[..KIND_BYTES_MAX + 1], "demo", false),
            ("", "demo", false),
            ("tenant", "", false),
            ("Tenant", "demo", false),
            ("tenant", "two words", false),
            ("tenant", "nul\0", false),
            ("tenant", "ä", false),
        ] {
            assert_eq!(Key::new(kind, name).is_ok(), good, "{kind} {name}");
        }
    }
}
