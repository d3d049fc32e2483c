// SPDX-License-Identifier: MIT OR Apache-2.0
//! Texts for people, bounded, and simple names.

use super::{KEBAB, is_kebab, kebab_remedy};
use crate::read::Word;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::ops::RangeInclusive;

/// A title stands in menus and in tables.
const TITLE_CHARACTERS: RangeInclusive<usize> = 1..=80;
/// A description is shown whole before a component is enabled.
const DESCRIPTION_CHARACTERS: RangeInclusive<usize> = 1..=2_000;
/// A reason is one sentence in a list that an administrator reads to its end.
const REASON_CHARACTERS: RangeInclusive<usize> = 10..=300;

/// One line for people.
#[derive(Clone, Debug)]
pub(crate) struct Title(pub(crate) String);

/// Text for people, in several lines where wanted.
#[derive(Clone, Debug)]
pub(crate) struct Description(pub(crate) String);

/// A sentence of more than one word.
#[derive(Clone, Debug)]
pub(crate) struct Reason(pub(crate) String);

/// A lower-case kebab word.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name(pub(crate) String);

/// The text without white space around it (a block scalar ends with a line break), where its length fits and it holds no
/// control characters but the `allowed` ones.
fn bounded(text: &str, length: &RangeInclusive<usize>, allowed: &[char]) -> Result<String, Option<String>> {
    let written = text.chars().count();
    let text = text.trim();
    let characters = text.chars().count();
    if written > *length.end() || characters < *length.start() {
        return Err(Some(format!("{} characters", if characters < *length.start() { characters } else { written })));
    }
    match text.chars().find(|c| c.is_control() && !allowed.contains(c)) {
        Some(control) => Err(Some(format!("it holds the control character U+{:04X}", u32::from(control)))),
        None => Ok(text.to_owned()),
    }
}

fn text_keywords(length: &RangeInclusive<usize>) -> Value {
    json!({ "type": "string", "minLength": length.start(), "maxLength": length.end() })
}

impl Word for Title {
    fn expected() -> Cow<'static, str> {
        "one line of 1 to 80 characters".into()
    }

    fn keywords() -> Value {
        text_keywords(&TITLE_CHARACTERS)
    }

    fn parse(text: &str) -> Result<Self, Option<String>> {
        bounded(text, &TITLE_CHARACTERS, &[]).map(Self)
    }
}

impl Word for Description {
    fn expected() -> Cow<'static, str> {
        "text of 1 to 2000 characters".into()
    }

    fn keywords() -> Value {
        text_keywords(&DESCRIPTION_CHARACTERS)
    }

    fn parse(text: &str) -> Result<Self, Option<String>> {
        bounded(text, &DESCRIPTION_CHARACTERS, &['\n', '\t']).map(Self)
    }
}

impl Word for Reason {
    fn expected() -> Cow<'static, str> {
        "a sentence of 10 to 300 characters that tells the administrator what it is for".into()
    }

    fn keywords() -> Value {
        let mut keywords = text_keywords(&REASON_CHARACTERS);
        if let Some(keywords) = keywords.as_object_mut() {
            keywords.insert("pattern".to_owned(), json!(r"\S\s+\S"));
        }
        keywords
    }

    fn parse(text: &str) -> Result<Self, Option<String>> {
        let reason = bounded(text, &REASON_CHARACTERS, &[])?;
        if reason.split_whitespace().count() < 2 {
            return Err(Some("a single word".to_owned()));
        }
        Ok(Self(reason))
    }
}

impl Word for Name {
    fn expected() -> Cow<'static, str> {
        "lower-case letters, digits and single hyphens, beginning with a letter, at most 64 characters".into()
    }

    fn keywords() -> Value {
        json!({ "type": "string", "pattern": format!("^{KEBAB}$"), "maxLength": 64 })
    }

    fn parse(text: &str) -> Result<Self, Option<String>> {
        if is_kebab(text) { Ok(Self(text.to_owned())) } else { Err(kebab_remedy(text, is_kebab)) }
    }
}
