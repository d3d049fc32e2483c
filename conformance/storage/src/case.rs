// SPDX-License-Identifier: MIT OR Apache-2.0
//! The form of the case files. Blocks are divided by empty lines:
//!
//! ```text
//! # A block of comments.
//!
//! migration
//!   CREATE TABLE t (id INTEGER PRIMARY KEY);
//!
//! INSERT INTO t (id) VALUES (?1)
//!   with 1
//!   with 2
//!   => touched 2
//!
//! SELECT id FROM t ORDER BY id
//!   => id
//!   => 1
//!   => 2
//! ```
//!
//! `with` gives the parameters, several times for a change that is run once for each; `rows`, `bytes` limit what the statement
//! may return. `=>` is what came of it: the names of the columns and then the rows, the number of rows touched, or an error; where
//! PostgreSQL differs, because nothing can make it agree, `pg` says how, and `docs/sql-subset.md` why. `commit` and `rollback`
//! alone in a block end the unit of work and begin another, `open 1`, `keep 1` and `undo 1` are steps of savepoints.

use crate::value::parse_list;
use cap_storage::{Parameters, SavepointStep};

/// One block of a case file.
#[derive(Clone, Debug)]
pub enum Step {
    /// Comments.
    Comment(String),
    /// A migration, by its text. Runs between units.
    Migration(String),
    /// A statement.
    Statement {
        /// As written.
        sql: String,
        /// Lines of `with`, `rows`, `bytes`, as written.
        given: Vec<String>,
        /// The parameters.
        lists: Vec<Parameters>,
        /// How many rows it may return.
        rows_max: Option<u64>,
        /// How many bytes.
        bytes_max: Option<u64>,
    },
    /// The end of a unit.
    End {
        /// Whether its changes are kept.
        commit: bool,
    },
    /// A step of a savepoint.
    Savepoint(SavepointStep),
}

/// Reads a file, without what came of its statements.
///
/// # Panics
/// Where a block is none of these.
#[must_use]
pub fn parse(text: &str) -> Vec<Step> {
    text.split("\n\n").map(|block| block.trim_matches('\n')).filter(|block| !block.is_empty()).map(block).collect()
}

/// What a file says came of each step on one of the two back ends, with the block itself.
#[must_use]
pub fn expected(text: &str, postgres: bool) -> Vec<(String, Vec<String>)> {
    let blocks = text.split("\n\n").map(|block| block.trim_matches('\n')).filter(|block| !block.is_empty());
    let of_mark = |block: &str, mark: &str| {
        let marked = block.lines().filter_map(|line| line.strip_prefix("  ")?.strip_prefix(mark));
        marked.map(|line| line.strip_prefix(' ').unwrap_or(line).to_owned()).collect::<Vec<_>>()
    };
    blocks
        .map(|block| {
            let own = if postgres { of_mark(block, "pg") } else { Vec::new() };
            (block.to_owned(), if own.is_empty() { of_mark(block, "=>") } else { own })
        })
        .collect()
}

fn block(text: &str) -> Step {
    if text.lines().all(|line| line.starts_with('#')) {
        return Step::Comment(text.to_owned());
    }
    if let Some(rest) = text.strip_prefix("migration\n") {
        let lines: Vec<&str> = rest.lines().filter(|line| !is_outcome(line)).collect();
        return Step::Migration(lines.join("\n"));
    }
    let mut words = text.lines().next().unwrap_or_default().split(' ');
    let (first, second) = (words.next().unwrap_or_default(), words.next().and_then(|depth| depth.parse().ok()));
    match (first, second) {
        ("commit", None) => return Step::End { commit: true },
        ("rollback", None) => return Step::End { commit: false },
        ("open", Some(depth)) => return Step::Savepoint(SavepointStep::Open { depth }),
        ("keep", Some(depth)) => return Step::Savepoint(SavepointStep::Release { depth }),
        ("undo", Some(depth)) => return Step::Savepoint(SavepointStep::Rollback { depth }),
        _ => {}
    }
    let (mut sql, mut given, mut lists) = (Vec::new(), Vec::new(), Vec::new());
    let (mut rows_max, mut bytes_max) = (None, None);
    for line in text.lines() {
        let marked = line.strip_prefix("  ").unwrap_or_default();
        if is_outcome(line) {
            continue;
        }
        if let Some(values) = marked.strip_prefix("with") {
            lists.push(parse_list(values));
        } else if let Some(count) = marked.strip_prefix("rows ") {
            rows_max = Some(count.parse().expect("a number of rows"));
        } else if let Some(count) = marked.strip_prefix("bytes ") {
            bytes_max = Some(count.parse().expect("a number of bytes"));
        } else {
            sql.push(line);
            continue;
        }
        given.push(line.to_owned());
    }
    if lists.is_empty() {
        lists.push(Parameters::new());
    }
    Step::Statement { sql: sql.join("\n"), given, lists, rows_max, bytes_max }
}

/// Whether the line says what came of a step.
fn is_outcome(line: &str) -> bool {
    let marked = line.strip_prefix("  ").unwrap_or_default();
    marked.starts_with("=> ") || marked.starts_with("pg ") || marked == "=>" || marked == "pg"
}
