// SPDX-License-Identifier: MIT OR Apache-2.0
//! Snapshots: what a reader sees and when, and that it cannot write.

use super::fixture::{Fixture, PLENTY, Sql};
use crate::Settings;
use cap_storage::{SqlError, StatementKind};
use kernel_engine::{TransactError, Verdict};
use kernel_types::Effect;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

fn far() -> Instant {
    Instant::now() + Duration::from_secs(30)
}

#[tokio::test]
async fn a_reader_sees_what_was_acknowledged_before_it_began() {
    let fixture = Fixture::new().await;
    for id in 0..50 {
        fixture.add(id).await.unwrap();
        assert_eq!(fixture.items().await, Vec::from_iter(0..=id));
    }
}

#[tokio::test]
async fn a_snapshot_does_not_move_and_does_not_hold_up_the_writer() {
    let fixture = Fixture::new().await;
    fixture.add(1).await.unwrap();
    let (looked, has_looked) = oneshot::channel();
    let (go, may_go) = oneshot::channel::<()>();
    let reader = tokio::spawn(fixture.unit_until(Effect::Read, far(), move |sql: Sql| async move {
        looked.send(sql.items().await).unwrap();
        may_go.await.unwrap();
        assert_eq!(sql.items().await, [1]);
        Verdict::Commit
    }));
    assert_eq!(has_looked.await.unwrap(), [1]);
    fixture.add(2).await.unwrap();
    assert_eq!(fixture.items().await, [1, 2]);
    go.send(()).unwrap();
    assert_eq!(reader.await.unwrap(), Ok(Verdict::Commit));
}

#[tokio::test]
async fn a_reader_sees_nothing_that_is_not_committed() {
    let fixture = Fixture::new().await;
    let (added, has_added) = oneshot::channel();
    let (go, may_go) = oneshot::channel::<()>();
    let writer = tokio::spawn(fixture.unit_until(Effect::Write, far(), move |sql: Sql| async move {
        sql.add(1).await.unwrap();
        added.send(()).unwrap();
        may_go.await.unwrap();
        Verdict::Commit
    }));
    has_added.await.unwrap();
    assert!(fixture.items().await.is_empty());
    go.send(()).unwrap();
    writer.await.unwrap().unwrap();
    assert_eq!(fixture.items().await, [1]);
}

#[tokio::test]
async fn a_change_in_a_reader_is_refused_by_the_session_and_by_the_engine() {
    let fixture = Fixture::new().await;
    let work = |sql: Sql| async move {
        let refused = |error: SqlError| assert!(matches!(error, SqlError::Refused { .. }), "{error:?}");
        refused(sql.add(1).await.unwrap_err());
        let returning = "INSERT INTO shop__item (id, name) VALUES (1, 'x') RETURNING id";
        let kinds = [StatementKind::ChangeReturning, StatementKind::Query];
        for kind in kinds {
            // The second kind is a lie: it passes the session and reaches the engine.
            refused(sql.query_as(returning, kind, &[], &mut { PLENTY }).await.unwrap_err());
        }
        Verdict::Commit
    };
    assert_eq!(fixture.unit(Effect::Read, work).await, Ok(Verdict::Commit));
    // In a unit that may write, a statement that says that it only reads may not either.
    let work = |sql: Sql| async move {
        let error = sql.query("DELETE FROM shop__item RETURNING id", &[]).await.unwrap_err();
        assert!(matches!(error, SqlError::Refused { .. }), "{error:?}");
        Verdict::Commit
    };
    assert_eq!(fixture.unit(Effect::Write, work).await, Ok(Verdict::Commit));
}

/// With the authorizer away too, the connection itself is one that cannot write.
#[tokio::test]
async fn a_readers_connection_cannot_write_whoever_asks() {
    let fixture = Fixture::new().await;
    let error = fixture.store.read_host(&fixture.tenant, |tables| tables.put("k", "a", "1")).await.unwrap_err();
    assert!(error.to_string().contains("readonly database"), "{error}");
}

#[tokio::test]
async fn readers_beyond_the_limit_wait_and_keep_their_deadline() {
    let fixture = Fixture::with(Settings { readers_per_tenant_max: 1, ..Settings::default() }).await;
    fixture.add(1).await.unwrap();
    let (begun, has_begun) = oneshot::channel();
    let (go, may_go) = oneshot::channel::<()>();
    let first = tokio::spawn(fixture.unit_until(Effect::Read, far(), move |_| async move {
        begun.send(()).unwrap();
        may_go.await.unwrap();
        Verdict::Commit
    }));
    has_begun.await.unwrap();
    let soon = Instant::now() + Duration::from_millis(10);
    let late = fixture.unit_until(Effect::Read, soon, |_| async { Verdict::Commit });
    assert_eq!(late.await, Err(TransactError::Deadline));
    let next = fixture.items();
    go.send(()).unwrap();
    assert_eq!(next.await, [1]);
    first.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_rollback_of_a_reader_is_a_rollback() {
    let fixture = Fixture::new().await;
    assert_eq!(fixture.unit(Effect::Read, |_| async { Verdict::Rollback }).await, Ok(Verdict::Rollback));
}
