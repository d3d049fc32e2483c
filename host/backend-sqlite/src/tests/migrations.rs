// SPDX-License-Identifier: MIT OR Apache-2.0
//! Migrations: all pending files or none, each once, none changed afterwards; and their removal.

use super::fixture::{Fixture, Sql, component};
use cap_storage::Schema as _;
use cap_storage::migrations::{MigrateError, PlanError};
use expect_test::expect;
use kernel_engine::Verdict;
use kernel_types::Effect;

const ONE: (&str, &[&str]) =
    ("0001_a.sql", &["CREATE TABLE lab__a (id INTEGER PRIMARY KEY)", "INSERT INTO lab__a VALUES (1)"]);
const TWO: (&str, &[&str]) = ("0002_b.sql", &["CREATE TABLE lab__b (a INTEGER NOT NULL REFERENCES lab__a (id))"]);

/// The number of rows of a table of `lab`, or what is wrong with it.
async fn count(fixture: &Fixture, table: &'static str) -> String {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let work = move |sql: Sql| async move {
        let rows = sql.of("lab").query(&format!("SELECT id FROM lab__{table}"), &[]).await;
        sender.send(rows.map_or_else(|error| error.to_string(), |rows| rows.rows.len().to_string())).unwrap();
        Verdict::Commit
    };
    fixture.unit(Effect::Read, work).await.unwrap();
    receiver.await.unwrap()
}

#[tokio::test]
async fn pending_files_run_once_and_in_order() {
    let fixture = Fixture::new().await;
    let report = fixture.migrate("lab", &[ONE]).await.unwrap();
    assert_eq!((report.ran, report.newest), (vec!["0001_a.sql".to_owned()], 1));
    let report = fixture.migrate("lab", &[ONE, TWO]).await.unwrap();
    assert_eq!((report.ran, report.newest), (vec!["0002_b.sql".to_owned()], 2));
    let report = fixture.migrate("lab", &[ONE, TWO]).await.unwrap();
    assert_eq!((report.ran, report.newest), (vec![], 2));
    assert_eq!(count(&fixture, "a").await, "1");
}

#[tokio::test]
async fn a_failure_in_the_middle_leaves_nothing_of_any_file() {
    let fixture = Fixture::new().await;
    let broken: (&str, &[&str]) = ("0002_b.sql", &["INSERT INTO lab__a VALUES (2)", "INSERT INTO lab__a VALUES (1)"]);
    let error = fixture.migrate("lab", &[ONE, broken]).await.unwrap_err();
    expect![[r#"migration `0002_b.sql`, statement 2: Unique constraint of `a` on ["id"] is broken"#]]
        .assert_eq(&error.to_string());
    assert_eq!(count(&fixture, "a").await, "no such table: a");
    assert_eq!(fixture.migrate("lab", &[ONE, TWO]).await.unwrap().newest, 2);
}

#[tokio::test]
async fn a_changed_or_missing_old_file_is_refused() {
    let fixture = Fixture::new().await;
    fixture.migrate("lab", &[ONE, TWO]).await.unwrap();
    let changed: (&str, &[&str]) = ("0001_a.sql", &["CREATE TABLE lab__a (id INTEGER PRIMARY KEY, x TEXT)"]);
    let error = fixture.migrate("lab", &[changed, TWO]).await.unwrap_err();
    assert_eq!(error, MigrateError::Plan(PlanError::Changed { number: 1, name: "0001_a.sql".into() }));
    let error = fixture.migrate("lab", &[ONE]).await.unwrap_err();
    assert_eq!(error, MigrateError::Plan(PlanError::Older { applied: 2, known: 1 }));
}

#[tokio::test]
async fn two_components_have_migrations_of_the_same_number() {
    let fixture = Fixture::new().await;
    fixture.migrate("lab", &[ONE]).await.unwrap();
    let other: (&str, &[&str]) = ("0001_a.sql", &["CREATE TABLE lab_two__a (id INTEGER PRIMARY KEY)"]);
    assert_eq!(fixture.migrate("lab-two", &[other]).await.unwrap().newest, 1);
}

#[tokio::test]
async fn a_migration_has_a_transaction_of_its_own() {
    let fixture = Fixture::new().await;
    fixture.add(1).await.unwrap();
    let before = fixture.store.stats();
    let adds = fixture.unit(Effect::Write, |sql: Sql| async move {
        sql.add(2).await.unwrap();
        Verdict::Commit
    });
    let migrates = fixture.migrate("lab", &[ONE]);
    let more = fixture.add(3);
    let (adds, migrates, more) = tokio::join!(adds, migrates, more);
    assert_eq!((adds, migrates.unwrap().newest, more), (Ok(Verdict::Commit), 1, Ok(Verdict::Commit)));
    assert_eq!(fixture.store.stats().commits - before.commits, 3);
}

#[tokio::test]
async fn removing_takes_a_components_tables_and_record_and_nothing_else() {
    let fixture = Fixture::new().await;
    fixture.add(1).await.unwrap();
    let rows: (&str, &[&str]) = ("0003_rows.sql", &["INSERT INTO lab__b VALUES (1)"]);
    fixture.migrate("lab", &[ONE, TWO, rows]).await.unwrap();
    let lab = component("lab");
    let removed = fixture.store.remove(&fixture.tenant, &lab).await.unwrap();
    assert_eq!(removed.tables, ["a", "b"]);
    assert_eq!(count(&fixture, "a").await, "no such table: a");
    assert!(fixture.store.remove(&fixture.tenant, &lab).await.unwrap().tables.is_empty());
    assert_eq!(fixture.migrate("lab", &[ONE]).await.unwrap().newest, 1);
    assert_eq!(fixture.items().await, [1]);
}

#[tokio::test]
async fn an_unknown_tenant_is_named() {
    let fixture = Fixture::new().await;
    let nobody = kernel_types::TenantId::parse("nobody").unwrap();
    let error = fixture.store.remove(&nobody, &component("lab")).await.unwrap_err();
    assert_eq!(error.to_string(), "the database is unavailable: there is no tenant `nobody`: create it first");
}
