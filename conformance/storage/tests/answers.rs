// SPDX-License-Identifier: MIT OR Apache-2.0
//! The answers that are kept, on every back end: there exactly when the work of their unit is, whatever else happens.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a helper of a test is a test")]

use cap_storage::{SqlError, Value};
use kernel_engine::{Recorded, TransactError, Verdict};
use kernel_types::{Digest, Effect};
use std::sync::Arc;
use storage_conformance::{Backend, Sql};
use tokio::sync::oneshot;

const TABLES: &str = "CREATE TABLE entries (id INTEGER PRIMARY KEY, key INTEGER NOT NULL)";

/// Clients at a time.
const CLIENTS: u64 = 8;

/// How many requests each of them makes.
const STEPS: u64 = 12;

/// How many keys they share.
const KEYS: u64 = 6;

async fn backends(test: &str) -> Vec<Arc<Backend>> {
    let mut all = vec![Backend::sqlite().await];
    all.extend(Backend::postgres(test).await);
    for backend in &all {
        backend.migrate(&[TABLES]).await.unwrap();
    }
    all.into_iter().map(Arc::new).collect()
}

fn key(number: u64) -> Digest {
    Digest::of(&number.to_le_bytes())
}

async fn add(sql: &Sql, id: i64, key: u64) -> Result<u64, SqlError> {
    let row = [Value::Integer(id), Value::Integer(i64::try_from(key).unwrap())];
    sql.change("INSERT INTO entries (id, key) VALUES (?1, ?2)", &row).await
}

async fn recalled(backend: &Backend, number: u64) -> Recorded {
    let (sender, receiver) = oneshot::channel();
    let work = move |sql: Sql| async move {
        sender.send(sql.book().unwrap().recall(key(number)).await.unwrap()).unwrap();
        Verdict::Commit
    };
    assert_eq!(backend.unit(Effect::Write, work).await, Ok(Verdict::Commit));
    receiver.await.unwrap()
}

/// The keys of all entries, in the order of their ids.
async fn entries(backend: &Backend) -> Vec<Vec<Value>> {
    let (sender, receiver) = oneshot::channel();
    let work = |sql: Sql| async move {
        assert!(sql.book().is_none(), "a unit that reads keeps no answers");
        sender.send(sql.rows("SELECT key FROM entries ORDER BY id", &[]).await.unwrap()).unwrap();
        Verdict::Commit
    };
    assert_eq!(backend.unit(Effect::Read, work).await, Ok(Verdict::Commit));
    receiver.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_there_exactly_when_its_work_is() {
    for backend in backends("an_answer_is_there_exactly_when_its_work_is").await {
        let answers: [&[u8]; 4] = [b"null", b"", b"\\'\"\0\xff", &vec![b'x'; 1 << 20]];
        for (number, answer) in (0_u64..).zip(answers) {
            for verdict in [Verdict::Rollback, Verdict::Commit] {
                assert_eq!(recalled(&backend, number).await, None, "{}", backend.name);
                let answer = answer.to_vec();
                let work = move |sql: Sql| async move {
                    add(&sql, i64::try_from(number).unwrap(), number).await.unwrap();
                    sql.book().unwrap().record(key(number), key(number + 100), &answer).await.unwrap();
                    verdict
                };
                assert_eq!(backend.unit(Effect::Write, work).await, Ok(verdict), "{}", backend.name);
            }
            let expected = Some((*key(number + 100).as_bytes(), answer.to_vec()));
            assert_eq!(recalled(&backend, number).await, expected, "{}", backend.name);
        }
        assert_eq!(entries(&backend).await.len(), answers.len(), "{}", backend.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_without_a_statement_keeps_its_answer_too() {
    for backend in backends("a_unit_without_a_statement_keeps_its_answer_too").await {
        let work = |sql: Sql| async move {
            sql.book().unwrap().record(key(1), key(2), b"null").await.unwrap();
            Verdict::Commit
        };
        assert_eq!(backend.unit(Effect::Write, work).await, Ok(Verdict::Commit), "{}", backend.name);
        assert!(recalled(&backend, 1).await.is_some(), "{}", backend.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_there_keeps_its_unit_from_committing() {
    for backend in backends("a_key_that_is_there_keeps_its_unit_from_committing").await {
        for first in [true, false] {
            let work = move |sql: Sql| async move {
                add(&sql, i64::from(!first), 1).await.unwrap();
                let done = sql.book().unwrap().record(key(1), key(2), b"null").await;
                assert_eq!(done.is_ok(), first);
                Verdict::Commit
            };
            assert_eq!(backend.unit(Effect::Write, work).await.is_ok(), first, "{}", backend.name);
        }
        assert_eq!(entries(&backend).await.len(), 1, "{}", backend.name);
    }
}

/// What a request comes to: what it was answered, unless its work failed or its caller left.
async fn request(backend: &Backend, number: u64, id: u64, chance: u64) -> Option<Vec<u8>> {
    loop {
        let (sender, receiver) = oneshot::channel();
        let work = move |sql: Sql| async move {
            let book = sql.book().unwrap();
            match book.recall(key(number)).await {
                Ok(Some((_, answer))) => {
                    let _ = sender.send(answer);
                    return Verdict::Commit;
                }
                Ok(None) => {}
                Err(_) => return Verdict::Rollback,
            }
            let answer = id.to_string().into_bytes();
            if add(&sql, i64::try_from(id).unwrap(), number).await.is_err() || chance == 0 {
                return Verdict::Rollback;
            }
            if book.record(key(number), key(0), &answer).await.is_err() {
                return Verdict::Rollback;
            }
            let _ = sender.send(answer);
            Verdict::Commit
        };
        let unit = backend.start(Effect::Write, work);
        if chance == 1 {
            // The caller leaves at once, whenever that is for the unit.
            let left = tokio::time::timeout(std::time::Duration::from_micros(id % 700), unit).await;
            let Ok(done) = left else { return None };
            return done.is_ok_and(|verdict| verdict == Verdict::Commit).then_some(receiver.await.ok()?);
        }
        match unit.await {
            Ok(Verdict::Commit) => return receiver.await.ok(),
            Err(TransactError::Conflict { .. }) => {}
            other => {
                assert!(chance == 0 || matches!(other, Ok(Verdict::Rollback)), "{}: {other:?}", backend.name);
                return None;
            }
        }
    }
}

/// A number that looks random.
fn scattered(number: u64) -> u64 {
    let mixed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ (mixed >> 31)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 40
}

/// However requests with the same keys meet, fail, and are left by their callers: each key has one effect at most, one
/// exactly where somebody was answered, and everybody who was answered was told the same.
#[tokio::test(flavor = "multi_thread")]
async fn every_key_has_one_effect() {
    for backend in backends("every_key_has_one_effect").await {
        let clients = (0..CLIENTS).map(|client| {
            let backend = Arc::clone(&backend);
            tokio::spawn(async move {
                let mut answered = Vec::new();
                for step in 0..STEPS {
                    let id = client * STEPS + step;
                    let (number, chance) = (scattered(id) % KEYS, scattered(id + 1_000) % 4);
                    answered.push((number, request(&backend, number, id, chance).await));
                }
                answered
            })
        });
        let mut answers: Vec<Option<Vec<u8>>> = vec![None; usize::try_from(KEYS).unwrap()];
        for client in clients.collect::<Vec<_>>() {
            for (number, answer) in client.await.unwrap() {
                let known = &mut answers[usize::try_from(number).unwrap()];
                if answer.is_some() && known.is_some() {
                    assert_eq!(*known, answer, "{}", backend.name);
                }
                *known = known.take().or(answer);
            }
        }
        let stored = entries(&backend).await;
        for (number, answer) in (0..KEYS).zip(answers) {
            let effects = stored.iter().filter(|row| row[0] == Value::Integer(i64::try_from(number).unwrap())).count();
            let kept = recalled(&backend, number).await.map(|(_, answer)| answer);
            assert_eq!(effects, usize::from(kept.is_some()), "{} {number}", backend.name);
            assert!(answer.is_none() || answer == kept, "{} {number}", backend.name);
        }
    }
}
