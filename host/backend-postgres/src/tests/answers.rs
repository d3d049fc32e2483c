// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is particular to this back end about the answers that are kept: hosts beside each other, and a database of the
//! layout before. What both back ends share is tested in `conformance/storage`.

use super::fixture::{Fixture, Sql, component, tenant};
use crate::{PostgresStore, Settings};
use kernel_engine::{AnswerBook, BoxFuture, Extensions, TransactError, Transactor as _, Verdict};
use kernel_types::{Digest, Effect};
use sqlx::{Connection as _, Executor as _, PgConnection};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

fn digest(number: i64) -> Digest {
    Digest::of(&number.to_le_bytes())
}

fn unit<F, R>(store: &PostgresStore, work: F) -> BoxFuture<'static, Result<Verdict, TransactError>>
where
    F: FnOnce(Sql, Arc<Box<dyn AnswerBook>>) -> R + Send + 'static,
    R: Future<Output = Verdict> + Send + 'static,
{
    let work = Box::new(move |opened: Extensions| -> BoxFuture<'static, Verdict> {
        let sql = Sql { session: opened.get().unwrap(), component: component("shop") };
        Box::pin(work(sql, opened.get().unwrap()))
    });
    store.run(&tenant("demo"), Effect::Write, Instant::now() + Duration::from_secs(60), work)
}

/// The same request at two hosts at the same time: both find nothing and do the work, and only one commits. The other
/// gives way, and finds the answer when it runs again.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_hosts_with_the_same_key_one_gives_way() {
    let Some(fixture) = Fixture::new("of_two_hosts_with_the_same_key_one_gives_way").await else { return };
    let other = PostgresStore::open(&fixture.database.url, Settings::default()).await.unwrap();
    let (ready, mut all_ready) = mpsc::channel(2);
    let mut running = Vec::new();
    for (id, store) in [(1, &fixture.store), (2, &other)] {
        let (go, may_go) = oneshot::channel::<()>();
        let ready = ready.clone();
        let work = unit(store, move |sql, book| async move {
            assert_eq!(book.recall(digest(7)).await.unwrap(), None);
            sql.add(id).await.unwrap();
            ready.send(()).await.unwrap();
            may_go.await.unwrap();
            match book.record(digest(7), digest(0), id.to_string().as_bytes()).await {
                Ok(()) => Verdict::Commit,
                Err(_) => Verdict::Rollback,
            }
        });
        running.push((go, tokio::spawn(work)));
    }
    all_ready.recv().await.unwrap();
    all_ready.recv().await.unwrap();
    let mut ended = Vec::new();
    let (goes, units): (Vec<_>, Vec<_>) = running.into_iter().unzip();
    goes.into_iter().for_each(|go| go.send(()).unwrap());
    for unit in units {
        ended.push(unit.await.unwrap());
    }
    let committed = ended.iter().filter(|end| **end == Ok(Verdict::Commit)).count();
    let gave_way = ended.iter().filter(|end| matches!(end, Err(TransactError::Conflict { .. }))).count();
    assert_eq!((committed, gave_way), (1, 1), "{ended:?}");
    let (sender, receiver) = oneshot::channel();
    let asked = unit(&other, move |_, book| async move {
        sender.send(book.recall(digest(7)).await.unwrap().unwrap().1).unwrap();
        Verdict::Commit
    });
    asked.await.unwrap();
    let items: Vec<String> = fixture.items().await.iter().map(ToString::to_string).collect();
    assert_eq!(items, [String::from_utf8(receiver.await.unwrap()).unwrap()]);
}

/// Different keys never keep each other from committing, however close they lie.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_hosts_with_different_keys_both_commit() {
    let Some(fixture) = Fixture::new("of_two_hosts_with_different_keys_both_commit").await else { return };
    let other = PostgresStore::open(&fixture.database.url, Settings::default()).await.unwrap();
    for round in 0..8 {
        let (ready, mut all_ready) = mpsc::channel(2);
        let mut running = Vec::new();
        for (half, store) in [(0, &fixture.store), (1, &other)] {
            let (go, may_go) = oneshot::channel::<()>();
            let ready = ready.clone();
            let key = digest(round * 2 + half);
            let work = unit(store, move |_, book| async move {
                assert_eq!(book.recall(key).await.unwrap(), None);
                ready.send(()).await.unwrap();
                may_go.await.unwrap();
                book.record(key, key, b"null").await.unwrap();
                Verdict::Commit
            });
            running.push((go, tokio::spawn(work)));
        }
        all_ready.recv().await.unwrap();
        all_ready.recv().await.unwrap();
        let (goes, units): (Vec<_>, Vec<_>) = running.into_iter().unzip();
        goes.into_iter().for_each(|go| go.send(()).unwrap());
        for unit in units {
            assert_eq!(unit.await.unwrap(), Ok(Verdict::Commit));
        }
    }
}

/// What the version before made gets the tables, for every tenant.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_the_first_layout_is_brought_along() {
    let Some(fixture) = Fixture::new("a_database_of_the_first_layout_is_brought_along").await else { return };
    fixture.add(7).await.unwrap();
    let mut connection = PgConnection::connect(&fixture.database.url).await.unwrap();
    connection
        .execute("DROP TABLE cortex_t_demo.cortex_answers; UPDATE cortex.installation SET layout = 1")
        .await
        .unwrap();
    let store = PostgresStore::open(&fixture.database.url, Settings::default()).await.unwrap();
    let done = unit(&store, move |_, book| async move {
        assert_eq!(book.recall(digest(1)).await.unwrap(), None);
        book.record(digest(1), digest(2), b"null").await.unwrap();
        Verdict::Commit
    });
    assert_eq!(done.await, Ok(Verdict::Commit));
    assert_eq!(fixture.items().await, [7]);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_older_than_a_day_go_and_younger_ones_stay() {
    let Some(fixture) = Fixture::new("answers_older_than_a_day_go_and_younger_ones_stay").await else { return };
    let mut connection = PgConnection::connect(&fixture.database.url).await.unwrap();
    let record = |keys: std::ops::Range<i64>| {
        unit(&fixture.store, move |_, book| async move {
            for key in keys {
                book.record(digest(key), digest(0), b"null").await.unwrap();
            }
            Verdict::Commit
        })
    };
    record(0..255).await.unwrap();
    let aged =
        "UPDATE cortex_t_demo.cortex_answers SET recorded_at = recorded_at - interval '25 hours' WHERE number <= 3";
    connection.execute(aged).await.unwrap();
    // The 256th makes the oldest be looked at, beside the unit: the three go, and no other.
    record(255..256).await.unwrap();
    let text = "SELECT count(*), min(number) FROM cortex_t_demo.cortex_answers";
    for _ in 0..600 {
        let found: (i64, i64) = sqlx::query_as(text).fetch_one(&mut connection).await.unwrap();
        if found == (253, 4) {
            return;
        }
        assert!(found.0 > 253, "{found:?}");
        // It is done beside; nothing says when.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("they are there after half a minute");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_oldest_go_where_they_take_too_much() {
    const MAX: u64 = 1 << 20;
    let settings = Settings { answer_bytes_max: MAX, ..Settings::default() };
    let Some(fixture) = Fixture::with("the_oldest_go_where_they_take_too_much", settings).await else { return };
    let mut connection = PgConnection::connect(&fixture.database.url).await.unwrap();
    for (first, count, bytes) in [(0_i64, 1_000_i64, 8_usize), (10_000, 16, 1 << 18), (20_000, 1_000, 8)] {
        let done = unit(&fixture.store, move |_, book| async move {
            for key in first..first + count {
                book.record(digest(key), digest(0), &vec![b'x'; bytes]).await.unwrap();
            }
            Verdict::Commit
        });
        assert_eq!(done.await, Ok(Verdict::Commit));
        // The first of a unit of its own is measured with what was committed before.
        let mut extra = first + count;
        let begin = Instant::now();
        loop {
            let sum = "SELECT coalesce(sum(octet_length(answer) + 256), 0)::int8, max(number) - min(number) FROM cortex_t_demo.cortex_answers";
            let (kept, _): (i64, i64) = sqlx::query_as(sum).fetch_one(&mut connection).await.unwrap();
            if u64::try_from(kept).unwrap() <= MAX + MAX / 16 {
                break;
            }
            assert!(begin.elapsed() < Duration::from_secs(60), "{kept} bytes are kept");
            // A sixteenth more, so that it is measured again.
            let key = extra;
            let done = unit(&fixture.store, move |_, book| async move {
                book.record(digest(key), digest(0), &vec![b'x'; 1 << 16]).await.unwrap();
                Verdict::Commit
            });
            assert_eq!(done.await, Ok(Verdict::Commit));
            extra += 1;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    let found: Vec<i64> = sqlx::query_scalar("SELECT number FROM cortex_t_demo.cortex_answers ORDER BY number")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    let (oldest, newest) = (found[0], found[found.len() - 1]);
    assert!(oldest > 1_000 && found.len() > 1_000, "the newest stay: {oldest} to {newest}");
}
