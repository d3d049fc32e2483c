// SPDX-License-Identifier: MIT OR Apache-2.0
//! A JSON text (RFC 8259) as a flat list of its values, borrowed from the text.
//!
//! `serde_json::Value` cannot be used at the boundary: it turns numbers into doubles or 64-bit integers before anything
//! knows their type, and keeps the last of two equal keys in silence. Here numbers stay text and every key is kept, in order;
//! what they mean is for the type to say. Nesting and the number of values are bounded while reading.

mod reader;
mod write;

pub(crate) use write::string as write_string;

use std::borrow::Cow;

/// Why a text is no JSON, or none that this host reads.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not UTF-8.
    #[error("the text is not UTF-8: the byte at offset {offset} cannot stand there")]
    Utf8 {
        /// The offset of the first wrong byte.
        offset: usize,
    },
    /// Not the grammar of JSON.
    #[error("line {line}, column {column}: expected {expected}, found {found}")]
    Syntax {
        /// The offset in bytes.
        offset: usize,
        /// The line, from 1.
        line: usize,
        /// The character within the line, from 1.
        column: usize,
        /// What would have been right.
        expected: &'static str,
        /// What stands there, in backticks.
        found: String,
    },
    /// Nested too deeply.
    #[error("arrays and objects are nested more than {depth_max} deep at byte {offset}")]
    TooDeep {
        /// The offset in bytes.
        offset: usize,
        /// The limit.
        depth_max: usize,
    },
    /// Too many values.
    #[error("there are more than {values_max} values: send less at once")]
    TooManyValues {
        /// The limit.
        values_max: usize,
    },
}

/// A JSON text that was read.
#[derive(Clone, Debug)]
pub struct Document<'a> {
    entries: Vec<Entry<'a>>,
}

/// A value and where what follows it begins. An object's members are entries too: a key, then its value.
#[derive(Clone, Debug)]
struct Entry<'a> {
    token: Token<'a>,
    end: usize,
}

/// A JSON value, containers without what is in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number exactly as it is written.
    Number(&'a str),
    /// A string, escapes resolved.
    Text(Cow<'a, str>),
    /// An array and how many elements it has.
    Array(usize),
    /// An object and how many members it has, equal keys counted each.
    Object(usize),
}

/// A value within a document.
#[derive(Clone, Copy, Debug)]
pub struct Node<'d> {
    token: &'d Token<'d>,
    inner: &'d [Entry<'d>],
    base: usize,
}

impl<'a> Document<'a> {
    /// Reads a text that is one JSON value and nothing else.
    ///
    /// # Errors
    /// Where the text is no JSON, or exceeds [`crate::limits::JSON_DEPTH_MAX`] or [`crate::limits::JSON_VALUES_MAX`].
    pub fn parse(text: &'a [u8]) -> Result<Self, Error> {
        reader::read(text).map(|entries| Self { entries })
    }

    /// The outermost value.
    #[must_use]
    pub fn root(&self) -> Node<'_> {
        node(&self.entries, 0).map_or(Node { token: &Token::Null, inner: &[], base: 0 }, |(node, _)| node)
    }
}

/// The value at the start of `entries`, whose first has the index `base` in the document, and what follows the value.
fn node<'d>(entries: &'d [Entry<'d>], base: usize) -> Option<(Node<'d>, &'d [Entry<'d>])> {
    let (first, rest) = entries.split_first()?;
    let inner_base = base.checked_add(1)?;
    let (inner, after) = rest.split_at_checked(first.end.checked_sub(inner_base)?)?;
    Some((Node { token: &first.token, inner, base: inner_base }, after))
}

impl<'d> Node<'d> {
    /// The value itself.
    #[must_use]
    pub const fn token(&self) -> &'d Token<'d> {
        self.token
    }

    /// The elements of an array; nothing for any other value.
    pub fn elements(&self) -> impl Iterator<Item = Node<'d>> + use<'d> {
        let is_array = matches!(self.token, Token::Array(_));
        let (mut rest, mut base) = (if is_array { self.inner } else { &[] }, self.base);
        std::iter::from_fn(move || {
            let (element, after) = node(rest, base)?;
            base = base.saturating_add(rest.len().saturating_sub(after.len()));
            rest = after;
            Some(element)
        })
    }

    /// The members of an object in the order of the text; nothing for any other value.
    pub fn members(&self) -> impl Iterator<Item = (&'d str, Node<'d>)> + use<'d> {
        let is_object = matches!(self.token, Token::Object(_));
        let (mut rest, mut base) = (if is_object { self.inner } else { &[] }, self.base);
        std::iter::from_fn(move || {
            let (key, values) = rest.split_first()?;
            let Token::Text(key) = &key.token else { return None };
            base = base.saturating_add(1);
            let (value, after) = node(values, base)?;
            base = base.saturating_add(values.len().saturating_sub(after.len()));
            rest = after;
            Some((key.as_ref(), value))
        })
    }

    /// What the value is, for an error: "the number `1e3`".
    #[must_use]
    pub fn describe(&self) -> String {
        match self.token {
            Token::Null => "null".to_owned(),
            Token::Bool(value) => value.to_string(),
            Token::Number(text) => format!("the number {}", crate::name::quote(text)),
            Token::Text(text) => format!("the string {}", crate::name::quote(text)),
            Token::Array(_) => "an array".to_owned(),
            Token::Object(_) => "an object".to_owned(),
        }
    }
}

/// Whether a text is a JSON number.
pub(crate) fn is_number(text: &str) -> bool {
    Document::parse(text.as_bytes()).is_ok_and(|document| *document.root().token() == Token::Number(text))
}
