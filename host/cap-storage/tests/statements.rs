// SPDX-License-Identifier: MIT OR Apache-2.0
//! The portable subset by example: `cases/*.txt` hold statements, each with what it is rewritten to or why it is refused.
//!
//! A case is what is written, then what came of it: `=>` on SQLite, `pg` on PostgreSQL where that differs, `!!` a refusal
//! with its place in bytes. After a change on purpose: `UPDATE_EXPECT=1 cargo test -p cap-storage`, and read the difference.

#![allow(clippy::unwrap_used, reason = "a helper of a test is a test")]

use cap_storage::{Dialect, SqlError, Statement, StatementKind, subset};
use expect_test::expect_file;
use kernel_types::ComponentId;
use std::fmt::Write as _;

fn outcome(result: &Result<Statement, SqlError>) -> String {
    let place = |position: &Option<u32>| position.map_or(String::new(), |position| format!(" at {position}"));
    match result {
        Ok(statement) => {
            let kind = match statement.kind() {
                StatementKind::Query => "",
                StatementKind::Change => "change ",
                StatementKind::ChangeReturning => "change-returning ",
            };
            let placeholders = match statement.placeholders() {
                0 => String::new(),
                count => format!("({count}) "),
            };
            format!("{kind}{placeholders}{}", statement.sql())
        }
        Err(SqlError::Refused { message, position }) => format!("refused{}: {message}", place(position)),
        Err(SqlError::Syntax { message, position }) => format!("syntax{}: {message}", place(position)),
        Err(other) => format!("{other:?}"),
    }
}

/// Renders a file of cases anew from the statements in it.
fn render(cases: &str) -> String {
    let component = ComponentId::parse("demo-shop").unwrap();
    let mut out = String::new();
    for block in cases.split("\n\n") {
        let written: Vec<&str> = block
            .lines()
            .filter(|line| !["  => ", "  pg ", "  !! "].iter().any(|mark| line.starts_with(mark)))
            .collect();
        let text = written.join("\n");
        let sql = text.trim_matches('\n');
        if sql.is_empty() {
            continue;
        }
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(sql);
        out.push('\n');
        if sql.lines().all(|line| line.starts_with('#')) {
            continue;
        }
        let sqlite = subset::compile(Dialect::Sqlite, &component, sql);
        let postgres = subset::compile(Dialect::Postgres, &component, sql);
        assert_eq!(sqlite.is_ok(), postgres.is_ok(), "the subset is the same on both: {sql}");
        let _ = writeln!(out, "  {} {}", if sqlite.is_ok() { "=>" } else { "!!" }, outcome(&sqlite));
        if outcome(&postgres) != outcome(&sqlite) {
            let _ = writeln!(out, "  pg {}", outcome(&postgres));
        }
    }
    out
}

macro_rules! cases {
    ($($test:ident: $file:literal;)*) => {
        $(
            #[test]
            fn $test() {
                let cases = include_str!(concat!("cases/", $file, ".txt"));
                assert!(cases.matches("\n\n").count() > 3, "the file holds cases");
                expect_file![concat!("cases/", $file, ".txt")].assert_eq(&render(cases));
            }
        )*
    };
}

cases! {
    names_stay_in_the_namespace: "names";
    selects: "select";
    expressions: "expression";
    functions_and_windows: "function";
    groups: "group";
    joined_and_named_queries: "compound";
    changes: "change";
    placeholders_and_literals: "literal";
    what_is_outside: "refused";
}
