// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is particular to this back end about the answers that are kept: batches, restored transactions, files of the
//! layout before. What both back ends share is tested in `conformance/storage`.

use super::fixture::{ENDLESS_CHANGE, Fixture, PLENTY, Sql, component};
use crate::{Settings, SqliteStore};
use cap_storage::Budget;
use kernel_engine::{AnswerBook, BoxFuture, Extensions, Recorded, TransactError, Transactor as _, Verdict};
use kernel_types::{Digest, Effect};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

fn digest(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

/// Runs a unit that sees the book.
fn unit<F, R>(fixture: &Fixture, work: F) -> BoxFuture<'static, Result<Verdict, TransactError>>
where
    F: FnOnce(Sql, Arc<Box<dyn AnswerBook>>) -> R + Send + 'static,
    R: Future<Output = Verdict> + Send + 'static,
{
    let work = Box::new(move |opened: Extensions| -> BoxFuture<'static, Verdict> {
        let sql = Sql { session: opened.get().unwrap(), component: component("shop") };
        Box::pin(work(sql, opened.get().unwrap()))
    });
    fixture.store.run(&fixture.tenant, Effect::Write, Instant::now() + Duration::from_secs(60), work)
}

async fn recalled(fixture: &Fixture, key: &'static str) -> Recorded {
    let (sender, receiver) = oneshot::channel();
    let asked = unit(fixture, move |_, book| async move {
        sender.send(book.recall(digest(key)).await.unwrap()).unwrap();
        Verdict::Commit
    });
    assert_eq!(asked.await, Ok(Verdict::Commit));
    receiver.await.unwrap()
}

/// The first unit waits until the second is queued, so that both are of one batch; the second is interrupted, which
/// makes the engine throw away what the first did.
#[tokio::test]
async fn an_answer_is_restored_with_its_unit() {
    let fixture = Fixture::with(Settings { batch_ms_max: 60_000, ..Settings::default() }).await;
    let (begun, has_begun) = oneshot::channel();
    let (go, may_go) = oneshot::channel::<()>();
    let first = tokio::spawn(unit(&fixture, move |sql, book| async move {
        begun.send(()).unwrap();
        may_go.await.unwrap();
        sql.add(1).await.unwrap();
        book.record(digest("k"), digest("f"), b"\"one\"").await.unwrap();
        Verdict::Commit
    }));
    has_begun.await.unwrap();
    let mut second = unit(&fixture, move |sql, book| async move {
        assert_eq!(book.recall(digest("k")).await.unwrap(), Some((*digest("f").as_bytes(), b"\"one\"".to_vec())));
        let mut short = Budget { time: Duration::from_millis(5), ..PLENTY };
        sql.execute_within(ENDLESS_CHANGE, &[vec![]], &mut short).await.unwrap_err();
        Verdict::Rollback
    });
    tokio::select! {
        biased;
        _ = &mut second => panic!("the writer is held"),
        () = std::future::ready(()) => {}
    }
    go.send(()).unwrap();
    assert_eq!(second.await, Ok(Verdict::Rollback));
    assert_eq!(first.await.unwrap(), Ok(Verdict::Commit));
    assert_eq!(fixture.store.stats().restored, 1);
    assert_eq!(fixture.items().await, [1]);
    assert_eq!(recalled(&fixture, "k").await, Some((*digest("f").as_bytes(), b"\"one\"".to_vec())));
}

/// What is kept of many is bounded, and the newest stay.
#[tokio::test]
async fn the_oldest_go_where_there_are_too_many() {
    let fixture = Fixture::with(Settings { answers_max: 10, ..Settings::default() }).await;
    let done = unit(&fixture, move |_, book| async move {
        for number in 1..=128 {
            book.record(digest(&number.to_string()), digest("f"), b"null").await.unwrap();
        }
        Verdict::Commit
    });
    assert_eq!(done.await, Ok(Verdict::Commit));
    for (key, kept) in [("1", false), ("118", false), ("119", true), ("128", true)] {
        assert_eq!(recalled(&fixture, key).await.is_some(), kept, "{key}");
    }
}

#[tokio::test]
async fn answers_older_than_a_day_go_and_younger_ones_stay() {
    let fixture = Fixture::new().await;
    let record = |keys: std::ops::Range<u32>| {
        unit(&fixture, move |_, book| async move {
            for number in keys {
                book.record(digest(&number.to_string()), digest("f"), b"null").await.unwrap();
            }
            Verdict::Commit
        })
    };
    record(1..64).await.unwrap();
    let aged = "UPDATE cortex_answers SET recorded_at_ms = recorded_at_ms - 86400001 WHERE number <= 3";
    fixture.store.write_host(&fixture.tenant, |tables| tables.danger_batch(aged)).await.unwrap();
    record(64..65).await.unwrap();
    for (key, kept) in [("1", false), ("3", false), ("4", true), ("64", true)] {
        let (sender, receiver) = oneshot::channel();
        let asked = unit(&fixture, move |_, book| async move {
            sender.send(book.recall(digest(key)).await.unwrap()).unwrap();
            Verdict::Commit
        });
        asked.await.unwrap();
        assert_eq!(receiver.await.unwrap().is_some(), kept, "{key}");
    }
}

/// A file as the version before wrote it gets the table, and keeps what it has.
#[tokio::test]
async fn a_file_of_the_first_layout_is_brought_along() {
    let fixture = Fixture::new().await;
    fixture.add(7).await.unwrap();
    fixture.store.write_host(&fixture.tenant, |tables| tables.put("grant", "shop", "{}")).await.unwrap();
    let Fixture { store, directory, tenant } = fixture;
    assert!(store.shutdown(Instant::now() + Duration::from_secs(20)).await);
    drop(store);
    let file = directory.path().join("tenants/demo/data.sqlite");
    let before = rusqlite::Connection::open(&file).unwrap();
    before.execute_batch("DROP TABLE cortex_answers; PRAGMA user_version = 1").unwrap();
    drop(before);
    let store = SqliteStore::open(directory.path(), Settings::default()).unwrap();
    let fixture = Fixture { store, tenant, directory };
    assert_eq!(recalled(&fixture, "k").await, None);
    assert_eq!(fixture.items().await, [7]);
    let kept = fixture.store.read_host(&fixture.tenant, |tables| tables.get("grant", "shop")).await.unwrap();
    assert_eq!(kept.as_deref(), Some("{}"));
    assert!(fixture.store.shutdown(Instant::now() + Duration::from_secs(20)).await);
    let after = rusqlite::Connection::open(&file).unwrap();
    let layout: i64 = after.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    assert_eq!(layout, 3);
}

/// What is kept is bounded by what it takes as well, also where the oldest are many and small.
#[tokio::test]
async fn the_oldest_go_where_they_take_too_much() {
    const MAX: u64 = 1 << 20;
    let fixture = Fixture::with(Settings { answer_bytes_max: MAX, ..Settings::default() }).await;
    let kept = || async {
        let (sender, receiver) = oneshot::channel();
        let sum = "SELECT coalesce(sum(length(answer) + 160), 0) FROM cortex_answers";
        let work = move |tables: &crate::HostTables<'_>| {
            let _ = sender.send(tables.integer(sum)?);
            Ok(())
        };
        fixture.store.read_host(&fixture.tenant, work).await.unwrap();
        u64::try_from(receiver.await.unwrap()).unwrap()
    };
    for (first, count, bytes) in [(0_u32, 6_000_u32, 8_usize), (10_000, 40, 1 << 19), (20_000, 6_000, 8)] {
        for number in (first..first + count).step_by(500) {
            let some = number..(first + count).min(number + 500);
            let done = unit(&fixture, move |_, book| async move {
                for number in some {
                    book.record(digest(&number.to_string()), digest("f"), &vec![b'x'; bytes]).await.unwrap();
                }
                Verdict::Commit
            });
            assert_eq!(done.await, Ok(Verdict::Commit));
            let kept = kept().await;
            // What comes between two looks, and one answer of the largest here.
            assert!(kept <= MAX + (4 << 20) + (1 << 19) + 160, "{kept} bytes at {number}");
        }
    }
    assert!(recalled(&fixture, "25999").await.is_some(), "the newest stay");
    assert!(recalled(&fixture, "10000").await.is_none());
}

/// A database without room gives up answers of before yesterday, and takes changes again.
#[tokio::test]
async fn a_full_database_gives_up_old_answers() {
    let fixture = Fixture::with(Settings { database_pages_max: 600, ..Settings::default() }).await;
    let done = unit(&fixture, move |_, book| async move {
        for number in 0..10 {
            book.record(digest(&number.to_string()), digest("f"), &vec![b'x'; 100 << 10]).await.unwrap();
        }
        Verdict::Commit
    });
    assert_eq!(done.await, Ok(Verdict::Commit));
    // Each has a page and more.
    let add = |id: i64| {
        fixture.unit(Effect::Write, move |sql| async move {
            let row = vec![cap_storage::Value::Integer(id), cap_storage::Value::Text("x".repeat(8 << 10))];
            match sql.execute("INSERT INTO shop__item (id, name) VALUES (?1, ?2)", &[row]).await {
                Ok(_) => Verdict::Commit,
                Err(_) => Verdict::Rollback,
            }
        })
    };
    let mut id = 0;
    while add(id).await == Ok(Verdict::Commit) {
        id += 1;
        assert!(id < 600, "it is never full");
    }
    assert_ne!(add(id).await, Ok(Verdict::Commit), "answers of today are kept");
    assert!(recalled(&fixture, "0").await.is_some());
    let aged = "UPDATE cortex_answers SET recorded_at_ms = recorded_at_ms - 86400001 WHERE number <= 5";
    fixture.store.write_host(&fixture.tenant, |tables| tables.danger_batch(aged)).await.unwrap();
    assert_ne!(add(id).await, Ok(Verdict::Commit), "this one makes the room");
    assert_eq!(add(id).await, Ok(Verdict::Commit));
    assert!(recalled(&fixture, "4").await.is_none() && recalled(&fixture, "5").await.is_some());
}
