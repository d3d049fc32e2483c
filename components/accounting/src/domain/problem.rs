// SPDX-License-Identifier: MIT OR Apache-2.0
//! Refusals: a class, a stable code, and every fault with its place in the input. The shell turns them into
//! `cortex:types/problem`; no text here comes from the database.

use std::fmt::{self, Write as _};

/// How many faults a refusal names: enough to mend a file in a few rounds, few enough for a small answer.
pub(crate) const FAULTS_MAX: usize = 100;

/// How much of the user's own text a message repeats, in characters.
const QUOTE_CHARACTERS_MAX: usize = 60;

/// The class of a refusal, as in `cortex:types/problem-kind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The input breaks a rule.
    Invalid,
    /// What the input names does not exist.
    NotFound,
    /// The state of the ledger forbids it.
    Conflict,
    /// A declared limit is exceeded.
    LimitExceeded,
    /// The database cannot answer now.
    Unavailable,
    /// A defect of this component.
    Internal,
}

/// One fault of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// A JSON Pointer into the input.
    pub(crate) path: String,
    /// For programs.
    pub(crate) code: &'static str,
    /// For people.
    pub(crate) message: String,
}

/// A refusal. Boxed: results of it are on every path, and a refusal is rare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem(pub(crate) Box<Details>);

/// What a refusal says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Details {
    /// Its class.
    pub(crate) kind: Kind,
    /// For programs.
    pub(crate) code: &'static str,
    /// For people.
    pub(crate) message: String,
    /// The faults by place.
    pub(crate) faults: Vec<Fault>,
}

/// What every rule and operation answers.
pub(crate) type Answer<T> = Result<T, Problem>;

impl std::ops::Deref for Problem {
    type Target = Details;

    fn deref(&self) -> &Details {
        &self.0
    }
}

impl Problem {
    /// A refusal without a place.
    pub(crate) fn new(kind: Kind, code: &'static str, message: impl Into<String>) -> Self {
        Self(Box::new(Details { kind, code, message: message.into(), faults: Vec::new() }))
    }

    /// A refusal because of what the ledger holds.
    pub(crate) fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Kind::Conflict, code, message)
    }

    /// A refusal because something is not there.
    pub(crate) fn not_found(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Kind::NotFound, code, message)
    }

    /// A defect of this component.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(Kind::Internal, "internal", message)
    }

    /// A refusal of one place.
    pub(crate) fn invalid(at: &At<'_>, code: &'static str, message: impl Into<String>) -> Self {
        let mut faults = Faults::default();
        faults.invalid(at, code, message);
        faults.into_problem()
    }
}

/// A place in the input. Built while walking down, written out only where a fault is found.
#[derive(Clone, Copy, Debug)]
pub(crate) enum At<'a> {
    /// The whole input.
    Top,
    /// A field of a record, in the spelling of JSON (`external_id`).
    Key(&'a At<'a>, &'static str),
    /// An item of a list.
    Item(&'a At<'a>, usize),
}

impl At<'_> {
    /// A field below this place.
    pub(crate) const fn key(&self, name: &'static str) -> At<'_> {
        At::Key(self, name)
    }

    /// An item below this place.
    pub(crate) const fn item(&self, index: usize) -> At<'_> {
        At::Item(self, index)
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            At::Top => Ok(()),
            At::Key(above, name) => write!(f, "{above}/{name}"),
            At::Item(above, index) => write!(f, "{above}/{index}"),
        }
    }
}

/// The faults found so far.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    list: Vec<Fault>,
    left_out: usize,
    has_invalid: bool,
    /// Whether some have another code than the first.
    has_other_code: bool,
}

impl Faults {
    /// Notes a fault of the input itself.
    pub(crate) fn invalid(&mut self, at: &At<'_>, code: &'static str, message: impl Into<String>) {
        self.has_invalid = true;
        self.push(at, code, message.into());
    }

    /// Notes a fault that only the state of the ledger makes one: a closed period, a taken code.
    pub(crate) fn conflict(&mut self, at: &At<'_>, code: &'static str, message: impl Into<String>) {
        self.push(at, code, message.into());
    }

    fn push(&mut self, at: &At<'_>, code: &'static str, message: String) {
        self.has_other_code |= self.list.first().is_some_and(|first| first.code != code);
        if self.list.len() < FAULTS_MAX {
            self.list.push(Fault { path: at.to_string(), code, message });
        } else {
            self.left_out = self.left_out.saturating_add(1);
        }
    }

    /// Takes over the faults of a refusal.
    pub(crate) fn absorb(&mut self, problem: Problem) {
        self.has_invalid |= problem.kind != Kind::Conflict;
        for fault in problem.0.faults {
            self.has_other_code |= self.list.first().is_some_and(|first| first.code != fault.code);
            if self.list.len() < FAULTS_MAX {
                self.list.push(fault);
            } else {
                self.left_out = self.left_out.saturating_add(1);
            }
        }
    }

    /// How many were found, the ones left out included.
    pub(crate) fn count(&self) -> usize {
        self.list.len().saturating_add(self.left_out)
    }

    /// The faults, for a draft.
    pub(crate) fn into_list(self) -> Vec<Fault> {
        self.list
    }

    /// Ok where nothing was found.
    pub(crate) fn into_answer(self) -> Answer<()> {
        if self.count() == 0 { Ok(()) } else { Err(self.into_problem()) }
    }

    /// The refusal: it bears the faults' own code where they all share one, and is a conflict where nothing but the state of
    /// the ledger stands in the way.
    fn into_problem(self) -> Problem {
        let count = self.count();
        let first = self.list.first();
        let code = first.filter(|_| !self.has_other_code).map_or("invalid-input", |fault| fault.code);
        let kind = if self.has_invalid { Kind::Invalid } else { Kind::Conflict };
        let message = match first {
            Some(only) if count == 1 => only.message.clone(),
            Some(first) => format!("{count} faults; the first at `{}`: {}", first.path, first.message),
            None => String::new(),
        };
        Problem(Box::new(Details { kind, code, message, faults: self.list }))
    }
}

/// The user's text in backticks, cut, control characters made visible.
pub(crate) fn quote(text: &str) -> String {
    let mut quoted = String::from("`");
    for (index, character) in text.chars().enumerate() {
        if index == QUOTE_CHARACTERS_MAX {
            quoted.push('…');
            break;
        }
        if character.is_control() {
            let _ = write!(quoted, "{}", character.escape_default());
        } else {
            quoted.push(character);
        }
    }
    quoted.push('`');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_json_pointers() {
        let top = At::Top;
        let (entries, line) = (top.key("entries"), 3);
        let entry = entries.item(17);
        let lines = entry.key("lines");
        assert_eq!(lines.item(line).key("amount").to_string(), "/entries/17/lines/3/amount");
        assert_eq!(top.to_string(), "");
    }

    #[test]
    fn faults_decide_code_and_class() {
        let mut faults = Faults::default();
        faults.conflict(&At::Top.key("date"), "period-closed", "closed");
        let problem = faults.into_problem();
        assert_eq!((problem.kind, problem.code, problem.message.as_str()), (Kind::Conflict, "period-closed", "closed"));

        let mut faults = Faults::default();
        faults.conflict(&At::Top.key("date"), "period-closed", "closed");
        faults.invalid(&At::Top.key("lines"), "too-few-lines", "few");
        let problem = faults.into_problem();
        assert_eq!((problem.kind, problem.code), (Kind::Invalid, "invalid-input"));
        assert_eq!(problem.message, "2 faults; the first at `/date`: closed");
    }

    #[test]
    fn faults_are_bounded_and_counted() {
        let mut faults = Faults::default();
        for index in 0..250 {
            faults.invalid(&At::Top.key("lines").item(index), "unknown-account", "x");
        }
        let problem = faults.into_problem();
        assert_eq!(problem.faults.len(), FAULTS_MAX);
        assert!(problem.message.starts_with("250 faults;"), "{}", problem.message);
    }

    #[test]
    fn quotes_are_cut_and_harmless() {
        assert_eq!(quote("a\nb"), "`a\\nb`");
        assert_eq!(quote(&"x".repeat(500)).chars().count(), QUOTE_CHARACTERS_MAX + 3);
    }
}
