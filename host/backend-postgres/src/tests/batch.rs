// SPDX-License-Identifier: MIT OR Apache-2.0
//! Many rows in one statement do what they would do one after another, in what they write, count and refuse.

use super::fixture::{Fixture, PLENTY, Sql, integers};
use cap_storage::{ConstraintKind, Parameters, SqlError, Statement, StatementKind, Value};
use kernel_engine::Verdict;
use kernel_types::Effect;
use std::future::Future;

const TABLES: &[&str] = &[
    "CREATE TABLE shop__kind (a bigint PRIMARY KEY, b text COLLATE \"C\", c bytea, d boolean, e double precision)",
    "CREATE TABLE shop__sum (id bigint PRIMARY KEY, total bigint NOT NULL CHECK (total < 100))",
    "CREATE TABLE shop__tree (id bigint PRIMARY KEY, parent bigint REFERENCES shop__tree (id))",
];
const ADD: &str = "INSERT INTO shop__sum AS sum (id, total) VALUES ($1, $2) \
    ON CONFLICT (id) DO UPDATE SET total = (sum.total + excluded.total)";
const PLANT: &str = "INSERT INTO shop__tree AS tree (id, parent) VALUES ($1, $2)";
const KEEP: &str = "INSERT INTO shop__kind AS kind (a, b, c, d, e) VALUES ($1, $2, $3, $4, $5)";

fn pairs(pairs: &[(i64, i64)]) -> Vec<Parameters> {
    pairs.iter().map(|(one, other)| vec![Value::Integer(*one), Value::Integer(*other)]).collect()
}

/// Runs `work` in a unit that commits, with the tables there.
async fn with_tables<F, R>(test: &str, work: F)
where
    F: FnOnce(Sql) -> R + Send + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    let Some(fixture) = Fixture::new(test).await else { return };
    fixture.migrate("shop", &[("0001.sql", &[super::fixture::ITEM]), ("0002.sql", TABLES)]).await.unwrap();
    let work = |sql: Sql| async move {
        work(sql).await;
        Verdict::Commit
    };
    assert_eq!(fixture.unit(Effect::Write, work).await, Ok(Verdict::Commit));
}

async fn run(sql: &Sql, text: &str, lists: &[Parameters]) -> Result<u64, SqlError> {
    let placeholders = u16::try_from(lists[0].len()).unwrap();
    let statement = Statement::danger_unchecked(text, StatementKind::Change, placeholders);
    sql.session.danger_execute(&sql.component, &statement, lists, &mut { PLENTY }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn values_of_every_type_and_null_are_written_as_they_are() {
    with_tables("values_of_every_type_and_null_are_written_as_they_are", |sql| async move {
        let row = |number: i64, rest: [Value; 4]| [vec![Value::Integer(number)], rest.to_vec()].concat();
        let full = [Value::Text("ä'\"{},\\".into()), Value::Blob(vec![0, 255]), Value::Boolean(true), Value::Real(0.5)];
        let empty = [Value::Text(String::new()), Value::Blob(vec![]), Value::Boolean(false), Value::Real(-1e300)];
        let null = || [Value::Null, Value::Null, Value::Null, Value::Null];
        let rows = [row(1, full), row(i64::MIN, null()), row(i64::MAX, empty)];
        assert_eq!(run(&sql, KEEP, &rows).await, Ok(3));
        assert_eq!(run(&sql, KEEP, &[row(2, null()), row(3, null())]).await, Ok(2));
        let found = sql.query("SELECT a, b, c, d, e FROM shop__kind WHERE a <> 2 AND a <> 3 ORDER BY a", &[]).await;
        let read = |row: &Parameters| -> Vec<Value> {
            // A truth value comes back as an integer.
            let truth = |value: &Value| match value {
                Value::Boolean(truth) => Value::Integer(i64::from(*truth)),
                other => other.clone(),
            };
            row.iter().map(truth).collect()
        };
        assert_eq!(found.unwrap().rows, [read(&rows[1]), read(&rows[0]), read(&rows[2])]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_met_twice_is_changed_twice() {
    with_tables("a_row_that_is_met_twice_is_changed_twice", |sql| async move {
        assert_eq!(run(&sql, ADD, &pairs(&[(1, 10), (2, 20)])).await, Ok(2));
        // As one statement the server refuses it.
        assert_eq!(run(&sql, ADD, &pairs(&[(1, 1), (3, 30), (1, 1)])).await, Ok(3));
        assert_eq!(run(&sql, ADD, &pairs(&[(3, 1), (2, 1)])).await, Ok(2));
        let sums = sql.query("SELECT total FROM shop__sum ORDER BY id", &[]).await.unwrap();
        assert_eq!(integers(&sums), [12, 21, 31]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_row_that_fails_is_told_and_none_is_kept() {
    with_tables("the_first_row_that_fails_is_told_and_none_is_kept", |sql| async move {
        assert_eq!(run(&sql, ADD, &pairs(&[(1, 10), (2, 20)])).await, Ok(2));
        let broken = |error: Result<u64, SqlError>| match error {
            Err(SqlError::Constraint { kind, table, columns }) => (kind, table, columns),
            other => panic!("{other:?}"),
        };
        // The second row breaks a CHECK, the third would break it too, after a key of its own.
        let lists = pairs(&[(3, 1), (1, 95), (2, 99)]);
        assert_eq!(broken(run(&sql, ADD, &lists).await).0, ConstraintKind::Check);
        let plain = "INSERT INTO shop__sum AS sum (id, total) VALUES ($1, $2)";
        let (kind, table, columns) = broken(run(&sql, plain, &pairs(&[(4, 1), (2, 1), (5, 500)])).await);
        assert_eq!((kind, &*table, columns), (ConstraintKind::Unique, "sum", vec!["id".to_owned()]));
        // Types that differ from row to row: each row is taken for itself.
        let mixed = [vec![Value::Integer(6), Value::Integer(1)], vec![Value::Integer(7), Value::Text("x".into())]];
        assert_eq!(broken(run(&sql, plain, &mixed).await).0, ConstraintKind::DataType);
        let sums = sql.query("SELECT id, total FROM shop__sum ORDER BY id", &[]).await.unwrap();
        assert_eq!(sums.rows, pairs(&[(1, 10), (2, 20)]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_must_come_after_the_one_that_it_refers_to() {
    with_tables("a_row_must_come_after_the_one_that_it_refers_to", |sql| async move {
        let root = vec![Value::Integer(1), Value::Null];
        let child = vec![Value::Integer(2), Value::Integer(1)];
        // As one statement the server would let it pass.
        let early = run(&sql, PLANT, &[child.clone(), root.clone()]).await;
        assert!(matches!(early, Err(SqlError::Constraint { kind: ConstraintKind::ForeignKey, .. })), "{early:?}");
        assert_eq!(run(&sql, PLANT, &[root, child]).await, Ok(2));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_at_once_is_there_again_behind_a_failure() {
    with_tables("what_was_written_at_once_is_there_again_behind_a_failure", |sql| async move {
        let many: Vec<(i64, i64)> = (0..2_500).map(|id| (id, id % 50)).collect();
        assert_eq!(run(&sql, ADD, &pairs(&many)).await, Ok(2_500));
        assert_eq!(run(&sql, ADD, &pairs(&[(1, 1), (1, 1)])).await, Ok(2));
        sql.execute("INSERT INTO shop__sum (id, total) VALUES ($1, $2)", &pairs(&[(1, 1)])).await.unwrap_err();
        let sums = sql.query("SELECT count(*), max(id) FROM shop__sum WHERE id <> 1 OR total = 3", &[]).await.unwrap();
        assert_eq!(sums.rows, pairs(&[(2_500, 2_499)]));
    })
    .await;
}
