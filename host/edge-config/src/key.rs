// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is known of a key: its name, its type, where it may be given.

use std::borrow::Cow;
use std::fmt;

/// One key of the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its name, `section.name` or `name`.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// What a number counts; empty where it is none.
    pub unit: &'static str,
    /// Its value where nobody gives one, as it would stand in the environment; empty where there is none then.
    pub default: &'static str,
    /// Where it may be given.
    pub places: Places,
    /// Whether it is part of the boot digest.
    pub scope: Scope,
    pub(crate) summary: &'static str,
}

/// What a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An address of this machine and a port.
    Address,
    /// `true` or `false`.
    Boolean,
    /// A whole number from the first to the second.
    Integer(u64, u64),
    /// One line of text.
    Text,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// The path of a file or a directory.
    Path,
    /// Several of them, at most so many; in the environment and on the command line with `:` between them.
    Paths(usize),
    /// A time from the first to the second, in seconds; written with its unit, as `90s`, `15m`, `12h` or `7d`.
    Duration(u64, u64),
    /// A text that is never shown.
    Secret,
}

/// Where a key may be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Places {
    /// In the environment, in the file and on the command line.
    Everywhere,
    /// Not in the file: it says whether the file is to be believed, or where the host is that commands look for.
    NotInFile,
    /// On the command line only.
    CommandLine,
}

/// Whether a key is part of the boot digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// It is: two hosts that differ in it behave differently.
    Host,
    /// It is not: it says where something is on this machine, and hosts of one site may differ in it.
    Machine,
}

impl Key {
    /// What it does.
    #[must_use]
    pub fn summary(&self) -> &'static str {
        self.summary.trim()
    }

    /// Whether its value is never shown.
    #[must_use]
    pub const fn is_secret(&self) -> bool {
        matches!(self.kind, Kind::Secret)
    }

    /// Whether its value is part of the boot digest.
    #[must_use]
    pub fn is_digested(&self) -> bool {
        self.scope == Scope::Host && !self.is_secret()
    }

    /// The environment variable that sets it; [`None`] where none may.
    #[must_use]
    pub fn variable(&self) -> Option<String> {
        match (self.places, self.name) {
            (Places::CommandLine, _) => None,
            // The name that every program of the kind has for it.
            (_, "log.level") => Some("CORTEX_LOG".to_owned()),
            _ => Some(self.derived_variable()),
        }
    }

    pub(crate) fn derived_variable(&self) -> String {
        format!("CORTEX_{}", self.name.replace(['.', '-'], "_").to_uppercase())
    }
}

impl Kind {
    /// Its name in documentation.
    #[must_use]
    pub fn name(&self) -> Cow<'static, str> {
        match self {
            Self::Address => "address".into(),
            Self::Boolean => "boolean".into(),
            Self::Integer(least, most) => format!("integer, {least} to {most}").into(),
            Self::Text => "text".into(),
            Self::Choice(words) => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" or ").into(),
            Self::Path => "path".into(),
            Self::Paths(most) => format!("list of paths, at most {most}").into(),
            Self::Duration(least, most) => {
                format!("duration, {} to {}", crate::value::duration(*least), crate::value::duration(*most)).into()
            }
            Self::Secret => "secret".into(),
        }
    }
}

/// What is expected, as it stands in a fault after the word "expected".
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address => f.write_str("an address such as `127.0.0.1:8080`"),
            Self::Boolean => f.write_str("`true` or `false`"),
            Self::Integer(least, most) => write!(f, "a whole number from {least} to {most}"),
            Self::Text => f.write_str("a text of one line, at most 1000 characters"),
            Self::Choice(_) => write!(f, "one of {}", self.name()),
            Self::Path => f.write_str("a path"),
            Self::Paths(most) => write!(f, "a list of at most {most} paths"),
            Self::Duration(least, most) => {
                let (least, most) = (crate::value::duration(*least), crate::value::duration(*most));
                write!(f, "a time from {least} to {most} with its unit, such as `90s`, `15m`, `12h` or `7d`")
            }
            Self::Secret => f.write_str("a text"),
        }
    }
}
