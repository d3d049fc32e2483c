// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a unit of work must do again behind a statement that failed.
//!
//! PostgreSQL takes no more statements after one that failed, until the transaction returns to a savepoint. A savepoint
//! before every statement would double the round trips of every unit, for an error that hardly any meets. So a unit has one
//! savepoint at its beginning and notes its changes; when a statement fails, it returns to the savepoint and runs them
//! again, on the same snapshot, with the same result. Where a unit notes more than it may, or has failed once, it moves the
//! savepoint forward instead.

use cap_storage::{Parameters, Statement};
use kernel_types::ComponentId;

/// How a change runs for its lists of parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// One statement for many.
    AtOnce,
    /// One after another.
    Each,
}

/// A change that succeeded.
#[derive(Clone)]
pub(crate) struct Change {
    pub(crate) component: ComponentId,
    pub(crate) statement: Statement,
    pub(crate) lists: Vec<Parameters>,
    pub(crate) way: Way,
}

/// What a savepoint remembers of the session's settings: returning to it brings them back.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Scope {
    /// Whose role is in force.
    pub(crate) component: Option<ComponentId>,
    /// How long a statement may run, in milliseconds; 0 before the first.
    pub(crate) timeout_ms: u64,
}

/// One level of nesting: the unit itself, or a savepoint that a component or a call opened.
#[derive(Default)]
pub(crate) struct Level {
    /// Changes since the newest savepoint of this level.
    pub(crate) changes: Vec<Change>,
    pub(crate) bytes: usize,
    /// Whether that savepoint stands behind the level's beginning.
    pub(crate) moved: bool,
    /// The settings at that savepoint.
    pub(crate) scope: Scope,
    /// The settings at the level's beginning.
    pub(crate) first: Scope,
    /// A statement of this level failed before: the next one gets a savepoint of its own.
    pub(crate) fails: bool,
}

impl Level {
    pub(crate) fn at(scope: &Scope) -> Self {
        Self { scope: scope.clone(), first: scope.clone(), ..Self::default() }
    }

    /// The savepoint to return to at this depth.
    pub(crate) fn savepoint(&self, depth: usize) -> String {
        if self.moved { format!("m{depth}") } else { format!("c{depth}") }
    }

    /// What moves the savepoint to where the unit stands.
    pub(crate) fn advance(&mut self, depth: usize, scope: &Scope) -> String {
        let release = if self.moved { format!("RELEASE SAVEPOINT m{depth}; ") } else { String::new() };
        self.changes.clear();
        self.bytes = 0;
        self.moved = true;
        self.scope = scope.clone();
        format!("{release}SAVEPOINT m{depth}")
    }
}
