// SPDX-License-Identifier: MIT OR Apache-2.0
//! Patterns without surprises: an exact text, all below a path, or all addresses of a domain. No regular expressions: in them
//! a dot fits any character, and a forgotten anchor lets `evil-acme` in.

use serde::Deserialize;

/// What a name has to look like. Bytes are compared; upper and lower case differ.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Pattern {
    text: String,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    All,
    Domain,
    Below,
    Exact,
}

impl Pattern {
    /// Reads `text`, `path/*` (everything below, not the path itself), `*@domain` (one address part) or `*`.
    ///
    /// # Errors
    /// Any other use of `*`, an empty text, a path that is only a scheme, a domain that is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no pattern: write an exact text, `path/*`, `*@domain` or `*`");
        let plain = |rest: &str| !rest.is_empty() && !rest.contains('*') && !rest.chars().any(char::is_whitespace);
        let kind = if text == "*" {
            Kind::All
        } else if let Some(domain) = text.strip_prefix("*@") {
            plain(domain).then_some(Kind::Domain).filter(|_| !domain.contains(['@', '/'])).ok_or_else(wrong)?
        } else if let Some(path) = text.strip_suffix("/*") {
            plain(path).then_some(Kind::Below).filter(|_| !path.ends_with(['/', ':'])).ok_or_else(wrong)?
        } else {
            plain(text).then_some(Kind::Exact).ok_or_else(wrong)?
        };
        Ok(Self { text: text.into(), kind })
    }

    /// Whether the name fits.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        let star_left = |rest: Option<&str>, never: &[char]| rest.is_some_and(|r| !r.is_empty() && !r.contains(never));
        match self.kind {
            // The host's own names are never meant by it: consents, lists of revocations, configurations.
            Kind::All => !name.starts_with("cortex/"),
            Kind::Exact => self.text == name,
            Kind::Below => star_left(self.text.strip_suffix('*').and_then(|path| name.strip_prefix(path)), &[]),
            Kind::Domain => {
                star_left(self.text.strip_prefix('*').and_then(|domain| name.strip_suffix(domain)), &['@', '/'])
            }
        }
    }

    /// Of two patterns that fit a name, the greater says more about it.
    pub(crate) fn closeness(&self) -> impl Ord + use<> {
        (self.kind, self.text.len())
    }

    pub(crate) fn is_all(&self) -> bool {
        self.kind == Kind::All
    }

    /// The text that it was read from.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}
