// SPDX-License-Identifier: MIT OR Apache-2.0
//! The end of the store: what waits is finished, what is new is refused, what does not end is rolled back.

use super::fixture::{Fixture, Sql};
use crate::{Settings, SqliteStore, StoreError};
use kernel_engine::{TransactError, Verdict};
use kernel_types::Effect;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

fn far() -> Instant {
    Instant::now() + Duration::from_secs(30)
}

#[tokio::test]
async fn units_that_wait_are_finished_and_new_ones_refused() {
    let fixture = Fixture::new().await;
    let (begun, has_begun) = oneshot::channel();
    let (go, may_go) = oneshot::channel::<()>();
    let first = tokio::spawn(fixture.unit_until(Effect::Write, far(), move |sql: Sql| async move {
        begun.send(()).unwrap();
        may_go.await.unwrap();
        sql.add(1).await.unwrap();
        Verdict::Commit
    }));
    has_begun.await.unwrap();
    let mut second = fixture.unit_until(Effect::Write, far(), |sql: Sql| async move {
        sql.add(2).await.unwrap();
        Verdict::Commit
    });
    tokio::select! {
        biased;
        _ = &mut second => panic!("the writer is held"),
        () = std::future::ready(()) => {}
    }
    let second = tokio::spawn(second);
    let mut shutdown = Box::pin(fixture.store.shutdown(far()));
    tokio::select! {
        biased;
        _ = &mut shutdown => panic!("two units wait"),
        () = std::future::ready(()) => {}
    }
    for effect in [Effect::Read, Effect::Write] {
        let refused = fixture.unit(effect, |_| async { Verdict::Commit }).await;
        let Err(TransactError::Unavailable { detail, .. }) = refused else { panic!("{refused:?}") };
        assert_eq!(detail, "the store is shutting down");
    }
    go.send(()).unwrap();
    assert!(shutdown.await);
    assert_eq!((first.await.unwrap(), second.await.unwrap()), (Ok(Verdict::Commit), Ok(Verdict::Commit)));
    assert_eq!(fixture.store.0.connections_open(), 0);
    let directory = Arc::clone(&fixture.directory);
    drop(fixture);
    assert_eq!(Fixture::open(directory, Settings::default()).await.items().await, [1, 2]);
}

#[tokio::test]
async fn a_unit_that_does_not_end_is_rolled_back_at_the_deadline() {
    let fixture = Fixture::new().await;
    let (added, has_added) = oneshot::channel();
    let unit = tokio::spawn(fixture.unit_until(Effect::Write, far(), move |sql: Sql| async move {
        sql.add(1).await.unwrap();
        added.send(()).unwrap();
        std::future::pending::<Verdict>().await
    }));
    has_added.await.unwrap();
    let in_time = fixture.store.shutdown(Instant::now() + Duration::from_millis(5)).await;
    assert!(!in_time);
    let answer = unit.await.unwrap();
    let Err(TransactError::Unavailable { detail, .. }) = answer else { panic!("{answer:?}") };
    assert_eq!(detail, "the store is shutting down");
    let directory = Arc::clone(&fixture.directory);
    drop(fixture);
    assert!(Fixture::open(directory, Settings::default()).await.items().await.is_empty());
}

#[tokio::test]
async fn a_directory_is_one_stores_until_it_ends() {
    let fixture = Fixture::new().await;
    let second = SqliteStore::open(fixture.directory.path(), Settings::default());
    assert!(matches!(second, Err(StoreError::Locked { .. })));
}
