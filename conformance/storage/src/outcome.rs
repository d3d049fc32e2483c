// SPDX-License-Identifier: MIT OR Apache-2.0
//! Runs a case file on one back end, and writes it anew with what came of each statement.

use crate::backend::Backend;
use crate::case::Step;
use crate::unit::{Answer, BUDGET, Sql};
use crate::value::show;
use cap_storage::{Budget, ConstraintKind, SqlError, Value};
use kernel_engine::Verdict;
use kernel_types::Effect;
use std::sync::{Arc, Mutex};

/// What came of each step of a file, in lines.
///
/// # Panics
/// Where the back end itself fails.
pub async fn render(backend: &Backend, steps: &[Step]) -> Vec<Vec<String>> {
    let mut outcomes = Vec::new();
    let mut migrations: Vec<String> = Vec::new();
    let mut rest = steps;
    // A component is enabled before it runs, also one without tables.
    backend.migrate(&[]).await.unwrap();
    while let Some(step) = rest.first() {
        if let Step::Comment(_) = step {
            outcomes.push(Vec::new());
            rest = &rest[1..];
        } else if let Step::Migration(text) = step {
            migrations.push(text.clone());
            let texts: Vec<&str> = migrations.iter().map(String::as_str).collect();
            outcomes.push(match backend.migrate(&texts).await {
                Ok(_) => Vec::new(),
                Err(error) => {
                    migrations.pop();
                    vec![format!("migration failed: {}", migration_error(&error))]
                }
            });
            rest = &rest[1..];
        } else {
            let length = rest.iter().position(|step| matches!(step, Step::Migration(_)));
            let end = rest.iter().position(|step| matches!(step, Step::End { .. })).map(|at| at + 1);
            let length = [length, end].into_iter().flatten().min().unwrap_or(rest.len());
            outcomes.extend(unit(backend, rest[..length].to_vec()).await);
            rest = &rest[length..];
        }
    }
    outcomes
}

fn migration_error(error: &cap_storage::migrations::MigrateError) -> &'static str {
    use cap_storage::migrations::MigrateError;
    match error {
        MigrateError::Plan(_) => "plan",
        MigrateError::Statement { .. } => "statement",
        MigrateError::Unavailable(_) => "unavailable",
    }
}

/// Runs the steps up to the end of a unit, in a unit of their own.
async fn unit(backend: &Backend, steps: Vec<Step>) -> Vec<Vec<String>> {
    let commit = !matches!(steps.last(), Some(Step::End { commit: false }));
    let verdict = if commit { Verdict::Commit } else { Verdict::Rollback };
    let found = Arc::new(Mutex::new(Vec::new()));
    let shared = Arc::clone(&found);
    let work = move |sql: Sql| async move {
        for step in &steps {
            let lines = run(&sql, step).await;
            shared.lock().unwrap().push(lines);
        }
        verdict
    };
    let ended = backend.unit(Effect::Write, work).await;
    assert_eq!(ended, Ok(verdict), "{}", backend.name);
    let found = found.lock().unwrap();
    found.clone()
}

async fn run(sql: &Sql, step: &Step) -> Vec<String> {
    match step {
        Step::Comment(_) | Step::Migration(_) | Step::End { .. } => Vec::new(),
        Step::Savepoint(step) => match sql.savepoint(*step).await {
            Ok(()) => Vec::new(),
            Err(error) => vec![error_line(&error)],
        },
        Step::Statement { sql: written, lists, rows_max, bytes_max, .. } => {
            let rows = rows_max.unwrap_or(BUDGET.rows);
            let mut budget = Budget { rows, bytes: bytes_max.unwrap_or(BUDGET.bytes), ..BUDGET };
            match sql.run(written, lists, &mut budget).await {
                Ok(answer) => answer_lines(&answer),
                Err(error) => vec![error_line(&error)],
            }
        }
    }
}

fn answer_lines(answer: &Answer) -> Vec<String> {
    match answer {
        Answer::Touched(touched) => vec![format!("touched {touched}")],
        Answer::Rows(rows) => {
            let line = |row: &Vec<Value>| row.iter().map(show).collect::<Vec<_>>().join(", ");
            std::iter::once(rows.columns.join(", ")).chain(rows.rows.iter().map(line)).collect()
        }
    }
}

/// An error by what is promised of it: its kind, and of a broken rule what every engine says.
fn error_line(error: &SqlError) -> String {
    match error {
        SqlError::Syntax { .. } => "error syntax".to_owned(),
        SqlError::Refused { .. } => "error refused".to_owned(),
        SqlError::Parameter(_) => "error parameter".to_owned(),
        SqlError::Arithmetic(_) => "error arithmetic".to_owned(),
        SqlError::LimitExceeded { limit, value } => format!("error limit-exceeded {limit} {value}"),
        SqlError::Unavailable(detail) => format!("error unavailable: {detail}"),
        SqlError::Constraint { kind, table, columns } => match kind {
            ConstraintKind::Unique => format!("error unique {table} ({})", columns.join(", ")),
            ConstraintKind::NotNull => format!("error not-null {table} ({})", columns.join(", ")),
            ConstraintKind::ForeignKey => "error foreign-key".to_owned(),
            ConstraintKind::Check => "error check".to_owned(),
            ConstraintKind::DataType => "error data-type".to_owned(),
        },
    }
}
