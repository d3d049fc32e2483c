// SPDX-License-Identifier: MIT OR Apache-2.0
//! Paths of REST routes with placeholders, in the form of RFC 6570 level 1 that OpenAPI uses too.

use super::{KEBAB, at_most, is_kebab, kebab_remedy, shown_as_written};
use crate::read::Word;
use kernel_types::text::quote;
use serde_json::{Value, json};
use std::borrow::Cow;

/// How long a path may be, in characters.
const CHARACTERS_MAX: usize = 200;

/// How many segments a path may have. A router walks them for every request.
const SEGMENTS_MAX: usize = 16;

/// A path below `/api/{id}/v{major}`, `/entries/{id}/lines`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PathTemplate {
    text: String,
    segments: Vec<Segment>,
}

shown_as_written!(PathTemplate);

/// What stands between two slashes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Segment {
    /// Exactly this text.
    Literal(String),
    /// Any text: the value of the function's parameter of that name, as WIT writes it.
    Parameter(String),
}

impl PathTemplate {
    /// The segments in order; at least one.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The parameters in order, each once.
    pub fn parameters(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Parameter(name) => Some(name.as_str()),
            Segment::Literal(_) => None,
        })
    }

    /// The path with the names of its placeholders left out: two routes with the same one cannot be told apart.
    #[must_use]
    pub fn shape(&self) -> String {
        let shape = self.segments.iter().map(|segment| match segment {
            Segment::Literal(text) => format!("/{text}"),
            Segment::Parameter(_) => "/{}".to_owned(),
        });
        shape.collect()
    }
}

fn segment(text: &str) -> Result<Segment, Option<String>> {
    if let Some(name) = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        if is_kebab(name) {
            return Ok(Segment::Parameter(name.to_owned()));
        }
        let remedy = kebab_remedy(name, is_kebab).map_or_else(String::new, |remedy| format!("; {remedy}"));
        return Err(Some(format!("{} names no parameter as WIT writes it{remedy}", quote(text))));
    }
    if text.is_empty() {
        return Err(Some("a segment is empty".to_owned()));
    }
    if text.contains(['{', '}']) {
        return Err(Some(format!("a placeholder is a whole segment, unlike {}", quote(text))));
    }
    let unreserved = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    if !text.bytes().all(unreserved) || text == "." || text == ".." {
        return Err(Some(format!("{} is no segment", quote(text))));
    }
    Ok(Segment::Literal(text.to_owned()))
}

impl Word for PathTemplate {
    fn expected() -> Cow<'static, str> {
        "a path such as `/entries/{id}/lines`".into()
    }

    fn keywords() -> Value {
        let pattern = format!(r"^(/([A-Za-z0-9._~-]+|\{{{KEBAB}\}})){{1,{SEGMENTS_MAX}}}$");
        json!({ "type": "string", "pattern": pattern, "maxLength": CHARACTERS_MAX })
    }

    fn parse(text: &str) -> Result<Self, Option<String>> {
        at_most(CHARACTERS_MAX, text)?;
        let rest = text.strip_prefix('/').ok_or_else(|| Some("it does not begin with `/`".to_owned()))?;
        let segments = rest.split('/').map(segment).collect::<Result<Vec<_>, _>>()?;
        if segments.len() > SEGMENTS_MAX {
            return Err(Some(format!("more than {SEGMENTS_MAX} segments")));
        }
        let path = Self { text: text.to_owned(), segments };
        let mut seen = std::collections::HashSet::new();
        if let Some(name) = path.parameters().find(|name| !seen.insert(*name)) {
            return Err(Some(format!("the placeholder `{{{name}}}` stands in it twice")));
        }
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    #[test]
    fn a_path_comes_apart() {
        let path = PathTemplate::parse("/entries/{entry-id}/lines.csv").unwrap();
        assert_eq!(path.parameters().collect::<Vec<_>>(), ["entry-id"]);
        assert_eq!(path.shape(), "/entries/{}/lines.csv");
        assert_eq!(path.segments().len(), 3);
    }

    #[track_caller]
    fn check(text: &str, fault: Expect) {
        fault.assert_eq(&PathTemplate::parse(text).unwrap_err().unwrap());
    }

    #[test]
    fn faults_say_which_segment() {
        check("", expect!["it does not begin with `/`"]);
        check("entries", expect!["it does not begin with `/`"]);
        check("/", expect!["a segment is empty"]);
        check("/a//b", expect!["a segment is empty"]);
        check("/a/", expect!["a segment is empty"]);
        check("/a b", expect!["`a b` is no segment"]);
        check("/../b", expect!["`..` is no segment"]);
        check("/a?b", expect!["`a?b` is no segment"]);
        check("/%41", expect!["`%41` is no segment"]);
        check("/ä", expect!["`ä` is no segment"]);
        check("/a{id}", expect!["a placeholder is a whole segment, unlike `a{id}`"]);
        check("/{id", expect!["a placeholder is a whole segment, unlike `{id`"]);
        check("/{}", expect!["`{}` names no parameter as WIT writes it"]);
        check("/{entry_id}", expect!["`{entry_id}` names no parameter as WIT writes it; write `entry-id`"]);
        check("/{id}/{id}", expect!["the placeholder `{id}` stands in it twice"]);
        check(&"/a".repeat(17), expect!["more than 16 segments"]);
        check(&format!("/{}", "a".repeat(200)), expect!["longer than 200 characters"]);
    }
}
