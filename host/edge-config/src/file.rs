// SPDX-License-Identifier: MIT OR Apache-2.0
//! The configuration file: YAML or JSON, sections of keys. The reader of YAML is that of manifests, with its bounds.

use crate::fault::{Collector, Fault};
use crate::key::{Key, Places};
use crate::list::KEYS;
use crate::value::Value;
use kernel_manifest::yaml::{self, Content, Entry, Node, Position};
use kernel_types::text::{nearest, quote};
use serde::de::IgnoredAny;
use std::collections::HashMap;

/// A configuration file.
#[derive(Clone, Debug)]
pub struct File {
    /// Its name, for messages; what follows the last dot says its format.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// What a file gives, by the key's name.
pub(crate) type Found = HashMap<&'static str, Value>;

struct Reader<'f> {
    file: &'f File,
    found: Found,
    faults: &'f mut Collector,
}

impl File {
    /// Reads every key of the file; what is wrong goes to `faults`.
    pub(crate) fn read(&self, faults: &mut Collector) -> Found {
        let mut reader = Reader { file: self, found: Found::new(), faults };
        if reader.is_of_its_format()
            && let Some(root) = reader.tree()
        {
            reader.section(&root, "");
        }
        reader.found
    }
}

impl Reader<'_> {
    fn fault(&mut self, position: Position, key: &str, expected: impl Into<String>, found: impl Into<String>) {
        self.fault_near(position, key, expected, found, None);
    }

    fn fault_near(
        &mut self,
        Position { line, column }: Position,
        key: &str,
        expected: impl Into<String>,
        found: impl Into<String>,
        nearest: Option<String>,
    ) {
        let (place, key) = (format!("{}:{line}:{column}", self.file.name), key.to_owned());
        self.faults.add(Fault { place, key, expected: expected.into(), found: found.into(), nearest });
    }

    /// JSON is a part of YAML, so that one reader reads both; what is called JSON has to be JSON first.
    fn is_of_its_format(&mut self) -> bool {
        let start = Position { line: 1, column: 1 };
        match self.file.name.rsplit_once('.').map(|(_, extension)| extension) {
            Some("yaml" | "yml") => true,
            Some("json") => match serde_json::from_str::<IgnoredAny>(&self.file.text) {
                Ok(_) => true,
                Err(error) => {
                    let position = Position { line: error.line().max(1), column: error.column().max(1) };
                    self.fault(position, "", "JSON", "a text that is none");
                    false
                }
            },
            _ => {
                self.fault(start, "", "a file whose name ends in `.yaml`, `.yml` or `.json`", "another name");
                false
            }
        }
    }

    fn tree(&mut self) -> Option<Node> {
        let mut collector = kernel_manifest::Collector::default();
        let read = yaml::read(&self.file.text, &mut collector);
        match collector.finish(read) {
            Ok(node) => Some(node),
            Err(faults) => {
                for fault in faults.as_slice() {
                    let position = Position { line: fault.place.line, column: fault.place.column };
                    self.fault(position, "", fault.expected.clone(), fault.found.clone());
                }
                self.faults.omit(faults.omitted());
                None
            }
        }
    }

    /// Reads the entries of a section, or of the whole file where its name is empty.
    fn section(&mut self, node: &Node, section: &str) {
        let entries = match &node.content {
            Content::Map(entries) => entries,
            // A file of comments only.
            Content::Null if section.is_empty() => return,
            other => {
                // What stands here may be a secret in the wrong place.
                let found = match other {
                    Content::Null => "nothing",
                    Content::List(_) => "a list",
                    _ => "a single value",
                };
                return self.fault(node.position, section, "a mapping from keys to values", found);
            }
        };
        let mut first: HashMap<&str, usize> = HashMap::new();
        for entry in entries {
            let path = if section.is_empty() { entry.key.clone() } else { format!("{section}.{}", entry.key) };
            if let Some(line) = first.insert(&entry.key, entry.position.line) {
                let found = format!("{} again, first in line {line}", quote(&entry.key));
                self.fault(entry.position, &shown(&path), "each key once", found);
                continue;
            }
            self.entry(entry, section, &path);
        }
    }

    fn entry(&mut self, entry: &Entry, section: &str, path: &str) {
        // A dot in a word of the file does not lead into a section.
        let known = if entry.key.contains('.') { None } else { KEYS.iter().find(|key| key.name == path) };
        match known {
            Some(key) => self.value(key, entry),
            None if section.is_empty() && sections().any(|name| name == entry.key) => {
                self.section(&entry.value, &entry.key);
            }
            None => self.unknown(entry, section, path),
        }
    }

    fn value(&mut self, key: &'static Key, entry: &Entry) {
        if key.places != Places::Everywhere {
            let variable = key.variable().map(|variable| format!("in `{variable}` or ")).unwrap_or_default();
            let expected =
                format!("it {variable}on the command line, where the host finds it before it reads the file");
            return self.fault(entry.position, key.name, expected, "it in the file");
        }
        match key.kind.read(&entry.value) {
            Some(value) => {
                self.found.insert(key.name, value);
            }
            None => {
                let found = match &entry.value.content {
                    _ if key.is_secret() => "something else, which is not shown".to_owned(),
                    Content::Null => "nothing; leave the key out to have its default".to_owned(),
                    Content::Number(text) | Content::Boolean(text) if key.kind.parse(text).is_some() => {
                        format!("{}; put it in quotes", entry.value.content.describe())
                    }
                    Content::Text(text) if key.kind.parse(text).is_some() => {
                        format!("the text {}; {}", quote(text), plain(key))
                    }
                    content => content.describe(),
                };
                self.fault(entry.value.position, key.name, key.kind.to_string(), found);
            }
        }
    }

    fn unknown(&mut self, entry: &Entry, section: &str, path: &str) {
        let below = |name: &'static str| match section {
            "" => Some(name.split('.').next().unwrap_or(name)),
            section => name.strip_prefix(section)?.strip_prefix('.'),
        };
        let siblings: Vec<&str> = KEYS.iter().filter_map(|key| below(key.name)).collect();
        let sibling = nearest(&entry.key, siblings.iter().copied());
        let full = |word: &str| if section.is_empty() { word.to_owned() } else { format!("{section}.{word}") };
        let elsewhere = || {
            let last = |name: &'static str| name.rsplit('.').next().unwrap_or(name);
            let near = nearest(&entry.key, KEYS.iter().map(|key| last(key.name)))?;
            let near = KEYS.iter().find(|key| key.name == entry.key || last(key.name) == near)?;
            Some(near.name.to_owned())
        };
        let exact = KEYS.iter().find(|key| key.name == entry.key).map(|key| key.name.to_owned());
        let near = exact.or_else(|| sibling.map(full)).or_else(elsewhere);
        let expected =
            if entry.key.contains('.') { "a known key, with its section on a line before it" } else { "a known key" };
        self.fault_near(entry.position, &shown(path), expected, quote(&entry.key), near);
    }
}

/// The sections that there are; a name may come more than once.
fn sections() -> impl Iterator<Item = &'static str> {
    KEYS.iter().filter_map(|key| key.name.split_once('.')).map(|(section, _)| section)
}

fn shown(path: &str) -> String {
    quote(path).trim_matches('`').to_owned()
}

fn plain(key: &Key) -> &'static str {
    match key.kind {
        crate::key::Kind::Paths(_) => "write a list",
        _ => "write it without quotes",
    }
}
