// SPDX-License-Identifier: MIT OR Apache-2.0
//! Refusals. A problem has a kind that decides the HTTP status, a code for programs and a sentence for people; faults of
//! the input say where they are. What storage refuses becomes a problem by `?`.

use crate::row::RowError;
use crate::sql;
use crate::types::FieldProblem;

/// Why an operation was refused.
pub use crate::types::{Problem, ProblemKind};

/// How many faults of one input are reported; a person mends no more at once, and an answer has a limit.
const FAULTS_MAX: usize = 1_000;

macro_rules! constructors {
    ($($(#[$doc:meta])* $name:ident => $kind:ident;)*) => {
        $($(#[$doc])*
        #[must_use]
        pub fn $name(code: impl Into<String>, message: impl Into<String>) -> Self {
            Self { kind: ProblemKind::$kind, code: code.into(), message: message.into(), fields: Vec::new() }
        })*
    };
}

impl Problem {
    constructors! {
        /// The input breaks a rule that the caller can see and mend (422).
        invalid => Invalid;
        /// What the input names does not exist (404).
        not_found => NotFound;
        /// The state of what exists forbids it (409).
        conflict => Conflict;
        /// The caller may not do this (403).
        denied => Denied;
        /// A declared limit is exceeded (429).
        limit_exceeded => LimitExceeded;
        /// Something that the operation depends on cannot answer now (503).
        unavailable => Unavailable;
        /// A defect of the component (500).
        internal => Internal;
    }

    /// The same with a fault at a place: a JSON Pointer, `/lines/0/amount`, or a [`crate::Pointer`].
    #[must_use]
    pub fn at(mut self, path: impl Into<String>, code: impl Into<String>, message: impl Into<String>) -> Self {
        if self.fields.len() < FAULTS_MAX {
            self.fields.push(FieldProblem { path: path.into(), code: code.into(), message: message.into() });
        }
        self
    }
}

impl From<RowError> for Problem {
    fn from(error: RowError) -> Self {
        Self::internal("unexpected-row", error.to_string())
    }
}

impl From<sql::Error> for Problem {
    /// A value that is taken, or a row that others refer to, is a conflict that the caller can understand; other broken
    /// rules of a table are rules that the component should have checked before.
    fn from(error: sql::Error) -> Self {
        match error {
            sql::Error::Constraint(violation) => constraint(&violation),
            sql::Error::Arithmetic(message) => Self::invalid("out-of-range", message),
            sql::Error::LimitExceeded(message) => Self::limit_exceeded("sql-limit-exceeded", message),
            sql::Error::Unavailable(message) => Self::unavailable("storage-unavailable", message),
            sql::Error::Parameter(message) => Self::internal("sql-parameter", message),
            sql::Error::Syntax(problem) => Self::internal("sql-syntax", statement(&problem)),
            sql::Error::Refused(problem) => Self::internal("sql-refused", statement(&problem)),
        }
    }
}

fn constraint(violation: &sql::ConstraintViolation) -> Problem {
    let columns = violation.columns.join(", ");
    let place = match (violation.table.is_empty(), columns.is_empty()) {
        (true, _) => String::new(),
        (false, true) => format!(" in `{}`", violation.table),
        (false, false) => format!(" in `{}` ({columns})", violation.table),
    };
    match violation.kind {
        sql::ConstraintKind::Unique => {
            Problem::conflict("already-exists", format!("the value is already taken{place}"))
        }
        sql::ConstraintKind::ForeignKey => Problem::conflict(
            "reference-broken",
            format!("a row that is referred to is missing or still in use{place}"),
        ),
        sql::ConstraintKind::NotNull => Problem::internal("null-value", format!("a value is missing{place}")),
        sql::ConstraintKind::Check => Problem::internal("check-failed", format!("a check of the table failed{place}")),
        sql::ConstraintKind::DataType => Problem::internal("wrong-type", format!("a value is of another type{place}")),
    }
}

fn statement(problem: &sql::StatementProblem) -> String {
    match problem.position {
        Some(position) => format!("{} (at byte {position})", problem.message),
        None => problem.message.clone(),
    }
}

/// Collects the faults of an input, so that all of them are reported together.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    fields: Vec<FieldProblem>,
}

impl Faults {
    /// No faults yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { fields: Vec::new() }
    }

    /// Adds a fault. Past the first thousand faults are counted as faults, but not kept.
    pub fn add(&mut self, path: impl Into<String>, code: impl Into<String>, message: impl Into<String>) {
        if self.fields.len() < FAULTS_MAX {
            self.fields.push(FieldProblem { path: path.into(), code: code.into(), message: message.into() });
        }
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Nothing where there are no faults; else a problem of kind `invalid` with all of them.
    ///
    /// # Errors
    /// Where there are faults.
    pub fn into_result(self, code: impl Into<String>, message: impl Into<String>) -> Result<(), Problem> {
        if self.fields.is_empty() {
            return Ok(());
        }
        Err(Problem { fields: self.fields, ..Problem::invalid(code, message) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Pointer;

    #[test]
    fn what_storage_refuses_is_a_problem_of_the_right_kind() {
        let violation = |kind| {
            let columns = vec!["code".to_owned()];
            sql::Error::Constraint(sql::ConstraintViolation { kind, table: "accounts".into(), columns })
        };
        let statement = || sql::StatementProblem { message: "no such table `x`".into(), position: Some(14) };
        let cases = [
            (violation(sql::ConstraintKind::Unique), ProblemKind::Conflict, "already-exists"),
            (violation(sql::ConstraintKind::ForeignKey), ProblemKind::Conflict, "reference-broken"),
            (violation(sql::ConstraintKind::NotNull), ProblemKind::Internal, "null-value"),
            (violation(sql::ConstraintKind::Check), ProblemKind::Internal, "check-failed"),
            (violation(sql::ConstraintKind::DataType), ProblemKind::Internal, "wrong-type"),
            (sql::Error::Arithmetic("overflow".into()), ProblemKind::Invalid, "out-of-range"),
            (sql::Error::LimitExceeded("rows".into()), ProblemKind::LimitExceeded, "sql-limit-exceeded"),
            (sql::Error::Unavailable("full".into()), ProblemKind::Unavailable, "storage-unavailable"),
            (sql::Error::Parameter("NaN".into()), ProblemKind::Internal, "sql-parameter"),
            (sql::Error::Syntax(statement()), ProblemKind::Internal, "sql-syntax"),
            (sql::Error::Refused(statement()), ProblemKind::Internal, "sql-refused"),
        ];
        for (error, kind, code) in cases {
            let problem = Problem::from(error.clone());
            assert_eq!((problem.kind, problem.code.as_str()), (kind, code), "{error:?}");
        }
        let taken = Problem::from(violation(sql::ConstraintKind::Unique));
        assert_eq!(taken.message, "the value is already taken in `accounts` (code)");
        assert_eq!(Problem::from(sql::Error::Syntax(statement())).message, "no such table `x` (at byte 14)");
    }

    #[test]
    fn faults_are_reported_together_and_none_is_no_problem() {
        let mut faults = Faults::new();
        assert!(faults.clone().into_result("invalid-entry", "the entry has faults").is_ok());
        faults.add("/lines/0/amount", "zero", "the amount is `0`");
        faults.add(Pointer::root().field("date"), "format", "the date is `x`");
        let problem = faults.into_result("invalid-entry", "the entry has faults").unwrap_err();
        let built = Problem::invalid("invalid-entry", "the entry has faults")
            .at("/lines/0/amount", "zero", "the amount is `0`")
            .at("/date", "format", "the date is `x`");
        assert_eq!(problem, built);
    }

    #[test]
    fn faults_are_bounded() {
        let mut faults = Faults::new();
        for _ in 0..=FAULTS_MAX {
            faults.add("", "x", "y");
        }
        assert_eq!(faults.fields.len(), FAULTS_MAX);
    }
}
