// SPDX-License-Identifier: MIT OR Apache-2.0
//! Who may do what: tokens, kept as digests, each with rights below a name. A token comes as `Bearer` or as the password of
//! `Basic`, whatever the user's name: stock clients know the one or the other.

use crate::error::{Code, Refusal};
use crate::name::Repository;
use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel_types::Digest;
use std::collections::BTreeMap;
use std::str::FromStr;

/// Tokens of one registry.
const TOKENS_MAX: usize = 10_000;

/// What somebody may do; each right includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// Read.
    Pull,
    /// Write.
    Push,
    /// Delete, as far as the policy lets.
    Delete,
}

impl FromStr for Right {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "pull" => Ok(Self::Pull),
            "push" => Ok(Self::Push),
            "delete" => Ok(Self::Delete),
            other => Err(format!("`{other}` is no right: write `pull`, `push` or `delete`")),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Grant {
    right: Right,
    /// The repository, or the name that it lies below; `None` is every one.
    below: Option<String>,
}

impl Grant {
    fn covers(&self, right: Right, repository: Option<&Repository>) -> bool {
        let name = repository.map(Repository::as_str).unwrap_or_default();
        let lies_below = |below: &String| {
            name.strip_prefix(below.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.right >= right && (repository.is_none() || self.below.as_ref().is_none_or(lies_below))
    }
}

/// Who may do what. Nobody may do anything by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// Whether everybody may read.
    pub anonymous_pull: bool,
    /// By the digest of the token: what is found by a digest tells nothing of the token by the time it takes.
    tokens: BTreeMap<Digest, Vec<Grant>>,
}

impl Access {
    /// Everybody may read.
    #[must_use]
    pub fn open() -> Self {
        Self { anonymous_pull: true, ..Self::default() }
    }

    /// Gives a right to whoever holds a token, below a name or everywhere.
    pub fn grant(&mut self, token: &str, right: Right, below: Option<&str>) {
        self.grant_digest(Digest::of(token.as_bytes()), right, below);
    }

    fn grant_digest(&mut self, token: Digest, right: Right, below: Option<&str>) {
        self.tokens.entry(token).or_default().push(Grant { right, below: below.map(str::to_owned) });
    }

    /// Reads a file of tokens: a line each, `RIGHT NAME sha256:DIGEST`, where `*` is every name.
    ///
    /// # Errors
    /// The first line that is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut access = Self::default();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.split('#').next().unwrap_or_default();
            let words: Vec<_> = line.split_whitespace().collect();
            let [right, name, digest] = words.as_slice() else {
                if words.is_empty() {
                    continue;
                }
                return Err(format!("line {number}: write `push acme sha256:...`, right, name and digest of a token"));
            };
            let at = |error: String| format!("line {number}: {error}");
            let right = right.parse().map_err(at)?;
            let below = if *name == "*" { None } else { Some(Repository::parse(name).map_err(|e| at(e.to_string()))?) };
            let digest = digest.parse().map_err(|error: kernel_types::DigestError| at(error.to_string()))?;
            access.grant_digest(digest, right, below.as_ref().map(Repository::as_str));
            if access.tokens.len() > TOKENS_MAX {
                return Err(at(format!("more than {TOKENS_MAX} tokens")));
            }
        }
        Ok(access)
    }

    /// Whether a request may do that; without a repository, whether it may do it anywhere.
    ///
    /// # Errors
    /// Where the token is unknown, or none is given and one is needed, or it does not reach so far.
    pub fn check(&self, headers: &HeaderMap, right: Right, repository: Option<&Repository>) -> Result<(), Refusal> {
        let free = right == Right::Pull && self.anonymous_pull;
        let Some(token) = token(headers)? else {
            let text = "a token is needed: log in with it as the password";
            return if free { Ok(()) } else { Err(Refusal::new(Code::Unauthorized, text)) };
        };
        let Some(grants) = self.tokens.get(&Digest::of(token.as_bytes())) else {
            return Err(Refusal::new(Code::Unauthorized, "the token is not known here"));
        };
        if free || grants.iter().any(|grant| grant.covers(right, repository)) {
            return Ok(());
        }
        let name = repository.map_or(String::from("this registry"), |repository| format!("`{repository}`"));
        Err(Refusal::new(Code::Denied, format!("the token does not give the right to do this in {name}")))
    }
}

/// The token in a request. Credentials without a password are none: stock clients send such when they were asked for some.
fn token(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let malformed = || Refusal::new(Code::Unauthorized, "the credentials are malformed: send `Basic` or `Bearer`");
    let (scheme, rest) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(malformed)?;
    let token = match scheme.to_ascii_lowercase().as_str() {
        "bearer" => rest.trim().to_owned(),
        "basic" => {
            let decoded = STANDARD.decode(rest.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            let (_, password) = decoded.as_deref().and_then(|text| text.split_once(':')).ok_or_else(malformed)?;
            password.to_owned()
        }
        _ => return Err(malformed()),
    };
    if values.next().is_some() { Err(malformed()) } else { Ok(Some(token).filter(|token| !token.is_empty())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reaches_as_far_as_its_line_says() {
        let line = |right: &str, name: &str, token: &str| format!("{right} {name} {}\n", Digest::of(token.as_bytes()));
        let text = format!(
            "# tokens\n\n{}{}{}",
            line("push", "acme", "secret"),
            line("delete", "*", "root"),
            line("pull", "other/x", "reader")
        );
        let access = Access::parse(&text).unwrap();
        let headers = |value: String| HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())]);
        let basic = |token: &str| headers(format!("Basic {}", STANDARD.encode(format!("anybody:{token}"))));
        let bearer = |token: &str| headers(format!("Bearer {token}"));
        let none = HeaderMap::new();
        let cases = [
            (bearer("secret"), Right::Push, "acme", None),
            (basic("secret"), Right::Push, "acme/fleet", None),
            (bearer("secret"), Right::Pull, "acme/fleet", None),
            (bearer("secret"), Right::Push, "acmes", Some(Code::Denied)),
            (bearer("secret"), Right::Push, "x/acme", Some(Code::Denied)),
            (bearer("secret"), Right::Delete, "acme", Some(Code::Denied)),
            (basic("root"), Right::Delete, "anything", None),
            (bearer("reader"), Right::Push, "other/x", Some(Code::Denied)),
            (bearer("wrong"), Right::Pull, "acme", Some(Code::Unauthorized)),
            (none.clone(), Right::Pull, "acme", Some(Code::Unauthorized)),
            (basic(""), Right::Pull, "acme", Some(Code::Unauthorized)),
            (headers("Digest x".into()), Right::Pull, "acme", Some(Code::Unauthorized)),
            (headers("Basic %%%".into()), Right::Pull, "acme", Some(Code::Unauthorized)),
        ];
        for (headers, right, name, expected) in cases {
            let found = access.check(&headers, right, Some(&Repository::parse(name).unwrap())).err().map(|e| e.code);
            assert_eq!(found, expected, "{headers:?} {right:?} {name}");
        }
        let open = Access { anonymous_pull: true, ..access };
        assert!(open.check(&none, Right::Pull, None).is_ok());
        assert!(open.check(&basic(""), Right::Pull, None).is_ok());
        assert!(open.check(&bearer("wrong"), Right::Pull, None).is_err());
        assert!(open.check(&none, Right::Push, None).is_err());
        for wrong in ["push acme", "own * sha256:00", "push A/B sha256:00", "push * sha256:00"] {
            assert!(Access::parse(wrong).unwrap_err().starts_with("line 1: "), "{wrong}");
        }
    }
}
