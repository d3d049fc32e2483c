// SPDX-License-Identifier: MIT OR Apache-2.0
//! The life of a unit of work on a server: what a failed statement undoes, savepoints, budgets, ends of all kinds.

use super::fixture::{Fixture, PLENTY, Sql, integers};
use crate::{PostgresStore, Settings};
use cap_storage::{Budget, ConstraintKind, SavepointStep, SqlError, StatementKind, Value};
use kernel_engine::{TransactError, Verdict};
use kernel_types::Effect;
use std::time::{Duration, Instant};

/// A query that takes for ever, and returns nothing meanwhile.
const ENDLESS: &str = "WITH RECURSIVE n (i) AS (SELECT 1::bigint UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";

fn rows(ids: &[i64]) -> Vec<Vec<Value>> {
    ids.iter().map(|id| vec![Value::Integer(*id)]).collect()
}

const INSERT: &str = "INSERT INTO shop__item (id) VALUES ($1)";

#[tokio::test]
async fn a_failed_statement_changes_nothing_and_the_unit_goes_on() {
    // Once with everything noted, once with a savepoint behind each change.
    for redo_bytes_max in [1 << 20, 0] {
        let settings = Settings { redo_bytes_max, ..Settings::default() };
        let test = "a_failed_statement_changes_nothing_and_the_unit_goes_on";
        let Some(fixture) = Fixture::with(test, settings).await else { return };
        let work = |sql: Sql| async move {
            sql.add(1).await.unwrap();
            sql.execute(INSERT, &rows(&[2, 3, 1])).await.unwrap_err();
            sql.query("SELECT 1 / (id - 1) FROM shop__item", &[]).await.unwrap_err();
            let returning = "INSERT INTO shop__item (id) VALUES (8), (9) RETURNING id";
            let mut one_row = Budget { rows: 1, ..PLENTY };
            let error = sql.query_as(returning, StatementKind::ChangeReturning, &[], &mut one_row).await.unwrap_err();
            assert_eq!(error, SqlError::LimitExceeded { limit: "sql-rows-max", value: 1 });
            assert_eq!(sql.items().await, [1]);
            sql.add(4).await.unwrap();
            sql.add(4).await.unwrap_err();
            sql.add(5).await.unwrap();
            sql.add(1).await.unwrap_err();
            Verdict::Commit
        };
        assert_eq!(fixture.unit(Effect::Write, work).await, Ok(Verdict::Commit));
        assert_eq!(fixture.items().await, [1, 4, 5]);
    }
}

#[tokio::test]
async fn savepoints_nest_and_keep_or_undo_what_is_inside_whatever_fails() {
    let [open, release, rollback] = [
        |depth| SavepointStep::Open { depth },
        |depth| SavepointStep::Release { depth },
        |depth| SavepointStep::Rollback { depth },
    ];
    for redo_bytes_max in [1 << 20, 300, 0] {
        let settings = Settings { redo_bytes_max, ..Settings::default() };
        let Some(fixture) = Fixture::with("savepoints_nest", settings).await else { return };
        let work = move |sql: Sql| async move {
            sql.savepoint(open(1)).await.unwrap();
            sql.savepoint(release(1)).await.unwrap();
            sql.add(1).await.unwrap();
            sql.savepoint(open(1)).await.unwrap();
            sql.add(2).await.unwrap();
            sql.add(1).await.unwrap_err();
            sql.savepoint(open(2)).await.unwrap();
            sql.add(3).await.unwrap();
            sql.add(3).await.unwrap_err();
            for wrong in [open(2), open(4), release(1), rollback(1), rollback(3), open(0), release(0)] {
                sql.savepoint(wrong).await.unwrap_err();
            }
            sql.savepoint(rollback(2)).await.unwrap();
            assert_eq!(sql.items().await, [1, 2]);
            sql.add(2).await.unwrap_err();
            assert_eq!(sql.items().await, [1, 2]);
            sql.savepoint(release(1)).await.unwrap();
            sql.add(2).await.unwrap_err();
            assert_eq!(sql.items().await, [1, 2]);
            sql.savepoint(open(1)).await.unwrap();
            sql.add(4).await.unwrap();
            sql.savepoint(rollback(1)).await.unwrap();
            sql.add(5).await.unwrap();
            sql.add(5).await.unwrap_err();
            Verdict::Commit
        };
        assert_eq!(fixture.unit(Effect::Write, work).await, Ok(Verdict::Commit));
        assert_eq!(fixture.items().await, [1, 2, 5], "{redo_bytes_max}");
    }
}

#[tokio::test]
async fn a_component_is_itself_again_after_a_failure_of_another() {
    let Some(fixture) = Fixture::new("a_component_is_itself_again_after_a_failure_of_another").await else { return };
    fixture.migrate("bank", &[("0001.sql", &["CREATE TABLE bank__safe (id bigint PRIMARY KEY)"])]).await.unwrap();
    let work = |sql: Sql| async move {
        let bank = sql.of("bank");
        bank.execute("INSERT INTO bank__safe VALUES ($1)", &rows(&[1])).await.unwrap();
        sql.add(1).await.unwrap();
        bank.execute("INSERT INTO bank__safe VALUES ($1)", &rows(&[1])).await.unwrap_err();
        sql.add(2).await.unwrap();
        sql.savepoint(SavepointStep::Open { depth: 1 }).await.unwrap();
        bank.execute("INSERT INTO bank__safe VALUES ($1)", &rows(&[2])).await.unwrap();
        sql.add(2).await.unwrap_err();
        bank.execute("INSERT INTO bank__safe VALUES ($1)", &rows(&[3])).await.unwrap();
        sql.savepoint(SavepointStep::Rollback { depth: 1 }).await.unwrap();
        sql.add(3).await.unwrap();
        let safe = bank.query("SELECT id FROM bank__safe ORDER BY id", &[]).await.unwrap();
        assert_eq!(integers(&safe), [1]);
        Verdict::Commit
    };
    assert_eq!(fixture.unit(Effect::Write, work).await, Ok(Verdict::Commit));
    assert_eq!(fixture.items().await, [1, 2, 3]);
}

#[tokio::test]
async fn a_broken_rule_names_the_table_and_the_columns() {
    let Some(fixture) = Fixture::new("a_broken_rule_names_the_table_and_the_columns").await else { return };
    let part =
        "CREATE TABLE shop__part (id bigint PRIMARY KEY, item bigint REFERENCES shop__item (id), a bigint NOT NULL,
        b bigint CHECK (b > 0), UNIQUE (b, a))";
    fixture.migrate("shop", &[("0001.sql", &[super::fixture::ITEM]), ("0002.sql", &[part])]).await.unwrap();
    let work = |sql: Sql| async move {
        let insert = "INSERT INTO shop__part (id, item, a, b) VALUES ($1, $2, $3, $4)";
        let int = Value::Integer;
        sql.execute(insert, &[vec![int(1), Value::Null, int(1), int(1)]]).await.unwrap();
        let cases = [
            (vec![int(1), Value::Null, int(2), int(2)], ConstraintKind::Unique, &["id"][..]),
            (vec![int(2), Value::Null, int(1), int(1)], ConstraintKind::Unique, &["b", "a"]),
            (vec![int(2), int(9), int(2), int(2)], ConstraintKind::ForeignKey, &[]),
            (vec![int(2), Value::Null, Value::Null, int(2)], ConstraintKind::NotNull, &["a"]),
            (vec![int(2), Value::Null, int(2), int(0)], ConstraintKind::Check, &[]),
        ];
        for (row, kind, columns) in cases {
            let error = sql.execute(insert, &[row]).await.unwrap_err();
            let columns = columns.iter().map(|column| (*column).to_owned()).collect();
            assert_eq!(error, SqlError::Constraint { kind, table: "part".to_owned(), columns });
        }
        let text = vec![int(2), Value::Null, Value::Text("two".into()), int(2)];
        let error = sql.execute(insert, &[text]).await.unwrap_err();
        assert!(matches!(error, SqlError::Constraint { kind: ConstraintKind::DataType, .. }), "{error:?}");
        Verdict::Commit
    };
    assert_eq!(fixture.unit(Effect::Write, work).await, Ok(Verdict::Commit));
}

#[tokio::test]
async fn a_statement_that_runs_too_long_is_cut_and_the_unit_goes_on() {
    let Some(fixture) = Fixture::new("a_statement_that_runs_too_long_is_cut_and_the_unit_goes_on").await else {
        return;
    };
    let work = |sql: Sql| async move {
        sql.add(1).await.unwrap();
        let mut short = Budget { time: Duration::from_millis(60), ..PLENTY };
        let error = sql.query_as(ENDLESS, StatementKind::Query, &[], &mut short).await.unwrap_err();
        assert_eq!(error, SqlError::LimitExceeded { limit: "sql-ms-max", value: 60 });
        assert_eq!(short.time, Duration::ZERO);
        let error = sql.query_as("SELECT 1", StatementKind::Query, &[], &mut short).await.unwrap_err();
        assert_eq!(error, SqlError::LimitExceeded { limit: "sql-ms-max", value: 0 });
        // More rows than wanted, without an end: cut when the server's time is over.
        let forever = "WITH RECURSIVE n (i) AS (SELECT 1::bigint UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";
        let mut few = Budget { rows: 3, time: Duration::from_millis(200), ..PLENTY };
        let error = sql.query_as(forever, StatementKind::Query, &[], &mut few).await.unwrap_err();
        assert_eq!(error, SqlError::LimitExceeded { limit: "sql-rows-max", value: 3 });
        let mut bytes = Budget { bytes: 100, ..PLENTY };
        let text = "SELECT repeat('x', 85) AS x";
        let error = sql.query_as(text, StatementKind::Query, &[], &mut bytes).await.unwrap_err();
        assert_eq!(error, SqlError::LimitExceeded { limit: "result-bytes-max", value: 100 });
        sql.add(2).await.unwrap();
        Verdict::Commit
    };
    assert_eq!(fixture.unit(Effect::Write, work).await, Ok(Verdict::Commit));
    assert_eq!(fixture.items().await, [1, 2]);
}

#[tokio::test]
async fn whatever_ends_a_unit_nothing_remains_and_the_connection_is_free() {
    let settings = Settings { connections_max: 1, ..Settings::default() };
    let Some(fixture) = Fixture::with("whatever_ends_a_unit_nothing_remains", settings).await else { return };
    let soon = || Instant::now() + Duration::from_millis(150);
    let refused = |sql: Sql| async move {
        sql.add(1).await.unwrap();
        Verdict::Rollback
    };
    assert_eq!(fixture.unit(Effect::Write, refused).await, Ok(Verdict::Rollback));
    let panics = |sql: Sql| async move {
        sql.add(1).await.unwrap();
        panic!("on purpose")
    };
    assert!(matches!(fixture.unit(Effect::Write, panics).await, Err(TransactError::Unavailable { .. })));
    let stuck = |sql: Sql| async move {
        sql.add(1).await.unwrap();
        let _ = sql.query(ENDLESS, &[]).await;
        std::future::pending().await
    };
    let late = fixture.unit_until(&fixture.tenant, Effect::Write, soon(), stuck).await;
    assert_eq!(late, Err(TransactError::Deadline));
    let (sender, begun) = tokio::sync::oneshot::channel();
    let left = |sql: Sql| async move {
        sql.add(1).await.unwrap();
        sender.send(()).unwrap();
        std::future::pending().await
    };
    let running = tokio::spawn(fixture.unit_until(
        &fixture.tenant,
        Effect::Write,
        Instant::now() + Duration::from_secs(60),
        left,
    ));
    begun.await.unwrap();
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
    assert!(fixture.items().await.is_empty());
    fixture.add(1).await.unwrap();
    assert_eq!(fixture.items().await, [1]);
}

#[tokio::test]
async fn a_unit_that_reads_sees_one_moment_and_changes_nothing() {
    let Some(fixture) = Fixture::new("a_unit_that_reads_sees_one_moment_and_changes_nothing").await else { return };
    fixture.add(1).await.unwrap();
    let (begun, first) = tokio::sync::oneshot::channel();
    let (go_on, second) = tokio::sync::oneshot::channel::<()>();
    let reading = fixture.unit(Effect::Read, |sql| async move {
        assert_eq!(sql.items().await, [1]);
        begun.send(()).unwrap();
        second.await.unwrap();
        assert_eq!(sql.items().await, [1]);
        assert!(matches!(sql.add(3).await, Err(SqlError::Refused { .. })));
        let sneaky = "WITH x AS (INSERT INTO shop__item (id) VALUES (4) RETURNING id) SELECT id FROM x";
        assert!(matches!(sql.query(sneaky, &[]).await, Err(SqlError::Refused { .. })));
        Verdict::Commit
    });
    let writing = async {
        first.await.unwrap();
        fixture.add(2).await.unwrap();
        go_on.send(()).unwrap();
    };
    let (read, ()) = tokio::join!(reading, writing);
    assert_eq!(read, Ok(Verdict::Commit));
    assert_eq!(fixture.items().await, [1, 2]);
}

#[tokio::test]
async fn connections_that_the_server_closed_are_replaced() {
    let Some(fixture) = Fixture::new("connections_that_the_server_closed_are_replaced").await else { return };
    fixture.add(1).await.unwrap();
    // As a restart does it, for every connection that lies idle in the pool.
    use sqlx::Connection as _;
    let mut other = sqlx::PgConnection::connect(&fixture.database.url).await.unwrap();
    let text = "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let closed: i64 = sqlx::query_scalar(text).fetch_one(&mut other).await.unwrap();
    assert!(closed > 0);
    fixture.add(2).await.unwrap();
    assert_eq!(fixture.items().await, [1, 2]);
}

#[tokio::test]
async fn a_store_that_was_shut_down_has_ended_its_units() {
    let Some(fixture) = Fixture::new("a_store_that_was_shut_down_has_ended_its_units").await else { return };
    let (sender, begun) = tokio::sync::oneshot::channel();
    let stuck = |sql: Sql| async move {
        sql.add(1).await.unwrap();
        sender.send(()).unwrap();
        std::future::pending().await
    };
    let deadline = Instant::now() + Duration::from_secs(60);
    let running = tokio::spawn(fixture.unit_until(&fixture.tenant, Effect::Write, deadline, stuck));
    begun.await.unwrap();
    assert!(!fixture.store.shutdown(Instant::now()).await);
    assert!(matches!(running.await.unwrap(), Err(TransactError::Unavailable { .. })));
    assert!(matches!(fixture.add(2).await, Err(TransactError::Unavailable { .. })));
    let again = PostgresStore::open(&fixture.database.url, Settings::default()).await.unwrap();
    assert_eq!(again.tenants().await.unwrap(), std::slice::from_ref(&fixture.tenant));
    assert!(again.shutdown(Instant::now() + Duration::from_secs(10)).await);
}
