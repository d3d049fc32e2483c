// SPDX-License-Identifier: MIT OR Apache-2.0
//! Names of files and directories that a component ships, relative to its manifest. They cannot leave its directory.

use super::{at_most, shown_as_written};
use crate::read::Word;
use kernel_types::text::quote;
use serde_json::{Value, json};
use std::borrow::Cow;

/// How long the name of a directory may be, in characters.
const DIRECTORY_CHARACTERS_MAX: usize = 64;

/// How long a path may be, in characters.
const PATH_CHARACTERS_MAX: usize = 200;

/// One segment of a path as a regular expression without anchors: no segment begins with a dot, so none is `..`.
const SEGMENT: &str = "[A-Za-z0-9_-][A-Za-z0-9._-]*";

fn is_segment(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    !text.is_empty() && !text.starts_with('.') && text.bytes().all(allowed)
}

/// The name of a directory beside the manifest.
#[derive(Clone, Debug)]
pub(crate) struct DirectoryName(pub(crate) String);

impl Word for DirectoryName {
    fn expected() -> Cow<'static, str> {
        "the name of a directory beside the manifest: letters, digits, `.`, `_` and `-`, not beginning with a dot"
            .into()
    }

    fn keywords() -> Value {
        json!({ "type": "string", "pattern": format!("^{SEGMENT}$"), "maxLength": DIRECTORY_CHARACTERS_MAX })
    }

    fn parse(text: &str) -> Result<Self, Option<String>> {
        at_most(DIRECTORY_CHARACTERS_MAX, text)?;
        if is_segment(text) { Ok(Self(text.to_owned())) } else { Err(None) }
    }
}

/// A JSON file below the manifest's directory, `schemas/chart.schema.json`. It cannot lead out of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FilePath {
    text: String,
}

shown_as_written!(FilePath);

impl Word for FilePath {
    fn expected() -> Cow<'static, str> {
        "the relative path of a JSON file, such as `schemas/chart.schema.json`".into()
    }

    fn keywords() -> Value {
        let pattern = format!(r"^({SEGMENT}/)*{SEGMENT}\.json$");
        json!({ "type": "string", "pattern": pattern, "maxLength": PATH_CHARACTERS_MAX })
    }

    fn parse(text: &str) -> Result<Self, Option<String>> {
        at_most(PATH_CHARACTERS_MAX, text)?;
        if let Some(segment) = text.split('/').find(|segment| !is_segment(segment)) {
            return Err(Some(format!("{} is no segment of it", quote(segment))));
        }
        match text.strip_suffix(".json") {
            Some(_) => Ok(Self { text: text.to_owned() }),
            None => Err(Some("it does not end in `.json`".to_owned())),
        }
    }
}
