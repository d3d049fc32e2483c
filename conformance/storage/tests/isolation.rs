// SPDX-License-Identifier: MIT OR Apache-2.0
//! What units of work see of each other. On every back end: nothing uncommitted, one moment throughout, and whatever two of
//! them did at the same time came out as if one had come first. A unit that must give way says so and leaves nothing.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a helper of a test is a test")]

use cap_storage::{SqlError, Value};
use kernel_engine::{TransactError, Verdict};
use kernel_types::Effect;
use std::sync::Arc;
use storage_conformance::{Backend, Sql};
use tokio::sync::oneshot;

const TABLES: &str = "
    CREATE TABLE accounts (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL);
    CREATE TABLE entries (id INTEGER PRIMARY KEY, account INTEGER NOT NULL);
    INSERT INTO accounts (id, balance) VALUES (1, 100), (2, 100);";

/// Every back end that can be had, with the tables.
async fn backends(test: &str) -> Vec<Arc<Backend>> {
    let mut all = vec![Backend::sqlite().await];
    all.extend(Backend::postgres(test).await);
    for backend in &all {
        backend.migrate(&[TABLES]).await.unwrap();
    }
    all.into_iter().map(Arc::new).collect()
}

async fn balance(sql: &Sql, id: i64) -> Result<i64, SqlError> {
    let rows = sql.rows("SELECT balance FROM accounts WHERE id = ?1", &[Value::Integer(id)]).await?;
    if let Value::Integer(balance) = rows[0][0] { Ok(balance) } else { panic!("{rows:?}") }
}

async fn set(sql: &Sql, id: i64, balance: i64) -> Result<u64, SqlError> {
    let parameters = [Value::Integer(id), Value::Integer(balance)];
    sql.change("UPDATE accounts SET balance = ?2 WHERE id = ?1", &parameters).await
}

/// The balances as a new unit reads them.
async fn balances(backend: &Backend) -> (i64, i64) {
    let (sender, receiver) = oneshot::channel();
    let work = |sql: Sql| async move {
        sender.send((balance(&sql, 1).await.unwrap(), balance(&sql, 2).await.unwrap())).unwrap();
        Verdict::Commit
    };
    assert_eq!(backend.unit(Effect::Read, work).await, Ok(Verdict::Commit));
    receiver.await.unwrap()
}

/// Commit, or rollback where the unit must give way.
fn verdict<T>(result: &Result<T, SqlError>) -> Verdict {
    match result {
        Ok(_) => Verdict::Commit,
        Err(SqlError::Unavailable(_)) => Verdict::Rollback,
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_uncommitted_is_read_and_a_unit_reads_one_moment() {
    for backend in backends("nothing_uncommitted_is_read_and_a_unit_reads_one_moment").await {
        let (changed, first) = oneshot::channel();
        let (read, second) = oneshot::channel::<()>();
        let (committed, third) = oneshot::channel::<()>();
        let writing = backend.start(Effect::Write, |sql| async move {
            set(&sql, 1, 0).await.unwrap();
            changed.send(()).unwrap();
            second.await.unwrap();
            set(&sql, 2, 0).await.unwrap();
            Verdict::Commit
        });
        let reading = backend.start(Effect::Read, |sql| async move {
            first.await.unwrap();
            assert_eq!(balance(&sql, 1).await.unwrap(), 100);
            read.send(()).unwrap();
            third.await.unwrap();
            assert_eq!((balance(&sql, 1).await.unwrap(), balance(&sql, 2).await.unwrap()), (100, 100));
            Verdict::Commit
        });
        let writing = async {
            let ended = writing.await;
            committed.send(()).unwrap();
            ended
        };
        assert_eq!(tokio::join!(writing, reading), (Ok(Verdict::Commit), Ok(Verdict::Commit)), "{}", backend.name);
        assert_eq!(balances(&backend).await, (0, 0), "{}", backend.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_rolled_back_was_never_there() {
    for backend in backends("what_was_rolled_back_was_never_there").await {
        let work = |sql: Sql| async move {
            set(&sql, 1, 0).await.unwrap();
            sql.change("DELETE FROM accounts WHERE id = 2", &[]).await.unwrap();
            Verdict::Rollback
        };
        assert_eq!(backend.unit(Effect::Write, work).await, Ok(Verdict::Rollback));
        assert_eq!(balances(&backend).await, (100, 100), "{}", backend.name);
    }
}

/// Each reads a balance and writes what it computed from it. No update is lost.
#[tokio::test(flavor = "multi_thread")]
async fn no_update_is_lost() {
    for backend in backends("no_update_is_lost").await {
        let clients = (0..16).map(|_| {
            let backend = Arc::clone(&backend);
            tokio::spawn(async move {
                loop {
                    let work = |sql: Sql| async move {
                        let done = async {
                            let before = balance(&sql, 1).await?;
                            set(&sql, 1, before + 1).await
                        };
                        verdict(&done.await)
                    };
                    match backend.unit(Effect::Write, work).await {
                        Ok(Verdict::Commit) => return,
                        Err(TransactError::Conflict { .. }) => {}
                        other => panic!("{other:?}"),
                    }
                }
            })
        });
        for client in clients.collect::<Vec<_>>() {
            client.await.unwrap();
        }
        assert_eq!(balances(&backend).await.0, 116, "{}", backend.name);
    }
}

/// Write skew: each may take 150 where both accounts hold 200 together. Whichever comes second finds too little.
#[tokio::test(flavor = "multi_thread")]
async fn what_both_decided_from_the_same_rows_is_decided_once() {
    for backend in backends("what_both_decided_from_the_same_rows_is_decided_once").await {
        let take = |id: i64| {
            let backend = Arc::clone(&backend);
            tokio::spawn(async move {
                loop {
                    let work = move |sql: Sql| async move {
                        let done = async {
                            let rows = sql.rows("SELECT sum(balance) AS total FROM accounts", &[]).await?;
                            let enough = matches!(rows[0][0], Value::Integer(total) if total >= 150);
                            // Lets the other one in, where units can meet at all.
                            tokio::task::yield_now().await;
                            if enough { set(&sql, id, -50).await } else { Ok(0) }
                        };
                        verdict(&done.await)
                    };
                    match backend.unit(Effect::Write, work).await {
                        Ok(Verdict::Commit) => return,
                        Err(TransactError::Conflict { .. }) => {}
                        other => panic!("{other:?}"),
                    }
                }
            })
        };
        let (one, two) = (take(1), take(2));
        one.await.unwrap();
        two.await.unwrap();
        let (one, two) = balances(&backend).await;
        assert_eq!(one + two, 50, "{}", backend.name);
    }
}

/// A row that another unit adds where one has looked: what was counted stays counted.
#[tokio::test(flavor = "multi_thread")]
async fn rows_do_not_appear_in_a_unit_that_looked() {
    for backend in backends("rows_do_not_appear_in_a_unit_that_looked").await {
        let (looked, first) = oneshot::channel();
        let (added, second) = oneshot::channel::<()>();
        let count = "SELECT count(*) AS n FROM entries WHERE account = 1";
        let reading = backend.start(Effect::Read, move |sql| async move {
            assert_eq!(sql.rows(count, &[]).await.unwrap(), [[Value::Integer(0)]]);
            looked.send(()).unwrap();
            second.await.unwrap();
            assert_eq!(sql.rows(count, &[]).await.unwrap(), [[Value::Integer(0)]]);
            Verdict::Commit
        });
        let adding = async {
            first.await.unwrap();
            let add = |sql: Sql| async move {
                sql.change("INSERT INTO entries (id, account) VALUES (1, 1)", &[]).await.unwrap();
                Verdict::Commit
            };
            let ended = backend.unit(Effect::Write, add).await;
            added.send(()).unwrap();
            ended
        };
        assert_eq!(tokio::join!(reading, adding), (Ok(Verdict::Commit), Ok(Verdict::Commit)), "{}", backend.name);
    }
}

/// A unit that reads cannot change anything, whatever its statement says.
#[tokio::test]
async fn a_unit_that_reads_changes_nothing() {
    for backend in backends("a_unit_that_reads_changes_nothing").await {
        let work = |sql: Sql| async move {
            assert!(matches!(set(&sql, 1, 0).await, Err(SqlError::Refused { .. })));
            let returning = "UPDATE accounts SET balance = 0 RETURNING id";
            assert!(matches!(sql.rows(returning, &[]).await, Err(SqlError::Refused { .. })));
            assert_eq!(balance(&sql, 1).await.unwrap(), 100);
            Verdict::Commit
        };
        assert_eq!(backend.unit(Effect::Read, work).await, Ok(Verdict::Commit), "{}", backend.name);
        assert_eq!(balances(&backend).await, (100, 100), "{}", backend.name);
    }
}
