// SPDX-License-Identifier: MIT OR Apache-2.0
//! Values: read from a text or from a part of a file, of the type that the key asks for.

use crate::key::Kind;
use kernel_manifest::yaml::{Content, Node};
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Characters of a text: a log filter with a directive for each crate fits.
const TEXT_CHARACTERS_MAX: usize = 1_000;

/// Characters of a path: what Linux takes.
const PATH_CHARACTERS_MAX: usize = 4_096;

/// The units of durations, the largest first.
const UNITS: &[(char, u64)] = &[('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// A value of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// None was given, and the key has no default.
    Absent,
    /// A boolean.
    Boolean(bool),
    /// A whole number.
    Integer(u64),
    /// A text, or one of a few words.
    Text(String),
    /// An address.
    Address(SocketAddr),
    /// A path.
    Path(PathBuf),
    /// Paths, in the order in which they were given.
    Paths(Vec<PathBuf>),
    /// A time.
    Duration(Duration),
    /// A secret.
    Secret(Secret),
}

/// A text that is never shown: it has no `Display`, and `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text, for whoever it is meant for.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// How log lines are written to standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl LogFormat {
    pub(crate) const WORDS: &'static [&'static str] = &["text", "json"];
}

impl Value {
    /// The value as JSON: numbers and booleans as such, a duration in seconds, `null` where there is none. A secret is
    /// `"(secret)"`.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        match self {
            Self::Absent => serde_json::Value::Null,
            Self::Boolean(value) => (*value).into(),
            Self::Integer(value) => (*value).into(),
            Self::Text(value) => value.as_str().into(),
            Self::Address(value) => value.to_string().into(),
            Self::Path(value) => value.to_string_lossy().into(),
            Self::Paths(values) => values.iter().map(|value| value.to_string_lossy().into_owned()).collect(),
            Self::Duration(value) => value.as_secs().into(),
            Self::Secret(_) => "(secret)".into(),
        }
    }

    /// The value as the environment would have it. A secret is `(secret)`.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Absent => String::new(),
            Self::Boolean(value) => value.to_string(),
            Self::Integer(value) => value.to_string(),
            Self::Text(value) => value.clone(),
            Self::Address(value) => value.to_string(),
            Self::Path(value) => value.to_string_lossy().into_owned(),
            Self::Paths(values) => values.iter().map(|value| value.to_string_lossy()).collect::<Vec<_>>().join(":"),
            Self::Duration(value) => duration(value.as_secs()),
            Self::Secret(_) => "(secret)".to_owned(),
        }
    }
}

/// A time in the largest unit that it is a whole number of.
pub(crate) fn duration(seconds: u64) -> String {
    let fits = |(_, length): &&(char, u64)| seconds > 0 && seconds.is_multiple_of(*length);
    match UNITS.iter().find(fits) {
        Some((unit, length)) => format!("{}{unit}", seconds / length),
        None => format!("{seconds}s"),
    }
}

impl Kind {
    /// Reads a text as the environment and the command line have it.
    pub(crate) fn parse(&self, text: &str) -> Option<Value> {
        match self {
            Self::Address => text.parse().ok().map(Value::Address),
            Self::Boolean => text.parse().ok().map(Value::Boolean),
            Self::Integer(least, most) => {
                let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
                let number = digits.then(|| text.parse().ok()).flatten()?;
                (*least..=*most).contains(&number).then_some(Value::Integer(number))
            }
            Self::Text => is_line(text, TEXT_CHARACTERS_MAX).then(|| Value::Text(text.to_owned())),
            Self::Choice(words) => words.contains(&text).then(|| Value::Text(text.to_owned())),
            Self::Path => path(text).map(Value::Path),
            Self::Paths(most) => {
                let paths: Vec<_> = text.split(':').map(path).collect::<Option<_>>()?;
                (paths.len() <= *most).then_some(Value::Paths(paths))
            }
            Self::Duration(least, most) => {
                let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
                let (_, length) = UNITS.iter().find(|(name, _)| unit.starts_with(*name))?;
                let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
                let seconds = digits.then(|| number.parse::<u64>().ok()).flatten()?.checked_mul(*length)?;
                (*least..=*most).contains(&seconds).then(|| Value::Duration(Duration::from_secs(seconds)))
            }
            Self::Secret => is_line(text, TEXT_CHARACTERS_MAX).then(|| Value::Secret(Secret(text.to_owned()))),
        }
    }

    /// Reads a part of a file, whose scalars have a type of their own.
    pub(crate) fn read(&self, node: &Node) -> Option<Value> {
        match (self, &node.content) {
            (Self::Integer(..), Content::Number(text)) | (Self::Boolean, Content::Boolean(text)) => self.parse(text),
            (Self::Integer(..) | Self::Boolean, _) => None,
            (Self::Paths(most), Content::List(items)) => {
                let item = |item: &Node| match &item.content {
                    Content::Text(text) => path(text),
                    _ => None,
                };
                let paths: Vec<_> = items.iter().map(item).collect::<Option<_>>()?;
                (paths.len() <= *most).then_some(Value::Paths(paths))
            }
            (Self::Paths(_), _) => None,
            (_, Content::Text(text)) => self.parse(text),
            _ => None,
        }
    }
}

fn is_line(text: &str, characters_max: usize) -> bool {
    !text.is_empty() && text.len() <= characters_max && !text.contains(char::is_control)
}

fn path(text: &str) -> Option<PathBuf> {
    is_line(text, PATH_CHARACTERS_MAX).then(|| PathBuf::from(text))
}

/// A type of Rust that a value becomes.
pub(crate) trait Typed: Sized {
    /// The value, where it is of that type.
    fn of(value: &Value) -> Option<Self>;
}

macro_rules! typed {
    ($($type:ty: $pattern:pat => $value:expr;)*) => {
        $(impl Typed for $type {
            fn of(value: &Value) -> Option<Self> {
                match value { $pattern => Some($value), _ => None }
            }
        })*
    };
}

typed! {
    bool: Value::Boolean(value) => *value;
    u64: Value::Integer(value) => *value;
    String: Value::Text(value) => value.clone();
    SocketAddr: Value::Address(value) => *value;
    PathBuf: Value::Path(value) => value.clone();
    Vec<PathBuf>: Value::Paths(value) => value.clone();
    Duration: Value::Duration(value) => *value;
    Secret: Value::Secret(value) => value.clone();
}

impl Typed for LogFormat {
    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Text(word) if word == "text" => Some(Self::Text),
            Value::Text(word) if word == "json" => Some(Self::Json),
            _ => None,
        }
    }
}

impl<T: Typed> Typed for Option<T> {
    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Absent => Some(None),
            value => T::of(value).map(Some),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_becomes_a_value_or_nothing() {
        let day = Kind::Duration(60, 86_400 * 30);
        let cases: &[(Kind, &str, Option<&str>)] = &[
            (Kind::Address, "127.0.0.1:8080", Some("127.0.0.1:8080")),
            (Kind::Address, "[::1]:80", Some("[::1]:80")),
            (Kind::Address, "localhost:80", None),
            (Kind::Address, "127.0.0.1:99999", None),
            (Kind::Boolean, "true", Some("true")),
            (Kind::Boolean, "yes", None),
            (Kind::Integer(1, 10), "10", Some("10")),
            (Kind::Integer(1, 10), "0", None),
            (Kind::Integer(1, 10), "11", None),
            (Kind::Integer(1, 10), "+5", None),
            (Kind::Integer(1, 10), "", None),
            (Kind::Integer(0, u64::MAX), "18446744073709551616", None),
            (Kind::Choice(&["a", "b"]), "b", Some("b")),
            (Kind::Choice(&["a", "b"]), "c", None),
            (Kind::Text, "", None),
            (Kind::Text, "a\nb", None),
            (Kind::Path, "/a b", Some("/a b")),
            (Kind::Path, "a\0", None),
            (Kind::Paths(2), "a:b", Some("a:b")),
            (Kind::Paths(2), "a::b", None),
            (Kind::Paths(2), "a:b:c", None),
            (day, "24h", Some("1d")),
            (day, "90s", Some("90s")),
            (day, "90", None),
            (day, "s", None),
            (day, "", None),
            (day, "1ü", None),
            (day, "31d", None),
            (day, "99999999999999999999d", None),
            (Kind::Secret, "postgres://a:b@c/d", Some("(secret)")),
        ];
        for (kind, text, expected) in cases {
            let value = kind.parse(text);
            assert_eq!(value.map(|value| value.text()).as_deref(), *expected, "{kind:?} {text}");
        }
    }

    #[test]
    fn a_secret_is_not_shown() {
        let value = Kind::Secret.parse("hunter2").unwrap();
        assert!(!format!("{value:?}{}{}", value.text(), value.json()).contains("hunter2"));
    }
}
