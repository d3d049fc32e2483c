// SPDX-License-Identifier: MIT OR Apache-2.0
//! Faults and warnings of a journal: where, what, and what to write instead. All faults of a text are collected up to
//! [`FAULTS_MAX`], because a person mends a file faster with the whole list than one fault at a time.

use super::limits::{FAULTS_MAX, QUOTE_CHARACTERS_MAX, WARNINGS_PER_KIND_MAX};
use std::collections::BTreeMap;
use std::fmt;

/// A place in the text. Lines and columns count from 1, columns in characters; a tab is one character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

impl Place {
    /// The first column of a line.
    #[must_use]
    pub const fn line(line: u32) -> Self {
        Self { line, column: 1 }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal,)*) => {
        /// The class of a fault, stable between versions.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[$doc])* $variant,)* }

        impl Code {
            /// The code as programs read it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

codes! {
    /// A line or a part of it is not what the format has at this place.
    Syntax = "syntax",
    /// A date that is none, or whose year is not known.
    Date = "date",
    /// A number that is none, or has more digits than can be kept exactly.
    Number = "number",
    /// An account name with an empty part, or one too long.
    AccountName = "account-name",
    /// An account whose type neither its name nor a declaration says.
    AccountType = "account-type",
    /// A directive that is not known.
    UnknownDirective = "unknown-directive",
    /// A directive or a feature that is known and refused.
    Unsupported = "unsupported",
    /// A transaction whose postings do not sum to zero.
    Unbalanced = "unbalanced",
    /// A balance assertion that does not hold.
    AssertionFailed = "assertion-failed",
    /// A limit of this component is exceeded.
    LimitExceeded = "limit-exceeded",
    /// A commodity that cannot be a commodity of the ledger.
    Commodity = "commodity",
    /// An amount that the ledger cannot keep exactly.
    Precision = "precision",
}

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// What, for programs.
    pub code: Code,
    /// What, for people, without the place.
    pub message: String,
}

impl Fault {
    /// A fault at a place.
    #[must_use]
    pub fn new(place: Place, code: Code, message: impl Into<String>) -> Self {
        Self { place, code, message: message.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// The faults found so far, at most [`FAULTS_MAX`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    list: Vec<Fault>,
    overflown: bool,
}

impl Faults {
    /// Adds one, unless the list is full.
    pub fn add(&mut self, fault: Fault) {
        if self.list.len() < FAULTS_MAX {
            self.list.push(fault);
        } else {
            self.overflown = true;
        }
    }

    /// Whether no more will be kept: who looks for faults may stop.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.list.len() >= FAULTS_MAX
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Whether there were more than are kept.
    #[must_use]
    pub fn overflown(&self) -> bool {
        self.overflown
    }

    /// The faults by place.
    #[must_use]
    pub fn into_sorted(mut self) -> Vec<Fault> {
        self.list.sort_by_key(|fault| fault.place);
        self.list
    }
}

/// What the reader left out or changed, told without refusing: by kind, each with its line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Warnings {
    by_kind: BTreeMap<&'static str, Vec<(u32, String)>>,
    counts: BTreeMap<&'static str, usize>,
}

impl Warnings {
    /// Adds a warning of a kind; past [`WARNINGS_PER_KIND_MAX`] it is only counted.
    pub fn add(&mut self, kind: &'static str, line: u32, message: impl Into<String>) {
        let list = self.by_kind.entry(kind).or_default();
        if list.len() < WARNINGS_PER_KIND_MAX {
            list.push((line, message.into()));
        }
        let count = self.counts.entry(kind).or_default();
        *count = count.saturating_add(1);
    }

    /// All warnings as lines of text, by line; for each kind with more than are kept, one line with the number of the rest.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut listed: Vec<&(u32, String)> = self.by_kind.values().flatten().collect();
        listed.sort();
        let mut lines: Vec<String> = listed.iter().map(|(line, text)| format!("line {line}: {text}")).collect();
        for (kind, count) in &self.counts {
            let rest = count.saturating_sub(WARNINGS_PER_KIND_MAX);
            if rest > 0 {
                lines.push(format!("{rest} more of the kind `{kind}`"));
            }
        }
        lines
    }
}

/// The user's text for a message: in backticks, on one line, at most [`QUOTE_CHARACTERS_MAX`] characters.
#[must_use]
pub fn quote(text: &str) -> String {
    let mut quoted = String::from("`");
    for (index, c) in text.chars().enumerate() {
        if index >= QUOTE_CHARACTERS_MAX {
            quoted.push('…');
            break;
        }
        if c.is_control() {
            quoted.extend(c.escape_default());
        } else {
            quoted.push(c);
        }
    }
    quoted.push('`');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_is_bounded_and_on_one_line() {
        assert_eq!(quote("a\nb"), "`a\\nb`");
        assert_eq!(quote(&"x".repeat(100)).chars().count(), QUOTE_CHARACTERS_MAX + 3);
    }

    #[test]
    fn faults_are_bounded_and_sorted() {
        let mut faults = Faults::default();
        for line in (1..=200).rev() {
            faults.add(Fault::new(Place::line(line), Code::Syntax, "x"));
        }
        assert!(faults.is_full() && faults.overflown());
        let sorted = faults.into_sorted();
        assert_eq!(sorted.len(), FAULTS_MAX);
        assert_eq!(sorted.first().map(|fault| fault.place.line), Some(101));
    }

    #[test]
    fn warnings_of_one_kind_are_summed_up() {
        let mut warnings = Warnings::default();
        for line in 0..25 {
            warnings.add("rule", line, "skipped");
        }
        let lines = warnings.lines();
        assert_eq!(lines.len(), WARNINGS_PER_KIND_MAX + 1);
        assert_eq!(lines.last().map(String::as_str), Some("5 more of the kind `rule`"));
    }
}
