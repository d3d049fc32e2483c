// SPDX-License-Identifier: MIT OR Apache-2.0
//! Identifiers of the kernel and the version, as texts of the manifest. Their rules are the kernel's own.

use super::{KEBAB, VERSION, at_most, is_kebab, kebab_remedy};
use crate::read::Word;
use kernel_types::{ComponentId, OperationName, Permission, PublisherId};
use semver::Version;
use serde_json::{Value, json};
use std::borrow::Cow;

/// How long a version may be, in characters: it stands in file names and in headers.
const VERSION_CHARACTERS_MAX: usize = 64;

/// How many words a permission has at most. The derived ones have three.
const PERMISSION_WORDS_MAX: usize = 8;

impl Word for ComponentId {
    fn expected() -> Cow<'static, str> {
        "a component id: lower-case letters, digits and single hyphens, beginning with a letter, at most 40 characters"
            .into()
    }

    fn keywords() -> Value {
        json!({ "type": "string", "pattern": format!("^{KEBAB}$"), "maxLength": 40 })
    }

    fn parse(text: &str) -> Result<Self, Option<String>> {
        Self::parse(text).map_err(|_| kebab_remedy(text, |text| Self::parse(text).is_ok()))
    }
}

impl Word for PublisherId {
    fn expected() -> Cow<'static, str> {
        "a publisher: lower-case letters, digits and single hyphens, at most 40 characters, and not `cortex`".into()
    }

    fn keywords() -> Value {
        json!({ "type": "string", "pattern": format!("^{KEBAB}$"), "maxLength": 40, "not": { "const": "cortex" } })
    }

    fn parse(text: &str) -> Result<Self, Option<String>> {
        Self::parse(text).map_err(|_| kebab_remedy(text, |text| Self::parse(text).is_ok()))
    }
}

impl Word for OperationName {
    fn expected() -> Cow<'static, str> {
        "an operation `interface.function` in lower-case kebab words, such as `journal.post-many`".into()
    }

    fn keywords() -> Value {
        json!({ "type": "string", "pattern": format!(r"^{KEBAB}\.{KEBAB}$"), "maxLength": 129 })
    }

    fn parse(text: &str) -> Result<Self, Option<String>> {
        Self::parse(text).map_err(|_| kebab_remedy(text, |text| Self::parse(text).is_ok()))
    }
}

impl Word for Version {
    fn expected() -> Cow<'static, str> {
        "a semantic version of three numbers, such as `1.0.0`".into()
    }

    fn keywords() -> Value {
        json!({ "type": "string", "pattern": format!("^{VERSION}$"), "maxLength": VERSION_CHARACTERS_MAX })
    }

    fn parse(text: &str) -> Result<Self, Option<String>> {
        at_most(VERSION_CHARACTERS_MAX, text)?;
        Self::parse(text).map_err(|error| Some(error.to_string()))
    }
}

impl Word for Permission {
    fn expected() -> Cow<'static, str> {
        format!("a permission: 2 to {PERMISSION_WORDS_MAX} lower-case kebab words joined by dots, such as `ledger.entries.post`")
            .into()
    }

    fn keywords() -> Value {
        let more = PERMISSION_WORDS_MAX - 1;
        json!({ "type": "string", "pattern": format!(r"^{KEBAB}(\.{KEBAB}){{1,{more}}}$"), "maxLength": 520 })
    }

    fn parse(text: &str) -> Result<Self, Option<String>> {
        let words = text.split('.').count();
        let right = (2..=PERMISSION_WORDS_MAX).contains(&words) && text.split('.').all(is_kebab);
        if right { Ok(Self(text.into())) } else { Err(None) }
    }
}
