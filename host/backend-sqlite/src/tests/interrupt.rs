// SPDX-License-Identifier: MIT OR Apache-2.0
//! SQLite throws the whole transaction away when it interrupts a change. The neighbours in the batch never notice.

use super::fixture::{ENDLESS_CHANGE, Fixture, PLENTY, Sql};
use crate::Settings;
use cap_storage::{Budget, SavepointStep, StatementKind, Value};
use kernel_engine::{BoxFuture, TransactError, Verdict};
use kernel_types::Effect;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

type Unit = BoxFuture<'static, Result<Verdict, TransactError>>;

fn far() -> Instant {
    Instant::now() + Duration::from_secs(30)
}

/// Holds the writer until the units wait, then lets them run in one batch.
async fn in_one_batch(fixture: &Fixture, units: Vec<Unit>) -> Vec<Result<Verdict, TransactError>> {
    let (begun, has_begun) = oneshot::channel();
    let (go, may_go) = oneshot::channel::<()>();
    let first = tokio::spawn(fixture.unit_until(Effect::Write, far(), move |_| async move {
        begun.send(()).unwrap();
        may_go.await.unwrap();
        Verdict::Commit
    }));
    has_begun.await.unwrap();
    let mut waiting = Vec::new();
    for mut unit in units {
        tokio::select! {
            biased;
            _ = &mut unit => panic!("the writer is held"),
            () = std::future::ready(()) => waiting.push(tokio::spawn(unit)),
        }
    }
    go.send(()).unwrap();
    first.await.unwrap().unwrap();
    let mut answers = Vec::new();
    for unit in waiting {
        answers.push(unit.await.unwrap());
    }
    answers
}

fn adds(fixture: &Fixture, ids: std::ops::Range<i64>) -> Unit {
    fixture.unit_until(Effect::Write, far(), move |sql: Sql| async move {
        for id in ids {
            sql.add(id).await.unwrap();
        }
        Verdict::Commit
    })
}

fn endless(fixture: &Fixture) -> Unit {
    fixture.unit_until(Effect::Write, far(), |sql: Sql| async move {
        sql.add(100).await.unwrap();
        let mut short = Budget { time: Duration::from_millis(5), ..PLENTY };
        sql.execute_within(ENDLESS_CHANGE, &[vec![]], &mut short).await.unwrap_err();
        Verdict::Rollback
    })
}

fn patient() -> Settings {
    Settings { batch_ms_max: 30_000, ..Settings::default() }
}

#[tokio::test]
async fn finished_neighbours_are_restored_in_full() {
    let fixture = Fixture::with(patient()).await;
    fixture.add(-1).await.unwrap();
    let before = fixture.store.stats();
    let elaborate = fixture.unit_until(Effect::Write, far(), |sql: Sql| async move {
        let rows = [10, 11].map(|id| vec![Value::Integer(id), Value::Blob(vec![1])]);
        sql.execute("INSERT INTO shop__item (id, name) VALUES (?1, ?2)", &rows).await.unwrap();
        let returning = "INSERT INTO shop__item (id, name) VALUES (12, 'x'), (13, 'y') RETURNING id";
        sql.query_as(returning, StatementKind::ChangeReturning, &[], &mut { PLENTY }).await.unwrap();
        sql.savepoint(SavepointStep::Open { depth: 1 }).await.unwrap();
        sql.execute("DELETE FROM shop__item", &[vec![]]).await.unwrap();
        sql.savepoint(SavepointStep::Rollback { depth: 1 }).await.unwrap();
        sql.execute("UPDATE shop__item SET name = 'z' WHERE id = ?1", &[vec![Value::Integer(13)]]).await.unwrap();
        Verdict::Commit
    });
    let undone = fixture.unit_until(Effect::Write, far(), |sql: Sql| async move {
        sql.execute("DELETE FROM shop__item", &[vec![]]).await.unwrap();
        Verdict::Rollback
    });
    let units =
        vec![adds(&fixture, 0..3), undone, elaborate, endless(&fixture), adds(&fixture, 20..22), endless(&fixture)];
    let answers = in_one_batch(&fixture, units).await;
    let (commit, rollback) = (Ok(Verdict::Commit), Ok(Verdict::Rollback));
    assert_eq!(answers, [&commit, &rollback, &commit, &rollback, &commit, &rollback].map(Clone::clone));
    assert_eq!(fixture.items().await, [-1, 0, 1, 2, 10, 11, 12, 13, 20, 21]);
    let after = fixture.store.stats();
    assert_eq!((after.restored - before.restored, after.commits - before.commits), (2, 1));
}

#[tokio::test]
async fn a_unit_goes_on_where_it_was_interrupted_inside_its_savepoints() {
    let fixture = Fixture::with(patient()).await;
    let goes_on = fixture.unit_until(Effect::Write, far(), |sql: Sql| async move {
        sql.add(10).await.unwrap();
        sql.savepoint(SavepointStep::Open { depth: 1 }).await.unwrap();
        sql.add(11).await.unwrap();
        let mut short = Budget { time: Duration::from_millis(5), ..PLENTY };
        sql.execute_within(ENDLESS_CHANGE, &[vec![]], &mut short).await.unwrap_err();
        assert_eq!(sql.items().await, [0, 10, 11]);
        sql.savepoint(SavepointStep::Rollback { depth: 1 }).await.unwrap();
        sql.add(12).await.unwrap();
        Verdict::Commit
    });
    let units = vec![adds(&fixture, 0..1), goes_on];
    assert_eq!(in_one_batch(&fixture, units).await, [Ok(Verdict::Commit), Ok(Verdict::Commit)]);
    assert_eq!(fixture.items().await, [0, 10, 12]);
}

#[tokio::test]
async fn a_unit_too_large_to_restore_is_committed_before_the_next_begins() {
    let fixture = Fixture::with(Settings { redo_bytes_max: 4_096, ..patient() }).await;
    let before = fixture.store.stats();
    let units = vec![adds(&fixture, 0..1), adds(&fixture, 1_000..1_100), endless(&fixture), adds(&fixture, 1..2)];
    let answers = in_one_batch(&fixture, units).await;
    let (commit, rollback) = (Ok(Verdict::Commit), Ok(Verdict::Rollback));
    assert_eq!(answers, [commit.clone(), commit.clone(), rollback, commit]);
    assert_eq!(fixture.items().await.len(), 102);
    let after = fixture.store.stats();
    assert_eq!((after.commits - before.commits, after.restored - before.restored), (2, 1));
}

#[tokio::test]
async fn a_unit_too_large_to_restore_that_is_interrupted_itself_does_not_commit() {
    let fixture = Fixture::with(Settings { redo_bytes_max: 4_096, ..patient() }).await;
    let large = fixture.unit_until(Effect::Write, far(), |sql: Sql| async move {
        for id in 1_000..1_100 {
            sql.add(id).await.unwrap();
        }
        let mut short = Budget { time: Duration::from_millis(5), ..PLENTY };
        sql.execute_within(ENDLESS_CHANGE, &[vec![]], &mut short).await.unwrap_err();
        // Whatever it does now, it must not be told that it is durable.
        sql.add(2_000).await.unwrap_err();
        Verdict::Commit
    });
    let answers = in_one_batch(&fixture, vec![adds(&fixture, 0..2), large, adds(&fixture, 2..3)]).await;
    assert_eq!((&answers[0], &answers[2]), (&Ok(Verdict::Commit), &Ok(Verdict::Commit)));
    let Err(TransactError::Unavailable { detail, .. }) = &answers[1] else { panic!("{answers:?}") };
    assert!(detail.contains("more changes than can be restored"), "{detail}");
    assert_eq!(fixture.items().await, [0, 1, 2]);
}
