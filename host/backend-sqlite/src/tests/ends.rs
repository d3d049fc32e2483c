// SPDX-License-Identifier: MIT OR Apache-2.0
//! The ends of a unit that are not its verdict: a caller that leaves, a deadline, a panic. None leaves a trace.

use super::fixture::{ENDLESS_QUERY, Fixture, Sql};
use kernel_engine::{TransactError, Verdict};
use kernel_types::{Effect, TenantId};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

fn far() -> Instant {
    Instant::now() + Duration::from_secs(30)
}

#[tokio::test]
async fn a_caller_that_leaves_while_its_unit_runs_leaves_no_trace() {
    let fixture = Fixture::new().await;
    let (added, has_added) = oneshot::channel();
    let unit = tokio::spawn(fixture.unit_until(Effect::Write, far(), move |sql: Sql| async move {
        sql.add(1).await.unwrap();
        added.send(()).unwrap();
        std::future::pending::<Verdict>().await
    }));
    has_added.await.unwrap();
    unit.abort();
    assert!(unit.await.unwrap_err().is_cancelled());
    // The next unit runs after the first was rolled back.
    fixture.add(2).await.unwrap();
    assert_eq!(fixture.items().await, [2]);
    assert_eq!(fixture.store.stats().rollbacks, 1);
}

#[tokio::test]
async fn a_caller_that_leaves_before_its_turn_is_never_run() {
    let fixture = Fixture::new().await;
    let (begun, has_begun) = oneshot::channel();
    let (go, may_go) = oneshot::channel::<()>();
    let first = tokio::spawn(fixture.unit_until(Effect::Write, far(), move |_| async move {
        begun.send(()).unwrap();
        may_go.await.unwrap();
        Verdict::Commit
    }));
    has_begun.await.unwrap();
    let (ran, has_run) = oneshot::channel();
    let mut second = fixture.unit_until(Effect::Write, far(), move |_| async move {
        ran.send(()).unwrap();
        Verdict::Commit
    });
    tokio::select! {
        biased;
        _ = &mut second => panic!("the writer is held"),
        () = std::future::ready(()) => {}
    }
    drop(second);
    go.send(()).unwrap();
    first.await.unwrap().unwrap();
    fixture.add(3).await.unwrap();
    assert!(has_run.await.is_err(), "its work was dropped, not run");
}

#[tokio::test]
async fn a_unit_past_its_deadline_is_rolled_back_while_it_waits_for_something_else() {
    let fixture = Fixture::new().await;
    let unit = fixture.unit_until(Effect::Write, Instant::now() + Duration::from_millis(20), |sql: Sql| async move {
        sql.add(1).await.unwrap();
        std::future::pending::<Verdict>().await
    });
    assert_eq!(unit.await, Err(TransactError::Deadline));
    assert!(fixture.items().await.is_empty());
}

#[tokio::test]
async fn a_unit_past_its_deadline_is_interrupted_inside_a_statement() {
    let fixture = Fixture::new().await;
    for effect in [Effect::Write, Effect::Read] {
        let deadline = Instant::now() + Duration::from_millis(20);
        let unit = fixture.unit_until(effect, deadline, |sql: Sql| async move {
            let error = sql.query(ENDLESS_QUERY, &[]).await.unwrap_err();
            assert_eq!(error.to_string(), "the database is unavailable: the deadline passed");
            std::future::pending::<Verdict>().await
        });
        assert_eq!(unit.await, Err(TransactError::Deadline), "{effect:?}");
    }
}

#[tokio::test]
async fn a_unit_whose_deadline_passes_in_the_queue_is_answered_at_once_and_never_run() {
    let fixture = Fixture::new().await;
    let (begun, has_begun) = oneshot::channel();
    let (go, may_go) = oneshot::channel::<()>();
    let first = tokio::spawn(fixture.unit_until(Effect::Write, far(), move |_| async move {
        begun.send(()).unwrap();
        may_go.await.unwrap();
        Verdict::Commit
    }));
    has_begun.await.unwrap();
    let (ran, has_run) = oneshot::channel();
    let late = fixture.unit_until(Effect::Write, Instant::now() + Duration::from_millis(5), move |_| async move {
        ran.send(()).unwrap();
        Verdict::Commit
    });
    assert_eq!(late.await, Err(TransactError::Deadline));
    go.send(()).unwrap();
    first.await.unwrap().unwrap();
    fixture.add(1).await.unwrap();
    assert!(has_run.await.is_err());
}

#[tokio::test]
async fn a_reader_whose_caller_left_is_interrupted() {
    let fixture = Fixture::new().await;
    let (begun, has_begun) = oneshot::channel();
    let (ended, how) = oneshot::channel();
    let unit = tokio::spawn(fixture.unit_until(Effect::Read, far(), move |sql: Sql| async move {
        begun.send(()).unwrap();
        ended.send(sql.query(ENDLESS_QUERY, &[]).await).unwrap();
        Verdict::Commit
    }));
    has_begun.await.unwrap();
    unit.abort();
    assert_eq!(how.await.unwrap().unwrap_err().to_string(), "the database is unavailable: the caller left");
}

#[tokio::test]
async fn a_panic_is_told_to_its_caller_only() {
    let fixture = Fixture::new().await;
    for effect in [Effect::Write, Effect::Read] {
        let unit = fixture.unit(effect, |_| async { panic!("number {}", 7) }).await;
        let Err(TransactError::Unavailable { detail, .. }) = unit else { panic!("{unit:?}") };
        assert_eq!(detail, "the unit of work panicked: number 7");
    }
    fixture.add(1).await.unwrap();
    assert_eq!(fixture.items().await, [1]);
}

#[tokio::test]
async fn an_unknown_tenant_is_named() {
    let fixture = Fixture::new().await;
    let nobody = TenantId::parse("nobody").unwrap();
    let work = Box::new(|_| -> kernel_engine::BoxFuture<'static, Verdict> { Box::pin(async { Verdict::Commit }) });
    let unit = kernel_engine::Transactor::run(&fixture.store, &nobody, Effect::Read, far(), work);
    let Err(TransactError::Unavailable { detail, .. }) = unit.await else { panic!("there is no such tenant") };
    assert_eq!(detail, "there is no tenant `nobody`: create it first");
    assert!(!fixture.store.has_tenant(&nobody));
}
