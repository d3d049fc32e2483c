// SPDX-License-Identifier: MIT OR Apache-2.0
//! There and back: what comes out of one back end and went into the other comes out of that again, byte for byte.

use super::{IMPORT, act, blocking, client, content, demo, export, import, ledger, on_postgres, start};
use conformance::TestHost;
use conformance::books::{ACCOUNTING, path, set_up};
use kernel_types::TenantId;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// A ledger with a real book, and what only the API makes: a draft.
async fn fill(host: &TestHost) {
    let client = host.client.clone();
    blocking(move || {
        let input = json!({ "text": demo(), "options": { "initialise": "EUR" } });
        client.call("/api/import-journal/v1/importer/import", &input).unwrap().ok();
        client.call(&path("journal/create-draft"), &draft("2025-01-31")).unwrap().ok();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_goes_through_both_back_ends_and_comes_back_the_same() {
    let first = start(&[ACCOUNTING, IMPORT]).await;
    fill(&first).await;
    let archive = export(first.directory.path(), "test").await;
    let before = blocking({
        let client = first.client.clone();
        move || ledger(&client)
    })
    .await;
    assert_eq!(before["entries"].as_array().unwrap().len(), 2_000);
    let Some((second, _database)) = on_postgres(&[]).await else { return };
    let taken = import(second.directory.path(), &archive, "books", false).await.unwrap();
    assert!(taken["rows"].as_u64().unwrap() > 6_000, "{taken}");
    let of_second = client(&second, "books").await;
    let same = of_second.clone();
    assert_eq!(blocking(move || ledger(&same)).await, before);
    let again = export(second.directory.path(), "books").await;
    assert_eq!(content(&again), content(&archive), "every row and every file is the same");

    // Back, over a tenant that has something else.
    let third = start(&[ACCOUNTING]).await;
    let old = third.client.clone();
    blocking(move || set_up(&old).unwrap()).await;
    let refused = import(third.directory.path(), &again, "test", false).await.unwrap_err();
    assert_eq!(refused.code, "not-empty", "{refused}");
    import(third.directory.path(), &again, "test", true).await.unwrap();
    // Credentials of the tenant that was there stay what they were.
    let of_third = third.client.clone();
    assert_eq!(blocking(move || ledger(&of_third)).await, before);
    let back = export(third.directory.path(), "test").await;
    assert_eq!(content(&back), content(&archive));

    // Life goes on where it was: the next identifier is the next one.
    for client in [third.client.clone(), of_second] {
        let last = before["drafts"][0]["id"].clone();
        let made =
            blocking(move || client.call(&path("journal/create-draft"), &draft("2026-01-01")).unwrap().ok()).await;
        assert_ne!(made["id"], last);
    }
    third.stop().await;
    second.stop().await;
    first.stop().await;
}

/// A draft that no ledger would post.
fn draft(date: &str) -> Value {
    json!({ "entry": {
        "journal": "GJ", "date": date, "description": "ünïcode \t\\N \"quoted\"\nlines",
        "lines": [{ "account": "nothing", "side": "debit", "amount": "1.00" }],
    }})
}

/// A component whose tables hold every type, refer to each other against the order of their names and to themselves,
/// and have rows from the beginning.
fn types(directory: &Path) -> PathBuf {
    let path = directory.join("types");
    fs::create_dir_all(path.join("migrations")).unwrap();
    let wit = "package test:types@1.0.0;
        interface api { call: func(x: u32) -> u32; }
        world guest { export api; }";
    fs::write(path.join("component.wasm"), contract_samples::documented(wit)).unwrap();
    let manifest = "id: types\nversion: 1.0.0\ntitle: Test\ndescription: A test.\nlicence: MIT\n\
        world: test:types/guest@1.0.0\noperations:\n  api.call: { effect: write }\n";
    fs::write(path.join("cortex.yaml"), manifest).unwrap();
    let sql = "
        CREATE TABLE zoo (name TEXT NOT NULL, place INTEGER NOT NULL, PRIMARY KEY (name, place));
        CREATE TABLE animals (
            id INTEGER PRIMARY KEY, zoo TEXT NOT NULL, place INTEGER NOT NULL, parent INTEGER REFERENCES animals (id),
            weight REAL, picture BLOB, tame BOOLEAN NOT NULL, note TEXT, \"order\" INTEGER,
            FOREIGN KEY (zoo, place) REFERENCES zoo (name, place));
        CREATE UNIQUE INDEX animals_by_note ON animals (note) WHERE note IS NOT NULL;
        CREATE TABLE empty (id BLOB PRIMARY KEY, yes BOOLEAN);
        CREATE TABLE flags (yes BOOLEAN PRIMARY KEY, rate REAL NOT NULL);
        INSERT INTO zoo (name, place) VALUES ('b', 2), ('a', -1), ('B', 1), ('ä', 9223372036854775807), ('', 0);
        INSERT INTO animals (id, zoo, place, parent, weight, picture, tame, note, \"order\") VALUES
            (1, 'b', 2, 2, 1.5, X'00ff', TRUE, 'tab\tline
end\\N \\. \\\\', 1),
            (2, 'ä', 9223372036854775807, 1, -1e22, X'', FALSE, '', NULL),
            (-9223372036854775808, '', 0, NULL, NULL, NULL, TRUE, NULL, -1),
            (9223372036854775807, 'B', 1, 9223372036854775807, 0.1, X'5c783030', FALSE, '{\"real\":\"1\"}', 0);
        INSERT INTO flags (yes, rate) VALUES (TRUE, 0.1), (FALSE, -2.5);";
    fs::write(path.join("migrations/0001_types.sql"), sql).unwrap();
    path
}

pub(crate) async fn enable_types(host: &TestHost, tenant: &str) {
    let directory = tempfile::tempdir().unwrap();
    let installed =
        conformance::install(&host.host, &types(directory.path())).await.unwrap_or_else(|error| panic!("{error:#}"));
    let tenant = TenantId::parse(tenant).unwrap();
    host.host.create_tenant(&tenant).await.unwrap();
    host.host
        .enable(&tenant, &[conformance::wanted(&tenant, &installed)])
        .await
        .unwrap_or_else(|error| panic!("{error:#}"));
}

fn rows(value: &Value) -> u64 {
    value["rows"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_type_and_every_reference_goes_from_each_back_end_to_each() {
    let sqlite = start(&[]).await;
    enable_types(&sqlite, "zoo").await;
    let of_sqlite = export(sqlite.directory.path(), "zoo").await;
    assert_eq!(rows(&import(sqlite.directory.path(), &of_sqlite, "zoo-2", false).await.unwrap()), 11);
    assert_eq!(content(&export(sqlite.directory.path(), "zoo-2").await), content(&of_sqlite));
    let Some((postgres, _database)) = on_postgres(&[]).await else { return };
    enable_types(&postgres, "zoo").await;
    let of_postgres = export(postgres.directory.path(), "zoo").await;
    assert_eq!(content(&of_postgres), content(&of_sqlite), "both write the same");
    for (host, archive) in [(&postgres, &of_sqlite), (&postgres, &of_postgres), (&sqlite, &of_postgres)] {
        for replace in [false, true, true] {
            let name = if std::ptr::eq(archive, &of_sqlite) { "moved" } else { "moved-too" };
            assert_eq!(rows(&import(host.directory.path(), archive, name, replace).await.unwrap()), 11);
            assert_eq!(content(&export(host.directory.path(), name).await), content(archive));
        }
    }
    let tenants = act(sqlite.directory.path(), "tenant.list", json!({})).await.unwrap();
    let names: Vec<_> = tenants["tenants"].as_array().unwrap().iter().map(|one| one["tenant"].clone()).collect();
    assert_eq!(names, ["moved-too", "test", "zoo", "zoo-2"]);
    postgres.stop().await;
    sqlite.stop().await;
}
