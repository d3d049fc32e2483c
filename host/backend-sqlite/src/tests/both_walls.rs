// SPDX-License-Identifier: MIT OR Apache-2.0
//! Both walls together: what the portable subset lets through, the engine lets through. The statements are cap-storage's
//! own examples, so that a function or a form that is added there and forgotten here fails a test.

use super::fixture::{Fixture, PLENTY, Sql, component};
use cap_storage::{
    Dialect, MigrationFile, Migrations, Parameters, Schema as _, SqlError, StatementKind, Value, subset,
};
use kernel_engine::Verdict;
use kernel_types::Effect;

/// How many of the examples must run to their end. The others name tables and columns that are not here, or parameters of
/// another type: for them it is enough that the engine finds nothing that it must refuse.
const RUN_MIN: usize = 100;

/// The tables of the examples, with all columns that their statements use most.
const SCHEMA: &str = "
    CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b INTEGER, c INTEGER, d INTEGER, e INTEGER, f INTEGER, n INTEGER,
        name TEXT, kind TEXT, flag BOOLEAN NOT NULL DEFAULT FALSE, UNIQUE (a, b));
    CREATE TABLE u (id INTEGER PRIMARY KEY, a INTEGER, b INTEGER, c INTEGER, d INTEGER, t_id INTEGER REFERENCES t (id));
    CREATE TABLE accounts (id INTEGER PRIMARY KEY, code TEXT UNIQUE, name TEXT, closed BOOLEAN, balance INTEGER);
    CREATE TABLE v (id INTEGER PRIMARY KEY, a INTEGER, b INTEGER, c INTEGER);
    CREATE INDEX u_a ON u (a, b DESC);
    CREATE UNIQUE INDEX named ON t (name) WHERE flag = TRUE;
    INSERT INTO t (id, a, b, c) VALUES (1, 1, 1, 1), (2, 2, 2, 2);
    ALTER TABLE v ADD COLUMN extra TEXT NOT NULL DEFAULT '';
    ALTER TABLE v RENAME COLUMN extra TO note;
    ALTER TABLE v DROP COLUMN note;
    UPDATE t SET b = a + 1 WHERE a > 1;
";

/// The statements of all case files that are not migrations.
fn examples() -> Vec<String> {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../cap-storage/tests/cases");
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
    statements
}

async fn run(sql: &Sql, written: &str) -> Option<Result<(), SqlError>> {
    let statement = subset::compile(Dialect::Sqlite, &sql.component, written).ok()?;
    let parameters: Parameters = vec![Value::Integer(1); usize::from(statement.placeholders())];
    let budget = &mut { PLENTY };
    Some(match statement.kind() {
        StatementKind::Change => {
            sql.session.danger_execute(&sql.component, &statement, &[parameters], budget).await.map(drop)
        }
        StatementKind::Query | StatementKind::ChangeReturning => {
            sql.session.danger_query(&sql.component, &statement, &parameters, budget).await.map(drop)
        }
    })
}

#[tokio::test]
async fn what_the_subset_lets_through_the_engine_lets_through() {
    let fixture = Fixture::new().await;
    let shop = component("demo-shop");
    let files = [MigrationFile { name: "0001_t.sql", text: SCHEMA }];
    let migrations = Migrations::parse(Dialect::Sqlite, &shop, &files).unwrap();
    fixture.store.migrate(&fixture.tenant, &migrations).await.unwrap();
    let work = |sql: Sql| async move {
        let sql = sql.of("demo-shop");
        let mut done = 0;
        for example in examples() {
            match run(&sql, &example).await {
                Some(Ok(())) => done += 1,
                Some(Err(SqlError::Refused { message, .. })) => panic!("{example}: {message}"),
                Some(Err(_)) | None => {}
            }
        }
        assert!(done >= RUN_MIN, "{done} of the examples ran");
        Verdict::Rollback
    };
    assert_eq!(fixture.unit(Effect::Write, work).await, Ok(Verdict::Rollback));
}

#[tokio::test]
async fn a_division_by_zero_is_arithmetic() {
    let fixture = Fixture::new().await;
    let work = |sql: Sql| async move {
        let error = run(&sql, "SELECT ?1 / (?1 - ?1) AS x").await.unwrap().unwrap_err();
        assert!(matches!(error, SqlError::Arithmetic(_)), "{error:?}");
        Verdict::Commit
    };
    fixture.unit(Effect::Read, work).await.unwrap();
}
