// SPDX-License-Identifier: MIT OR Apache-2.0
//! Numbers without gaps from a counter's row, by many clients of two hosts at once; and that no update is lost.

use super::fixture::{Fixture, Sql, integers};
use crate::{PostgresStore, Settings};
use cap_storage::{SqlError, Value};
use kernel_engine::{TransactError, Transactor as _, Verdict};
use kernel_types::Effect;
use std::time::{Duration, Instant};

const TABLES: &[&str] = &[
    "CREATE TABLE shop__counter (name text COLLATE \"C\" PRIMARY KEY, last bigint NOT NULL)",
    "CREATE TABLE shop__entry (number bigint PRIMARY KEY, host bigint NOT NULL)",
    "INSERT INTO shop__counter VALUES ('entry', 0)",
];

/// Takes the next number and writes an entry with it.
async fn post(sql: &Sql, host: i64) -> Result<(), SqlError> {
    let next = "UPDATE shop__counter SET last = last + 1 WHERE name = 'entry' RETURNING last";
    let kind = cap_storage::StatementKind::ChangeReturning;
    let rows = sql.query_as(next, kind, &[], &mut { super::fixture::PLENTY }).await?;
    let row = vec![Value::Integer(integers(&rows)[0]), Value::Integer(host)];
    sql.execute("INSERT INTO shop__entry (number, host) VALUES ($1, $2)", &[row]).await.map(drop)
}

/// Likewise, but by reading first and writing what was computed: an update that another's could undo.
async fn post_by_reading(sql: &Sql, host: i64) -> Result<(), SqlError> {
    let rows = sql.query("SELECT last FROM shop__counter WHERE name = 'entry'", &[]).await?;
    let next = Value::Integer(integers(&rows)[0] + 1);
    sql.execute("UPDATE shop__counter SET last = $1 WHERE name = 'entry'", &[vec![next.clone()]]).await?;
    let row = vec![next, Value::Integer(host)];
    sql.execute("INSERT INTO shop__entry (number, host) VALUES ($1, $2)", &[row]).await.map(drop)
}

/// Runs one unit as the kernel does: again, where it had to give way.
async fn run(store: &PostgresStore, host: i64, by_reading: bool) -> Result<Verdict, TransactError> {
    let deadline = Instant::now() + Duration::from_secs(300);
    loop {
        let work = Box::new(move |opened: kernel_engine::Extensions| -> kernel_engine::BoxFuture<'static, Verdict> {
            Box::pin(async move {
                let sql = Sql { session: opened.get().unwrap(), component: super::fixture::component("shop") };
                let done = if by_reading { post_by_reading(&sql, host).await } else { post(&sql, host).await };
                match done {
                    Ok(()) => Verdict::Commit,
                    Err(SqlError::Unavailable(_)) => Verdict::Rollback,
                    Err(other) => panic!("{other}"),
                }
            })
        });
        match store.run(&super::fixture::tenant("demo"), Effect::Write, deadline, work).await {
            Err(TransactError::Conflict { .. }) => {}
            other => return other,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_clients_of_two_hosts_number_without_a_gap() {
    for by_reading in [false, true] {
        let Some(fixture) = Fixture::new("sixty_four_clients_of_two_hosts_number_without_a_gap").await else { return };
        fixture.migrate("shop", &[("0001.sql", &[super::fixture::ITEM]), ("0002.sql", TABLES)]).await.unwrap();
        let other = PostgresStore::open(&fixture.database.url, Settings::default()).await.unwrap();
        let clients = (0..64_i64).map(|client| {
            let store = if client % 2 == 0 { fixture.store.clone() } else { other.clone() };
            tokio::spawn(async move {
                for _ in 0..5 {
                    assert_eq!(run(&store, client % 2, by_reading).await, Ok(Verdict::Commit));
                }
            })
        });
        for client in clients.collect::<Vec<_>>() {
            client.await.unwrap();
        }
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let read = |sql: Sql| async move {
            let numbers = sql.query("SELECT number FROM shop__entry ORDER BY number", &[]).await.unwrap();
            sender.send(integers(&numbers)).unwrap();
            Verdict::Commit
        };
        fixture.unit(Effect::Read, read).await.unwrap();
        assert_eq!(receiver.await.unwrap(), (1..=320).collect::<Vec<i64>>());
    }
}

/// Two doctors are on duty; each may leave while the other stays. Each looks, then leaves: one after the other, the second one
/// must stay. Run at the same time by two hosts, one has to give way.
#[tokio::test(flavor = "multi_thread")]
async fn what_two_units_decide_from_each_others_rows_is_as_if_one_came_first() {
    let test = "what_two_units_decide_from_each_others_rows_is_as_if_one_came_first";
    let Some(fixture) = Fixture::new(test).await else { return };
    fixture.add(1).await.unwrap();
    fixture.add(2).await.unwrap();
    let other = PostgresStore::open(&fixture.database.url, Settings::default()).await.unwrap();
    let barrier = std::sync::Arc::new(tokio::sync::Barrier::new(2));
    let leave = |store: PostgresStore, id: i64| {
        let barrier = std::sync::Arc::clone(&barrier);
        let deadline = Instant::now() + Duration::from_secs(30);
        let work = Box::new(move |opened: kernel_engine::Extensions| -> kernel_engine::BoxFuture<'static, Verdict> {
            Box::pin(async move {
                let sql = Sql { session: opened.get().unwrap(), component: super::fixture::component("shop") };
                assert_eq!(sql.items().await, [1, 2]);
                barrier.wait().await;
                match sql.execute("DELETE FROM shop__item WHERE id = $1", &[vec![Value::Integer(id)]]).await {
                    Ok(_) => Verdict::Commit,
                    Err(_) => Verdict::Rollback,
                }
            })
        });
        tokio::spawn(store.run(&super::fixture::tenant("demo"), Effect::Write, deadline, work))
    };
    let (one, two) = (leave(fixture.store.clone(), 1), leave(other, 2));
    let ends = [one.await.unwrap(), two.await.unwrap()];
    let conflicts = ends.iter().filter(|end| matches!(end, Err(TransactError::Conflict { .. }))).count();
    assert_eq!(conflicts, 1, "{ends:?}");
    assert_eq!(fixture.items().await.len(), 1);
}
