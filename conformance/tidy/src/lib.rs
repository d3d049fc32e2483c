// SPDX-License-Identifier: MIT OR Apache-2.0
//! The structure rules of the tree, as ordinary tests: who may import whom, where `unsafe` and where a `Caller` may stand,
//! what each file begins with, that a released package of WIT does not change.
//!
//! A rule is a function from the tree to a list of [`Fault`]s; `tests/tree.rs` runs each over this workspace, and each has
//! cases of its own that show that it finds what it is for. What clippy and the compiler can check is left to them.

pub mod callers;
pub mod frozen;
pub mod guests;
pub mod kernel;
pub mod length;
pub mod licence;
pub mod links;
pub mod lints;
pub mod paths;
pub mod rings;
pub mod rust;
pub mod top;
pub mod tree;
pub mod unsafety;

use std::fmt;

/// A broken rule at a place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The file, relative to the workspace, or the crate.
    pub place: String,
    /// The line, counted from 1, where there is one.
    pub line: Option<usize>,
    /// What is wrong and what to do.
    pub message: String,
}

impl Fault {
    /// A fault of a whole file or crate.
    pub fn of(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place: place.into(), line: None, message: message.into() }
    }

    /// A fault in a line, counted from 1.
    pub fn at(place: impl Into<String>, line: usize, message: impl Into<String>) -> Self {
        Self { place: place.into(), line: Some(line), message: message.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.place, self.message),
            None => write!(f, "{}: {}", self.place, self.message),
        }
    }
}

/// The faults as text, a line each; `None` where there is none.
#[must_use]
pub fn report(faults: &[Fault]) -> Option<String> {
    (!faults.is_empty()).then(|| faults.iter().map(Fault::to_string).collect::<Vec<_>>().join("\n"))
}
