// SPDX-License-Identifier: MIT OR Apache-2.0
//! Group commit: which units share a transaction, and what they do to each other (nothing).

use super::fixture::{Fixture, Sql};
use crate::Settings;
use kernel_engine::{TransactError, Verdict};
use kernel_types::Effect;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// How a unit of the tests ends after it has added its item.
#[derive(Clone, Copy, Debug)]
enum Ending {
    Commit,
    Rollback,
    Panic,
}

/// Holds the writer inside a first unit until the others wait, then lets it go; returns the others' answers.
async fn together(fixture: &Fixture, endings: &[Ending]) -> Vec<Result<Verdict, TransactError>> {
    let (begun, has_begun) = oneshot::channel();
    let (go, may_go) = oneshot::channel::<()>();
    let first = tokio::spawn(fixture.unit_until(Effect::Write, far(), move |sql: Sql| async move {
        begun.send(()).unwrap();
        may_go.await.unwrap();
        sql.add(0).await.unwrap();
        Verdict::Commit
    }));
    has_begun.await.unwrap();
    let mut others = Vec::new();
    for (id, ending) in (1..).zip(endings.iter().copied()) {
        let mut unit = fixture.unit_until(Effect::Write, far(), move |sql: Sql| async move {
            sql.add(id).await.unwrap();
            match ending {
                Ending::Commit => Verdict::Commit,
                Ending::Rollback => Verdict::Rollback,
                Ending::Panic => panic!("as the test wants it"),
            }
        });
        // Polled once, it stands in the queue.
        assert!(futures_poll(&mut unit).await.is_none());
        others.push(tokio::spawn(unit));
    }
    go.send(()).unwrap();
    assert_eq!(first.await.unwrap(), Ok(Verdict::Commit));
    let mut answers = Vec::new();
    for other in others {
        answers.push(other.await.unwrap());
    }
    answers
}

fn far() -> Instant {
    Instant::now() + Duration::from_secs(30)
}

async fn futures_poll<T>(future: &mut kernel_engine::BoxFuture<'static, T>) -> Option<T> {
    std::future::poll_fn(|context| match future.as_mut().poll(context) {
        std::task::Poll::Ready(value) => std::task::Poll::Ready(Some(value)),
        std::task::Poll::Pending => std::task::Poll::Ready(None),
    })
    .await
}

/// A window that no test outlasts.
fn patient() -> Settings {
    Settings { batch_ms_max: 30_000, ..Settings::default() }
}

#[tokio::test]
async fn units_that_wait_are_committed_together() {
    let fixture = Fixture::with(patient()).await;
    let before = fixture.store.stats();
    let answers = together(&fixture, &[Ending::Commit; 20]).await;
    assert_eq!(answers, vec![Ok(Verdict::Commit); 20]);
    let after = fixture.store.stats();
    assert_eq!((after.commits - before.commits, after.batches - before.batches), (1, 1));
    assert_eq!(after.write_units - before.write_units, 21);
    assert_eq!(fixture.items().await, Vec::from_iter(0..=20));
}

#[tokio::test]
async fn a_batch_holds_no_more_units_than_its_limit() {
    let fixture = Fixture::with(Settings { batch_units_max: 5, ..patient() }).await;
    let before = fixture.store.stats().commits;
    together(&fixture, &[Ending::Commit; 19]).await;
    assert_eq!(fixture.store.stats().commits - before, 4);
}

#[tokio::test]
async fn a_batch_is_committed_when_its_window_closes() {
    let fixture = Fixture::with(Settings { batch_ms_max: 0, ..patient() }).await;
    let before = fixture.store.stats().commits;
    together(&fixture, &[Ending::Commit; 7]).await;
    assert_eq!(fixture.store.stats().commits - before, 8);
}

#[tokio::test]
async fn a_unit_that_fails_takes_nothing_of_its_neighbours() {
    let fixture = Fixture::with(patient()).await;
    let before = fixture.store.stats();
    let endings = [Ending::Commit, Ending::Rollback, Ending::Commit, Ending::Panic, Ending::Commit];
    let answers = together(&fixture, &endings).await;
    let panicked = TransactError::Unavailable {
        detail: "the unit of work panicked: as the test wants it".into(),
        retry_after_ms: 1_000,
    };
    let commit = Ok(Verdict::Commit);
    assert_eq!(answers, [commit.clone(), Ok(Verdict::Rollback), commit.clone(), Err(panicked), commit]);
    let after = fixture.store.stats();
    assert_eq!((after.commits - before.commits, after.rollbacks - before.rollbacks), (1, 2));
    assert_eq!(fixture.items().await, [0, 1, 3, 5]);
}

#[tokio::test]
async fn a_unit_sees_what_its_batch_did_before_it_and_nothing_that_was_rolled_back() {
    let fixture = Arc::new(Fixture::with(patient()).await);
    let (begun, has_begun) = oneshot::channel();
    let (go, may_go) = oneshot::channel::<()>();
    let first = tokio::spawn(fixture.unit_until(Effect::Write, far(), move |sql: Sql| async move {
        begun.send(()).unwrap();
        may_go.await.unwrap();
        sql.add(1).await.unwrap();
        Verdict::Commit
    }));
    has_begun.await.unwrap();
    let (seen, what) = oneshot::channel();
    let mut undone = fixture.unit_until(Effect::Write, far(), |sql: Sql| async move {
        sql.add(2).await.unwrap();
        Verdict::Rollback
    });
    let mut looks = fixture.unit_until(Effect::Write, far(), |sql: Sql| async move {
        seen.send(sql.items().await).unwrap();
        Verdict::Commit
    });
    assert!(futures_poll(&mut undone).await.is_none());
    assert!(futures_poll(&mut looks).await.is_none());
    go.send(()).unwrap();
    assert_eq!(undone.await, Ok(Verdict::Rollback));
    assert_eq!(looks.await, Ok(Verdict::Commit));
    first.await.unwrap().unwrap();
    assert_eq!(what.await.unwrap(), [1]);
}

#[tokio::test]
async fn a_batch_that_wrote_nothing_is_no_commit_and_leaves_the_log_alone() {
    let fixture = Fixture::new().await;
    fixture.add(1).await.unwrap();
    let log = fixture.directory.path().join("tenants/demo/data.sqlite-wal");
    let (before, log_before) = (fixture.store.stats(), std::fs::read(&log).unwrap());
    for verdict in [Verdict::Commit, Verdict::Rollback] {
        let work = move |sql: Sql| async move {
            assert_eq!(sql.items().await, [1]);
            if verdict == Verdict::Rollback {
                sql.add(2).await.unwrap();
            }
            verdict
        };
        assert_eq!(fixture.unit(Effect::Write, work).await, Ok(verdict));
    }
    fixture.store.0.quiet().await;
    let after = fixture.store.stats();
    assert_eq!((after.batches - before.batches, after.commits - before.commits), (2, 0));
    assert!(log_before == std::fs::read(&log).unwrap(), "the log was written");
}

#[tokio::test]
async fn one_client_alone_gets_a_commit_for_each_unit() {
    let fixture = Fixture::with(patient()).await;
    let before = fixture.store.stats().commits;
    for id in 0..10 {
        fixture.add(id).await.unwrap();
    }
    assert_eq!(fixture.store.stats().commits - before, 10);
}

#[tokio::test]
async fn a_full_queue_says_when_to_come_back() {
    let fixture = Fixture::with(Settings { queue_units_max: 2, ..patient() }).await;
    let (begun, has_begun) = oneshot::channel();
    let (go, may_go) = oneshot::channel::<()>();
    let first = tokio::spawn(fixture.unit_until(Effect::Write, far(), move |_| async move {
        begun.send(()).unwrap();
        may_go.await.unwrap();
        Verdict::Commit
    }));
    has_begun.await.unwrap();
    let unit = || fixture.unit_until(Effect::Write, far(), |_| async { Verdict::Commit });
    let (mut second, mut third) = (unit(), unit());
    assert!(futures_poll(&mut second).await.is_none());
    assert!(futures_poll(&mut third).await.is_none());
    let Err(TransactError::Busy { retry_after_ms }) = unit().await else { panic!("the queue is full") };
    assert!(retry_after_ms > 0);
    assert_eq!(fixture.store.stats().refused_busy, 1);
    // One that left makes room.
    drop(third);
    let mut fourth = unit();
    assert!(futures_poll(&mut fourth).await.is_none());
    go.send(()).unwrap();
    first.await.unwrap().unwrap();
    assert_eq!((second.await, fourth.await), (Ok(Verdict::Commit), Ok(Verdict::Commit)));
}

#[tokio::test]
async fn many_tenants_write_at_the_same_time_with_fewer_threads_than_tenants() {
    let settings = Settings { writers_max: 2, readers_max: 2, connections_max: 4, ..Settings::default() };
    let fixture = Fixture::with(settings).await;
    let mut writes = Vec::new();
    for number in 0..12 {
        let tenant = kernel_types::TenantId::parse(&format!("t{number}")).unwrap();
        let store = fixture.store.clone();
        writes.push(tokio::spawn(async move {
            assert!(store.create_tenant(&tenant).await.unwrap());
            for id in 0..5 {
                let key = id.to_string();
                store.write_host(&tenant, move |tables| tables.put("k", &key, "1")).await.unwrap();
            }
            assert_eq!(store.read_host(&tenant, |tables| tables.list("k")).await.unwrap().len(), 5);
        }));
    }
    for write in writes {
        write.await.unwrap();
    }
    assert_eq!(fixture.store.tenants().unwrap().len(), 13);
}
