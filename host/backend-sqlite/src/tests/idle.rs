// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tenants that nobody uses hold no connection, and there are never more connections than allowed.

use super::fixture::Fixture;
use crate::Settings;
use kernel_types::TenantId;
use std::time::{Duration, Instant};

#[tokio::test]
async fn the_connections_of_an_idle_tenant_are_closed_and_opened_again() {
    let fixture = Fixture::new().await;
    fixture.add(1).await.unwrap();
    assert_eq!(fixture.items().await, [1]);
    fixture.store.0.quiet().await;
    assert_eq!(fixture.store.0.connections_open(), 2);
    let idle = Duration::from_millis(Settings::default().idle_ms);
    fixture.store.0.sweep(Instant::now());
    assert_eq!(fixture.store.0.connections_open(), 2, "it is not idle for long enough");
    fixture.store.0.sweep(Instant::now() + idle);
    assert_eq!(fixture.store.0.connections_open(), 0);
    // Closing folded the log into the database.
    let directory = fixture.directory.path().join("tenants/demo");
    let files: Vec<_> = std::fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(files, ["data.sqlite"]);
    // A reader comes first.
    assert_eq!(fixture.items().await, [1]);
    fixture.add(2).await.unwrap();
    assert_eq!(fixture.items().await, [1, 2]);
}

#[tokio::test]
async fn the_least_recently_used_tenants_make_room() {
    let settings = Settings { connections_max: 4, writers_max: 2, readers_max: 2, ..Settings::default() };
    let fixture = Fixture::with(settings).await;
    let tenants = ["a", "b", "c", "d", "e", "f"].map(|id| TenantId::parse(id).unwrap());
    for round in 0..3 {
        for tenant in &tenants {
            fixture.store.create_tenant(tenant).await.unwrap();
            let json = round.to_string();
            fixture.store.write_host(tenant, move |tables| tables.put("k", "a", &json)).await.unwrap();
            let found = fixture.store.read_host(tenant, |tables| tables.get("k", "a")).await.unwrap();
            assert_eq!(found, Some(round.to_string()));
            fixture.store.0.quiet().await;
            assert!(fixture.store.0.connections_open() <= 4);
        }
    }
    let stats = fixture.store.stats();
    assert!(stats.closed > 20, "{stats:?}");
}

#[tokio::test]
async fn the_log_is_folded_into_the_database_when_nothing_waits() {
    let fixture = Fixture::with(Settings { checkpoint_wal_bytes: 64 << 10, ..Settings::default() }).await;
    let log = fixture.directory.path().join("tenants/demo/data.sqlite-wal");
    for id in 0..200 {
        fixture.add(id).await.unwrap();
    }
    fixture.store.0.quiet().await;
    let stats = fixture.store.stats();
    assert!(stats.checkpoints > 0 && stats.checkpoints < stats.commits, "{stats:?}");
    // The commit that follows writes it over from its beginning: 200 commits need some two megabytes otherwise.
    fixture.add(200).await.unwrap();
    fixture.store.0.quiet().await;
    let bytes = std::fs::metadata(log).unwrap().len();
    assert!(bytes < 128 << 10, "{bytes} bytes after {:?}", fixture.store.stats());
    assert_eq!(fixture.items().await.len(), 201);
}
