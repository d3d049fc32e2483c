// SPDX-License-Identifier: MIT OR Apache-2.0
//! Names in a request: repositories, tags, digests, ids of uploads. Each becomes the name of a file, so that what is let
//! through here decides what a stranger can touch on disk.

use crate::error::{Code, Refusal};
use kernel_types::Digest;
use std::fmt;

/// Characters of a repository's name: what the specification advises, and what a file name takes.
const REPOSITORY_CHARACTERS_MAX: usize = 200;
/// Characters of a tag, as the specification has it.
const TAG_CHARACTERS_MAX: usize = 128;

/// The name of a repository, `acme/fleet`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Repository(String);

impl Repository {
    /// Reads a name as the specification writes it: parts of lower-case letters and digits, inside of them `.`, `_`, `__`
    /// or hyphens, joined by `/`.
    ///
    /// # Errors
    /// Where the text is none.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        if text.len() <= REPOSITORY_CHARACTERS_MAX && text.split('/').all(is_part) {
            return Ok(Self(text.to_owned()));
        }
        let shown: String = text.chars().take(80).collect();
        let wanted = "parts of lower-case letters and digits, joined by `/`, such as `acme/fleet`";
        Err(Refusal::new(Code::NameInvalid, format!("`{shown}` is no name of a repository: write {wanted}")))
    }

    /// The name of its folder: one part, because a name has no `+`.
    pub(crate) fn folder(&self) -> String {
        self.0.replace('/', "+")
    }

    /// The repository of a folder.
    pub(crate) fn of_folder(folder: &str) -> Option<Self> {
        Self::parse(&folder.replace('+', "/")).ok()
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_part(part: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let separator =
        |text: &str| matches!(text, "." | "_" | "__") || (!text.is_empty() && text.bytes().all(|b| b == b'-'));
    let mut rest = part;
    loop {
        let end = rest.bytes().position(|byte| !word(byte)).unwrap_or(rest.len());
        let Some((head, tail)) = rest.split_at_checked(end) else { return false };
        if head.is_empty() || tail.is_empty() {
            return !head.is_empty();
        }
        let next = tail.bytes().position(word).unwrap_or(tail.len());
        let Some((between, after)) = tail.split_at_checked(next) else { return false };
        if !separator(between) {
            return false;
        }
        rest = after;
    }
}

/// What a manifest is asked for by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// A tag, which may move.
    Tag(String),
    /// A digest, which cannot.
    Digest(Digest),
}

impl Reference {
    /// Reads a tag or a digest.
    ///
    /// # Errors
    /// Where the text is neither.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        if text.contains(':') {
            return digest(text).map(Self::Digest);
        }
        let first = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let rest = |byte: u8| first(byte) || byte == b'.' || byte == b'-';
        let mut bytes = text.bytes();
        if text.len() <= TAG_CHARACTERS_MAX && bytes.next().is_some_and(first) && bytes.all(rest) {
            return Ok(Self::Tag(text.to_owned()));
        }
        let shown: String = text.chars().take(80).collect();
        Err(Refusal::new(
            Code::ManifestInvalid,
            format!("`{shown}` is no tag: write letters, digits, `.`, `_` and `-`"),
        ))
    }
}

/// Reads a digest.
///
/// # Errors
/// Where the text is none, or is one by another algorithm than SHA-256.
pub(crate) fn digest(text: &str) -> Result<Digest, Refusal> {
    text.parse().map_err(|error: kernel_types::DigestError| Refusal::new(Code::DigestInvalid, error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_one_folder() {
        for right in ["a", "acme/fleet", "a.b", "a__b", "a--b/c_d", "0"] {
            let name = Repository::parse(right).unwrap();
            assert_eq!(Repository::of_folder(&name.folder()), Some(name.clone()));
            assert!(!name.folder().contains('/'));
        }
        let long = "a".repeat(201);
        for wrong in
            ["", "/", "a/", "/a", "a//b", "A", "..", "a/../b", "a..b", "-a", "a-", "a_-b", "a+b", "ä", "_", &long]
        {
            assert_eq!(Repository::parse(wrong).unwrap_err().code, Code::NameInvalid, "{wrong}");
        }
    }

    #[test]
    fn a_reference_is_a_tag_or_a_digest() {
        for right in ["latest", "1.2.3_build.4", "_x", "V1"] {
            assert!(matches!(Reference::parse(right), Ok(Reference::Tag(_))), "{right}");
        }
        assert!(matches!(Reference::parse(&Digest::of(b"").to_string()), Ok(Reference::Digest(_))));
        for wrong in ["", ".", "..", "-a", "a/b", "a b", &"a".repeat(129)] {
            assert_eq!(Reference::parse(wrong).unwrap_err().code, Code::ManifestInvalid, "{wrong}");
        }
        for wrong in ["sha256:abc", "sha512:00", "sha256:../../x", ":"] {
            assert_eq!(Reference::parse(wrong).unwrap_err().code, Code::DigestInvalid, "{wrong}");
        }
    }
}
