// SPDX-License-Identifier: MIT OR Apache-2.0
//! The examples of the portable subset, some hundred statements that cap-storage rewrites: on both databases the same rows or
//! the same kind of error. An example that is added there is run here.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper of a test is a test")]

use cap_storage::{Parameters, SqlError, Value, subset};
use kernel_engine::Verdict;
use kernel_types::{ComponentId, Effect};
use std::sync::{Arc, Mutex};
use storage_conformance::{Answer, BUDGET, Backend, Sql, show};

/// The tables of the examples, with all columns that their statements use most.
const SCHEMA: &str = include_str!("../fixtures/schema.sql");

/// Statements of which it is known that, and why, they differ.
const DIFFERENT: &str = include_str!("../fixtures/different.txt");

fn examples() -> Vec<String> {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../host/cap-storage/tests/cases");
    let mut statements = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with("migration.txt") {
            continue;
        }
        for block in std::fs::read_to_string(path).unwrap().split("\n\n") {
            let marks = ["  => ", "  pg ", "  !! ", "#"];
            let lines = block.lines().filter(|line| !marks.iter().any(|mark| line.starts_with(mark)));
            statements.push(lines.collect::<Vec<_>>().join("\n"));
        }
    }
    let component = ComponentId::parse("demo-shop").unwrap();
    statements.retain(|sql| subset::compile(cap_storage::Dialect::Sqlite, &component, sql).is_ok());
    statements.sort();
    statements
}

/// What came of an example, its rows in any order.
fn outcome(result: &Result<Answer, SqlError>) -> String {
    match result {
        Ok(Answer::Touched(touched)) => format!("touched {touched}"),
        Ok(Answer::Rows(rows)) => {
            let mut lines: Vec<String> =
                rows.rows.iter().map(|row| row.iter().map(show).collect::<Vec<_>>().join(", ")).collect();
            lines.sort();
            format!("{}: {}", rows.columns.join(", "), lines.join("; "))
        }
        Err(SqlError::Constraint { kind, .. }) => format!("{kind:?}"),
        Err(error) => format!("{error:?}").split(['(', ' ']).next().unwrap_or_default().to_owned(),
    }
}

async fn outcomes(backend: &Backend) -> Vec<(String, String)> {
    backend.migrate(&[SCHEMA]).await.unwrap();
    let found = Arc::new(Mutex::new(Vec::new()));
    let shared = Arc::clone(&found);
    let dialect = backend.dialect;
    let work = move |sql: Sql| async move {
        let component = ComponentId::parse("demo-shop").unwrap();
        for example in examples() {
            let count = subset::compile(dialect, &component, &example).unwrap().placeholders();
            let parameters: Parameters = vec![Value::Integer(1); usize::from(count)];
            sql.savepoint(cap_storage::SavepointStep::Open { depth: 1 }).await.unwrap();
            let result = sql.run(&example, &[parameters], &mut { BUDGET }).await;
            sql.savepoint(cap_storage::SavepointStep::Rollback { depth: 1 }).await.unwrap();
            let detail = if let Err(error) = &result { format!("  ({error})") } else { String::new() };
            shared.lock().unwrap().push((outcome(&result), detail));
        }
        Verdict::Rollback
    };
    assert_eq!(backend.unit(Effect::Write, work).await, Ok(Verdict::Rollback));
    let found = found.lock().unwrap();
    found.clone()
}

#[tokio::test]
async fn the_examples_of_the_subset_mean_the_same_on_both() {
    let Some(postgres) = Backend::postgres("the_examples_of_the_subset_mean_the_same_on_both").await else { return };
    let known: Vec<&str> = DIFFERENT.split("\n\n").filter(|block| !block.starts_with('#')).map(str::trim).collect();
    let (sqlite, postgres) = (outcomes(&Backend::sqlite().await).await, outcomes(&postgres).await);
    let mut wrong = Vec::new();
    let mut equal = 0;
    for (example, ((one, why_one), (two, why_two))) in examples().iter().zip(sqlite.iter().zip(&postgres)) {
        let listed = known.contains(&example.trim());
        if one == two {
            equal += 1;
        }
        if (one == two) == listed {
            wrong.push(format!("{example}\n   SQLite: {one}{why_one}\n   PostgreSQL: {two}{why_two}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), sqlite.len(), wrong.join("\n\n"));
    assert!(equal > 120, "{equal}");
}
