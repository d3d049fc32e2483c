// SPDX-License-Identifier: MIT OR Apache-2.0
//! YAML text to a tree whose nodes know their places. A strict part of YAML 1.2 (core schema): one document, no
//! anchors, no aliases, no tags, bounded in size, depth and nodes. JSON is a part of it.
//!
//! It does not know what a manifest is; the host's configuration is read with it too. Scalars keep their text, so that
//! a fault can repeat what the author wrote.

use crate::fault::{Collector, Place};
use kernel_types::text::quote;
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, StrInput};

/// The largest manifest, in bytes. A component with 1,000 operations and all else needs half of it.
pub const BYTES_MAX: usize = 256 << 10;

/// How deep lists and mappings nest. The format needs 5 (`query` of an operation).
pub const DEPTH_MAX: usize = 16;

/// How many scalars, lists and mappings there may be: the memory of the tree is bounded by it, about 100 bytes each.
pub const NODES_MAX: usize = 50_000;

/// A line and a column, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column in characters.
    pub column: usize,
}

impl From<&Marker> for Position {
    fn from(marker: &Marker) -> Self {
        Self { line: marker.line(), column: marker.col().saturating_add(1) }
    }
}

/// A part of the tree.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it begins.
    pub position: Position,
    /// What it holds.
    pub content: Content,
}

/// What a node holds.
#[derive(Clone, Debug)]
pub enum Content {
    /// Nothing: an empty value, `~` or `null`.
    Null,
    /// `true` or `false`. Not `yes`, `no`, `on`, `off`: these are text.
    Boolean(String),
    /// A plain scalar that YAML 1.2 takes for a number, as it is written.
    Number(String),
    /// Anything else, and everything in quotes.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping in the author's order. A key may stand in it twice: the reader reports that with its path.
    Map(Vec<Entry>),
}

/// A key and its value.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where it begins.
    pub position: Position,
    /// The value.
    pub value: Node,
}

const WELL_FORMED: &str = "well-formed YAML 1.2";

const ALIAS: &str = "an alias (`*name`); aliases are not allowed";

/// What ends the reading of a text: it is no YAML, or not the part of YAML that is read here.
struct Refusal {
    position: Position,
    expected: String,
    found: String,
}

impl Refusal {
    fn new(position: Position, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self { position, expected: expected.into(), found: found.into() }
    }
}

impl From<ScanError> for Refusal {
    fn from(error: ScanError) -> Self {
        let is = |word: &str| error.info().split(|c: char| !c.is_alphanumeric()).any(|part| part == word);
        let (expected, found) = match error.info() {
            "mapping values are not allowed in this context" => (
                WELL_FORMED,
                "a `:` that does not fit; mend the indentation, or put a text with `: ` in quotes".to_owned(),
            ),
            "while parsing node, found unknown anchor" => ("the value itself", ALIAS.to_owned()),
            _ if is("tab") || is("tabs") => ("spaces", "a tab".to_owned()),
            info => (WELL_FORMED, format!("a fault: {}", info.replace(['`', '\''], "\""))),
        };
        Self::new(error.marker().into(), expected, found)
    }
}

/// Reads the text, or records why it cannot be read.
pub fn read(text: &str, faults: &mut Collector) -> Option<Node> {
    match Tree::new(text).and_then(|mut tree| tree.document()) {
        Ok(node) => Some(node),
        Err(refusal) => {
            let Position { line, column } = refusal.position;
            faults.add(&Place { line, column, path: String::new() }, refusal.expected, refusal.found);
            None
        }
    }
}

struct Tree<'t> {
    parser: Parser<'t, StrInput<'t>>,
    nodes: usize,
}

const START: Position = Position { line: 1, column: 1 };

impl<'t> Tree<'t> {
    fn new(text: &'t str) -> Result<Self, Refusal> {
        if text.len() > BYTES_MAX {
            return Err(Refusal::new(START, format!("at most {BYTES_MAX} bytes"), format!("{} bytes", text.len())));
        }
        Ok(Self { parser: Parser::new_from_str(text), nodes: 0 })
    }

    fn next(&mut self) -> Result<(Event<'t>, Position), Refusal> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => Ok((event, Position::from(&span.start))),
            Some(Err(error)) => Err(error.into()),
            None => Err(Refusal::new(START, WELL_FORMED, "an unexpected end of the file")),
        }
    }

    /// The only document of the text.
    fn document(&mut self) -> Result<Node, Refusal> {
        let mut root = None;
        loop {
            let (event, position) = self.next()?;
            match event {
                Event::StreamEnd => {
                    return Ok(root.unwrap_or(Node { position: START, content: Content::Null }));
                }
                Event::DocumentStart(_) if root.is_some() => {
                    return Err(Refusal::new(position, "one YAML document", "the start of a second one"));
                }
                Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing => {}
                event => root = Some(self.node(event, position, 1)?),
            }
        }
    }

    fn node(&mut self, event: Event<'t>, position: Position, depth: usize) -> Result<Node, Refusal> {
        self.nodes = self.nodes.saturating_add(1);
        if self.nodes > NODES_MAX {
            return Err(Refusal::new(position, format!("at most {NODES_MAX} values"), "one more"));
        }
        if depth > DEPTH_MAX {
            return Err(Refusal::new(position, format!("at most {DEPTH_MAX} levels of nesting"), "one more"));
        }
        let content = match event {
            Event::Scalar(text, style, anchor, tag) => {
                refuse_extras(position, anchor, tag.is_some())?;
                scalar(text.into_owned(), style)
            }
            Event::SequenceStart(anchor, tag) => {
                refuse_extras(position, anchor, tag.is_some())?;
                self.list(depth)?
            }
            Event::MappingStart(anchor, tag) => {
                refuse_extras(position, anchor, tag.is_some())?;
                self.map(depth)?
            }
            Event::Alias(_) => {
                return Err(Refusal::new(position, "the value itself", ALIAS));
            }
            _ => return Err(Refusal::new(position, "a value", "the end of what surrounds it")),
        };
        Ok(Node { position, content })
    }

    fn list(&mut self, depth: usize) -> Result<Content, Refusal> {
        let mut list = Vec::new();
        loop {
            let (event, position) = self.next()?;
            if matches!(event, Event::SequenceEnd) {
                return Ok(Content::List(list));
            }
            list.push(self.node(event, position, depth.saturating_add(1))?);
        }
    }

    fn map(&mut self, depth: usize) -> Result<Content, Refusal> {
        let mut map = Vec::new();
        loop {
            let (event, position) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                return Ok(Content::Map(map));
            }
            let key = match self.node(event, position, depth.saturating_add(1))?.content {
                Content::Text(text) | Content::Number(text) | Content::Boolean(text) => text,
                Content::Null => return Err(Refusal::new(position, "a key before the `:`", "none")),
                Content::List(_) => return Err(Refusal::new(position, "a word as key", "a list")),
                Content::Map(_) => return Err(Refusal::new(position, "a word as key", "a mapping")),
            };
            let (event, at) = self.next()?;
            let value = self.node(event, at, depth.saturating_add(1))?;
            map.push(Entry { key, position, value });
        }
    }
}

fn refuse_extras(position: Position, anchor: usize, tagged: bool) -> Result<(), Refusal> {
    if anchor != 0 {
        return Err(Refusal::new(position, "the value alone", "an anchor (`&name`); anchors are not allowed"));
    }
    if tagged {
        return Err(Refusal::new(position, "the value alone", "a tag (`!name`); tags are not allowed"));
    }
    Ok(())
}

/// Resolves a scalar by the core schema, YAML 1.2.2 section 10.3.2.
fn scalar(text: String, style: ScalarStyle) -> Content {
    if style != ScalarStyle::Plain {
        return Content::Text(text);
    }
    match text.as_str() {
        "" | "~" | "null" | "Null" | "NULL" => Content::Null,
        "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => Content::Boolean(text),
        number if is_number(number) => Content::Number(text),
        _ => Content::Text(text),
    }
}

fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if let Some(octal) = text.strip_prefix("0o") {
        return !octal.is_empty() && octal.bytes().all(|b| matches!(b, b'0'..=b'7'));
    }
    if let Some(hexadecimal) = text.strip_prefix("0x") {
        return !hexadecimal.is_empty() && hexadecimal.bytes().all(|b| b.is_ascii_hexdigit());
    }
    if matches!(text, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return true;
    }
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let exponent_fits = exponent.is_none_or(|e| digits(e.strip_prefix(['-', '+']).unwrap_or(e)));
    let mantissa_fits = match mantissa.split_once('.') {
        Some(("", fraction)) => digits(fraction),
        Some((whole, fraction)) => digits(whole) && (fraction.is_empty() || digits(fraction)),
        None => digits(mantissa),
    };
    exponent_fits && mantissa_fits
}

impl Content {
    /// What it is, for a fault.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Null => "nothing".to_owned(),
            Self::Boolean(text) => format!("the boolean {}", quote(text)),
            Self::Number(text) => format!("the number {}", quote(text)),
            Self::Text(text) => quote(text),
            Self::List(_) => "a list".to_owned(),
            Self::Map(_) => "a mapping".to_owned(),
        }
    }
}
