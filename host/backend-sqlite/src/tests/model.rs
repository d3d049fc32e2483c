// SPDX-License-Identifier: MIT OR Apache-2.0
//! Whatever units meet in whatever batches and however each of them ends: the table is as if those that committed had run
//! one after another, and each unit saw exactly what came before it.

use super::fixture::{ENDLESS_CHANGE, Fixture, PLENTY, Sql};
use crate::Settings;
use cap_storage::{Budget, SavepointStep, Value};
use kernel_engine::Verdict;
use kernel_types::Effect;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

#[derive(Clone, Copy, Debug)]
enum Change {
    Put(i64),
    Delete(i64),
    /// Puts inside a savepoint that is undone.
    Undone(i64),
    /// A change that runs into its time limit.
    Endless,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Commit,
    Rollback,
    Panic,
    /// Its caller leaves while it waits for its turn.
    LeaveEarly,
    /// Its caller leaves while it runs.
    LeaveLate,
}

type Plan = (Vec<Change>, Ending);

fn plans() -> impl Strategy<Value = Vec<Plan>> {
    let change = prop_oneof![
        4 => (0..12_i64).prop_map(Change::Put),
        2 => (0..12_i64).prop_map(Change::Delete),
        1 => (0..12_i64).prop_map(Change::Undone),
        1 => Just(Change::Endless),
    ];
    let ending = prop_oneof![
        5 => Just(Ending::Commit),
        1 => Just(Ending::Rollback),
        1 => Just(Ending::Panic),
        1 => Just(Ending::LeaveEarly),
        1 => Just(Ending::LeaveLate),
    ];
    proptest::collection::vec((proptest::collection::vec(change, 0..5), ending), 1..12)
}

async fn carry_out(sql: &Sql, change: Change) {
    let put = "INSERT INTO shop__item (id, name) VALUES (?1, 'n') ON CONFLICT (id) DO NOTHING";
    let row = |id| [vec![Value::Integer(id)]];
    match change {
        Change::Put(id) => drop(sql.execute(put, &row(id)).await.unwrap()),
        Change::Delete(id) => drop(sql.execute("DELETE FROM shop__item WHERE id = ?1", &row(id)).await.unwrap()),
        Change::Undone(id) => {
            sql.savepoint(SavepointStep::Open { depth: 1 }).await.unwrap();
            sql.execute(put, &row(id)).await.unwrap();
            sql.savepoint(SavepointStep::Rollback { depth: 1 }).await.unwrap();
        }
        Change::Endless => {
            let mut short = Budget { time: Duration::from_millis(1), ..PLENTY };
            sql.execute_within(ENDLESS_CHANGE, &[vec![]], &mut short).await.unwrap_err();
        }
    }
}

fn apply(items: &mut BTreeSet<i64>, changes: &[Change]) {
    for change in changes {
        match change {
            Change::Put(id) => drop(items.insert(*id)),
            Change::Delete(id) => drop(items.remove(id)),
            Change::Undone(_) | Change::Endless => {}
        }
    }
}

async fn check(plans: Vec<Plan>, settings: Settings) {
    let fixture = Fixture::with(settings).await;
    let far = Instant::now() + Duration::from_secs(60);
    let (begun, has_begun) = oneshot::channel();
    let (go, may_go) = oneshot::channel::<()>();
    let first = tokio::spawn(fixture.unit_until(Effect::Write, far, move |_| async move {
        begun.send(()).unwrap();
        may_go.await.unwrap();
        Verdict::Commit
    }));
    has_begun.await.unwrap();
    let mut running = Vec::new();
    for (changes, ending) in plans {
        let (saw, seen) = oneshot::channel();
        let (left, leaves) = oneshot::channel();
        let work = changes.clone();
        let mut unit = fixture.unit_until(Effect::Write, far, move |sql: Sql| async move {
            saw.send(sql.items().await).unwrap();
            for change in work {
                carry_out(&sql, change).await;
            }
            match ending {
                Ending::Commit | Ending::LeaveEarly => Verdict::Commit,
                Ending::Rollback => Verdict::Rollback,
                Ending::Panic => panic!("as the model wants it"),
                Ending::LeaveLate => {
                    left.send(()).unwrap();
                    std::future::pending().await
                }
            }
        });
        tokio::select! {
            biased;
            _ = &mut unit => panic!("the writer is held"),
            () = std::future::ready(()) => {}
        }
        let unit = (ending != Ending::LeaveEarly).then(|| {
            tokio::spawn(async move {
                tokio::select! {
                    answer = unit => Some(answer),
                    Ok(()) = leaves => None,
                }
            })
        });
        running.push((changes, ending, seen, unit));
    }
    go.send(()).unwrap();
    first.await.unwrap().unwrap();
    let mut items = BTreeSet::new();
    for (changes, ending, seen, unit) in running {
        let Some(unit) = unit else {
            assert!(seen.await.is_err(), "its caller left before it began");
            continue;
        };
        let answer = unit.await.unwrap();
        assert_eq!(BTreeSet::from_iter(seen.await.unwrap()), items);
        match ending {
            Ending::Commit => {
                assert_eq!(answer, Some(Ok(Verdict::Commit)));
                apply(&mut items, &changes);
            }
            Ending::Rollback => assert_eq!(answer, Some(Ok(Verdict::Rollback))),
            Ending::Panic => assert!(matches!(answer, Some(Err(_)))),
            Ending::LeaveLate | Ending::LeaveEarly => assert_eq!(answer, None),
        }
    }
    fixture.add(1_000).await.unwrap();
    items.insert(1_000);
    assert_eq!(BTreeSet::from_iter(fixture.items().await), items);
}

proptest! {
    // Each case makes a database; forty of them take a few seconds.
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn units_are_as_if_they_had_run_one_after_another(
        plans in plans(),
        batch_units_max in 1..6_usize,
        window in prop_oneof![Just(0_u64), Just(30_000)],
    ) {
        let settings = Settings { batch_units_max, batch_ms_max: window, ..Settings::default() };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(check(plans, settings));
    }
}
