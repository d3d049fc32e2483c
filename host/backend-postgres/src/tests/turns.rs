// SPDX-License-Identifier: MIT OR Apache-2.0
//! Connections that are handed from unit to unit: none is lost to the pool, whoever leaves while waiting.

use super::fixture::Fixture;
use crate::Settings;
use kernel_engine::Verdict;
use kernel_types::Effect;
use std::sync::Arc;

/// Connections of the pool, all of which must be there in the end.
const CONNECTIONS: u32 = 3;

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_was_handed_on_comes_back() {
    let settings = Settings { connections_max: CONNECTIONS, ..Settings::default() };
    let Some(fixture) = Fixture::with("a_connection_that_was_handed_on_comes_back", settings).await else { return };
    let fixture = Arc::new(fixture);
    for round in 0..5_i64 {
        let post = |client: i64| {
            let fixture = Arc::clone(&fixture);
            tokio::spawn(async move { fixture.add(round * 100 + client).await })
        };
        let units: Vec<_> = (0..24).map(post).collect();
        // Some leave: those that wait, and perhaps one that runs.
        for (unit, client) in units.into_iter().zip(0..) {
            if client % 3 == 2 {
                unit.abort();
                let _ = unit.await;
            } else {
                assert_eq!(unit.await.unwrap(), Ok(Verdict::Commit));
            }
        }
        all_are_there(&fixture).await;
    }
    let items = fixture.items().await;
    assert!((0..5).all(|round| (0..24).filter(|c| c % 3 != 2).all(|client| items.contains(&(round * 100 + client)))));
}

/// As many units as there are connections hold one at the same time.
async fn all_are_there(fixture: &Arc<Fixture>) {
    let barrier = Arc::new(tokio::sync::Barrier::new(usize::try_from(CONNECTIONS).unwrap()));
    let reads: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let (fixture, barrier) = (Arc::clone(fixture), Arc::clone(&barrier));
            tokio::spawn(async move {
                let work = |sql: super::fixture::Sql| async move {
                    sql.items().await;
                    barrier.wait().await;
                    Verdict::Commit
                };
                fixture.unit(Effect::Read, work).await
            })
        })
        .collect();
    for read in reads {
        assert_eq!(read.await.unwrap(), Ok(Verdict::Commit));
    }
}
