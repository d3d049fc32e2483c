// SPDX-License-Identifier: MIT OR Apache-2.0
//! The host's documents, and tenants.

use super::fixture::Fixture;
use crate::{Settings, SqliteStore, StoreError};
use expect_test::expect;
use kernel_types::TenantId;

#[tokio::test]
async fn documents_are_kept_by_kind_and_key() {
    let fixture = Fixture::new().await;
    let (store, tenant) = (&fixture.store, &fixture.tenant);
    let write = |tables: &crate::HostTables<'_>| {
        tables.put("grant", "b", "1")?;
        tables.put("grant", "a", "{\"x\": [1, 2]}")?;
        tables.put("other", "a", "null")?;
        tables.put("grant", "b", "2")?;
        assert!(tables.delete("other", "a")?);
        assert!(!tables.delete("other", "a")?);
        tables.get("grant", "b")
    };
    assert_eq!(store.write_host(tenant, write).await.unwrap().as_deref(), Some("2"));
    let read = |tables: &crate::HostTables<'_>| Ok((tables.list("grant")?, tables.get("other", "a")?));
    let list = [("a", "{\"x\": [1, 2]}"), ("b", "2")].map(|(key, json)| (key.to_owned(), json.to_owned()));
    assert_eq!(store.read_host(tenant, read).await.unwrap(), (list.to_vec(), None));
}

#[tokio::test]
async fn a_refused_document_leaves_nothing_of_its_transaction() {
    let fixture = Fixture::with(Settings { document_bytes_max: 10, documents_max: 2, ..Settings::default() }).await;
    let (store, tenant) = (&fixture.store, &fixture.tenant);
    for (json, message) in [
        ("{", expect!["the document `b` of kind `k` is refused: it is no JSON"]),
        ("\"123456789\"", expect!["the document `b` of kind `k` is refused: it is longer than 10 bytes"]),
    ] {
        let write = move |tables: &crate::HostTables<'_>| {
            tables.put("k", "a", "1")?;
            tables.put("k", "b", json)
        };
        message.assert_eq(&store.write_host(tenant, write).await.unwrap_err().to_string());
    }
    assert!(store.read_host(tenant, |tables| tables.list("k")).await.unwrap().is_empty());
    let three = |tables: &crate::HostTables<'_>| ["a", "b", "c"].iter().try_for_each(|key| tables.put("k", key, "1"));
    store.write_host(tenant, three).await.unwrap();
    let error = store.read_host(tenant, |tables| tables.list("k")).await.unwrap_err();
    expect!["the document `` of kind `k` is refused: there are more than 2 of this kind"].assert_eq(&error.to_string());
}

#[tokio::test]
async fn documents_and_tenants_are_there_after_reopening() {
    let fixture = Fixture::new().await;
    let another = TenantId::parse("another").unwrap();
    assert!(fixture.store.create_tenant(&another).await.unwrap());
    assert!(!fixture.store.create_tenant(&another).await.unwrap());
    fixture.store.write_host(&another, |tables| tables.put("k", "a", "1")).await.unwrap();
    let (directory, store) = (std::sync::Arc::clone(&fixture.directory), fixture.store.clone());
    let soon = std::time::Instant::now() + std::time::Duration::from_secs(10);
    assert!(store.shutdown(soon).await);
    drop((fixture, store));
    let again = Fixture::open(directory, Settings::default()).await;
    assert_eq!(again.store.tenants().unwrap(), [another.clone(), again.tenant.clone()]);
    assert!(again.store.has_tenant(&another));
    // The first thing that happens is a read.
    let json = again.store.read_host(&another, |tables| tables.get("k", "a")).await.unwrap();
    assert_eq!(json.as_deref(), Some("1"));
}

#[tokio::test]
async fn settings_that_contradict_each_other_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    for (settings, message) in [
        (
            Settings { queue_units_max: 0, ..Settings::default() },
            expect!["the setting `queue_units_max` must be at least 1"],
        ),
        (
            Settings { connections_max: 10, ..Settings::default() },
            expect!["the setting `connections_max` must be at least writers_max and readers_max together"],
        ),
    ] {
        message.assert_eq(&SqliteStore::open(directory.path(), settings).err().unwrap().to_string());
    }
}

#[test]
fn a_store_needs_a_runtime() {
    let directory = tempfile::tempdir().unwrap();
    let error = SqliteStore::open(directory.path(), Settings::default()).err().unwrap();
    assert!(matches!(error, StoreError::NoRuntime), "{error}");
}

#[tokio::test]
async fn a_database_of_a_later_version_is_refused() {
    let fixture = Fixture::new().await;
    let path = fixture.directory.path().join("tenants/later");
    std::fs::create_dir(&path).unwrap();
    let later = rusqlite::Connection::open(path.join("data.sqlite")).unwrap();
    later.execute_batch("PRAGMA user_version = 9").unwrap();
    drop(later);
    let error = fixture.store.create_tenant(&TenantId::parse("later").unwrap()).await.unwrap_err();
    assert!(error.to_string().contains("has layout 9; this version knows layouts up to 3"), "{error}");
}
