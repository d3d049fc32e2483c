// SPDX-License-Identifier: MIT OR Apache-2.0
//! Taking a tenant in over one that is in use: it waits for a bounded time, and keeps nobody else waiting meanwhile.
//! The rest is tested with whole hosts.

use super::fixture::{Fixture, tenant};
use crate::Settings;
use cap_storage::transfer::{Confirm, Plan, Transfer as _, TransferError, rows};
use sqlx::{Connection as _, Executor as _, PgConnection};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A plan for a tenant without components, which may count or not.
fn plan(counts: bool) -> Plan {
    let confirm: Confirm = Arc::new(move || {
        let answer = if counts { Ok(()) } else { Err(TransferError::Interrupted("it must not".to_owned())) };
        Box::pin(async move { answer })
    });
    Plan { migrations: Vec::new(), tables: Vec::new(), replace: true, confirm }
}

async fn load(fixture: &Fixture, counts: bool) -> Result<(), TransferError> {
    let (sender, receiver) = rows();
    sender.end(Ok(())).await;
    fixture.store.load(&fixture.tenant, plan(counts), receiver).await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_in_use_is_waited_for_within_a_limit() {
    let settings = Settings { transfer_lock_ms_max: 3_000, ..Settings::default() };
    let Some(fixture) = Fixture::with("a_tenant_in_use_is_waited_for_within_a_limit", settings).await else { return };
    fixture.add(7).await.unwrap();
    let mut other = PgConnection::connect(&fixture.database.url).await.unwrap();
    other.execute("BEGIN; SELECT count(*) FROM cortex_c_demo__shop.shop__item").await.unwrap();
    let begin = Instant::now();
    let (loaded, made) = tokio::join!(load(&fixture, true), async {
        // While it waits, definitions of others can be changed.
        tokio::time::sleep(Duration::from_millis(100)).await;
        fixture.store.create_tenant(&tenant("neighbour")).await.map(|made| (made, begin.elapsed()))
    });
    let error = loaded.unwrap_err();
    assert!(matches!(&error, TransferError::Unavailable(text) if text.contains("3000 ms")), "{error}");
    assert!(begin.elapsed() < Duration::from_secs(10));
    let (made, after) = made.unwrap();
    assert!(made && after < Duration::from_millis(2_500), "the neighbour waited: {after:?}");
    assert_eq!(fixture.items().await, [7]);
    other.execute("ROLLBACK").await.unwrap();
    // The last word is asked for, and heard.
    let error = load(&fixture, false).await.unwrap_err();
    assert!(matches!(&error, TransferError::Interrupted(text) if text == "it must not"), "{error}");
    assert_eq!(fixture.items().await, [7]);
    load(&fixture, true).await.unwrap();
    let left: i64 =
        sqlx::query_scalar("SELECT count(*) FROM pg_catalog.pg_namespace WHERE nspname = 'cortex_c_demo__shop'")
            .fetch_one(&mut other)
            .await
            .unwrap();
    assert_eq!(left, 0);
}
