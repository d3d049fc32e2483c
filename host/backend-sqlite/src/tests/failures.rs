// SPDX-License-Identifier: MIT OR Apache-2.0
//! A database that cannot answer: full, no database, damaged, gone. Nobody is told that a unit is durable that is not.

use super::fixture::{Fixture, Sql};
use crate::Settings;
use cap_storage::{SqlError, Value};
use kernel_engine::{TransactError, Verdict};
use kernel_types::{Effect, TenantId};
use std::sync::Arc;

fn detail(answer: Result<Verdict, TransactError>) -> String {
    if let Err(TransactError::Unavailable { detail, .. }) = answer { detail } else { panic!("{answer:?}") }
}

/// Adds a row of `bytes`, and says commit whatever comes of it.
async fn add_bytes(
    fixture: &Fixture,
    id: i64,
    bytes: usize,
) -> (Result<u64, SqlError>, Result<Verdict, TransactError>) {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let work = move |sql: Sql| async move {
        let row = vec![Value::Integer(id), Value::Blob(vec![7; bytes])];
        sender.send(sql.execute("INSERT INTO shop__item (id, name) VALUES (?1, ?2)", &[row]).await).unwrap();
        Verdict::Commit
    };
    let answer = fixture.unit(Effect::Write, work).await;
    (receiver.await.unwrap(), answer)
}

#[tokio::test]
async fn a_full_database_refuses_the_unit_and_takes_the_next_that_fits() {
    let fixture = Fixture::with(Settings { database_pages_max: 60, ..Settings::default() }).await;
    fixture.add(1).await.unwrap();
    let (statement, answer) = add_bytes(&fixture, 2, 1 << 20).await;
    assert!(matches!(statement, Err(SqlError::Unavailable(_))), "{statement:?}");
    assert!(detail(answer).contains("full"));
    assert_eq!(fixture.add(3).await, Ok(Verdict::Commit));
    assert_eq!(fixture.items().await, [1, 3]);
}

/// The engine loses the whole transaction when it runs full in the middle of a change: the finished neighbours are told.
#[tokio::test]
async fn neighbours_that_a_full_database_took_along_are_told() {
    let settings =
        Settings { database_pages_max: 60, batch_ms_max: 30_000, redo_bytes_max: 16 << 20, ..Settings::default() };
    let fixture = Arc::new(Fixture::with(settings).await);
    fixture.add(1).await.unwrap();
    let (answers, lost) = {
        let before = fixture.store.stats().failed;
        let mut units = Vec::new();
        for id in 2..8_i64 {
            let fixture = Arc::clone(&fixture);
            units.push(tokio::spawn(async move {
                let bytes = if id == 5 { 1 << 20 } else { 10 };
                (id, add_bytes(&fixture, id, bytes).await.1)
            }));
        }
        let mut answers = Vec::new();
        for unit in units {
            answers.push(unit.await.unwrap());
        }
        (answers, fixture.store.stats().failed - before)
    };
    let acknowledged = answers.iter().filter(|(_, answer)| *answer == Ok(Verdict::Commit)).map(|(id, _)| *id);
    let items = fixture.items().await;
    assert_eq!(items, std::iter::once(1).chain(acknowledged).collect::<Vec<_>>(), "lost: {lost}");
    assert!(!items.contains(&5));
}

/// A deferred foreign key, which no migration may make, fails the commit itself: the last moment at which one can fail.
#[tokio::test]
async fn a_commit_that_fails_is_told_to_every_unit_of_the_batch() {
    let fixture = Arc::new(Fixture::with(Settings { batch_ms_max: 30_000, ..Settings::default() }).await);
    let path = fixture.directory.path().join("tenants/demo/data.sqlite");
    let late = "CREATE TABLE shop__late (up INTEGER REFERENCES shop__item (id) DEFERRABLE INITIALLY DEFERRED)";
    rusqlite::Connection::open(path).unwrap().execute_batch(late).unwrap();
    let before = fixture.store.stats();
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    let (go, may_go) = tokio::sync::oneshot::channel::<()>();
    let far = std::time::Instant::now() + std::time::Duration::from_secs(30);
    let first = tokio::spawn(fixture.unit_until(Effect::Write, far, move |sql: Sql| async move {
        begun.send(()).unwrap();
        may_go.await.unwrap();
        sql.add(1).await.unwrap();
        Verdict::Commit
    }));
    has_begun.await.unwrap();
    let mut second = fixture.unit_until(Effect::Write, far, |sql: Sql| async move {
        sql.execute("INSERT INTO shop__late (up) VALUES (77)", &[vec![]]).await.unwrap();
        Verdict::Commit
    });
    tokio::select! {
        biased;
        _ = &mut second => panic!("the writer is held"),
        () = std::future::ready(()) => {}
    }
    go.send(()).unwrap();
    for answer in [first.await.unwrap(), second.await] {
        assert_eq!(detail(answer), "the commit failed: FOREIGN KEY constraint failed");
    }
    let after = fixture.store.stats();
    assert_eq!((after.failed - before.failed, after.commits - before.commits), (2, 0));
    // On a connection opened anew.
    assert_eq!(fixture.add(3).await, Ok(Verdict::Commit));
    assert_eq!(fixture.items().await, [3]);
    assert_eq!(fixture.store.stats().closed - before.closed, 1);
}

#[tokio::test]
async fn a_unit_that_hides_an_unavailable_database_does_not_commit() {
    let fixture = Fixture::with(Settings { database_pages_max: 60, ..Settings::default() }).await;
    let work = |sql: Sql| async move {
        sql.add(1).await.unwrap();
        let row = vec![Value::Integer(2), Value::Blob(vec![7; 1 << 20])];
        sql.execute("INSERT INTO shop__item (id, name) VALUES (?1, ?2)", &[row]).await.unwrap_err();
        let next = sql.add(3).await.unwrap_err();
        assert!(matches!(next, SqlError::Unavailable(_)), "{next:?}");
        Verdict::Commit
    };
    detail(fixture.unit(Effect::Write, work).await);
    assert!(fixture.items().await.is_empty());
}

#[tokio::test]
async fn a_file_that_is_no_database_is_unavailable_and_stays_as_it_is() {
    let fixture = Fixture::new().await;
    let directory = fixture.directory.path().join("tenants/broken");
    std::fs::create_dir(&directory).unwrap();
    let content = vec![b'x'; 8_192];
    std::fs::write(directory.join("data.sqlite"), &content).unwrap();
    let tenant = TenantId::parse("broken").unwrap();
    let error = fixture.store.write_host(&tenant, |tables| tables.put("k", "a", "1")).await.unwrap_err();
    assert!(error.to_string().contains("file is not a database"), "{error}");
    let error = fixture.store.read_host(&tenant, |tables| tables.get("k", "a")).await.unwrap_err();
    assert!(error.to_string().contains("file is not a database"), "{error}");
    assert!(std::fs::read(directory.join("data.sqlite")).unwrap() == content);
    assert_eq!(fixture.add(1).await, Ok(Verdict::Commit));
}

#[tokio::test]
async fn a_damaged_page_is_unavailable_for_readers_and_writers() {
    let fixture = Fixture::new().await;
    let fill = |sql: Sql| async move {
        let rows: Vec<_> = (10_000..14_000).map(|id| vec![Value::Integer(id), Value::Text("x".repeat(100))]).collect();
        sql.execute("INSERT INTO shop__item (id, name) VALUES (?1, ?2)", &rows).await.unwrap();
        Verdict::Commit
    };
    fixture.unit(Effect::Write, fill).await.unwrap();
    let path = fixture.directory.path().join("tenants/demo/data.sqlite");
    // Closed, so that everything is in the file and nothing in a cache.
    fixture.store.0.quiet().await;
    fixture.store.0.sweep(std::time::Instant::now() + std::time::Duration::from_secs(3_600));
    let mut bytes = std::fs::read(&path).unwrap();
    for page in bytes.chunks_mut(4_096).skip(8) {
        page.fill(0xA5);
    }
    std::fs::write(&path, bytes).unwrap();
    for effect in [Effect::Read, Effect::Write] {
        let work = |sql: Sql| async move {
            let error = sql.query("SELECT count(name) FROM shop__item", &[]).await.unwrap_err();
            assert!(matches!(&error, SqlError::Unavailable(text) if text.contains("malformed")), "{error:?}");
            Verdict::Commit
        };
        assert!(detail(fixture.unit(effect, work).await).contains("malformed"), "{effect:?}");
    }
}
